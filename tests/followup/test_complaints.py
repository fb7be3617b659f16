"""Complaints: nothing said to us vanishes, nobody judges themselves, and the answer comes in its time."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from holdfast import contact, files
from holdfast.duties import begin, take
from holdfast.duties.audit import examine
from holdfast.followup import complaints
from holdfast.followup.complaints_model import LIFE, Complaint, ComplaintEvent, ComplaintState, after
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.wiring import EXPECTATIONS
from tests.books import OFFICER
from tests.servicing.house import DAY, House

SAID = "催收电话一天打了三次（示例）"
ANSWER = "查明属实，已更正，并向您致歉（示例）"


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


def taken(house: House, loan: str, **more: object) -> Complaint:
    given = {"channel": "phone", "about": "collection", "words": SAID, **more}
    return complaints.take_in(house.db, clock=house.clock, by=house.people["caller"], loan=loan, **given)  # type: ignore[arg-type]


def answered(house: House, loan: str, complaint: str, role: str = "approver", **more: object) -> Complaint:
    given = {"outcome": "upheld", "words": ANSWER, **more}
    return complaints.answer(house.db, clock=house.clock, by=house.people[role], loan=loan, complaint=complaint, **given)  # type: ignore[arg-type]


def borrower(house: House) -> Actor:
    return Actor(house.borrower.public_id, "borrower")


def messages(house: House, loan: str) -> list[str]:
    rows = house.db.execute("SELECT template FROM message m JOIN loan l USING (loan_id) WHERE l.public_id = %s ORDER BY message_no", [loan])
    return [row[0] for row in rows.fetchall()]


def may(house: House, purpose: str) -> str:
    asked = contact.may_call(house.db, clock=house.clock, party_id=house.borrower.party_id, purpose=purpose)
    return asked.rule


@pytest.mark.parametrize(("state", "event"), list(product(ComplaintState, ComplaintEvent)))
def test_what_is_not_in_the_life_of_a_complaint_is_refused(state: ComplaintState, event: ComplaintEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal) as refused:
            after(state, event)
        assert refused.value.code == "complaint_state"


def test_a_complaint_has_a_number_a_duty_a_last_day_and_a_message_at_once(house: House) -> None:
    loan = house.loan()  # a Monday, 2 March 2026
    found = taken(house, loan)
    assert found.public_id.startswith("cm_")
    assert str(found.answer_by) == "2026-03-09"  # five workdays
    duty = take(house.db, loan, None, lock=False).open("complaint")
    assert duty is not None
    assert (duty.due_on, duty.role) == (found.answer_by, "approver")
    assert messages(house, loan)[-1] == "complaint_taken"
    house.clean()


def test_the_audit_names_a_complaint_whose_day_is_over_and_only_the_answer_closes_it(house: House) -> None:
    loan = house.loan()
    found = taken(house, loan)
    house.walk(9)
    assert "complaint" in {each.kind for each in examine(house.db, house.day, EXPECTATIONS).late}
    done = answered(house, loan, found.public_id)
    assert done.state is ComplaintState.ANSWERED
    assert done.late(house.day)
    assert take(house.db, loan, None, lock=False).open("complaint") is None
    assert house.kinds(loan)[-1] == "complaint.answered"


def test_collection_rests_until_the_answer_and_service_goes_on(house: House) -> None:
    loan = house.loan()
    assert may(house, "collection") != "contact.pauses"
    found = taken(house, loan)
    assert may(house, "collection") == "contact.pauses"
    assert may(house, "service") != "contact.pauses"
    answered(house, loan, found.public_id)
    house.walk(1)
    assert may(house, "collection") != "contact.pauses"


def test_collection_rests_while_another_loan_of_the_same_person_has_a_complaint_open(house: House) -> None:
    one, other = house.loan(), house.loan()
    first = taken(house, one)
    taken(house, other)
    answered(house, one, first.public_id)
    house.walk(1)
    assert may(house, "collection") == "contact.pauses"


def test_nobody_answers_a_complaint_about_themselves_under_whichever_log_in(house: House) -> None:
    loan = house.loan()
    person = house.person("李示例").party_id
    accused = house.hire("approver", person_id=person)
    other = house.hire("risk", name="risk_too", person_id=person)
    found = taken(house, loan, against=[accused.public_id])
    for each in (accused, other):
        with pytest.raises(Forbidden) as refused:
            complaints.answer(
                house.db, clock=house.clock, by=each, loan=loan, complaint=found.public_id, outcome="not_upheld", words=ANSWER
            )
        assert refused.value.code == "complaint_about_you"
        with pytest.raises(Forbidden):
            complaints.extend(house.db, clock=house.clock, by=each, loan=loan, complaint=found.public_id, words=ANSWER)
        with pytest.raises(Forbidden):
            complaints.handle(house.db, clock=house.clock, by=each, loan=loan, complaint=found.public_id)
    assert answered(house, loan, found.public_id, "risk").state is ComplaintState.ANSWERED


def test_whom_it_is_against_may_be_added_later_and_binds_from_then(house: House) -> None:
    loan = house.loan()
    accused = house.hire("approver")
    found = taken(house, loan)
    more = complaints.add(
        house.db, clock=house.clock, by=house.people["officer"], loan=loan, complaint=found.public_id, words=SAID,
        against=[accused.public_id],
    )  # fmt: skip
    assert more.answer_by == found.answer_by
    with pytest.raises(Forbidden):
        answered(house, loan, found.public_id)


def test_more_time_is_taken_once_with_notice_and_before_its_last_day(house: House) -> None:
    loan = house.loan()
    found = taken(house, loan)
    ask = {"clock": house.clock, "by": house.people["approver"], "loan": loan, "complaint": found.public_id, "words": "要调录音（示例）"}
    longer = complaints.extend(house.db, **ask)  # type: ignore[arg-type]
    assert str(longer.answer_by) == "2026-03-11"  # seven workdays from today
    assert messages(house, loan)[-1] == "complaint_extended"
    case = take(house.db, loan, None, lock=False)
    assert case.open("complaint") is None
    assert case.open("complaint_extended") is not None
    with pytest.raises(Refusal) as refused:
        complaints.extend(house.db, **ask)  # type: ignore[arg-type]
    assert refused.value.code == "complaint_state"
    house.clean()
    answered(house, loan, found.public_id)
    house.clean()


def test_no_more_time_is_taken_once_it_is_late(house: House) -> None:
    loan = house.loan()
    found = taken(house, loan)
    house.walk(8)
    with pytest.raises(Refusal) as refused:
        complaints.extend(house.db, clock=house.clock, by=house.people["approver"], loan=loan, complaint=found.public_id, words=SAID)
    assert refused.value.code == "complaint_late"


def test_a_borrower_who_does_not_accept_is_answered_by_another_person(house: House) -> None:
    loan = house.loan()
    person = house.person("李示例").party_id
    house.hire("approver", person_id=person)
    same = house.hire("risk", name="risk_too", person_id=person)
    found = taken(house, loan)
    answered(house, loan, found.public_id)
    house.walk(30)
    further = complaints.escalate(
        house.db, clock=house.clock, by=borrower(house), loan=loan, complaint=found.public_id, words="不认可（示例）"
    )
    assert further.state is ComplaintState.ESCALATED
    assert may(house, "collection") == "contact.pauses"
    duty = take(house.db, loan, None, lock=False).open("complaint_second")
    assert duty is not None
    assert duty.role == "risk"
    with pytest.raises(Forbidden) as refused:
        complaints.answer(house.db, clock=house.clock, by=same, loan=loan, complaint=found.public_id, outcome="partly", words=ANSWER)
    assert refused.value.code == "complaint_answered_by_you"
    last = answered(house, loan, found.public_id, "risk", outcome="partly")
    assert (last.state, last.outcome) == (ComplaintState.FINAL, "partly")
    with pytest.raises(Refusal):
        complaints.escalate(house.db, clock=house.clock, by=borrower(house), loan=loan, complaint=found.public_id, words=SAID)


def test_the_answer_can_be_refused_for_so_many_days_and_no_longer(house: House) -> None:
    loan = house.loan()
    found = taken(house, loan)
    answered(house, loan, found.public_id)
    house.walk(31)
    with pytest.raises(Refusal) as refused:
        complaints.escalate(house.db, clock=house.clock, by=borrower(house), loan=loan, complaint=found.public_id, words=SAID)
    assert refused.value.code == "complaint_escalation_over"


def test_the_borrower_complains_on_their_own_loan_and_reads_the_answer(house: House) -> None:
    loan = house.loan()
    mine = borrower(house)
    found = complaints.take_in(
        house.db, clock=house.clock, by=mine, loan=loan, channel="page", about="price", words=SAID,
        attached=[complaints.Attachment(b"\xff\xd8\xff\xe1\x00\x08Exif\x00\x00\xff\xda\x00\x02pixels", "shot.jpg")],
    )  # fmt: skip
    assert found.taken_by is None
    (step,) = found.steps
    (shot,) = step.attached
    kept = files.get(house.db, shot)
    assert kept.size == len(b"\xff\xd8\xff\xda\x00\x02pixels")  # the place where it was taken is gone
    answered(house, loan, found.public_id)
    said = complaints.words_of(house.db, by=mine, loan=loan, complaint=found.public_id)
    assert list(said.values()) == [SAID, ANSWER]
    stranger = Actor(house.person("王示例").public_id, "borrower")
    for verb in (complaints.complaints_of,):
        with pytest.raises(NotFound):
            verb(house.db, by=stranger, loan=loan)


def test_a_second_complaint_joins_the_one_that_waits(house: House) -> None:
    loan = house.loan()
    taken(house, loan)
    with pytest.raises(Refusal) as refused:
        taken(house, loan)
    assert refused.value.code == "complaint_open"


def test_what_is_said_stands_sealed_and_the_record_names_it_by_its_digest(house: House) -> None:
    loan = house.loan()
    taken(house, loan)
    row = house.db.execute("SELECT body FROM record r JOIN loan l USING (loan_id) WHERE l.public_id = %s ORDER BY seq DESC LIMIT 1", [loan])
    body = bytes(row.fetchone()[0]).decode()  # type: ignore[index]
    assert SAID not in body
    assert '"words"' in body


def test_wrong_roles_and_wrong_words_are_refused(house: House) -> None:
    loan = house.loan()
    found = taken(house, loan)
    with pytest.raises(Forbidden):
        answered(house, loan, found.public_id, "officer")
    away = house.hire("approver", name="away", reach="branch")
    with pytest.raises(NotFound):
        complaints.answer(house.db, clock=house.clock, by=away, loan=loan, complaint=found.public_id, outcome="upheld", words=ANSWER)
    for field, wrong in {"outcome": "maybe", "words": "x"}.items():
        with pytest.raises(BadInput) as refused:
            answered(house, loan, found.public_id, **{field: wrong})
        assert refused.value.field == field
    other = house.loan()
    for field, given in {"about": "weather", "channel": "pigeon", "words": "<b>", "against": ["st_none"]}.items():
        with pytest.raises(BadInput) as refused:
            taken(house, other, **{field: given})
        assert refused.value.field == field


def test_a_complaint_about_a_loan_that_is_not_repaid_stands_on_the_register_with_its_clock(house: House) -> None:
    case = begin(
        house.db, clock=house.clock, by=OFFICER, branch_id=house.branch_id, officer_id=None, party_id=house.borrower.party_id,
        borrower_label="张*", product_code="phone", product_version=1, contract_no="HF-T-9001", currency="CNY", pack=house.pack,
        kind="application.submitted", says={}, opens=("confirm",),
    )  # fmt: skip
    found = taken(house, case.loan.public_id)
    assert not found.in_duty
    assert str(found.answer_by) == "2026-03-09"
    assert house.kinds(case.loan.public_id)[-1] == "complaint.taken_apart"
    house.walk(9)
    (listed,) = complaints.register(house.db, by=house.people["risk"], since=DAY, until=DAY)
    assert listed.late(house.day)
    assert answered(house, case.loan.public_id, found.public_id).state is ComplaintState.ANSWERED


def test_the_register_counts_what_came_what_is_late_and_what_was_right(house: House) -> None:
    one, other, third = house.loan(), house.loan(), house.loan()
    since = house.day
    first = taken(house, one)
    taken(house, other, about="price")
    taken(house, third)
    answered(house, one, first.public_id)
    house.walk(14)
    told = complaints.figures(house.db, clock=house.clock, by=house.people["risk"], since=since, until=house.day)
    assert (told.taken, told.open, told.late, told.escalated, told.upheld) == (3, 2, 2, 0, 1)
    assert dict(told.by_about) == {"collection": 2, "price": 1}
    assert complaints.register(house.db, by=house.people["risk"], since=since, until=since, only_open=True)[
        0
    ].answer_by == since + timedelta(7)
    away = house.hire("risk", name="away", reach="branch")
    assert complaints.register(house.db, by=away, since=since, until=house.day) == []
