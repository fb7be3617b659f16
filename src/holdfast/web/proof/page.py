"""A release's proof: what was done in plain words, the bundle that the browser checks, and the key and head to keep.

The page reads; only `head` writes, since a head that leaves the house is noted so that later bundles build on it.
The bundle is the loan's chain, which holds no name and no number; whoever has the certificate has the token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from holdfast import release as releases
from holdfast.database.connection import transaction
from holdfast.journal import export, give_head, newest_head, read_chain, signing_key
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import NotFound
from holdfast.kernel.places import keys_folder
from holdfast.policy import lender
from holdfast.release import Release, ReleaseState, Thing
from holdfast.servicing import reckon

Db = psycopg.Connection[Any]

# What the page tells of a release, in plain words, by kind of record.
_STEPS: Final[Mapping[str, Any]] = {
    "release.opened": _("The last payment was booked: nothing is owed"),
    "release.identified": _("Whoever came was identified"),
    "release.audited": _("The account was audited to the last fen"),
    "release.approved": _("Two people approved who have no part in the loan"),
    "release.certified": _("The certificate was issued and sealed"),
    "release.handed_back": _("The thing was handed back before two people"),
    "release.nothing_to_return": _("The thing was lost in custody and paid for; nothing is left to return"),
    "disposal.sold": _("The thing was sold; the proceeds paid the debt"),
    "disposal.accounted": _("The sale was accounted for"),
    "release.reported": _("The settlement was reported to the credit bureau"),
    "release.cancelled": _("Cancelled: the payment was taken back, and the certificate is void"),
}


@require_safe
def proof(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one release; a token that nobody was given leads nowhere."""
    with transaction() as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        release = _named(db, token)
        known = lender(db)
        records = [record for record in read_chain(db, release.loan_id) if record.kind in _STEPS]
        row = db.execute("SELECT public_id, contract_no FROM loan WHERE loan_id = %s", [release.loan_id]).fetchone()
        assert row is not None
        reckoning = reckon(db, loan=row[0])
        public_key = signing_key(keys_folder(), heads_exist=newest_head(db) is not None).verifier.text()
    steps = [
        {"seq": each.seq, "what": _STEPS[each.kind], "at": each.recorded_at, "hash": each.leaf_hash.hex(), "kind": each.kind}
        for each in records
        if each.seq >= release.opened_seq or each.kind.startswith("disposal.")
    ]
    context = {
        "release": release,
        "tail": row[1][-4:],
        "lender": known,
        "steps": steps,
        "settled_on": reckoning.paid_off_on,
        "void": release.state is ReleaseState.CANCELLED,
        "certified": release.certified_at is not None,
        "given_back": release.handed_back_at is not None,
        "gone": release.thing in (Thing.NONE, Thing.COMPENSATED, Thing.DISPOSED),
        "key": public_key,
        "token": token,
        "worker": reverse("proof:worker"),
    }
    with timezone.override(ZoneInfo(known.zone)):
        return _open_to_holder(render(request, "proof/proof.html", context))


@require_safe
def bundle(request: HttpRequest, token: str) -> HttpResponse:
    """The loan's bundle: the file that the page checks, and that `holdfast journal verify` checks without us."""
    with transaction() as db:
        release = _named(db, token)
        data = export(db, keys_folder(), release.loan_id, ShiftedClock().now())
    response = HttpResponse(data, content_type="application/json")
    if "save" in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{json.loads(data)["chain"]}.bundle"'
    return _open_to_holder(response)


@require_safe
def key(request: HttpRequest, token: str) -> HttpResponse:
    """The key that checks the signatures, as a file. It is printed on the certificate too: compare the two."""
    with transaction() as db:
        _named(db, token)
        text = signing_key(keys_folder(), heads_exist=newest_head(db) is not None).verifier.text()
    return _file(text + "\n", "key.txt")


@require_POST
def head(request: HttpRequest, token: str) -> HttpResponse:
    """The newest signed head, to be kept by the borrower; noted, so that later bundles build on it."""
    with transaction() as db:
        release = _named(db, token)
        note = give_head(db, keys_folder(), ShiftedClock().now(), holder=f"proof {release.public_id}")
    return _file(note, "head.txt")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps the page readable without a network; it is served here so that its scope is the proof pages only."""
    found = finders.find("proof/worker.js")
    if not isinstance(found, str):
        raise Http404("worker.js")
    with Path(found).open("rb") as file:
        response = HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _named(db: Db, token: str) -> Release:
    try:
        found = releases.release_named(db, token)
    except NotFound:
        raise Http404(token) from None
    if found.token != token:
        raise Http404(token)  # a public id is no key to this page
    return found


def _open_to_holder(response: HttpResponse) -> HttpResponse:
    # The address is the key: no other site hears it. Our own must, or it would not take the form that asks for the head.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return _open_to_holder(response)
