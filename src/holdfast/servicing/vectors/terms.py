"""Terms: a scenario's `terms` object as our own contract terms and the settings around them.

Every field is known by name; what cannot be said in our terms is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from holdfast.kernel.calendar import DayCount, Unit, parse_date
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import exponent_of
from holdfast.kernel.rate import BILLION, Rate
from holdfast.kernel.rounding import Rounding
from holdfast.products.schedule import due_on
from holdfast.products.terms import (
    MOST_INSTALMENTS,
    PARTS,
    Across,
    Annuity,
    ChargesDue,
    Early,
    Excess,
    Fee,
    FeeAt,
    Method,
    OverdueInterest,
    PayoffInterest,
    PayoutJoins,
    PeriodInterest,
    Rest,
    Terms,
)
from holdfast.servicing.arrears import Bucket
from holdfast.servicing.vectors.fields import NotYet, a_choice, a_percent, a_whole, an_amount, an_object, only_known

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
_EARLY: Final = {
    "REDUCE_EMI_AMOUNT": Early.REDUCE,
    "REDUCE_NUMBER_OF_INSTALMENTS": Early.SHORTEN,
    "REDUCE_NUMBER_OF_INSTALLMENTS": Early.SHORTEN,
    "RESCHEDULE_NEXT_REPAYMENTS": Early.NEXT,
}
_REST: Final = {"DAILY": Rest.DAILY, "SAME_AS_REPAYMENT_PERIOD": Rest.DUE_DATE}
_PRE_CLOSE: Final = {
    "TILL_PRE_CLOSE_DATE": PayoffInterest.ACCRUED,
    "TILL_REST_FREQUENCY_DATE": PayoffInterest.RUNNING_PERIOD,
}
_MONEY: Final = {
    "REPAYMENT": "receipt",
    "GOODWILL_CREDIT": "goodwill",
    "MERCHANT_ISSUED_REFUND": "merchant_refund",
    "PAYOUT_REFUND": "payout_refund",
}
_ADVANCED: Final = "advanced-payment-allocation-strategy"
_STRATEGIES: Final = (
    _ADVANCED,
    "mifos-standard-strategy",
    "interest-principal-penalties-fees-order-strategy",
    "principal-interest-penalties-fees-order-strategy",
    "due-penalty-fee-interest-principal-in-advance-principal-penalty-fee-interest-strategy",
    "due-penalty-interest-principal-fee-in-advance-penalty-interest-principal-fee-strategy",
)
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
    "balloon",
    "first_due_on",
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


# What a percentage may be of.
BASES: Final = {
    "PRINCIPAL": ("principal",),
    "AMOUNT": ("principal",),
    "DISBURSED_AMOUNT": ("principal",),
    "DISBURSEMENT_AMOUNT": ("principal",),
    "INTEREST": ("interest",),
    "PRINCIPAL_PLUS_INTEREST": ("principal", "interest"),
    "AMOUNT_PLUS_INTEREST": ("principal", "interest"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a scenario's terms say beside the contract itself."""

    terms: Terms
    progressive: bool
    auto_down_payment: bool
    submitted_on: date
    overdue_charges: tuple[tuple[str, Fraction], ...]
    arrears_grace_days: int
    buckets: tuple[Bucket, ...]
    instalment_level: bool
    fixed_length_days: int | None
    several: bool  # paid out in more than one sum


