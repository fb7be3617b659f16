"""Replay: a scenario's events, one by one, as events of ours under the one fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from holdfast.kernel.calendar import Unit, parse_date
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import decimal_of
from holdfast.kernel.rate import BILLION, Rate
from holdfast.kernel.rounding import to_minor
from holdfast.products.schedule import down_payment, level, payout_fees
from holdfast.products.terms import MOST_INSTALMENTS, Fee, FeeAt, Terms
from holdfast.servicing.arrears import bucket_of, paused_days
from holdfast.servicing.fold import Event, Instalment, State, fold, in_order
from holdfast.servicing.payoff import payoff
from holdfast.servicing.recalculation import standing
from holdfast.servicing.rescheduling import Asks, Charges, Kind, Rearrangement, rearranged, regular
from holdfast.servicing.state import Pause
from holdfast.servicing.vectors.fields import NotYet, a_choice, a_percent, a_whole, an_amount, an_object
from holdfast.servicing.vectors.terms import BASES, Setting, read_setting

_PENALTY_WAIT_DAYS: Final = 2  # the peer's platform setting, see the vectors' README
_RECEIPTS: Final = {
    "REPAYMENT": "Repayment",
    "GOODWILL_CREDIT": "Goodwill Credit",
    "MERCHANT_ISSUED_REFUND": "Merchant Issued Refund",
    "PAYOUT_REFUND": "Payout Refund",
    "PAYOFF": "Repayment",
}
# What an agreement is called where it is listed as if it were money.
_AGREED: Final = {"RE_AGE": "Re-age", "RE_AMORTIZE": "Re-amortize", "RE_AMORTISE": "Re-amortize"}
MONEY_OF: Final = {
    "Goodwill Credit": "goodwill",
    "Merchant Issued Refund": "merchant_refund",
    "Payout Refund": "payout_refund",
}
EVENT_FIELDS: Final = {
    "APPROVAL": {"date", "amount", "entered_on"},
    "DISBURSEMENT": {"date", "amount", "entered_on"},
    **{kind: {"date", "amount", "entered_on"} for kind in _RECEIPTS},
    "CHARGE": {"charge", "is_penalty", "due_date", "amount", "calculation", "percent", "entered_on"},
    "CLOSE_OF_BUSINESS": {"business_date"},
    "UNDO_TRANSACTION": {"nth", "transaction_type", "transaction_date", "entered_on"},
    "RESCHEDULE": {
        "entered_on",
        "from_due_date",
        "adjusted_due_date",
        "grace_principal_instalments",
        "grace_interest_instalments",
        "extra_terms",
        "new_annual_rate_percent",
    },
    "RE_AGE": {"entered_on", "frequency", "start_date", "number_of_instalments"},
    "RE_AMORTIZE": {"entered_on"},
    "DELINQUENCY_PAUSE": {"start", "end", "entered_on"},
    "DELINQUENCY_RESUME": {"start", "date", "entered_on"},
}


@dataclass(slots=True)
class Transaction:
    """Money that moved, as the scenario lists it; `frozen` keeps how it read when it was undone.

    What an agreement spread anew is listed among it; its `amount` follows from the events before it.
    """

    event_no: int
    on: date
    kind: str
    amount: int
    frozen: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One state: after which event, on which business date, and what stood then."""

    state: State
    on: date
    until: date | None
    transactions: tuple[Transaction, ...]
    disbursements: tuple[tuple[date, int], ...]
    approved: bool
    bucket: str | None
    row_buckets: Mapping[int, str]
    pauses: tuple[Pause, ...]
    events: tuple[Event, ...]


def replay(scenario: Mapping[str, Any]) -> tuple[Setting, list[Reading]]:
    setting = read_setting(scenario.get("terms"))
    events = scenario.get("events")
    if not isinstance(events, list):
        raise BadInput("events: write a list", field="events")
    history = _History(setting)
    readings = [history.reading(setting.submitted_on)]
    for index, event in enumerate(events):
        where = f"events[{index}]"
        kind = event.get("type") if isinstance(event, Mapping) else None
        if not isinstance(kind, str) or kind not in EVENT_FIELDS:
            raise BadInput(f"{where}.type: {kind!r} is not an event that we know", field=f"{where}.type")
        given = an_object(event, where, known=EVENT_FIELDS[kind] | {"type"})
        on = history.apply(given, where)
        readings[-1] = replace(readings[-1], until=on)
        readings.append(history.reading(on))
    return setting, readings


