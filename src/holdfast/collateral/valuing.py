"""Valuing a thing: sources speak, a named rule chooses, and two people settle what lies too far apart.

What a source says is a row of its own on the thing's chain; nothing is ever changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from holdfast import approvals, duties, files
from holdfast.approvals import Request
from holdfast.collateral import valuation_store
from holdfast.collateral.grading import DEDUCTIONS, grade_of
from holdfast.collateral.model import Grade, Thing
from holdfast.collateral.price_book import fresh, prices_of
from holdfast.collateral.store import thing_where, things_of
from holdfast.collateral.valuation import Policy, Source, Standing, Valuation, amount_of, choose, newest
from holdfast.duties import Case
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import LIVE
from holdfast.parties import Staff, require

Db = psycopg.Connection[Any]

SETTLE: Final = "valuation.settle"
LONGEST_NAME: Final = 80


def appraise(
    db: Db, *, clock: Clock, by: Staff, loan: str, checklist: Mapping[str, str], market: Money, deductions: Mapping[str, int] | None = None,
    locked: bool, evidence: Sequence[str] = (), thing: str | None = None,
) -> Valuation:  # fmt: skip
    """A person's inspection of a loan's thing as one source: the checklist gives the grade, the faults come off in money.

    `market` is what the appraiser says a phone of that grade fetches; `locked` whether a lock still holds it. `thing`
    names which, where the loan has several.
    """
    require(by, "collateral.appraise")
    case = duties.take(db, loan, by.scope)
    about = thing_of(db, case, thing)
    grade = grade_of(checklist)
    taken_off = {name: minor for name, minor in (deductions or {}).items() if minor}
    for name in taken_off:
        if name not in DEDUCTIONS:
            raise BadInput(f"deductions.{name}: no fault is called that; use one of {', '.join(DEDUCTIONS)}", field=f"deductions.{name}")
    said = _say(
        db, clock, by.actor, case, about, source=Source.APPRAISAL, source_name=by.name, grade=grade, market=market, deductions=taken_off,
        checklist=checklist, locked=locked, evidence=evidence, as_of=clock.today(), made_by=by.staff_id,
    )  # fmt: skip
    return _on_loan(db, clock, by.actor, case, said)


def enter_quote(
    db: Db, *, clock: Clock, by: Staff, loan: str, source_name: str, market: Money, as_of: date, evidence: Sequence[str],
    thing: str | None = None,
) -> Valuation:  # fmt: skip
    """What an outsider offers for the thing, with the paper that shows it. BadInput without evidence or for a day still to come."""
    require(by, "collateral.appraise")
    case = duties.take(db, loan, by.scope)
    about = thing_of(db, case, thing)
    name = " ".join(source_name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadInput("source_name: name who offers it", field="source_name")
    if not evidence:
        raise BadInput("evidence: a quote without a paper that shows it proves nothing", field="evidence")
    if as_of > clock.today():
        raise BadInput(f"as_of: {as_of} is still to come", field="as_of")
    known = newest(valuation_store.valuations(db, about.thing_id), clock.today())
    said = _say(
        db, clock, by.actor, case, about, source=Source.OUTSIDE_QUOTE, source_name=name, grade=_grade(about, known), market=market,
        deductions={}, checklist={}, locked=False, evidence=evidence, as_of=as_of, made_by=by.staff_id,
    )  # fmt: skip
    return _on_loan(db, clock, by.actor, case, said)


def value(db: Db, *, clock: Clock, by: Staff | Actor, loan: str, thing: str | None = None, case: Case | None = None) -> Standing:
    """Value a loan's thing today: ask the price book, put its word beside the others, let the named rule choose, keep the choice.

    Refusal, with `price_missing` or `price_stale`, if the price book does not know the model well enough; there is no
    silent default. Where the sources lie too far apart the standing is `referred`: two people settle it. Writes on the
    thing's chain only; a caller that has taken the loan may hand its `case` in.
    """
    if isinstance(by, Staff):
        require(by, "collateral.value")
    case = case or duties.take(db, loan, by.scope if isinstance(by, Staff) else None)
    about = thing_of(db, case, thing)
    return value_thing(db, clock=clock, by=by.actor if isinstance(by, Staff) else by, case=case, thing=about)


def value_thing(db: Db, *, clock: Clock, by: Actor, case: Case, thing: Thing) -> Standing:
    """Value one thing for a loan that the caller has taken; as `value`."""
    policy, today = policy_of(case, clock.today()), clock.today()
    _ask_price_book(db, clock, by, case, thing, policy)
    standing = _chosen(db, thing, policy, today)
    last = valuation_store.newest_choice(db, thing.thing_id)
    if last is not None and _same(last, standing):
        return last
    public_id = new_id("va")
    says = {
        "choice": public_id, "rule": standing.rule, "counting": standing.counting.public_id if standing.counting else "",
        "of": [each.public_id for each in standing.sources], "apart_percent": standing.apart_percent, "locked": standing.locked,
        "amount": standing.amount.as_json(), "haircut_percent": standing.haircut_percent, "lending_value": standing.lending_value.as_json(),
        "referred": bool(standing.referred),
    }  # fmt: skip
    kind = "valuation.referred" if standing.referred else "valuation.chosen"
    record = write_record(
        db, clock=clock, by=by, chain_id=thing.thing_id, chain=thing.public_id, kind=kind, says=says, pack=case.loan.pack_version
    )
    valuation_store.insert_choice(db, standing, public_id=public_id, at=clock.now(), seq=record.seq)
    kept = valuation_store.choice(db, public_id)
    assert kept is not None
    return kept


def look(db: Db, *, clock: Clock, case: Case, thing: Thing) -> Standing | None:
    """How a thing's value stands by what has been said so far, writing nothing; None if nothing fresh was said."""
    policy, today = policy_of(case, clock.today()), clock.today()
    if not newest(valuation_store.valuations(db, thing.thing_id), today):
        return None
    return _chosen(db, thing, policy, today)


