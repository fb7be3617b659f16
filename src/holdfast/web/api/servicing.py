"""Loans as they are serviced: lists, one loan and its parts, receipts, reversals, pay-off, schedules."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from ninja import Router
from ninja.params import functions as given_as
from pydantic import Field

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.parties import register_party
from holdfast.policy import pack_in_force
from holdfast.products import version_in_force
from holdfast.products.schedule import schedule as plan
from holdfast.servicing import Done, originate, quote, receive
from holdfast.servicing.pages import LARGEST_PAGE
from holdfast.servicing.reading import entries, events, loan_detail, loan_list, loan_number, schedule, timeline
from holdfast.servicing.views import LoanDetail, LoanFilter
from holdfast.web.api.operation import NEXT, Call, operation
from holdfast.web.api.reading import branch_number
from holdfast.web.api.shapes import (
    DoneOut,
    EntryPage,
    EventPage,
    InstalmentList,
    LoanDetailOut,
    LoanPage,
    PayoffOut,
    PlanOut,
    TimelinePage,
)
from holdfast.web.api.terms import TermsIn, cost_of, terms_of
from holdfast.web.api.values import Day, In, MoneyIn, Name
from holdfast.wiring import carry

router = Router()

Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
CLASS: Final[Any] = given_as.Query(None, alias="class")
Days = Annotated[int, Field(ge=0, le=100_000)]


# -- reading ---------------------------------------------------------------------------------------


@operation(router, "GET", "/loans", "servicing.list", answer=LoanPage)
def list_loans(
    call: Call,
    state: str | None = None,
    product: str | None = None,
    branch: str | None = None,
    dpd_min: Days | None = None,
    dpd_max: Days | None = None,
    loan_class: str | None = CLASS,
    q: Annotated[str, Field(max_length=100)] | None = None,
    sort: str = "newest",
    limit: Limit = 50,
    cursor: str | None = NEXT,
) -> Any:
    """Loans within the caller's sight.

    `q` is a loan's id, the start of its contract number or a part of the borrower's masked name; `sort` is
    newest, next_duty or arrears.
    """
    wanted = LoanFilter(state, product, branch, dpd_min, dpd_max, loan_class, q, sort)
    return loan_list(call.db, call.look, wanted, cursor=cursor, limit=limit)


@operation(router, "GET", "/loans/{loan}", "servicing.read", answer=LoanDetailOut)
def read_loan(call: Call, loan: str) -> Any:
    """One loan: terms, balances, days past due, class, what falls due next and the next duty."""
    return _detail(loan_detail(call.db, call.look, loan))


@operation(router, "GET", "/loans/{loan}/schedule", "servicing.schedule", answer=InstalmentList)
def read_schedule(call: Call, loan: str) -> Any:
    """The instalments as they stand now, first to last."""
    return {"items": schedule(call.db, call.look, loan)}


@operation(router, "GET", "/loans/{loan}/events", "servicing.events", answer=EventPage)
def read_events(call: Call, loan: str, limit: Limit = 50, cursor: str | None = NEXT) -> Any:
    """What happened to the money, newest first, and how each event fell on the instalments."""
    return events(call.db, call.look, loan, cursor=cursor, limit=limit)


@operation(router, "GET", "/loans/{loan}/entries", "servicing.entries", answer=EntryPage)
def read_entries(call: Call, loan: str, limit: Limit = 100, cursor: str | None = NEXT) -> Any:
    """The loan's double entries, newest event first."""
    return entries(call.db, call.look, loan, cursor=cursor, limit=limit)


@operation(router, "GET", "/loans/{loan}/timeline", "servicing.timeline", answer=TimelinePage)
def read_timeline(call: Call, loan: str, limit: Limit = 50, cursor: str | None = NEXT) -> Any:
    """All that was done for the loan, newest first, each with the record that proves it."""
    return timeline(call.db, call.look, loan, cursor=cursor, limit=limit)


@operation(router, "GET", "/loans/{loan}/payoff", "servicing.payoff", answer=PayoffOut)
def read_payoff(call: Call, loan: str, on: Day | None = None) -> Any:
    """What ends the loan on a day (today if none is given), line by line."""
    loan_number(call.db, call.look, loan)
    quoted = quote(call.db, loan=loan, on=on or call.clock.today())

    def money(minor: int) -> Money:
        return Money(minor, quoted.currency)

    lines = [
        {
            "part": line.part,
            "n": line.n,
            "amount": money(line.amount),
            "of": money(line.of),
            "days": line.days,
            "period_days": line.period_days,
        }
        for line in quoted.lines
    ]
    return {"loan": quoted.loan, "on": quoted.on, "lines": lines, "total": quoted.total}


def _detail(found: LoanDetail) -> dict[str, Any]:
    row = {name: getattr(found.row, name) for name in found.row.__slots__}
    own = {name: getattr(found, name) for name in found.__slots__ if name not in ("row", "number", "terms")}
    return {**row, **own, "terms": _with_money(found.terms)}


