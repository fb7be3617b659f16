"""Parties: people and firms, branches, staff with their roles and data scope, consent, private data.

What identifies a person is sealed under that person's own key. Everything else in the book sees a mask.
"""

from holdfast.parties.model import MAY, Branch, Party, Reach, Role, Scope, Staff, may, require
from holdfast.parties.people import (
    box_of,
    change_private,
    consents,
    erase,
    find,
    lookup_of,
    masks,
    numbers_for_sending,
    party,
    party_by_id,
    record_consent,
    register_party,
    reveal,
)
from holdfast.parties.private import PrivateKind, mask_name, masked, normal
from holdfast.parties.staff import (
    branch,
    close_staff,
    create_branch,
    create_staff,
    issue_token,
    revoke_token,
    staff,
    staff_by_id,
    staff_of_token,
    staff_of_user,
)
from holdfast.parties.store import branches, staff_list

__all__ = [
    "MAY",
    "Branch",
    "Party",
    "PrivateKind",
    "Reach",
    "Role",
    "Scope",
    "Staff",
    "box_of",
    "branch",
    "branches",
    "change_private",
    "close_staff",
    "consents",
    "create_branch",
    "create_staff",
    "erase",
    "find",
    "issue_token",
    "lookup_of",
    "mask_name",
    "masked",
    "masks",
    "may",
    "normal",
    "numbers_for_sending",
    "party",
    "party_by_id",
    "record_consent",
    "register_party",
    "require",
    "reveal",
    "revoke_token",
    "staff",
    "staff_by_id",
    "staff_list",
    "staff_of_token",
    "staff_of_user",
]
