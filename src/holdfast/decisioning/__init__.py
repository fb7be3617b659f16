"""Decisioning: gates, score, limit and price; every decision explains itself.

A logged decision replays to the same bytes.
"""

from holdfast.decisioning.model import ByWhat, Decision, Line
from holdfast.decisioning.policy_table import PolicyTable
from holdfast.decisioning.reasons import NAMES, WORDS, Reason, words
from holdfast.decisioning.rulebook import Artifact, Change, Row, Standing, artifact, artifacts, changes, figures, points_of, rows_of
from holdfast.decisioning.rules import Outcome
from holdfast.decisioning.scorecard import Scorecard
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
    "Artifact",
    "ByWhat",
    "Change",
    "Decision",
    "DecisionEvent",
    "DecisionState",
    "Line",
    "Outcome",
    "PolicyTable",
    "Reason",
    "Row",
    "Scorecard",
    "Standing",
    "activate",
    "answer_referral",
    "artifact",
    "artifacts",
    "ask_review",
    "changes",
    "decide",
    "decision_named",
    "decision_of",
    "decisions_of",
    "desk",
    "figures",
    "in_force",
    "look",
    "may_answer",
    "may_decide",
    "open_request",
    "points_of",
    "propose",
    "replay",
    "rows_of",
    "words",
]