class _History:
    """A scenario's events so far, and the state they make."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.terms = setting.terms
        self.events: list[Event] = []
        self.transactions: list[Transaction] = []
        self.disbursements: list[tuple[date, int]] = []
        self.at_payout: list[tuple[str, Fraction | int]] = []
        self.extended_from: int | None = None
        self.approved = False
        self.penalised: set[int] = set()
        self.pauses: list[Pause] = []
        self.bucket: str | None = None
        self.row_buckets: dict[int, str] = {}
        self.closed_on: date | None = None

    def reading(self, on: date) -> Reading:
        return Reading(
            state=self.state(),
            on=on,
            until=None,
            transactions=tuple(replace(transaction) for transaction in self.transactions),
            disbursements=tuple(self.disbursements),
            approved=self.approved,
            bucket=self.bucket,
            row_buckets=dict(self.row_buckets),
            pauses=tuple(self.pauses),
            events=tuple(self.events),
        )

    def state(self) -> State:
        state = fold(self.terms, self.events)
        return state if self.closed_on is None else standing(state, self.closed_on)

    def apply(self, event: Mapping[str, Any], where: str) -> date:
        """Take in one event of the scenario; the business date that it brings is returned."""
        kind = event["type"]
        if kind == "CLOSE_OF_BUSINESS":
            on = parse_date(event.get("business_date"), f"{where}.business_date")
            self._penalise(on - timedelta(days=1))
            if self.terms.recalculates:
                self.closed_on = on
            if not any(pause.covers(on) for pause in self.pauses):
                self._classify(on)
            return on
        on = parse_date(event.get("entered_on", event.get("date")), f"{where}.entered_on")
        if kind == "APPROVAL":
            self.approved = True
            if not self.disbursements:
                self.terms = replace(self.terms, principal=self._amount(event, where))
        elif kind == "DISBURSEMENT":
            self._disburse(self._amount(event, where), parse_date(event.get("date"), f"{where}.date"), on)
        elif kind in _RECEIPTS:
            value_date = parse_date(event.get("date"), f"{where}.date")
            asked = kind == "PAYOFF" and event.get("amount") is None
            amount = self._owed(value_date) if asked else self._amount(event, where)
            self._receive(amount, value_date, on, kind=_RECEIPTS[kind])
            self._classify(on)
        elif kind == "CHARGE":
            self._charge(event, where, on)
        elif kind == "UNDO_TRANSACTION":
            self._undo(event, where, on)
            self._classify(on)
        elif kind == "RESCHEDULE":
            self._reschedule(event, where, on)
        elif kind == "RE_AGE":
            self._re_age(event, where, on)
            self._classify(on)
        elif kind == "RE_AMORTIZE":
            self._agree(Rearrangement(Kind.REAMORTISE, charges=Charges.STAY), on, where)
            self.transactions.append(Transaction(self.events[-1].event_no, on, _AGREED["RE_AMORTIZE"], 0))
            self._classify(on)
        elif kind == "DELINQUENCY_PAUSE":
            self.pauses.append(Pause(parse_date(event.get("start"), f"{where}.start"), parse_date(event.get("end"), f"{where}.end")))
        else:
            ends = parse_date(event.get("start", event.get("date", event.get("entered_on"))), f"{where}.start")
            self.pauses = [replace(pause, ends_on=ends) if pause.covers(ends) else pause for pause in self.pauses]
        return on

    def _owed(self, on: date) -> int:
        """What ends the loan: without recalculation the peer asks for all that is scheduled."""
        state = self.state()
        return payoff(state, on) if self.terms.recalculates else sum(row.unpaid for row in state.instalments)

    def _disburse(self, amount: int, on: date, entered_on: date) -> None:
        if not self.disbursements:
            # With interest the older engine sets the instalment once, for all that was approved.
            once = self.setting.several and not self.setting.progressive and self.terms.rate.ppb
            fixed = level(self.terms) if once else None
            days = self.setting.fixed_length_days
            fees = tuple(self._payout_fee(name, asked, amount) for name, asked in self.at_payout)
            self.terms = replace(
                self.terms, principal=amount, disbursed_on=on, instalment_amount=fixed, balloon=min(self.terms.balloon, amount - 1),
                last_due_on=None if days is None else on + timedelta(days=days), fees=(*self.terms.fees, *fees),
            )  # fmt: skip
        longer = self.extended_from if self.disbursements and not self.setting.progressive else None
        if longer is not None and any(row.n >= longer and row.due_on < on for row in regular(self.state())):
            # The peer's older engine shares it among what has fallen due of a longer term too, as if it had been known before.
            raise NotYet("payout-after-extension", "events")
        if self.disbursements and on >= max(row.due_on for row in regular(self.state())):
            # The peer makes a new instalment of it; a contract of ours has run out by then.
            raise NotYet("payout-after-maturity", "events")
        self.disbursements.append((on, amount))
        self._add("disbursed", on, entered_on, {"amount": amount})
        self.transactions.append(Transaction(self.events[-1].event_no, on, "Disbursement", amount))
        if self.at_payout:
            # The peer takes the fees of a payout as paid with it.
            self._receive(payout_fees(self.terms), on, entered_on, kind="Repayment (at time of disbursement)")
            self.at_payout = []
        at_once = down_payment(self.terms, amount)
        if at_once and self.setting.auto_down_payment:
            self._receive(at_once, on, entered_on, kind="Down Payment")

    def _receive(self, amount: int, on: date, entered_on: date, *, kind: str) -> None:
        self._add("receipt", on, entered_on, {"amount": amount, "type": MONEY_OF.get(kind, "receipt")})
        self.transactions.append(Transaction(self.events[-1].event_no, on, kind, amount))

    def _charge(self, event: Mapping[str, Any], where: str, on: date) -> None:
        part = "penalty" if event.get("is_penalty") else "fee"
        each, base = charge_base(event, where)
        percent = None if base is None else Fraction(a_percent(event.get("percent"), f"{where}.percent"), BILLION)
        if not each and event.get("due_date") is None:
            if self.disbursements or part == "penalty" or BASES.get(str(base), ("principal",)) != ("principal",):
                raise NotYet("charge-without-a-day", f"{where}.due_date")
            self.at_payout.append((str(event.get("charge")), self._amount(event, where) if percent is None else percent))
            return
        rows = [row for row in self.state().instalments if row.n >= 1]
        if each and percent is not None and base is not None:
            for row in rows:
                self._put(part, _share(row, base, percent, self.terms), row.due_on, on)
        elif percent is not None and base is not None:
            # A down payment is a part of the loan too.
            amount = to_minor(percent * sum(_base_of(row, base) for row in self.state().instalments), self.terms.rounding)
            self._put(part, amount, parse_date(event.get("due_date"), f"{where}.due_date"), on)
        else:
            self._put(part, self._amount(event, where), parse_date(event.get("due_date"), f"{where}.due_date"), on)

    def _payout_fee(self, name: str, asked: Fraction | int, amount: int) -> Fee:
        return Fee(name, asked if isinstance(asked, int) else to_minor(asked * amount, self.terms.rounding), FeeAt.DISBURSEMENT)

    def _put(self, part: str, amount: int, due_on: date, on: date) -> None:
        # The older engine lays all receipts anew on a schedule that already has the charge.
        value_date = on if self.setting.progressive else self.terms.disbursed_on
        self._add("charge", value_date, on, {"part": part, "amount": amount, "due_on": due_on})

    def _penalise(self, on: date) -> None:
        """The night's penalties: once for each instalment that is overdue by more than the days of waiting."""
        for base, percent in self.setting.overdue_charges:
            for row in self.state().instalments:
                late = (on - row.due_on).days > _PENALTY_WAIT_DAYS
                if late and row.unpaid and row.n >= 1 and row.n not in self.penalised:
                    self.penalised.add(row.n)
                    self._put("penalty", _share(row, base, percent, self.terms), row.due_on, on)

    def _reschedule(self, event: Mapping[str, Any], where: str, on: date) -> None:
        """One request may name another day, another rate, a holiday and more instalments: they are agreed to in this order."""
        from_day = parse_date(event.get("from_due_date"), f"{where}.from_due_date")
        row = next((row for row in self.state().instalments if row.n >= 1 and row.due_on == from_day), None)
        if row is None:
            raise BadInput(f"{where}.from_due_date: no instalment falls due on {from_day}", field=f"{where}.from_due_date")
        if event.get("adjusted_due_date") is not None:
            to = parse_date(event["adjusted_due_date"], f"{where}.adjusted_due_date")
            self._agree(Rearrangement(Kind.DUE_DATES, from_n=row.n, due_on=to), on, where)
        if event.get("new_annual_rate_percent") is not None:
            rate = Rate(a_percent(event["new_annual_rate_percent"], f"{where}.new_annual_rate_percent"))
            self._agree(Rearrangement(Kind.NEW_RATE, from_n=row.n, rate=rate), on, where)
        said = {
            name: a_whole(event[name], f"{where}.{name}", least=1)
            for name in ("grace_principal_instalments", "grace_interest_instalments", "extra_terms")
            if event.get(name) is not None
        }
        # The peer gives back at the end the instalments that a holiday from principal takes away.
        if "grace_principal_instalments" in said:
            periods = said["grace_principal_instalments"]
            self._agree(Rearrangement(Kind.HOLIDAY, from_n=row.n, periods=periods, asks=Asks.INTEREST, longer=True), on, where)
        if "extra_terms" in said:
            self.extended_from = row.n
            self._agree(Rearrangement(Kind.EXTEND, from_n=row.n, instalments=said["extra_terms"]), on, where)
        if "grace_interest_instalments" in said:
            periods = said["grace_interest_instalments"]
            self._agree(Rearrangement(Kind.HOLIDAY, from_n=row.n, periods=periods, asks=Asks.PRINCIPAL), on, where)

    def _re_age(self, event: Mapping[str, Any], where: str, on: date) -> None:
        every = an_object(event.get("frequency"), f"{where}.frequency", known={"count", "unit"}, needed=("count", "unit"))
        unit = Unit(a_choice(every["unit"], ("DAYS", "WEEKS", "MONTHS"), f"{where}.frequency.unit").lower())
        change = Rearrangement(
            Kind.REAGE,
            instalments=a_whole(event.get("number_of_instalments"), f"{where}.number_of_instalments", least=1, most=MOST_INSTALMENTS),
            start_on=parse_date(event.get("start_date"), f"{where}.start_date"),
            every_unit=unit,
            every_count=a_whole(every["count"], f"{where}.frequency.count", least=1),
        )
        self._agree(change, on, where)
        self.transactions.append(Transaction(self.events[-1].event_no, on, _AGREED["RE_AGE"], 0))

    def _agree(self, change: Rearrangement, on: date, where: str) -> None:
        try:
            plan = rearranged(self.state(), self.events, change, loan="the loan", on=on)
        except Refusal as refusal:
            raise NotYet("rearrangement-refused", where) from refusal
        self._add(plan.event_kind, on, on, plan.payload)

    def _undo(self, event: Mapping[str, Any], where: str, entered_on: date) -> None:
        on = parse_date(event.get("transaction_date"), f"{where}.transaction_date")
        kind = event.get("transaction_type")
        names = {"ANY_ON_DATE": None, **_AGREED, **_RECEIPTS, "DOWN_PAYMENT": "Down Payment", "DISBURSEMENT": "Disbursement"}
        if kind not in names:
            raise BadInput(f"{where}.transaction_type: {kind!r} is not one that we know", field=f"{where}.transaction_type")
        found = [one for one in self.transactions if one.on == on and names[kind] in (None, one.kind)]
        nth = a_whole(event.get("nth"), f"{where}.nth")
        if not 1 <= nth <= len(found):
            raise BadInput(f"{where}.nth: there is no transaction {nth} on {on}", field=f"{where}.nth")
        undone = found[nth - 1]
        lines = transactions(self.reading(entered_on))
        undone.frozen = lines[_listed(self.transactions).index(undone)] | {"reverted": True}
        self._add("reversal", entered_on, entered_on, {"event_no": undone.event_no})

    def _classify(self, on: date) -> None:
        """Read arrears as of `on` and keep the buckets until they are next read."""
        late = Late(self.setting, self.state(), tuple(self.pauses), on)
        self.bucket = late.bucket
        self.row_buckets = late.row_buckets if self.bucket else {}

    def _amount(self, event: Mapping[str, Any], where: str) -> int:
        return an_amount(event.get("amount"), self.terms.currency, f"{where}.amount")

    def _add(self, kind: str, on: date, entered_on: date, payload: Mapping[str, Any]) -> None:
        self.events.append(Event(len(self.events) + 1, kind, on, entered_on, payload))


