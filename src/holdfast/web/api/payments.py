"""Money out and money in: payouts by two, drawers by two, statements, suspense, and what a borrower announced.

What a borrower does on the phone pages has no operation here: no token of the staff announces a payment for them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from ninja.files import UploadedFile
from ninja.params import functions as given_as
from pydantic import Field, StrictBool

from holdfast import days, files, payments
from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.payments import BankFile, BankLine, Drawer, Intent, Payout
from holdfast.servicing import room_of
from holdfast.servicing.reading import loan_number
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.shapes import Json
from holdfast.web.api.values import Currency, Day, In, Instant, MoneyIn, MoneyOut, Name, Out, Words
from holdfast.web.uploads import plain_name
from holdfast.wiring import GROWS, RAIL, carry

router = Router()

MAP: Any = given_as.Form("generic", alias="map")
_MATCHED_AT_ONCE = 500


class PayoutOut(Out):
    """A payout. `state` is asked, approved, listed, sent, unknown, paid, rejected or cancelled; name and account are masked."""

    id: str
    loan: str
    state: str
    amount: MoneyOut
    contract: str
    payee: str
    account: str
    approval: str
    maker: str
    checker: str | None
    asked_at: Instant
    sent_at: Instant | None
    paid_on: Day | None
    reference: str
    why: str
    channel: str
    disputed: bool
    further: bool


class PayoutList(Out):
    """Payouts, newest first."""

    items: list[PayoutOut]
    next: None = None


class RailOut(Out):
    """The way money goes out, and against which peer it was seen to work. `real`: money truly moves."""

    name: str
    currencies: list[str]
    real: bool
    run_against: str


class PayoutIn(In):
    """To whom. The amount is the contract's principal and nobody's input."""

    payee_name: Name
    account: Name
    channel: Literal["rail", "file"] = "rail"


class FurtherPayoutIn(In):
    """A further sum, to whom, and how the borrower asked for it."""

    amount: MoneyIn
    payee_name: Name
    account: Name
    words: Words
    channel: Literal["rail", "file"] = "rail"


class RoomOut(Out):
    """The most that all payouts of the loan may come to, what has gone out, and what is left of it."""

    limit: MoneyOut
    paid_out: MoneyOut
    left: MoneyOut


class PaymentsAnswerIn(In):
    """Yes or no; a no says why."""

    approved: StrictBool
    words: Annotated[str, Field(max_length=1000)] = ""


class SlipIn(In):
    """The number of the bank's paper."""

    slip: Words


class PaymentsWordsIn(In):
    """Why."""

    words: Words


class DifferenceIn(In):
    """What became of a drawer's difference, and why; `loan` where it is a receipt of that loan."""

    words: Words
    outcome: Literal["ours", "given_back", "loan"] = "ours"
    loan: str = ""


class RulingIn(In):
    """How an unknown payout ended, on the bank's word."""

    outcome: Literal["paid", "rejected"]
    reference: Name
    words: Words


class AsideIn(In):
    """Why it is no loan's: it goes back to who paid it, or it belongs to other business."""

    words: Words
    purpose: Literal["set_aside", "sent_back"] = "set_aside"


class DrawerOut(Out):
    """A drawer. `state` is open, counted or closed; the count stays hidden until two have counted."""

    id: str
    cashier: str
    state: str
    float_held: MoneyOut
    taken: MoneyOut
    receipts: int
    opened_at: Instant
    closed_at: Instant | None
    closer: str | None
    difference: MoneyOut | None
    settled_at: Instant | None


class DrawerList(Out):
    """Drawers, newest first."""

    items: list[DrawerOut]
    next: None = None


class SumIn(In):
    """An amount that may be nothing."""

    minor: Annotated[int, Field(strict=True, ge=0, le=10**15)]
    currency: Currency

    def money(self) -> Money:
        return Money(self.minor, str(self.currency))


class DrawerIn(In):
    """The change that lies in a drawer."""

    float_held: SumIn


class CountIn(In):
    """What was counted, and why if it is not what should be there."""

    counted: SumIn
    words: Annotated[str, Field(max_length=1000)] = ""


class CashIn(In):
    """Cash for the loan."""

    amount: MoneyIn


class CashOut(Out):
    """Cash that was taken and posted."""

    drawer: str
    entry_no: int
    loan: str
    amount: MoneyOut


