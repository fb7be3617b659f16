"""The loan list: filters that live in the address, removable one by one, in pages that cost the same anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput
from holdfast.servicing import reading as book
from holdfast.servicing.views import LoanFilter
from holdfast.web.console import reading, words
from holdfast.web.console.desk import Desk, at_desk
from holdfast.web.console.templatetags.console import of_language

PAGE: Final = 25
# Days past due as the field groups them; the last group has no end.
BUCKETS: Final[Mapping[str, tuple[int, int | None]]] = {
    "1-30": (1, 30),
    "31-60": (31, 60),
    "61-90": (61, 90),
    "91-180": (91, 180),
    "181-": (181, None),
    "1-": (1, None),
    "0": (0, 0),
}
FILTERS: Final = ("q", "state", "class", "product", "branch", "dpd")


@require_safe
@at_desk
def loans(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A page of the list. A search that names exactly one loan opens it."""
    asked = {name: request.GET.get(name, "").strip() for name in FILTERS}
    sort = request.GET.get("sort") or ("arrears" if asked["dpd"] not in ("", "0") else "newest")
    problem = ""
    with transaction() as db:
        products, branches = reading.products(db), reading.branches(db)
        try:
            page = book.loan_list(db, desk.look, _filter(asked, sort), cursor=request.GET.get("next") or None, limit=PAGE)
        except BadInput as error:
            problem = words.refusal(error)
            page = book.loan_list(db, desk.look, LoanFilter(), limit=PAGE)
    only_search = not any(asked[name] for name in FILTERS if name != "q")
    if asked["q"] and only_search and len(page.items) == 1 and asked["q"] in (page.items[0].id, page.items[0].contract_no):
        return HttpResponseRedirect(reverse("console:loan", args=[page.items[0].id]))
    names = {
        "state": {code: str(word) for code, (_shape, word) in words.LOAN_STATES.items()},
        "class": {code: str(word) for code, (_shape, word) in words.CLASSES.items()},
        "product": {row["code"]: of_language((row["name_zh"], row["name_en"])) for row in products},
        "branch": {row["code"]: row["name"] for row in branches},
        "dpd": {bucket: _bucket_words(bucket) for bucket in BUCKETS},
    }
    chips = [
        {"heading": _headings()[name], "word": names.get(name, {}).get(value, value), "without": _address(request.GET, name)}
        for name, value in asked.items()
        if value
    ]
    return render(
        request,
        "console/loans.html",
        {
            "page": page,
            "asked": asked,
            "sort": sort,
            "chips": chips,
            "names": names,
            "problem": problem,
            "views": _views(request.GET),
            "next_address": _address(request.GET, next=page.next) if page.next else "",
            "paged": bool(request.GET.get("next")),
            "first_address": _address(request.GET),
            "shown_address": request.get_full_path(),
            "one_currency": _only({row.currency for row in page.items}),
            "filter_fields": [(name, heading) for name, heading in _headings().items() if name != "q"],
            "sorts": [
                ("newest", gettext("newest first")),
                ("arrears", gettext("longest past due first")),
                ("next_duty", gettext("next deadline first")),
            ],
        },
    )


def _only(currencies: set[str]) -> str:
    """The one currency of a page, which its heading then names; empty if there are several."""
    return currencies.pop() if len(currencies) == 1 else ""


def _filter(asked: Mapping[str, str], sort: str) -> LoanFilter:
    low: int | None = None
    high: int | None = None
    if asked["dpd"]:
        if asked["dpd"] not in BUCKETS:
            raise BadInput(gettext("dpd: choose one of the groups of days past due"), field="dpd")
        low, high = BUCKETS[asked["dpd"]]
    return LoanFilter(
        state=asked["state"] or None,
        product=asked["product"] or None,
        branch=asked["branch"] or None,
        dpd_min=low,
        dpd_max=high,
        loan_class=asked["class"] or None,
        q=asked["q"] or None,
        sort=sort,
    )


def _headings() -> dict[str, str]:
    return {
        "q": gettext("Search"),
        "state": gettext("State"),
        "class": gettext("Class"),
        "product": gettext("Product"),
        "branch": gettext("Branch"),
        "dpd": gettext("Days past due"),
    }


def _bucket_words(bucket: str) -> str:
    low, high = BUCKETS[bucket]
    if high == 0:
        return gettext("not past due")
    if high is None:
        return gettext("%(low)s days or more") % {"low": low}
    return gettext("%(low)s–%(high)s days") % {"low": low, "high": high}


def _views(query: QueryDict) -> list[dict[str, Any]]:
    """The saved views above the list: common narrowings, one click each."""
    saved: tuple[tuple[str, dict[str, str]], ...] = (
        (gettext("All"), {}),
        (gettext("Past due"), {"dpd": "1-", "state": "active"}),
        (gettext("Repaying"), {"state": "active"}),
        (gettext("To be released"), {"state": "releasing"}),
        (gettext("Written off"), {"state": "written_off"}),
        (gettext("Settled"), {"state": "settled"}),
    )
    present = {name: query[name] for name in FILTERS if query.get(name)}
    address = reverse("console:loans")
    return [{"word": word, "url": address + _query(narrowing), "current": narrowing == present} for word, narrowing in saved]


def _address(query: QueryDict, *without: str, **more: str | None) -> str:
    """This list's address from its first page, less some filters, plus some."""
    kept = query.copy()
    for name in ("next", *without):
        kept.pop(name, None)
    for name in [name for name in kept if not kept[name]]:
        kept.pop(name)
    kept.update({name: value for name, value in more.items() if value is not None})
    return reverse("console:loans") + (f"?{kept.urlencode()}" if kept else "")


def _query(narrowing: Mapping[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update(narrowing)
    return f"?{query.urlencode()}" if query else ""