class Late:
    """How late a state is on a day, by the scenario's own buckets."""

    def __init__(self, setting: Setting, state: State, pauses: tuple[Pause, ...], on: date) -> None:
        self.overdue = [row for row in state.instalments if row.due_on < on and row.unpaid]
        self.amount = sum(row.unpaid for row in self.overdue)
        self.since: date | None = None
        self.days = self.past_due = 0
        if self.overdue:
            self.since = self.overdue[0].due_on + timedelta(days=setting.arrears_grace_days)
            self.days = max(0, (on - self.since).days - paused_days(pauses, on))
            self.past_due = (on - self.overdue[0].due_on).days
        self.bucket = bucket_of(setting.buckets, self.days)
        self.row_buckets: dict[int, str] = {}
        for row in self.overdue:
            found = bucket_of(setting.buckets, (on - row.due_on).days - paused_days(pauses, on))
            if found:
                self.row_buckets[row.n] = found


def transactions(reading: Reading) -> list[dict[str, Any]]:
    """What moved, by date; one that was undone stays as it read before, marked as reverted."""
    currency = reading.state.terms.currency
    parts: dict[int, list[int]] = {}
    for line in reading.state.allocations:
        sums = parts.setdefault(line.event_no, [0, 0, 0, 0])
        for index, value in enumerate((line.principal, line.interest, line.fee, line.penalty)):
            sums[index] += value
    lines: dict[int, dict[str, Any]] = {}
    balance = 0
    ordered = _listed(reading.transactions)
    for one in ordered:
        if one.frozen is not None:
            lines[one.event_no] = one.frozen
            continue
        principal, interest, fee, penalty = parts.get(one.event_no, [0, 0, 0, 0])
        amount, agreed = one.amount, one.kind in _AGREED.values()
        if agreed:
            amount = principal = _spread_anew(reading, one)
        paid_out = one.kind == "Disbursement"
        balance += amount if paid_out else 0 if agreed else -principal
        over = 0 if paid_out else amount - principal - interest - fee - penalty
        lines[one.event_no] = {
            "date": one.on.isoformat(),
            "type": one.kind,
            "amount": decimal_of(amount, currency),
            "principal": decimal_of(principal, currency),
            "interest": decimal_of(interest, currency),
            "fees": decimal_of(fee, currency),
            "penalties": decimal_of(penalty, currency),
            # What an agreement spreads anew is listed by the peer as if nothing were owed after it.
            "principal_balance_after": decimal_of(0 if agreed else balance, currency),
            "reverted": False,
            "overpayment": decimal_of(over, currency),
        }
    return [lines[one.event_no] for one in ordered]


