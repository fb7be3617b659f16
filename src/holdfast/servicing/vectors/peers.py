"""Peers: a second family of worked examples (schedules, pledges, arrears, write-off), told apart by its form and compared.

Its files hold a `product`, a `loan`, `events` and what is `expected`. Each expected name is answered from our own
state: a plain name, one with `_rounded0` (to the whole unit), `rowN_...` of the schedule, or a question
that carries its day or its things in its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from holdfast.kernel.calendar import Unit, add_months, parse_date, step
from holdfast.kernel.errors import BadInput
from holdfast.products.schedule import Instalment, schedule
from holdfast.servicing.vectors.comparison import Skip
from holdfast.servicing.vectors.fields import NotYet
from holdfast.servicing.vectors.peer_replay import Replay, whole
from holdfast.servicing.vectors.peer_terms import preview

_DAY: Final = timedelta(days=1)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")
_ROW: Final = re.compile(r"row([0-9]{1,3})_(\w+)")
_ON: Final = re.compile(r"interest_accrued_on_([0-9]{4})_([0-9]{2})_([0-9]{2})(_after_repost)?")
_NTH: Final = re.compile(rf"({'|'.join(_ORDINALS)})_(prepayment|payment|repayment)_(interest|principal)")
_ASKED: Final = re.compile(rf"({'|'.join(_ORDINALS)})_(application|loan)")
_BREAKS: Final = re.compile(r"(daily|weekly|monthly)(?:_([0-9]{4})_([0-9]{2})_([0-9]{2})_to_(?:([0-9]{2})_)?([0-9]{2}))?")
_NOTHING: Final = object()


def recognises(scenario: Mapping[str, Any]) -> bool:
    """Whether a scenario is of this family: told by its form, not by its name."""
    return isinstance(scenario.get("product"), Mapping) and isinstance(scenario.get("loan"), Mapping)


def skip_of(scenario: Mapping[str, Any]) -> Skip | None:
    """Why this scenario is not run, read from its product, loan and events only; None if it is."""
    try:
        replay = Replay(scenario)
        for index in range(len(replay.given)):
            replay.apply(index)
        Answers(replay).plain()
    except NotYet as reason:
        return Skip("not-yet", reason.family)
    except BadInput:
        return None
    return None


def states(scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All that we say after event 0 to n; `expected` is not read."""
    replay = Replay(scenario)
    told = [_told(Answers(replay).plain())]
    for index in range(len(replay.given)):
        replay.apply(index)
        told.append(_told(Answers(replay).plain()))
    return told


def first_difference(scenario: Mapping[str, Any]) -> str | None:
    """The first place where `expected`, or an outcome that an event names, and our state differ; None if they agree."""
    expected = scenario.get("expected")
    if not isinstance(expected, Mapping) or not expected:
        return "expected: nothing to compare with"
    replay = Replay(scenario)
    for index in range(len(replay.given)):
        replay.apply(index)
    if replay.different:
        return replay.different
    answers = Answers(replay)
    for name, wanted in expected.items():
        if name in ("note", "notes", "schedule_columns"):
            continue
        ours = answers.to(name, wanted, expected)
        if ours is _NOTHING:
            return f"expected.{name}: we do not say this"
        found = _difference(wanted, ours, f"expected.{name}")
        if found:
            return found
    return None