def read_setting(data: object) -> Setting:
    """A scenario's `terms` object; BadInput names a field that is missing, unknown or malformed."""
    given = an_object(data, "terms", known=_TERMS_FIELDS, needed=_REQUIRED)
    currency = _currency(given["currency"])
    engine = a_choice(given.get("schedule_engine", "CUMULATIVE"), ("CUMULATIVE", "PROGRESSIVE"), "terms.schedule_engine")
    progressive = engine == "PROGRESSIVE"
    every = an_object(given["repayment_every"], "terms.repayment_every", known={"count", "unit"}, needed=("count", "unit"))
    unit = Unit(a_choice(every["unit"], ("DAYS", "WEEKS", "MONTHS"), "terms.repayment_every.unit").lower())
    grace = an_object(
        given.get("grace") or {},
        "terms.grace",
        known={"principal_instalments", "interest_payment_instalments", "interest_free_instalments"},
    )
    if a_whole(grace.get("interest_free_instalments", 0), "terms.grace.interest_free_instalments"):
        raise NotYet("interest-free-instalments", "terms.grace.interest_free_instalments")
    only_known(given, "interest_charged_from", "ACTUAL_DISBURSEMENT_DATE")
    only_known(given, "first_due_date_counted_from", "DISBURSEMENT_DATE")
    only_known(given, "month_end_rule", "clamp to last day of month")
    rounding = _ROUNDING[a_choice(given.get("rounding_mode", "HALF_EVEN"), tuple(_ROUNDING), "terms.rounding_mode")]
    rate = Rate(a_percent(given["annual_rate_percent"], "terms.annual_rate_percent"))
    method = _method(given, progressive, rate)
    multiple = given.get("instalment_amount_in_multiples_of")
    unit_minor = 1
    # The peer rounds a whole instalment or a flat one to the multiple, never the principal of equal principal.
    if multiple is not None and method is not Method.EQUAL_PRINCIPAL:
        unit_minor = max(1, a_whole(multiple, "terms.instalment_amount_in_multiples_of") * 10 ** exponent_of(currency))
    instalments = a_whole(given["number_of_instalments"], "terms.number_of_instalments", least=1, most=MOST_INSTALMENTS)
    count = a_whole(every["count"], "terms.repayment_every.count", least=1)
    _check_term(given, unit, count * instalments)
    down, automatic = _down_payment(given.get("down_payment"))
    order, ahead, across, excess = _allocation(given, progressive)
    disbursed_on = parse_date(given["expected_disbursement_on"], "terms.expected_disbursement_on")
    daily = a_choice(
        given.get("interest_calculation_period", "SAME_AS_REPAYMENT_PERIOD"),
        ("DAILY", "SAME_AS_REPAYMENT_PERIOD"),
        "terms.interest_calculation_period",
    )
    fixed = given.get("fixed_length_days")
    if fixed is not None:
        fixed = a_whole(fixed, "terms.fixed_length_days", least=1)
    terms = Terms(
        currency=currency,
        principal=an_amount(given["principal"], currency, "terms.principal"),
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
        principal_grace=a_whole(grace.get("principal_instalments", 0), "terms.grace.principal_instalments", most=instalments - 1),
        interest_grace=a_whole(
            grace.get("interest_payment_instalments", 0), "terms.grace.interest_payment_instalments", most=instalments - 1
        ),
        annuity=Annuity.EACH_PERIOD if progressive else Annuity.THIRTY_DAYS,
        balanced=progressive,
        down_payment_ppb=down,
        allocation=order,
        allocation_in_advance=ahead,
        across=across,
        excess=excess.get("DEFAULT", Excess.NEXT),
        excess_for=tuple((_MONEY[kind], choice) for kind, choice in excess.items() if kind in _MONEY),
        balloon=0 if given.get("balloon") is None else an_amount(given["balloon"], currency, "terms.balloon", least=0),
        first_due_on=None if given.get("first_due_on") is None else parse_date(given["first_due_on"], "terms.first_due_on"),
        last_due_on=None if fixed is None else disbursed_on + timedelta(days=fixed),
        fees=_fees(given.get("fees", []), currency),
        charges_due=ChargesDue.INSTALMENT if progressive else ChargesDue.OWN_DAY,
        payout_joins=PayoutJoins.LATER if progressive or rate.ppb else PayoutJoins.SAME_DAY,
        **_recalculation(given, progressive, rate, method, disbursed_on),
    )
    due_on(terms, instalments)
    for index, fee in enumerate(terms.fees):
        if isinstance(fee.at, date) and fee.at < disbursed_on:
            raise BadInput(f"terms.fees[{index}].at: must not come before the payout", field=f"terms.fees[{index}].at")
    return Setting(
        terms=terms,
        progressive=progressive,
        auto_down_payment=automatic,
        submitted_on=parse_date(given.get("submitted_on", given["expected_disbursement_on"]), "terms.submitted_on"),
        overdue_charges=_product_charges(given.get("product_charges") or []),
        arrears_grace_days=a_whole(given.get("grace_on_arrears_ageing_days", 0), "terms.grace_on_arrears_ageing_days"),
        buckets=_buckets(given.get("delinquency_buckets") or []),
        instalment_level=bool(given.get("instalment_level_delinquency", False)),
        fixed_length_days=fixed,
        several=bool(given.get("multi_disbursement", False)),
    )


