"""Money by the bank's own ways: files of payouts, answers, recalls, the lender's account, pay codes, mandates and direct debits.

What a borrower does on the phone pages has no operation here: no token of the staff allows a debit for them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from ninja.files import UploadedFile
from pydantic import Field, StrictBool

from holdfast import payments
from holdfast.kernel.errors import BadInput, NotFound
from holdfast.servicing.reading import loan_number
from holdfast.web.api.operation import Call, operation
from holdfast.web.api.payments import PaymentsLineList, PaymentsLineOut, line_out
from holdfast.web.api.values import Day, In, Instant, MoneyIn, MoneyOut, Name, Out, Words
from holdfast.web.uploads import plain_name
from holdfast.wiring import RAIL, carry, take_answer

router = Router()


class RailsAnswerIn(In):
    """Yes or no; a no says why."""

    approved: StrictBool
    words: Annotated[str, Field(max_length=1000)] = ""


class RailsWordsIn(In):
    """Why."""

    words: Words


class PayoutFileOut(Out):
    """A file of payouts. `state` is made, taken, handed or stopped; `answers` counts its payouts by where they stand."""

    id: str
    state: str
    orders: int
    total: MoneyOut
    execute_on: Day
    digest: str
    maker: str
    taker: str | None
    made_at: Instant
    taken_at: Instant | None
    handed_at: Instant | None
    reference: str
    payouts: list[str]
    answers: dict[str, int]


class PayoutFileList(Out):
    """Files of payouts, newest first."""

    items: list[PayoutFileOut]
    next: None = None


class PayoutFileIn(In):
    """Which approved payouts, and on which day the bank is to pay."""

    payouts: Annotated[list[Name], Field(min_length=1, max_length=1000)]
    execute_on: Day


class ContentOut(Out):
    """A file for the bank: its name and its text."""

    name: str
    content: str


class ReferenceIn(In):
    """The bank's receipt."""

    reference: Name


class AnswersOut(Out):
    """What a file of answers did: lines, payments that moved, what was known before, and what people must look at."""

    lines: int
    moved: int
    known: int
    for_people: int


class RailAnswerOut(Out):
    """What a bank said. `fate` is moved, known, noted, contradicts or nobody."""

    key: str
    outcome: str
    reference: str
    why: str
    said_on: Day | None
    source: str
    fate: str
    came_at: Instant


class RailAnswerList(Out):
    """Answers, newest first."""

    items: list[RailAnswerOut]
    next: None = None


class MatterOut(Out):
    """A recall or a contradiction. `state` is open, ruled or ended."""

    id: str
    loan: str
    payout: str
    amount: MoneyOut
    kind: str
    state: str
    opened_at: Instant
    opened_by: str
    words: str
    approval: str | None
    outcome: str
    reference: str
    ended_at: Instant | None


class MatterList(Out):
    """Recalls and contradictions, newest first."""

    items: list[MatterOut]
    next: None = None


class MatterRulingIn(In):
    """How it ended, on the bank's word; `line` is the line of a statement by which money came back."""

    outcome: Literal["stopped", "returned", "refused", "stands"]
    reference: Name
    words: Words
    line: Annotated[str, Field(max_length=60)] = ""


class HouseAccountIn(In):
    """The lender's own account; `virtual_prefix` and `virtual_digits` where the bank gives each loan a number of its own."""

    holder: Name
    account: Name
    bank: Name
    bank_code: Annotated[str, Field(max_length=20)] = ""
    virtual_prefix: Annotated[str, Field(max_length=20)] = ""
    virtual_digits: Annotated[int, Field(strict=True, ge=0, le=40)] = 0
    words: Words


class HouseAccountOut(Out):
    """The lender's own account, as borrowers see it."""

    holder: str
    account: str
    bank: str
    bank_code: str
    virtual_prefix: str
    virtual_digits: int
    set_at: Instant


class HouseAccountNow(Out):
    """The account in force, if one is set."""

    account: HouseAccountOut | None


class RailsRequestOut(Out):
    """What another person answers."""

    id: str
    act: str


class PayCodeOut(Out):
    """By what the loan's money is recognised."""

    code: str
    virtual: str


class PartsIn(In):
    """What a line is for, part by part; they sum to it."""

    parts: Annotated[list[MoneyIn], Field(min_length=2, max_length=20)]


class ReturnedIn(In):
    """The outgoing line by which the bank took the money back."""

    outgoing: Name


class MandateOut(Out):
    """A mandate. `state` is active, cancelled or ended; payer and account are masked."""

    id: str
    loan: str
    state: str
    payer: str
    account: str
    most_each: MoneyOut
    most_a_month: MoneyOut
    body: str
    digest: str
    signed_at: Instant | None
    ended_at: Instant | None
    why: str


class MandateList(Out):
    """Mandates, newest first."""

    items: list[MandateOut]
    next: None = None


