"""Other terms than more time: compared, proposed, agreed to with a code, decided by two, taken back by two, within the limits."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast.approvals import Standing
from holdfast.contact import codes, dispatch, messages
from holdfast.journal import Actor
from holdfast.kernel.calendar import Unit
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.rate import Rate
from holdfast.restructuring import (
    BORROWER_MAY_ASK,
    Request,
    RequestState,
    answer_reversal,
    as_it_stands,
    ask_code,
    ask_reversal,
    consent,
    requests_of,
    reversals_of,
    wants_consent,
)
from holdfast.servicing import Arrears, Asks, Kind, Rearrangement, preview, receive
from holdfast.servicing.due_dates import due_dates_of
from holdfast.servicing.reading import look_of
from tests.books import OFFICER
from tests.contact.test_dispatch import Carrier
from tests.restructuring.house import House, yuan
from tests.servicing.house import DAY

EXTEND = Rearrangement(Kind.EXTEND, instalments=3)
# One of each kind, such as fits a loan of three months whose first instalment is to come.
EACH = (
    Rearrangement(Kind.DEFER, months=1),
    Rearrangement(Kind.DUE_DATE, from_n=1, due_on=date(2026, 4, 12)),
    Rearrangement(Kind.DUE_DATES, from_n=1, due_on=date(2026, 4, 12)),
    EXTEND,
    Rearrangement(Kind.HOLIDAY, periods=1, asks=Asks.INTEREST, longer=True),
    Rearrangement(Kind.NEW_RATE, rate=Rate(60_000_000)),
    Rearrangement(Kind.REAGE, instalments=4, start_on=date(2026, 4, 2)),
    Rearrangement(Kind.REINSTAL, instalments=4, start_on=date(2026, 4, 2), every_unit=Unit.MONTHS, every_count=1),
)


@pytest.fixture
def house(db: psycopg.Connection[Any]) -> House:
    return House(db, DAY).open()


def agree(house: House, loan: str, asked: Request, by: Actor | None = None) -> Request:
    """The borrower asks for the code, types it, and agrees."""
    by = by or house.theirs
    code_id = ask_code(house.db, clock=house.clock, by=by, loan=loan, request=asked.public_id)
    assert codes.attempt(house.db, clock=house.clock, code_id=code_id, digits=digits_of(house))
    return consent(house.db, clock=house.clock, by=by, loan=loan, request=asked.public_id, code_id=code_id)


def digits_of(house: House, clock: Clock | None = None) -> str:
    """The code of the newest message, as it goes out to the phone; the book itself does not keep it."""
    carrier = Carrier()
    dispatch(house.db, {"sms": carrier}, clock=clock or house.clock, limit=20)
    found = [re.search(r"[0-9]{6}", letter.text) for letter in carrier.letters if "验证码" in letter.text]
    assert found and found[-1] is not None
    return found[-1][0]


def agreed(house: House, loan: str, change: Rearrangement) -> Request:
    """Proposed by the caller, agreed to by the borrower, decided by two."""
    asked = house.ask(loan, by=house.people["caller"], change=change)
    if wants_consent(change):
        agree(house, loan, asked)
        house.decide(loan, asked, by="risk")
    return house.decide(loan, asked)


# ── what it costs ──────────────────────────────────────────────────────────────────────────────────────────


def test_three_instalments_more_make_each_smaller_and_cost_the_interest_of_the_longer_time(house: House) -> None:
    # 1,200.00 at 1 % a month in three: 412, 408, 404, 24.00 interest. In six of 200.00: 12, 10, 8, 6, 4, 2 are 42.00.
    told = house.compare(house.loan(), by=house.people["caller"], change=EXTEND)
    assert [(line.n, line.was_due, line.due) for line in told.lines] == [
        (1, 41_200, 21_200), (2, 40_800, 21_000), (3, 40_400, 20_800), (4, 0, 20_600), (5, 0, 20_400), (6, 0, 20_200),
    ]  # fmt: skip
    assert (told.extra_cost.minor, told.total_before.minor, told.total_after.minor) == (1_800, 122_400, 124_200)
    assert (told.was_ending_on, told.ends_on) == (date(2026, 6, 2), date(2026, 9, 2))
    assert (len(told.before), len(told.after), told.lines[3].was_due_on) == (3, 6, None)


def test_what_is_left_is_told_by_the_year_as_a_spreadsheet_tells_it(house: House) -> None:
    # XIRR of -1,200.00 on 2 March 2026 and 412, 408, 404 a month apart is 12.6 %; six parts of the same monthly rate cost the same.
    told = house.compare(house.loan(), by=house.people["caller"], change=EXTEND)
    for yearly, lines in ((told.yearly_before, [(line.was_due_on, line.was_due) for line in told.before]),
                          (told.yearly_after, [(line.due_on, line.due) for line in told.after])):  # fmt: skip
        assert yearly is not None and 0.124 < float(yearly) < 0.128
        worth = sum(due / (1 + float(yearly)) ** ((on - DAY).days / 365) for on, due in lines if on)
        assert abs(worth - 120_000) < 5, "to four decimals of the rate"
    lower = house.compare(house.loan(), by=house.people["caller"], change=Rearrangement(Kind.NEW_RATE, rate=Rate(0)))
    assert lower.yearly_after is not None and float(lower.yearly_after) == 0


def test_a_lower_rate_costs_less_than_nothing(house: House) -> None:
    # At 6 % a year the interest is 6, 4, 2: 12.00 instead of 24.00.
    told = house.compare(house.loan(), by=house.people["caller"], change=Rearrangement(Kind.NEW_RATE, rate=Rate(60_000_000)))
    assert told.extra_cost.minor == -1_200 and told.ends_on == told.was_ending_on


@pytest.mark.parametrize("change", EACH, ids=lambda change: change.kind.value)
def test_what_is_compared_is_what_happens(house: House, change: Rearrangement) -> None:
    loan = house.loan()
    plan = preview(house.db, loan=loan, change=change, on=house.day)
    told = house.compare(loan, by=house.people["caller"], change=change)
    assert told.extra_cost == plan.extra_cost and told.total_after.minor - told.total_before.minor == told.extra_cost.minor
    done = agreed(house, loan, change)
    assert done.state is RequestState.AGREED and done.event_no is not None
    rows = house.db.execute(
        """SELECT n, due_on, principal + interest + fee + penalty - principal_paid - interest_paid - fee_paid - penalty_paid
             FROM instalment JOIN loan USING (loan_id) WHERE public_id = %s ORDER BY n""",
        [loan],
    ).fetchall()
    assert [(line.n, line.due_on, line.due) for line in told.after] == [tuple(row) for row in rows if row[2]]
    house.clean()


def test_arrears_are_spread_over_what_is_to_come(house: House) -> None:
    loan = house.loan()
    house.sleep(35)
    asked = agreed(house, loan, Rearrangement(Kind.REAMORTISE, arrears=Arrears.SPREAD))
    assert asked.state is RequestState.AGREED and asked.comparison.days_late == 4
    floor = house.db.execute("SELECT class_floor FROM account JOIN loan USING (loan_id) WHERE public_id = %s", [loan]).fetchone()
    assert floor == ("special_mention",), "what was late stays in the class"
    house.clean()


# ── the borrower's own yes ─────────────────────────────────────────────────────────────────────────────────


def test_what_changes_the_contract_waits_for_the_borrower_s_code_and_is_then_decided_by_two(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    assert asked.state is RequestState.PROPOSED and asked.needed == 2
    assert "新的还款安排已备好" in messages(house.db, house.people["auditor"].scope)[0].body
    with pytest.raises(Refusal, match="borrower's own agreement") as refused:
        house.decide(loan, asked)
    assert refused.value.code == "restructuring_no_consent"
    assert agree(house, loan, asked).state is RequestState.ASKED
    first = house.decide(loan, asked, by="risk", words="收入下降，同意（示例）")
    assert first.state is RequestState.SECONDED and first.event_no is None
    assert house.compare(loan, by=house.people["caller"], change=EXTEND).shown == asked.comparison.shown, "nothing has changed yet"
    done = house.decide(loan, asked)
    assert done.state is RequestState.AGREED and [answer.name for answer in done.answers] == ["risk（示例）", "approver（示例）"]
    assert "新还款安排已生效" in messages(house.db, house.people["auditor"].scope)[0].body
    kinds = [
        row[0] for row in house.db.execute("SELECT kind FROM record JOIN loan USING (loan_id) WHERE public_id = %s ORDER BY seq", [loan])
    ]
    assert [kind for kind in kinds if kind.startswith(("restructuring", "loan.re"))] == [
        "restructuring.asked", "restructuring.consented", "restructuring.seconded", "restructuring.decided", "loan.rearranged",
    ]  # fmt: skip
    assert ("restructuring", "record 2", DAY) not in house.open_duties(loan)
    house.clean()


def test_a_code_stands_for_exactly_the_figures_that_were_shown(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    code_id = ask_code(house.db, clock=house.clock, by=house.theirs, loan=loan, request=asked.public_id)
    assert codes.attempt(house.db, clock=house.clock, code_id=code_id, digits=digits_of(house))
    house.withdraw(loan, asked, by=house.people["caller"])
    other = house.ask(loan, by=house.people["caller"], change=Rearrangement(Kind.EXTEND, instalments=2))
    with pytest.raises(Refusal) as refused:
        consent(house.db, clock=house.clock, by=house.theirs, loan=loan, request=other.public_id, code_id=code_id)
    assert refused.value.code == "code_bound"


def test_a_code_that_was_not_typed_agrees_to_nothing(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    code_id = ask_code(house.db, clock=house.clock, by=house.theirs, loan=loan, request=asked.public_id)
    with pytest.raises(Refusal) as refused:
        consent(house.db, clock=house.clock, by=house.theirs, loan=loan, request=asked.public_id, code_id=code_id)
    assert refused.value.code == "code_not_proved"


def test_nobody_agrees_for_somebody_else(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    for stranger in (Actor(house.person("李示例").public_id, "borrower"), Actor(house.borrower.public_id, "caller")):
        with pytest.raises(NotFound):
            ask_code(house.db, clock=house.clock, by=stranger, loan=loan, request=asked.public_id)
        with pytest.raises(NotFound):
            consent(house.db, clock=house.clock, by=stranger, loan=loan, request=asked.public_id, code_id="oc_x")


def test_money_that_comes_in_between_makes_the_figures_old_for_the_borrower_and_for_the_deciders(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    assert as_it_stands(house.db, clock=house.clock, by=house.people["caller"], loan=loan, request=asked.public_id) is None
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(100), received_on=house.day)
    with pytest.raises(Refusal, match="has moved since") as refused:
        ask_code(house.db, clock=house.clock, by=house.theirs, loan=loan, request=asked.public_id)
    assert refused.value.code == "restructuring_moved"
    fresh = as_it_stands(house.db, clock=house.clock, by=house.people["caller"], loan=loan, request=asked.public_id)
    assert fresh is not None and fresh.total_before.minor == 112_400
    house.withdraw(loan, asked, by=house.people["caller"])
    assert agreed(house, loan, EXTEND).comparison.shown == fresh.shown


def test_money_that_comes_in_after_the_code_stops_the_decision(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    agree(house, loan, asked)
    receive(house.db, clock=house.clock, by=OFFICER, loan=loan, amount=yuan(100), received_on=house.day)
    with pytest.raises(Refusal, match="has moved since"):
        house.decide(loan, asked)
    assert house.decide(loan, asked, agreed=False, words="金额已变（示例）").state is RequestState.REFUSED
    assert "变更还款安排没有获批" in messages(house.db, house.people["auditor"].scope)[0].body


@pytest.mark.parametrize("change", EACH, ids=lambda change: change.kind.value)
def test_a_borrower_asks_for_what_is_theirs_to_ask_for(house: House, change: Rearrangement) -> None:
    loan = house.loan()
    shown = house.compare(loan, by=house.people["caller"], change=change).shown
    if change.kind in BORROWER_MAY_ASK:
        asked = house.ask(loan, change=change, shown=shown)
        assert asked.state is (RequestState.PROPOSED if wants_consent(change) else RequestState.ASKED)
    else:
        with pytest.raises(Refusal) as refused:
            house.ask(loan, change=change, shown=shown)
        assert refused.value.code == "restructuring_by_staff"


# ── two people ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_person_is_not_the_second_yes_under_whichever_log_in(house: House) -> None:
    loan, person = house.loan(), house.person("陆示例")
    house.hire("approver", name="lu", person_id=person.party_id)
    house.hire("risk", name="lu-2", person_id=person.party_id)
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    agree(house, loan, asked)
    house.decide(loan, asked, by="lu")
    for again in ("lu", "lu-2"):
        with pytest.raises(Forbidden, match="another person's"):
            house.decide(loan, asked, by=again)
    assert house.decide(loan, asked, by="risk").state is RequestState.AGREED


def test_one_no_ends_it_whoever_has_agreed_before(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan, by=house.people["caller"], change=EXTEND)
    agree(house, loan, asked)
    house.decide(loan, asked, by="risk")
    ended = house.decide(loan, asked, agreed=False, words="收入证明不足（示例）")
    assert ended.state is RequestState.REFUSED and [answer.agreed for answer in ended.answers] == [True, False]
    house.clean()


# ── the limits ─────────────────────────────────────────────────────────────────────────────────────────────


def test_whatever_makes_the_loan_longer_is_counted_and_never_goes_beyond_the_first_term_once_more(house: House) -> None:
    loan = house.loan(instalments=12)
    house.decide(loan, house.ask(loan, 1))
    house.walk(1)
    agreed(house, loan, EXTEND)
    house.walk(1)
    for change in (Rearrangement(Kind.DEFER, months=1), EXTEND):
        with pytest.raises(Refusal) as refused:
            house.compare(loan, by=house.people["caller"], change=change)
        assert refused.value.code == "deferral_times"
    lower = Rearrangement(Kind.NEW_RATE, rate=Rate(60_000_000))
    assert house.compare(loan, by=house.people["caller"], change=lower).extra_cost.minor < 0, "what makes nothing longer is no extension"
    with pytest.raises(Refusal) as refused:
        house.compare(house.loan(), by=house.people["caller"], change=Rearrangement(Kind.EXTEND, instalments=4))
    assert refused.value.code == "deferral_too_long" and refused.value.field == "instalments"


def test_a_new_rate_keeps_the_ceiling_of_the_day(house: House) -> None:
    with pytest.raises(Refusal) as refused:
        house.compare(house.loan(), by=house.people["caller"], change=Rearrangement(Kind.NEW_RATE, rate=Rate(900_000_000)))
    assert refused.value.code == "above_ceiling"


def test_new_instalments_may_be_agreed_to_after_the_term_has_ended_and_an_extension_may_not(house: House) -> None:
    loan = house.loan()
    house.day = date(2026, 7, 3)
    anew = Rearrangement(Kind.REINSTAL, instalments=2, start_on=date(2026, 8, 2))
    assert agreed(house, loan, anew).state is RequestState.AGREED
    other = house.loan(instalments=1)
    house.day = date(2026, 8, 10)
    with pytest.raises(Refusal):
        house.ask(other, by=house.people["caller"], change=EXTEND, shown="x")


def test_a_figure_that_does_not_hold_is_named(house: House) -> None:
    with pytest.raises(BadInput) as refused:
        house.compare(house.loan(), change=Rearrangement(Kind.DEFER, months=400))
    assert refused.value.field == "months"


# ── taking it back ─────────────────────────────────────────────────────────────────────────────────────────


def test_two_people_take_agreed_terms_back_and_the_old_ones_hold_again(house: House) -> None:
    loan = house.loan()
    look = look_of(house.db, house.people["auditor"].scope, house.clock)
    before = [(each.n, each.due_on, each.amount) for each in due_dates_of(house.db, look, loan)]
    done = agreed(house, loan, EXTEND)
    assert len(due_dates_of(house.db, look, loan)) == 6
    waits = ask_reversal(house.db, clock=house.clock, by=house.people["risk"], loan=loan, request=done.public_id, reason="谈错了（示例）")
    assert reversals_of(house.db, by=house.people["approver"], loan=loan) == [waits]
    with pytest.raises(Forbidden):
        answer_reversal(house.db, clock=house.clock, by=house.people["risk"], asked=waits.public_id, approved=True, words="")
    with pytest.raises(Forbidden):
        answer_reversal(house.db, clock=house.clock, by=house.people["caller"], asked=waits.public_id, approved=True, words="")
    told = answer_reversal(house.db, clock=house.clock, by=house.people["approver"], asked=waits.public_id, approved=True, words="")
    assert told.standing is Standing.SPENT
    (now,) = requests_of(house.db, by=house.theirs, loan=loan)
    assert now.state is RequestState.REVERSED and now.comparison == done.comparison, "what was agreed stays readable"
    found = due_dates_of(house.db, look, loan)
    assert [(each.n, each.due_on, each.amount) for each in found if each.stands] == before
    assert [each.changes for each in found] == [2, 2, 2, 1, 1, 1], "a calendar that has the newer plan goes back to the old one"
    house.clean()
    with pytest.raises(Refusal, match="reversed already"):
        ask_reversal(house.db, clock=house.clock, by=house.people["risk"], loan=loan, request=done.public_id, reason="再来（示例）")


def test_a_no_leaves_the_new_terms_and_only_agreed_ones_can_be_taken_back(house: House) -> None:
    loan = house.loan()
    asked = house.ask(loan)
    with pytest.raises(Refusal):
        ask_reversal(house.db, clock=house.clock, by=house.people["risk"], loan=loan, request=asked.public_id, reason="谈错了（示例）")
    house.decide(loan, asked)
    for role in ("caller", "custodian", "auditor"):
        with pytest.raises(Forbidden):
            ask_reversal(house.db, clock=house.clock, by=house.people[role], loan=loan, request=asked.public_id, reason="谈错了（示例）")
    waits = ask_reversal(house.db, clock=house.clock, by=house.people["risk"], loan=loan, request=asked.public_id, reason="谈错了（示例）")
    answer_reversal(
        house.db, clock=house.clock, by=house.people["approver"], asked=waits.public_id, approved=False, words="没有谈错（示例）"
    )
    assert requests_of(house.db, by=house.theirs, loan=loan)[0].state is RequestState.AGREED
    house.hire("approver", name="far", reach="own")
    with pytest.raises(NotFound):
        ask_reversal(house.db, clock=house.clock, by=house.people["far"], loan=loan, request=asked.public_id, reason="谈错了（示例）")