def _recalculation(given: Mapping[str, Any], progressive: bool, rate: Rate, method: Method, disbursed_on: date) -> dict[str, Any]:
    """Whether interest follows what is owed, and how, as fields of our terms; NotYet for what our rules do not know."""
    where = "terms.interest_recalculation"
    scheduled: dict[str, Any] = {"payoff_interest": PayoffInterest.SCHEDULED}
    if given.get("interest_recalculation") is None:
        return scheduled
    known = {"compounding", "compounding_frequency", "reschedule_strategy", "rest_frequency", "rest_interval", "pre_close_interest"}
    asked = an_object(given["interest_recalculation"], where, known=known)
    if not rate.ppb:
        return scheduled
    if method is Method.FLAT:
        raise NotYet("recalculation-flat", where)
    strategy, rest = str(asked.get("reschedule_strategy")), str(asked.get("rest_frequency", "DAILY"))
    if a_whole(asked.get("rest_interval") or 1, f"{where}.rest_interval") > 1 or rest not in _REST:
        raise NotYet(f"recalculation-rest-{rest}".lower().replace("_", "-"), f"{where}.rest_frequency")
    early = Early.LAST if progressive else _EARLY.get(strategy)
    if early is None or (progressive and strategy != "ADJUST_LAST_UNPAID_PERIOD"):
        raise NotYet(f"recalculation-{strategy}".lower().replace("_", "-"), f"{where}.reschedule_strategy")
    pre_close = a_choice(asked.get("pre_close_interest", "TILL_PRE_CLOSE_DATE"), tuple(_PRE_CLOSE), f"{where}.pre_close_interest")
    return {
        "early": early,
        "overdue_interest": OverdueInterest.ALWAYS if progressive else OverdueInterest.RUNNING,
        "compounding": _compounds(asked, given, disbursed_on, progressive, where),
        "rest": _REST[rest],
        "payoff_interest": _PRE_CLOSE[pre_close],
    }


def _compounds(asked: Mapping[str, Any], given: Mapping[str, Any], disbursed_on: date, progressive: bool, where: str) -> bool:
    """Whether overdue interest bears interest: from its due date, which must be a day on which the peer compounds."""
    compounding = str(asked.get("compounding", "NONE"))
    if compounding == "NONE":
        return False
    frequency = asked.get("compounding_frequency") or {"unit": "SAME_AS_REPAYMENT_PERIOD"}
    unit, every = frequency.get("unit"), given["repayment_every"]
    monthly = unit == "MONTHLY" and every["unit"] == "MONTHS" and frequency.get("interval", 1) == 1 == every["count"]
    on_the_day = unit == "SAME_AS_REPAYMENT_PERIOD" or (monthly and frequency.get("on_day", disbursed_on.day) == disbursed_on.day)
    if compounding != "INTEREST" or not on_the_day or progressive:
        raise NotYet(f"recalculation-compounding-{compounding}-{unit}".lower().replace("_", "-"), f"{where}.compounding")
    return True