def last_value(db: Db, thing_id: int) -> Standing | None:
    """The last choice that was kept for a thing, fresh or not."""
    return valuation_store.newest_choice(db, thing_id)


def value_named(db: Db, public_id: str) -> Standing:
    """A choice as it was kept, by its public id; NotFound otherwise."""
    found = valuation_store.choice(db, public_id)
    if found is None:
        raise NotFound(f"there is no valuation {public_id}", code="no_valuation", field="valuation")
    return found


def valuations(db: Db, thing_id: int) -> list[Valuation]:
    """All that was ever said of a thing, oldest first."""
    return valuation_store.valuations(db, thing_id)


def ask_settlement(db: Db, *, clock: Clock, by: Staff, loan: str, valuation: str, reason: str, thing: str | None = None) -> Request:
    """Ask another person to let this source count although the sources lie far apart. Refusal if nothing is referred."""
    require(by, SETTLE)
    case = duties.take(db, loan, by.scope)
    about = thing_of(db, case, thing)
    standing = look(db, clock=clock, case=case, thing=about)
    if standing is None or standing.referred is None:
        raise Refusal("the sources do not lie far apart; there is nothing to settle", code="not_referred")
    if valuation not in [each.public_id for each in standing.sources]:
        raise BadInput(f"valuation: {valuation} is not one of the sources that stand now", field="valuation")
    inputs = {"loan": loan, "thing": about.public_id, "valuation": valuation, "of": sorted(each.public_id for each in standing.sources)}
    return approvals.ask(db, clock=clock, by=by, act=SETTLE, inputs=inputs, reason=reason, loan_id=case.loan.loan_id)


def settle(db: Db, *, clock: Clock, by: Actor, inputs: Mapping[str, Any], request: str) -> Standing:
    """Let the chosen source count, in the transaction of the second person's yes. Refusal if the sources are no longer the same."""
    case = duties.take(db, inputs["loan"], None)
    about = thing_of(db, case, inputs["thing"])
    standing = look(db, clock=clock, case=case, thing=about)
    if standing is None or sorted(each.public_id for each in standing.sources) != inputs["of"]:
        raise Refusal("a source has spoken again or has run out since this was asked; ask again", code="sources_changed")
    chosen = next(each for each in standing.sources if each.public_id == inputs["valuation"])
    of_ids = [each.valuation_id for each in standing.sources]
    says = {"counting": chosen.public_id, "of": inputs["of"], "request": request}
    write_record(db, clock=clock, by=by, chain_id=about.thing_id, chain=about.public_id, kind="valuation.settled", says=says)
    valuation_store.insert_settlement(
        db, thing_id=about.thing_id, of_ids=of_ids, counting_id=chosen.valuation_id, request=request, at=clock.now()
    )
    return value_thing(db, clock=clock, by=by, case=case, thing=about)


def policy_of(case: Case, on: date) -> Policy:
    """The figures of the loan's own pack."""
    known = case.lender.lender_type
    rule = case.pack.rule("valuation.rule", on=on, lender_type=known, product=case.loan.product_code).value
    return Policy(
        str(rule), case.number("valuation.valid_for", on), case.number("price_book.stale_after", on),
        case.number("valuation.disagreement_percent", on), case.number("valuation.haircut_percent", on),
        case.number("valuation.locked_percent", on),
    )  # fmt: skip


def thing_of(db: Db, case: Case, public_id: str | None = None) -> Thing:
    """The thing of that name behind the loan, or its only one; NotFound, or BadInput where it must be named."""
    found = things_of(db, case.loan.loan_id)
    if public_id is not None:
        named = thing_where(db, "public_id", public_id)
        if named is None or named.thing_id not in [each.thing_id for each in found]:
            raise NotFound(f"no thing {public_id} stands behind loan {case.loan.public_id}", code="no_thing", field="thing")
        return named
    if not found:
        raise NotFound(f"no thing stands behind loan {case.loan.public_id}", code="no_thing", field="thing")
    if len(found) > 1:
        raise BadInput(f"thing: loan {case.loan.public_id} has {len(found)} things; name the one you mean", field="thing")
    return found[0]


