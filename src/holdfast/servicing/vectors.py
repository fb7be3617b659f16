"""Test vectors: another system's worked examples, replayed through our own rules.

A scenario names a loan's terms and what happened to it. Here they become `Terms` and events, the one fold
runs over them, and the state is written in the vectors' own words. Nothing here computes a schedule, an
allocation or a balance; what the rules cannot do yet is said by family, from terms and events alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, Literal

from holdfast.kernel.calendar import DayCount, Unit, parse_date
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import decimal_of, exponent_of, minor_of
from holdfast.kernel.rate import BILLION, Rate, ppb_of_percent
from holdfast.kernel.rounding import Rounding, to_minor
from holdfast.servicing.arrears import Bucket, Pause, bucket_of, paused_days
from holdfast.servicing.fold import Event, Instalment, State, begin, in_order, step
from holdfast.servicing.schedule import down_payment, due_on
from holdfast.servicing.terms import Across, Annuity, Excess, Fee, FeeAt, Method, PayoffInterest, PeriodInterest, Terms

# Where our rule differs from the peer's on purpose; the reason stands beside each.
CONVENTIONS: Final = {
    "cumulative-recalculation": "the peer takes early money to principal and keeps the period's interest; we pay what is due first",
    "progressive-overdue": "the peer lets interest on overdue principal grow into the last instalment; we charge a penalty where agreed",
    "re-age": "the peer keeps the old instalments with zero amounts; we close them by an event and keep their figures readable",
}
# What is not built yet, by the event that asks for it.
NOT_YET_EVENTS: Final = {
    "RESCHEDULE": "reschedule",
    "RE_AMORTIZE": "re-amortize",
}
_PENALTY_WAIT_DAYS: Final = 2  # the peer's platform setting, see the vectors' README

_ROUNDING: Final = {
    "HALF_EVEN": Rounding.HALF_EVEN,
    "HALF_UP": Rounding.HALF_UP,
    "UP": Rounding.UP,
    "DOWN": Rounding.DOWN,
}
_DAY_COUNT: Final = {
    ("30", "360"): DayCount.THIRTY_360,
    ("ACTUAL", "360"): DayCount.ACTUAL_360,
    ("ACTUAL", "365"): DayCount.ACTUAL_365,
    ("ACTUAL", "ACTUAL"): DayCount.ACTUAL_ACTUAL,
}
_EXCESS: Final = {"NEXT_INSTALLMENT": Excess.NEXT, "LAST_INSTALLMENT": Excess.LAST, "REAMORTIZATION": Excess.SPREAD}
_ADVANCED: Final = "advanced-payment-allocation-strategy"
_STRATEGIES: Final = (
    _ADVANCED,
    "mifos-standard-strategy",
    "due-penalty-fee-interest-principal-in-advance-principal-penalty-fee-interest-strategy",
    "due-penalty-interest-principal-fee-in-advance-penalty-interest-principal-fee-strategy",
)
_RECEIPTS: Final = {
    "REPAYMENT": "Repayment",
    "GOODWILL_CREDIT": "Goodwill Credit",
    "MERCHANT_ISSUED_REFUND": "Merchant Issued Refund",
    "PAYOUT_REFUND": "Payout Refund",
    "PAYOFF": "Repayment",
}
_EVENT_FIELDS: Final = {
    "APPROVAL": {"date", "amount", "entered_on"},
    "DISBURSEMENT": {"date", "amount", "entered_on"},
    **{kind: {"date", "amount", "entered_on"} for kind in _RECEIPTS},
    "CHARGE": {"charge", "is_penalty", "due_date", "amount", "calculation", "percent", "entered_on"},
    "CLOSE_OF_BUSINESS": {"business_date"},
    "UNDO_TRANSACTION": {"nth", "transaction_type", "transaction_date", "entered_on"},
    "DELINQUENCY_PAUSE": {"start", "end", "entered_on"},
    "DELINQUENCY_RESUME": {"start", "date", "entered_on"},
}
_TERMS_FIELDS: Final = {
    "product_name_in_source",
    "currency",
    "rounding_mode",
    "instalment_amount_in_multiples_of",
    "schedule_engine",
    "schedule_processing",
    "principal",
    "annual_rate_percent",
    "interest_method",
    "amortization",
    "interest_calculation_period",
    "allow_partial_period_interest",
    "days_in_month",
    "days_in_year",
    "days_in_year_named_in_source",
    "number_of_instalments",
    "repayment_every",
    "loan_term",
    "fixed_length_days",
    "grace",
    "interest_charged_from",
    "first_due_date_counted_from",
    "submitted_on",
    "expected_disbursement_on",
    "multi_disbursement",
    "principal_threshold_percent_for_last_instalment",
    "interest_recalculation",
    "down_payment",
    "product_charges",
    "grace_on_arrears_ageing_days",
    "delinquency_buckets",
    "instalment_level_delinquency",
    "payment_allocation",
    "month_end_rule",
    "fees",
}
_REQUIRED: Final = (
    "currency",
    "principal",
    "annual_rate_percent",
    "interest_method",
    "amortization",
    "number_of_instalments",
    "repayment_every",
    "expected_disbursement_on",
)


class NotYet(BadInput):
    """Well-formed, but of a family that our rules cannot do yet; `family` names it."""

    code = "not_yet"

    def __init__(self, family: str, field: str) -> None:
        super().__init__(f"{field}: {family} is not built yet", field=field)
        self.family = family


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a scenario is not run: `convention` or `not-yet`, and the name on our list."""

    why: Literal["convention", "not-yet"]
    name: str

    def __str__(self) -> str:
        return f"{self.why} {self.name}"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a scenario's terms say beside the contract itself."""

    terms: Terms
    progressive: bool
    auto_down_payment: bool
    excess: Mapping[str, Excess]
    submitted_on: date
    overdue_charges: tuple[tuple[str, Fraction], ...]
    arrears_grace_days: int
    buckets: tuple[Bucket, ...]
    instalment_level: bool


