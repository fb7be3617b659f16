"""Pledges: the right over the thing, from delivery to the day it is lifted.

A pledge is lifted in full only when nothing is owed that it secures.
"""

from holdfast.pledges.approved import ACTS, answer
from holdfast.pledges.compensating import ask_compensation, compensate
from holdfast.pledges.further import NEEDED, offer
from holdfast.pledges.giving_back import ask_hand_back, ask_to_hand_back, custody_problem, hand_back, hand_over, to_hand_back
from holdfast.pledges.intake import ask_take_in, named, take_back_draft, take_in
from holdfast.pledges.lifting import (
    add,
    ask_add,
    ask_release_part,
    ask_substitute,
    cover_of,
    cover_without,
    lift,
    lift_by_disposal,
    preview,
    release_part,
    substitute,
)
from holdfast.pledges.model import PHOTOS, Answered, Asked, Cover, Done, IntakeRead, Kept, Passage, Pledge, Preview
from holdfast.pledges.ports import Owed
from holdfast.pledges.reading import (
    compare_links,
    draft_of,
    on_shelf,
    open_pledges,
    passages,
    photos_of,
    pledge_of,
    pledge_on,
    pledges_of,
)
from holdfast.pledges.rules import How, may_lift
from holdfast.pledges.states import PledgeState

__all__ = [
    "ACTS",
    "NEEDED",
    "PHOTOS",
    "Answered",
    "Asked",
    "Cover",
    "Done",
    "How",
    "IntakeRead",
    "Kept",
    "Owed",
    "Passage",
    "Pledge",
    "PledgeState",
    "Preview",
    "add",
    "answer",
    "ask_add",
    "ask_compensation",
    "ask_hand_back",
    "ask_release_part",
    "ask_substitute",
    "ask_take_in",
    "ask_to_hand_back",
    "compare_links",
    "compensate",
    "cover_of",
    "cover_without",
    "custody_problem",
    "draft_of",
    "hand_back",
    "hand_over",
    "lift",
    "lift_by_disposal",
    "may_lift",
    "named",
    "offer",
    "on_shelf",
    "open_pledges",
    "passages",
    "photos_of",
    "pledge_of",
    "pledge_on",
    "pledges_of",
    "preview",
    "release_part",
    "substitute",
    "take_back_draft",
    "take_in",
    "to_hand_back",
]