def _currency(value: object) -> str:
    given = an_object(value, "terms.currency", known={"code", "decimal_places", "in_multiples_of"}, needed=("code",))
    code = given["code"]
    if not isinstance(code, str):
        raise BadInput(f"terms.currency.code: write text, not {code!r}", field="terms.currency.code")
    places = exponent_of(code, "terms.currency.code")
    if given.get("decimal_places", places) != places:
        raise BadInput(f"terms.currency.decimal_places: {code} has {places}", field="terms.currency.decimal_places")
    if a_whole(given.get("in_multiples_of", 0), "terms.currency.in_multiples_of") > 1:
        raise NotYet("currency-multiples", "terms.currency.in_multiples_of")
    return code


def _method(given: Mapping[str, Any], progressive: bool, rate: Rate) -> Method:
    interest = a_choice(given["interest_method"], ("FLAT", "DECLINING_BALANCE"), "terms.interest_method")
    amortization = a_choice(given["amortization"], ("EQUAL_INSTALLMENTS", "EQUAL_PRINCIPAL_PAYMENTS"), "terms.amortization")
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
    month = a_choice(str(given.get("days_in_month", "ACTUAL")), ("30", "ACTUAL"), "terms.days_in_month")
    year = a_choice(str(given.get("days_in_year", "ACTUAL")), ("360", "364", "365", "ACTUAL"), "terms.days_in_year")
    if (month, year) not in _DAY_COUNT:
        raise NotYet(f"day-count-{month}-{year}".lower(), "terms.days_in_year")
    found = _DAY_COUNT[month, year]
    # The older engine divides by 365 in leap years too.
    return DayCount.ACTUAL_365 if found is DayCount.ACTUAL_ACTUAL and not progressive else found


def _check_term(given: Mapping[str, Any], unit: Unit, length: int) -> None:
    if "loan_term" not in given:
        return
    term = an_object(given["loan_term"], "terms.loan_term", known={"count", "unit"}, needed=("count", "unit"))
    count = a_whole(term["count"], "terms.loan_term.count")
    if term["unit"] == unit.value.upper() and count != length:
        raise BadInput(f"terms.loan_term: {count} is not the number of instalments times their spacing, {length}", field="terms.loan_term")


def _down_payment(value: object) -> tuple[int, bool]:
    where = "terms.down_payment"
    if value is None:
        return 0, False
    known = ("percent_of_disbursed", "auto_repayment")
    given = an_object(value, where, known=set(known), needed=known)
    share = a_percent(given["percent_of_disbursed"], f"{where}.percent_of_disbursed")
    if share >= BILLION:
        raise BadInput(f"{where}.percent_of_disbursed: must leave something to lend", field=f"{where}.percent_of_disbursed")
    return share, given["auto_repayment"] is True


def _allocation(
    given: Mapping[str, Any], progressive: bool
) -> tuple[tuple[str, ...], tuple[str, ...] | None, Across, Mapping[str, Excess]]:
    """The order when due, the order in advance, across what, and where money beyond the due goes."""
    where = "terms.payment_allocation"
    value = given.get("payment_allocation")
    processing = given.get("schedule_processing")
    if processing is not None:
        a_choice(processing, ("HORIZONTAL", "VERTICAL"), "terms.schedule_processing")
    across = Across.PART if processing == "VERTICAL" and progressive else Across.INSTALMENT
    if value is None:
        return ("penalty", "fee", "interest", "principal"), None, across, {}
    rule = "future_instalment_rule_by_transaction_type"
    allocation = an_object(value, where, known={"strategy", "order", rule}, needed=("strategy", "order"))
    if allocation["strategy"] not in _STRATEGIES:
        raise NotYet("allocation-strategy", f"{where}.strategy")
    order = allocation["order"]
    if not isinstance(order, list) or not all(isinstance(item, str) for item in order):
        raise BadInput(f"{where}.order: write a list of text", field=f"{where}.order")
    groups = _order_groups(order, f"{where}.order")
    excess = {}
    for kind, name in an_object(allocation.get(rule) or {}, f"{where}.{rule}", known=None).items():
        excess[kind] = _EXCESS[a_choice(name, tuple(_EXCESS), f"{where}.{rule}.{kind}")]
    return groups["DUE"], groups["IN_ADVANCE"], across, excess


