"""What a borrower writes to us in one word. It proves nobody's identity; a wish to be left alone needs none."""

from __future__ import annotations

import unicodedata
from typing import Final

# As carriers have agreed on them; any case, full-width or not, with blanks and full stops between.
OPT_OUT: Final = frozenset({"R", "T", "TD", "TDTD", "N", "0000", "退订"})


def asks_to_stop(text: str | None) -> bool:
    """Whether the whole message is one of the words by which a person asks not to be written to."""
    if text is None:
        return False
    letters = (each for each in unicodedata.normalize("NFKC", text).upper() if each.isalnum())
    return "".join(letters) in OPT_OUT
