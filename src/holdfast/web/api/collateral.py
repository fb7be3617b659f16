"""Things: what they are worth and who says so, the price books, the shelf, and its audit by scan."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from holdfast import collateral, duties, files
from holdfast.collateral import CHECKLIST, Item, Standing, custody
from holdfast.kernel.errors import BadInput
from holdfast.parties import box_of, party_by_id
from holdfast.policy import lender, pack_in_force
from holdfast.web.api.approvals import told_request
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import RequestOut
from holdfast.web.api.values import Day, In, Instant, MoneyIn, MoneyOut, Name, Out, Words

router = Router()


# -- things and their worth ------------------------------------------------------------------------------------


class ValuationOut(Out):
    """One source's word. `amount` is `market` less the faults; a word is never edited."""

    id: str
    source: str
    source_name: str
    grade: str
    market: MoneyOut
    deductions: dict[str, int]
    amount: MoneyOut
    locked: bool
    basis: str
    as_of: Day
    valid_until: Day
    made_by: str | None


class StandingOut(Out):
    """Which word counts, by which rule; `referred` says why two people must settle it first."""

    id: str | None
    rule: str
    counting: str | None
    sources: list[ValuationOut]
    referred: str | None
    apart_percent: int
    locked: bool
    amount: MoneyOut
    haircut_percent: int
    lending_value: MoneyOut
    valid_until: Day | None


class ThingOut(Out):
    """A thing behind a loan; its IMEIs are masked to their last four."""

    id: str
    model: str
    storage_gb: int
    colour: str
    grade: str
    imeis: list[str]
    evidence: dict[str, str]
    state: str | None
    place: str | None
    seal_no: str | None
    value: StandingOut | None


class ThingList(Out):
    items: list[ThingOut]


@operation(router, "GET", "/loans/{loan}/things", "collateral.things", answer=ThingList)
def list_things(call: Call, loan: str) -> Any:
    """The things behind a loan: what, where, and what each is worth by the last choice that was kept."""
    number = duties.in_sight(call.db, loan, call.staff.scope)
    return {"items": [_thing(call, about) for about in collateral.things_of(call.db, number)]}


@operation(router, "POST", "/loans/{loan}/things/{thing}/value", "collateral.value", answer=StandingOut, status=201)
def value_thing(call: Call, loan: str, thing: str) -> Any:
    """Value a thing today: the price book speaks, the named rule chooses, the choice is kept. No price is ever guessed."""
    return _standing(collateral.value(call.db, clock=call.clock, by=call.staff, loan=loan, thing=thing))


class AppraiseIn(In):
    """An inspection: every point of the checklist, what such a phone fetches, and the faults in minor units."""

    checklist: Annotated[dict[str, str], Field(examples=[{point: next(iter(answers)) for point, answers in CHECKLIST.items()}])]
    market: MoneyIn
    deductions: dict[str, Annotated[int, Field(ge=0, le=10**12)]] = {}
    locked: bool
    evidence: list[Name] = []


@operation(router, "POST", "/loans/{loan}/things/{thing}/appraisal", "collateral.appraise", answer=ValuationOut, status=201)
def appraise_thing(call: Call, loan: str, thing: str, body: AppraiseIn) -> Any:
    """Write an inspection down as one source."""
    return _valuation(
        collateral.appraise(
            call.db, clock=call.clock, by=call.staff, loan=loan, thing=thing, checklist=body.checklist, market=body.market.money(),
            deductions=body.deductions, locked=body.locked, evidence=body.evidence,
        )
    )  # fmt: skip


class QuoteIn(In):
    """What an outsider offers, with at least one kept file that shows it."""

    source_name: Name
    market: MoneyIn
    as_of: Day
    evidence: list[Name]


@operation(router, "POST", "/loans/{loan}/things/{thing}/quote", "collateral.enter_quote", answer=ValuationOut, status=201)
def quote_thing(call: Call, loan: str, thing: str, body: QuoteIn) -> Any:
    """Write an outside quote down as one source."""
    return _valuation(
        collateral.enter_quote(
            call.db, clock=call.clock, by=call.staff, loan=loan, thing=thing, source_name=body.source_name, market=body.market.money(),
            as_of=body.as_of, evidence=body.evidence,
        )
    )  # fmt: skip


class SettleIn(In):
    """Which of the standing sources shall count, and why."""

    valuation: Name
    reason: Words


