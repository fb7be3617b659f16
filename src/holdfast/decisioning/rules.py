"""The decision as one pure rule: facts, a product, a pack, a scorecard and a table in; a finding out.

The same inputs give the same bytes, today and in ten years; that is how a logged decision is replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final

from holdfast.decisioning.features import SCORED, Facts
from holdfast.decisioning.policy_table import Answer, Fact, Gate, PolicyTable
from holdfast.decisioning.reasons import WORDS, Reason
from holdfast.decisioning.scorecard import Score, Scorecard
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.rate import percent_of_ppb
from holdfast.policy import Lender, Pack
from holdfast.products import ProductVersion, Terms, check_ceiling, plan, price_of, schedule

# A change of what this module computes is a new engine; a logged decision names the one it was made by.
ENGINE: Final = "holdfast-decision/1"
STEP_MINOR: Final = 1_000  # an approved sum below what was asked for is rounded down to whole tens
MOST_REASONS: Final = 4

# What the gates of a policy table may ask for.
INPUTS: Final = frozenset(
    {
        "may_originate", "adult", "facts_missing", "purpose", "open_pledges", "valuation", "locked", "existing_loans",
        "obligations_percent", "score", "amount_minor",
    }
)  # fmt: skip


class Outcome(StrEnum):
    """What a decision says."""

    APPROVE = "approve"
    REFER = "refer"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Part:
    """One bound on the sum; None where it is not known. Two people may set aside what is not `hard`."""

    name: str
    minor: int | None
    hard: bool


@dataclass(frozen=True, slots=True)
class Basis:
    """All that a finding follows from, besides the facts."""

    product: ProductVersion
    pack: Pack
    lender: Lender
    scorecard: Scorecard
    table: PolicyTable
    on: date


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rule found. `sum_minor` is what may be lent at once, or proposed to two people; None if nothing may."""

    outcome: Outcome
    gates: tuple[Gate, ...]
    score: Score | None
    parts: tuple[Part, ...]
    binding: str | None
    sum_minor: int | None
    terms: Terms | None
    reasons: tuple[Reason, ...]
    mends: tuple[Reason, ...]

    @property
    def limit_minor(self) -> int | None:
        """The lowest of the parts; None while one that must be known is not."""
        return _lowest(self.parts)

    @property
    def most_by_people_minor(self) -> int | None:
        """The most that two people may approve: the lowest of the hard parts."""
        return _lowest(tuple(part for part in self.parts if part.hard))

    @property
    def barred(self) -> tuple[Gate, ...]:
        """The gates that say no and that nobody may set aside."""
        return tuple(gate for gate in self.gates if gate.answer is Answer.REFUSE and not gate.may_set_aside)

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "gates": [
                {
                    "gate": gate.name, "answer": str(gate.answer), "row": gate.row, "rule": gate.rule, "may_set_aside": gate.may_set_aside,
                    "given": dict(gate.given), "more": {name: _exact(value) for name, value in gate.more.items()},
                }
                for gate in self.gates
            ],
            "score": None if self.score is None else {
                "milli": self.score.milli, "pd_ppm": self.score.pd_ppm,
                "earned": [{"name": each.name, "points": each.points, "best": each.best} for each in self.score.earned],
            },
            "limit": {
                "parts": [{"name": part.name, "minor": part.minor, "hard": part.hard} for part in self.parts],
                "minor": self.limit_minor, "binding": self.binding,
            },
            "sum_minor": self.sum_minor,
            "terms": None if self.terms is None else self.terms.to_json(),
            "reasons": [reason.to_json() for reason in self.reasons],
            "mends": [mend.to_json() for mend in self.mends],
        }  # fmt: skip

    def content(self) -> bytes:
        """The finding's canonical bytes."""
        return canonical.encode(self.to_json())