class DebitOut(Out):
    """A direct debit. `state` is proposed, sent, unknown, collected, failed, returned or dropped."""

    id: str
    loan: str
    n: int
    due_on: Day
    state: str
    amount: MoneyOut
    on: Day
    sent_at: Instant | None
    paid_on: Day | None
    reference: str
    why: str


class DebitList(Out):
    """Direct debits, newest first."""

    items: list[DebitOut]
    next: None = None


class RailsLoanOut(Out):
    """The loan that it was done for."""

    loan: str


# -- files of payouts --------------------------------------------------------------------------------


@operation(router, "GET", "/payout-files", "payments.payout_files", answer=PayoutFileList)
def list_payout_files(call: Call) -> Any:
    """The files of the caller's branch, newest first."""
    return {"items": [_named(each) for each in payments.payout_files(call.db, call.staff)]}


@operation(router, "POST", "/payout-files", "payments.make_payout_file", answer=PayoutFileOut, status=201)
def make_payout_file(call: Call, body: PayoutFileIn) -> Any:
    """Put approved payouts that go by file into one (pain.001). Another person takes it out."""
    made = payments.make_payout_file(call.db, clock=call.clock, by=call.staff, payouts=body.payouts, execute_on=body.execute_on)
    return _named(made)


@operation(router, "GET", "/payout-files/{file}", "payments.payout_file", answer=PayoutFileOut)
def read_payout_file(call: Call, file: str) -> Any:
    """One file, and how far its payouts are."""
    return _named(payments.payout_file(call.db, call.staff, file))


@operation(router, "POST", "/payout-files/{file}/take", "payments.take_payout_file", answer=ContentOut)
def take_payout_file(call: Call, file: str) -> Any:
    """Take the file out, by another person than its maker. Its payouts count as sent from now on; again, it is the same text."""
    name, content = payments.take_payout_file(call.db, clock=call.clock, by=call.staff, file=file)
    return {"name": name, "content": content.decode()}


@operation(router, "POST", "/payout-files/{file}/handed-over", "payments.hand_over", answer=PayoutFileOut)
def hand_over(call: Call, file: str, body: ReferenceIn) -> Any:
    """The file is with the bank, whose receipt is named."""
    return _named(payments.hand_over(call.db, clock=call.clock, by=call.staff, file=file, reference=body.reference))


@operation(router, "POST", "/payout-files/{file}/stop", "payments.stop_payout_file", answer=PayoutFileOut)
def stop_payout_file(call: Call, file: str, body: RailsWordsIn) -> Any:
    """Stop a file that nobody has taken out; its payouts are approved as before."""
    return _named(payments.stop_payout_file(call.db, clock=call.clock, by=call.staff, file=file, words=body.words))


# -- what banks say ----------------------------------------------------------------------------------


@operation(router, "POST", "/bank-answers", "payments.take_answers", answer=AnswersOut)
def take_answers(call: Call, file: UploadedFile) -> Any:
    """Hand in a status report of the bank (pain.002): each answer is recorded, in whatever order it comes."""
    data = file.read()
    if not data:
        raise BadInput("file: it is empty", field="file")
    return payments.take_answers(call.db, clock=call.clock, by=call.staff, data=data, name=plain_name(file), record=take_answer)


@operation(router, "GET", "/bank-answers", "payments.answers", answer=RailAnswerList)
def list_answers(call: Call) -> Any:
    """What banks said that contradicts the book or is about no payment of ours."""
    return {"items": payments.answers_for_people(call.db)}


@operation(router, "GET", "/payout-matters", "payments.matters", answer=MatterList)
def list_matters(call: Call, loan: str | None = None) -> Any:
    """Recalls and contradictions of loans within the caller's sight, newest first."""
    number = loan_number(call.db, call.look, loan) if loan else None
    return {"items": [_named(each) for each in payments.matters(call.db, call.staff.scope, loan_id=number)]}


