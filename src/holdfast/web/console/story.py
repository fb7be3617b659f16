"""A loan's life as its page tells it: the stage line from `life.py`, and the timeline from journal records.

Every step that lies behind stands on a record, and the line names it; what lies ahead is said to lie ahead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

from holdfast.life import DUTIES, LIVE, STAGES, LoanState, Stage
from holdfast.servicing.duties import Plan
from holdfast.servicing.views import DutyRow, EventRow, InstalmentRow, LoanDetail, Part, TimelineItem
from holdfast.web.console import words
from holdfast.web.console.templatetags.console import amount, day, money, of_language, short_day

_STAGE: Final[Mapping[str, Stage]] = {stage.name: stage for stage in STAGES}
_REMINDER: Final = re.compile(r"i(\d+) T-(\d+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the line: its shape, its name and what stands under it; `now` marks where the loan is."""

    shape: str
    name: str | Promise
    under: str
    now: bool = False


# The record that ends each stage before the money, and the state in which the loan then stands.
_ENDS: Final = (
    ("applications", "application.submitted"),
    ("confirmation", "confirmation.completed"),
    ("decisioning", "decision.approved"),
    ("contracts", "contract.sealed"),
    ("pledges", "custody.taken_in"),
    ("payments", "loan.disbursed"),
)
MILESTONES: Final = tuple(kind for _stage, kind in _ENDS)


def steps(
    loan: LoanDetail, schedule: Sequence[InstalmentRow], passed: Mapping[str, date], began_on: date | None, today: date
) -> list[Step]:
    """The stages that this loan has in this book, in the order of `life.STAGES`; `passed` holds the day of each milestone."""
    row, state = loan.row, LoanState(loan.row.state)
    line = _before_money(row.collateral, state, passed, today)
    if not line:
        began = "takeover" if loan.balances.taken_over.minor else "payments"
        line = [Step("done", of_language(_STAGE[began]), short_day(began_on or row.opened_on, today))]
    if state in (LoanState.REFUSED, LoanState.WITHDRAWN):
        return [*(step for step in line if step.shape == "done"), Step("todo", words.LOAN_STATES[state][1], "", now=True)]
    paid = sum(1 for each in schedule if each.state == "paid")
    repaying = {
        LoanState.ACTIVE: "late" if row.days_past_due else "now",
        LoanState.WRITTEN_OFF: "late",
    }.get(state, "done" if schedule else "todo")
    progress = gettext("written off") if state is LoanState.WRITTEN_OFF else f"{paid} / {len(schedule)}" if schedule else "—"
    line.append(Step(repaying, of_language(_STAGE["servicing"]), progress, now=repaying in ("now", "late")))
    if row.collateral != "none" or state is LoanState.RELEASING:
        releasing = {LoanState.RELEASING: "now", LoanState.SETTLED: "done"}.get(state, "todo")
        line.append(Step(releasing, of_language(_STAGE["release"]), "—" if releasing == "todo" else "", now=releasing == "now"))
    settled = state is LoanState.SETTLED
    line.append(Step("done" if settled else "todo", gettext("Settled"), "" if settled else "—", now=settled))
    return line


def _before_money(collateral: str, state: LoanState, passed: Mapping[str, date], today: date) -> list[Step]:
    """The stages from the application to the payout of a loan that came by one; the first not yet ended is where it stands."""
    if "application.submitted" not in passed:
        return []
    line: list[Step] = []
    for stage, kind in _ENDS:
        if stage == "pledges" and collateral == "none":
            continue
        if kind in passed:
            line.append(Step("done", of_language(_STAGE[stage]), short_day(passed[kind], today)))
        else:
            now = all(step.shape == "done" for step in line) and state in LIVE
            line.append(Step("now" if now else "todo", of_language(_STAGE[stage]), "" if now else "—", now=now))
    return line


@dataclass(slots=True)
class Moment:
    """One line of the timeline. `proofs` are the journal records behind it, by number and label."""

    when: str
    shape: str
    what: str
    how: str = ""
    proofs: list[tuple[int, str]] = field(default_factory=list)


def ahead(schedule: Sequence[InstalmentRow], duties: Sequence[DutyRow], plan: Plan, today: date, now: datetime) -> list[Moment]:
    """What is still to come, furthest first: the next two instalments, and every open duty."""
    coming: list[tuple[date, Moment]] = []
    for line in [row for row in schedule if row.state != "paid" and row.due_on >= today][:2]:
        marks = [words.before(days) for on, days in plan.reminded_on(line.due_on) if on > today]
        how = gettext("Reminders to come: %(marks)s") % {"marks": gettext(", ").join(marks)} if marks else ""
        what = gettext("Instalment %(n)s falls due: %(amount)s") % {"n": line.n, "amount": amount(line.unpaid.minor, line.unpaid.currency)}
        coming.append((line.due_on, Moment(short_day(line.due_on, today), "todo", what, how)))
    for duty in duties:
        if duty.open:
            name = f"{of_language(DUTIES[duty.kind])} {words.about(duty.kind, duty.about)}".strip()
            shape = "late" if duty.due_at < now else "now" if duty.due_on <= today else "todo"
            how = gettext("to do: %(role)s") % {"role": duty.owner or words.word(words.ROLES, duty.role)}
            coming.append((duty.due_on, Moment(short_day(duty.due_on, today), shape, name, how)))
    return [moment for _on, moment in sorted(coming, key=lambda pair: pair[0], reverse=True)]