@operation(router, "POST", "/loans/{loan}/things/{thing}/settlement", "collateral.ask_settlement", answer=RequestOut, status=201)
def ask_settlement(call: Call, loan: str, thing: str, body: SettleIn) -> Any:
    """Ask another person to let this source count although the sources lie far apart."""
    asked = collateral.ask_settlement(
        call.db, clock=call.clock, by=call.staff, loan=loan, thing=thing, valuation=body.valuation, reason=body.reason
    )
    return told_request(asked)


class RevealIn(In):
    """Why the numbers must be seen."""

    reason: Words


class ImeisOut(Out):
    """The IMEIs in full."""

    imeis: list[str]


@operation(router, "POST", "/things/{thing}/imei", "collateral.reveal_imei", answer=ImeisOut)
def reveal_imei(call: Call, thing: str, body: RevealIn) -> Any:
    """The IMEIs in full; the reason is in the journal before the answer is given."""
    about = collateral.thing_named(call.db, thing)
    return {"imeis": collateral.reveal_imei(call.db, clock=call.clock, by=call.staff, thing_id=about.thing_id, reason=body.reason)}


class FileIn(In):
    """A photo or paper about a thing, in base64."""

    name: Name
    content: Annotated[str, Field(min_length=4, max_length=1_000_000)]


class CollateralFileOut(Out):
    """A kept file: its id, and the digest that the journal knows it by."""

    id: str
    digest: str
    media_type: str
    size: int


@operation(router, "POST", "/loans/{loan}/things/{thing}/files", "collateral.keep_file", answer=CollateralFileOut, status=201)
def keep_file(call: Call, loan: str, thing: str, body: FileIn) -> Any:
    """Keep a photo or paper about a thing, sealed under its owner's key; other operations name it by its id."""
    case = duties.take(call.db, loan, call.staff.scope, lock=False)
    owner = party_by_id(call.db, collateral.thing_of(call.db, case, thing).party_id)
    try:
        data = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("content: not base64", field="content") from None
    kept = files.put(call.db, data, clock=call.clock, name=body.name, box=box_of(call.db, owner), party_id=owner.party_id)
    return {"id": kept.public_id, "digest": kept.digest, "media_type": kept.media_type, "size": kept.size}


# -- price books --------------------------------------------------------------------------------------------------


class PriceBookOut(Out):
    """One load of prices."""

    id: str
    name: str
    digest: str
    lines: int
    sources: list[str]
    first_day: Day
    last_day: Day
    loaded_by: str
    loaded_at: Instant


class PriceBookList(Out):
    items: list[PriceBookOut]


class PriceLineOut(Out):
    """What one source says a model fetches, grade by grade."""

    row: int
    model: str
    storage_gb: int
    prices: dict[str, MoneyOut]
    source: str
    as_of: Day


class PriceBookDetailOut(PriceBookOut):
    items: list[PriceLineOut]


class PriceBookIn(In):
    """A price book as CSV text; its columns as on the console's page."""

    name: Name
    csv: Annotated[str, Field(min_length=1, max_length=900_000)]


class AlarmOut(Out):
    """A model that cannot be valued: `missing` or `stale`."""

    kind: str
    model: str
    storage_gb: int
    as_of: Day | None
    things: int
    in_custody: int


class AlarmList(Out):
    items: list[AlarmOut]


