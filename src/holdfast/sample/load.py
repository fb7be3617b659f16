"""Living the sample book, one day after the other, up to this morning."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from typing import Any, Final

import psycopg

from holdfast import release
from holdfast.collateral import custody
from holdfast.contact import dispatch
from holdfast.followup import calls, reviews
from holdfast.journal import Actor
from holdfast.kernel.calendar import add_months
from holdfast.kernel.clock import Clock, FixedClock, ShiftedClock, instant_on
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Staff, create_branch, create_staff, issue_token, register_party
from holdfast.policy import Lender, Pack, note_night, set_lender, shipped, store_pack
from holdfast.products import Terms, define, new_version
from holdfast.sample.people import APPLIED_FOR, LIVES, OFFERS, STAFF, Life
from holdfast.sample.stages import Standing
from holdfast.servicing import note_duty, originate, quote, read_loans, receive, reverse, write_off
from holdfast.servicing.night import record_contacts, run_night
from holdfast.stories import cast
from holdfast.stories.stage import ZONE
from holdfast.wiring import BUREAU, CHANNELS, NOTARY, PRESS, carry

Db = psycopg.Connection[Any]

LENDER: Final = Lender(
    name="青屿小额贷款（示例）",
    lender_type="micro_lender",
    licence_no="示例-0001",
    regulator="示例地方金融管理局",
    region="CN",
    sample=True,
)
_DAYS: Final = 160
# When the sample's firm was reviewed, counted from today: the next review is due within days.
_REVIEWED: Final = -80
# Where the QR codes of the sample's papers lead: the address that the demonstration is served at.
SITE: Final = "http://127.0.0.1:8000"


@dataclass(slots=True)
class _Borrower:
    """A life and the loan it has become."""

    life: Life
    public_id: str = ""
    loan_id: int = 0
    begun: date = date.min
    receipts: list[int] = field(default_factory=list)


def load(db: Db, *, zone: str = ZONE) -> list[tuple[str, str, str, str]]:
    """Write the whole sample book in the caller's transaction: (role, user, password, token) of each of its staff.

    `zone` is where the lender lives; its today is the machine's.
    """

    def at(day: date, hour: int) -> FixedClock:
        return FixedClock(instant_on(day, time(hour), zone), zone)

    this_moment = ShiftedClock(0, zone)
    today = this_moment.today()
    first = today - timedelta(days=_DAYS)
    set_lender(db, replace(LENDER, zone=zone))
    pack = shipped()
    dawn = at(first, 8)
    store_pack(db, pack, at=dawn.now())
    logins, staff, branches = _people(db, dawn)
    for offer in OFFERS:
        define(db, code=offer.code, name_zh=offer.zh, name_en=offer.en, collateral=offer.collateral)
        new_version(
            db,
            code=offer.code,
            from_date=first,
            offer=APPLIED_FOR.get(offer.code),
            terms={
                "method": offer.method.value,
                "rate": {"ppb": offer.rate.ppb, "per": offer.rate.per.value},
                "instalments": offer.instalments,
                "penalty": {"base": offer.penalty.base.value, "ratio_ppb": offer.penalty.ratio_ppb},
            },
        )
    custody.set_shelf(db, clock=dawn, by=staff["custodian"], branch_id=branches[0], code=cast.SHELF, levels=5, slots=12)
    standing = Standing.with_staff(staff, today=today, zone=zone)
    borrowers = [_Borrower(life) for life in LIVES]
    for number in range(_DAYS + 1):
        day = first + timedelta(days=number)
        morning = this_moment if day == today else at(day, 10)
        record_contacts(db, dispatch(db, CHANNELS, clock=morning, limit=1_000), clock=morning)
        _live(db, borrowers, morning, staff, branches, pack, number - _DAYS)
        standing.live(day)
        if day < today:
            run_night(db, clock=at(day, 22), on=day)
            reviews.call_all(db, clock=at(day, 22), on=day)
            note_night(db, day)
    return logins


def _people(db: Db, now: Clock) -> tuple[list[tuple[str, str, str, str]], dict[str, Staff], list[int]]:
    system = Actor("system", "system")
    branches = [
        create_branch(db, code=code, name=name).branch_id for code, name in (("HQ", "青屿总部（示例）"), ("EAST", "东岸营业部（示例）"))
    ]
    logins, staff = [], {}
    for role, user, name, branch, scope in STAFF:
        password = secrets.token_urlsafe(9)
        staff[role] = create_staff(
            db, clock=now, by=system, username=user, password=password, name=name, role=role,
            branch_id=None if branch is None else branches[branch], scope=scope,
        )  # fmt: skip
        logins.append((role, user, password, issue_token(db, clock=now, by=system, staff=staff[role], label="sample")))
    return logins, staff, branches


def _live(db: Db, borrowers: list[_Borrower], now: Clock, staff: dict[str, Staff], branches: list[int], pack: Pack, age: int) -> None:
    """All that the sample's people do on one day; `age` is that day counted from today (0, -1, ...)."""
    officer = Actor(staff["officer"].public_id, "officer")
    for each in borrowers:
        if now.today() == _begins(each.life, now.today() - timedelta(days=age)):
            _open(db, each, now, officer, staff["officer"].staff_id, branches, pack)
        elif each.public_id:
            _pay(db, each, now, officer)
            _habit(db, each, now, officer, staff, age)
    _work(db, borrowers, now, staff, age)


