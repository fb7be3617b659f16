"""The stage: one day after the other, each act by the verb that the pages call, by the person whose act it is.

Nothing here decides anything: a wrapper gives a verb what a person would have seen and typed. Each act is a transaction of
its own, and a minute goes by after it. Nights pass through `days`, as they do for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import psycopg

from holdfast import (
    applications,
    collateral,
    confirmation,
    contracts,
    days,
    decisioning,
    duties,
    files,
    payments,
    pledges,
    release,
    restructuring,
    servicing,
)
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.contact import Accepted, Letter, codes, dispatch
from holdfast.database.connection import transaction
from holdfast.followup import calls
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import FixedClock, instant_on
from holdfast.kernel.errors import Fault
from holdfast.kernel.money import Money
from holdfast.loans import loan_id_of
from holdfast.parties import Party, Staff, box_of, party_by_id
from holdfast.policy import set_business_date
from holdfast.products.schedule import Instalment
from holdfast.release import disposal
from holdfast.servicing import approved
from holdfast.servicing.night import record_contacts
from holdfast.stories import cast
from holdfast.stories.cast import Borrower
from holdfast.wiring import BUREAU, GROWS, NOTARY, PRESS, RAIL, carry, receive_many, take_answer

Db = psycopg.Connection[Any]
Answered = TypeVar("Answered")

ZONE: Final = "Asia/Shanghai"
# A little after the morning's messages have gone out.
OPENS: Final = time(10, 5)
# Where the QR codes of papers lead in a story: nowhere that exists.
SITE: Final = "https://proof.example"
_GIVEN: Final[Mapping[str, Any]] = {"press": PRESS, "notary": NOTARY}
_SIX_DIGITS: Final = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


class Phone(LocalOutbox):
    """The borrowers' phones: what reached them can be read."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letters: Any, at: datetime) -> list[Accepted]:
        self.letters.extend(letters)
        return list(super().send(letters, at))

    def code(self) -> str:
        """The six digits of the newest message that has some."""
        for letter in reversed(self.letters):
            if found := _SIX_DIGITS.search(letter.text):
                return found[0]
        raise Fault("no code has come to the phone")