@operation(router, "GET", "/price-books", "collateral.price_books", answer=PriceBookList)
def list_price_books(call: Call, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> Any:
    """The price books, newest first."""
    return {"items": [_book(each) for each in collateral.price_books(call.db, limit=limit)]}


@operation(router, "GET", "/price-books/{book}", "collateral.price_book", answer=PriceBookDetailOut)
def read_price_book(call: Call, book: str) -> Any:
    """One price book with its lines."""
    found = collateral.price_book(call.db, book)
    items = [
        {
            "row": line.row, "model": line.model, "storage_gb": line.storage_gb, "source": line.source, "as_of": line.as_of,
            "prices": {str(grade): {"minor": minor, "currency": line.currency} for grade, minor in line.prices.items()},
        }
        for line in collateral.lines_of(call.db, book)
    ]  # fmt: skip
    return {**_book(found), "items": items}


@operation(router, "POST", "/price-books", "collateral.load_price_book", answer=PriceBookOut, status=201)
def load_price_book(call: Call, body: PriceBookIn) -> Any:
    """Load a price book whole; one bad cell refuses it all, and the sentence names row and column of each."""
    return _book(collateral.load_price_book(call.db, clock=call.clock, by=call.staff, name=body.name, data=body.csv.encode()))


@operation(router, "GET", "/price-alarms", "collateral.price_alarms", answer=AlarmList)
def price_alarms(call: Call) -> Any:
    """The models that things need a price for and that have none, or only an old one."""
    stale_after = _stale_after(call)
    return {"items": collateral.price_alarms(call.db, on=call.clock.today(), stale_after=stale_after)}


# -- the shelf -----------------------------------------------------------------------------------------------------


class ShelfOut(Out):
    """A shelf of a branch: so many levels of so many slots."""

    branch: int
    branch_name: str
    code: str
    levels: int
    slots: int


class ShelfList(Out):
    items: list[ShelfOut]


class ShelfIn(In):
    """A shelf to be put up, or its new size."""

    code: Name
    levels: Annotated[int, Field(ge=1, le=20)]
    slots: Annotated[int, Field(ge=1, le=50)]


class ItemOut(Out):
    """A thing's stay with us."""

    thing: str
    state: str
    place: str
    seal_no: str
    placed_at: Instant


class ItemList(Out):
    items: list[ItemOut]


@operation(router, "GET", "/shelves", "custody.shelves", answer=ShelfList)
def list_shelves(call: Call) -> Any:
    """The shelves that the caller sees."""
    return {"items": [_shelf(each) for each in custody.shelves(call.db, call.staff)]}


@operation(router, "POST", "/shelves", "custody.set_shelf", answer=ShelfOut, status=201)
def set_shelf(call: Call, body: ShelfIn) -> Any:
    """Put up a shelf in the caller's branch, or change its size."""
    if call.staff.branch_id is None:
        raise BadInput("branch: you belong to no branch, so a shelf of yours would stand nowhere", field="branch")
    return _shelf(
        custody.set_shelf(
            call.db, clock=call.clock, by=call.staff, branch_id=call.staff.branch_id, code=body.code, levels=body.levels, slots=body.slots
        )
    )


@operation(router, "GET", "/shelves/{branch}/{code}", "custody.shelf", answer=ItemList)
def read_shelf(call: Call, branch: Annotated[int, Field(ge=1, le=2**31)], code: str) -> Any:
    """What fills the slots of a shelf."""
    return {"items": [_item(each) for each in custody.items_on(call.db, custody.shelf(call.db, call.staff, branch, code))]}


class MoveIn(In):
    """Where a thing shall go, and why."""

    to: Name
    reason: Words


class MissIn(In):
    """How it was seen that the thing is not there."""

    words: Words


class FoundIn(In):
    """Where a missing thing lies now, and under which seal if the old one is broken."""

    place: Name
    words: Words
    new_seal_no: Name | None = None


class LostIn(In):
    """Why a missing thing is taken for lost."""

    reason: Words


@operation(router, "POST", "/items/{seal_no}/move", "custody.ask_move", answer=RequestOut, status=201)
def ask_move(call: Call, seal_no: str, body: MoveIn) -> Any:
    """Ask another person to let the thing go to another slot."""
    return told_request(custody.ask_move(call.db, clock=call.clock, by=call.staff, seal_no=seal_no, to=body.to, reason=body.reason))


@operation(router, "POST", "/items/{seal_no}/missing", "custody.miss", answer=ItemOut)
def miss(call: Call, seal_no: str, body: MissIn) -> Any:
    """Say that a thing is not in its slot: every loan it stands behind hears of it, and the search begins."""
    return _item(custody.miss(call.db, clock=call.clock, by=call.staff, seal_no=seal_no, words=body.words))


@operation(router, "POST", "/items/{seal_no}/found", "custody.found", answer=ItemOut)
def found(call: Call, seal_no: str, body: FoundIn) -> Any:
    """A missing thing lies in a slot again; the search is over."""
    return _item(
        custody.found(
            call.db, clock=call.clock, by=call.staff, seal_no=seal_no, place=body.place, words=body.words, new_seal_no=body.new_seal_no
        )
    )


@operation(router, "POST", "/items/{seal_no}/lost", "custody.ask_lost", answer=RequestOut, status=201)
def ask_lost(call: Call, seal_no: str, body: LostIn) -> Any:
    """Ask another person to agree that a missing thing is lost."""
    return told_request(custody.ask_lost(call.db, clock=call.clock, by=call.staff, seal_no=seal_no, reason=body.reason))


class AuditIn(In):
    """The shelf to walk along."""

    branch: Annotated[int, Field(ge=1, le=2**31)]
    code: Name


class ScanIn(In):
    """A seal as the scanner gives it."""

    seal_no: Name


class CollateralAuditOut(Out):
    """A walk along a shelf. Each list holds seals; of an open walk it is what closing would find now."""

    id: str
    shelf: str
    opened_by: str
    opened_at: Instant
    closed_by: str | None
    closed_at: Instant | None
    seen: list[str]
    missing: list[str]
    found: list[str]
    elsewhere: list[str]
    unknown: list[str]


@operation(router, "POST", "/shelf-audits", "custody.open_audit", answer=CollateralAuditOut, status=201)
def open_audit(call: Call, body: AuditIn) -> Any:
    """Begin to walk along a shelf."""
    return _audit(call, custody.open_audit(call.db, clock=call.clock, by=call.staff, branch_id=body.branch, code=body.code))


@operation(router, "GET", "/shelf-audits/{audit}", "custody.audit", answer=CollateralAuditOut)
def read_audit(call: Call, audit: str) -> Any:
    """One walk and what it found."""
    return _audit(call, custody.audit(call.db, call.staff, audit))


@operation(router, "POST", "/shelf-audits/{audit}/scans", "custody.scan", answer=CollateralAuditOut, status=201)
def scan(call: Call, audit: str, body: ScanIn) -> Any:
    """A seal was scanned on the shelf; scanned twice it counts once."""
    custody.scan(call.db, clock=call.clock, by=call.staff, audit=audit, seal_no=body.seal_no)
    return _audit(call, custody.audit(call.db, call.staff, audit))


@operation(router, "POST", "/shelf-audits/{audit}/close", "custody.close_audit", answer=CollateralAuditOut)
def close_audit(call: Call, audit: str) -> Any:
    """Close the walk: what is missing is written on its loans, and the search begins."""
    custody.close_audit(call.db, clock=call.clock, by=call.staff, audit=audit)
    return _audit(call, custody.audit(call.db, call.staff, audit))


# -- how they are told -----------------------------------------------------------------------------------------------


def _thing(call: Call, about: collateral.Thing) -> dict[str, Any]:
    item = custody.item_of(call.db, about.thing_id)
    worth = collateral.last_value(call.db, about.thing_id)
    return {
        "id": about.public_id, "model": about.model, "storage_gb": about.storage_gb, "colour": about.colour, "grade": about.grade,
        "imeis": about.imeis, "evidence": dict(about.evidence),
        "state": item.state if item else None, "place": str(item.place) if item else None,
        "seal_no": item.seal_no if item else None, "value": _standing(worth) if worth else None,
    }  # fmt: skip


def _valuation(each: collateral.Valuation) -> dict[str, Any]:
    names = ("source", "source_name", "grade", "market", "amount", "locked", "basis", "as_of", "valid_until", "made_by")
    return {"id": each.public_id, "deductions": dict(each.deductions), **{name: getattr(each, name) for name in names}}


def _standing(each: Standing) -> dict[str, Any]:
    names = ("rule", "referred", "apart_percent", "locked", "amount", "haircut_percent", "lending_value", "valid_until")
    return {
        "id": each.public_id, "counting": each.counting.public_id if each.counting else None,
        "sources": [_valuation(source) for source in each.sources], **{name: getattr(each, name) for name in names},
    }  # fmt: skip


def _book(each: collateral.PriceBook) -> dict[str, Any]:
    names = ("name", "digest", "lines", "sources", "first_day", "last_day", "loaded_by", "loaded_at")
    return {"id": each.public_id, **{name: getattr(each, name) for name in names}}


def _shelf(each: collateral.Shelf) -> dict[str, Any]:
    return {"branch": each.branch_id, "branch_name": each.branch, "code": each.code, "levels": each.levels, "slots": each.slots}


def _item(each: Item) -> dict[str, Any]:
    return {"thing": each.thing, "state": each.state, "place": str(each.place), "seal_no": each.seal_no, "placed_at": each.placed_at}


def _audit(call: Call, walk: custody.ShelfAudit) -> dict[str, Any]:
    if walk.closed_at is None:
        now = custody.compare_now(call.db, walk)
        lists: dict[str, Any] = {
            name: [item.seal_no for item in getattr(now, name)] for name in ("seen", "missing", "found", "elsewhere")
        } | {"unknown": list(now.unknown)}
    else:
        lists = {name: list(walk.found.get(name, ())) for name in ("seen", "missing", "found", "elsewhere", "unknown")}
    names = ("shelf", "opened_by", "opened_at", "closed_by", "closed_at")
    return {"id": walk.public_id, **{name: getattr(walk, name) for name in names}, **lists}


def _stale_after(call: Call) -> int:
    pack = pack_in_force(call.db, call.clock)
    return pack.number("price_book.stale_after", on=call.clock.today(), lender_type=lender(call.db).lender_type)
