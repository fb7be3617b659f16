"""Applications: taken in for somebody at the counter or by a program, looked at, supplemented, withdrawn.

A borrower with a phone needs none of this; what is refused there is refused here.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Annotated, Any, Final, Literal

from ninja import Router
from pydantic import Field

from holdfast import applications
from holdfast.applications import CONSENTS, FACTS, PRIVATE, SLOTS, Application, ApplicationState, completeness
from holdfast.applications.facts import LARGEST_UPLOAD
from holdfast.contact import codes
from holdfast.kernel.errors import BadInput
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.shapes import Json
from holdfast.web.api.values import Day, In, Instant, MoneyIn, MoneyOut, Name, Out, Words

router = Router()

LARGEST_PAGE: Final = 100
Fact = Annotated[str | int | bool, Field(union_mode="left_to_right")]
State = Literal["draft", "submitted", "returned", "withdrawn", "closed"]


class StartIn(In):
    """Who applies, by phone number, and for what. `branch` is where the phone will be brought."""

    number: Name
    language: Literal["zh-hans", "en"] = "zh-hans"
    product: Name
    amount: MoneyIn
    instalments: Annotated[int, Field(strict=True, ge=1, le=1000)]
    branch: Name | None = None


class UpdateIn(In):
    """Facts by name, and consents by purpose with the borrower's proved code. See `holds` of the answer for the names."""

    facts: dict[str, Fact] = Field(default_factory=dict, max_length=60)
    consents: dict[str, Annotated[bool, Field(strict=True)]] = Field(default_factory=dict, max_length=20)
    code: Name | None = None


class ConsentsIn(In):
    """Consents by purpose, as the borrower said yes or no to each text that was read out."""

    consents: dict[str, Annotated[bool, Field(strict=True)]] = Field(min_length=1, max_length=20)


class ApplicationsDigitsIn(In):
    """Which code, and its digits as the borrower read them out."""

    code: Name
    digits: Annotated[str, Field(min_length=1, max_length=20)]


class ApplicationsCodeOut(Out):
    """A code on its way to the borrower's phone."""

    code: str
    to: str


class ApplicationsRightOut(Out):
    """Whether the digits were those that were sent."""

    right: bool


class ApplicationsPaperIn(In):
    """A paper or picture, in base64; the kind is told by its bytes."""

    slot: Name
    name: Name
    content: Annotated[str, Field(min_length=4, max_length=900_000)]


class ApplicationsWordsIn(In):
    """Why."""

    words: Words


class SupplementIn(In):
    """Facts that were missing, and who said them, when and where."""

    facts: dict[str, Fact] = Field(min_length=1, max_length=60)
    source: Words


class ReturnIn(In):
    """What is needed, and the words in which the borrower is asked."""

    fields: list[Name] = Field(min_length=1, max_length=40)
    words: Words


class MissingOut(Out):
    """One thing that a file lacks, and why it is asked for."""

    step: str
    field: str
    why: str


class DocumentOut(Out):
    """A paper in the file; `digest` is what the journal names it by."""

    slot: str
    file: str
    name: str
    media_type: str
    size: int
    digest: str
    put_at: Instant


class ApplicationOut(Out):
    """A file as it stands. What identifies the person is masked; of the rest only which facts are known is told."""

    id: str
    state: State
    applicant: str
    private: dict[str, str]
    product: str
    product_version: int
    amount: MoneyOut
    instalments: int
    purpose: str
    branch: str
    channel: str
    loan: str | None
    facts_known: list[str]
    consents: dict[str, str]
    documents: list[DocumentOut]
    missing: list[MissingOut]
    holds: Json
    started_on: Day
    submitted_at: Instant | None


class ApplicationsLineOut(Out):
    """One line of the list."""

    id: str
    state: State
    applicant: str
    phone: str
    product: str
    amount: MoneyOut
    instalments: int
    branch: str
    channel: str
    loan: str | None
    contract_no: str | None
    started_at: Instant
    submitted_at: Instant | None


class ApplicationPage(Out):
    """A page of applications, newest first."""

    items: list[ApplicationsLineOut]
    next: str | None


class SubmittedOut(Out):
    """The loan that the file is for."""

    loan: str
    application: str
    contract_no: str


@operation(router, "POST", "/applications", "applications.start", answer=ApplicationOut, status=201)
def start(call: Call, given: StartIn) -> Any:
    """Begin a file for somebody by phone number; who has a draft keeps it, with this plan."""
    person = applications.person_at_counter(call.db, clock=call.clock, by=call.staff, number=given.number, language=given.language)
    known = applications.start(
        call.db, clock=call.clock, by=call.staff, party=person, product=given.product, principal=given.amount.money(),
        instalments=given.instalments, branch=given.branch,
    )  # fmt: skip
    return _told(known, call.clock.today())


@operation(router, "POST", "/applications/{application_id}/facts", "applications.update", answer=ApplicationOut)
def update(call: Call, application_id: str, given: UpdateIn) -> Any:
    """Put facts and consents into the file.

    Nobody consents for the borrower: staff name the proved code that the borrower read out (`applications.ask_consent_code`); a
    program puts the signed sheet into the file first (slot `consent_sheet`).
    """
    if given.facts:
        applications.save(call.db, clock=call.clock, by=call.staff, application_id=application_id, facts=given.facts)
    if given.consents:
        applications.agree(call.db, clock=call.clock, by=call.staff, application_id=application_id, given=given.consents, code=given.code)
    return _told(applications.application(call.db, application_id, call.staff), call.clock.today())


