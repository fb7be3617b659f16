"""Every form of the console that does something: whose act it is, and how the book is brought to where it can be done.

A form that is new gets one line in `FORMS`: under the name of its address (with ` · what` after it where one address does several
things), the act of `parties.MAY` that its verb asks for, a log-in of the cast (`stories.cast.STAFF`) who may, and a function
that prepares the house and says what is sent. Roles are written nowhere here: they are read from `MAY`. Besides:

    also      a second act of `MAY` that the verb asks for as well
    barred    log-ins who took part and must not be the second person, under whatever log-in: whoever asked, whoever answered
              first, the loan's officer (`teller`). A form that answers as a second person names at least one
    sight     where the loan or the thing is named: in the "address", so that it is not there (404) for who does not see it, in a
              "field" of the form, among the form's "choice" of what is in sight, or "nowhere": it is about no loan and no
              branch but one's own
    reads     it finds something and writes nothing
    screen    it is no verb of a capability, the screen alone decides who may: say why beside it
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from holdfast import (
    applications,
    confirmation,
    contact,
    days,
    decisioning,
    duties,
    files,
    payments,
    pledges,
    release,
    restructuring,
    servicing,
    takeover,
)
from holdfast.collateral import CHECKLIST, appraise, ask_settlement, custody, sample_price_book
from holdfast.collateral import value as value_now
from holdfast.contact import inbound, texts
from holdfast.database.connection import transaction
from holdfast.duties import ownership
from holdfast.followup import calls, complaints, promises, reviews, settlements, strategies, visits
from holdfast.followup.promises_model import Part
from holdfast.followup.visits_model import Point
from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import instant_on
from holdfast.kernel.errors import Refusal
from holdfast.kernel.money import Money
from holdfast.kernel.places import data_folder
from holdfast.kernel.rate import Per, Rate
from holdfast.parties import MAY, Role, box_of, change_private, party_by_id
from holdfast.products import Method, Terms, define, new_version
from holdfast.release import disposal
from holdfast.servicing import answers, approved, closing
from holdfast.stories import cast
from holdfast.stories.stage import SITE
from holdfast.stories.tales import BEGINS
from holdfast.wiring import GROWS, NOTARY, PRESS, RAIL, carry
from tests.attack.house import House, Post, Upload
from tests.payments.iso import pain002
from tests.payments.rails import FaultyBank, broken_line

WORDS: Final = "示例缘由，已核对"
ONE_MONTH: Final = servicing.Rearrangement(servicing.Kind.DEFER, months=1)
PICTURE: Final = Upload("picture.png", cast.picture())


@dataclass(frozen=True)
class Form:
    """One form. `ready` prepares the house for it and gives what `who` would send."""

    act: str
    who: str
    ready: Callable[[House], Post]
    barred: tuple[str, ...] = ()
    sight: str = "address"
    screen: bool = False
    also: str = ""
    reads: bool = False

    @property
    def may(self) -> frozenset[Role]:
        """Who may, by role."""
        return MAY[self.act] & MAY[self.also or self.act]


def on(state: str, **fields: Any) -> Callable[[House], Post]:
    """The form of a loan that is left in that state; nothing has to be done before."""
    return lambda house: Post({"loan_id": house.loans[state]}, fields)


def _loan(house: House, state: str, names: Mapping[str, Any] | None = None, /, **fields: Any) -> Post:
    return Post({"loan_id": house.loans[state], **(names or {})}, fields)


def _yes(house: House, state: str, names: Mapping[str, Any] | None = None) -> Post:
    return _loan(house, state, names, approved="yes", words=WORDS)


# -- applications ---------------------------------------------------------------------------------


def _file(house: House, **fields: Any) -> Post:
    found = house.one("SELECT public_id FROM application WHERE loan_id = %s", house.number("submitted"))
    return Post({"application_id": found}, fields)


def _paper(house: House) -> Post:
    file = house.one(
        "SELECT f.public_id FROM file f JOIN file_link k USING (file_id) WHERE k.loan_id = %s LIMIT 1", house.number("submitted")
    )
    return _file(house, file=file, reason="audit")


def _draft(house: House) -> Post:
    party = house.stage.log_in(cast.borrower(700, "李示例"))
    plan = {"product": cast.PRODUCT, "principal": house.yuan(1_000), "instalments": 3, "branch": cast.BRANCH}
    return Post({"application_id": house.stage.do(applications.start, applications.actor_of(party), party=party, **plan).public_id})


# -- at the counter -------------------------------------------------------------------------------

_VISITOR: Final = cast.borrower(701, "李示例")
_CONSENTS: Final = {f"consent_{purpose}": "on" for purpose in applications.CONSENTS}


def _plan_seen(house: House) -> Post:
    """The officer has shown the cost of the plan; the mark says of which."""
    plan = {"product": cast.PRODUCT, "amount": "1000", "instalments": "3", "branch": cast.BRANCH}
    page = house.post("officer", "intake", Post({}, plan)).page
    mark = re.search(r'name="seen" value="([^"]+)"', page)
    assert mark is not None
    return Post({}, {**plan, "seen": mark[1], "begin": "yes", "number": _VISITOR.number, "language": "zh-hans"})


def _at_counter(house: House) -> str:
    """A draft for somebody who stands at the counter; its id."""
    party = house.do(applications.person_at_counter, "officer", number=_VISITOR.number)
    plan = {"product": cast.PRODUCT, "principal": house.yuan(1_000), "instalments": 3, "branch": cast.BRANCH}
    return str(house.do(applications.start, "officer", party=party, **plan).public_id)


def _promise(house: House, what: str, **fields: Any) -> Post:
    """The loan that is late, whose borrower may promise, has promised, or has not kept it."""
    loan, today = house.loans["late"], house.stage.today
    if what:
        part = Part(today, house.yuan(100))
        house.do(promises.make, "caller", loan=loan, parts=[part], identified=True)
    else:
        fields |= {"identified": "on", "pay_by_1": str(today), "amount_1": "100"}
    if what == "speak":
        with transaction() as db:
            promises.judge_all(db, clock=house.stage.clock, on=today + timedelta(days=1))
    return _loan(house, "late", {"what": what} if what else None, **fields)


def _settlement(house: House, what: str = "", **fields: Any) -> Post:
    """The loan that is late: a settlement that may be offered, waits for its decision, or was agreed to and not kept."""
    loan, today = house.loans["late"], house.stage.today
    with transaction() as db:
        part = Part(today + timedelta(days=2), Money(servicing.owed(db, loan=loan, on=today).minor * 19 // 20, "CNY"))
    shown = house.do(settlements.compare, "caller", loan=loan, parts=[part])[0].shown
    given = {"reason": "illness", "means": "family", "words": WORDS, "shown": shown}
    if not what:
        return _loan(house, "late", pay_by_1=str(part.pay_by), amount_1=part.amount.decimal(), **given)
    offered = house.do(settlements.offer, "caller", loan=loan, parts=[part], **given).public_id
    if what == "talk":
        house.do(settlements.decide, "risk", loan=loan, settlement=offered, agreed=True, words=WORDS)
        by = house.stage.borrower_of(loan)
        code_id = house.stage.type_code(house.stage.do(settlements.ask_code, by, loan=loan, settlement=offered))
        house.stage.do(settlements.agree, by, loan=loan, settlement=offered, code_id=code_id, press=PRESS, notary=NOTARY)
        with transaction() as db:
            settlements.judge_all(db, clock=house.stage.clock, by=SYSTEM, on=today + timedelta(days=3))
        return _loan(house, "late", outcome="reached", words=WORDS, how="came")
    return _loan(house, "late", {"settlement_id": offered, "what": what}, **fields)


def _visit(house: House, what: str, *, so_far: str = "planned", **fields: Any) -> Post:
    """A visit about the loan that is late, tomorrow at ten, by a caller and an officer; as far as it has come."""
    loan, tomorrow = house.loans["late"], house.stage.today + timedelta(days=1)
    people = house.stage.people
    made = house.do(
        visits.plan, "caller", loan=loan, reason="arrears", words=WORDS, planned_for=instant_on(tomorrow, time(10), "Asia/Shanghai"),
        visitors=[people["caller"].public_id, people["officer"].public_id], address="示例路 1 号",
    )  # fmt: skip
    about = {"loan": loan, "visit": made.public_id}
    if so_far != "planned":
        house.stage.pass_time(60 * 24)
        house.do(visits.begin, "caller", **about)
    if so_far == "reported":
        told = {"met": "nobody", "told": "nobody", "outcome": "nothing", "words": WORDS, "stood": Point(30.0, 120.0)}
        house.do(visits.report, "caller", **about, **told, photos=[cast.picture()])
    return _loan(house, "late", {"visit_id": made.public_id, "what": what}, **fields)


_REVIEWED: Final[dict[str, Any]] = {
    "running": "yes", "sells": WORDS, "staff": 3, "premises": "not_seen", "turnover": 100, "evidence": ["none"], "owner_changed": "no",
    "address_changed": "no", "other_debts": 0, "money_use": "as_agreed", "thing": "with_us",
}  # fmt: skip


def _review(house: House, what: str = "", *, made: bool = False, **fields: Any) -> Post:
    """The loan that is repaid carries a business whose review is called for; the officer has begun it, or found it worse."""
    loan, today = house.loans["active"], house.stage.today
    with transaction() as db:
        case = duties.take(db, loan, None)
        due_on = today + timedelta(days=10)
        says = {"class": "pass", "why": "firm", "due_on": due_on.isoformat()}
        duties.enter(
            db, case, clock=house.stage.clock, by=SYSTEM, kind="review.called", says=says, opens=(reviews.DUTY,),
            due={reviews.DUTY: due_on},
        )  # fmt: skip
    if what in ("", "earlier"):
        return _loan(house, "active", {"review_id": "next", "what": what} if what else None, **fields)
    begun = house.do(reviews.begin, "officer", loan=loan, means="call")
    if made:
        told = {"answers": _REVIEWED, "conclusion": "worse", "words": WORDS}
        house.do(reviews.make, "officer", loan=loan, review=begun.public_id, **told)
    return _loan(house, "active", {"review_id": begun.public_id, "what": what}, **fields)


def _visit_plan(house: House) -> Post:
    people, tomorrow = house.stage.people, house.stage.today + timedelta(days=1)
    two = {"first": people["caller"].public_id, "second": people["officer"].public_id}
    return _loan(house, "late", reason="arrears", planned_for=f"{tomorrow}T10:00", words=WORDS, address="示例路 1 号", **two)


def _visit_begin(house: House) -> Post:
    sent = _visit(house, "begin")
    house.stage.pass_time(60 * 24)
    return sent


def _complaint(house: House, what: str, *, answered: bool = False, **fields: Any) -> Post:
    """A complaint about the loan that is repaid, heard by a caller."""
    loan = house.loans["active"]
    taken = house.do(complaints.take_in, "caller", loan=loan, channel="phone", about="price", words=WORDS)
    if answered:
        house.do(complaints.answer, "approver", loan=loan, complaint=taken.public_id, outcome="upheld", words=WORDS)
    return _loan(house, "active", {"complaint_id": taken.public_id, "what": what}, **fields)


def _contact_rests(house: House) -> Post:
    """Contact with the borrower of the loan that is repaid rests, for a colleague's reason."""
    house.do(contact.pause, "officer", loan=house.loans["active"], reason="dispute", because=WORDS)
    return _loan(house, "active", {"reason": "dispute"}, because=WORDS)