class Answers:
    """What our state answers to the names of the family."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.rows = self._rows()
        self.known = self.plain()

    def plain(self) -> dict[str, Any]:
        """The answers to the names that need nothing but the state."""
        replay, rows = self.replay, self.rows
        said: dict[str, Any] = {
            "disbursed": whole(sum(each.amount for each in replay.paid.values())),
            "pending_principal": whole(replay.principal_out),
            "charges_payable": whole(replay.charges),
            "penalty": whole(0),
            "status": replay.status,
            **{name: whole(minor) for name, minor in replay.sums().items()},
        }
        if rows:
            interest = sum(row.interest for row in rows)
            principal = sum(row.principal for row in rows)
            total = self._unit(interest + principal)
            first = next(row for row in rows if row.principal)
            said |= {
                "rows": len(rows), "total_interest": self._unit(interest), "total_payment": total, "total_payable": total,
                "total_principal": self._unit(principal), "emi": self._unit(self._level(first)), "last_due": rows[-1].due_on,
                **{f"{name}_due": row.due_on for name, row in zip(_ORDINALS, rows, strict=False)},
            }  # fmt: skip
        if replay.paid:
            one = next(iter(replay.paid.values()))
            said |= {
                "broken_period_days": one.plan.broken.days,
                "broken_period_interest": whole(one.plan.broken.interest),
                "interest_demanded": whole(sum(each.demanded for each in replay.paid.values())),
                "accrued_interest": whole(sum(self._accrued(each) for each in replay.paid.values())),
            }
        if replay.pledged:
            said |= self._cover()
        if replay.last_payment is not None:
            said["excess_amount"] = whole(replay.last_payment.over)
            said["waiver_posted"] = whole(sum(each.waived for each in replay.paid.values()))
            said["status_after_closure_request"] = replay.status
        if replay.released is not None:
            said["release"], after = replay.released
            said["security_value_after"] = whole(after)
        if replay.borrower_limit is not None:
            said["borrower_limit_after"] = said["borrower_limit"] = whole(replay.borrower_limit)
        if npa := replay.npa():
            said["npa"] = npa
        if (last := replay.last_accrual()) is not None:
            said["last_accrual"] = last
        if replay.before_cancel is not None:
            said |= {f"{name}_before_cancel": whole(minor) for name, minor in replay.before_cancel.items()}
            said |= {f"{name}_after_cancel": whole(minor) for name, minor in replay.sums().items()}
        return said

    def to(self, name: str, wanted: Any, expected: Mapping[str, Any]) -> Any:
        """The answer to one name; `wanted` only says how far an endless answer is asked for."""
        if name.endswith("_rounded0"):
            found = self.to(name.removesuffix("_rounded0"), wanted, expected)
            return found.quantize(Decimal(1), ROUND_HALF_UP) if isinstance(found, Decimal) else found
        if name in self.known:
            return self.known[name]
        if name == "schedule":
            columns = expected.get("schedule_columns", ["due", "principal", "interest", "total"])
            return [[self._cell(index, column) for column in columns] for index in range(len(self.rows))]
        if name == "dpd_by_disbursement" and isinstance(wanted, Mapping):
            paid = self.replay.paid
            return {of: {on: paid[of].late(parse_date(on)) for on in days} for of, days in wanted.items() if of in paid}
        if name == "release_outcomes" and isinstance(wanted, Mapping):
            return {words: self.replay.lifted(_items(words))[0] for words in wanted}
        if (found := _ROW.fullmatch(name)) and 1 <= int(found[1]) <= len(self.rows):
            return self._cell(int(found[1]) - 1, found[2])
        if found := _ON.fullmatch(name):
            on = date(*(int(part) for part in found.groups()[:3]))
            return whole(sum(each.by_day.get(on, 0) for each in self.replay.paid.values()))
        if found := _NTH.fullmatch(name):
            kinds = ("Pre Payment",) if found[2] == "prepayment" else ("Normal Repayment", "Pre Payment")
            paid_in = [one for each in self.replay.paid.values() for one in each.payments if one.kind in kinds]
            nth = _ORDINALS.index(found[1])
            return whole(getattr(paid_in[nth], found[3])) if nth < len(paid_in) else _NOTHING
        if found := _ASKED.fullmatch(name):
            outcomes = [outcome for kind, outcome in self.replay.outcomes if kind in ("new_loan", "new_application")]
            nth = _ORDINALS.index(found[1])
            return outcomes[nth] if nth < len(outcomes) else _NOTHING
        if (found := _BREAKS.fullmatch(name)) and isinstance(wanted, list) and self.replay.paid:
            return self._breaks(found, len(wanted))
        return _NOTHING

    def _cover(self) -> dict[str, Any]:
        replay = self.replay
        haircuts = {item.haircut for item in replay.pledged.values()}
        said: dict[str, Any] = {
            "max_loan": whole(replay.maximum),
            "maximum_loan_value": whole(replay.maximum),
            "total_security_value": whole(replay.security_value),
            "security_value": whole(replay.security_value),
            "security_value_after_ltv": whole(replay.lendable),
            "loan_amount": whole(replay.principal_out),
            "disbursable_more": whole(replay.disbursable),
        }
        if len(haircuts) == 1:
            said["ltv_limit_pct"] = Decimal(100 - haircuts.pop())
        if replay.shortfall is not None:
            said |= {"shortfall": whole(replay.shortfall), "shortfall_exists": replay.shortfall > 0}
            said["status"] = "Pending" if replay.shortfall else "Completed"
        return said

    def _rows(self) -> list[Instalment]:
        if not self.replay.given and "principal" in self.replay.loan:
            return schedule(preview(self.replay.product, self.replay.loan))
        return self.replay.rows()

    def _unit(self, minor: int) -> Decimal:
        return whole(minor) if self.replay.given else Decimal(minor)

    def _level(self, first: Instalment) -> int:
        paid = next(iter(self.replay.paid.values()), None)
        fixed = None if paid is None else paid.terms.instalment_amount
        return fixed or first.principal + first.interest

    def _accrued(self, paid: Any) -> int:
        through = self.replay.accrued_through
        if paid.plan.running or through is None:
            return int(paid.accrued)
        return sum(row.interest for row in paid.state().instalments if row.due_on <= through + _DAY)

    def _cell(self, index: int, column: str) -> Any:
        row = self.rows[index]
        if column == "due":
            return row.due_on
        if column == "days":
            return (row.due_on - self._from(index)).days
        if column == "balance":
            return self._unit(sum(each.principal for each in self.rows[index + 1 :]))
        if column == "total":
            return self._unit(row.principal + row.interest)
        if column in ("principal", "interest"):
            return self._unit(getattr(row, column))
        raise NotYet(f"schedule-column-{column}", "expected.schedule_columns")

    def _from(self, index: int) -> date:
        if index:
            return self.rows[index - 1].due_on
        paid = next(iter(self.replay.paid.values()), None)
        return self.rows[0].due_on if paid is None else paid.terms.disbursed_on

    def _breaks(self, found: re.Match[str], length: int) -> list[date]:
        """Where interest is cut into entries: each day; each Sunday; each month's end and the eve of each due date."""
        paid = next(iter(self.replay.paid.values()))
        kind, year, month, day, to_month, to_day = found.groups()
        if year is None:
            start, end = paid.on, date.max
        else:
            start, end = date(int(year), int(month), int(day)), date(int(year), int(to_month or month), int(to_day))
        due = [parse_date(event["first_due"]) for event in self.replay.given if event.get("first_due")][:1] or [paid.on]
        found_days = []
        for on in _days(start, end):
            eve = add_months(due[0], (on.year - due[0].year) * 12 + on.month - due[0].month)
            cut = kind == "daily" or (kind == "weekly" and on.isoweekday() == 7)
            if cut or (kind == "monthly" and (step(on, Unit.DAYS, 1).day == 1 or on + _DAY == eve)):
                found_days.append(on)
            if year is None and len(found_days) == length:
                break
        return found_days