class PaymentsFileOut(Out):
    """A statement: how many of its lines stand where, and which were refused."""

    id: str
    name: str
    digest: str
    map: str
    loaded_by: str
    loaded_at: Instant
    lines: dict[str, int]
    report: Json


class FileList(Out):
    """Statements, newest first."""

    items: list[PaymentsFileOut]
    next: None = None


class PaymentsLineOut(Out):
    """A line of a statement; payer and account are masked.

    `state` is read, matched, unmatched, ignored, duplicate, reversed, answered, returned or split.
    """

    id: str
    file: str
    row: int
    state: str
    booked_on: Day
    amount: MoneyOut
    payer: str
    account: str
    loan: str | None
    how: str
    approval: str | None


class PaymentsLineList(Out):
    """Lines, in their order."""

    items: list[PaymentsLineOut]
    next: None = None


class MatchIn(In):
    """The loan of a line; words where the payer is not the borrower."""

    loan: Name
    words: Annotated[str, Field(max_length=1000)] = ""


class IntentOut(Out):
    """What the borrower announced. `state` is open, said_paid, cleared, expired or cancelled; it is no money until it is cleared."""

    id: str
    code: str
    what: str
    amount: MoneyOut
    state: str
    made_at: Instant
    expires_on: Day


class IntentList(Out):
    """Announced payments of a loan, newest first; `uncleared` is what is said to be paid and is not here."""

    items: list[IntentOut]
    uncleared: MoneyOut


# -- money out ---------------------------------------------------------------------------------------


@operation(router, "GET", "/payouts", "payments.payouts", answer=PayoutList)
def list_payouts(call: Call, loan: str | None = None) -> Any:
    """Payouts of loans within the caller's sight, newest first."""
    number = loan_number(call.db, call.look, loan) if loan else None
    return {"items": [_payout(each) for each in payments.payouts(call.db, call.staff.scope, loan_id=number)]}


@operation(router, "GET", "/payouts/rail", "payments.rail", answer=RailOut)
def read_rail(call: Call) -> Any:
    """The way money goes out."""
    known = RAIL.capabilities()
    return {"name": known.name, "currencies": sorted(known.currencies), "real": known.real, "run_against": known.run_against}


