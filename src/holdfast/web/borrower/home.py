"""What a borrower sees first: where their application or loan stands, what comes next in plain words, and what they can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from holdfast import applications, confirmation
from holdfast.applications import STEPS, Application, ApplicationState, completeness
from holdfast.database.connection import transaction
from holdfast.followup import settlements
from holdfast.followup.settlements_model import SettlementState
from holdfast.servicing import reading
from holdfast.servicing.views import DutyRow, LoanRow
from holdfast.web.borrower import wording
from holdfast.web.borrower.desk import Db, Visitor, borrower_at
from holdfast.web.console import story
from holdfast.web.console.templatetags.console import day, money

_MOST: Final = 20
_BEFORE_MONEY: Final = frozenset({"submitted", "confirmed", "decided", "signed"})


@dataclass(frozen=True, slots=True)
class Act:
    """Something a borrower can do about a loan: its page (which takes the loan's public id), its words, and when it is offered.

    Offered in these states; `while_open` narrows it to loans on which a duty of one of these kinds stands. `first` makes it the
    one primary button.
    """

    page: str
    words: str | Promise
    states: frozenset[str]
    while_open: frozenset[str] = frozenset()
    first: bool = False

    def open_to(self, state: str, kinds: frozenset[str]) -> bool:
        return state in self.states and (not self.while_open or bool(self.while_open & kinds))


# What each stage lets a borrower do from here, in the order of a loan's life.
ACTS: Final = (
    Act("borrower:confirm", _("Confirm what was read to you"), frozenset({"submitted"}), while_open=frozenset({"confirm"})),
    Act("borrower:sign", _("Read and sign the contract"), frozenset({"decided"}), first=True),
    Act("borrower:decision", _("Why, and what may change it"), frozenset({"refused"}), first=True),
    Act("borrower:release", _("Notice of default"), frozenset({"active", "written_off"}), while_open=frozenset({"dispose"})),
    Act("borrower:sign", _("My contract"), frozenset({"signed", "active", "written_off", "releasing", "settled"})),
    Act("borrower:release", _("Follow the release"), frozenset({"releasing", "settled"}), first=True),
    Act("borrower:pay", _("Pay"), frozenset({"active", "written_off"}), first=True),
    Act("borrower:my_loan", _("Schedule and all figures"), frozenset({"active", "written_off", "releasing", "settled"})),
    Act("borrower:terms", _("Cannot pay? Ask for more time"), frozenset({"active"})),
)

_OWING: Final = frozenset({"active", "written_off"})
_SETTLING: Final = frozenset({SettlementState.APPROVED, SettlementState.RUNNING})

# What comes next, by the duty that stands first on the loan. `%(by)s` is the day by which we do it.
_NEXT: Final[Mapping[str, str | Promise]] = {
    "confirm": _("We call you to go through your application, by %(by)s at the latest. You decide on the phone whether you still want it."),
    "decide": _("We decide, by %(by)s at the latest, and tell you why."),
    "sign": _("Approved. Read the contract and sign it by %(by)s."),
    "take_in": _("Signed. Bring the phone to %(place)s by %(by)s, without your SIM card and with its lock switched off."),
    "pay_out": _("Your phone is with us, sealed. The money is paid out by %(by)s."),
    "payout_enquiry": _("The bank has not told us yet whether the money arrived. We ask it; nothing is sent twice."),
    "hand_back": _("No loan was made. Fetch your phone at %(place)s; it is ready."),
    "fraud_review": _("Somebody looks at your application once more. Until then nothing goes on. We call you."),
}
_BY_STATE: Final[Mapping[str, str | Promise]] = {
    "active": _("Nothing to pay just now."),
    "written_off": _("This loan is long overdue. Please call us: there are ways out of it."),
    "releasing": _("Paid off. Your phone is being made ready to be handed back."),
    "refused": _("We could not lend this time."),
    "withdrawn": _("You withdrew this application. Nothing was charged."),
    "settled": _("Paid off, and everything is handed back. Thank you."),
}


@require_safe
@borrower_at
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The file that is being filled in, if there is one, and the borrower's loans, newest first."""
    with transaction() as db:
        rows = reading.loan_list(db, visitor.look, limit=_MOST).items
        file = applications.newest_of(db, visitor.party.party_id)
        loans = [_card(db, visitor, row) for row in rows]
    in_hand = file if file is not None and file.state in (ApplicationState.DRAFT, ApplicationState.RETURNED) else None
    if in_hand is None and not rows:
        return HttpResponseRedirect(reverse("borrower:plan"))
    on_its_way = in_hand is not None or any(row.state in _BEFORE_MONEY for row in rows)
    context = {"visitor": visitor, "loans": loans, "file": in_hand, "may_apply": not on_its_way}
    if in_hand is not None:
        context |= _progress(in_hand, visitor)
    return render(request, "borrower/home.html", context)


def _progress(file: Application, visitor: Visitor) -> dict[str, Any]:
    """How far the file is, and the page on which it goes on."""
    lacks = completeness(file, today=visitor.today)
    following = lacks[0].step if lacks else None
    if file.state is ApplicationState.RETURNED and not lacks:
        following = None
    return {
        "lacks": len(lacks),
        "goes_on": reverse("borrower:step", args=[following]) if following else reverse("borrower:check"),
        "steps": [step not in {each.step for each in lacks} for step in STEPS],
        "following": wording.STEP_NAMES[following] if following else wording.STEP_NAMES["check"],
    }


def _card(db: Db, visitor: Visitor, row: LoanRow) -> dict[str, Any]:
    """One loan: its line of stages, the next step, what can be done."""
    detail = reading.loan_detail(db, visitor.look, row.id)
    schedule = reading.schedule(db, visitor.look, row.id)
    passed = reading.milestones(db, visitor.look, row.id, story.MILESTONES)
    open_duties = [duty for duty in reading.duties_of(db, visitor.look, row.id) if duty.open]
    kinds = frozenset(duty.kind for duty in open_duties)
    called = "confirm" not in kinds or confirmation.waits_for_code(db, detail.number)
    acts = sorted(
        (act for act in ACTS if act.open_to(row.state, kinds) and (called or act.page != "borrower:confirm")), key=lambda act: not act.first
    )
    shown = [{"href": reverse(act.page, args=[row.id]), "words": act.words, "first": act.first} for act in acts]
    if row.state in _OWING and (settled := settlements.settlements_of(db, by=visitor.actor, loan=row.id)) and settled[0].state in _SETTLING:
        waits = settled[0].state is SettlementState.APPROVED
        said = _("A settlement is ready: read it and agree") if waits else _("My settlement: what is left to pay")
        shown = [{**each, "first": False} for each in shown]  # one button of the card is the primary one
        shown.insert(0, {"href": reverse("borrower:settlement", args=[row.id]), "words": said, "first": True})
    asked = None
    if row.state in _BEFORE_MONEY:
        asked = applications.of_loan(db, detail.number)
    return {
        "row": row,
        "asked": asked,
        "steps": story.steps(detail, schedule, passed, row.opened_on, visitor.today),
        "next": _next(row, open_duties),
        "acts": shown,
        "withdrawable": row.state in _BEFORE_MONEY and not kinds & {"pay_out", "payout_enquiry", "hand_back", "fraud_review"},
    }


def _next(row: LoanRow, open_duties: list[DutyRow]) -> str:
    for duty in sorted(open_duties, key=lambda each: each.kind != "fraud_review"):
        if duty.kind in _NEXT and row.state in _BEFORE_MONEY:
            return str(_NEXT[duty.kind]) % {"by": day(duty.due_on), "place": row.branch_name}
    if row.state == "active" and row.next_due is not None and row.next_due_on is not None:
        facts = {"sum": money(row.next_due.minor, row.currency), "by": day(row.next_due_on), "days": row.days_past_due}
        if row.days_past_due:
            return (
                ngettext("%(sum)s was due on %(by)s, %(days)s day ago.", "%(sum)s was due on %(by)s, %(days)s days ago.", row.days_past_due)
                % facts
            )
        return str(_("Next: %(sum)s on %(by)s.")) % facts
    return str(_BY_STATE.get(row.state, ""))