def _asked(house: House) -> Post:
    """The borrower of the loan that is repaid has asked something on the phone."""
    loan = house.loans["active"]
    party = house.one("SELECT y.public_id FROM loan l JOIN party y USING (party_id) WHERE l.public_id = %s", loan)
    house.stage.do(inbound.ask, Actor(party, "borrower"), loan=loan, words=WORDS)
    return _loan(house, "active", words=WORDS)


def _stray(house: House, *, to_loan: bool = True) -> Post:
    """Somebody has written from a number that nobody has."""
    with transaction() as db:
        heard = [contact.Inbound("stray", "13700000009", "106", WORDS)]
        contact.keep_heard(lambda: nullcontext(db), lambda _: house.stage.clock)("carrier", heard)
        contact.take_inbound(db, clock=house.stage.clock, answers=answers.stands)
    found = house.one("SELECT public_id FROM inbound WHERE came_to = 'queued' ORDER BY inbound_id DESC LIMIT 1")
    return Post({"inbound_id": found}, {"why": WORDS, **({"loan": house.loans["active"]} if to_loan else {})})


def _number_of_draft(house: House) -> Post:
    _at_counter(house)
    return Post({}, {"number": _VISITOR.number})


def _counter_step(house: House, /, step: str, **fields: Any) -> Post:
    return Post({"application_id": _at_counter(house), "name": step}, fields)


def _consents_sent(house: House, file: str) -> str:
    """The code for all consents is on the borrower's phone; its id."""
    given = dict.fromkeys(applications.CONSENTS, True)
    sent = house.do(applications.ask_consent_code, "officer", application_id=file, given=given)
    house.stage.deliver()
    return str(sent.code_id)


def _consents_proved(house: House) -> Post:
    file = _at_counter(house)
    code_id = _consents_sent(house, file)
    return Post({"application_id": file, "name": "consents"}, {**_CONSENTS, "code_id": code_id, "code": house.stage.phone.code()})


def _filled_at_counter(house: House) -> Post:
    file = _at_counter(house)
    for facts in (_VISITOR.private, _VISITOR.file):
        house.do(applications.save, "officer", application_id=file, facts=facts)
    for number, slot in enumerate(applications.SLOTS.values()):
        if slot.needed:
            data = cast.picture(40 * number)
            house.do(applications.attach, "officer", application_id=file, slot=slot.name, data=data, name=f"{slot.name}.png")
    code = house.stage.type_code(_consents_sent(house, file))
    given = dict.fromkeys(applications.CONSENTS, True)
    house.do(applications.agree, "officer", application_id=file, given=given, code=code)
    return Post({"application_id": file})


# -- the call -------------------------------------------------------------------------------------


def _ringing(house: House) -> Post:
    for verb in (confirmation.take_case, confirmation.dial):
        house.do(verb, "caller", loan=house.loans["submitted"])
    return _loan(house, "submitted")


def _spoken(house: House, *, step: str = "who_calls", **fields: Any) -> Post:
    sent = _ringing(house)
    house.do(confirmation.picked_up, "caller", loan=house.loans["submitted"])
    return Post({**sent.names, "step": step}, fields)


def _unwilling(house: House) -> Post:
    _spoken(house)
    who = house.who["submitted"]
    given = {
        "who_calls": {"answer": "goes_on"}, "recording": {"answer": "agrees"},
        "identity": {"name": who.name, "last_four": who.id_number[-4:]}, "will": {"answer": "does_not_want"},
    }  # fmt: skip
    for step, said in given.items():
        house.do(confirmation.answer, "caller", loan=house.loans["submitted"], step=step, **said)
    return _loan(house, "submitted", reason="declined", words=WORDS)


def _proved(house: House) -> None:
    """The code that the borrower read out is the one that was sent."""
    house.do(confirmation.send_code, "caller", loan=house.loans["called"])
    house.stage.deliver()
    house.do(confirmation.try_code, "caller", loan=house.loans["called"], digits=house.stage.phone.code())


def _code_proved(house: House) -> Post:
    _proved(house)
    return _loan(house, "called", {"step": "code"}, proved="yes")


def _code_read(house: House) -> Post:
    house.do(confirmation.send_code, "caller", loan=house.loans["called"])
    house.stage.deliver()
    return _loan(house, "called", {"step": "code"}, digits=house.stage.phone.code())


def _all_said(house: House) -> Post:
    _proved(house)
    house.do(confirmation.answer, "caller", loan=house.loans["called"], step="code")
    return _loan(house, "called")


def _unreached(house: House) -> Post:
    """Nobody answered as often as the pack lets us try."""
    stage, loan = house.stage, house.loans["submitted"]
    house.do(confirmation.take_case, "caller", loan=loan)
    for _ in range(20):
        try:
            with transaction():
                house.do(confirmation.dial, "caller", loan=loan)
                house.do(confirmation.end_call, "caller", loan=loan, outcome="no_answer")
        except Refusal:
            break  # as many calls as the pack allows
        stage.pass_time(60 * 24)
    return _loan(house, "submitted", words=WORDS)


def _recorded(house: House) -> Post:
    call = house.one("SELECT public_id FROM confirmation_call WHERE loan_id = %s ORDER BY call_no DESC LIMIT 1", house.number("called"))
    return _loan(house, "called", call=call, file=Upload("call.wav", b"RIFF\x00\x00\x00\x00WAVEfmt "))


# -- fraud ----------------------------------------------------------------------------------------


def _frozen(house: House, **fields: Any) -> Post:
    house.stage.freeze(house.loans["submitted"])
    return _loan(house, "submitted", **fields)


def _review_asked(house: House, verb: Any) -> Post:
    _frozen(house)
    asked = house.do(verb, "approver", loan=house.loans["submitted"], words=WORDS)
    return _yes(house, "submitted", {"asked_id": asked.public_id})


# -- things and their worth -----------------------------------------------------------------------


def _thing_of(house: House, state: str) -> str:
    return str(
        house.one("SELECT t.public_id FROM thing t JOIN thing_loan o USING (thing_id) WHERE o.loan_id = %s LIMIT 1", house.number(state))
    )


def _thing(state: str, **fields: Any) -> Callable[[House], Post]:
    return lambda house: Post({"loan_id": house.loans[state], "thing": _thing_of(house, state)}, fields)


def _good(point: str) -> str:
    return next(iter(CHECKLIST[point]))


def _quote(house: House) -> Post:
    fields = {"source_name": "示例回收商", "market": "1234.00", "as_of": str(house.stage.today), "paper": PICTURE}
    return Post(_thing("confirmed")(house).names, fields)


def _far_apart(house: House) -> str:
    """An appraisal that lies far from the price book: nothing counts until two people say which."""
    given = {point: _good(point) for point in CHECKLIST}
    said = house.do(appraise, "custodian", loan=house.loans["confirmed"], checklist=given, market=house.yuan(900), locked=False)
    house.do(value_now, "custodian", loan=house.loans["confirmed"])
    return str(said.public_id)


def _settle(house: House) -> Post:
    return Post(_thing("confirmed")(house).names, {"valuation": _far_apart(house), "reason": WORDS})


def _settlement_asked(house: House) -> Post:
    asked = house.do(ask_settlement, "custodian", loan=house.loans["confirmed"], valuation=_far_apart(house), reason=WORDS)
    return _second(asked.public_id)


def _second(request: str) -> Post:
    """The second person's yes to an act around a thing."""
    return Post({"asked_id": request}, {"approved": "yes", "words": WORDS})


# -- contracts ------------------------------------------------------------------------------------


def _run_out(house: House) -> Post:
    house.stage.now += timedelta(days=30)
    return _loan(house, "offered")


# -- custody --------------------------------------------------------------------------------------


def _shelf(house: House) -> dict[str, Any]:
    return {"branch": house.stage.people["officer"].branch_id, "code": cast.SHELF}


def _walked(house: House, **fields: Any) -> Post:
    walk = house.do(custody.open_audit, "keeper", branch_id=_shelf(house)["branch"], code=cast.SHELF)
    return Post({"audit_id": walk.public_id}, fields)


def _scanned(house: House) -> Post:
    return _walked(house, seal_no=house.seals["active"])


def _to(what: str, **fields: Any) -> Callable[[House], Post]:
    return lambda house: Post({"seal_no": house.seals["active"], "what": what}, fields)


def _missed(house: House) -> str:
    house.do(custody.miss, "keeper", seal_no=house.seals["active"], words=WORDS)
    return house.seals["active"]


def _is_missing(what: str, **fields: Any) -> Callable[[House], Post]:
    return lambda house: Post({"seal_no": _missed(house), "what": what}, fields)


def _move_asked(house: House) -> Post:
    return _second(house.do(custody.ask_move, "custodian", seal_no=house.seals["active"], to=f"{cast.SHELF}-05-01", reason=WORDS).public_id)


def _loss_asked(house: House) -> Post:
    return _second(house.do(custody.ask_lost, "custodian", seal_no=_missed(house), reason=WORDS).public_id)


