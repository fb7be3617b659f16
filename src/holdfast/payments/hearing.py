"""What a rail says, of payouts and debits alike: kept as it came, with what became of it; and when it is asked again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from holdfast.kernel.clock import Clock
from holdfast.payments import rail_store
from holdfast.payments.model import RailAnswer
from holdfast.payments.ports import Answer
from holdfast.payments.store import Db

FIRST_ENQUIRY: Final = timedelta(seconds=30)
RAREST_ENQUIRY: Final = timedelta(hours=1)
_LONGEST_KEY: Final = 100


def keep_heard(db: Db, clock: Clock, key: str, answer: Answer, source: str, fate: str) -> None:
    """Keep an answer. `fate`: it moved something, was known already, was noted only, contradicts, or is about nobody's payment."""
    said = RailAnswer(
        key[:_LONGEST_KEY], str(answer.outcome), answer.reference, answer.why, answer.paid_on, source, fate, clock.now()
    )  # fmt: skip
    rail_store.keep_answer(db, said)


def next_enquiry(at: datetime, times_before: int) -> datetime:
    """Ask sooner at first, then ever more rarely."""
    later: timedelta = FIRST_ENQUIRY * 2 ** min(times_before, 10)
    return at + min(later, RAREST_ENQUIRY)
