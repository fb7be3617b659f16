"""Decisioning: gates, score, limit and price; every decision explains itself.

A logged decision replays to the same bytes.
"""

from holdfast.decisioning.model import ByWhat, Decision, Line
from holdfast.decisioning.reasons import NAMES, WORDS, Reason, words
from holdfast.decisioning.rules import Outcome
from holdfast.decisioning.service import (
    activate,
    answer_referral,
    ask_review,
    decide,
    decision_named,
    decision_of,
    decisions_of,
    desk,
    in_force,
    look,
    may_answer,
    may_decide,
    open_request,
    propose,
    replay,
)
from holdfast.decisioning.states import DecisionEvent, DecisionState

__all__ = [
    "NAMES",
    "WORDS",
    "ByWhat",
    "Decision",
    "DecisionEvent",
    "DecisionState",
    "Line",
    "Outcome",
    "Reason",
    "activate",
    "answer_referral",
    "ask_review",
    "decide",
    "decision_named",
    "decision_of",
    "decisions_of",
    "desk",
    "in_force",
    "look",
    "may_answer",
    "may_decide",
    "open_request",
    "propose",
    "replay",
    "words",
]