def _lost(house: House, state: str = "active") -> None:
    house.do(custody.miss, "keeper", seal_no=house.seals[state], words=WORDS)
    asked = house.do(custody.ask_lost, "custodian", seal_no=house.seals[state], reason=WORDS)
    house.stage.agree(asked.public_id, "approver")


def _compensation(house: House) -> Post:
    _lost(house)
    return _loan(house, "active", {"what": "compensate"}, reason=WORDS)


def _compensation_asked(house: House) -> Post:
    _lost(house)
    return _second(house.do(pledges.ask_compensation, "officer", loan=house.loans["active"], reason=WORDS).public_id)


def _seen(house: House, state: str = "sealed") -> pledges.IntakeRead:
    with transaction() as db:
        party = party_by_id(db, house.one("SELECT party_id FROM loan WHERE loan_id = %s", house.number(state)))
        box = box_of(db, party)
        photos = {
            what: files.put(
                db, cast.picture(index), clock=house.stage.clock, name=f"{what}.png", box=box, party_id=party.party_id
            ).public_id
            for index, what in enumerate(pledges.PHOTOS)
        }
    return pledges.IntakeRead(True, True, house.who[state].imeis, photos, "SL-70000", f"{cast.SHELF}-04-01")


def _intake(house: House) -> Post:
    first, second = house.who["sealed"].imeis
    photos = {f"photo_{what}": PICTURE for what in ("front", "back", "seal")}
    fields = {"imei1": first, "imei2": second, "lock_off": "on", "sim_out": "on", "seal_no": "SL-70000", "slot": f"{cast.SHELF}-04-01"}
    return _loan(house, "sealed", **fields, **photos)


def _intake_asked(house: House) -> pledges.Asked:
    asked: pledges.Asked = house.do(pledges.ask_take_in, "custodian", loan=house.loans["sealed"], seen=_seen(house))
    return asked


def _intake_witnessed(house: House) -> Post:
    return _second(_intake_asked(house).request.public_id)


def _intake_drafted(house: House) -> Post:
    _intake_asked(house)
    return _loan(house, "sealed", {"what": "draft"})


def _no_loan_asked(house: House) -> str:
    asked = house.do(pledges.ask_to_hand_back, "custodian", loan=house.loans["stored"], ends="withdrawn", reason=WORDS)
    return str(asked.public_id)


def _no_loan_answered(house: House) -> Post:
    return _second(_no_loan_asked(house))


def _going_home(house: House) -> Post:
    house.stage.agree(_no_loan_asked(house), "approver")
    return _loan(house, "stored", {"what": "handback"}, seal_no=house.seals["stored"], identity_seen="on")


def _going_home_asked(house: House) -> Post:
    _going_home(house)
    given = {"loan": house.loans["stored"], "seal_no": house.seals["stored"], "identity_seen": True}
    return _second(house.do(pledges.ask_hand_back, "custodian", **given).public_id)


_MORE_IMEIS: Final = (cast.imei(9_001), cast.imei(9_002))
_MORE_SLOT: Final = f"{cast.SHELF}-04-02"


def _further(house: House) -> Post:
    phone = {
        "model": "示例机型 Pro", "storage_gb": "256", "screen": "clean", "body": "clean", "works": "all", "opened": "no", "sim": "dual",
        "imei1": _MORE_IMEIS[0], "imei2": _MORE_IMEIS[1], "account_signed_out": "yes",
    }  # fmt: skip
    return _loan(house, "active", invoice=PICTURE, declaration=PICTURE, **phone)


def _brought(house: House) -> str:
    """A further phone that the borrower has brought; nothing is pledged by it."""
    with transaction() as db:
        party = party_by_id(db, house.one("SELECT party_id FROM loan WHERE loan_id = %s", house.number("active")))
        given: dict[str, Any] = {"clock": house.stage.clock, "name": "picture.png", "box": box_of(db, party), "party_id": party.party_id}
        papers = {what: files.put(db, cast.picture(index), **given).public_id for index, what in enumerate(pledges.NEEDED)}
    thing = {"model": "示例机型 Pro", "storage_gb": 256, "grade": "A", "imeis": _MORE_IMEIS, "evidence": papers}
    return str(house.do(pledges.offer, "custodian", loan=house.loans["active"], **thing).public_id)


def _further_in(house: House) -> Post:
    photos = {f"photo_{what}": PICTURE for what in ("front", "back", "seal")}
    seen = {"imei1": _MORE_IMEIS[0], "imei2": _MORE_IMEIS[1], "lock_off": "on", "sim_out": "on", "seal_no": "SL-70001", "slot": _MORE_SLOT}
    return _loan(house, "active", {"thing": _brought(house)}, reason=WORDS, **seen, **photos)


def _pledge(house: House) -> str:
    return str(
        house.one(
            "SELECT p.public_id FROM pledge p JOIN thing USING (thing_id) WHERE thing.public_id = %s AND p.state = 'delivered'",
            _thing_of(house, "active"),
        )
    )


def _instead_in(house: House) -> Post:
    sent = _further_in(house)
    return Post(sent.names, sent.fields, f"instead_of={_pledge(house)}")


def _more_seen(house: House) -> dict[str, Any]:
    """The further phone as it was seen when it came in."""
    thing = _brought(house)
    seen = dataclasses.replace(_seen(house, "active"), imeis=_MORE_IMEIS, seal_no="SL-70001", slot=_MORE_SLOT)
    return {"loan": house.loans["active"], "thing": thing, "seen": seen, "reason": WORDS}


def _further_asked(house: House) -> Post:
    return _second(house.do(pledges.ask_add, "custodian", **_more_seen(house)).request.public_id)


def _instead_asked(house: House) -> Post:
    first = _pledge(house)
    asked = house.do(pledges.ask_substitute, "custodian", **_more_seen(house), pledge=first, owed=servicing.owed)
    return _second(asked.request.public_id)


def _two_stand(house: House) -> str:
    """Two phones stand behind the loan, and most of it is paid; the pledge of the first."""
    first = _pledge(house)
    asked = house.do(pledges.ask_add, "custodian", **_more_seen(house))
    house.stage.agree(asked.request.public_id, "keeper")
    _paid(house, 1_500)
    return first


def _one_of_two(house: House) -> Post:
    return _loan(house, "active", {"pledge": _two_stand(house)}, reason=WORDS)


def _part_asked(house: House) -> Post:
    given = {"loan": house.loans["active"], "pledge": _two_stand(house), "reason": WORDS, "owed": servicing.owed}
    return _second(house.do(pledges.ask_release_part, "officer", **given).request.public_id)


# -- while it is repaid -----------------------------------------------------------------------------


def _receipt(house: House) -> Post:
    return _loan(house, "active", amount="100.00", received_on=str(house.stage.today))


def _received(house: House) -> int:
    """A receipt that came in by hand; its number."""
    return int(_paid(house, 100))


def _paid(house: House, yuan: int) -> int:
    stage = house.stage
    done = stage.carry(servicing.receive, "officer", loan=house.loans["active"], amount=house.yuan(yuan), received_on=stage.today)
    return int(done.event_no)


def _to_reverse(house: House) -> Post:
    return _loan(house, "active", {"event_no": _received(house)}, reason=WORDS)


def _reversal_asked(house: House) -> Post:
    asked = house.do(approved.ask_reversal, "officer", loan=house.loans["active"], event_no=_received(house), reason=WORDS)
    return _yes(house, "active", {"asked_id": asked.public_id})


def _refund(house: House) -> Post:
    _paid(house, 2_500)
    return _loan(house, "active", amount="10.00", reason=WORDS)


def _refund_asked(house: House) -> Post:
    _paid(house, 2_500)
    asked = house.do(approved.ask_refund, "officer", loan=house.loans["active"], amount=house.yuan(10), reason=WORDS)
    return _yes(house, "active", {"asked_id": asked.public_id})


def _write_off_asked(house: House) -> Post:
    asked = house.do(approved.ask_write_off, "risk", loan=house.loans["late"], reason=WORDS)
    return _yes(house, "late", {"asked_id": asked.public_id})


def _follow_up(house: House) -> Post:
    duty = house.one("SELECT duty_no FROM duty WHERE loan_id = %s AND kind = 'follow_up' AND open LIMIT 1", house.number("late"))
    return _loan(house, "late", {"duty_no": duty}, outcome="reached", words=WORDS, how="came")


def _ring(house: House, what: str) -> Post:
    """The borrower of the loan that is late, rung by the caller if the call is to be ended."""
    if what == "end":
        house.do(calls.dial, "caller", loan=house.loans["late"])
    return _loan(house, "late", {"what": what})


def _duty(house: House, what: str, taken: bool = True, **fields: Any) -> Post:
    """An open follow-up, of the caller's own if it is taken."""
    loan = house.loans["late"]
    duty = house.one("SELECT duty_no FROM duty WHERE loan_id = %s AND kind = 'follow_up' AND open LIMIT 1", house.number("late"))
    if taken:
        house.do(ownership.take_duty, "caller", loan=loan, duty_no=duty)
    return Post({"loan_id": loan, "duty_no": duty, "what": what}, fields)


def _another_caller(house: House) -> str:
    return str(
        house.one("SELECT public_id FROM staff WHERE role = 'caller' AND scope = 'all' AND active AND public_id <> %s LIMIT 1", _id(house))
    )


def _id(house: House) -> str:
    return house.stage.people["caller"].public_id


def _put_off(house: House) -> Post:
    """A follow-up whose time still runs: the loan's newest, moved to this evening for the trial."""
    sent = _duty(house, "snooze", until="", reason=WORDS)
    evening = house.stage.clock.now() + timedelta(hours=3)
    house.db.execute("SET CONSTRAINTS ALL DEFERRED")
    number = house.number("late")
    house.db.execute("UPDATE duty SET due_at = %s WHERE loan_id = %s AND duty_no = %s", [evening, number, sent.names["duty_no"]])
    house.db.execute("UPDATE loan SET next_action_at = %s WHERE loan_id = %s AND duty_no = %s", [evening, number, sent.names["duty_no"]])
    until = (house.stage.clock.now() + timedelta(hours=1)).astimezone(ZoneInfo("Asia/Shanghai"))
    return replace(sent, fields={**sent.fields, "until": until.strftime("%Y-%m-%dT%H:%M")})