@dataclass
class Stage:
    """Where a story is played: its people, its clock, and how each of them acts. Every method is one act unless it says otherwise."""

    people: dict[str, Staff]
    now: datetime
    zone: str = ZONE
    phone: Phone = field(default_factory=Phone)
    seals: int = 0

    @classmethod
    def empty(cls, day: date, zone: str = ZONE) -> Stage:
        """An empty book becomes the cast's on the morning of `day`."""
        now = instant_on(day, OPENS, zone)
        with transaction() as db:
            _, people = cast.settle_in(db, FixedClock(now, zone), zone=zone)
            set_business_date(db, day)
        return cls(people, now, zone)

    # -- time -------------------------------------------------------------------------------------

    @property
    def clock(self) -> FixedClock:
        return FixedClock(self.now, self.zone)

    @property
    def today(self) -> date:
        return self.clock.today()

    def pass_time(self, minutes: int = 1) -> None:
        """Let some minutes go by."""
        self.now += timedelta(minutes=minutes)

    def go_to(self, day: date, *, meanwhile: Callable[[], None] | None = None) -> None:
        """Close each day before `day` by its night and open the next; `meanwhile` is done on every morning on the way."""
        while self.today < day:
            self.now = instant_on(days.open_next_day(), OPENS, self.zone)
            self.end_terms()
            if meanwhile is not None and self.today < day:
                meanwhile()

    def load_prices(self) -> None:
        """The sample price book as of today, loaded by risk."""
        with self._act() as db:
            cast.load_prices(db, self.clock, self.people["risk"])

    # -- acting -----------------------------------------------------------------------------------

    @contextmanager
    def _act(self) -> Any:
        with transaction() as db:
            yield db
        self.pass_time()

    def do(self, verb: Callable[..., Answered], who: str | Actor, **given: Any) -> Answered:
        """A verb by a member of staff, named by log-in, or by a borrower."""
        with self._act() as db:
            return verb(db, clock=self.clock, by=self.people[who] if isinstance(who, str) else who, **given)

    def carry(self, verb: Callable[..., Any], who: str | Actor, **given: Any) -> Any:
        """A verb that may begin others, with all that it begins."""
        with self._act() as db:
            return carry(verb, db, clock=self.clock, by=self.people[who] if isinstance(who, str) else who, **given)

    def deliver(self) -> None:
        """All messages that may go now reach their phones."""
        with transaction() as db:
            record_contacts(db, dispatch(db, {"sms": self.phone}, clock=self.clock, limit=200), clock=self.clock)

    def type_code(self, code_id: str) -> str:
        """The code arrives and is typed; its id."""
        self.deliver()
        with self._act() as db:
            if not codes.attempt(db, clock=self.clock, code_id=code_id, digits=self.phone.code()):
                raise Fault("the code that came is not the one that was sent", code="code_lost")
        return code_id

    # -- what is on the screen ----------------------------------------------------------------------

    def number(self, loan: str) -> int:
        with transaction() as db:
            return loan_id_of(db, loan)

    def borrower_of(self, loan: str) -> Actor:
        """The borrower of a loan, as their own page knows them."""
        with transaction() as db:
            return applications.actor_of(self._party(db, loan))

    def next_due(self, loan: str) -> Instalment:
        """The oldest instalment that is not wholly paid."""
        with transaction() as db:
            state = servicing.read_loans(db, [loan_id_of(db, loan)], lock=False, on=self.today)[0].state
        return next(row for row in state.instalments if row.unpaid)

    def owed(self, loan: str) -> Money:
        """What ends the loan today."""
        with transaction() as db:
            return servicing.owed(db, loan=loan, on=self.today)

    # -- before the money ---------------------------------------------------------------------------

    def log_in(self, who: Borrower) -> Party:
        """A number, a code, and the borrower is known (several acts)."""
        with self._act() as db:
            code_id = applications.ask_code(db, clock=self.clock, number=who.number, language=who.language)
        self.type_code(code_id)
        with self._act() as db:
            return applications.sign_in(db, clock=self.clock, number=who.number, code_id=code_id, language=who.language)

    def apply(self, who: Borrower, *, yuan: int = 2_000, instalments: int = 3) -> str:
        """From the plan to the file handed in (several acts); the loan."""
        party = self.log_in(who)
        by = applications.actor_of(party)
        plan = {"product": cast.PRODUCT, "principal": Money(yuan * 100, "CNY"), "instalments": instalments, "branch": cast.BRANCH}
        file = self.do(applications.start, by, party=party, **plan).public_id
        self.do(applications.save, by, application_id=file, facts=who.private)
        self.do(applications.save, by, application_id=file, facts=who.file)
        for number, slot in enumerate(applications.SLOTS.values()):
            if slot.needed:
                data = cast.picture(40 * number)
                self.do(applications.attach, by, application_id=file, slot=slot.name, data=data, name=f"{slot.name}.png")
        given = dict.fromkeys(applications.CONSENTS, True)
        self.do(applications.agree, by, application_id=file, given=given)
        return str(self.carry(applications.submit, by, application_id=file).loan)

    def call(self, loan: str, who: Borrower, *, upto: str | None = None) -> None:
        """The confirmation call, to its good end, or up to and with the step `upto` (several acts)."""
        self.do(confirmation.take_case, "caller", loan=loan)
        self.do(confirmation.dial, "caller", loan=loan)
        self.do(confirmation.picked_up, "caller", loan=loan)
        said: Mapping[str, Mapping[str, Any]] = {
            "who_calls": {"answer": "goes_on"},
            "recording": {"answer": "agrees"},
            "identity": {"name": who.name, "last_four": who.id_number[-4:]},
            "will": {"answer": "own_will"},
            "purpose": {"answer": "same"},
            "plan": {"answer": "right"},
            "overdue": {"answer": "understood"},
            "pledge": {"answer": "understood"},
            "facts": {},
            "questions": {"answer": "none"},
        }
        for step, given in said.items():
            self.do(confirmation.answer, "caller", loan=loan, step=step, **given)
            if step == upto:
                return
        self.do(confirmation.send_code, "caller", loan=loan)
        self.deliver()
        with self._act() as db:
            confirmation.try_code(db, clock=self.clock, by=self.people["caller"], loan=loan, digits=self.phone.code())
        self.do(confirmation.answer, "caller", loan=loan, step="code")
        self.do(confirmation.confirm, "caller", loan=loan)

    def decide(self, loan: str) -> decisioning.Decision:
        """The rule decides; what it refers, two people answer (several acts then)."""
        made: decisioning.Decision = self.do(decisioning.decide, "approver", loan=loan)
        if made.outcome is decisioning.Outcome.REFER:
            for who in ("approver", "risk"):
                made = self.do(decisioning.answer_referral, who, loan=loan, approved=True, words="资料齐全，同意（示例）")
        return made

    def offer(self, loan: str) -> contracts.Contract:
        """The papers are put before the borrower."""
        return self.do(contracts.offer, "officer", loan=loan, press=PRESS)

    def sign(self, loan: str) -> None:
        """Offered, read, signed by the borrower's code, sealed by somebody else (several acts)."""
        offered = self.offer(loan)
        by = self.borrower_of(loan)
        code_id = self.type_code(self.do(contracts.ask_code, by, loan=loan))
        read = [clause.key for clause in offered.clauses]
        self.do(contracts.sign_by_borrower, by, loan=loan, code_id=code_id, flags_read=read, notary=NOTARY, user_agent="示例浏览器")
        self.do(contracts.seal, "approver", loan=loan, notary=NOTARY)

    def take_in(self, loan: str, who: Borrower) -> str:
        """The thing comes in, seen by two (several acts); its seal."""
        self.seals += 1
        seal = f"SL-{self.seals:05d}"
        with self._act() as db:
            party = self._party(db, loan)
            photos = {what: self._photo(db, party, what) for what in pledges.PHOTOS}
        slot = f"{cast.SHELF}-01-{self.seals:02d}"
        seen = pledges.IntakeRead(lock_off=True, sim_out=True, imeis=who.imeis, photos=photos, seal_no=seal, slot=slot)
        asked = self.do(pledges.ask_take_in, "custodian", loan=loan, seen=seen)
        self.agree(asked.request.public_id, "keeper")
        return seal

    def agree(self, request: str, who: str, words: str = "看过实物（示例）") -> None:
        """Another person's yes to an act around a thing."""
        self.carry(pledges.answer, who, request=request, approved=True, words=words, owed=servicing.owed, **_GIVEN)

    def pay_out(self, loan: str, who: Borrower) -> None:
        """Asked by one, checked by another, sent once (several acts)."""
        asked = self.do(payments.ask_payout, "officer", loan=loan, payee_name=who.name, account=who.account)
        self.do(payments.check_payout, "checker", payout=asked.public_id, approved=True, words="户名一致（示例）", rail=RAIL, grows=GROWS)
        payments.send_approved(transaction, RAIL, partial(carry, payments.record_answer), self.clock)
        self.pass_time()

    def lend(self, who: Borrower, **plan: Any) -> str:
        """Everything from the application to the money, on one morning; the loan."""
        loan = self.apply(who, **plan)
        self.call(loan, who)
        self.decide(loan)
        self.sign(loan)
        self.take_in(loan, who)
        self.pay_out(loan, who)
        return loan

    # -- while it is repaid ---------------------------------------------------------------------------

    def pay_by_bank(self, loan: str, who: Borrower, amount: Money, *, what: str = "instalment") -> None:
        """Meant on the phone, said to be paid, and there once the bank's statement is here (several acts)."""
        by = self.borrower_of(loan)
        meant = self.do(payments.intend, by, loan=loan, what=what, amount=amount)
        self.do(payments.say_paid, by, loan=loan, intent=meant.public_id)
        line = f"{self.today},{amount.decimal()},{who.name},{who.account},{meant.code},示例{meant.code}"
        text = f"入账日期,贷方金额,对方户名,对方账号,附言,交易流水号\n{line}\n"
        self.do(payments.load_bank_file, "officer", name=f"银行流水-{self.today}.csv", data=text.encode(), map_name="generic")
        with self._act() as db:
            payments.match_lines(db, clock=self.clock, receive=receive_many, answer=take_answer)

    def pay_at_counter(self, loan: str, amount: Money) -> None:
        """Cash into a drawer that two people close (several acts)."""
        nothing = Money(0, amount.currency)
        drawer = self.do(payments.open_drawer, "teller", float_held=nothing).public_id
        self.carry(payments.post_cash, "teller", loan=loan, amount=amount)
        self.do(payments.count_drawer, "teller", drawer=drawer, counted=amount)
        self.do(payments.close_drawer, "keeper", drawer=drawer, counted=amount)

    def pay_due(self, loan: str, who: Borrower, *, by: str = "bank") -> None:
        """The oldest instalment that is not paid, whole."""
        amount = Money(self.next_due(loan).unpaid, "CNY")
        if by == "counter":
            self.pay_at_counter(loan, amount)
        else:
            self.pay_by_bank(loan, who, amount)

    def follow_up(self, loan: str, words: str = "本人接听，说近期会还（示例）") -> None:
        """Whatever follow-up is due today is made, and noted."""
        with transaction() as db:
            standing = servicing.read_loans(db, [loan_id_of(db, loan)], lock=False)[0].standing
        for duty in standing:
            if duty.kind == "follow_up" and duty.due_on <= self.today:
                self.do(calls.dial, "caller", loan=loan)
                self.do(servicing.note_duty, "caller", loan=loan, duty_no=duty.duty_no, outcome="reached", words=words, how="called")

    def defer(self, loan: str, *, months: int = 1, agreed: bool = True) -> None:
        """Looked at and asked for on the phone, decided by somebody else (several acts)."""
        by = self.borrower_of(loan)
        change = servicing.Rearrangement(servicing.Kind.DEFER, months=months)
        told = self.do(restructuring.compare, by, loan=loan, change=change)
        asked = self.do(restructuring.ask, by, loan=loan, change=change, reason="income_late", shown=told.shown)
        words = "工资延后一月，同意（示例）" if agreed else "资料不符（示例）"
        self.do(restructuring.decide, "approver", loan=loan, request=asked.public_id, agreed=agreed, words=words)

    # -- when it is paid ------------------------------------------------------------------------------

    def release(self, loan: str, who: Borrower, seal: str) -> None:
        """Checked, approved by two, certified, handed back, reported (several acts)."""
        self.deliver()
        self.clear_release(loan, who)
        read = {seal: who.imeis}
        self.do(release.ask_hand_back, "custodian", loan=loan, read=read)
        self.carry(release.hand_back, "checker", loan=loan, approved=True, words="当面开封核对（示例）", site=SITE, **_GIVEN)
        self.do(release.report, "officer", loan=loan, bureau=BUREAU)
        self.deliver()

    def end_terms(self) -> None:
        """What is over is ended: intents whose day has passed, withdrawals whose principal is back."""
        with self._act() as db:
            payments.expire_intents(db, clock=self.clock)
            for verb, loan in payments.withdrawals_to_end(db, clock=self.clock):
                carry(verb, db, clock=self.clock, by=SYSTEM, loan=loan)

    def finish_release(self, loan: str, who: Borrower) -> None:
        """What is left to do where no thing is there to hand back (several acts)."""
        self.deliver()
        self.give_back_over_payment(loan)
        self.clear_release(loan, who)
        self.do(release.report, "officer", loan=loan, bureau=BUREAU)
        self.deliver()

    def give_back_over_payment(self, loan: str) -> None:
        """What was paid too much goes back, if anything was (several acts)."""
        with transaction() as db:
            totals = servicing.read_loans(db, [loan_id_of(db, loan)], lock=False)[0].state.totals
        if left := totals.overpaid - totals.refunded:
            asked = self.do(approved.ask_refund, "officer", loan=loan, amount=Money(left, "CNY"), reason="多收款退还借款人（示例）")
            self.carry(approved.answer, "approver", request=asked.public_id, approved=True, words="已核对（示例）")

    def clear_release(self, loan: str, who: Borrower) -> None:
        """Identity, audit, two approvals and the certificate (several acts)."""
        code_id = self.type_code(self.do(release.send_code, "custodian", loan=loan))
        given = {"way": "self", "name": who.name, "id_number": who.id_number, "code_id": code_id}
        self.do(release.identify, "custodian", loan=loan, **given)
        self.do(release.audit, "teller", loan=loan)
        for person in ("approver", "risk"):
            self.do(release.approve, person, loan=loan, approved=True, words="账物相符（示例）")
        self.do(release.certify, "officer", loan=loan, site=SITE, **_GIVEN)

    # -- when it goes wrong -----------------------------------------------------------------------------

    def freeze(self, loan: str) -> None:
        """The caller has seen a sign of fraud: everything stops."""
        self.do(
            confirmation.report_fraud, "caller", loan=loan, sign="coached", evidence="02:14 旁边有人教他怎么答（示例）",
            words="疑似受人指使（示例）",
        )  # fmt: skip

    def lose(self, seal: str) -> None:
        """Not there at the shelf audit, looked for, declared lost by two (several acts)."""
        audit = self.do(collateral.custody.open_audit, "keeper", branch_id=self._branch(), code=cast.SHELF).public_id
        self.do(collateral.custody.close_audit, "keeper", audit=audit)
        asked = self.do(collateral.custody.ask_lost, "custodian", seal_no=seal, reason="查找一日未果（示例）")
        self.agree(asked.public_id, "approver", "确认灭失（示例）")

    def compensate(self, loan: str) -> None:
        """The lost thing is made good at its value (several acts)."""
        asked = self.do(pledges.ask_compensation, "officer", loan=loan, reason="保管中灭失，按估值赔偿（示例）")
        self.agree(asked.public_id, "approver", "同意赔偿（示例）")

    def notice_default(self, loan: str) -> None:
        """The borrower is told what is late and from when the thing may be sold."""
        self.carry(disposal.notice, "officer", loan=loan, **_GIVEN)
        self.deliver()

    def dispose(self, loan: str, *, yuan: int, costs: int) -> None:
        """Valued, sold to a stranger by two others' yes, accounted for, and the surplus sent back (several acts)."""
        self.load_prices()
        self.do(disposal.value_for_sale, "custodian", loan=loan)
        buyer = cast.borrower(900, "王示例")
        spent = {"拍卖佣金（示例）": Money(costs * 100, "CNY")}
        self.do(
            disposal.ask_sale, "custodian", loan=loan, price=Money(yuan * 100, "CNY"), costs=spent, buyer_name=buyer.name,
            buyer_id=buyer.id_number, relation="none", sold_on=self.today,
        )  # fmt: skip
        for person in ("approver", "risk"):
            self.carry(disposal.sell, person, loan=loan, approved=True, words="看过估值（示例）")
        self.carry(disposal.account, "officer", loan=loan, **_GIVEN)
        self.do(disposal.ask_surplus, "officer", loan=loan, reason="处置余款退还借款人（示例）")
        self.carry(disposal.return_surplus, "approver", loan=loan, approved=True, words="已核对（示例）")

    # -- helpers ------------------------------------------------------------------------------------------

    def _branch(self) -> int:
        branch = self.people["custodian"].branch_id
        if branch is None:
            raise Fault("the custodian belongs to no branch")
        return branch

    def _party(self, db: Db, loan: str) -> Party:
        party_id = duties.take(db, loan, None, lock=False).loan.party_id
        if party_id is None:
            raise Fault(f"loan {loan} has no borrower")
        return party_by_id(db, party_id)

    def _photo(self, db: Db, party: Party, what: str) -> str:
        kept = files.put(
            db, cast.picture(len(what)), clock=self.clock, name=f"{what}.png", box=box_of(db, party), party_id=party.party_id
        )  # fmt: skip
        return kept.public_id