@operation(router, "POST", "/payouts/{payout}/recall", "payments.ask_recall", answer=MatterOut, status=201)
def ask_recall(call: Call, payout: str, body: RailsWordsIn) -> Any:
    """Ask the bank for a payout back, at once; a duty stands until it has ended."""
    given = {"payout": payout, "words": body.words, "rail": RAIL}
    return _named(carry(payments.ask_recall, call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "POST", "/payout-matters/{matter}/ruling", "payments.rule_matter", answer=MatterOut, status=202)
def rule_matter(call: Call, matter: str, body: MatterRulingIn) -> Any:
    """Say, on the bank's word, how a recall or a contradiction ended; another person answers."""
    return _named(payments.rule_matter(call.db, clock=call.clock, by=call.staff, matter=matter, **body.model_dump()))


@operation(router, "POST", "/payout-matters/{matter}/answer", "payments.answer_matter", answer=MatterOut)
def answer_matter(call: Call, matter: str, body: RailsAnswerIn) -> Any:
    """The second person's answer; the yes ends it."""
    given = {"matter": matter, "approved": body.approved, "words": body.words}
    return _named(carry(payments.answer_matter, call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "GET", "/payout-matters/{matter}/sheet", "payments.recall_sheet", answer=ContentOut)
def recall_sheet(call: Call, matter: str) -> Any:
    """The request to the bank as a file (camt.056)."""
    name, content = payments.recall_sheet(call.db, clock=call.clock, by=call.staff, matter=matter)
    return {"name": name, "content": content.decode()}


# -- the lender's account, and codes ------------------------------------------------------------------


@operation(router, "GET", "/house-account", "payments.house_account", answer=HouseAccountNow)
def read_house_account(call: Call) -> Any:
    """The lender's own account in force."""
    return {"account": payments.house_account(call.db)}


@operation(router, "POST", "/house-account", "payments.ask_house_account", answer=RailsRequestOut, status=202)
def ask_house_account(call: Call, body: HouseAccountIn) -> Any:
    """Ask for this to be the lender's account; another person answers."""
    asked = payments.ask_house_account(call.db, clock=call.clock, by=call.staff, **body.model_dump())
    return {"id": asked.public_id, "act": asked.act}


@operation(router, "POST", "/house-account/{asked}/answer", "payments.answer_house_account", answer=HouseAccountNow)
def answer_house_account(call: Call, asked: str, body: RailsAnswerIn) -> Any:
    """The second person's answer; after a yes the account is in force."""
    now = payments.answer_house_account(call.db, clock=call.clock, by=call.staff, request=asked, approved=body.approved, words=body.words)
    return {"account": now}


@operation(router, "GET", "/loans/{loan}/pay-code", "payments.pay_code", answer=PayCodeOut)
def read_pay_code(call: Call, loan: str) -> Any:
    """By what the loan's money is recognised: the code for the remark and, where there is one, its own account number.

    404 as long as nobody has asked for it.
    """
    found = payments.known_pay_code(call.db, loan_number(call.db, call.look, loan))
    if found is None:
        raise NotFound(f"loan {loan} has no code yet; POST to this address draws it", code="no_pay_code", field="loan")
    return found


@operation(router, "POST", "/loans/{loan}/pay-code", "payments.draw_pay_code", answer=PayCodeOut, status=201)
def draw_pay_code(call: Call, loan: str) -> Any:
    """Draw the loan's code, and its own account number where the bank gives such; drawn before, the same one."""
    return payments.draw_pay_code(call.db, by=call.staff, loan=loan)


@operation(router, "POST", "/bank-lines/{line}/split", "payments.split_line", answer=PaymentsLineList, status=201)
def split_line(call: Call, line: str, body: PartsIn) -> Any:
    """Money in suspense that is for several loans: it stands as its parts from now on."""
    parts = [each.money() for each in body.parts]
    return {"items": [line_out(each) for each in payments.split_line(call.db, clock=call.clock, by=call.staff, line=line, parts=parts)]}


@operation(router, "POST", "/bank-lines/{line}/returned", "payments.returned_by_bank", answer=PaymentsLineOut)
def returned_by_bank(call: Call, line: str, body: ReturnedIn) -> Any:
    """The bank took the money of a line back, as an outgoing line shows; its receipt is reversed."""
    given = {"line": line, "outgoing": body.outgoing}
    return line_out(carry(payments.returned_by_bank, call.db, clock=call.clock, by=call.staff, **given))


# -- mandates ----------------------------------------------------------------------------------------


@operation(router, "GET", "/mandates", "payments.mandates", answer=MandateList)
def list_mandates(call: Call, loan: str | None = None) -> Any:
    """Mandates of loans within the caller's sight, newest first."""
    number = loan_number(call.db, call.look, loan) if loan else None
    return {"items": [_named(each) for each in payments.mandates(call.db, call.staff.scope, loan_id=number)]}


@operation(router, "POST", "/loans/{loan}/mandates/{mandate}/cancel", "payments.cancel_mandate", answer=MandateOut)
def cancel_mandate(call: Call, loan: str, mandate: str, body: RailsWordsIn) -> Any:
    """Cancel a mandate for the borrower; nothing is collected from now on."""
    given = {"loan": loan, "mandate": mandate, "words": body.words}
    return _named(payments.cancel_mandate(call.db, clock=call.clock, by=call.staff, **given))


@operation(router, "GET", "/debits", "payments.debits", answer=DebitList)
def list_debits(call: Call, loan: str | None = None) -> Any:
    """Direct debits of loans within the caller's sight, newest first."""
    number = loan_number(call.db, call.look, loan) if loan else None
    return {"items": [_named(each) for each in payments.debits(call.db, call.staff.scope, loan_id=number)]}


@operation(router, "POST", "/loans/{loan}/debits/follow-up", "payments.follow_up_debit", answer=RailsLoanOut)
def follow_up_debit(call: Call, loan: str, body: RailsWordsIn) -> Any:
    """A caller has spoken to the borrower about the debit that failed; the duty is done."""
    payments.follow_up_debit(call.db, clock=call.clock, by=call.staff, loan=loan, words=body.words)
    return {"loan": loan}


def _named(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__} | {"id": found.public_id}