def _days(start: date, end: date) -> Iterator[date]:
    while start <= end:
        yield start
        start += _DAY


def _items(words: str) -> dict[str, int]:
    """`S2 4000 + S1 1000` as things and how many of each."""
    found = {}
    for part in words.split("+"):
        name, _, quantity = part.strip().rpartition(" ")
        if not quantity.isdigit():
            raise BadInput(f"release_outcomes: {words!r} does not say which things and how many", field="expected.release_outcomes")
        found[name] = int(quantity)
    return found


def _told(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _told(inner) for name, inner in value.items()}
    return str(value) if isinstance(value, Decimal | date) else value


def _difference(wanted: Any, ours: Any, where: str) -> str | None:
    if isinstance(wanted, Mapping) and isinstance(ours, Mapping):
        for name, value in wanted.items():
            if name not in ours:
                return f"{where}.{name}: we do not say this"
            found = _difference(value, ours[name], f"{where}.{name}")
            if found:
                return found
        return None
    if isinstance(wanted, list) and isinstance(ours, list):
        for index, (theirs, mine) in enumerate(zip(wanted, ours, strict=False)):
            found = _difference(theirs, mine, f"{where}[{index}]")
            if found:
                return found
        return None if len(wanted) == len(ours) else f"{where}: expected {len(wanted)} rows, ours {len(ours)}"
    told = str(ours) if isinstance(ours, date) else ours
    if isinstance(wanted, int | Decimal) and isinstance(told, int | Decimal) and isinstance(wanted, bool) is isinstance(told, bool):
        same = wanted == told
    else:
        same = type(wanted) is type(told) and wanted == told
    return None if same else f"{where}: expected {_shown(wanted)}, ours {_shown(told)}"


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)