def _begins(life: Life, today: date) -> date:
    return add_months(today - timedelta(days=life.since), -life.months)


def _open(db: Db, each: _Borrower, now: Clock, officer: Actor, officer_id: int, branches: list[int], pack: Pack) -> None:
    life, today = each.life, now.today()
    branch_id = branches[life.branch]
    party = register_party(
        db,
        clock=now,
        by=officer,
        kind="firm" if life.habit == "reviewed" else "person",
        branch_id=branch_id,
        language=life.language,
        private={"name": life.name, "phone": life.phone},
    )
    terms = Terms(
        "CNY", life.principal, life.offer.method, life.offer.rate, life.offer.instalments, today, penalty=life.offer.penalty,
        limit=life.limit,
    )  # fmt: skip
    done = originate(
        db, clock=now, by=officer, officer_id=officer_id, branch_id=branch_id, party_id=party.party_id, borrower_label=party.label,
        product_code=life.offer.code, product_version=1, contract_no=f"HF-{today:%Y%m}-{life.phone[-4:]}", terms=terms, pack=pack,
    )  # fmt: skip
    each.public_id, each.loan_id, each.begun = done.public_id, done.loan_id, today


def _pay(db: Db, each: _Borrower, now: Clock, officer: Actor) -> None:
    """Pay an instalment when the life says so: a receipt of what that instalment still asks for."""
    today = now.today()
    for number, late in enumerate(each.life.pays, 1):
        due_on = add_months(each.begun, number)
        if late is None or due_on + timedelta(days=late) != today:
            continue
        row = next((row for row in read_loans(db, [each.loan_id], lock=False, on=today)[0].state.instalments if row.n == number), None)
        if row is not None and row.unpaid > 0:
            _receive(db, each, now, officer, row.unpaid, today)