def _given_over(house: House) -> Post:
    return _duty(house, "over", to=_another_caller(house), reason=WORDS)


def _assigned(house: House) -> Post:
    return _duty(house, "assign", taken=False, to=_id(house), reason=WORDS)


def _away(house: House) -> Post:
    today = house.stage.today.isoformat()
    return Post({}, {"staff": _id(house), "from_on": today, "until_on": today, "stand_in": "", "reason": WORDS})


def _is_away(house: House) -> Post:
    today = house.stage.today
    made = house.do(ownership.set_absence, "caller", staff=_id(house), from_on=today, until_on=today, reason=WORDS)
    return Post({"absence": made.public_id})


def _to_move(house: House) -> Post:
    wanted = ownership.Wanted(role="caller", to=_id(house))
    seen = house.do(ownership.preview_move, "approver", wanted=wanted)
    return Post({}, {"shown": seen.shown, "reason": WORDS}, f"role=caller&to={_id(house)}")


def _past_days(house: House, loan: str = "") -> Post:
    day = (house.stage.today - timedelta(days=1)).isoformat()
    return Post({}, {}, f"first={day}&until={day}" + (f"&loan={house.loans[loan]}" if loan else ""))


def _shown(house: House) -> str:
    return str(house.do(restructuring.compare, "officer", loan=house.loans["active"], change=ONE_MONTH).shown)


def _more_time(house: House) -> Post:
    return _loan(house, "active", change=json.dumps(ONE_MONTH.to_json()), reason="income_late", shown=_shown(house))


def _more_time_asked(house: House, **fields: Any) -> Post:
    given = {"change": ONE_MONTH, "reason": "income_late", "shown": _shown(house)}
    asked = house.do(restructuring.ask, "officer", loan=house.loans["active"], **given)
    return _loan(house, "active", {"asked": asked.public_id}, **fields)


def _more_time_agreed(house: House) -> Post:
    asked = _more_time_asked(house).names["asked"]
    house.do(restructuring.decide, "risk", loan=house.loans["active"], request=asked, agreed=True, words=WORDS)
    return _loan(house, "active", {"asked": asked}, reason=WORDS)


def _taking_back_asked(house: House) -> Post:
    asked = _more_time_agreed(house).names["asked"]
    waits = house.do(restructuring.ask_reversal, "officer", loan=house.loans["active"], request=asked, reason=WORDS)
    return _yes(house, "active", {"asked": waits.public_id})


def _paper_made(house: House, kind: str) -> Post:
    today = house.stage.today
    return _loan(house, "active", {"kind": kind}, start=str(today - timedelta(days=30)), until=str(today), on=str(today))


def _asked_for(house: House, form: str) -> str:
    """Somebody has sent that form and waits for another person; the id of what is asked."""
    wanted = FORMS[form]
    answer = house.post(wanted.who, form.partition(" · ")[0], wanted.ready(house))
    assert answer.done, f"{form}: {answer.status} {answer.refused} {answer.wrong}"
    house.stage.pass_time()
    return str(house.one("SELECT public_id FROM approval_request ORDER BY request_id DESC LIMIT 1"))


def _relief(state: str, name: str, **fields: Any) -> Callable[[House], Post]:
    return lambda house: _loan(house, state, {"name": name}, reason=WORDS, **fields)


def _relief_asked(house: House, form: str, state: str) -> Post:
    return _yes(house, state, {"asked_id": _asked_for(house, form)})


def _charge(house: House) -> Post:
    given = {"ground": "agreed", "collected_by": "lender", "amount": "10.00"}
    return Post({"loan_id": house.loans["active"], "name": "charge"}, {"name": "示例费用", "reason": WORDS, **given})


def _pause(house: House) -> Post:
    today = house.stage.today
    given = {"starts_on": str(today), "ends_on": str(today + timedelta(days=20)), "why": "illness"}
    return _loan(house, "late", {"name": "pause"}, reason=WORDS, **given)


def _paused(house: House) -> Post:
    asked = _asked_for(house, "relief · pause")
    house.stage.carry(approved.answer, "approver", request=asked, approved=True, words=WORDS)
    return _loan(house, "late", {"name": "resume"}, reason=WORDS)


def _programme(house: House) -> Post:
    return Post({}, {"name": "示例水灾", "cause": "flood", "products": [cast.PRODUCT], "kind": "defer", "months": "1"})


def _planned(house: House, act: str, **fields: Any) -> Post:
    """A programme is drawn up, and shown to risk, who sends what is to become of it."""
    if not house.one("SELECT count(*) FROM programme"):
        drawn = house.post("risk", "programmes", _programme(house))
        assert drawn.done, f"{drawn.status} {drawn.refused} {drawn.wrong}"
    found = house.one("SELECT public_id FROM programme ORDER BY programme_id DESC LIMIT 1")
    page = house.post("risk", "programme", Post({"programme_id": found}), method="get").page
    mark = re.search(r'name="shown" value="([^"]+)"', page)
    return Post({"programme_id": found, "name": act}, {**fields, "shown": mark[1] if mark else ""})


def _programme_asked(house: House) -> Post:
    asked = _planned(house, "ask", reason=WORDS)
    assert house.post("risk", "programme_act", asked).done
    return Post({**asked.names, "name": "decide"}, {**asked.fields, "approved": "yes", "words": WORDS})


def _programme_agreed(house: House) -> Post:
    decided = _programme_asked(house)
    assert house.post("approver", "programme_act", decided).done
    return Post({**decided.names, "name": "run"})


def _programme_given(house: House) -> Post:
    running = _programme_agreed(house)
    while house.one("SELECT state FROM programme ORDER BY programme_id DESC LIMIT 1") == "running":
        assert house.post("risk", "programme_act", running).done
    return Post({**running.names, "name": "back"}, {"reason": WORDS})


def _programme_back_asked(house: House) -> Post:
    back = _programme_given(house)
    assert house.post("risk", "programme_act", back).done
    return Post({**back.names, "name": "decide-back"}, {"approved": "yes", "words": WORDS})


_MONTH: Final = f"{BEGINS:%Y-%m}"


def _month_closed(house: House) -> Post:
    house.do(closing.close_month, "risk", month=_MONTH)
    return Post({"month": _MONTH}, {"reason": WORDS})


def _reopening_asked(house: House) -> Post:
    closed = _month_closed(house)
    house.do(closing.ask_to_reopen, "risk", month=_MONTH, reason=WORDS)
    return Post(closed.names, {"answer": "yes", "words": WORDS})


# -- decisions --------------------------------------------------------------------------------------


def _referred(house: House, *, answered: bool = False) -> Post:
    house.do(decisioning.decide, "approver", loan=house.loans["referred"])
    if answered:
        house.do(decisioning.answer_referral, "approver", loan=house.loans["referred"], approved=True, words=WORDS)
    return _loan(house, "referred", approved="yes", words=WORDS, **({} if answered else {"amount": "1500.00"}))


def _table(house: House) -> str:
    """The policy table in force, set anew: another file that says the same."""
    return json.dumps(json.loads(decisioning.in_force(house.db)[1].content), indent=3, ensure_ascii=False)


def _proposal(house: House) -> Post:
    return Post({}, {"kind": "table", "file": Upload("table.json", _table(house).encode()), "reason": WORDS})


def _table_proposed(house: House) -> Post:
    asked = house.do(decisioning.propose, "risk", kind="table", content=_table(house), reason=WORDS)
    return Post({"sha256": asked.inputs["sha256"]}, {"approved": "yes", "words": WORDS})


# -- texts ------------------------------------------------------------------------------------------

_TEXT: Final = {"template": "reminder", "language": "zh-hans"}
_OWN_WORDS: Final = "您好，尾号 {contract} 的合同第 {n} 期 {amount}，{due_on}到期。"


def _text(house: House, what: str, *, so_far: str = "", **fields: Any) -> Post:
    """The reminder's text in Chinese, as far as a lender's own version of it has come."""
    shown = {}
    if so_far:
        made = house.do(texts.draft_text, "risk", **_TEXT, words=_OWN_WORDS)
        shown = {"shown": made.digest}
    if so_far in ("asked", "approved"):
        house.do(texts.ask_text, "risk", **_TEXT, sha256=made.digest, reason=WORDS)
    if so_far == "approved":
        house.do(texts.answer_text, "approver", **_TEXT, sha256=made.digest, approved=True, words=WORDS)
    return Post({**_TEXT, "what": what}, {**shown, **fields})


# -- money ------------------------------------------------------------------------------------------


def _payee(house: House) -> dict[str, str]:
    return {"payee_name": house.who["stored"].name, "account": house.who["stored"].account}


def _payout(house: House) -> Post:
    return _loan(house, "stored", **_payee(house), channel="rail")


def _payout_asked(house: House, **fields: Any) -> Post:
    asked = house.do(payments.ask_payout, "officer", loan=house.loans["stored"], **_payee(house))
    return Post({"payout": asked.public_id}, fields)


def _may_grow(house: House) -> str:
    """An unsecured loan of the same borrower of which 1,000.00 of 3,000.00 are out."""
    with transaction() as db:
        if "credit" not in {row[0] for row in db.execute("SELECT code FROM product").fetchall()}:
            define(db, code="credit", name_zh="信用借款", name_en="Credit", collateral="none")
            new_version(db, code="credit", terms={}, from_date=house.stage.today)
        active = duties.take(db, house.loans["active"], None, lock=False)
        terms = Terms("CNY", 100_000, Method.EQUAL_PRINCIPAL, Rate(10_000_000, Per.MONTH), 3, house.stage.today, limit=300_000)
        return servicing.originate(
            db, clock=house.stage.clock, by=SYSTEM, officer_id=active.loan.officer_id, branch_id=active.loan.branch_id,
            party_id=active.loan.party_id, borrower_label=active.loan.borrower_label, product_code="credit", product_version=1,
            contract_no=f"CR-{house.stage.today}-{house.number('active')}", terms=terms, pack=active.pack,
        ).public_id  # fmt: skip


