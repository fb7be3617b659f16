"""Reading files: whoever may see one sees it whole, but for what identifies the person, which stays masked.

Staff see what their data scope reaches, by the branch and the officer of the file; a borrower sees their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from holdfast import files
from holdfast.applications import store
from holdfast.applications.completeness import Missing, completeness
from holdfast.applications.model import Application, ApplicationState, Document, Entry, Line
from holdfast.applications.store import Db
from holdfast.journal import Actor, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.kernel.money import Money
from holdfast.kernel.sealing import Sealed
from holdfast.parties import Scope, Staff, box_of, party_by_id, require

MOST_LISTED: Final = 200
SHORTEST_REASON: Final = 4
By = Actor | Staff


def application(db: Db, public_id: str, by: By, *, lock: bool = False) -> Application:
    """The file of that public id, locked if asked; NotFound if it is out of sight."""
    condition, values = _sight(by)
    found = _where(db, f"a.public_id = %(public_id)s::text AND {condition}", {**values, "public_id": public_id}, lock=lock)
    if found is None:
        raise NotFound(f"there is no application {public_id} within your sight", code="no_application", field="application")
    return found


def of_loan(db: Db, loan_id: int, *, lock: bool = False) -> Application:
    """The file that a loan was made from; NotFound if it came in another way. The caller has the loan within sight."""
    found = _where(db, "a.loan_id = %(loan)s::bigint", {"loan": loan_id}, lock=lock)
    if found is None:
        raise NotFound(f"loan number {loan_id} was not applied for here", code="no_application", field="loan")
    return found


def newest_of(db: Db, party_id: int) -> Application | None:
    """The last file that somebody began, wherever it stands."""
    return _where(db, "a.party_id = %(party)s::bigint", {"party": party_id})


def draft_of(db: Db, party_id: int, *, lock: bool = False) -> Application | None:
    """The file that somebody is filling in for the first time, if there is one."""
    return _where(db, "a.party_id = %(party)s::bigint AND a.state = 'draft'", {"party": party_id}, lock=lock)


def missing_of(db: Db, loan_id: int, *, today: date) -> tuple[Missing, ...]:
    """What the file of a loan lacks on that day."""
    return completeness(of_loan(db, loan_id), today=today)


def entries_of(db: Db, known: Application) -> list[Entry]:
    """How the file grew: which fields, from whom, when; first step first."""
    return [entry for entry, _, _ in store.entries(db, known.application_id)]


def listing(
    db: Db, scope: Scope, *, state: str | None = None, branch: str | None = None, q: str | None = None, before: int | None = None,
    limit: int = 50,
) -> list[Line]:  # fmt: skip
    """Files within sight, newest first; `before` is the number of the last one of the page before."""
    if state is not None and state not in tuple(ApplicationState):
        raise BadInput(f"state: choose one of {', '.join(ApplicationState)}", field="state")
    condition, values = scope.condition("a")
    return store.lines(db, condition, values, state=state, branch=branch, q=q, before=before, limit=min(max(1, limit), MOST_LISTED))


def reveal_document(db: Db, *, clock: Clock, by: Staff, application_id: str, file: str, reason: str) -> tuple[Document, bytes]:
    """A paper of the file, for a person who may see it and says why. The record comes before the picture."""
    require(by, "party.reveal")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why you need to see it", field="reason")
    known = application(db, application_id, by)
    document = _paper(known, file)
    says = {"what": document.slot, "file": document.file, "reason": reason.strip()}
    person = party_by_id(db, known.party_id)
    write_record(
        db, clock=clock, by=by.actor, chain_id=person.party_id, chain=person.public_id, kind="party.revealed", says=says,
        seals={document.slot: document.digest},
    )  # fmt: skip
    return document, files.read(files.get(db, document.file), box=box_of(db, person))


def own_document(db: Db, *, by: Actor, application_id: str, file: str) -> tuple[Document, bytes]:
    """A paper that the borrower put into their own file."""
    known = application(db, application_id, by)
    document = _paper(known, file)
    return document, files.read(files.get(db, document.file), box=box_of(db, party_by_id(db, known.party_id)))


def _paper(known: Application, file: str) -> Document:
    found = next((each for each in known.documents if each.file == file), None)
    if found is None:
        raise NotFound(f"application {known.public_id} holds no file {file}", code="no_file", field="file")
    return found


def _sight(by: By) -> tuple[str, Mapping[str, Any]]:
    if isinstance(by, Staff):
        return by.scope.condition("a")
    return "p.public_id = %(own)s::text", {"own": by.id}


def _where(db: Db, condition: str, values: Mapping[str, Any], *, lock: bool = False) -> Application | None:
    row = store.file_where(db, condition, values)
    if row is not None and lock:
        store.lock(db, row[0])
        # Read again: whoever held the file may have changed it.
        row = store.file_where(db, "a.application_id = %(held)s::bigint", {"held": row[0]})
    return _whole(db, row) if row is not None else None


def _whole(db: Db, row: tuple[Any, ...]) -> Application:
    number, public_id, state, party_id, party, label, branch_id, branch, branch_name, officer_id, channel, *plan = row
    product, version, minor, currency, instalments, loan_id, loan, thing_id, started_on, started_at, submitted_at = plan
    facts: dict[str, Any] = {}
    consents: dict[str, str] = {}
    born_on: date | None = None
    person = party_by_id(db, party_id)
    if not person.erased:
        box = box_of(db, person)
        for entry, nonce, sealed in store.entries(db, number):
            held = canonical.decode(box.open(Sealed(nonce, sealed), about(public_id, entry.entry_no)))
            facts |= held.get("facts", {})
            consents |= held.get("consents", {})
            born_on = date.fromisoformat(held["born_on"]) if "born_on" in held else born_on
    return Application(
        number, public_id, ApplicationState(state), party_id, party, label, branch_id, branch, branch_name, officer_id, channel, product,
        version, Money(minor, currency), instalments, loan_id, loan, thing_id, started_on, started_at, submitted_at, facts, consents,
        store.papers(db, number), store.masks(db, party_id), born_on, store.asked(db, number),
    )  # fmt: skip


def about(public_id: str, entry_no: int) -> str:
    """What a sealed step is about, bound into its seal."""
    return f"entry {entry_no} of {public_id}"