def find(facts: Facts, basis: Basis) -> Finding:
    """What these facts come to under this basis."""
    score = _score(facts, basis.scorecard)
    gates = basis.table.ask(_inputs(facts, score))
    cap_percent = next((gate.more.get("cap_percent") for gate in gates if gate.name == "score"), None)
    parts = _parts(facts, basis, int(_exact(cap_percent)) if cap_percent is not None else None)
    limit = _lowest(parts)
    offer = basis.product.offer
    possible = _sum(facts.amount_minor, limit)
    terms = terms_of(facts, basis, possible) if possible is not None and offer.least <= possible <= offer.most else None
    price = _price_gate(terms or terms_of(facts, basis, offer.least), basis)
    gates = (*gates, price)
    outcome = _outcome(gates, terms)
    if outcome is Outcome.REFUSE:
        terms = None
    binding = next((part.name for part in parts if part.minor is not None and part.minor == limit), None)
    made = Finding(outcome, gates, score, parts, binding, terms.principal if terms else None, terms, (), ())
    return replace(made, reasons=_reasons(made, facts), mends=_mends(made, facts, basis))


def people_may(finding: Finding, sum_minor: int, offer_least: int) -> None:
    """Refusal, saying what stands against it, unless two people may approve this sum on this finding."""
    if finding.barred:
        gate = finding.barred[0]
        raise Refusal(f"the gate {gate.name} says no, and nobody may set it aside", code="gate_barred", gate=gate.name)
    most = finding.most_by_people_minor
    if most is None:
        raise Refusal("the thing's value does not stand yet; have it valued, or its sources settled, first", code="no_value")
    if not offer_least <= sum_minor <= most:
        raise Refusal(
            f"between {offer_least} and {most} minor units may be approved, not {sum_minor}", code="sum_out_of_bounds", field="amount",
            least=offer_least, most=most,
        )  # fmt: skip


def terms_of(facts: Facts, basis: Basis, sum_minor: int) -> Terms:
    """The terms of this product for that sum, paid out on the day of the decision; BadInput for what is not offered."""
    currency = basis.product.offer.currency
    return plan(basis.product, principal=Money(sum_minor, currency), instalments=facts.instalments, disbursed_on=basis.on)


# ── score and gates ────────────────────────────────────────────────────────────────────────────────────────


def _score(facts: Facts, scorecard: Scorecard) -> Score | None:
    """The score; None if the scorecard asks for what a feature record does not hold."""
    names = [each.name for each in scorecard.characteristics]
    if not set(names) <= set(SCORED):
        return None
    return scorecard.score({name: getattr(facts, name) for name in names})


def _inputs(facts: Facts, score: Score | None) -> dict[str, Any]:
    return {
        "may_originate": facts.may_originate,
        "adult": facts.adult,
        "facts_missing": len(facts.missing) + sum(name not in facts.missing for name in facts.unreadable),
        "purpose": facts.purpose,
        "open_pledges": facts.open_pledges,
        "valuation": facts.valuation,
        "locked": facts.locked,
        "existing_loans": facts.existing_loans,
        "obligations_percent": _obligations_percent(facts),
        "score": None if score is None else score.points,
        "amount_minor": facts.amount_minor,
    }