def _further_sum(house: House) -> Post:
    who = house.who["active"]
    fields = {"amount": "500.00", "payee_name": who.name, "account": who.account, "channel": "rail", "words": WORDS}
    return Post({"loan_id": _may_grow(house)}, fields)


def _payout_unknown(house: House, **fields: Any) -> Post:
    """Sent over a line that broke: the money may have gone out or not."""
    sent = _payout_asked(house, **fields)
    house.do(payments.check_payout, "checker", payout=sent.names["payout"], approved=True, words="", rail=RAIL, grows=GROWS)
    bank = FaultyBank(before=broken_line)
    bank.silent = True
    payments.send_approved(transaction, bank, partial(carry, payments.record_answer), house.stage.clock)
    return sent


def _ruling_asked(house: House) -> Post:
    payout = _payout_unknown(house).names["payout"]
    house.do(payments.ask_ruling, "officer", payout=payout, outcome="rejected", reference="示例函件 1 号", words=WORDS)
    asked = house.one("SELECT public_id FROM approval_request WHERE act = 'payout.rule' ORDER BY request_id DESC LIMIT 1")
    return Post({"asked": asked}, {"approved": "yes", "words": WORDS})


def _drawer(house: House, *, cash: int = 0, counted: int | None = None, closed: bool = False, **fields: Any) -> Post:
    """A drawer of the officer's; `counted_as` is what the form says was counted."""
    drawer = house.do(payments.open_drawer, "officer", float_held=house.yuan(0)).public_id
    if cash:
        house.stage.carry(payments.post_cash, "officer", loan=house.loans["active"], amount=house.yuan(cash))
    if counted is not None:
        house.do(payments.count_drawer, "officer", drawer=drawer, counted=house.yuan(counted), words=WORDS)
    if closed:
        house.do(payments.close_drawer, "keeper", drawer=drawer, counted=house.yuan(counted or 0), words=WORDS)
    return Post({"drawer": drawer}, {name.removesuffix("_as"): value for name, value in fields.items()})


_OWN_ACCOUNT: Final = {"holder": "青屿小额贷款", "account": "6222 0000 1111 2222", "bank": "示例银行", "bank_code": "102100099996"}


_PLANNED: Final = {
    "name": "示例提醒计划", "product": "", "reason": WORDS, "days_0": "0", "how_0": "sms person", "days_1": "1", "how_1": "person",
}  # fmt: skip


def _plan_proposed(house: House) -> Post:
    return Post({}, {**_PLANNED, "from_day": str(house.stage.today + timedelta(days=2))})


def _plan_asked(house: House) -> Post:
    """A reminder plan of the risk manager's, for another person to answer."""
    assert house.post("risk", "plan_propose", _plan_proposed(house)).done
    found = house.one("SELECT public_id FROM reminder_plan ORDER BY plan_id DESC LIMIT 1")
    return Post({"plan_id": found}, {"approved": "yes", "words": WORDS})


_STRATEGY_ROW: Final = {
    "revision": "1", "place": "1", "step": "call", "role": "caller", "script": "agree_a_day", "points": "40", "why": "示例缘由",
    "days_past_due_from": "4", "days_past_due_to": "9",
}  # fmt: skip


def _strategy(house: House, **fields: Any) -> Post:
    """A draft of the risk manager's with the shipped rows."""
    return Post({"strategy_id": house.do(strategies.draft, "risk", name="示例策略").row.public_id}, fields)


def _strategy_row(house: House, row_id: str, **fields: Any) -> Post:
    drawn = _strategy(house, **fields)
    return Post({**drawn.names, "row_id": row_id}, drawn.fields)


def _strategy_act(house: House, what: str, **fields: Any) -> Post:
    drawn = _strategy(house, **fields)
    return Post({**drawn.names, "what": what}, drawn.fields)


def _strategy_proposal(house: House) -> Post:
    return _strategy_act(house, "propose", from_day=str(house.stage.today + timedelta(days=2)), reason=WORDS)


def _strategy_asked(house: House) -> Post:
    """A strategy of the risk manager's, for another person to answer."""
    assert house.post("risk", "strategy_act", _strategy_proposal(house)).done
    found = house.one("SELECT public_id FROM strategy ORDER BY strategy_id DESC LIMIT 1")
    return Post({"strategy_id": found, "what": "answer"}, {"approved": "yes", "words": WORDS})


def _house_account(house: House) -> Post:
    return Post({}, {**_OWN_ACCOUNT, "words": WORDS})


def _house_account_asked(house: House) -> Post:
    return Post({"asked": _asked_for(house, "house_ask")}, {"approved": "yes", "words": WORDS})


def _to_go_by_file(house: House) -> str:
    """A payout that two people agreed on and that goes by file; the lender's own account is known."""
    asked = _house_account_asked(house).names["asked"]
    house.do(payments.answer_house_account, "risk", request=asked, approved=True, words="")
    given = {"loan": house.loans["stored"], **_payee(house), "channel": "file"}
    payout = house.do(payments.ask_payout, "officer", **given).public_id
    house.do(payments.check_payout, "checker", payout=payout, approved=True, words="", rail=RAIL, grows=GROWS)
    return str(payout)


def _file_to_make(house: House) -> Post:
    return Post({}, {"payouts": [_to_go_by_file(house)], "execute_on": str(house.stage.today)})


def _file_made(house: House, **fields: Any) -> Post:
    payout = _to_go_by_file(house)
    made = house.do(payments.make_payout_file, "officer", payouts=[payout], execute_on=house.stage.today)
    return Post({"file": made.public_id}, fields)


def _file_taken(house: House, **fields: Any) -> Post:
    sent = _file_made(house, **fields)
    house.do(payments.take_payout_file, "approver", file=sent.names["file"])
    return sent


def _bank_answered(house: House) -> Post:
    _file_taken(house)
    payout = house.one("SELECT public_id FROM payout WHERE loan_id = %s ORDER BY payout_no DESC LIMIT 1", house.number("stored"))
    return Post({}, {"file": Upload("pain.002.xml", pain002({payout: "ACSC"}))})


def _recalled(house: House, **fields: Any) -> Post:
    """Asked back of a bank that does not answer."""
    payout = _payout_unknown(house).names["payout"]
    bank = FaultyBank()
    bank.silent = True
    matter = house.do(payments.ask_recall, "officer", payout=payout, words=WORDS, rail=bank)
    return Post({"matter": matter.public_id}, fields)


def _recall_ruled(house: House) -> Post:
    sent = _recalled(house, approved="yes", words=WORDS)
    given = {"matter": sent.names["matter"], "outcome": "stopped", "reference": "银行函 2026-17", "words": WORDS, "line": ""}
    house.do(payments.rule_matter, "officer", **given)
    return sent


def _cash(house: House) -> Post:
    _drawer(house)
    return Post({}, {"loan": house.loans["active"], "amount": "100.00"})


def _statement(house: House) -> bytes:
    line = f"{house.stage.today},88.00,王示例,{cast.card(901)},不知是谁,示例流水9"
    return f"入账日期,贷方金额,对方户名,对方账号,附言,交易流水号\n{line}\n".encode()


def _statement_kept(house: House) -> Post:
    with transaction() as db:
        kept = files.put(db, _statement(house), clock=house.stage.clock, name="流水.csv").public_id
    return Post({"file": kept, "map_name": "generic"}, {"file": kept, "map": "generic"})


def _in_suspense(house: House, **fields: Any) -> Post:
    house.do(payments.load_bank_file, "officer", name="流水.csv", data=_statement(house), map_name="generic")
    days.match_bank_lines()
    line = house.one("SELECT public_id FROM bank_line WHERE state = 'unmatched' ORDER BY line_id DESC LIMIT 1")
    return Post({"line": line}, fields)


def _taken_back(house: House) -> Post:
    """88.00 came and are in suspense; the bank takes them back."""
    line = _in_suspense(house).names["line"]
    gone = f"入账日期,交易金额,对方户名,对方账号,附言,交易流水号\n{house.stage.today},-88.00,王示例,{cast.card(901)},退票,示例流水10\n"
    house.do(payments.load_bank_file, "officer", name="退票.csv", data=gone.encode(), map_name="generic")
    outgoing = house.one("SELECT public_id FROM bank_line WHERE amount = -8800 ORDER BY line_id DESC LIMIT 1")
    return Post({"line": outgoing}, {"line": line})


def _match(house: House) -> Post:
    return _in_suspense(house, loan=house.loans["active"], words=WORDS)


def _mandate(house: House) -> Post:
    """The borrower has allowed direct debits, by code."""
    loan, who = house.loans["active"], house.who["active"]
    by = house.stage.borrower_of(loan)
    limits = {"most_each": house.yuan(900), "most_a_month": house.yuan(1_800)}
    given = {"payer_name": who.name, "account": who.account, "language": "zh-hans", **limits}
    drafted = house.stage.do(payments.draft_mandate, by, loan=loan, **given).public_id
    code = house.stage.type_code(house.stage.do(payments.ask_mandate_code, by, loan=loan, mandate=drafted))
    house.stage.do(payments.sign_mandate, by, loan=loan, mandate=drafted, code_id=code)
    return _loan(house, "active", {"mandate": drafted}, words=WORDS)


def _debit_given_up(house: House) -> Post:
    """The last planned debit has failed; a person must speak to the borrower."""
    with transaction() as db:
        case = duties.take(db, house.loans["active"], None)
        given: dict[str, Any] = {"kind": "debit.given_up", "says": {}, "opens": ("debit_failed",)}
        duties.enter(db, case, clock=house.stage.clock, by=SYSTEM, **given)
    return _loan(house, "active", words=WORDS)


def _aside_asked(house: House) -> Post:
    sent = _in_suspense(house, approved="yes", words=WORDS)
    house.do(payments.ask_set_aside, "officer", line=sent.names["line"], words=WORDS)
    return sent


def _match_asked(house: House) -> Post:
    sent = _in_suspense(house, approved="yes", words=WORDS)
    given = {"line": sent.names["line"], "loan": house.loans["active"], "words": WORDS}
    house.stage.carry(payments.match_by_hand, "officer", **given)
    return sent


# -- when it is paid --------------------------------------------------------------------------------