@dataclass(slots=True)
class _Transaction:
    """Money that moved, as the scenario lists it; `frozen` keeps how it read when it was undone."""

    event_no: int
    on: date
    kind: str
    amount: int
    frozen: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One state: after which event, on which business date, and what stood then."""

    state: State
    on: date
    until: date | None
    transactions: tuple[_Transaction, ...]
    disbursements: tuple[tuple[date, int], ...]
    approved: bool
    bucket: str | None
    row_buckets: Mapping[int, str]
    pauses: tuple[Pause, ...]
    events: tuple[Event, ...]


def skip_of(scenario: Mapping[str, Any]) -> Skip | None:
    """Why this scenario is not run, read from its terms and events only; None if it is."""
    terms, events = scenario.get("terms"), scenario.get("events")
    if not isinstance(terms, Mapping) or not isinstance(events, list):
        return None
    kinds = [event.get("type") for event in events if isinstance(event, Mapping)]
    recalculation = terms.get("interest_recalculation")
    moved = [kind for kind in kinds if kind not in ("APPROVAL", "DISBURSEMENT")] or kinds.count("DISBURSEMENT") > 1
    if "RE_AGE" in kinds:
        return Skip("convention", "re-age")
    if isinstance(recalculation, Mapping) and moved:
        if terms.get("schedule_engine") == "PROGRESSIVE":
            overdue = "CLOSE_OF_BUSINESS" in kinds
            return Skip("convention", "progressive-overdue") if overdue else Skip("not-yet", "progressive-recalculation")
        if recalculation.get("compounding") != "NONE":
            return Skip("not-yet", "recalculation-compounding")
        return Skip("convention", "cumulative-recalculation")
    for kind in kinds:
        if kind not in _EVENT_FIELDS:
            return Skip("not-yet", NOT_YET_EVENTS.get(str(kind), str(kind).lower().replace("_", "-")))
    rate = str(terms.get("annual_rate_percent", "0")).replace(".", "").strip("0")
    if kinds.count("DISBURSEMENT") > 1 and rate:
        return Skip("not-yet", "multi-disbursement-with-interest")
    try:
        read_setting(terms)
        for index, event in enumerate(events):
            if isinstance(event, Mapping) and event.get("type") == "CHARGE":
                _charge_base(event, f"events[{index}]")
    except NotYet as reason:
        return Skip("not-yet", reason.family)
    except BadInput:
        return None
    return None


def read_setting(data: object) -> Setting:
    """A scenario's `terms` object; BadInput names a field that is missing, unknown or malformed."""
    given = _object(data, "terms", known=_TERMS_FIELDS, needed=_REQUIRED)
    currency = _currency(given["currency"])
    engine = _choice(given.get("schedule_engine", "CUMULATIVE"), ("CUMULATIVE", "PROGRESSIVE"), "terms.schedule_engine")
    progressive = engine == "PROGRESSIVE"
    every = _object(given["repayment_every"], "terms.repayment_every", known={"count", "unit"}, needed=("count", "unit"))
    unit = Unit(_choice(every["unit"], ("DAYS", "WEEKS", "MONTHS"), "terms.repayment_every.unit").lower())
    grace = _object(
        given.get("grace") or {},
        "terms.grace",
        known={"principal_instalments", "interest_payment_instalments", "interest_free_instalments"},
    )
    if _whole(grace.get("interest_free_instalments", 0), "terms.grace.interest_free_instalments"):
        raise NotYet("interest-free-instalments", "terms.grace.interest_free_instalments")
    if given.get("fixed_length_days") is not None:
        raise NotYet("fixed-length", "terms.fixed_length_days")
    _fixed(given, "interest_charged_from", "ACTUAL_DISBURSEMENT_DATE")
    _fixed(given, "first_due_date_counted_from", "DISBURSEMENT_DATE")
    _fixed(given, "month_end_rule", "clamp to last day of month")
    rounding = _ROUNDING[_choice(given.get("rounding_mode", "HALF_EVEN"), tuple(_ROUNDING), "terms.rounding_mode")]
    rate = Rate(ppb_of_percent(given["annual_rate_percent"], "terms.annual_rate_percent"))
    method = _method(given, progressive, rate)
    multiple = given.get("instalment_amount_in_multiples_of")
    unit_minor = 1
    # The peer rounds a whole instalment or a flat one to the multiple, never the principal of equal principal.
    if multiple is not None and method is not Method.EQUAL_PRINCIPAL:
        unit_minor = max(1, _whole(multiple, "terms.instalment_amount_in_multiples_of") * 10 ** exponent_of(currency))
    instalments = _whole(given["number_of_instalments"], "terms.number_of_instalments")
    count = _whole(every["count"], "terms.repayment_every.count")
    _check_term(given, unit, count * instalments)
    down, automatic = _down_payment(given.get("down_payment"))
    order, ahead, across, excess = _allocation(given, progressive)
    disbursed_on = parse_date(given["expected_disbursement_on"], "terms.expected_disbursement_on")
    daily = _choice(
        given.get("interest_calculation_period", "SAME_AS_REPAYMENT_PERIOD"),
        ("DAILY", "SAME_AS_REPAYMENT_PERIOD"),
        "terms.interest_calculation_period",
    )
    terms = Terms(
        currency=currency,
        principal=_money(given["principal"], currency, "terms.principal"),
        method=method,
        rate=rate,
        instalments=instalments,
        disbursed_on=disbursed_on,
        day_count=_day_count(given, progressive),
        period_interest=PeriodInterest.DAILY if daily == "DAILY" else PeriodInterest.PERIOD,
        every_count=count,
        every_unit=unit,
        rounding=rounding,
        instalment_rounding=rounding,
        instalment_multiple=unit_minor,
        principal_grace=_whole(grace.get("principal_instalments", 0), "terms.grace.principal_instalments"),
        interest_grace=_whole(grace.get("interest_payment_instalments", 0), "terms.grace.interest_payment_instalments"),
        annuity=Annuity.EACH_PERIOD if progressive else Annuity.THIRTY_DAYS,
        balanced=progressive,
        down_payment_ppb=down,
        allocation=order,
        allocation_in_advance=ahead,
        across=across,
        excess=excess.get("DEFAULT", Excess.NEXT),
        payoff_interest=PayoffInterest.SCHEDULED,
        fees=_fees(given.get("fees", []), currency),
    )
    try:
        due_on(terms, instalments)
    except (ValueError, OverflowError):
        raise BadInput(
            "terms.number_of_instalments: the last due date is beyond the calendar", field="terms.number_of_instalments"
        ) from None
    for index, fee in enumerate(terms.fees):
        if isinstance(fee.at, date) and fee.at < disbursed_on:
            raise BadInput(f"terms.fees[{index}].at: must not come before the payout", field=f"terms.fees[{index}].at")
    return Setting(
        terms=terms,
        progressive=progressive,
        auto_down_payment=automatic,
        excess=excess,
        submitted_on=parse_date(given.get("submitted_on", given["expected_disbursement_on"]), "terms.submitted_on"),
        overdue_charges=_product_charges(given.get("product_charges") or []),
        arrears_grace_days=_whole(given.get("grace_on_arrears_ageing_days", 0), "terms.grace_on_arrears_ageing_days"),
        buckets=_buckets(given.get("delinquency_buckets") or []),
        instalment_level=bool(given.get("instalment_level_delinquency", False)),
    )


