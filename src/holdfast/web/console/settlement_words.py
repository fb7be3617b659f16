"""Words of settlements: where one stands, why and by which means, what came of the talk about a broken one, and why an act is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from holdfast.followup.settlements_model import SettlementState

STATES: Final[Mapping[str, tuple[str, str | Promise]]] = {
    SettlementState.OFFERED: ("wait", _("To be decided")),
    SettlementState.APPROVED: ("wait", _("Waits for the borrower")),
    SettlementState.RUNNING: ("now", _("Running")),
    SettlementState.KEPT: ("done", _("Kept")),
    SettlementState.BROKEN: ("late", _("Broken")),
    SettlementState.REFUSED: ("hold", _("Refused")),
    SettlementState.WITHDRAWN: ("hold", _("Taken back")),
    SettlementState.LAPSED: ("hold", _("Not agreed to in time")),
    SettlementState.OVERTAKEN: ("hold", _("The loan ended otherwise")),
}
REASONS: Final[Mapping[str, str | Promise]] = {
    "income_lost": _("Lost their income"),
    "illness": _("Illness"),
    "disaster": _("Flood, fire or another disaster"),
    "bereaved": _("A death in the family"),
    "thing_worth_less": _("What was pledged is worth less than the debt"),
    "disputed": _("The debt is disputed"),
    "other": _("Something else"),
}
MEANS: Final[Mapping[str, str | Promise]] = {
    "wages": _("Wages"),
    "family": _("Family helps"),
    "sale": _("Sells something"),
    "savings": _("Savings"),
    "other_income": _("Other income"),
}
PARTS: Final[Mapping[str, str | Promise]] = {
    "principal": _("Principal"),
    "interest": _("Interest"),
    "fee": _("Fees"),
    "penalty": _("Penalty interest"),
}
# The rules of authority that a role may be beyond.
LIMITS: Final[Mapping[str, str | Promise]] = {
    "authority.principal": _("principal forgiven, in money"),
    "authority.principal_percent": _("principal forgiven, as a share"),
    "authority.interest": _("interest forgiven, in money"),
    "authority.interest_percent": _("interest forgiven, as a share"),
    "authority.fee": _("fees forgiven, in money"),
    "authority.fee_percent": _("fees forgiven, as a share"),
    "authority.penalty": _("penalty forgiven, in money"),
    "authority.penalty_percent": _("penalty forgiven, as a share"),
    "authority.deferral_months": _("months put off"),
    "authority.instalments": _("number of new instalments"),
    "authority.two": _("the two who must agree"),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "settlement_nothing_late": _("Nothing is late on this loan, so there is nothing to settle."),
    "settlement_default_noticed": _("Default was noticed on this loan. Take the notice back before the debt is settled."),
    "settlement_runs": _("A settlement runs on this loan. Wait until its days are over."),
    "settlement_open": _("A settlement on this loan is open. Take it back first if another one takes its place."),
    "settlement_pays_all": _("These payments pay the whole debt of %(owed)s, so nothing is left to forgive."),
    "settlement_parts": _("A settlement has 1 to %(most)s parts."),
    "settlement_day": _("Name a day from %(first)s to %(last)s."),
    "settlement_amount": _("Write an amount that is more than nothing."),
    "settlement_same_day": _("Each part has a day of its own."),
    "settlement_moved": _("The loan has moved since these figures were shown. Look at the new ones and begin again."),
    "settlement_state": _("A colleague has just dealt with this settlement. Load the page anew."),
    "settlement_none_broken": _("Somebody has spoken about the broken settlement already."),
    "no_settlement": _("There is no such settlement on this loan."),
    "beyond_all_authority": _("Nobody here may agree to so much: it is beyond %(limits)s."),
    "beyond_authority_of": _("This is beyond your authority (%(limits)s). It is for: %(roles)s."),
    "authority_of_others": _("Your yes is not what is missing here. It waits for: %(roles)s."),
}
