"""Who may not: wrong roles, wrong branch, a part in the loan, one person under two log-ins; and every order but the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from holdfast import pledges, release, servicing
from holdfast.kernel.errors import BadInput, Fault, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import Per, Rate
from holdfast.loans import loan_id_of
from holdfast.parties import MAY, Role, change_private
from tests.books import round_terms
from tests.release.houses import NAME, House

Verb = Callable[[House, str, str], Any]
VERBS: dict[str, tuple[str, Verb]] = {
    "release.identify": (
        "send_code",
        lambda house, loan, who: release.send_code(house.db, clock=house.clock, by=house.people[who], loan=loan),
    ),
    "release.audit": ("audit", lambda house, loan, who: house.audit(loan, who)),
    "release.approve": ("approve", lambda house, loan, who: house.approve(loan, who)),
    "release.certify": ("certify", lambda house, loan, who: house.certify(loan, who)),
    "release.hand_back": ("ask_hand_back", lambda house, loan, who: house.ask_hand_back(loan, who)),
    "custody.witness": ("hand_back", lambda house, loan, who: house.hand_back(loan, who)),
    "release.report": ("report", lambda house, loan, who: house.report(loan, who)),
}
PEOPLE = ("officer", "custodian", "approver", "risk", "caller", "auditor", "admin")


@pytest.mark.parametrize(("act", "who"), [(act, who) for act in VERBS for who in PEOPLE if Role(who) not in MAY[act]], ids=str)
def test_a_role_that_may_not_is_refused_before_anything_else(house: House, act: str, who: str) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    with pytest.raises(Forbidden, match="may not do"):
        VERBS[act][1](house, loan, who)


@pytest.mark.parametrize("act", ["release.identify", "release.audit", "release.approve", "release.hand_back", "custody.witness"])
def test_somebody_of_another_branch_does_not_find_the_loan(house: House, act: str) -> None:
    loan = house.certified() if "witness" in act or "hand_back" in act else house.pledged()
    if house.state(loan)[0] == "active":
        house.pay(loan, 1200)
    if act == "custody.witness":
        house.ask_hand_back(loan)
    with pytest.raises(NotFound):
        VERBS[act][1](house, loan, "stranger")


def audited(house: House, **changes: Any) -> str:
    loan = house.pledged(**changes)
    house.pay(loan, 1200)
    house.identify(loan)
    house.audit(loan)
    return loan


def test_the_loan_s_officer_cannot_approve_whatever_their_role(house: House) -> None:
    loan = audited(house, officer="approver")
    with pytest.raises(Forbidden, match="part in the loan"):
        house.approve(loan, "approver")
    house.approve(loan, "checker")
    house.approve(loan, "risk")
    assert house.state(loan) == ("releasing", "approved")


def test_whoever_checked_the_identity_cannot_approve(house: House) -> None:
    loan = audited(house)
    with pytest.raises(Forbidden, match="part in the loan"):
        house.approve(loan, "custodian")
    house.approve(loan, "keeper")


def test_whoever_checks_the_identity_late_cannot_approve_either(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    house.audit(loan)
    house.identify(loan)
    with pytest.raises(Forbidden, match="part in the loan"):
        house.approve(loan, "custodian")


def test_whoever_approved_cannot_check_the_identity(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    house.audit(loan)
    house.approve(loan, "keeper")
    with pytest.raises(Forbidden, match="approved this release"):
        house.identify(loan, "keeper")


def test_one_person_under_two_log_ins_is_one_person(house: House) -> None:
    person = house.person("11010119850505001")
    house.hire("one", "approver", person=person)
    house.hire("other", "risk", person=person)
    loan = audited(house)
    house.approve(loan, "one")
    with pytest.raises(Forbidden, match="another log-in"):
        house.approve(loan, "other")


def test_the_one_who_audits_is_the_maker_and_cannot_approve(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    house.audit(loan, "custodian")
    with pytest.raises(Forbidden, match="asked"):
        house.approve(loan, "custodian")


def test_each_person_answers_once_and_one_no_sends_it_all_back(house: House) -> None:
    loan = audited(house)
    house.approve(loan, "approver")
    with pytest.raises(Refusal, match="once"):
        house.approve(loan, "approver")
    with pytest.raises(BadInput, match="why"):
        house.approve(loan, "risk", approved=False, words="")
    house.approve(loan, "risk", approved=False, words="照片不清")
    assert house.state(loan) == ("releasing", "opened")
    found = release.release_of(house.db, loan_id_of(house.db, loan))
    assert found is not None and found.identified_at is None and found.lines == ()
    house.identify(loan)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    assert house.state(loan)[1] == "approved"


def test_a_changed_phone_number_stops_the_release_until_two_others_allow_it(house: House) -> None:
    loan = house.pledged()
    change_private(house.db, clock=house.clock, by=house.people["approver"].actor, party=house.borrower, kind="phone", text="13800000002")
    house.pay(loan, 1200)
    house.identify(loan)
    assert [line.check for line in house.audit(loan) if not line.ok] == ["phone_number_unchanged"]
    assert house.state(loan) == ("releasing", "identified")
    asked = release.ask_phone_change(house.db, clock=house.clock, by=house.people["officer"], loan=loan, reason="旧号已停机，已核实")
    assert asked.request is not None

    def allow(who: str) -> None:
        release.allow_phone_change(house.db, clock=house.clock, by=house.people[who], request=asked.request or "", approved=True)

    with pytest.raises(Forbidden, match="part in the loan"):
        allow("approver")
    allow("checker")
    allow("risk")
    assert [line.check for line in house.audit(loan) if not line.ok] == []
    with pytest.raises(Forbidden, match="part in the loan"):
        house.approve(loan, "approver")  # who changed the number
    house.approve(loan, "checker")


def test_an_old_change_of_number_is_forgotten(house: House) -> None:
    loan = house.pledged()
    change_private(house.db, clock=house.clock, by=house.people["approver"].actor, party=house.borrower, kind="phone", text="13800000002")
    house.walk(30)
    house.pay(loan, 1212)
    house.identify(loan)
    assert [line.check for line in house.audit(loan) if not line.ok] == []


@pytest.mark.parametrize("changes", [{"name": "李示例"}, {"id_number": "110101198001010010"}])
def test_a_name_or_number_that_differs_is_nobody(house: House, changes: dict[str, str]) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    with pytest.raises(Refusal, match="not the one on the contract"):
        house.identify(loan, **changes)
    assert house.state(loan) == ("releasing", "opened")


def test_without_the_code_or_the_power_of_attorney_nobody_is_identified(house: House) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    with pytest.raises(BadInput, match="code"):
        house.identify(loan, code_id=None)
    with pytest.raises(BadInput, match="power of attorney"):
        house.identify(loan, way="agent", agent_name="王示例")
    with pytest.raises(Refusal, match="borrower is known"):
        house.identify(loan, way="papers", words="看过身份证")


def test_a_code_for_another_release_is_refused(house: House) -> None:
    one, two = house.pledged(), house.pledged()
    house.pay(one, 1200)
    house.pay(two, 1200)
    code_id = house.code(one)
    with pytest.raises(Refusal, match="something else"):
        house.identify(two, code_id=code_id)


def test_an_agent_comes_with_a_power_of_attorney_that_is_kept(house: House) -> None:
    from tests.collateral.things import photo

    loan = house.pledged()
    house.pay(loan, 1200)
    house.identify(loan, way="agent", agent_name="王示例", evidence=[photo(house.book, house.borrower, "委托书.png")])
    found = release.release_of(house.db, loan_id_of(house.db, loan))
    assert found is not None and found.collector == "王*"
    row = house.db.execute("SELECT body FROM record WHERE kind = 'release.identified'").fetchone()
    assert row is not None and NAME not in bytes(row[0]).decode() and "evidence_1" in bytes(row[0]).decode()


@pytest.mark.parametrize("act", ["release.approve", "release.certify", "release.hand_back", "release.report"])
def test_no_step_is_taken_before_its_turn(house: House, act: str) -> None:
    loan = house.pledged()
    house.pay(loan, 1200)
    house.identify(loan)
    who = {"release.approve": "approver", "release.hand_back": "custodian"}.get(act, "officer")
    with pytest.raises(Refusal, match="cannot follow"):
        VERBS[act][1](house, loan, who)


def test_no_verb_of_release_works_on_a_loan_that_is_still_repaid(house: House) -> None:
    loan = house.pledged()
    for act, (_name, verb) in VERBS.items():
        who = next(each for each in ("officer", "custodian", "approver") if Role(each) in MAY[act])
        with pytest.raises(Refusal, match="a release begins"):
            verb(house, loan, who)


def test_the_pledge_is_not_lifted_while_a_fen_is_owed_whoever_asks(house: House) -> None:
    loan = house.pledged(terms=round_terms(house.book.day, rate=Rate(0, Per.YEAR)))
    house.pay(loan, 1199.99)
    owed = servicing.owed(house.db, loan=loan, on=house.book.day)
    for who in ("custodian", "approver", "risk"):
        with pytest.raises(Refusal, match="still owed"):
            pledges.lift(house.db, clock=house.clock, by=house.people[who], loan=loan, secured_debt=owed)
        with pytest.raises(Fault, match="was said to owe"):
            pledges.lift(house.db, clock=house.clock, by=house.people[who], loan=loan, secured_debt=Money(0, "CNY"))
    pledge = pledges.pledge_of(house.db, loan_id_of(house.db, loan))
    assert pledge is not None and pledge.state == "delivered"


@pytest.mark.parametrize(
    ("read", "why"),
    [
        ({"SL-99999": ("1", "2")}, "seal"),
        ({}, "read the seal"),
    ],
)
def test_a_seal_that_is_not_the_one_on_record_stops_the_hand_back(house: House, read: dict[str, tuple[str, ...]], why: str) -> None:
    loan = house.certified()
    with pytest.raises((Refusal, BadInput), match=why):
        house.ask_hand_back(loan, read=read)


def test_another_phone_s_imei_stops_the_hand_back(house: House) -> None:
    from tests.collateral.things import imei

    loan = house.certified()
    (seal,) = house.things[loan]
    with pytest.raises(Refusal, match="do not hand it over"):
        house.ask_hand_back(loan, read={seal: (imei(), imei())})


def test_the_loan_s_officer_asks_for_no_hand_back_under_a_custodian_s_log_in(house: House) -> None:
    loan = house.certified()
    person = house.person("11010119850505001")
    house.hire("twin", "custodian", person=person)
    house.db.execute("UPDATE staff SET person_id = %s WHERE public_id = 'st_officer'", [person.party_id])
    with pytest.raises(Forbidden, match="part in the loan"):
        house.ask_hand_back(loan, "twin")
    house.ask_hand_back(loan)


def test_the_custodian_cannot_witness_their_own_hand_back_and_a_no_keeps_the_thing_here(house: House) -> None:
    loan = house.certified()
    with pytest.raises(Refusal, match="asks for a witness"):
        house.hand_back(loan)
    house.ask_hand_back(loan)
    with pytest.raises(Forbidden, match="asked cannot approve"):
        house.hand_back(loan, "custodian")
    house.hand_back(loan, "approver", approved=False)
    assert house.state(loan) == ("releasing", "certified")
    pledge = pledges.pledge_of(house.db, loan_id_of(house.db, loan))
    assert pledge is not None and pledge.state == "delivered"


def test_a_payment_taken_back_cancels_the_release_and_voids_its_certificate(house: House) -> None:
    from holdfast.wiring import carry

    loan = house.pledged()
    paid = house.pay(loan, 1200)
    house.identify(loan)
    house.audit(loan)
    house.approve(loan, "approver")
    house.approve(loan, "risk")
    house.certify(loan)
    house.report(loan)
    carry(
        servicing.reverse, house.db, clock=house.clock, by=house.people["officer"].actor, loan=loan, event_no=paid.event_no, reason="退票"
    )
    assert house.state(loan) == ("active", "cancelled")
    row = house.db.execute("SELECT body FROM record WHERE kind = 'release.cancelled'").fetchone()
    assert row is not None and b'"certificate_void":true' in bytes(row[0]) and b"bureau_line" in bytes(row[0])
    house.pay(loan, 1200)
    assert house.state(loan) == ("releasing", "opened")


def test_once_the_thing_is_home_the_payment_stands(house: House) -> None:
    from holdfast.wiring import carry

    loan = house.certified()
    house.ask_hand_back(loan)
    house.hand_back(loan)
    with pytest.raises(Refusal, match="handed back"), house.db.transaction():
        carry(servicing.reverse, house.db, clock=house.clock, by=house.people["officer"].actor, loan=loan, event_no=2, reason="退票")
    assert house.state(loan) == ("releasing", "handed_back")


def test_a_frozen_loan_waits(house: House) -> None:
    from holdfast import duties

    loan = house.certified()
    case = duties.take(house.db, loan, None)
    duties.freeze(house.db, case, clock=house.clock, by=house.people["approver"].actor, reason="court", words="法院来函（示例）")
    with pytest.raises(Refusal, match="frozen"):
        house.ask_hand_back(loan)
    with pytest.raises(Refusal, match="frozen"):
        house.report(loan)


def test_the_database_itself_refuses_a_hand_back_without_approval(house: House) -> None:
    import psycopg

    loan = house.pledged()
    house.pay(loan, 1200)
    with pytest.raises(psycopg.errors.CheckViolation), house.db.transaction():
        house.db.execute("UPDATE release SET handed_back_at = now()")