def _with_money(terms: Any) -> dict[str, Any]:
    """The terms with each amount as money: inside the book they are bare minor units of the contract's currency."""
    shown = dict(terms)
    for name in ("principal", "instalment_amount"):
        if shown.get(name) is not None:
            shown[name] = {"minor": shown[name], "currency": terms["currency"]}
    shown["fees"] = [{**fee, "amount": {"minor": fee["amount"], "currency": terms["currency"]}} for fee in terms.get("fees", ())]
    return shown


# -- doing -----------------------------------------------------------------------------------------


class BorrowerIn(In):
    """Who borrows. What identifies a person is sealed under that person's own key; answers show it masked."""

    kind: Literal["person", "firm"] = "person"
    name: Name
    phone: Name | None = None
    id_number: Name | None = None
    address: Name | None = None
    language: Literal["zh-hans", "en"] = "zh-hans"


class LoanIn(In):
    """A loan to be made: `terms` are laid over those of the product's version in force."""

    contract_no: Name
    product: Name
    borrower: BorrowerIn
    terms: TermsIn
    branch: Name | None = None


@operation(router, "POST", "/loans", "servicing.originate", answer=DoneOut, status=201)
def make_loan(call: Call, body: LoanIn) -> Any:
    """Make a loan and pay it out, whole: its borrower is registered and its contract's terms are fixed."""
    branch_id = _branch(call, body.branch)
    offered = version_in_force(call.db, body.product, call.clock.today())
    terms = terms_of(body.terms, offered.terms)
    private = {name: value for name, value in body.borrower.model_dump().items() if name not in ("kind", "language") and value is not None}
    borrower = register_party(
        call.db,
        clock=call.clock,
        by=call.by,
        kind=body.borrower.kind,
        branch_id=branch_id,
        private=private,
        language=body.borrower.language,
    )
    made = originate(
        call.db,
        clock=call.clock,
        by=call.by,
        officer_id=call.staff.staff_id,
        branch_id=branch_id,
        party_id=borrower.party_id,
        borrower_label=borrower.label,
        product_code=body.product,
        product_version=offered.version,
        contract_no=body.contract_no,
        terms=terms,
        pack=pack_in_force(call.db, call.clock),
    )
    return done(made)


def _branch(call: Call, code: str | None) -> int:
    """The branch that the loan belongs to: the caller's own, or another one for somebody who sees all."""
    if code is None:
        if call.staff.branch_id is None:
            raise BadInput("branch: you belong to no branch, so name the loan's", field="branch")
        return call.staff.branch_id
    number = branch_number(call.db, code)
    if number is None or (call.staff.reach != "all" and number != call.staff.branch_id):
        raise BadInput(f"branch: there is no branch {code!r} within your sight", field="branch")
    return number


class PlanIn(In):
    """Terms to be computed; nothing is stored."""

    terms: TermsIn


@operation(router, "POST", "/schedules", "servicing.preview", answer=PlanOut)
def preview_schedule(call: Call, body: PlanIn) -> Any:
    """The instalments that terms give and what the loan costs in a year, all fees counted. Nothing is stored."""
    terms = terms_of(body.terms, {})
    cost = cost_of(terms)

    def money(minor: int) -> Money:
        return Money(minor, terms.currency)

    rows = plan(terms)
    left, items = terms.principal, []
    for row in rows:
        left -= row.principal
        items.append(
            {
                "n": row.n,
                "due_on": row.due_on,
                "principal": money(row.principal),
                "interest": money(row.interest),
                "fees": money(row.fee),
                "due": money(row.due),
                "balance_after": money(left),
            }
        )
    return {
        "items": items,
        "principal": money(sum(row.principal for row in rows)),
        "interest": money(sum(row.interest for row in rows)),
        "fees": money(sum(row.fee for row in rows)),
        "apr_nominal": str(cost.nominal),
        "apr_effective": str(cost.effective),
    }


class ReceiptIn(In):
    """Money that came in for a loan on a business day."""

    amount: MoneyIn
    received_on: Day


@operation(router, "POST", "/loans/{loan}/receipts", "servicing.receive", answer=DoneOut, status=201)
def receive_money(call: Call, loan: str, body: ReceiptIn) -> Any:
    """Post a receipt: exact, partial, early, over or backdated; the contract's order says what it pays."""
    loan_number(call.db, call.look, loan)
    given = {"loan": loan, "amount": body.amount.money(), "received_on": body.received_on}
    return done(carry(receive, call.db, clock=call.clock, by=call.staff, **given))


def done(did: Done) -> dict[str, Any]:
    """What a verb did, as the API tells it."""
    return {
        "loan": did.public_id,
        "event_no": did.event_no,
        "record_seq": did.record.seq,
        "record_kind": did.record.kind,
        "leaf_hash": did.record.leaf_hash.hex(),
        "state": did.state,
        "principal_out": did.principal_out,
    }