def states(scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our state after event 0 to n in the vectors' `expected` form; `expected` itself is not read."""
    setting, readings = _replay(scenario)
    return [_render(setting, reading, index, reading.on) for index, reading in enumerate(readings)]


def first_difference(scenario: Mapping[str, Any]) -> str | None:
    """The first place where `expected` and our state differ, as field, theirs and ours; None if they agree."""
    expected = scenario.get("expected")
    if not isinstance(expected, list) or not expected:
        return "expected: nothing to compare with"
    setting, readings = _replay(scenario)
    for index, wanted in enumerate(expected):
        where = f"expected[{index}]"
        if not isinstance(wanted, Mapping):
            return f"{where}: is not an object"
        after = wanted.get("after_event")
        if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < len(readings):
            return f"{where}.after_event: {after!r} is not one of 0 to {len(readings) - 1}"
        reading = readings[after]
        # Days may pass between two events: the state may be read on the next event's date too.
        on = reading.until if reading.until and wanted.get("business_date") == reading.until.isoformat() else reading.on
        found = _difference(wanted, _render(setting, reading, after, on), where)
        if found:
            return found
    return None


def _difference(wanted: object, ours: object, where: str) -> str | None:
    if isinstance(wanted, Mapping) and isinstance(ours, Mapping):
        for key, value in wanted.items():
            if key == "note":
                continue
            if key not in ours:
                return f"{where}.{key}: we do not say this"
            found = _difference(value, ours[key], f"{where}.{key}")
            if found:
                return found
        return None
    if isinstance(wanted, list) and isinstance(ours, list):
        for index, (theirs, mine) in enumerate(zip(wanted, ours, strict=False)):
            found = _difference(theirs, mine, f"{where}[{index}]")
            if found:
                return found
        return None if len(wanted) == len(ours) else f"{where}: expected {len(wanted)} rows, ours {len(ours)}"
    same = type(wanted) is type(ours) and wanted == ours
    return None if same else f"{where}: expected {wanted!r}, ours {ours!r}"


def _replay(scenario: Mapping[str, Any]) -> tuple[Setting, list[_Reading]]:
    setting = read_setting(scenario.get("terms"))
    events = scenario.get("events")
    if not isinstance(events, list):
        raise BadInput("events: write a list", field="events")
    history = _History(setting)
    readings = [history.reading(setting.submitted_on)]
    for index, event in enumerate(events):
        where = f"events[{index}]"
        kind = event.get("type") if isinstance(event, Mapping) else None
        if kind not in _EVENT_FIELDS:
            raise BadInput(f"{where}.type: {kind!r} is not an event that we know", field=f"{where}.type")
        given = _object(event, where, known=_EVENT_FIELDS[kind] | {"type"})
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
        self.transactions: list[_Transaction] = []
        self.disbursements: list[tuple[date, int]] = []
        self.approved = False
        self.penalised: set[int] = set()
        self.pauses: list[Pause] = []
        self.bucket: str | None = None
        self.row_buckets: dict[int, str] = {}

    def reading(self, on: date) -> _Reading:
        return _Reading(
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
        state = begin(self.terms)
        for event in in_order(self.events):
            step(state, event)
        return state

    def apply(self, event: Mapping[str, Any], where: str) -> date:
        """Take in one event of the scenario; the business date that it brings is returned."""
        kind = event["type"]
        if kind == "CLOSE_OF_BUSINESS":
            on = parse_date(event.get("business_date"), f"{where}.business_date")
            self._penalise(on - timedelta(days=1))
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
            amount = sum(row.unpaid for row in self.state().instalments) if asked else self._amount(event, where)
            excess = self.setting.excess.get(kind, self.terms.excess)
            self._receive(amount, value_date, on, kind=_RECEIPTS[kind], excess=excess)
            self._classify(on)
        elif kind == "CHARGE":
            self._charge(event, where, on)
        elif kind == "UNDO_TRANSACTION":
            self._undo(event, where, on)
            self._classify(on)
        elif kind == "DELINQUENCY_PAUSE":
            self.pauses.append(Pause(parse_date(event.get("start"), f"{where}.start"), parse_date(event.get("end"), f"{where}.end")))
        else:
            ends = parse_date(event.get("start", event.get("date", event.get("entered_on"))), f"{where}.start")
            self.pauses = [replace(pause, ends_on=ends) if pause.covers(ends) else pause for pause in self.pauses]
        return on

    def _disburse(self, amount: int, on: date, entered_on: date) -> None:
        if not self.disbursements:
            self.terms = replace(self.terms, principal=amount, disbursed_on=on)
        self.disbursements.append((on, amount))
        self._add("disbursed", on, entered_on, {"amount": amount})
        self.transactions.append(_Transaction(self.events[-1].event_no, on, "Disbursement", amount))
        at_once = down_payment(self.terms, amount)
        if at_once and self.setting.auto_down_payment:
            self._receive(at_once, on, entered_on, kind="Down Payment", excess=self.terms.excess)

    def _receive(self, amount: int, on: date, entered_on: date, *, kind: str, excess: Excess) -> None:
        self._add("receipt", on, entered_on, {"amount": amount, "excess": excess.value})
        self.transactions.append(_Transaction(self.events[-1].event_no, on, kind, amount))

    def _charge(self, event: Mapping[str, Any], where: str, on: date) -> None:
        part = "penalty" if event.get("is_penalty") else "fee"
        each, base = _charge_base(event, where)
        percent = None if base is None else Fraction(ppb_of_percent(event.get("percent", ""), f"{where}.percent"), BILLION)
        rows = [row for row in self.state().instalments if row.n >= 1]
        if each and percent is not None and base is not None:
            for row in rows:
                self._put(part, _share(row, base, percent, self.terms), row.due_on, on)
        elif percent is not None and base is not None:
            amount = to_minor(percent * sum(_base_of(row, base) for row in rows), self.terms.rounding)
            self._put(part, amount, parse_date(event.get("due_date"), f"{where}.due_date"), on)
        else:
            self._put(part, self._amount(event, where), parse_date(event.get("due_date"), f"{where}.due_date"), on)

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

    def _undo(self, event: Mapping[str, Any], where: str, entered_on: date) -> None:
        on = parse_date(event.get("transaction_date"), f"{where}.transaction_date")
        kind = event.get("transaction_type")
        names = {"ANY_ON_DATE": None, **_RECEIPTS}
        if kind not in names:
            raise BadInput(f"{where}.transaction_type: {kind!r} is not one that we know", field=f"{where}.transaction_type")
        found = [one for one in self.transactions if one.on == on and names[kind] in (None, one.kind)]
        nth = _whole(event.get("nth"), f"{where}.nth")
        if not 1 <= nth <= len(found):
            raise BadInput(f"{where}.nth: there is no transaction {nth} on {on}", field=f"{where}.nth")
        undone = found[nth - 1]
        lines = _transactions(self.reading(entered_on))
        undone.frozen = lines[self.transactions.index(undone)] | {"reverted": True}
        self._add("reversal", entered_on, entered_on, {"event_no": undone.event_no})

    def _classify(self, on: date) -> None:
        """Read arrears as of `on` and keep the buckets until they are next read."""
        late = _Late(self.setting, self.state(), tuple(self.pauses), on)
        self.bucket = late.bucket
        self.row_buckets = late.row_buckets if self.bucket else {}

    def _amount(self, event: Mapping[str, Any], where: str) -> int:
        return _money(event.get("amount"), self.terms.currency, f"{where}.amount")

    def _add(self, kind: str, on: date, entered_on: date, payload: Mapping[str, Any]) -> None:
        self.events.append(Event(len(self.events) + 1, kind, on, entered_on, payload))


class _Late:
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


def _render(setting: Setting, reading: _Reading, after: int, on: date) -> dict[str, Any]:
    state, currency = reading.state, setting.terms.currency

    def money(minor: int) -> str:
        return decimal_of(minor, currency)

    schedule, totals = _schedule(setting, reading)
    late = _Late(setting, state, reading.pauses, on)
    outstanding = sum(row.unpaid for row in state.instalments)
    since = None if late.since is None else late.since.isoformat()
    bucket = reading.bucket or "NO_DELINQUENCY"
    by_bucket: dict[str, int] = {}
    for row in late.overdue:
        if row.n in reading.row_buckets:
            name = reading.row_buckets[row.n]
            by_bucket[name] = by_bucket.get(name, 0) + row.unpaid
    order = [one.name for one in setting.buckets]
    return {
        "after_event": after,
        "business_date": on.isoformat(),
        "status": _status(reading, outstanding),
        "number_of_instalments": len(state.instalments),
        "schedule": schedule,
        "totals": totals,
        "transactions": _transactions(reading),
        "total_outstanding": money(outstanding),
        "total_overdue": money(late.amount),
        "overpaid": money(state.totals.overpaid),
        "delinquency": {"bucket": bucket, "delinquent_since": since},
        "delinquency_loan_level": {
            "bucket": bucket,
            "delinquent_amount": money(late.amount),
            "delinquent_since": since,
            "delinquent_days": late.days,
            "past_due_days": late.past_due,
        },
        "delinquency_instalment_level": [{"bucket": name, "amount": money(by_bucket[name])} for name in sorted(by_bucket, key=order.index)]
        if setting.instalment_level
        else [],
    }


def _status(reading: _Reading, outstanding: int) -> str:
    if not reading.disbursements:
        return "APPROVED" if reading.approved else "SUBMITTED_AND_PENDING_APPROVAL"
    if reading.state.totals.overpaid:
        return "OVERPAID"
    return "ACTIVE" if outstanding else "CLOSED_OBLIGATIONS_MET"


def _schedule(setting: Setting, reading: _Reading) -> tuple[list[dict[str, Any]], dict[str, str]]:
    state, currency = reading.state, setting.terms.currency
    dates = {event.event_no: event.on for event in reading.events}
    early: dict[int, int] = {}
    late: dict[int, int] = {}
    due = {row.n: row.due_on for row in state.instalments}
    for line in state.allocations:
        if dates[line.event_no] < due[line.n]:
            early[line.n] = early.get(line.n, 0) + line.amount
        elif dates[line.event_no] > due[line.n]:
            late[line.n] = late.get(line.n, 0) + line.amount
    rows: list[dict[str, Any]] = []
    payouts = list(reading.disbursements) or [(state.terms.disbursed_on, state.terms.principal)]
    balance, since = 0, state.terms.disbursed_on
    sums = dict.fromkeys(("principal", "interest", "fees", "penalties", "due", "paid", "paid_in_advance", "paid_late", "outstanding"), 0)
    for number, row in enumerate(state.instalments, start=1):
        while payouts and _stands_before(payouts[0][0], row, setting):
            on, amount = payouts.pop(0)
            balance += amount
            rows.append(_payout(on, amount, currency))
        balance -= row.principal
        amounts = {
            "principal": row.principal,
            "interest": row.interest,
            "fees": row.fee,
            "penalties": row.penalty,
            "due": row.due,
            "paid": row.paid,
            "paid_in_advance": early.get(row.n, 0),
            "paid_late": late.get(row.n, 0),
            "outstanding": row.unpaid,
        }
        for name, value in amounts.items():
            sums[name] += value
        rows.append(
            {
                "row_type": "INSTALMENT",
                "nr": number,
                "days": (row.due_on - since).days if row.n >= 1 else 0,
                "due_date": row.due_on.isoformat(),
                "paid_date": row.paid_on.isoformat() if row.paid_on and row.due else None,
                "principal_balance_after": decimal_of(balance, currency),
                **{name: decimal_of(value, currency) for name, value in amounts.items()},
            }
        )
        if row.n >= 1:
            since = row.due_on
    rows.extend(_payout(on, amount, currency) for on, amount in payouts)
    return rows, {name: decimal_of(value, currency) for name, value in sums.items()}


def _stands_before(payout_on: date, row: Instalment, setting: Setting) -> bool:
    """A payout is listed before its own down payment; the older engine lists it before what is due that day too."""
    if row.n < 1:
        return payout_on <= row.due_on
    return payout_on < row.due_on or (payout_on == row.due_on and not setting.progressive)


def _payout(on: date, amount: int, currency: str) -> dict[str, Any]:
    zero = decimal_of(0, currency)
    return {"row_type": "DISBURSEMENT", "date": on.isoformat(), "amount": decimal_of(amount, currency), "fees_at_disbursement": zero}


def _transactions(reading: _Reading) -> list[dict[str, Any]]:
    """What moved, by date; one that was undone stays as it read before, marked as reverted."""
    currency = reading.state.terms.currency
    parts: dict[int, list[int]] = {}
    for line in reading.state.allocations:
        sums = parts.setdefault(line.event_no, [0, 0, 0, 0])
        for index, value in enumerate((line.principal, line.interest, line.fee, line.penalty)):
            sums[index] += value
    lines: dict[int, dict[str, Any]] = {}
    balance = 0
    ordered = sorted(reading.transactions, key=lambda one: (one.on, one.event_no))
    for one in ordered:
        if one.frozen is not None:
            lines[one.event_no] = one.frozen
            continue
        principal, interest, fee, penalty = parts.get(one.event_no, [0, 0, 0, 0])
        paid_out = one.kind == "Disbursement"
        balance += one.amount if paid_out else -principal
        over = 0 if paid_out else one.amount - principal - interest - fee - penalty
        lines[one.event_no] = {
            "date": one.on.isoformat(),
            "type": one.kind,
            "amount": decimal_of(one.amount, currency),
            "principal": decimal_of(principal, currency),
            "interest": decimal_of(interest, currency),
            "fees": decimal_of(fee, currency),
            "penalties": decimal_of(penalty, currency),
            "principal_balance_after": decimal_of(balance, currency),
            "reverted": False,
            "overpayment": decimal_of(over, currency),
        }
    return [lines[one.event_no] for one in ordered]


def _charge_base(event: Mapping[str, Any], where: str) -> tuple[bool, str | None]:
    """Whether a charge is put on each instalment, and what its percentage is of; None for a fixed amount."""
    name = event.get("calculation")
    if name in (None, "FLAT"):
        return False, None
    each = str(name).startswith("PERCENT_OF_EACH_INSTALMENT_")
    base = str(name).removeprefix("PERCENT_OF_EACH_INSTALMENT_").removeprefix("PERCENT_OF_")
    if base not in _BASES:
        raise NotYet(f"charge-{str(name).lower().replace('_', '-')}", f"{where}.calculation")
    return each, base


_BASES: Final = {
    "PRINCIPAL": ("principal",),
    "AMOUNT": ("principal",),
    "INTEREST": ("interest",),
    "PRINCIPAL_PLUS_INTEREST": ("principal", "interest"),
    "AMOUNT_PLUS_INTEREST": ("principal", "interest"),
}


def _base_of(row: Instalment, base: str) -> int:
    return sum({"principal": row.principal, "interest": row.interest}[part] for part in _BASES[base])


def _share(row: Instalment, base: str, percent: Fraction, terms: Terms) -> int:
    return to_minor(percent * _base_of(row, base), terms.rounding)


def _currency(value: object) -> str:
    given = _object(value, "terms.currency", known={"code", "decimal_places", "in_multiples_of"}, needed=("code",))
    code = given["code"]
    if not isinstance(code, str):
        raise BadInput(f"terms.currency.code: write text, not {code!r}", field="terms.currency.code")
    places = exponent_of(code, "terms.currency.code")
    if given.get("decimal_places", places) != places:
        raise BadInput(f"terms.currency.decimal_places: {code} has {places}", field="terms.currency.decimal_places")
    if _whole(given.get("in_multiples_of", 0), "terms.currency.in_multiples_of") > 1:
        raise NotYet("currency-multiples", "terms.currency.in_multiples_of")
    return code


def _method(given: Mapping[str, Any], progressive: bool, rate: Rate) -> Method:
    interest = _choice(given["interest_method"], ("FLAT", "DECLINING_BALANCE"), "terms.interest_method")
    amortization = _choice(given["amortization"], ("EQUAL_INSTALLMENTS", "EQUAL_PRINCIPAL_PAYMENTS"), "terms.amortization")
    if progressive:
        if interest == "FLAT" and rate.ppb:
            raise NotYet("progressive-flat", "terms.interest_method")
        if amortization == "EQUAL_PRINCIPAL_PAYMENTS":
            raise NotYet("progressive-equal-principal", "terms.amortization")
        return Method.EQUAL_INSTALMENT
    if interest == "FLAT":
        return Method.FLAT
    return Method.EQUAL_PRINCIPAL if amortization == "EQUAL_PRINCIPAL_PAYMENTS" else Method.EQUAL_INSTALMENT


def _day_count(given: Mapping[str, Any], progressive: bool) -> DayCount:
    month = _choice(str(given.get("days_in_month", "ACTUAL")), ("30", "ACTUAL"), "terms.days_in_month")
    year = _choice(str(given.get("days_in_year", "ACTUAL")), ("360", "364", "365", "ACTUAL"), "terms.days_in_year")
    if (month, year) not in _DAY_COUNT:
        raise NotYet(f"day-count-{month}-{year}".lower(), "terms.days_in_year")
    found = _DAY_COUNT[month, year]
    # The older engine divides by 365 in leap years too.
    return DayCount.ACTUAL_365 if found is DayCount.ACTUAL_ACTUAL and not progressive else found


def _check_term(given: Mapping[str, Any], unit: Unit, length: int) -> None:
    if "loan_term" not in given:
        return
    term = _object(given["loan_term"], "terms.loan_term", known={"count", "unit"}, needed=("count", "unit"))
    count = _whole(term["count"], "terms.loan_term.count")
    if term["unit"] == unit.value.upper() and count != length:
        raise BadInput(f"terms.loan_term: {count} is not the number of instalments times their spacing, {length}", field="terms.loan_term")


def _down_payment(value: object) -> tuple[int, bool]:
    if value is None:
        return 0, False
    given = _object(
        value, "terms.down_payment", known={"percent_of_disbursed", "auto_repayment"}, needed=("percent_of_disbursed", "auto_repayment")
    )
    return ppb_of_percent(given["percent_of_disbursed"], "terms.down_payment.percent_of_disbursed"), given["auto_repayment"] is True


def _allocation(
    given: Mapping[str, Any], progressive: bool
) -> tuple[tuple[str, ...], tuple[str, ...] | None, Across, Mapping[str, Excess]]:
    """The order when due, the order in advance, across what, and where money beyond the due goes."""
    where = "terms.payment_allocation"
    value = given.get("payment_allocation")
    processing = given.get("schedule_processing")
    if processing is not None:
        _choice(processing, ("HORIZONTAL", "VERTICAL"), "terms.schedule_processing")
    across = Across.PART if processing == "VERTICAL" and progressive else Across.INSTALMENT
    if value is None:
        return ("penalty", "fee", "interest", "principal"), None, across, {}
    rule = "future_instalment_rule_by_transaction_type"
    allocation = _object(value, where, known={"strategy", "order", rule}, needed=("strategy", "order"))
    if allocation["strategy"] not in _STRATEGIES:
        raise NotYet("allocation-strategy", f"{where}.strategy")
    order = allocation["order"]
    if not isinstance(order, list) or not all(isinstance(item, str) for item in order):
        raise BadInput(f"{where}.order: write a list of text", field=f"{where}.order")
    groups = _order_groups(order, f"{where}.order")
    excess = {}
    for kind, name in _object(allocation.get(rule) or {}, f"{where}.{rule}", known=None).items():
        excess[kind] = _EXCESS[_choice(name, tuple(_EXCESS), f"{where}.{rule}.{kind}")]
    return groups["DUE"], groups["IN_ADVANCE"], across, excess


def _order_groups(order: Sequence[str], field: str) -> dict[str, tuple[str, ...]]:
    """The order of parts when due and in advance; what is overdue must be paid like what is due, and before it."""
    groups: dict[str, list[str]] = {}
    for item in order:
        prefix = next((one for one in ("PAST_DUE_", "DUE_", "IN_ADVANCE_") if item.startswith(one)), "")
        groups.setdefault(prefix.rstrip("_"), []).append(item.removeprefix(prefix).lower())
    if list(groups) == [""]:
        groups = {"DUE": groups[""], "IN_ADVANCE": groups[""]}
    if list(groups) == ["PAST_DUE", "DUE", "IN_ADVANCE"] and groups["PAST_DUE"] == groups["DUE"]:
        del groups["PAST_DUE"]
    straight = [part for name in ("PAST_DUE", "DUE", "IN_ADVANCE") for part in groups.get(name, [])]
    listed = [item.removeprefix("PAST_").removeprefix("DUE_").removeprefix("IN_ADVANCE_").lower() for item in order]
    if list(groups) != ["DUE", "IN_ADVANCE"] or listed[-len(straight) :] != straight[-len(listed) :]:
        raise NotYet("allocation-order", field)
    for name, parts in groups.items():
        if sorted(parts) != ["fee", "interest", "penalty", "principal"]:
            raise BadInput(f"{field}: name each of PENALTY, FEE, INTEREST and PRINCIPAL once for {name}", field=field)
    return {name: tuple(parts) for name, parts in groups.items()}


def _product_charges(value: object) -> tuple[tuple[str, Fraction], ...]:
    if not isinstance(value, list):
        raise BadInput("terms.product_charges: write a list", field="terms.product_charges")
    charges = []
    for index, item in enumerate(value):
        where = f"terms.product_charges[{index}]"
        given = _object(item, where, known={"name", "trigger", "is_penalty", "calculation", "percent"}, needed=("trigger", "calculation"))
        base = str(given["calculation"]).removeprefix("PERCENT_OF_OVERDUE_INSTALMENT_")
        if given["trigger"] != "OVERDUE_INSTALMENT" or base not in _BASES or given.get("is_penalty") is not True:
            raise NotYet("product-charge", where)
        charges.append((base, Fraction(ppb_of_percent(given.get("percent", ""), f"{where}.percent"), BILLION)))
    return tuple(charges)


def _buckets(value: object) -> tuple[Bucket, ...]:
    if not isinstance(value, list):
        raise BadInput("terms.delinquency_buckets: write a list", field="terms.delinquency_buckets")
    buckets = []
    for index, item in enumerate(value):
        where = f"terms.delinquency_buckets[{index}]"
        given = _object(item, where, known={"name", "min_days", "max_days"}, needed=("name", "min_days", "max_days"))
        most = None if given["max_days"] is None else _whole(given["max_days"], f"{where}.max_days")
        buckets.append(Bucket(str(given["name"]), _whole(given["min_days"], f"{where}.min_days"), most))
    return tuple(buckets)


def _fees(value: object, currency: str) -> tuple[Fee, ...]:
    if not isinstance(value, list):
        raise BadInput("terms.fees: write a list", field="terms.fees")
    fees = []
    for index, item in enumerate(value):
        where = f"terms.fees[{index}]"
        given = _object(item, where, known={"name", "amount", "at", "collected_by"}, needed=("name", "amount", "at", "collected_by"))
        at = FeeAt(given["at"]) if given["at"] in list(FeeAt) else parse_date(given["at"], f"{where}.at")
        for name in ("name", "collected_by"):
            if not isinstance(given[name], str) or not given[name].strip():
                raise BadInput(f"{where}.{name}: write text, not {given[name]!r}", field=f"{where}.{name}")
        fees.append(Fee(given["name"], _money(given["amount"], currency, f"{where}.amount", least=0), at, given["collected_by"]))
    return tuple(fees)


def _money(value: object, currency: str, field: str, *, least: int = 1) -> int:
    if not isinstance(value, str):
        raise BadInput(f'{field}: write the amount as text, such as "1234.50", not {value!r}', field=field)
    amount = minor_of(value, currency, field)
    if amount < least:
        raise BadInput(f"{field}: must be at least {decimal_of(least, currency)}, not {value}", field=field)
    return amount


def _object(value: object, where: str, *, known: set[str] | None, needed: Sequence[str] = ()) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where}: write an object, not {value!r}", field=where)
    for name in value:
        if known is not None and name not in known:
            raise BadInput(f"{where}.{name}: no such field", field=f"{where}.{name}")
    for name in needed:
        if name not in value:
            raise BadInput(f"{where}.{name}: is missing", field=f"{where}.{name}")
    return value


def _choice(value: object, choices: Sequence[str], field: str) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise BadInput(f"{field}: must be one of {', '.join(choices)}, not {value!r}", field=field)


def _fixed(given: Mapping[str, Any], name: str, only: str) -> None:
    if given.get(name, only) != only:
        raise BadInput(f"terms.{name}: only {only!r} is known, not {given[name]!r}", field=f"terms.{name}")


def _whole(value: object, field: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000:
        return value
    raise BadInput(f"{field}: write a whole number from 0, not {value!r}", field=field)