def _listed(moved: Sequence[Transaction]) -> list[Transaction]:
    return sorted(moved, key=lambda one: (one.on, one.event_no))


def _spread_anew(reading: Reading, agreed: Transaction) -> int:
    """The principal that an agreement has spread anew: all that was owed, or what was overdue, by what is known now of the days before."""
    before = [event for event in in_order(reading.events) if (event.on, event.event_no) < (agreed.on, agreed.event_no)]
    state = fold(reading.state.terms, before)
    if agreed.kind == _AGREED["RE_AGE"]:
        return state.principal_out
    return sum(row.principal - row.principal_paid for row in state.instalments if row.due_on <= agreed.on)


def charge_base(event: Mapping[str, Any], where: str) -> tuple[bool, str | None]:
    """Whether a charge is put on each instalment, and what its percentage is of; None for a fixed amount."""
    name = event.get("calculation")
    if name in (None, "FLAT"):
        return False, None
    each = str(name).startswith("PERCENT_OF_EACH_INSTALMENT_")
    base = str(name).removeprefix("PERCENT_OF_EACH_INSTALMENT_").removeprefix("PERCENT_OF_")
    if base not in BASES:
        raise NotYet(f"charge-{str(name).lower().replace('_', '-')}", f"{where}.calculation")
    return each, base


def _base_of(row: Instalment, base: str) -> int:
    return sum({"principal": row.principal, "interest": row.interest}[part] for part in BASES[base])


def _share(row: Instalment, base: str, percent: Fraction, terms: Terms) -> int:
    return to_minor(percent * _base_of(row, base), terms.rounding)
