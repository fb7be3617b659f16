"""What a borrower writes to us in one word. It proves nobody's identity; a wish to be left alone needs none."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

# As carriers have agreed on them; any case, full-width or not, with blanks and full stops between.
OPT_OUT: Final = frozenset({"R", "T", "TD", "TDTD", "N", "0000", "STOP", "退订"})


class Question(StrEnum):
    """What a whole message asks for. `other`: no word that we know, so a person reads it."""

    BALANCE = "balance"
    PLAN = "plan"
    PAYOFF = "payoff"
    RELEASE = "release"
    STOP = "stop"
    HELP = "help"
    OTHER = "other"


# Each word as its letters and figures alone, in capitals.
WORDS: Final[Mapping[Question, frozenset[str]]] = {
    Question.BALANCE: frozenset({"BALANCE", "余额", "查询余额"}),
    Question.PLAN: frozenset({"PLAN", "SCHEDULE", "还款计划"}),
    Question.PAYOFF: frozenset({"PAYOFF", "结清", "提前结清"}),
    Question.RELEASE: frozenset({"RELEASE", "解押"}),
    Question.STOP: OPT_OUT,
    Question.HELP: frozenset({"HELP", "帮助"}),
}


def asks(text: str | None) -> Question:
    """What the whole message asks for; words within a sentence are a sentence, and a person reads it."""
    letters = "".join(each for each in unicodedata.normalize("NFKC", text or "").upper() if each.isalnum())
    return next((question for question, words in WORDS.items() if letters in words), Question.OTHER)
