"""Two people for one act: the whole matrix of who may and who may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import approvals, parties
from holdfast.approvals import Answer, Request, Standing, may_answer, may_spend
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Forbidden, HoldfastError, NotFound, Refusal
from holdfast.parties import Reach, Role, Staff
from tests.books import Book, clock_on

Db = psycopg.Connection[Any]
DAY = date(2026, 11, 23)
CLOCK = clock_on(DAY)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
INPUTS = {"event_no": 3, "reason": "posted to the wrong loan"}


def person(number: int, role: Role = Role.APPROVER, *, person_id: int | None = None, active: bool = True) -> Staff:
    return Staff(number, f"st_{number}", number, person_id, f"示例员工{number}", role, 1, "A", Reach.ALL, active)


def said(number: int, approved: bool = True, person_id: int | None = None) -> Answer:
    return Answer(number, person_id, f"示例员工{number}", approved, "看过", NOON)


MAKER, MAKER_PERSON = 1, 101
ASKED = Request(
    request_id=1, public_id="aq_1", act="receipt.reverse", loan_id=7, inputs=INPUTS, inputs_digest=canonical.digest(INPUTS), needed=2,
    barred=frozenset({4}), maker_id=MAKER, maker_person_id=MAKER_PERSON, maker_name="示例员工1", reason="误记", asked_at=NOON,
    answers=(said(2, person_id=102),), used_at=None,
)  # fmt: skip
BARRED_PERSONS = frozenset({104})


@pytest.mark.parametrize(
    ("who", "staff", "code"),
    [
        ("another approver", person(3), None),
        ("another approver, known as a person", person(3, person_id=103), None),
        ("a risk manager", person(3, Role.RISK), None),
        ("a custodian", person(3, Role.CUSTODIAN), None),
        ("the maker", person(MAKER), "approval_maker"),
        ("the maker under another log-in", person(9, person_id=MAKER_PERSON), "approval_same_person"),
        ("the loan's officer", person(4), "approval_barred"),
        ("the loan's officer under another log-in", person(9, person_id=104), "approval_barred"),
        ("somebody who has answered", person(2), "approval_twice"),
        ("somebody who has answered, under another log-in", person(9, person_id=102), "approval_same_person"),
        ("somebody who has left", person(3, active=False), "role_may_not"),
        ("an officer", person(3, Role.OFFICER), "role_may_not"),
        ("a caller", person(3, Role.CALLER), "role_may_not"),
        ("an auditor", person(3, Role.AUDITOR), "role_may_not"),
        ("an administrator", person(3, Role.ADMIN), "role_may_not"),
        ("a program", person(3, Role.INTEGRATOR), "role_may_not"),
    ],
)
def test_who_may_answer(who: str, staff: Staff, code: str | None) -> None:
    if code is None:
        may_answer(ASKED, staff, BARRED_PERSONS)
        return
    with pytest.raises(HoldfastError) as caught:
        may_answer(ASKED, staff, BARRED_PERSONS)
    assert caught.value.code == code, who


@pytest.mark.parametrize(
    ("answers", "used", "standing"),
    [
        ((), None, Standing.OPEN),
        ((said(2),), None, Standing.OPEN),
        ((said(2), said(3)), None, Standing.APPROVED),
        ((said(2), said(3, approved=False)), None, Standing.REFUSED),
        ((said(2, approved=False),), None, Standing.REFUSED),
        ((said(2), said(3)), NOON, Standing.SPENT),
    ],
)
def test_where_a_request_stands_and_when_it_takes_answers_or_can_be_spent(
    answers: tuple[Answer, ...], used: datetime | None, standing: Standing
) -> None:
    request = replace(ASKED, answers=answers, used_at=used)
    assert request.standing is standing
    if standing is Standing.OPEN:
        may_answer(request, person(5))
    else:
        with pytest.raises(Refusal, match=str(standing)):
            may_answer(request, person(5))
    if standing is Standing.APPROVED:
        may_spend(request, act="receipt.reverse", inputs_digest=request.inputs_digest, loan_id=7)
    else:
        with pytest.raises(Refusal, match=str(standing)):
            may_spend(request, act="receipt.reverse", inputs_digest=request.inputs_digest, loan_id=7)


@pytest.mark.parametrize(
    "other",
    [{"act": "write_off"}, {"loan_id": 8}, {"loan_id": None}, {"inputs_digest": canonical.digest({**INPUTS, "event_no": 4})}],
)
def test_an_approval_is_for_exactly_what_was_shown(other: dict[str, Any]) -> None:
    request = replace(ASKED, answers=(said(2), said(3)))
    exact: dict[str, Any] = {"act": "receipt.reverse", "inputs_digest": request.inputs_digest, "loan_id": 7}
    with pytest.raises(Refusal) as caught:
        may_spend(request, **{**exact, **other})
    assert caught.value.code == "approval_other_inputs"


PEOPLE = st.builds(person, st.integers(1, 8), st.sampled_from(Role), person_id=st.none() | st.integers(101, 106), active=st.booleans())


@given(st.lists(st.tuples(PEOPLE, st.booleans()), max_size=25), st.integers(1, 3))
def test_no_sequence_of_answers_lets_one_person_count_for_two(turns: list[tuple[Staff, bool]], needed: int) -> None:
    request = replace(ASKED, needed=needed, answers=())
    for staff, approved in turns:
        try:
            may_answer(request, staff, BARRED_PERSONS)
        except HoldfastError:
            continue
        request = replace(request, answers=(*request.answers, said(staff.staff_id, approved, staff.person_id)))
    if request.standing is Standing.APPROVED:
        log_ins = [MAKER, *(each.staff_id for each in request.answers)]
        known = [MAKER_PERSON, *(each.person_id for each in request.answers if each.person_id is not None)]
        assert len(set(log_ins)) == len(log_ins) >= needed + 1
        assert len(set(known)) == len(known)
        assert 4 not in log_ins
        assert 104 not in known


def hire(db: Db, username: str, role: str, person_id: int | None = None) -> Staff:
    return parties.create_staff(
        db, clock=CLOCK, by=SYSTEM, username=username, password="a long sample phrase", name=f"示例{username}", role=role, scope="all",
        person_id=person_id,
    )  # fmt: skip


def test_asked_answered_and_spent_once_with_a_record_of_each(db: Db) -> None:
    maker, checker, spender = hire(db, "maker", "officer"), hire(db, "checker", "approver"), SYSTEM
    asked = approvals.ask(db, clock=CLOCK, by=maker, act="receipt.reverse", inputs=INPUTS, reason="误记到别的合同")
    with pytest.raises(Forbidden):
        approvals.answer(db, clock=CLOCK, by=maker, public_id=asked.public_id, approved=True, words="")
    answered = approvals.answer(db, clock=CLOCK, by=checker, public_id=asked.public_id, approved=True, words="凭证一致")
    assert answered.standing is Standing.APPROVED
    with pytest.raises(Refusal, match="something else"):
        approvals.spend(db, clock=CLOCK, by=spender, public_id=asked.public_id, act="receipt.reverse", inputs={**INPUTS, "event_no": 4})
    spent = approvals.spend(db, clock=CLOCK, by=spender, public_id=asked.public_id, act="receipt.reverse", inputs=INPUTS)
    assert spent.standing is Standing.SPENT
    with pytest.raises(Refusal, match="spent"):
        approvals.spend(db, clock=CLOCK, by=spender, public_id=asked.public_id, act="receipt.reverse", inputs=INPUTS)
    assert [each.kind for each in read_chain(db, asked.request_id)] == ["approval.asked", "approval.given", "approval.spent"]


def test_one_person_under_two_log_ins_is_one_person(db: Db) -> None:
    book = Book(db, DAY)
    who = parties.register_party(db, clock=CLOCK, by=SYSTEM, kind="person", branch_id=book.branch_id, private={"name": "王示例"})
    maker = hire(db, "maker", "officer", who.party_id)
    same = hire(db, "second", "approver", who.party_id)
    asked = approvals.ask(db, clock=CLOCK, by=maker, act="write_off", inputs={}, reason="无法收回")
    with pytest.raises(Forbidden, match="another log-in"):
        approvals.answer(db, clock=CLOCK, by=same, public_id=asked.public_id, approved=True, words="")


def test_the_loans_officer_is_barred_also_under_another_log_in(db: Db) -> None:
    book = Book(db, DAY)
    who = parties.register_party(db, clock=CLOCK, by=SYSTEM, kind="person", branch_id=book.branch_id, private={"name": "赵示例"})
    officer, second = hire(db, "officer", "officer", who.party_id), hire(db, "second", "approver", who.party_id)
    asked = approvals.ask(
        db, clock=CLOCK, by=hire(db, "maker", "officer"), act="refund", inputs={}, reason="多收款退还", barred=[officer.staff_id]
    )
    with pytest.raises(Forbidden, match="part in the loan"):
        approvals.answer(db, clock=CLOCK, by=second, public_id=asked.public_id, approved=True, words="")


def test_a_no_needs_a_reason_and_ends_the_request(db: Db) -> None:
    asked = approvals.ask(db, clock=CLOCK, by=hire(db, "maker", "officer"), act="write_off", inputs={}, reason="无法收回", needed=2)
    checker = hire(db, "checker", "risk")
    with pytest.raises(BadInput, match="says why"):
        approvals.answer(db, clock=CLOCK, by=checker, public_id=asked.public_id, approved=False, words="no")
    refused = approvals.answer(db, clock=CLOCK, by=checker, public_id=asked.public_id, approved=False, words="还有押品可处置")
    assert refused.standing is Standing.REFUSED


@pytest.mark.parametrize(("given", "field"), [({"reason": " "}, "reason"), ({"needed": 0}, "needed"), ({"needed": 6}, "needed")])
def test_a_request_says_why_and_how_many(db: Db, given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        approvals.ask(db, clock=CLOCK, by=hire(db, "maker", "officer"), **{"act": "refund", "inputs": {}, "reason": "多收款退还", **given})
    assert caught.value.field == field


def test_requests_are_listed_within_sight(db: Db) -> None:
    maker = hire(db, "maker", "officer")
    asked = approvals.ask(db, clock=CLOCK, by=maker, act="refund", inputs={}, reason="多收款退还")
    assert approvals.requests(db, maker.scope) == [asked]
    with pytest.raises(NotFound):
        approvals.request(db, "aq_none")