def _papers(house: House) -> Post:
    who = house.who["paid off"]
    fields = {"way": "agent", "name": who.name, "id_number": who.id_number, "agent_name": "王示例", "evidence": PICTURE, "words": WORDS}
    return _loan(house, "paid off", **fields)


def _identified(house: House) -> str:
    loan, who = house.loans["paid off"], house.who["paid off"]
    code = house.stage.type_code(house.do(release.send_code, "custodian", loan=loan))
    given = {"way": "self", "name": who.name, "id_number": who.id_number, "code_id": code}
    house.do(release.identify, "custodian", loan=loan, **given)
    return loan


def _audited(house: House, *first: str) -> Post:
    loan = _identified(house)
    house.do(release.audit, "officer", loan=loan)
    for who in first:
        house.do(release.approve, who, loan=loan, approved=True, words=WORDS)
    return _yes(house, "paid off")


def _approved_release(house: House) -> Post:
    _audited(house, "approver", "risk")
    return _loan(house, "paid off")


def _certified(house: House) -> str:
    _approved_release(house)
    house.do(release.certify, "officer", loan=house.loans["paid off"], press=PRESS, notary=NOTARY, site=SITE)
    return house.loans["paid off"]


def _read_again(house: House) -> Post:
    _certified(house)
    return _loan(house, "paid off", seal_1=house.seals["paid off"], imei_1=" ".join(house.who["paid off"].imeis))


def _hand_back_asked(house: House) -> Post:
    loan = _certified(house)
    house.do(release.ask_hand_back, "custodian", loan=loan, read={house.seals["paid off"]: house.who["paid off"].imeis})
    return _yes(house, "paid off")


def _reportable(house: House) -> Post:
    _certified(house)
    return _loan(house, "paid off")


def _lost_after(house: House) -> Post:
    """The thing perished on the shelf after the loan was paid off, and was made good."""
    _lost(house, "paid off")
    asked = house.do(pledges.ask_compensation, "officer", loan=house.loans["paid off"], reason=WORDS)
    house.stage.agree(asked.public_id, "approver")
    return _loan(house, "paid off")


def _number_changed(house: House) -> str:
    with transaction() as db:
        party = party_by_id(db, house.one("SELECT party_id FROM loan WHERE loan_id = %s", house.number("paid off")))
        by: Actor = house.stage.people["checker"].actor
        change_private(db, clock=house.stage.clock, by=by, party=party, kind="phone", text="13900009999")
    house.stage.pass_time(5)
    return house.loans["paid off"]


def _number(house: House) -> Post:
    _number_changed(house)
    return _loan(house, "paid off", reason=WORDS)


def _number_asked(house: House) -> Post:
    asked = house.do(release.ask_phone_change, "officer", loan=_number_changed(house), reason=WORDS)
    return _yes(house, "paid off", {"asked_id": asked.request})


# -- default ----------------------------------------------------------------------------------------


def _valued(house: House) -> str:
    house.do(disposal.value_for_sale, "custodian", loan=house.loans["noticed"])
    return house.loans["noticed"]


_BUYER: Final = cast.borrower(900, "王示例")


def _sale(house: House) -> Post:
    _valued(house)
    fields = {"price": "4200.00", "costs": "拍卖佣金 120.00", "buyer_name": _BUYER.name, "buyer_id": _BUYER.id_number, "relation": "none"}
    return _loan(house, "noticed", **fields)


def _sale_asked(house: House, *first: str) -> Post:
    loan = _valued(house)
    given = {"price": house.yuan(4_200), "costs": {"拍卖佣金": house.yuan(120)}, "buyer_name": _BUYER.name, "buyer_id": _BUYER.id_number}
    house.do(disposal.ask_sale, "custodian", loan=loan, relation="none", sold_on=house.stage.today, **given)
    for who in first:
        house.stage.carry(disposal.sell, who, loan=loan, approved=True, words=WORDS)
    return _yes(house, "noticed")


def _sold(house: House) -> Post:
    _sale_asked(house, "approver", "risk")
    return _loan(house, "noticed")


def _accounted(house: House) -> Post:
    _sold(house)
    house.stage.carry(disposal.account, "officer", loan=house.loans["noticed"], press=PRESS, notary=NOTARY)
    return _loan(house, "noticed", reason=WORDS)


def _surplus_asked(house: House) -> Post:
    _accounted(house)
    house.do(disposal.ask_surplus, "officer", loan=house.loans["noticed"], reason=WORDS)
    return _yes(house, "noticed")


# -- the rest ---------------------------------------------------------------------------------------


def _held(house: House) -> Post:
    return Post({}, {"loan": house.loans["active"], "about": "1 T-7", "on": str(house.stage.today + timedelta(days=1)), "reason": WORDS})


def _prices(house: House) -> Post:
    return Post({}, {"file": Upload("价格.csv", sample_price_book(house.stage.today - timedelta(days=1)))})


def _tape(house: House) -> Post:
    return Post({}, {"file": Upload("tape.csv", b"balance\n1\n"), "map": "lendingclub-openintro"})


def _sheet(house: House, balance: str) -> Path:
    """One loan of the old system as its sheet of the day tells it."""
    lent = house.stage.today - timedelta(days=10)
    row = {
        "合同号": "旧-1", "放款金额": "12000.00", "期数": "12", "年利率": "12.0", "每期应还": "1066.19", "放款日": str(lent),
        "首期应还日": str(lent + timedelta(days=31)), "状态": "正常", "本金余额": balance, "已还本金": "0.00", "下期应还日": "",
        "下期应还金额": "", "逾期天数": "0", "五级分类": "正常", "应收罚息": "", "最近还款日": "", "最近还款金额": "",
    }  # fmt: skip
    path = data_folder() / f"sheet-{balance}.csv"
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    return path


def _compared(house: House) -> Post:
    """A loan that was taken over, and the old system's sheet that tells another balance of it."""
    old, yesterday = takeover.load("old-book"), house.stage.today - timedelta(days=1)
    takeover.import_tape(transaction, _sheet(house, "12000.00"), old, as_of=yesterday)
    run = takeover.shadow.compare(transaction, _sheet(house, "11000.00"), old, as_of=yesterday)
    found = takeover.shadow.comparison(house.db, house.stage.people["risk"], run)
    line = found.lines[0]
    return Post({"run_id": run}, {"reason": WORDS, "most": ""}, f"cause={line.cause}&line={line.line_no}")


def _export(house: House) -> Post:
    return Post({}, {"file": Upload("sheet.csv", _sheet(house, "11500.00").read_bytes()), "map": "old-book", "as_of": ""})


# Forms by which nothing of any loan is done. The journal is computed again by whoever works here, to the same figures, and a signed head
# is given out; the coverage is computed again by overseers, in transactions of its own (`tests/web/test_new_screens.py` tries who may).
# The log-in itself is no act.
OPEN: Final = frozenset({"login", "logout", "journal", "head", "coverage"})

