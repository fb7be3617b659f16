"""The words of a strategy of follow-up: its inputs, its steps, what is said, its defects. The table itself knows codes only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from holdfast.followup.strategy_check import OTHER, Defect, Flaw
from holdfast.followup.strategy_model import INPUTS, REST, SHIPPED, Condition, Facts, Row, Span, Step, Strategy
from holdfast.web.console import words
from holdfast.web.console.templatetags.console import colon, money

Text = str | Promise

CURRENCY: Final = "CNY"  # what the exposure of a table is in

STANDINGS: Final[Mapping[str, tuple[str, Text]]] = {
    "in_force": ("done", _("decides now")),
    "to_come": ("now", _("to come")),
    "proposed": ("now", _("waits for a second person")),
    "refused": ("todo", _("not put live")),
    "past": ("todo", _("decided before")),
    "draft": ("todo", _("draft")),
}
ASKS: Final[Mapping[str, Any]] = {
    "days_past_due": _("Days late"),
    "class": _("Class"),
    "product": _("Product"),
    "lender_type": _("Kind of lender"),
    "exposure": _("Principal owed"),
    "promises_broken": _("Broken promises"),
    "times_followed_up": _("Follow-ups so far"),
    "has_collateral_in_custody": _("Thing in our custody"),
    "restructured": _("Terms were changed"),
    "paused": _("Collection is paused"),
}
LENDERS: Final[Mapping[str, Text]] = {
    "commercial_bank": _("Commercial bank"),
    "consumer_finance": _("Consumer finance company"),
    "auto_finance": _("Car finance company"),
    "micro_lender": _("Micro-lender"),
    "online_micro_lender": _("Online micro-lender"),
    "pawnshop": _("Pawnshop"),
    "financial_leasing": _("Leasing company"),
    "guarantee": _("Guarantee company"),
    "private_lender": _("Private lender"),
}
STEPS: Final[Mapping[str, Text]] = {
    "message": _("Send a message"),
    "call": _("Call the borrower"),
    "visit": _("Visit"),
    "letter": _("Send a letter"),
    "offer_terms": _("Offer other terms"),
    "legal_review": _("Look at legal ways"),
    "leave": _("Leave in peace"),
    "refer": _("Refer to an approver"),
}
SCRIPTS: Final[Mapping[str, Text]] = {
    "none": _("nothing is said"),
    "ask_what_happened": _("Ask what happened"),
    "agree_a_day": _("Agree on a day"),
    "after_broken_promise": _("After a broken promise"),
    "offer_help": _("Offer help"),
    "last_notice": _("Last notice"),
}
# What is said, once it is certain who listens: nobody is threatened, shamed or told more than is so.
SPOKEN: Final[Mapping[str, Text]] = {
    "ask_what_happened": _(
        "Make certain who speaks. Say that the payment has not come and ask what happened; listen first. Ask by when it can come."
    ),
    "agree_a_day": _(
        "Make certain who speaks. Name the sum and ask which day and which sum are certain. Write the promise down as it was given."
    ),
    "after_broken_promise": _(
        "Make certain who speaks. Recall the day that was named, without reproach. Ask what changed, and which smaller sum is certain."
    ),
    "offer_help": _(
        "Make certain who speaks. Ask how income and health stand. Say which other terms can be asked for, and that asking costs nothing."
    ),
    "last_notice": _(
        "Say the sum, the day, and what the contract provides if nothing comes; say where to ask and how to complain. No threats."
    ),
}
# Why, as the rows of the strategy that comes with the program say it. What somebody has written is shown as it stands.
WHYS: Final[Mapping[str, Text]] = {
    "A complaint, a dispute or a hardship stands: nothing is collected until it is settled": _(
        "A complaint, a dispute or a hardship stands: nothing is collected until it is settled"
    ),
    "A few days late for the first time is often forgotten": _("A few days late for the first time is often forgotten"),
    "A call finds the reason while a small sum is late": _("A call finds the reason while a small sum is late"),
    "Late for weeks without a word: agree on a day and a sum": _("Late for weeks without a word: agree on a day and a sum"),
    "A promise was broken: ask what changed before another is taken": _("A promise was broken: ask what changed before another is taken"),
    "Promises are broken one after another: the plan may be more than they can pay": _(
        "Promises are broken one after another: the plan may be more than they can pay"
    ),
    "More than a month late: look whether other terms would be paid": _("More than a month late: look whether other terms would be paid"),
    "Late again after other terms were agreed: see how things stand": _("Late again after other terms were agreed: see how things stand"),
    "We hold the thing: a letter tells what follows if nothing is paid": _(
        "We hold the thing: a letter tells what follows if nothing is paid"
    ),
    "Nothing is held: two people go and ask": _("Nothing is held: two people go and ask"),
    "More than three months late: decide on disposal or the court": _("More than three months late: decide on disposal or the court"),
    "No other row fits": _("No other row fits"),
}


def name_of(strategy: Strategy) -> str:
    """What a strategy is called; the one that comes with the program in the page's language."""
    return gettext("Follow-up strategy of November 2026") if strategy.name == SHIPPED else strategy.name