def _ask_price_book(db: Db, clock: Clock, by: Actor, case: Case, thing: Thing, policy: Policy) -> None:
    today = clock.today()
    known = newest(valuation_store.valuations(db, thing.thing_id), today)
    grade = _grade(thing, known)
    said = prices_of(db, model=thing.model, storage_gb=thing.storage_gb, on=today)
    usable = [(line, book) for line, book in said if fresh(line, on=today, stale_after=policy.stale_after)]
    if not said:
        raise Refusal(
            f"the price book has no price for {thing.model} {thing.storage_gb} GB; risk loads one before this phone can be valued",
            code="price_missing", model=thing.model, storage_gb=thing.storage_gb,
        )  # fmt: skip
    if not usable:
        last = max(line.as_of for line, _book in said)
        raise Refusal(
            f"the newest price for {thing.model} {thing.storage_gb} GB is of {last}, over {policy.stale_after} days old; load a new one",
            code="price_stale", model=thing.model, storage_gb=thing.storage_gb, as_of=last.isoformat(),
        )  # fmt: skip
    for line, book in usable:
        basis = f"{book} row {line.row}"
        if any(each.source is Source.PRICE_BOOK and (each.basis, each.grade) == (basis, grade) for each in known):
            continue
        _say(
            db, clock, by, case, thing, source=Source.PRICE_BOOK, source_name=line.source, grade=grade,
            market=Money(line.prices[grade], line.currency), deductions={}, checklist={}, locked=False, evidence=(), as_of=line.as_of,
            made_by=None, basis=basis, at_most_until=line.as_of + timedelta(days=policy.stale_after),
        )  # fmt: skip


def _say(
    db: Db, clock: Clock, by: Actor, case: Case, thing: Thing, *, source: Source, source_name: str, grade: Grade, market: Money,
    deductions: Mapping[str, int], checklist: Mapping[str, str], locked: bool, evidence: Sequence[str], as_of: date, made_by: int | None,
    basis: str = "", at_most_until: date | None = None,
) -> Valuation:  # fmt: skip
    if market.currency != case.loan.currency:
        raise BadInput(f"market: loan {case.loan.public_id} is in {case.loan.currency}, not {market.currency}", field="market")
    amount = amount_of(market, deductions)
    policy = policy_of(case, clock.today())
    begins = as_of if source is Source.OUTSIDE_QUOTE else clock.today()
    until = begins + timedelta(days=policy.valid_for)
    until = min(until, at_most_until) if at_most_until else until
    if until < clock.today():
        raise BadInput(f"as_of: a word of {as_of} has run out; it holds for {policy.valid_for} days", field="as_of")
    papers = {f"evidence{place}": files.get(db, each).digest for place, each in enumerate(evidence, start=1)}
    public_id = new_id("va")
    says = {
        "valuation": public_id, "source": source, "name": source_name, "grade": grade, "market": market.as_json(),
        "deductions": dict(deductions), "amount": amount.as_json(), "locked": locked, "basis": basis, "as_of": as_of.isoformat(),
        "valid_until": until.isoformat(),
    }  # fmt: skip
    record = write_record(
        db, clock=clock, by=by, chain_id=thing.thing_id, chain=thing.public_id, kind="valuation.made", says=says, seals=papers,
        pack=case.loan.pack_version,
    )  # fmt: skip
    valuation_store.insert_valuation(
        db, public_id=public_id, thing_id=thing.thing_id, source=source, source_name=source_name, grade=grade, market=market,
        deductions=deductions, checklist=checklist, amount=amount, locked=locked, evidence=evidence, basis=basis, as_of=as_of,
        valid_until=until, made_by=made_by, at=clock.now(), seq=record.seq,
    )  # fmt: skip
    made = valuation_store.valuation(db, public_id)
    assert made is not None
    return made


def _on_loan(db: Db, clock: Clock, by: Actor, case: Case, said: Valuation) -> Valuation:
    """A person's word stands on the loan's chain too, so that its proof shows who valued what."""
    if case.loan.state in LIVE:
        says = {
            "valuation": said.public_id,
            "source": said.source,
            "grade": said.grade,
            "amount": said.amount.as_json(),
            "locked": said.locked,
        }
        duties.enter(db, case, clock=clock, by=by, kind="valuation.made", says=says, while_frozen=True)
    return said


def _grade(thing: Thing, known: Sequence[Valuation]) -> Grade:
    """The grade that the last appraisal found, or else the owner's word."""
    return next((each.grade for each in reversed(known) if each.source is Source.APPRAISAL), thing.grade)


def _chosen(db: Db, thing: Thing, policy: Policy, today: date) -> Standing:
    sources = newest(valuation_store.valuations(db, thing.thing_id), today)
    chosen = valuation_store.settled(db, thing.thing_id, [each.valuation_id for each in sources])
    return choose(thing.thing_id, sources, policy, next((each for each in sources if each.valuation_id == chosen), None))


def _same(last: Standing, now: Standing) -> bool:
    return (last.rule, last.counting, {each.valuation_id for each in last.sources}, last.referred, last.amount, last.lending_value) == (
        now.rule, now.counting, {each.valuation_id for each in now.sources}, now.referred, now.amount, now.lending_value,
    )  # fmt: skip
