"""How differences from the old system read: each cause with what was supposed and proved, each field by its name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from holdfast.kernel.money import decimal_of
from holdfast.kernel.rate import percent_of_ppb
from holdfast.takeover.shadow_store import Line
from holdfast.web.console import words
from holdfast.web.console.sentences import told
from holdfast.web.console.templatetags.console import amount, day

Text = str | Promise

CAUSES: Final[Mapping[str, Text]] = {
    "receipt_only_here": _("Receipt only in this book"),
    "receipt_not_here": _("Receipt only in the old system"),
    "receipt_other_day": _("Receipt on another day"),
    "receipt_other_amount": _("Receipt of another amount"),
    "reversal_only_here": _("Receipt taken back only here"),
    "charge_only_here": _("Charge only in this book"),
    "waiver_only_here": _("Waiver only in this book"),
    "rearranged_only_here": _("Rearranged only in this book"),
    "pause_only_here": _("Arrears paused only in this book"),
    "refund_only_here": _("Refund only in this book"),
    "written_off_here": _("Written off here, not there"),
    "written_off_there": _("Written off there, not here"),
    "rate": _("Another rate"),
    "day_count": _("Another day count"),
    "rounding": _("Another rounding"),
    "allocation_order": _("Another allocation order"),
    "penalty": _("Penalty interest"),
    "month_end": _("Another month-end rule"),
    "due_day": _("Another due day"),
    "other_day": _("Export of another day"),
    "next_due_meaning": _("Another meaning of the next instalment"),
    "arrears_count": _("Days late counted otherwise"),
    "class_floor": _("Class held down here"),
    "class_rule": _("Another table of classes"),
    "rounding_within": _("Rounding within a few minor units"),
    "closed_there": _("Closed there, open here"),
    "closed_here": _("Closed here, open there"),
    "not_taken_over": _("Not taken over"),
    "unknown_loan": _("New since the takeover"),
    "missing_there": _("Not in the export"),
    "unreadable": _("Row cannot be read"),
    "unexplained": _("Unexplained"),
}
FIELDS: Final[Mapping[str, Text]] = {
    "balance": _("Balance"), "next_due_on": _("Next due on"), "next_due_amount": _("Next instalment"), "days_past_due": _("Days late"),
    "loan_class": _("Class"), "penalty": _("Penalty interest"),
}  # fmt: skip
_AMOUNTS: Final = frozenset({"balance", "next_due_amount", "penalty"})
_MONTH_ENDS: Final[Mapping[str, Text]] = {
    "from_previous": _("counted from the due date before"),
    "last_day": _("always the month's last day"),
    "first_of_next": _("over into the next month"),
}
_COUNTS: Final[Mapping[str, Text]] = {
    "from_due_day": _("the due day itself is the first"),
    "weekdays": _("weekdays only"),
    "without_pauses": _("without our pauses"),
}
_MEANINGS: Final[Mapping[str, Text]] = {"oldest_unpaid": _("the oldest unpaid"), "upcoming": _("the next to fall due")}


def cause(code: str) -> str:
    """What a cause is called."""
    return str(CAUSES.get(code, code))


def fields(line: Line, currency: str) -> list[tuple[str, str, str]]:
    """Each field that differs: its name, theirs, ours."""
    return [
        (str(FIELDS.get(name, name)), _figure(name, both["theirs"], currency), _figure(name, both["ours"], currency))
        for name, both in line.told["fields"].items()
    ]


def proof(line: Line, currency: str) -> str:
    """What was supposed, under which every figure of the old system comes out."""
    given: Mapping[str, Any] = line.told["supposed"]
    said = _supposed(line.cause, given, currency)
    also = line.told.get("also")
    return gettext("%(said)s Besides: %(also)s.") % {"said": said, "also": cause(also)} if also else said


def _supposed(code: str, given: Mapping[str, Any], currency: str) -> str:
    if code == "unreadable":
        return told(str(given["reason"]))
    if code in ("receipt_only_here", "receipt_not_here"):
        facts = {"amount": amount(given["amount"], currency)}
        if "on" in given:
            return gettext("%(amount)s on %(day)s.") % {**facts, "day": day(date.fromisoformat(given["on"]))}
        return gettext("%(amount)s, as paid through instalment %(n)s.") % {**facts, "n": given["through"]}
    if code in ("receipt_other_amount", "penalty") and "theirs" in given:
        return _sides(amount(given["theirs"], currency), amount(given["ours"], currency))
    if code in ("receipt_other_day", "due_day"):
        return _sides(*(day(date.fromisoformat(given[side])) for side in ("theirs", "ours")))
    if code == "rate":
        return _sides(*(f"{percent_of_ppb(given[side])}%" for side in ("theirs", "ours")))
    if code == "class_rule":
        return _sides(*(_class(given[side]) for side in ("theirs", "ours")))
    if code == "rounding_within":
        return gettext("Within %(n)s minor units, one an instalment.") % {"n": given["within"]}
    if code == "month_end":
        return str(_MONTH_ENDS[given["month_end"]])
    if code == "arrears_count":
        return str(_COUNTS[given["count"]])
    if code == "next_due_meaning":
        return str(_MEANINGS[given["next_due"]])
    if code == "other_day":
        return gettext("As at the end of %(day)s.") % {"day": day(date.fromisoformat(given["as_of"]))}
    if code in ("day_count", "rounding", "allocation_order"):
        return ", ".join(str(value) for value in given.values())
    if "event" in given:
        return gettext("Our event %(n)s of %(day)s.") % {"n": given["event"], "day": day(date.fromisoformat(given["on"]))}
    return ""


def _class(code: str) -> str:
    return str(words.CLASSES[code][1]) if code in words.CLASSES else code


def _sides(theirs: str, ours: str) -> str:
    return gettext("%(theirs)s there, %(ours)s here.") % {"theirs": theirs, "ours": ours}


def _figure(name: str, value: Any, currency: str) -> str:
    if value is None:
        return "—"
    if name in _AMOUNTS:
        return amount(value, currency)
    if name == "loan_class":
        return _class(value)
    return day(date.fromisoformat(value)) if name == "next_due_on" else str(value)


def plain_fields(line: Line, currency: str) -> dict[str, tuple[str, str]]:
    """Each field that differs, theirs and ours, as plain figures that a sheet can add up."""
    found = {}
    for name, both in line.told["fields"].items():
        plain = decimal_of if name in _AMOUNTS else lambda value, _: str(value)
        found[name] = tuple("" if both[side] is None else plain(both[side], currency) for side in ("theirs", "ours"))
    return {name: (sides[0], sides[1]) for name, sides in found.items()}
