"""Peer replay: the events of the second family, as events of ours under the one fold, and its pledges under our rule of lifting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from holdfast.collateral import lent_on
from holdfast.kernel.calendar import parse_date
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.rate import BILLION, Rate
from holdfast.kernel.rounding import Rounding, to_minor
from holdfast.pledges import How, may_lift
from holdfast.products.schedule import Instalment, schedule
from holdfast.products.terms import Terms
from holdfast.servicing.arrears import days_past_due
from holdfast.servicing.fold import Event, State, fold
from holdfast.servicing.vectors.fields import NotYet, a_whole, an_object
from holdfast.servicing.vectors.peer_terms import Plan, check, money, percent, plan, rate_of, until

_DAY: Final = timedelta(days=1)
_NPA_FROM: Final = 90
_MOST_PIECES: Final = 1_000_000_000
EVENT_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "pledge": frozenset({"items", "date"}),
    "pledge_to_borrower": frozenset({"items", "date"}),
    "set_price": frozenset({"security", "price", "date"}),
    "shortfall_run": frozenset({"date"}),
    "set_borrower_limit": frozenset({"amount", "date"}),
    "new_loan": frozenset({"principal", "outcome", "date"}),
    "new_application": frozenset({"principal", "outcome", "date"}),
    "disburse": frozenset({"date", "amount", "first_due", "loan", "id", "outcome"}),
    "accrue_through": frozenset({"date", "loan", "disbursement"}),
    "raise_demands_through": frozenset({"date", "loan", "disbursement"}),
    "charge": frozenset({"date", "basis", "pct", "amount", "loan", "name"}),
    "pay": frozenset({"date", "amount", "kind", "loan", "disbursement"}),
    "cancel_last_payment": frozenset({"loan", "disbursement"}),
    "repost_from": frozenset({"date", "loan"}),
    "classify": frozenset({"date", "loan"}),
    "release": frozenset({"items", "outcome", "date"}),
    "write_off": frozenset({"date", "loan"}),
}
_ITEM: Final = frozenset({"security", "qty", "price", "haircut_pct", "ltv_pct"})
_KINDS: Final = ("Normal Repayment", "Pre Payment", "Write Off Recovery")


@dataclass(frozen=True, slots=True)
class Payment:
    """A receipt and how it fell; `over` is what it was more (or, negative, less) than all that was owed."""

    kind: str
    amount: int
    interest: int
    principal: int
    over: int


@dataclass(slots=True)
class Item:
    """One kind of security that is pledged: so many at a price, of which a share is lent."""

    quantity: int
    price: int
    haircut: int

    def value(self, quantity: int) -> int:
        return quantity * self.price

    def lends(self, quantity: int) -> int:
        return lent_on(self.value(quantity), self.haircut)


@dataclass(slots=True)
class Paid:
    """One payout and its life. On demand (`running`) the money bears interest by days on what is owed, stretch by stretch."""

    plan: Plan
    on: date
    amount: int
    daily: bool
    events: list[Event] = field(default_factory=list)
    since: date = date.min
    owed: int = 0
    accrued: int = 0
    interest_paid: int = 0
    principal_paid: int = 0
    demanded: int = 0
    waived: int = 0
    by_day: dict[date, int] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.since, self.owed = self.on, self.amount
        self.add("disbursed", self.on, {"amount": self.amount})

    @property
    def terms(self) -> Terms:
        return self.plan.terms

    def state(self, on: date = date.max) -> State:
        """The fold of what happened up to `on`."""
        return fold(self.terms, [event for event in self.events if event.on <= on])

    def add(self, kind: str, on: date, payload: Mapping[str, Any]) -> None:
        self.events.append(Event(len(self.events) + 1, kind, on, on, payload))

    def accrue(self, through: date) -> None:
        """Let interest run to the end of the day `through`; each stretch, or each day, is rounded by itself."""
        while self.since <= through:
            end = self.since + _DAY if self.daily else through + _DAY
            interest = _stretch(self.owed, self.terms.rate, self.since, end)
            if self.daily:
                self.by_day[self.since] = interest
            self.accrued += interest
            self.since = end

    def receive(self, amount: int, on: date, kind: str) -> Payment:
        """Interest that has accrued first, then principal; on demand by stretches, else by the fold."""
        if self.plan.running and not self.written_off:
            unpaid = self.accrued - self.interest_paid
            interest = min(amount, unpaid)
            principal = min(amount - interest, self.owed)
            over = amount - unpaid - self.owed
            self.interest_paid += interest
            self.principal_paid += principal
            self.owed -= principal
        else:
            before = self.state()
            due = sum(row.unpaid for row in before.instalments)
            self.add("receipt", on, {"amount": amount})
            after = self.state()
            lost, was = after.totals, before.totals
            back = min(lost.recovered, lost.principal_written_off) - min(was.recovered, was.principal_written_off)
            interest = lost.interest_paid - was.interest_paid
            principal = lost.principal_paid - was.principal_paid + back
            over = amount - due
        paid = Payment(kind, amount, interest, principal, over)
        self.payments.append(paid)
        return paid

    def undo(self) -> None:
        """Take the last receipt back."""
        paid = self.payments.pop()
        if self.plan.running and not self.written_off:
            self.interest_paid -= paid.interest
            self.principal_paid -= paid.principal
            self.owed += paid.principal
        else:
            last = next(event for event in reversed(self.events) if event.kind == "receipt")
            self.add("reversal", last.on, {"event_no": last.event_no})

    @property
    def written_off(self) -> bool:
        return any(event.kind == "written_off" for event in self.events)

    @property
    def principal_out(self) -> int:
        return self.owed if self.plan.running else self.state().principal_out

    def late(self, on: date) -> int:
        """Days past due on `on` as this family counts: the due day itself is the first."""
        days = days_past_due(self.state(on).oldest_unpaid_due_on, on)
        return days + 1 if days else 0

    def settled(self) -> bool:
        if self.plan.running:
            return self.owed <= self.waived and self.accrued <= self.interest_paid
        return self.state().paid_off_on is not None


def _stretch(owed: int, rate: Rate, start: date, end: date) -> int:
    return schedule(until(owed, rate, start, end))[0].interest if owed else 0


class Replay:
    """A scenario's events so far."""

    def __init__(self, scenario: Mapping[str, Any]) -> None:
        product, loan, events = scenario.get("product"), scenario.get("loan"), scenario.get("events")
        if not isinstance(product, Mapping) or not isinstance(loan, Mapping):
            raise BadInput("product, loan: write two objects", field="product")
        if not isinstance(events, list):
            raise BadInput("events: write a list", field="events")
        check(product, loan)
        self.product, self.loan, self.given = product, loan, events
        self.paid: dict[str, Paid] = {}
        self.pledged: dict[str, Item] = {}
        self.to_borrower = False
        self.borrower_limit: int | None = None
        self.asked: list[int] = []
        self.outcomes: list[tuple[str, str]] = []
        self.different: str | None = None
        self.charges = 0
        self.status = "Sanctioned"
        self.shortfall: int | None = None
        self.accrued_through: date | None = None
        self.classified_on: date | None = None
        self.released: tuple[str, int] | None = None
        self.before_cancel: dict[str, Any] | None = None
        self.last_payment: Payment | None = None

    def apply(self, index: int) -> None:
        """Take in event `index`; what it says of its own outcome is compared with ours, never followed."""
        event, where = self.given[index], f"events[{index}]"
        if not isinstance(event, Mapping):
            raise BadInput(f"{where}: write an object", field=where)
        kind = str(event.get("type"))
        if kind not in EVENT_FIELDS:
            raise NotYet(f"event-{kind}".replace("_", "-"), f"{where}.type")
        for name in event:
            if name != "type" and name not in EVENT_FIELDS[kind]:
                raise NotYet(f"{kind}-{name}".replace("_", "-"), f"{where}.{name}")
        outcome = getattr(self, f"_{kind}")(event, where)
        if outcome is not None:
            self.outcomes.append((kind, outcome))
            if event.get("outcome") not in (None, outcome):
                self.different = self.different or f"{where}.outcome: expected {event['outcome']!r}, ours {outcome!r}"

    # -- cover -------------------------------------------------------------------------------------

    @property
    def security_value(self) -> int:
        return sum(item.value(item.quantity) for item in self.pledged.values())

    @property
    def lendable(self) -> int:
        return sum(item.lends(item.quantity) for item in self.pledged.values())

    @property
    def maximum(self) -> int:
        """The most that may be out: what the security is good for, within the product's own most."""
        most = money(self.product["max"], "product.max") if "max" in self.product else None
        if not self.pledged:
            return most or 0
        return self.lendable if most is None else min(self.lendable, most)

    @property
    def principal_out(self) -> int:
        return sum(each.principal_out for each in self.paid.values())

    @property
    def sanctioned(self) -> int | None:
        name = next((name for name in ("limit", "principal") if name in self.loan), None)
        return None if name is None else money(self.loan[name], f"loan.{name}")

    @property
    def disbursable(self) -> int:
        """What may still be paid out: within the agreed sum and what the security is good for; nothing while a shortfall stands."""
        if self.shortfall:
            return 0
        room = [self.maximum - self.principal_out]
        if self.sanctioned is not None:
            room.append(self.sanctioned - sum(each.amount for each in self.paid.values()))
        return max(0, min(room))

    def lifted(self, items: Mapping[str, Any]) -> tuple[str, int]:
        """Whether these may be let go, and what would then still stand behind the loan (before any haircut)."""
        left = {name: item.quantity for name, item in self.pledged.items()}
        for name, quantity in items.items():
            if name not in left:
                raise BadInput(f"release.items.{name}: is not pledged", field=f"release.items.{name}")
            left[name] -= a_whole(quantity, f"release.items.{name}", most=_MOST_PIECES)
            if left[name] < 0:
                return "refused", self.security_value
        value = sum(item.value(left[name]) for name, item in self.pledged.items())
        remaining = sum(item.lends(left[name]) for name, item in self.pledged.items())
        try:
            may_lift(How.PART, owed=self.principal_out, remaining=remaining)
        except Refusal:
            return "refused", value
        return "allowed", value

    def _pledge(self, event: Mapping[str, Any], where: str) -> None:
        items = event.get("items")
        if not isinstance(items, list):
            raise BadInput(f"{where}.items: write a list", field=f"{where}.items")
        for number, each in enumerate(items):
            at = f"{where}.items[{number}]"
            if strange := sorted(set(an_object(each, at, known=None, needed=("security", "qty", "price"))) - _ITEM):
                raise NotYet(f"security-{strange[0]}".replace("_", "-"), f"{at}.{strange[0]}")
            if "haircut_pct" in each:
                haircut = a_whole(each["haircut_pct"], f"{at}.haircut_pct", most=100)
            else:
                haircut = 100 - a_whole(each.get("ltv_pct", 100), f"{at}.ltv_pct", most=100)
            quantity = a_whole(each["qty"], f"{at}.qty", most=_MOST_PIECES)
            self.pledged[str(each["security"])] = Item(quantity, money(each["price"], f"{at}.price"), haircut)

    def _pledge_to_borrower(self, event: Mapping[str, Any], where: str) -> None:
        self.to_borrower = True
        self._pledge(event, where)
        self.borrower_limit = self.lendable

    def _set_price(self, event: Mapping[str, Any], where: str) -> None:
        name = str(event.get("security"))
        if name not in self.pledged:
            raise BadInput(f"{where}.security: {name!r} is not pledged", field=f"{where}.security")
        self.pledged[name].price = money(event.get("price"), f"{where}.price")

    def _shortfall_run(self, event: Mapping[str, Any], where: str) -> None:
        self.shortfall = max(0, self.principal_out - self.lendable)
        if self.to_borrower:
            self.borrower_limit = self.lendable

    def _release(self, event: Mapping[str, Any], where: str) -> str:
        items = event.get("items")
        if not isinstance(items, Mapping):
            raise BadInput(f"{where}.items: write an object", field=f"{where}.items")
        self.released = self.lifted(items)
        if self.released[0] == "allowed":
            for name, quantity in items.items():
                self.pledged[name].quantity -= int(quantity)
        return self.released[0]

    # -- asking and paying out ---------------------------------------------------------------------

    def _set_borrower_limit(self, event: Mapping[str, Any], where: str) -> None:
        self.borrower_limit = money(event.get("amount"), f"{where}.amount")

    def _new_loan(self, event: Mapping[str, Any], where: str) -> str:
        principal = money(event.get("principal"), f"{where}.principal")
        if self.borrower_limit is not None and sum(self.asked) + principal > self.borrower_limit:
            return "refused"
        self.asked.append(principal)
        return "allowed"

    _new_application = _new_loan

    def _disburse(self, event: Mapping[str, Any], where: str) -> str:
        amount = money(event.get("amount"), f"{where}.amount")
        out = sum(each.amount for each in self.paid.values())
        loan = self._of(event)
        agreed = [money(loan[name], f"loan.{name}") for name in ("limit", "principal") if name in loan][:1]
        room = [most - (0 if loan is not self.loan else out) for most in agreed]
        if self.pledged:
            room.append(self.maximum - self.principal_out)
        if any(amount > most for most in room):
            return "refused"
        given = dict(event)
        if given.get("date") == "today":
            given["date"] = "2000-01-03"  # any business day
        name = str(event.get("loan", event.get("id", f"#{len(self.paid) + 1}")))
        self.paid[name] = Paid(
            plan(self.product, loan, given, amount), parse_date(given["date"], f"{where}.date"), amount,
            daily=str(loan.get("accrual", "")).lower() == "daily",
        )  # fmt: skip
        self.status = "Disbursed" if self.sanctioned is None or out + amount >= self.sanctioned else "Partially Disbursed"
        return "allowed"

    def _charge(self, event: Mapping[str, Any], where: str) -> None:
        if "amount" in event:
            amount = money(event["amount"], f"{where}.amount")
        elif event.get("basis") == "outstanding principal":
            share = Fraction(percent(event.get("pct"), f"{where}.pct"), BILLION)
            amount = to_minor(share * sum(each.principal_out for each in self._meant(event)), Rounding.HALF_UP)
        else:
            raise NotYet("charge-basis", f"{where}.basis")
        self.charges += amount
        on = self._date(event, where)
        for each in self._meant(event)[:1]:
            each.add("charge", on, {"part": "fee", "amount": amount, "due_on": on})

    # -- days and money ----------------------------------------------------------------------------

    def _accrue_through(self, event: Mapping[str, Any], where: str) -> None:
        through = self._date(event, where)
        self.accrued_through = through if self.accrued_through is None else max(through, self.accrued_through)
        for each in self._meant(event):
            if each.plan.running:
                each.accrue(through)

    def _raise_demands_through(self, event: Mapping[str, Any], where: str) -> None:
        on = self._date(event, where)
        for each in self._meant(event):
            if each.plan.running:
                each.demanded = each.accrued
                continue
            for row in each.state().instalments:
                if row.due_on <= on:
                    each.add("instalment_due", row.due_on, {"n": row.n})
            each.demanded = sum(row.interest for row in each.state().instalments if row.due_on <= on)

    def _pay(self, event: Mapping[str, Any], where: str) -> None:
        kind, on = event.get("kind"), self._date(event, where)
        if kind not in _KINDS:
            raise NotYet(f"payment-{kind}".lower().replace(" ", "-"), f"{where}.kind")
        one = self._one(event, where)
        if (kind == "Write Off Recovery") is not one.written_off:
            raise NotYet("payment-after-write-off", f"{where}.kind")
        if one.plan.running and kind == "Pre Payment":
            one.accrue(on - _DAY)
        self._no_penalty_yet(one, on, where)
        self.last_payment = one.receive(money(event.get("amount"), f"{where}.amount"), on, str(kind))
        short, most = -self.last_payment.over, self.loan.get("auto_write_off_limit", self.product.get("auto_write_off_limit", 0))
        if one.plan.running and not one.written_off and 0 < short <= money(most, "auto_write_off_limit"):
            one.waived = short
        if one.settled():
            self.status = "Loan Closure Requested" if self.pledged else "Closed"

    def _no_penalty_yet(self, one: Paid, on: date, where: str) -> None:
        rate = self.product.get("penalty_rate")
        if rate and not one.plan.running and one.late(on) > a_whole(self.product.get("grace_days") or 0, "product.grace_days"):
            raise NotYet("penalty-interest", where)

    def _cancel_last_payment(self, event: Mapping[str, Any], where: str) -> None:
        one = self._one(event, where)
        if not one.payments:
            raise BadInput(f"{where}: nothing was paid", field=where)
        self.before_cancel = self.sums()
        one.undo()
        self.last_payment = None
        self.status = "Written Off" if one.written_off else "Disbursed"

    def _repost_from(self, event: Mapping[str, Any], where: str) -> None:
        """Nothing to do: each day's interest follows from the events, whenever they are read."""
        self._date(event, where)

    def _classify(self, event: Mapping[str, Any], where: str) -> None:
        self.classified_on = self._date(event, where)

    def _write_off(self, event: Mapping[str, Any], where: str) -> None:
        self._one(event, where).add("written_off", self._date(event, where), {})
        self.status = "Written Off"

    # -- what is asked of it -----------------------------------------------------------------------

    def sums(self) -> dict[str, Any]:
        """Interest and principal that have come in."""
        interest = principal = 0
        for each in self.paid.values():
            interest += each.interest_paid + each.state().totals.interest_paid
            totals = each.state().totals
            principal += each.principal_paid + totals.principal_paid + min(totals.recovered, totals.principal_written_off)
        return {"interest_paid": interest, "principal_paid": principal}

    def npa(self) -> dict[str, bool]:
        """Which loans are non-performing on the day of classification: one that is makes all loans of the borrower so."""
        if self.classified_on is None:
            return {}
        most = a_whole(self.loan.get("npa_threshold_dpd", _NPA_FROM), "loan.npa_threshold_dpd")
        bad = any(each.late(self.classified_on) > most for each in self.paid.values())
        return {**dict.fromkeys(self.paid, bad), "borrower": bad}

    def last_accrual(self) -> dict[str, date] | date | None:
        """The last day that bore interest: for a frozen loan the day of the freeze."""
        through = self.accrued_through
        loans = self.loan.get("loans")
        if through is None or not loans:
            return through
        return {
            str(each["id"]): min(through, parse_date(each["frozen_from"], "loan.frozen_from")) if "frozen_from" in each else through
            for each in loans
        }

    def rows(self) -> list[Instalment]:
        first = next(iter(self.paid.values()), None)
        return [] if first is None else first.plan.rows()

    def rate(self) -> Rate:
        return rate_of(self.product, self.loan)

    def _of(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The loan that an event speaks of."""
        for each in self.loan.get("loans", ()):
            if each.get("id") == event.get("loan"):
                return {**self.loan, **each}
        return self.loan

    def _meant(self, event: Mapping[str, Any]) -> list[Paid]:
        name = event.get("loan", event.get("disbursement"))
        return list(self.paid.values()) if name is None else [self.paid[name]] if name in self.paid else []

    def _one(self, event: Mapping[str, Any], where: str) -> Paid:
        meant = self._meant(event)
        if len(meant) != 1:
            raise BadInput(f"{where}: {len(meant)} payouts fit; say which one by its id", field=where)
        return meant[0]

    def _date(self, event: Mapping[str, Any], where: str) -> date:
        return parse_date(event.get("date"), f"{where}.date")


def whole(minor: int) -> Decimal:
    """An amount in whole units."""
    return Decimal(minor) / 100