def why(text: str) -> str:
    """The reason of a row."""
    return words.word(WHYS, text)


def row_name(row_id: str) -> str:
    """What a row is called on a page."""
    return gettext("last row") if row_id == REST else gettext("row %(n)s") % {"n": row_id[1:]}


def said(name: str, condition: Condition, names: Mapping[str, str]) -> str:
    """What is asked of an input. `names` are the products'."""
    if isinstance(condition, Span):
        low, high = _figure(name, condition.low), "" if condition.high is None else _figure(name, condition.high)
        if condition.high is None:
            return gettext("%(low)s or more") % {"low": low}
        return low if low == high else gettext("%(low)s to %(high)s") % {"low": low, "high": high}
    asks = next(each for each in INPUTS if each.name == name)
    order = [each for each in (*asks.words, *sorted(condition)) if each in condition]
    return gettext(", ").join(_word(name, each, names) for each in dict.fromkeys(order))


def cell(conditions: Mapping[str, Condition], names: Mapping[str, str]) -> str:
    """Several conditions as one line."""
    told = (f"{ASKS[name]}{colon()}{said(name, condition, names)}" for name, condition in conditions.items())
    return gettext(", ").join(told) or gettext("any loan")


def defect(each: Defect, names: Mapping[str, str]) -> str:
    """What is wrong, in words of the trade."""
    if each.flaw is Flaw.GAP:
        return gettext("No row for: %(cell)s") % {"cell": cell(each.cell, names)}
    if each.flaw is Flaw.OVERLAP:
        rows = dict(zip(("one", "other"), (row_name(row) for row in each.rows), strict=True))
        return gettext("Two rows speak of the same loans (%(one)s and %(other)s): %(cell)s") % {**rows, "cell": cell(each.cell, names)}
    return gettext("The rows cut the loans into too many cases to be looked through. Make them simpler.")


def step(each: Step) -> dict[str, Any]:
    """A step as a page shows it."""
    return {
        "step": words.word(STEPS, each.step),
        "role": words.word(words.ROLES, each.role),
        "script": words.word(SCRIPTS, each.script) if each.script != "none" else "",
        "spoken": words.word(SPOKEN, each.script) if each.script != "none" else "",
        "points": each.points,
        "why": why(each.why),
    }


def row(each: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """A rule as a page shows it."""
    conditions = {name: said(name, condition, names) for name, condition in each.when.items()}
    last = each.row_id == REST
    asks = cell(each.when, names) if each.when else gettext("whatever no other row speaks of") if last else gettext("any loan")
    return {"id": each.row_id, "name": row_name(each.row_id), "when": conditions, "asks": asks, "last": last, **step(each.then)}


def facts(each: Facts, names: Mapping[str, str], only: Collection[str] = tuple(ASKS)) -> list[tuple[str, str]]:
    """Facts as a page shows them, each with its name."""
    found = []
    for name, fact in each.told().items():
        if name not in only:
            continue
        if isinstance(fact, bool):
            told = gettext("yes") if fact else gettext("no")
        else:
            told = _figure(name, fact) if isinstance(fact, int) else _word(name, str(fact), names)
        found.append((str(ASKS[name]), told))
    return found


def _figure(name: str, figure: int) -> str:
    return money(figure, CURRENCY) if name == "exposure" else str(figure)


def _word(name: str, word: str, names: Mapping[str, str]) -> str:
    if word == OTHER:
        return gettext("any other")
    if word in ("true", "false"):
        return gettext("yes") if word == "true" else gettext("no")
    if name == "class":
        return str(words.CLASSES[word][1])
    return names.get(word, word) if name == "product" else words.word(LENDERS, word)
