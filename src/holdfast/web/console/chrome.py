"""The frame around every page: the navigation's present place, the person, the switches."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from holdfast.parties import Role, may
from holdfast.web.console import words
from holdfast.web.console.desk import Desk

_PLACES = {
    "home": "home",
    **dict.fromkeys(
        ("coverage", "coverage_period", "duties", "duty", "duty_act", "absences", "absence_end", "duties_move"),
        "home",
    ),
    **dict.fromkeys(("applications", "application", "application_withdraw", "application_give_back", "application_close"), "applications"),
    "phone": "phone",
    "loans": "loans",
    "loan": "loans",
    "receive": "loans",
    "reverse": "loans",
    "note_duty": "loans",
    "call_loan": "loans",
    "restructuring": "loans",
    "relief": "loans",
    "payout_further": "loans",
    **dict.fromkeys(("programmes", "programme", "programme_act"), "programmes"),
    "freeze": "loans",
    "freeze_report": "loans",
    "freeze_ask": "loans",
    "freeze_answer": "loans",
    **dict.fromkeys(
        (
            "calls",
            "call_desk",
            "call_take",
            "call_dial",
            "call_picked_up",
            "call_answer",
            "call_send_code",
            "call_confirm",
            "call_end",
            "call_fail",
            "call_give_up",
            "call_observe",
            "call_recording",
        ),
        "calls",
    ),
    **dict.fromkeys(
        (
            "shelf",
            "shelf_set",
            "shelf_one",
            "shelf_act",
            "shelf_audit",
            "shelf_audit_open",
            "shelf_scan",
            "shelf_audit_close",
            "thing_reveal",
        ),
        "shelf",
    ),
    **dict.fromkeys(("take_in", "custody_act", "value", "appraise", "quote", "settle"), "loans"),
    **dict.fromkeys(("intake", "intake_resume", "intake_step", "intake_submit"), "applications"),
    **dict.fromkeys(("rules", "rule", "rule_propose", "rule_answer"), "rules"),
    **dict.fromkeys(("pledging", "pledging_offer", "pledging_take_in", "pledging_part"), "loans"),
    **dict.fromkeys(("prices", "price_book"), "prices"),
    **dict.fromkeys(
        (
            "releases",
            "release",
            "release_code",
            "release_identify",
            "release_audit",
            "release_approve",
            "release_phone",
            "release_allow",
            "release_certify",
            "release_ask_hand_back",
            "release_hand_back",
            "release_report",
            "release_lost",
            "disposals",
            "disposal",
            "disposal_notice",
            "disposal_withdraw",
            "disposal_value",
            "disposal_ask_sale",
            "disposal_sell",
            "disposal_account",
            "disposal_ask_surplus",
            "disposal_return",
        ),
        "releases",
    ),
    "decisions": "decisions",
    "decision": "decisions",
    "decide": "decisions",
    "decision_answer": "decisions",
    "decision_review": "decisions",
    **dict.fromkeys(
        (
            "money",
            "payout_ask",
            "payout_check",
            "payout_cancel",
            "payout_enquire",
            "payout_rule",
            "payout_ruling",
            "counter",
            "drawer_open",
            "drawer_cash",
            "drawer_count",
            "drawer_close",
            "drawer_settle",
            "statements",
            "statement",
            "statement_preview",
            "suspense",
            "line_returned",
            "line_match",
            "line_aside",
            "line_answer",
            "line_split",
            "payout_files",
            "payout_file_make",
            "payout_file_take",
            "payout_file_hand",
            "payout_file_stop",
            "bank_answers",
            "house_ask",
            "house_answer",
            "recalls",
            "recall_ask",
            "matter_rule",
            "matter_answer",
            "mandates",
            "mandate_cancel",
            "debit_follow_up",
        ),
        "money",
    ),
    **dict.fromkeys(
        ("ledger", "ledger_account", "ledger_entries", "months", "month_close", "month_reopen", "month_decide", "snapshot"),
        "ledger",
    ),
    "drawer_bank": "money",
    "tonight": "tonight",
    "hold": "tonight",
    **dict.fromkeys(("plans", "plan", "plan_propose", "plan_answer"), "plans"),
    "tapes": "tapes",
    "tape": "tapes",
    **dict.fromkeys(("shadow", "shadow_run", "shadow_accept"), "tapes"),
    **dict.fromkeys(("promises_of", "promise_act"), "home"),
    **dict.fromkeys(("settlements", "settlement_of", "settlement_speak", "settlement_paper", "settlement_act"), "settlements"),
    **dict.fromkeys(("reviews", "reviews_of", "review_act"), "reviews"),
    **dict.fromkeys(("visits", "visits_of", "visit_act"), "visits"),
    **dict.fromkeys(
        (
            "strategies",
            "strategies_today",
            "strategy",
            "strategy_begin",
            "strategy_from",
            "strategy_trial",
            "strategy_row",
            "strategy_drop",
            "strategy_act",
        ),
        "strategies",
    ),
    **dict.fromkeys(("inbound", "inbound_of", "inbound_link", "inbound_aside"), "inbound"),
    **dict.fromkeys(("complaints", "complaints_of", "complaint_act"), "complaints"),
    **dict.fromkeys(("performance", "performance_records"), "performance"),
    **dict.fromkeys(("contact_of", "contact_lift"), "loans"),
    **dict.fromkeys(("texts", "text", "text_act"), "texts"),
    "journal": "journal",
    "loan_journal": "journal",
}


# The navigation: place, icon and word, in the order of a loan's life; after the line, what is looked at rather than worked on.
_WORK: Final[tuple[tuple[str, str, Any], ...]] = (
    ("home", "home", _("My day")),
    ("applications", "list", _("Applications")),
    ("calls", "call", _("Calls")),
    ("decisions", "check", _("Decisions")),
    ("rules", "list", _("What decides")),
    ("shelf", "box", _("Shelf")),
    ("money", "money", _("Money")),
    ("releases", "key", _("Releases")),
    ("loans", "case", _("Loans")),
    ("tonight", "moon", _("Tonight")),
)
_VIEWS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("settlements", "list", _("Settlements")),
    ("strategies", "list", _("Strategies")),
    ("visits", "list", _("Field visits")),
    ("reviews", "list", _("Business reviews")),
    ("inbound", "list", _("From borrowers")),
    ("complaints", "list", _("Complaints")),
    ("performance", "list", _("Performance")),
    ("plans", "list", _("Reminder plans")),
    ("programmes", "list", _("Programmes")),
    ("texts", "list", _("Texts")),
    ("prices", "list", _("Prices")),
    ("ledger", "money", _("Ledger")),
    ("tapes", "up", _("Tapes")),
    ("journal", "chain", _("Journal")),
)
# A phone's bar holds four places and a door to the rest: each role's own.
_NEAR: Final = {
    Role.CALLER: ("home", "calls", "loans", "tonight"),
    Role.OFFICER: ("home", "applications", "money", "loans"),
    Role.APPROVER: ("home", "decisions", "releases", "loans"),
    Role.CUSTODIAN: ("home", "shelf", "releases", "loans"),
    Role.RISK: ("home", "decisions", "loans", "prices"),
}
# Whoever puts a scorecard or a table in force, and whoever looks over the shoulder, finds them beside the decisions.
_SEES_RULES: Final = frozenset({Role.RISK, Role.AUDITOR})
# The general ledger is for those who look over the whole.
_SEES_LEDGER: Final = frozenset({Role.RISK, Role.AUDITOR, Role.ADMIN})
_NEAR_ELSE: Final = ("home", "loans", "tonight", "journal")


def _navigation(desk: Desk, place: str) -> dict[str, Any]:
    near = _NEAR.get(desk.staff.role, _NEAR_ELSE)

    def item(name: str, icon: str, word: Any) -> dict[str, Any]:
        return {"url": reverse(f"console:{name}"), "icon": icon, "word": word, "here": name == place, "near": name in near}

    seen = [each for each in _WORK if each[0] != "rules" or desk.staff.role in _SEES_RULES]
    hidden = {
        *(() if desk.staff.role in _SEES_LEDGER else ("ledger",)),
        *(() if may(desk.staff, "performance.see") else ("performance",)),
    }  # fmt: skip
    looked_at = [each for each in _VIEWS if each[0] not in hidden]
    work, views = [item(*each) for each in seen], [item(*each) for each in looked_at]
    far = [each for each in work + views if not each["near"]]
    return {"work": work, "views": views, "far": far, "here_is_far": any(each["here"] for each in far)}


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Django context processor: what `base.html` and `frame.html` need besides the page's own facts."""
    theme = request.COOKIES.get("holdfast_theme")
    context: dict[str, Any] = {"theme": theme if theme in ("light", "dark") else "", "switch_language": _language(request)}
    desk = getattr(request, "desk", None)
    if isinstance(desk, Desk):
        match = request.resolver_match
        goes = {"h": "home", "l": "loans", "c": "calls", "q": "loans", "t": "tonight", "p": "tapes", "j": "journal"}
        context |= {
            "desk": desk,
            "nav": _navigation(desk, _PLACES.get(match.url_name or "", "") if match else ""),
            "role_word": words.word(words.ROLES, desk.staff.role),
            "scope_word": words.word(words.REACHES, desk.staff.reach),
            "may_shift": may(desk.staff, "clock.shift"),
            "switch_theme": _theme(request),
            "switch_keys": _keys(request),
            "goes": json.dumps({key: reverse(f"console:{name}") for key, name in goes.items()}),
        }
    return context