@operation(router, "POST", "/loans/{loan}/payouts", "payments.ask_payout", answer=PayoutOut, status=201)
def ask_payout(call: Call, loan: str, body: PayoutIn) -> Any:
    """Ask for the contract's principal to be paid to the borrower. Another person checks it."""
    given = {"loan": loan, "payee_name": body.payee_name, "account": body.account, "channel": body.channel}
    return _payout(payments.ask_payout(call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "GET", "/loans/{loan}/further-payouts", "servicing.room_of", answer=RoomOut)
def read_room(call: Call, loan: str) -> Any:
    """What the loan's contract leaves to pay out."""
    return room_of(call.db, loan_number(call.db, call.look, loan))


@operation(router, "POST", "/loans/{loan}/further-payouts", "payments.ask_further_payout", answer=PayoutOut, status=201)
def ask_further_payout(call: Call, loan: str, body: FurtherPayoutIn) -> Any:
    """Ask for a further sum of a loan that is being repaid to be paid to the borrower, under the contract's limit.

    Another person checks it at `/payouts/{payout}/check`.
    """
    given = {"loan": loan, "payee_name": body.payee_name, "account": body.account, "channel": body.channel, "words": str(body.words)}
    asked = payments.ask_further_payout(call.db, clock=call.clock, by=call.staff, amount=body.amount.money(), grows=GROWS, **given)
    return _payout(asked)


@operation(router, "POST", "/payouts/{payout}/check", "payments.check_payout", answer=PayoutOut)
def check_payout(call: Call, payout: str, body: PaymentsAnswerIn) -> Any:
    """Yes or no of the second person. After a yes the worker sends the order within a second; read the payout to see its answer."""
    given = {"payout": payout, "approved": body.approved, "words": body.words, "rail": RAIL, "grows": GROWS}
    return _payout(carry(payments.check_payout, call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/payouts/{payout}/cancel", "payments.cancel_payout", answer=PayoutOut)
def cancel_payout(call: Call, payout: str, body: PaymentsWordsIn) -> Any:
    """Take back a payout that was not sent."""
    return _payout(payments.cancel_payout(call.db, clock=call.clock, by=call.staff, payout=payout, words=body.words))


@operation(router, "POST", "/payouts/{payout}/enquiry", "payments.enquire", answer=PayoutOut)
def enquire(call: Call, payout: str) -> Any:
    """Ask the rail by its key what became of a payout; nothing is sent again."""
    return _payout(carry(payments.enquire, call.db, clock=call.clock, by=call.staff, payout=payout, rail=RAIL))


@operation(router, "POST", "/payouts/{payout}/ruling", "payments.ask_ruling", answer=PayoutOut, status=202)
def ask_ruling(call: Call, payout: str, body: RulingIn) -> Any:
    """Say, on the bank's word, how an unknown payout ended; another person answers."""
    given = {"outcome": body.outcome, "reference": body.reference, "words": body.words}
    return _payout(payments.ask_ruling(call.db, clock=call.clock, by=call.staff, payout=payout, **given))


@operation(router, "POST", "/payouts/rulings/{asked}/answer", "payments.answer_ruling", answer=PayoutOut)
def answer_ruling(call: Call, asked: str, body: PaymentsAnswerIn) -> Any:
    """The second person's answer to a ruling; the yes ends the payout."""
    given = {"request": asked, "approved": body.approved, "words": body.words}
    return _payout(carry(payments.answer_ruling, call.db, clock=call.clock, by=call.staff, **given))


# -- the counter -------------------------------------------------------------------------------------


@operation(router, "GET", "/drawers", "payments.drawers", answer=DrawerList)
def list_drawers(call: Call) -> Any:
    """The drawers of the caller's branch, newest first."""
    return {"items": [_drawer(each) for each in payments.drawers(call.db, call.staff)]}


@operation(router, "POST", "/drawers", "payments.open_drawer", answer=DrawerOut, status=201)
def open_drawer(call: Call, body: DrawerIn) -> Any:
    """Open a drawer of one's own."""
    return _drawer(payments.open_drawer(call.db, clock=call.clock, by=call.staff, float_held=body.float_held.money()))


@operation(router, "POST", "/loans/{loan}/cash", "payments.post_cash", answer=CashOut, status=201)
def post_cash(call: Call, loan: str, body: CashIn) -> Any:
    """Take cash for the loan into one's own open drawer; it is posted at once."""
    return carry(payments.post_cash, call.db, clock=call.clock, by=call.staff, loan=loan, amount=body.amount.money())


@operation(router, "POST", "/drawers/{drawer}/count", "payments.count_drawer", answer=DrawerOut)
def count_drawer(call: Call, drawer: str, body: CountIn) -> Any:
    """The cashier's own count."""
    counted = body.counted.money()
    return _drawer(payments.count_drawer(call.db, clock=call.clock, by=call.staff, drawer=drawer, counted=counted, words=body.words))


@operation(router, "POST", "/drawers/{drawer}/close", "payments.close_drawer", answer=DrawerOut)
def close_drawer(call: Call, drawer: str, body: CountIn) -> Any:
    """The second person's count: equal, the drawer closes; different, it is open again to be counted anew."""
    counted = body.counted.money()
    return _drawer(payments.close_drawer(call.db, clock=call.clock, by=call.staff, drawer=drawer, counted=counted, words=body.words))


@operation(router, "POST", "/drawers/{drawer}/difference", "payments.settle_difference", answer=DrawerOut)
def settle_difference(call: Call, drawer: str, body: DifferenceIn) -> Any:
    """What became of a difference: the lender's own, given back by the bank, or a receipt of another loan."""
    inputs = {"drawer": drawer, "words": body.words, "outcome": body.outcome, "loan": body.loan}
    return _drawer(carry(payments.settle_difference, call.db, clock=call.clock, by=call.staff, **inputs))


@operation(router, "POST", "/drawers/{drawer}/banking", "payments.bank_drawer", answer=DrawerOut)
def bank_drawer(call: Call, drawer: str, body: SlipIn) -> Any:
    """What a closed drawer took has been paid in at the bank."""
    return _drawer(payments.bank_drawer(call.db, clock=call.clock, by=call.staff, drawer=drawer, slip=body.slip))


# -- the bank ----------------------------------------------------------------------------------------


@operation(router, "GET", "/bank-files", "payments.bank_files", answer=FileList)
def list_files(call: Call) -> Any:
    """The statements of the caller's branch, newest first."""
    return {"items": [_file(each) for each in payments.bank_files(call.db, call.staff)]}


@operation(router, "POST", "/bank-files", "payments.load_bank_file", answer=PaymentsFileOut, status=201)
def load_bank_file(call: Call, file: UploadedFile, map_name: str = MAP) -> Any:
    """Hand in a statement: CSV, XLSX, or camt.053 or camt.054, which needs no map.

    Its lines are matched at once, of a long file by the worker; each applies once.
    """
    data = file.read()
    if not data:
        raise BadInput("file: it is empty", field="file")
    given = {"name": plain_name(file), "data": data, "map_name": map_name}
    loaded = carry(payments.load_bank_file, call.db, clock=call.clock, by=call.staff, **given)
    files.put(call.db, data, clock=call.clock, name=plain_name(file))
    if loaded.lines.get("read", 0) <= _MATCHED_AT_ONCE:
        days.match_bank_lines()
    return _file(payments.bank_file(call.db, call.staff, loaded.public_id))


@operation(router, "GET", "/bank-files/{bank_file}", "payments.bank_file", answer=PaymentsFileOut)
def read_file(call: Call, bank_file: str) -> Any:
    """One statement, and how far its lines are."""
    return _file(payments.bank_file(call.db, call.staff, bank_file))


@operation(router, "GET", "/bank-files/{bank_file}/lines", "payments.lines", answer=PaymentsLineList)
def read_lines(call: Call, bank_file: str) -> Any:
    """The first lines of a statement, in its order."""
    payments.bank_file(call.db, call.staff, bank_file)
    return {"items": [line_out(each) for each in payments.lines_of(call.db, call.staff, bank_file)]}


@operation(router, "GET", "/suspense", "payments.suspense", answer=PaymentsLineList)
def list_suspense(call: Call) -> Any:
    """Lines whose money belongs to no loan yet, the oldest first."""
    return {"items": [line_out(each) for each in payments.suspense(call.db, call.staff)]}


@operation(router, "POST", "/bank-lines/{line}/match", "payments.match_by_hand", answer=PaymentsLineOut)
def match_by_hand(call: Call, line: str, body: MatchIn) -> Any:
    """Say which loan a line in suspense is for: at once if the payer is the borrower, else another person answers."""
    given = {"line": line, "loan": body.loan, "words": body.words}
    return line_out(carry(payments.match_by_hand, call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/bank-lines/{line}/set-aside", "payments.ask_set_aside", answer=PaymentsLineOut, status=202)
def ask_set_aside(call: Call, line: str, body: AsideIn) -> Any:
    """Propose that a line in suspense goes back to who paid it, or is no loan's; another person answers."""
    given = {"line": line, "words": body.words, "purpose": body.purpose}
    return line_out(payments.ask_set_aside(call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/bank-lines/{line}/answer", "payments.answer_line", answer=PaymentsLineOut)
def answerline_out(call: Call, line: str, body: PaymentsAnswerIn) -> Any:
    """The second person's answer to what was proposed for a line."""
    given = {"line": line, "approved": body.approved, "words": body.words}
    return line_out(carry(payments.answer_line, call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "GET", "/loans/{loan}/intents", "payments.intents", answer=IntentList)
def list_intents(call: Call, loan: str) -> Any:
    """What the loan's borrower announced, newest first."""
    number = loan_number(call.db, call.look, loan)
    items = [
        {name: getattr(each, name) for name in each.__slots__} | {"id": each.public_id} for each in payments.intents_of(call.db, number)
    ]
    return {"items": items, "uncleared": payments.uncleared(call.db, number)}


def _payout(found: Payout) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__} | {"id": found.public_id}


def _drawer(found: Drawer) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__} | {"id": found.public_id}


def _file(found: BankFile) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__} | {"id": found.public_id}


def line_out(found: BankLine) -> dict[str, Any]:
    """A line as the API tells it."""
    return {name: getattr(found, name) for name in found.__slots__} | {"id": found.public_id}


def _intent(found: Intent) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__} | {"id": found.public_id}