def _habit(db: Db, each: _Borrower, now: Clock, officer: Actor, staff: dict[str, Staff], age: int) -> None:
    habit, today = each.life.habit, now.today()
    if habit == "partial" and age == -6:
        _receive(db, each, now, officer, 30_000, today)
    elif habit == "pays_off" and age == (-1 if each.life.offer.collateral == "phone" else -9):
        total = quote(db, loan=each.public_id, on=today).total
        _receive(db, each, now, officer, total.minor, today)
    elif habit == "over" and age == -1:
        total = quote(db, loan=each.public_id, on=today).total
        if total.minor:
            _receive(db, each, now, officer, total.minor + 5_000, today)
    elif habit == "bounces" and age == -28:
        carry(reverse, db, clock=now, by=officer, loan=each.public_id, event_no=each.receipts[-1], reason="银行退票（示例）")
        row = next(row for row in read_loans(db, [each.loan_id], lock=False, on=today)[0].state.instalments if row.unpaid > 0)
        _receive(db, each, now, officer, row.unpaid, today)
    elif habit == "returned" and age == -20:
        total = quote(db, loan=each.public_id, on=today).total
        _receive(db, each, now, officer, total.minor, today)
        _release(db, each.public_id, now, staff)
    elif habit == "reviewed" and age == _REVIEWED:
        _review(db, each, now, staff)
    elif habit == "written_off" and age == -5:
        carry(write_off, db, clock=now, by=officer, loan=each.public_id, reason="多次联系未果，经批准核销（示例）")


def _review(db: Db, each: _Borrower, now: Clock, staff: dict[str, Staff]) -> None:
    """Risk wants the business looked at, the officer does so by telephone; what it finds brings the next review near."""
    loan = each.public_id
    soon = now.today() + timedelta(days=7)
    reviews.bring_forward(db, clock=now, by=staff["risk"], loan=loan, due_on=soon, words="听说同街店铺在关门，提前看看（示例）")
    begun = reviews.begin(db, clock=now, by=staff["officer"], loan=loan, means="call")
    answers = {
        "running": "reduced", "sells": "五金、水暖零售（示例）", "staff": 3, "premises": "not_seen", "turnover": 8_600_000,
        "evidence": ["bank_statement", "invoices"], "evidenced": 7_900_000, "owner_changed": "no", "address_changed": "no",
        "other_debts": 12_000_000, "money_use": "as_agreed", "thing": "not_seen",
    }  # fmt: skip
    reviews.make(
        db, clock=now, by=staff["officer"], loan=loan, review=begun.public_id, answers=answers, conclusion="watch",
        words="客流少了三成，流水还够还款（示例）",
    )  # fmt: skip


def _receive(db: Db, each: _Borrower, now: Clock, officer: Actor, minor: int, on: date) -> None:
    done = carry(receive, db, clock=now, by=officer, loan=each.public_id, amount=Money(minor, "CNY"), received_on=on)
    each.receipts.append(done.event_no)


def _work(db: Db, borrowers: list[_Borrower], now: Clock, staff: dict[str, Staff], age: int) -> None:
    """Each follow-up and each step of a release is done on its day; today's are left for whoever opens the sample."""
    if age == 0:
        return
    loans = [each.loan_id for each in borrowers if each.public_id]
    for held in read_loans(db, loans, lock=False) if loans else []:
        for duty in held.standing:
            if duty.kind == "follow_up" and duty.due_on <= now.today() and held.loan.state is LoanState.ACTIVE:
                words = "本人接听，说近期会还（示例）"
                about: dict[str, Any] = {"clock": now, "by": staff["caller"], "loan": held.loan.public_id}
                calls.dial(db, **about)
                note_duty(db, **about, duty_no=duty.duty_no, outcome="reached", words=words, how="called")
        if any(duty.kind == "credit_update" and duty.due_on <= now.today() for duty in held.standing):
            _release(db, held.loan.public_id, now, staff)


def _release(db: Db, loan: str, now: Clock, staff: dict[str, Staff]) -> None:
    """The papers of a loan that is paid off, and its report to the bureau; a thing stays until its owner comes."""
    release.audit(db, clock=now, by=staff["officer"], loan=loan)
    for who in ("approver", "risk"):
        release.approve(db, clock=now, by=staff[who], loan=loan, approved=True, words="账目相符（示例）")
    release.certify(db, clock=now, by=staff["officer"], loan=loan, press=PRESS, notary=NOTARY, site=SITE)
    release.report(db, clock=now, by=staff["officer"], loan=loan, bureau=BUREAU)
