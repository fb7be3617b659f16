"""Every form of the borrowers' pages, sent by another borrower, by nobody and by the borrower whose loan it is.

The forms are those of the addresses (`web/borrower/urls.py`). One that is new gets a line in `FORMS`: under the name of its address
(with ` · what` after it where one address does several things), the state of the loan it is about (`tests/attack/house.py`) and a
function that prepares the house and says what is sent. A form that is in neither `FORMS` nor `OWN` fails here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from holdfast import confirmation, contracts, payments, restructuring
from holdfast.followup import complaints, settlements
from holdfast.kernel.errors import NotFound
from holdfast.loans import loan_id_of
from holdfast.servicing import Kind, Rearrangement
from holdfast.web.borrower.desk import Visitor
from holdfast.web.borrower.urls import urlpatterns
from tests.attack.forms import _settlement as settlement
from tests.attack.house import House, Post, opened

WORDS: Final = "示例缘由，请再看"
MORE_TIME: Final = Rearrangement(Kind.DEFER, months=1)
# Whatever else is changed, the borrower says yes to it by code before anybody decides.
ANEW: Final = Rearrangement(Kind.EXTEND, instalments=1)


@dataclass(frozen=True)
class Form:
    """One form about the loan that is left in `state`; `ready` gives what its borrower would send."""

    state: str
    ready: Callable[[House], Post]


def on(state: str, **fields: Any) -> Form:
    """A form for which nothing has to be done before."""
    return Form(state, lambda house: Post({"loan_id": house.loans[state]}, fields))


def _withdrawal(house: House) -> Post:
    file = house.one("SELECT public_id FROM application WHERE loan_id = %s", house.number("submitted"))
    return Post({"application_id": file}, {"words": WORDS})


def _code_of_the_call(house: House) -> Post:
    house.do(confirmation.send_code, "caller", loan=house.loans["called"])
    house.stage.deliver()
    return Post({"loan_id": house.loans["called"]}, {"digits": house.stage.phone.code()})


def _intent(house: House) -> Post:
    loan = house.loans["active"]
    meant = house.stage.do(payments.intend, house.stage.borrower_of(loan), loan=loan, what="all", amount=house.stage.owed(loan))
    return Post({"loan_id": loan, "intent": meant.public_id})


def _ticked(house: House) -> Post:
    loan = house.loans["offered"]
    offered = contracts.contracts_of(house.db, loan_id_of(house.db, loan))[-1]
    return Post({"loan_id": loan}, {"read": [clause.key for clause in offered.clauses]})


def _signature(house: House) -> Post:
    sent, loan = _ticked(house), house.loans["offered"]
    code_id = house.stage.do(contracts.ask_code, house.stage.borrower_of(loan), loan=loan)
    house.stage.deliver()
    return Post(sent.names, {**sent.fields, "code_id": code_id, "code": house.stage.phone.code(), "sign": "yes"})


def _complaint(house: House) -> Post:
    loan = house.loans["active"]
    given = {"channel": "page", "about": "price", "words": WORDS}
    taken = house.stage.do(complaints.take_in, house.stage.borrower_of(loan), loan=loan, **given)
    return Post({"loan_id": loan, "complaint_id": taken.public_id}, {"words": WORDS})


def _more_time(house: House) -> Post:
    loan = house.loans["active"]
    told = house.stage.do(restructuring.compare, house.stage.borrower_of(loan), loan=loan, change=MORE_TIME)
    return Post({"loan_id": loan}, {"change": json.dumps(MORE_TIME.to_json()), "reason": "income_late", "shown": told.shown})


def _more_time_asked(house: House) -> Post:
    sent = _more_time(house)
    by = house.stage.borrower_of(house.loans["active"])
    given = {"change": MORE_TIME, "reason": "income_late", "shown": sent.fields["shown"]}
    asked = house.stage.do(restructuring.ask, by, loan=house.loans["active"], **given)
    return Post({**sent.names, "asked": asked.public_id})


def _anew_asked(house: House) -> Post:
    """An officer asks for terms that the borrower must agree to."""
    loan = house.loans["active"]
    told = house.do(restructuring.compare, "officer", loan=loan, change=ANEW)
    asked = house.do(restructuring.ask, "officer", loan=loan, change=ANEW, reason="income_late", shown=told.shown)
    return Post({"loan_id": loan, "asked": asked.public_id})


def _anew_agreed(house: House) -> Post:
    sent = _anew_asked(house)
    by = house.stage.borrower_of(house.loans["active"])
    code_id = house.stage.do(restructuring.ask_code, by, loan=house.loans["active"], request=sent.names["asked"])
    house.stage.deliver()
    return Post(sent.names, {"code_id": code_id, "code": house.stage.phone.code()})


def _settlement_approved(house: House) -> Post:
    """A settlement of the late loan that waits for its borrower's code."""
    names = settlement(house, what="decision").names
    house.do(settlements.decide, "risk", loan=names["loan_id"], settlement=names["settlement_id"], agreed=True, words="示例缘由")
    return Post({name: names[name] for name in ("loan_id", "settlement_id")})


def _settlement_agreed(house: House) -> Post:
    sent = _settlement_approved(house)
    by = house.stage.borrower_of(sent.names["loan_id"])
    given = {"loan": sent.names["loan_id"], "settlement": sent.names["settlement_id"]}
    code_id = house.stage.do(settlements.ask_code, by, **given)
    house.stage.deliver()
    return Post(sent.names, {"code_id": code_id, "code": house.stage.phone.code()})


def _paper(house: House, kind: str) -> Post:
    today = house.stage.today
    days = {"start": str(today - timedelta(days=30)), "until": str(today), "on": str(today)}
    return Post({"loan_id": house.loans["active"], "kind": kind}, days)


