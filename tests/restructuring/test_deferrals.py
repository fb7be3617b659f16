"""More time: who may ask, who may decide, within which limits; that both are bound to the figures that were shown."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import psycopg
import pytest

from holdfast.contact import messages
from holdfast.duties import freeze, take
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.restructuring import (
    RequestEvent,
    RequestState,
    after,
    may_be_decided_by,
    requests_of,
)
from holdfast.restructuring.states import LIFE
from holdfast.servicing import receive
from tests.books import OFFICER
from tests.restructuring.house import House, yuan
from tests.servicing.house import DAY


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "event"), list(product(RequestState, RequestEvent)))
def test_every_pair_of_state_and_event_is_allowed_or_refused(state: RequestState, event: RequestEvent) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(Refusal, match="waits for the borrower" if state is RequestState.PROPOSED else f"is {state} already"):
            after(state, event)


def test_the_table_holds_these_lines_and_no_others() -> None:
    told = {(str(state), str(event)): str(to) for (state, event), to in LIFE.items()}
    assert told == {
        ("proposed", "consent"): "asked", ("proposed", "refuse"): "refused", ("proposed", "withdraw"): "withdrawn",
        ("asked", "second"): "seconded", ("asked", "agree"): "agreed", ("asked", "refuse"): "refused", ("asked", "withdraw"): "withdrawn",
        ("seconded", "agree"): "agreed", ("seconded", "refuse"): "refused", ("seconded", "withdraw"): "withdrawn",
        ("agreed", "reverse"): "reversed",
    }  # fmt: skip


def test_a_request_is_answered_once(house: House) -> None:
    loan = house.loan()
    for end in ("agree", "refuse", "withdraw"):
        asked = house.ask(loan)
        house.withdraw(loan, asked) if end == "withdraw" else house.decide(loan, asked, agreed=end == "agree")
        for agreed in (True, False):
            with pytest.raises(Refusal):
                house.decide(loan, asked, agreed=agreed)
        with pytest.raises(Refusal):
            house.withdraw(loan, asked)
        house.walk(1)


# ── what it costs, before it is asked ──────────────────────────────────────────────────────────────────────


def test_the_comparison_shows_today_after_and_what_it_costs(house: House) -> None:
    # 1,200.00 at 12 % a year in three: 412, 408, 404. One month more on 1,200.00 is 12.00.
    told = house.compare(house.loan())
    assert [(line.n, str(line.was_due_on), line.was_due, str(line.due_on), line.due) for line in told.lines] == [
        (1, "2026-04-02", 41_200, "2026-05-02", 42_400),
        (2, "2026-05-02", 40_800, "2026-06-02", 40_800),
        (3, "2026-06-02", 40_400, "2026-07-02", 40_400),
    ]
    assert (told.extra_cost.minor, told.total_before.minor, told.total_after.minor) == (1_200, 122_400, 123_600)
    assert (told.was_ending_on, told.ends_on, told.watched_until) == (date(2026, 6, 2), date(2026, 7, 2), date(2027, 3, 2))


def test_nobody_asks_for_figures_that_they_have_not_seen(house: House) -> None:
    loan = house.loan()
    seen = house.compare(loan).shown
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(100), received_on=DAY)
    with pytest.raises(Refusal) as refused:
        house.ask(loan, shown=seen)
    assert refused.value.code == "restructuring_moved"


def test_nobody_agrees_to_figures_that_have_moved_since(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(100), received_on=DAY)
    with pytest.raises(Refusal) as refused:
        house.decide(loan, asked)
    assert refused.value.code == "restructuring_moved"
    assert house.decide(loan, asked, agreed=False).state is RequestState.REFUSED


# ── a whole extension ──────────────────────────────────────────────────────────────────────────────────────


def test_an_extension_asked_for_and_agreed_moves_the_dates_and_leaves_the_old_ones_readable(house: House) -> None:
    loan = house.loan()
    house.sleep(35)  # the first instalment is four days late
    asked = house.ask(loan)
    assert asked.state is RequestState.ASKED and asked.asked_role == "borrower"
    assert ("restructuring", "record 3", date(2026, 4, 8)) in house.open_duties(loan)
    house.clean()
    house.walk(1)
    agreed = house.decide(loan, asked)
    assert agreed.state is RequestState.AGREED and agreed.decided_name == "approver（示例）"
    assert [kind for kind, _, _ in house.open_duties(loan)] == ["reminder"]
    after = house.db.execute("SELECT due_on, interest FROM instalment JOIN loan USING (loan_id) WHERE public_id = %s ORDER BY n", [loan])
    assert after.fetchall() == [(date(2026, 5, 2), 2_400), (date(2026, 6, 2), 800), (date(2026, 7, 2), 400)]
    kept = requests_of(house.db, by=house.people["auditor"], loan=loan)[0].comparison
    assert [str(line.was_due_on) for line in kept.lines] == ["2026-04-02", "2026-05-02", "2026-06-02"] and kept.days_late == 4
    floor = house.db.execute(
        "SELECT class_floor, observe_until FROM account JOIN loan USING (loan_id) WHERE public_id = %s", [loan]
    ).fetchone()
    assert floor == ("special_mention", date(2027, 4, 7))
    house.clean()
    told = messages(house.db, house.people["auditor"].scope)[0]
    assert "第 1 期改为 5 月 2 日到期，多付利息 12.00 元" in told.body


def test_a_refusal_says_why_changes_nothing_and_is_told(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    with pytest.raises(BadInput, match="says why"):
        house.decide(loan, asked, agreed=False, words=" ")
    refused = house.decide(loan, asked, agreed=False, words="资料不符（示例）")
    assert (refused.state, refused.words) == (RequestState.REFUSED, "资料不符（示例）")
    assert house.open_duties(loan) == [("reminder", "i1 T-7", date(2026, 3, 26))]
    assert "没有获批" in messages(house.db, house.people["auditor"].scope)[0].body
    house.clean()


def test_a_request_that_is_taken_back_closes_its_duty(house: House) -> None:
    loan = house.loan()
    assert house.withdraw(loan, house.ask(loan)).state is RequestState.WITHDRAWN
    assert house.open_duties(loan) == [("reminder", "i1 T-7", date(2026, 3, 26))]
    house.clean()
    assert house.ask(loan).request_no == 2


def test_a_request_that_waits_when_the_loan_is_paid_off_can_only_be_refused_or_taken_back(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(1_300), received_on=DAY)
    with pytest.raises(Refusal, match="releasing"):
        house.decide(loan, asked)
    house.decide(loan, asked, agreed=False, words="已结清（示例）")
    house.clean()


# ── the limits ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pack_limits_how_often(house: House) -> None:
    loan = house.loan(instalments=12)
    for _ in range(2):
        house.decide(loan, house.ask(loan))
        house.walk(1)
    with pytest.raises(Refusal) as refused:
        house.compare(loan)
    assert refused.value.code == "deferral_times" and refused.value.facts["most"] == 2


def test_the_pack_limits_how_many_months_at_once(house: House) -> None:
    loan = house.loan(instalments=12)
    assert house.compare(loan, 3).ends_on == date(2027, 6, 2)
    with pytest.raises(Refusal) as refused:
        house.compare(loan, 4)
    assert refused.value.code == "deferral_months"
    with pytest.raises(BadInput):
        house.compare(loan, 5_000)
    with pytest.raises(BadInput):
        house.compare(loan, 0)


def test_an_extension_is_never_longer_than_the_first_term(house: House) -> None:
    loan = house.loan(instalments=2)
    house.decide(loan, house.ask(loan, 2))
    with pytest.raises(Refusal) as refused:
        house.compare(loan, 1)
    assert refused.value.code == "deferral_too_long"


def test_it_is_asked_for_before_the_loan_expires_or_not_at_all(house: House) -> None:
    loan = house.loan()
    house.day = date(2026, 6, 2)
    house.ask(loan, 3)
    other = house.loan(instalments=1)
    house.day = date(2026, 7, 3)
    with pytest.raises(Refusal) as refused:
        house.ask(other, 1, shown="x")
    assert refused.value.code in ("deferral_after_expiry", "deferral_too_short")


def test_what_was_asked_in_time_may_be_agreed_to_after_the_term_has_ended(house: House) -> None:
    loan = house.loan()
    house.day = date(2026, 6, 2)
    asked = house.ask(loan, 3)
    house.day = date(2026, 6, 3)
    assert house.decide(loan, asked, by="risk").state is RequestState.AGREED


def test_more_months_than_the_pack_lets_a_role_put_off_are_somebody_else_s_to_agree_to(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, 3)  # authority.deferral_months: an approver 2, a risk manager 3
    with pytest.raises(Forbidden) as refused:
        house.decide(loan, asked)
    assert refused.value.code == "beyond_authority_of" and refused.value.facts["whose"] == ["risk"]
    assert "authority.deferral_months" in str(refused.value)
    with pytest.raises(Forbidden):
        may_be_decided_by(house.db, by=house.people["approver"], loan=loan, request=asked.public_id)
    assert house.decide(loan, asked, by="risk").state is RequestState.AGREED


def test_an_approver_may_refuse_what_they_could_not_agree_to(house: House) -> None:
    loan = house.loan()
    assert house.decide(loan, house.ask(loan, 3), agreed=False).state is RequestState.REFUSED


def test_one_request_at_a_time(house: House) -> None:
    loan = house.loan()
    house.ask(loan)
    with pytest.raises(Refusal) as refused:
        house.ask(loan)
    assert refused.value.code == "restructuring_asked"


def test_a_reason_is_chosen_from_the_list(house: House) -> None:
    loan = house.loan()
    with pytest.raises(BadInput, match="income_late"):
        house.ask(loan, reason="生病住院")


def test_a_frozen_loan_is_not_extended(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    case = take(house.db, loan, None)
    freeze(house.db, case, clock=house.clock, by=OFFICER, reason="fraud", words="同一身份另有借款（示例）")
    with pytest.raises(Refusal) as refused:
        house.decide(loan, asked)
    assert refused.value.code == "loan_frozen"
    house.decide(loan, asked, agreed=False, words="冻结中（示例）")
    with pytest.raises(Refusal):
        house.ask(loan)


def test_a_loan_over_the_ceiling_is_extended_for_nothing(house: House) -> None:
    loan = house.loan()
    house.db.execute("UPDATE account SET charges_barred = true WHERE loan_id = (SELECT loan_id FROM loan WHERE public_id = %s)", [loan])
    assert house.compare(loan).extra_cost.minor == 0


# ── who may ───────────────────────────────────────────────────────────────────────────────────────────────


def test_borrower_caller_and_officer_may_ask_and_nobody_else(house: House) -> None:
    loan = house.loan()
    for role, staff in house.people.items():
        if role in ("officer", "caller"):
            assert house.withdraw(loan, house.ask(loan, by=staff), by=staff).asked_staff_id == staff.staff_id
        else:
            with pytest.raises(Forbidden):
                house.ask(loan, by=staff)
            with pytest.raises(Forbidden):
                house.withdraw(loan, house.ask(loan), by=staff)
            house.withdraw(loan, requests_of(house.db, by=house.theirs, loan=loan)[0])


def test_approver_and_risk_may_decide_and_nobody_else(house: House) -> None:
    loan = house.loan()
    for role in house.people:
        asked = house.ask(loan)
        if role in ("approver", "risk"):
            assert house.decide(loan, asked, agreed=False, by=role).state is RequestState.REFUSED
        else:
            with pytest.raises(Forbidden):
                house.decide(loan, asked, by=role)
            house.withdraw(loan, asked)


def test_who_asked_does_not_decide_under_another_log_in_either(house: House) -> None:
    person = house.person("陆示例")
    house.hire("caller", name="caller-2", person_id=person.party_id)
    house.hire("approver", name="approver-2", person_id=person.party_id)
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller-2"])
    with pytest.raises(Forbidden, match="whoever asked"):
        house.decide(loan, asked, by="approver-2")
    house.decide(loan, asked)


def test_the_loan_s_officer_does_not_decide_under_another_log_in_either(house: House) -> None:
    person = house.person("顾示例")
    house.hire("officer", name="officer-2", person_id=person.party_id)
    house.hire("approver", name="approver-3", person_id=person.party_id)
    loan = house.loan()
    house.db.execute("UPDATE loan SET officer_id = %s WHERE public_id = %s", [house.people["officer-2"].staff_id, loan])
    with pytest.raises(Forbidden, match="own officer"):
        house.decide(loan, house.ask(loan), by="approver-3")


def test_a_borrower_who_works_here_does_not_decide_on_their_own_loan(house: House) -> None:
    house.hire("approver", name="approver-4", person_id=house.borrower.party_id)
    loan = house.loan()
    with pytest.raises(Forbidden, match="of their own"):
        house.decide(loan, house.ask(loan), by="approver-4")


def test_staff_of_another_branch_find_no_such_loan(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    for role in ("caller", "approver"):
        house.hire(role, name=f"far-{role}", reach="own")
    with pytest.raises(NotFound):
        house.ask(loan, by=house.people["far-caller"])
    with pytest.raises(NotFound):
        house.decide(loan, asked, by="far-approver")
    with pytest.raises(NotFound):
        requests_of(house.db, by=house.people["far-caller"], loan=loan)


def test_a_borrower_sees_and_asks_for_no_loan_but_their_own(house: House) -> None:
    loan = house.loan()
    other = house.person("李示例")
    for stranger in (Actor(other.public_id, "borrower"), Actor(house.borrower.public_id, "officer")):
        with pytest.raises(NotFound):
            house.compare(loan, by=stranger)
        with pytest.raises(NotFound):
            requests_of(house.db, by=stranger, loan=loan)


def test_a_request_of_another_loan_is_not_found(house: House) -> None:
    asked = house.ask(house.loan())
    with pytest.raises(NotFound):
        house.decide(house.loan(), asked)
