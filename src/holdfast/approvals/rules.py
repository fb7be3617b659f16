"""Who may answer a request: the rule of two, in one place.

Pure. The maker may not, nor anyone barred, nor anyone twice; and one person under two log-ins is
one person.
"""

from __future__ import annotations

from collections.abc import Collection

from holdfast.approvals.model import Request, Standing
from holdfast.kernel.errors import Forbidden, Refusal
from holdfast.parties import Staff, require


def may_answer(request: Request, staff: Staff, barred_persons: frozenset[int] = frozenset()) -> None:
    """Forbidden or Refusal, saying why, unless this person may answer now. `barred_persons` are the parties behind the barred."""
    require(staff, "approval.answer")
    if request.standing is not Standing.OPEN:
        raise Refusal(f"request {request.public_id} is {request.standing} already", code="approval_closed")
    if staff.staff_id == request.maker_id:
        raise Forbidden("whoever asked cannot approve; another person must", code="approval_maker")
    if _same_person(staff, request.maker_person_id):
        raise Forbidden("this is the person who asked, under another log-in; another person must approve", code="approval_same_person")
    may_take_part(staff, request.barred, barred_persons)
    for answer in request.answers:
        if answer.staff_id == staff.staff_id:
            raise Refusal("each person answers once", code="approval_twice")
        if _same_person(staff, answer.person_id):
            raise Forbidden("this person has answered under another log-in", code="approval_same_person")


def may_take_part(staff: Staff, barred: Collection[int], barred_persons: frozenset[int]) -> None:
    """Forbidden if this is one of the barred, under whichever log-in."""
    if staff.staff_id in barred or (staff.person_id is not None and staff.person_id in barred_persons):
        raise Forbidden("this person has a part in the loan and cannot approve", code="approval_barred")


def may_spend(request: Request, *, act: str, inputs_digest: str, loan_id: int | None) -> None:
    """Refusal, saying why, unless the approval stands for exactly this act with exactly these inputs."""
    if request.standing is not Standing.APPROVED:
        raise Refusal(f"request {request.public_id} is {request.standing}, not approved", code=f"approval_{request.standing}")
    if request.act != act or request.loan_id != loan_id or request.inputs_digest != inputs_digest:
        raise Refusal(f"request {request.public_id} approved something else; ask again for this", code="approval_other_inputs")


def _same_person(staff: Staff, person_id: int | None) -> bool:
    return staff.person_id is not None and staff.person_id == person_id