@operation(
    router, "POST", "/applications/{application_id}/consent-code", "applications.ask_consent_code", answer=ApplicationsCodeOut, status=201
)
def ask_consent_code(call: Call, application_id: str, given: ConsentsIn) -> Any:
    """Send the borrower the code that stands for exactly these consents; nothing is agreed to by it yet."""
    sent = applications.ask_consent_code(call.db, clock=call.clock, by=call.staff, application_id=application_id, given=given.consents)
    return {"code": sent.code_id, "to": sent.to}


@operation(
    router, "POST", "/applications/{application_id}/consent-code/attempts", "applications.try_consent_code", answer=ApplicationsRightOut
)
def try_consent_code(call: Call, application_id: str, given: ApplicationsDigitsIn) -> Any:
    """Try the digits as the borrower read them out; a wrong attempt counts."""
    applications.application(call.db, application_id, call.staff)
    return {"right": codes.attempt(call.db, clock=call.clock, code_id=given.code, digits=given.digits)}


@operation(router, "POST", "/applications/{application_id}/papers", "applications.attach", answer=ApplicationOut)
def attach(call: Call, application_id: str, given: ApplicationsPaperIn) -> Any:
    """Put a paper or picture into the file."""
    try:
        data = base64.b64decode(given.content, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("content: write the bytes in base64", field="content") from None
    known = applications.attach(
        call.db, clock=call.clock, by=call.staff, application_id=application_id, slot=given.slot, data=data, name=given.name
    )
    return _told(known, call.clock.today())


@operation(router, "POST", "/applications/{application_id}/submission", "applications.submit", answer=SubmittedOut, status=201)
def submit(call: Call, application_id: str) -> Any:
    """Hand the file in: the loan is made. Refused, naming each field, while something is missing."""
    return applications.submit(call.db, clock=call.clock, by=call.staff, application_id=application_id)


@operation(router, "GET", "/applications", "applications.list", answer=ApplicationPage)
def list_applications(
    call: Call, state: State | None = None, branch: str | None = None, q: str | None = None,
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50, cursor: str | None = NEXT,
) -> Any:  # fmt: skip
    """Files within sight, newest first."""
    lines = applications.listing(
        call.db, call.staff.scope, state=state, branch=_plain(branch), q=_plain(q), before=_before(cursor), limit=limit + 1
    )
    items = [
        {
            "id": each.public_id, "state": each.state, "applicant": each.label, "phone": each.phone, "product": each.product_code,
            "amount": each.principal, "instalments": each.instalments, "branch": each.branch, "channel": each.channel, "loan": each.loan,
            "contract_no": each.contract_no, "started_at": each.started_at, "submitted_at": each.submitted_at,
        }
        for each in lines[:limit]
    ]  # fmt: skip
    return {"items": items, "next": str(lines[limit - 1].application_id) if len(lines) > limit else None}


@operation(router, "GET", "/applications/{application_id}", "applications.get", answer=ApplicationOut)
def get(call: Call, application_id: str) -> Any:
    """One file, what it lacks, and why."""
    return _told(applications.application(call.db, application_id, call.staff), call.clock.today())


@operation(router, "POST", "/applications/{application_id}/close", "applications.close", answer=ApplicationOut)
def close(call: Call, application_id: str) -> Any:
    """Close a draft whose owner does not come back."""
    return _told(applications.discard(call.db, clock=call.clock, by=call.staff, application_id=application_id), call.clock.today())


@operation(router, "POST", "/loans/{loan_id}/application/supplement", "applications.supplement", answer=ApplicationOut)
def supplement(call: Call, loan_id: str, given: SupplementIn) -> Any:
    """Put into the file of a loan what was missing, with its source."""
    known = applications.supplement(call.db, clock=call.clock, by=call.staff, loan=loan_id, facts=given.facts, source=given.source)
    return _told(known, call.clock.today())


@operation(router, "POST", "/loans/{loan_id}/application/return", "applications.give_back", answer=ApplicationOut)
def give_back(call: Call, loan_id: str, given: ReturnIn) -> Any:
    """Ask the borrower for what the file still needs."""
    known = applications.give_back(call.db, clock=call.clock, by=call.staff, loan=loan_id, fields=tuple(given.fields), words=given.words)
    return _told(known, call.clock.today())


@operation(router, "POST", "/loans/{loan_id}/application/withdrawal", "applications.withdraw", answer=ApplicationOut)
def withdraw(call: Call, loan_id: str, given: ApplicationsWordsIn) -> Any:
    """End the loan before any money was paid, because the borrower asks for it."""
    known = applications.withdraw(call.db, clock=call.clock, by=call.staff, loan=loan_id, words=given.words)
    return _told(known, call.clock.today())


def _told(known: Application, today: date) -> dict[str, Any]:
    lacks = completeness(known, today=today) if known.state in (ApplicationState.DRAFT, ApplicationState.RETURNED) else ()
    return {
        "id": known.public_id, "state": known.state, "applicant": known.label, "private": dict(known.private),
        "product": known.product_code, "product_version": known.product_version, "amount": known.principal,
        "instalments": known.instalments, "purpose": known.purpose, "branch": known.branch, "channel": known.channel, "loan": known.loan,
        "facts_known": sorted(known.facts), "consents": dict(known.consents), "documents": list(known.documents), "missing": list(lacks),
        "holds": {"facts": [*PRIVATE, *FACTS], "slots": list(SLOTS), "consents": list(CONSENTS), "largest_paper": LARGEST_UPLOAD},
        "started_on": known.started_on, "submitted_at": known.submitted_at,
    }  # fmt: skip


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 18):
        raise BadInput("next: hand back the `next` of the page before", code="bad_cursor", field="next")
    return int(cursor)


def _plain(text: str | None) -> str | None:
    if text is not None and "\x00" in text:
        raise BadInput("q: it holds a character that no text has", field="q")
    return text or None