FORMS: Final[Mapping[str, Form]] = {
    # The days themselves go by without anybody: the button only turns them sooner, and only in a sample book.
    "clock": Form("clock.shift", "officer", lambda _: Post({}, {"until": "day"}), sight="nowhere", screen=True),
    "application_paper": Form("party.reveal", "officer", _paper),
    "application_withdraw": Form("application.withdraw", "officer", partial(_file, reason=WORDS)),
    "application_give_back": Form("application.intake", "officer", partial(_file, fields_needed=["employment_years"], words=WORDS)),
    "application_close": Form("application.intake", "officer", _draft),
    "intake": Form("application.intake", "officer", _plan_seen, sight="nowhere"),
    "intake_resume": Form("application.intake", "officer", _number_of_draft, sight="field", reads=True),
    "intake_step": Form("application.intake", "officer", partial(_counter_step, step="money", employment_years="8", later="yes")),
    "intake_step · consents": Form("application.intake", "officer", lambda house: _counter_step(house, "consents", **_CONSENTS)),
    # An attempt at a code counts whoever makes it, so nobody but who may gets as far.
    "intake_step · code": Form("application.intake", "officer", _consents_proved, screen=True),
    "intake_submit": Form("application.intake", "officer", _filled_at_counter),
    "receive": Form("receipt.post", "officer", _receipt),
    "reverse": Form("receipt.reverse", "officer", _to_reverse),
    "refund": Form("refund", "officer", _refund),
    "write_off": Form("write_off", "risk", on("late", reason=WORDS)),
    "answer · reversal": Form("approval.answer", "approver", _reversal_asked, barred=("officer",)),
    "answer · refund": Form("approval.answer", "approver", _refund_asked, barred=("officer",)),
    "answer · write-off": Form("approval.answer", "approver", _write_off_asked, barred=("risk",)),
    "note_duty": Form("duty.note", "caller", _follow_up),
    "call_loan · dial": Form("duty.note", "caller", partial(_ring, what="dial")),
    "call_loan · end": Form("duty.note", "caller", partial(_ring, what="end")),
    "reviews_of": Form("review.make", "officer", partial(_review, means="call")),
    "review_act · save": Form("review.make", "officer", partial(_review, what="save", staff="3")),
    "review_act · make": Form(
        "review.make", "officer",
        lambda house: _review(
            house, "make", conclusion="watch", words=WORDS, **{**_REVIEWED, "staff": "3", "turnover": "1", "other_debts": "0"}
        ),
    ),
    "review_act · give_up": Form("review.make", "officer", partial(_review, what="give_up", words=WORDS)),
    "review_act · read": Form("review.read", "risk", partial(_review, what="read", made=True, words=WORDS), barred=("officer",)),
    "review_act · earlier": Form(
        "review.bring_forward", "officer",
        lambda house: _review(house, "earlier", due_on=str(house.stage.today + timedelta(days=3)), words=WORDS),
    ),
    "visits_of": Form("visit.plan", "caller", _visit_plan),
    "visit_act · begin": Form("visit.make", "caller", _visit_begin),
    "visit_act · report": Form(
        "visit.make", "caller",
        partial(_visit, what="report", so_far="begun", photo=PICTURE, lat="30.1", lon="120.1", met="nobody", told="nobody",
                outcome="nothing", words=WORDS),
    ),
    "visit_act · confirm": Form("visit.make", "officer", partial(_visit, what="confirm", so_far="reported"), barred=("caller",)),
    "visit_act · move": Form(
        "visit.plan", "caller", lambda house: _visit(house, "move", planned_for=f"{house.stage.today + timedelta(days=1)}T11:00")
    ),
    "visit_act · cancel": Form("visit.plan", "caller", partial(_visit, what="cancel", reason=WORDS)),
    "inbound_of": Form("inbound.answer", "caller", _asked),
    "inbound_link": Form("inbound.link", "caller", _stray, sight="field"),
    "inbound_aside": Form("inbound.link", "caller", partial(_stray, to_loan=False), sight="nowhere"),
    "contact_of": Form("contact.stop", "caller", on("active", reason="dispute", because=WORDS)),
    "contact_lift": Form("contact.stop", "caller", _contact_rests),
    "promises_of": Form("promise.take", "caller", partial(_promise, what="")),
    "promise_act · withdraw": Form("promise.take", "caller", partial(_promise, what="withdraw", reason=WORDS)),
    "settlement_of": Form("settlement.offer", "caller", _settlement),
    "settlement_act · decision": Form(
        "settlement.decide", "risk", partial(_settlement, what="decision", agreed="yes", words=WORDS), barred=("caller", "teller"),
        also="approval.answer",
    ),
    "settlement_act · withdrawal": Form("settlement.offer", "caller", partial(_settlement, what="withdrawal", reason=WORDS)),
    "settlement_speak": Form("settlement.offer", "caller", partial(_settlement, what="talk")),
    "promise_act · speak": Form("promise.take", "caller", partial(_promise, what="speak", outcome="reached", how="came", words=WORDS)),
    "complaints_of": Form("complaint.take", "caller", on("active", channel="phone", about="price", words=WORDS)),
    "complaint_act · add": Form("complaint.take", "caller", partial(_complaint, what="add", words=WORDS)),
    "complaint_act · handle": Form("complaint.answer", "approver", partial(_complaint, what="handle")),
    "complaint_act · extend": Form("complaint.answer", "approver", partial(_complaint, what="extend", words=WORDS)),
    "complaint_act · answer": Form(
        "complaint.answer", "approver", partial(_complaint, what="answer", outcome="partly", words=WORDS)
    ),
    "complaint_act · escalate": Form("complaint.take", "caller", partial(_complaint, what="escalate", answered=True, words=WORDS)),
    "paper_make": Form("paper.issue", "officer", lambda house: _loan(house, "active", {"kind": "account_statement"})),
    "relief · charge": Form(
        "charge", "officer", _charge
    ),
    "relief · waiver": Form("waiver", "officer", _relief("late", "waiver", interest="1.00")),
    "relief · goodwill": Form("goodwill", "officer", _relief("active", "goodwill", amount="5.00")),
    "relief · pause": Form("delinquency.pause", "officer", _pause),
    "relief · resume": Form("delinquency.resume", "officer", _paused),
    "answer · charge": Form(
        "approval.answer", "approver", partial(_relief_asked, form="relief · charge", state="active"), barred=("officer",)
    ),
    "answer · waiver": Form(
        "approval.answer", "approver", partial(_relief_asked, form="relief · waiver", state="late"), barred=("officer",)
    ),
    "answer · goodwill": Form(
        "approval.answer", "approver", partial(_relief_asked, form="relief · goodwill", state="active"), barred=("officer",)
    ),
    "answer · pause": Form("approval.answer", "approver", partial(_relief_asked, form="relief · pause", state="late"), barred=("officer",)),
    # Whoever may not plan has no form at all, so nothing is left for the verb to refuse here.
    "programmes": Form("programme.plan", "risk", _programme, sight="nowhere", screen=True),
    "programme_act · ask": Form("programme.plan", "risk", partial(_planned, act="ask", reason=WORDS)),
    "programme_act · drop": Form("programme.plan", "risk", partial(_planned, act="drop")),
    "programme_act · decide": Form("programme.decide", "approver", _programme_asked, barred=("risk",)),
    # The worker gives the loans their turns by itself; the button only makes them come sooner.
    "programme_act · run": Form("programme.plan", "risk", _programme_agreed, screen=True),
    "programme_act · back": Form("programme.plan", "risk", _programme_given),
    "programme_act · decide-back": Form("programme.decide", "approver", _programme_back_asked, barred=("risk",)),
    "month_close": Form("ledger.close", "risk", lambda _: Post({}, {"month": _MONTH}), sight="nowhere"),
    "month_reopen": Form("ledger.reopen", "risk", _month_closed, sight="nowhere"),
    "month_decide": Form("ledger.reopen", "any-risk", _reopening_asked, barred=("risk",), sight="nowhere", also="approval.answer"),
    "terms": Form("restructuring.ask", "officer", _more_time),
    "terms_decide": Form(
        "restructuring.decide", "approver", partial(_more_time_asked, agreed="yes", words=WORDS), barred=("officer", "teller")
    ),
    "terms_withdraw": Form("restructuring.ask", "officer", _more_time_asked),
    "terms_reverse": Form("restructuring.reverse", "officer", _more_time_agreed),
    "paper_make · account": Form("paper.issue", "officer", partial(_paper_made, kind="account_statement")),
    "paper_make · payoff": Form("paper.issue", "officer", partial(_paper_made, kind="payoff_statement")),
    "terms_answer": Form("restructuring.decide", "approver", _taking_back_asked, barred=("officer",)),
    "freeze_report": Form("fraud.freeze", "caller", on("submitted", sign="coached", evidence=WORDS, words=WORDS)),
    "freeze_ask · thaw": Form("fraud.thaw", "approver", partial(_frozen, act="fraud.thaw", words=WORDS), barred=("caller",)),
    "freeze_ask · refuse": Form("fraud.thaw", "approver", partial(_frozen, act="fraud.refuse", words=WORDS), barred=("caller",)),
    "freeze_answer · thaw": Form("fraud.thaw", "risk", partial(_review_asked, verb=confirmation.ask_thaw), barred=("approver", "caller")),
    "freeze_answer · refuse": Form(
        "fraud.thaw", "risk", partial(_review_asked, verb=confirmation.ask_refusal), barred=("approver", "caller")
    ),
    "call_take": Form("confirmation.call", "caller", on("submitted")),
    "call_dial": Form("confirmation.call", "caller", on("submitted", language="zh-hans")),
    "call_picked_up": Form("confirmation.call", "caller", _ringing),
    "call_answer · choice": Form("confirmation.call", "caller", partial(_spoken, answer="goes_on")),
    "call_answer · code read out": Form("confirmation.call", "caller", _code_read),
    "call_answer · code": Form("confirmation.call", "caller", _code_proved),
    "call_send_code": Form("confirmation.call", "caller", on("called")),
    "call_confirm": Form("confirmation.call", "caller", _all_said),
    "call_end": Form("confirmation.call", "caller", lambda house: Post(_ringing(house).names, {"outcome": "no_answer"})),
    "call_fail": Form("confirmation.call", "caller", _unwilling),
    "call_give_up": Form("confirmation.call", "caller", _unreached),
    "call_observe": Form("confirmation.call", "caller", on("called", kind="hesitates", evidence=WORDS)),
    "call_recording": Form("confirmation.call", "caller", _recorded),
    "contract_draft": Form("contract.offer", "officer", on("decided")),
    "contract_offer": Form("contract.offer", "officer", on("decided")),
    "contract_seal": Form("contract.seal", "approver", on("signed"), barred=("officer",)),
    "contract_void": Form("contract.offer", "officer", on("offered", words=WORDS)),
    "contract_lapse": Form("contract.offer", "officer", _run_out),
    "contract_paper": Form(
        "party.reveal", "officer", lambda house: _loan(house, "offered", {"kind": "agreement"}, reason="dispute or audit")
    ),
    "shelf_set": Form("shelf.define", "custodian", lambda _: Post({}, {"code": "B", "levels": 2, "slots": 4}), sight="nowhere"),
    "shelf_audit_open": Form("custody.audit", "keeper", lambda house: Post(_shelf(house))),
    "shelf_act · move": Form("custody.move", "custodian", _to("move", to=f"{cast.SHELF}-05-01", reason=WORDS)),
    "shelf_act · miss": Form("custody.audit", "custodian", _to("miss", words=WORDS)),
    "shelf_act · found": Form("custody.find", "custodian", _is_missing("found", place=f"{cast.SHELF}-05-02", words=WORDS)),
    "shelf_act · lost": Form("custody.lost", "custodian", _is_missing("lost", reason=WORDS)),
    "shelf_scan": Form("custody.audit", "keeper", _scanned),
    "shelf_audit_close": Form("custody.audit", "keeper", _walked),
    "take_in": Form("custody.take_in", "custodian", _intake),
    "pledging_offer": Form("custody.take_in", "custodian", _further),
    "pledging_take_in": Form("custody.take_in", "custodian", _further_in),
    "pledging_take_in · instead": Form("custody.take_in", "custodian", _instead_in),
    "pledging_part": Form("pledge.part_release", "officer", _one_of_two),
    "custody_act · draft": Form("custody.take_in", "custodian", _intake_drafted),
    "custody_act · noloan": Form(
        "custody.to_hand_back", "custodian", lambda house: _loan(house, "stored", {"what": "noloan"}, ends="withdrawn", reason=WORDS)
    ),
    "custody_act · handback": Form("custody.hand_back", "custodian", _going_home),
    "custody_act · compensate": Form("custody.compensate", "officer", _compensation),
    "thing_reveal": Form("party.reveal", "officer", lambda house: Post({"thing": _thing_of(house, "active")}, {"reason": WORDS})),
    "thing_answer · intake": Form("approval.answer", "keeper", _intake_witnessed, barred=("custodian",), also="custody.witness"),
    "thing_answer · move": Form("approval.answer", "keeper", _move_asked, barred=("custodian",)),
    "thing_answer · lost": Form("approval.answer", "approver", _loss_asked, barred=("custodian",)),
    "thing_answer · no loan": Form("approval.answer", "approver", _no_loan_answered, barred=("custodian",)),
    "thing_answer · hand back": Form("approval.answer", "approver", _going_home_asked, barred=("custodian",)),
    "thing_answer · compensate": Form("approval.answer", "approver", _compensation_asked, barred=("officer",)),
    "thing_answer · settle": Form("approval.answer", "approver", _settlement_asked, barred=("custodian",)),
    "thing_answer · further": Form("approval.answer", "keeper", _further_asked, barred=("custodian",), also="custody.witness"),
    "thing_answer · instead": Form("approval.answer", "keeper", _instead_asked, barred=("custodian",), also="custody.witness"),
    "thing_answer · part": Form("approval.answer", "approver", _part_asked, barred=("officer",)),
    "value": Form("collateral.value", "custodian", _thing("confirmed")),
    "appraise": Form(
        "collateral.appraise", "custodian", _thing("confirmed", market="1234.00", **{f"see_{each}": _good(each) for each in CHECKLIST})
    ),
    "quote": Form("collateral.appraise", "custodian", _quote),
    "settle": Form("valuation.settle", "custodian", _settle),
    "prices": Form("price_book.load", "risk", _prices, sight="nowhere"),
    "release_code": Form("release.identify", "custodian", on("paid off")),
    "release_identify": Form("release.identify", "custodian", _papers),
    "release_audit": Form("release.audit", "officer", lambda house: Post({"loan_id": _identified(house)})),
    "release_approve": Form("release.approve", "approver", _audited, barred=("officer", "teller", "custodian")),
    "release_approve · second": Form(
        "release.approve", "risk", lambda house: _audited(house, "approver"), barred=("officer", "teller", "custodian", "approver")
    ),
    "release_phone": Form("release.audit", "officer", _number),
    "release_allow": Form("release.approve", "approver", _number_asked, barred=("officer", "teller", "checker")),
    "release_certify": Form("release.certify", "officer", _approved_release),
    "release_ask_hand_back": Form("release.hand_back", "custodian", _read_again),
    "release_hand_back": Form("custody.witness", "approver", _hand_back_asked, barred=("custodian",), also="approval.answer"),
    "release_report": Form("release.report", "officer", _reportable),
    "release_lost": Form("release.hand_back", "custodian", _lost_after),
    "disposal_notice": Form("default.notice", "officer", on("late")),
    "disposal_withdraw": Form("default.withdraw", "officer", on("noticed", reason=WORDS)),
    "disposal_value": Form("disposal.value", "custodian", on("noticed")),
    "disposal_ask_sale": Form("disposal.sell", "custodian", _sale),
    "disposal_sell": Form("disposal.approve", "approver", _sale_asked, barred=("custodian", "teller")),
    "disposal_sell · second": Form(
        "disposal.approve", "risk", lambda house: _sale_asked(house, "approver"), barred=("custodian", "teller", "approver")
    ),
    "disposal_account": Form("disposal.account", "officer", _sold),
    "disposal_ask_surplus": Form("refund", "officer", _accounted),
    "disposal_return": Form("approval.answer", "risk", _surplus_asked, barred=("officer",)),
    "decide": Form("decision.make", "approver", on("confirmed"), barred=("teller",)),
    "decision_answer": Form("decision.make", "approver", _referred, barred=("teller",)),
    "decision_answer · second": Form("decision.make", "risk", partial(_referred, answered=True), barred=("teller", "approver")),
    "rule_propose": Form("decision.activate", "risk", _proposal, sight="nowhere"),
    "rule_answer": Form("decision.make", "approver", _table_proposed, barred=("risk",), sight="nowhere"),
    "text_act · draft": Form("text.draft", "risk", partial(_text, what="draft", words=_OWN_WORDS), sight="nowhere"),
    "text_act · drop": Form("text.draft", "risk", partial(_text, what="drop", so_far="draft"), sight="nowhere"),
    "text_act · ask": Form("text.draft", "risk", partial(_text, what="ask", so_far="draft", reason=WORDS), sight="nowhere"),
    "text_act · answer": Form(
        "text.approve", "approver", partial(_text, what="answer", so_far="asked", approved="yes", words=WORDS), barred=("risk",),
        sight="nowhere",
    ),
    "text_act · retire": Form("text.approve", "approver", partial(_text, what="retire", so_far="approved", reason=WORDS), sight="nowhere"),
    "decision_review": Form("decision.review", "officer", on("refused", words=WORDS)),
    "payout_ask": Form("payout.ask", "officer", _payout),
    "payout_further": Form("payout.ask", "officer", _further_sum),
    "payout_check": Form("payout.check", "checker", partial(_payout_asked, approved="yes", words=WORDS), barred=("officer", "teller")),
    "payout_cancel": Form("payout.ask", "officer", partial(_payout_asked, words=WORDS)),
    "payout_enquire": Form("payout.enquire", "officer", _payout_unknown),
    "payout_rule": Form(
        "payout.enquire", "officer", partial(_payout_unknown, outcome="rejected", reference="示例函件 1 号", words=WORDS)
    ),
    "payout_ruling": Form("payout.check", "checker", _ruling_asked, barred=("officer", "teller")),
    "strategy_begin": Form("strategy.propose", "risk", lambda _: Post({}, {"name": "示例策略"}), sight="nowhere"),
    "strategy_from": Form(
        "strategy.propose", "risk", lambda _: Post({"strategy_id": "shipped"}, {"name": "示例策略"}), sight="nowhere"
    ),
    "strategy_row": Form("strategy.propose", "risk", lambda house: _strategy_row(house, "r3", **_STRATEGY_ROW), sight="nowhere"),
    "strategy_drop": Form("strategy.propose", "risk", partial(_strategy_row, row_id="r3"), sight="nowhere"),
    "strategy_act · propose": Form("strategy.propose", "risk", _strategy_proposal, sight="nowhere"),
    "strategy_act · aside": Form("strategy.propose", "risk", partial(_strategy_act, what="aside"), sight="nowhere"),
    "strategy_act · answer": Form("strategy.answer", "approver", _strategy_asked, barred=("risk",), sight="nowhere"),
    "plan_propose": Form("reminder_plan.propose", "risk", _plan_proposed, sight="nowhere"),
    "plan_answer": Form("reminder_plan.answer", "approver", _plan_asked, barred=("risk",), sight="nowhere"),
    "house_ask": Form("house_account.set", "any-admin", _house_account, sight="nowhere"),
    "house_answer": Form("house_account.check", "risk", _house_account_asked, barred=("any-admin",), sight="nowhere"),
    "payout_file_make": Form("payout_file.make", "officer", _file_to_make, sight="choice"),
    "payout_file_take": Form("payout_file.take", "approver", _file_made, barred=("officer",)),
    "payout_file_hand": Form("payout_file.take", "approver", partial(_file_taken, reference="回单 0001")),
    "payout_file_stop": Form("payout_file.stop", "officer", partial(_file_made, words=WORDS)),
    "bank_answers": Form("bank_file.load", "officer", _bank_answered, sight="nowhere"),
    "recall_ask": Form("payout.recall", "officer", partial(_payout_unknown, words=WORDS)),
    "matter_rule": Form(
        "payout.recall", "officer", partial(_recalled, outcome="stopped", reference="银行函 2026-17", words=WORDS, line="")
    ),
    "matter_answer": Form("payout.check", "approver", _recall_ruled, barred=("officer",)),
    "drawer_bank": Form("drawer.bank", "officer", partial(_drawer, cash=100, counted=100, closed=True, slip="示例缴款单 1")),
    "drawer_open": Form("drawer.open", "officer", lambda _: Post({}, {"float_held": "0"}), sight="nowhere"),
    "drawer_cash": Form("receipt.post", "officer", _cash, sight="field"),
    "drawer_count": Form("drawer.open", "officer", partial(_drawer, counted_as="0")),
    "drawer_close": Form("drawer.close", "keeper", partial(_drawer, cash=100, counted=100, counted_as="100.00"), barred=("officer",)),
    "drawer_settle": Form(
        "drawer.settle", "approver", partial(_drawer, counted=5, closed=True, words=WORDS, outcome="ours"), barred=("officer",)
    ),
    "statements": Form(
        "bank_file.load", "officer", lambda house: Post({}, {"file": Upload("流水.csv", _statement(house)), "map": "generic"}),
        sight="nowhere",
    ),
    "statement_preview": Form("bank_file.load", "officer", _statement_kept, sight="nowhere"),
    "line_match": Form("bank_line.match", "officer", _match, sight="field"),
    "line_returned": Form("bank_line.match", "officer", _taken_back),
    "line_split": Form("bank_line.match", "officer", lambda house: _in_suspense(house, first="80.00", second="8.00")),
    "mandate_cancel": Form("mandate.cancel", "officer", _mandate),
    "debit_follow_up": Form("debit.note", "caller", _debit_given_up),
    "line_aside": Form("bank_line.match", "officer", lambda house: _in_suspense(house, purpose="sent_back", words=WORDS)),
    "line_answer · aside": Form("bank_line.check", "approver", _aside_asked, barred=("officer",)),
    "line_answer · match": Form("bank_line.check", "approver", _match_asked, barred=("officer",)),
    "hold": Form("tonight.hold", "officer", _held, sight="field"),
    "duty_act · take": Form("duty.take", "caller", partial(_duty, what="take", taken=False)),
    "duty_act · back": Form("duty.take", "caller", partial(_duty, what="back", reason=WORDS)),
    "duty_act · over": Form("duty.take", "caller", _given_over),
    "duty_act · snooze": Form("duty.take", "caller", _put_off),
    "duty_act · assign": Form("duty.assign", "approver", _assigned),
    # People and their days, of no branch in particular.
    "absences": Form("absence.set", "caller", _away, sight="nowhere"),
    "absence_end": Form("absence.set", "caller", _is_away, sight="nowhere"),
    # Of all duties of a role those within sight: whoever sees none of them moves none (tests/duties/test_owners.py).
    "duties_move": Form("duty.assign", "approver", _to_move, sight="nowhere"),
    "coverage_period · book": Form("duty.audit", "risk", _past_days, sight="nowhere"),
    "coverage_period · loan": Form("duty.audit", "risk", partial(_past_days, loan="late"), sight="field"),
    "shadow": Form("shadow.compare", "risk", _export, sight="nowhere"),
    "shadow_accept": Form("shadow.accept", "risk", _compared),
    "tapes": Form("tape.import", "risk", _tape, sight="nowhere"),
}  # fmt: skip
