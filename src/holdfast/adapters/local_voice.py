"""The embedded voice channel: nobody's telephone rings, and the console shows each call as it would be heard.

Needs no account. A call counts as answered at once, since its telephone is the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from holdfast.contact import Accepted, Capabilities, Inbound, Letter, Receipt
from holdfast.kernel.errors import BadInput

REACHED: Final = "reached"
NOT_REACHED: Final = "not_reached"
FAILED: Final = "failed"
# What a call came to, as a channel answers for a letter: who was not reached by it has to be reached otherwise.
_OUTCOMES: Final = {REACHED: ("delivered", ""), NOT_REACHED: ("failed", NOT_REACHED), FAILED: ("failed", "call_failed")}


def _always(number: str) -> str:
    return REACHED


class LocalVoice:
    """A channel of robot calls that rings on the console. `answers` says what comes of a call to a number: it is reached."""

    def __init__(self, answers: Callable[[str], str] = _always) -> None:
        self._answers = answers

    def capabilities(self) -> Capabilities:
        return Capabilities(name="local voice", finance_allowed=True, run_against="itself", once_per_key=True, on_screen=True)

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None

    def send(self, letters: Sequence[Letter], at: datetime) -> Sequence[Accepted]:
        return [Accepted(letter.key, f"call:{letter.key}", *_OUTCOMES[self._answers(letter.number)]) for letter in letters]

    def receipt(self, raw: Mapping[str, str], body: bytes) -> Sequence[Receipt]:
        raise BadInput("the local voice channel has no outside that could push a receipt", code="not_pushed")

    def inbound(self, raw: Mapping[str, str], body: bytes) -> Sequence[Inbound]:
        raise BadInput("nobody calls the local voice channel", code="not_pushed")

    def pull_receipts(self, provider_ids: Sequence[str]) -> Sequence[Receipt]:
        return ()

    def pull_inbound(self) -> Sequence[Inbound]:
        return ()