def behind(items: Sequence[TimelineItem], events: Sequence[EventRow], today: date) -> list[Moment]:
    """What has been done, newest first, each with its record; reminders of one instalment in a row are told as one."""
    by_number = {event.no: event for event in events}
    told: list[Moment] = []
    run: list[TimelineItem] = []
    for item in items:
        if run and _reminded(item) is not None and _reminded(item) == _reminded(run[0]) and item.kind == run[0].kind:
            run.append(item)
            continue
        if run:
            told.append(_reminders(run, today))
        run = [item] if _reminded(item) is not None else []
        if not run:
            told.append(_told(item, by_number.get(item.says.get("event", 0)), today))
    if run:
        told.append(_reminders(run, today))
    return told


def _reminded(item: TimelineItem) -> int | None:
    """The instalment that a contact reminded of, None for anything else."""
    match = _REMINDER.fullmatch(str(item.says.get("about", "")))
    return int(match[1]) if match and item.kind in ("contact.sent", "contact.refused") else None


def _days_before(item: TimelineItem) -> int:
    match = _REMINDER.fullmatch(str(item.says["about"]))
    return int(match[2]) if match else 0


def _reminders(run: Sequence[TimelineItem], today: date) -> Moment:
    n = _reminded(run[0])
    sent = run[0].kind == "contact.sent"
    if sent:
        what = ngettext("Instalment %(n)s: reminded once", "Instalment %(n)s: reminded %(times)s times", len(run)) % {
            "n": n,
            "times": len(run),
        }
    else:
        what = ngettext("Instalment %(n)s: a reminder was not sent", "Instalment %(n)s: %(times)s reminders were not sent", len(run))
        what %= {"n": n, "times": len(run)}
    first, last = short_day(run[-1].on, today), short_day(run[0].on, today)
    how = "" if sent else str(run[0].says.get("why") or run[0].says.get("rule") or "")
    proofs = [(item.seq, words.before(_days_before(item))) for item in reversed(run)]
    return Moment(first if first == last else f"{first} – {last}", "done" if sent else "hold", what, how, proofs)


def _told(item: TimelineItem, event: EventRow | None, today: date) -> Moment:
    says = item.says
    what = words.record(item.kind)
    who = item.by_name or words.word(words.ROLES, item.role)
    how: list[str] = [] if item.role == "system" else [who]
    shape = {"loan.written_off": "late", "receipt.reversed": "warn", "contact.refused": "hold"}.get(item.kind, "done")
    sum_told = says.get("amount") or says.get("balance")
    if isinstance(sum_told, Mapping):
        what += " " + money(sum_told["minor"], sum_told["currency"])
    if item.kind == "instalment.due":
        what = gettext("Instalment %(n)s fell due") % {"n": says.get("n")}
    if item.kind == "receipt.reversed":
        how.append(gettext("event %(n)s taken back: %(reason)s") % {"n": says.get("event_no"), "reason": says.get("reason", "")})
    if event is not None and event.parts and item.kind == "receipt.posted":
        how.append(fallen(event.parts))
    if "on" in says and says["on"] != item.on.isoformat():
        how.append(gettext("value date %(day)s") % {"day": day(date.fromisoformat(says["on"]))})
    if item.kind in ("contact.noted", "recovery.reviewed"):
        kind = DUTIES.get(str(says.get("kind", "")))
        name = f"{of_language(kind)} {words.about(kind.name, str(says.get('about', '')))}".strip() if kind else what
        what = gettext("%(duty)s: %(outcome)s") % {"duty": name, "outcome": words.word(words.OUTCOMES, str(says.get("outcome", "")))}
        if says.get("words"):
            how.append(gettext("“%(words)s”") % {"words": says["words"]})
    if says.get("paid_off_on"):
        what += gettext(", and the loan is paid off")
    label = gettext("record %(seq)s") % {"seq": item.seq}
    return Moment(short_day(item.on, today), shape, what, " · ".join(how), [(item.seq, label)])


def fallen(parts: Sequence[Part]) -> str:
    """How money fell: `利息 24.43，本金 275.57`."""
    names = {"fee": gettext("fees"), "penalty": gettext("penalty"), "interest": gettext("interest"), "principal": gettext("principal")}
    sums = {name: sum(getattr(part, name).minor for part in parts) for name in names}
    currency = parts[0].principal.currency
    return gettext(", ").join(f"{names[name]} {amount(minor, currency)}" for name, minor in sums.items() if minor)