def _debit_text(house: House) -> Post:
    who = house.who["active"]
    limits = {"most_each": "900.00", "most_a_month": "1800.00"}
    return Post({"loan_id": house.loans["active"]}, {"write": "yes", "payer_name": who.name, "account": who.account, **limits})


def _debit_drafted(house: House) -> str:
    who, loan = house.who["active"], house.loans["active"]
    limits = {"most_each": house.yuan(900), "most_a_month": house.yuan(1_800)}
    given = {"payer_name": who.name, "account": who.account, "language": "en", **limits}
    return str(house.stage.do(payments.draft_mandate, house.stage.borrower_of(loan), loan=loan, **given).public_id)


def _debit_code(house: House) -> Post:
    _debit_drafted(house)
    return Post({"loan_id": house.loans["active"]})


def _debit_signature(house: House) -> Post:
    loan, drafted = house.loans["active"], _debit_drafted(house)
    code_id = house.stage.do(payments.ask_mandate_code, house.stage.borrower_of(loan), loan=loan, mandate=drafted)
    house.stage.deliver()
    return Post({"loan_id": loan}, {"code_id": code_id, "code": house.stage.phone.code(), "sign": "yes"})


def _debit_taken_back(house: House) -> Post:
    return Post({"loan_id": house.loans["active"], "mandate_id": _debit_drafted(house)})


# About nothing but who is logged in: the log-in itself, and their own draft, which no address names.
OWN: Final = frozenset({"log_in", "enter", "log_out", "plan", "check", "step"})

FORMS: Final[Mapping[str, Form]] = {
    "withdraw": Form("submitted", _withdrawal),
    "confirm": Form("called", _code_of_the_call),
    "decision": on("refused", words=WORDS),
    "ask": on("active", words=WORDS),
    "leave_alone": on("active"),
    "pay": on("active", what="all"),
    "pay_code": on("active"),
    "pay_paid": Form("active", _intent),
    "pay_cancel": Form("active", _intent),
    "complaint": on("active", about="price", words=WORDS),
    "complaint_more": Form("active", _complaint),
    "terms": Form("active", _more_time),
    "terms_withdraw": Form("active", _more_time_asked),
    "terms_agree · code": Form("active", _anew_asked),
    "terms_agree": Form("active", _anew_agreed),
    "settlement_agree · code": Form("late", _settlement_approved),
    "settlement_agree": Form("late", _settlement_agreed),
    "mandate · text": Form("active", _debit_text),
    "mandate · code": Form("active", _debit_code),
    "mandate": Form("active", _debit_signature),
    "mandate_cancel": Form("active", _debit_taken_back),
    "paper_make · account": Form("active", partial(_paper, kind="account_statement")),
    "paper_make · payoff": Form("active", partial(_paper, kind="payoff_statement")),
    "give_back": on("active"),
    "sign · code": Form("offered", _ticked),
    "sign": Form("offered", _signature),
}


@pytest.fixture(scope="module")
def house(shared_urls: Any) -> Iterator[House]:
    with opened(shared_urls) as house:
        yield house


def address_of(form: str) -> str:
    return form.partition(" · ")[0]


def test_every_address_that_takes_a_form_is_in_the_table(house: House) -> None:
    anybody = Client()
    taking = set()
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        assert pattern.name is not None
        path = reverse(f"borrower:{pattern.name}", kwargs=dict.fromkeys(pattern.pattern.converters, "x"))
        if anybody.post(path).status_code != 405:
            taking.add(pattern.name)
    assert {address_of(name) for name in FORMS} | OWN == taking


@contextmanager
def pages_show_everything() -> Iterator[None]:
    """No page asks of its own accord whose loan it is; the verb must."""

    def anybody_s(_visitor: Visitor, db: Any, loan: str) -> int:
        return loan_id_of(db, loan)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Visitor, "must_own", anybody_s)
        yield


@pytest.mark.parametrize("name", FORMS)
def test_a_form_does_its_act_for_whose_loan_it_is_and_nothing_for_anybody_else(house: House, name: str) -> None:
    form, address = FORMS[name], address_of(name)
    with house.trial():
        sent = form.ready(house)
        mine = house.at_phone(form.state)
        other = house.at_phone("stored")
        before = house.traces()

        answer = house.post(None, address, sent, site="borrower")
        assert house.written(before) == []
        assert (answer.status, answer.leads_to.partition("?")[0]) == (302, "/borrower/log-in")

        for staff in ("officer", "approver", "any-admin"):
            answer = house.post(staff, address, sent, site="borrower")
            assert house.written(before) == [], f"{staff} wrote {house.written(before)}"
            assert (answer.status, answer.leads_to.partition("?")[0]) == (302, "/borrower/log-in")

        answer = house.post(other, address, sent, site="borrower")
        assert house.written(before) == [], f"another borrower wrote {house.written(before)}"
        assert answer.status == 404 and isinstance(answer.refusal, NotFound), f"another borrower is told {answer.status} {answer.codes}"

        with pages_show_everything():
            answer = house.post(other, address, sent, site="borrower")
        # An attempt at a code counts whoever makes it.
        written = set(house.written(before)) - {"one_time_code"}
        assert not written, f"for another borrower the verb wrote {written}"
        before = house.traces()

        house.post(mine, address, Post(sent.names), method="get", site="borrower")
        written = set(house.written(before))
        assert not written, f"a GET wrote {written}"
        before = house.traces()

        answer = house.post(mine, address, sent, site="borrower")
        assert answer.done, f"whose loan it is is refused: {answer.status} {answer.refused} {answer.said} {answer.wrong}"
        assert house.written(before) != []