def _choice(request: HttpRequest, name: str, choice: str) -> str:
    # A form that came back to be mended is shown afresh; the borrower's stays with the borrower.
    borrowers = request.path.startswith(reverse("borrower:home"))
    here = request.get_full_path() if request.method == "GET" else request.path if borrowers else reverse("console:home")
    return reverse("console:choose", args=[name, choice]) + "?" + urlencode({"back": here})


def _language(request: HttpRequest) -> dict[str, str]:
    code, name = ("en", "English") if (get_language() or "").startswith("zh") else ("zh-hans", "中文")
    return {"url": _choice(request, "language", code), "code": "en" if code == "en" else "zh-Hans", "name": name}


def _theme(request: HttpRequest) -> dict[str, str]:
    if request.COOKIES.get("holdfast_theme") == "dark":
        return {"url": _choice(request, "theme", "light"), "name": gettext("Light colours")}
    return {"url": _choice(request, "theme", "dark"), "name": gettext("Dark colours")}


def _keys(request: HttpRequest) -> dict[str, str]:
    if request.COOKIES.get("holdfast_keys") == "off":
        return {"url": _choice(request, "keys", "on"), "name": gettext("Switch single keys on")}
    return {"url": _choice(request, "keys", "off"), "name": gettext("Switch single keys off")}