def _obligations_percent(facts: Facts) -> int | None:
    """What is owed each month before this loan, in per cent of the income, rounded up; None if either is not known."""
    if facts.monthly_income_minor is None or facts.monthly_obligations_minor is None:
        return None
    if facts.monthly_income_minor == 0:
        return 1_000
    return min(-(-100 * facts.monthly_obligations_minor // facts.monthly_income_minor), 1_000)


def _price_gate(terms: Terms, basis: Basis) -> Gate:
    """The law's own gate: it stands in the pack, not in the table, and nobody may set it aside."""
    code = basis.product.product.code
    ceiling = basis.pack.ceiling(on=basis.on, lender_type=basis.lender.lender_type or "", product=code)
    answer = Answer.PASS
    try:
        check_ceiling(terms, basis.pack, basis.lender, on=basis.on, product=code)
    except Refusal as error:
        if error.code != "above_ceiling":
            raise
        answer = Answer.REFUSE
    given: dict[str, Fact] = {"all_in": str(price_of(terms).all_in)}
    return Gate("price", answer, ceiling.rule.key, f"<= {percent_of_ppb(ceiling.rate.ppb)} %", False, given, {})


def _outcome(gates: tuple[Gate, ...], terms: Terms | None) -> Outcome:
    answers = {gate.answer for gate in gates}
    if Answer.REFUSE in answers:
        return Outcome.REFUSE
    value_stands = all(gate.answer is Answer.PASS for gate in gates if gate.name in ("valuation", "facts"))
    if terms is None and value_stands:
        return Outcome.REFUSE
    if Answer.REFER in answers or terms is None:
        return Outcome.REFER
    return Outcome.APPROVE


# ── limit and terms ────────────────────────────────────────────────────────────────────────────────────────


def _parts(facts: Facts, basis: Basis, cap_percent: int | None) -> tuple[Part, ...]:
    offer = basis.product.offer
    parts = [
        Part("lending_value", facts.lending_value_minor, hard=True),
        Part("affordability", _affordable(facts, basis), hard=False),
        Part("score_band", None if cap_percent is None else offer.most * cap_percent // 100, hard=False),
        Part("product", offer.most, hard=True),
    ]
    cap = _legal_cap(basis)
    if cap is not None:
        parts.append(Part("law", max(cap - facts.owed_here_minor, 0), hard=True))
    return tuple(parts)


def _lowest(parts: tuple[Part, ...]) -> int | None:
    """The lowest of the parts that are known; None if the thing's value, which every sum rests on, is not."""
    if any(part.minor is None for part in parts if part.hard):
        return None
    return min(part.minor for part in parts if part.minor is not None)


def _sum(asked: int, limit: int | None) -> int | None:
    if limit is None:
        return None
    return asked if asked <= limit else limit // STEP_MINOR * STEP_MINOR


def _legal_cap(basis: Basis) -> int | None:
    """The most that the pack lets one borrower owe this lender; None where it names no cap."""
    key, known = "micro.single_borrower_cap_consumption", basis.lender.lender_type
    bound = [
        rule for rule in basis.pack.rules
        if rule.key == key and rule.binds(on=basis.on, lender_type=known, product=basis.product.product.code)
    ]  # fmt: skip
    return int(bound[0].value) if bound else None


def burden_minor(terms: Terms) -> int:
    """What a loan takes out of a month on average, rounded up, in minor units."""
    rows = schedule(terms)
    days = (rows[-1].due_on - terms.disbursed_on).days
    return -(-sum(row.due for row in rows) * 365 // (12 * days))


def _room(facts: Facts, basis: Basis) -> int | None:
    """What the pack's share of the income leaves each month after what is owed already; None if either is not known."""
    if facts.monthly_income_minor is None or facts.monthly_obligations_minor is None:
        return None
    known, product = basis.lender.lender_type, basis.product.product.code
    share = basis.pack.number("decision.obligations_percent_most", on=basis.on, lender_type=known, product=product)
    return facts.monthly_income_minor * share // 100 - facts.monthly_obligations_minor


def _affordable(facts: Facts, basis: Basis) -> int | None:
    """The largest sum on offer whose monthly burden fits the room; 0 if even the least does not, None if the room is not known."""
    room, offer = _room(facts, basis), basis.product.offer
    if room is None:
        return None

    def fits(minor: int) -> bool:
        return burden_minor(terms_of(facts, basis, minor)) <= room

    if room <= 0 or not fits(offer.least):
        return 0
    if fits(offer.most):
        return offer.most
    low, high = offer.least, offer.most
    while high - low > STEP_MINOR:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


# ── why, and what may change it ────────────────────────────────────────────────────────────────────────────


def _reasons(finding: Finding, facts: Facts) -> tuple[Reason, ...]:
    """Gates that did not pass, then the characteristics that lost most points where the score is among them, then what bound the sum."""
    reasons = [Reason(f"gate.{gate.name}") for gate in finding.gates if gate.answer is not Answer.PASS and f"gate.{gate.name}" in WORDS]
    weak = any(gate.name == "score" and gate.answer is not Answer.PASS for gate in finding.gates)
    short = finding.binding is not None and (finding.limit_minor or 0) < facts.amount_minor
    if weak or (short and finding.binding == "score_band"):
        reasons += [Reason(f"score.{name}", {"lost": lost}) for name, lost in _lost(finding)]
    shut = finding.binding == "score_band" and finding.limit_minor == 0  # the band lends nothing: the gate has said so
    if short and finding.binding is not None and not shut:
        reasons.append(Reason(f"limit.{finding.binding}", {"most_minor": finding.limit_minor or 0}))
    return tuple(reasons)


def _lost(finding: Finding) -> list[tuple[str, int]]:
    """The characteristics that lost most points against their best answer, at most four."""
    earned = finding.score.earned if finding.score else ()
    lost = sorted(((each.lost, each.name) for each in earned if each.lost > 0), key=lambda each: (-each[0], each[1]))
    return [(name, points) for points, name in lost[:MOST_REASONS]]


def _mends(finding: Finding, facts: Facts, basis: Basis) -> tuple[Reason, ...]:
    """For what is not approved: what would change it, and by how much."""
    if finding.outcome is Outcome.APPROVE:
        return ()
    mends: list[Reason] = []
    for gate in finding.gates:
        if gate.answer is not Answer.PASS:
            mends += _mends_of_gate(gate, finding, facts, basis)
    least = basis.product.offer.least
    if finding.limit_minor is not None and finding.limit_minor < least:
        mends += _mends_of_limit(finding, facts, basis, least)
    elif finding.terms is not None and finding.terms.principal < facts.amount_minor:
        mends.append(Reason("mend.ask_less", {"most_minor": finding.terms.principal}))
    if finding.outcome is Outcome.REFUSE:
        mends.append(Reason("mend.review"))
    return tuple(mends)


def _mends_of_gate(gate: Gate, finding: Finding, facts: Facts, basis: Basis) -> list[Reason]:
    match gate.name:
        case "facts":
            return [Reason("mend.facts", {"names": " ".join(dict.fromkeys([*facts.missing, *facts.unreadable]))})]
        case "purpose" | "pledge" | "valuation" | "lock":
            return [Reason(f"mend.{gate.name}")]
        case "existing_loans" if facts.existing_loans is not None:
            return [
                Reason("mend.existing_loans", {"most": basis.table.better(gate.name, "existing_loans", facts.existing_loans, up=False)})
            ]
        case "obligations" if facts.monthly_income_minor and facts.monthly_obligations_minor is not None:
            percent = basis.table.better(gate.name, "obligations_percent", _obligations_percent(facts) or 0, up=False)
            by = facts.monthly_obligations_minor - facts.monthly_income_minor * percent // 100
            return [Reason("mend.obligations", {"by_minor": max(by, 0)})]
        case "score" if finding.score is not None:
            wanted = basis.table.better(gate.name, "score", finding.score.points, up=True)
            by_each = [Reason(f"mend.score.{name}", {"by": lost}) for name, lost in _lost(finding)]
            return [Reason("mend.score", {"by": wanted - finding.score.points}), *by_each]
        case _:
            return []


def _mends_of_limit(finding: Finding, facts: Facts, basis: Basis, least: int) -> list[Reason]:
    found = []
    for part in finding.parts:
        if part.minor is None or part.minor >= least:
            continue
        if part.name == "affordability":
            short = burden_minor(terms_of(facts, basis, least)) - (_room(facts, basis) or 0)
            found.append(Reason("mend.limit.affordability", {"by_minor": short}))
        elif f"mend.limit.{part.name}" in WORDS:
            found.append(Reason(f"mend.limit.{part.name}", {"by_minor": least - part.minor}))
    return found


def _exact(value: Any) -> Any:
    """A number of the engine as a whole number: it counts in decimals, canonical bytes do not."""
    if isinstance(value, float):
        if value != int(value):
            raise BadInput(f"table: {value} is not a whole number", field="table")
        return int(value)
    return value