def _order_groups(order: Sequence[str], field: str) -> dict[str, tuple[str, ...]]:
    """The order of parts when due and in advance; what is overdue must be paid like what is due, and before it."""
    groups: dict[str, list[str]] = {}
    told: list[str] = []
    for item in order:
        group = next((one for one in ("PAST_DUE", "DUE", "IN_ADVANCE") if item.startswith(one + "_")), "")
        groups.setdefault(group, []).append(item.removeprefix(group).removeprefix("_").lower())
        if group not in told[-1:]:
            told.append(group)
    for group, parts in groups.items():
        if sorted(parts) != sorted(PARTS):
            raise BadInput(f"{field}: name each of PENALTY, FEE, INTEREST and PRINCIPAL once, {group or 'whenever'}", field=field)
    if told == [""]:
        return {"DUE": tuple(groups[""]), "IN_ADVANCE": tuple(groups[""])}
    if told == ["PAST_DUE", "DUE", "IN_ADVANCE"] and groups["PAST_DUE"] == groups["DUE"]:
        told.remove("PAST_DUE")
    if told != ["DUE", "IN_ADVANCE"]:
        raise NotYet("allocation-order", field)
    return {"DUE": tuple(groups["DUE"]), "IN_ADVANCE": tuple(groups["IN_ADVANCE"])}


def _product_charges(value: object) -> tuple[tuple[str, Fraction], ...]:
    if not isinstance(value, list):
        raise BadInput("terms.product_charges: write a list", field="terms.product_charges")
    charges = []
    for index, item in enumerate(value):
        where = f"terms.product_charges[{index}]"
        given = an_object(item, where, known={"name", "trigger", "is_penalty", "calculation", "percent"}, needed=("trigger", "calculation"))
        base = str(given["calculation"]).removeprefix("PERCENT_OF_OVERDUE_INSTALMENT_")
        if given["trigger"] != "OVERDUE_INSTALMENT" or base not in BASES or given.get("is_penalty") is not True:
            raise NotYet("product-charge", where)
        charges.append((base, Fraction(a_percent(given.get("percent"), f"{where}.percent"), BILLION)))
    return tuple(charges)


def _buckets(value: object) -> tuple[Bucket, ...]:
    if not isinstance(value, list):
        raise BadInput("terms.delinquency_buckets: write a list", field="terms.delinquency_buckets")
    buckets = []
    for index, item in enumerate(value):
        where = f"terms.delinquency_buckets[{index}]"
        given = an_object(item, where, known={"name", "min_days", "max_days"}, needed=("name", "min_days", "max_days"))
        most = None if given["max_days"] is None else a_whole(given["max_days"], f"{where}.max_days")
        buckets.append(Bucket(str(given["name"]), a_whole(given["min_days"], f"{where}.min_days"), most))
    return tuple(buckets)


def _fees(value: object, currency: str) -> tuple[Fee, ...]:
    if not isinstance(value, list):
        raise BadInput("terms.fees: write a list", field="terms.fees")
    fees = []
    for index, item in enumerate(value):
        where = f"terms.fees[{index}]"
        given = an_object(item, where, known={"name", "amount", "at", "collected_by"}, needed=("name", "amount", "at", "collected_by"))
        at = FeeAt(given["at"]) if given["at"] in list(FeeAt) else parse_date(given["at"], f"{where}.at")
        for name in ("name", "collected_by"):
            if not isinstance(given[name], str) or not given[name].strip():
                raise BadInput(f"{where}.{name}: write text, not {given[name]!r}", field=f"{where}.{name}")
        fees.append(Fee(given["name"], an_amount(given["amount"], currency, f"{where}.amount", least=0), at, given["collected_by"]))
    return tuple(fees)
