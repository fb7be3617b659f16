"""Release: the pay-off checked, the pledge lifted, the thing returned, the credit record settled; disposal where it came to that.

The promise: nothing that is paid for stays behind, and nothing leaves the shelf before two people who have no
part in the loan have seen that it may. A thing is never forfeited: it is sold, accounted for, and the surplus
goes back.
"""

from holdfast.release.counters import counter_of, set_counter
from holdfast.release.disposal import cure, disposal_of
from holdfast.release.listing import Late, Listed, ListedDisposal, disposals, late_loans, paid_off_at, releases, told
from holdfast.release.model import NOTHING_TO_HAND_BACK, AuditLine, Counter, Did, Disposal, Release, Thing, Way
from holdfast.release.papers import read as paper
from holdfast.release.ports import Bureau, BureauLine, Reported
from holdfast.release.service import (
    PHONE,
    allow_phone_change,
    approve,
    ask_hand_back,
    ask_phone_change,
    audit,
    cancel,
    certify,
    close_lost,
    hand_back,
    identify,
    open,  # noqa: A004
    release_named,
    release_of,
    report,
    send_code,
)
from holdfast.release.states import UNDER_WAY, DisposalState, ReleaseState

__all__ = [
    "NOTHING_TO_HAND_BACK",
    "PHONE",
    "UNDER_WAY",
    "AuditLine",
    "Bureau",
    "BureauLine",
    "Counter",
    "Did",
    "Disposal",
    "DisposalState",
    "Late",
    "Listed",
    "ListedDisposal",
    "Release",
    "ReleaseState",
    "Reported",
    "Thing",
    "Way",
    "allow_phone_change",
    "approve",
    "ask_hand_back",
    "ask_phone_change",
    "audit",
    "cancel",
    "certify",
    "close_lost",
    "counter_of",
    "cure",
    "disposal_of",
    "disposals",
    "hand_back",
    "identify",
    "late_loans",
    "open",
    "paid_off_at",
    "paper",
    "release_named",
    "release_of",
    "releases",
    "report",
    "send_code",
    "set_counter",
    "told",
]
