"""What borrowers write: answered by word, or a ticket that only an answer closes; nothing inbound proves anything."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta

import pytest

from holdfast import contact, parties
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.contact import Inbound, Question, inbound
from holdfast.contact.keywords import asks
from holdfast.duties import take
from holdfast.duties.audit import examine
from holdfast.journal import Actor, read_chain
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.servicing import answers, reading
from holdfast.web.borrower.loan import OneLoan
from holdfast.wiring import EXPECTATIONS
from tests.books import clock_on
from tests.servicing.house import DAY, House

STRANGER = "13700000009"


@pytest.fixture
def house(db: object) -> House:
    return House(db, DAY).open()  # type: ignore[arg-type]


def number(house: House) -> str:
    return parties.numbers_for_sending(house.db, [house.borrower.party_id])[house.borrower.party_id]


def writes(house: House, *texts: str | None, of: str | None = None, first: int = 1, clock: Clock | None = None) -> None:
    """Somebody writes these messages from that number, and the worker looks at them."""
    heard = [Inbound(f"m{no}", of or number(house), "106", text) for no, text in enumerate(texts, first)]
    contact.keep_heard(lambda: nullcontext(house.db), lambda _: clock or house.clock)("carrier", heard)
    contact.take_inbound(house.db, clock=clock or house.clock, answers=answers.stands)


def came_to(house: House) -> list[str]:
    return [row[0] for row in house.db.execute("SELECT came_to FROM inbound ORDER BY inbound_id").fetchall()]


def sent(house: House) -> list[tuple[str, str]]:
    rows = house.db.execute("SELECT template, body FROM message WHERE purpose = 'answer' ORDER BY send_from, message_no").fetchall()
    return [(row[0], row[1]) for row in rows]


def templates(house: House) -> list[str]:
    return [name for name, _ in sent(house)]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("余额", Question.BALANCE), (" Balance. ", Question.BALANCE), ("ＢＡＬＡＮＣＥ", Question.BALANCE), ("还款 计划！", Question.PLAN),
        ("plan?", Question.PLAN), ("Pay-Off", Question.PAYOFF), ("pay off", Question.PAYOFF), ("结清。", Question.PAYOFF),
        ("【解押】", Question.RELEASE), ("release", Question.RELEASE), ("ｔｄ", Question.STOP), ("Stop", Question.STOP),
        ("退 订", Question.STOP),
        ("R", Question.STOP), ("t", Question.STOP), ("HELP!", Question.HELP), ("帮助", Question.HELP),
        ("我想知道余额", Question.OTHER), ("don't stop", Question.OTHER), ("", Question.OTHER), (None, Question.OTHER),
    ],
)  # fmt: skip
def test_a_word_is_known_however_it_is_written_and_a_sentence_is_not_a_word(text: str | None, question: Question) -> None:
    assert asks(text) is question


@pytest.mark.parametrize("word", ["余额", "还款计划", "结清", "解押", "balance", "PLAN", "Pay-off", "release"])
def test_a_word_is_answered_at_once_without_a_figure_a_name_or_a_link(house: House, word: str) -> None:
    house.loan()
    writes(house, word)
    assert came_to(house) == ["answered"]
    ((name, body),) = sent(house)
    assert name == "inbound_waits"
    assert not any(sign.isdigit() for sign in body)
    assert "http" not in body
    assert "/" not in body


def test_the_answer_goes_to_the_number_we_know_and_at_any_hour(house: House) -> None:
    house.loan()
    at_night = clock_on(DAY, hour=19)  # three in the morning
    writes(house, "余额", clock=at_night)
    channel = LocalOutbox()
    (gone,) = contact.dispatch(house.db, {"sms": channel}, clock=at_night, limit=10)
    assert (gone.outcome, gone.rule) == ("delivered", "contact.purpose.answer")


def test_help_says_the_words_and_stop_stops_and_says_so(house: House) -> None:
    house.loan()
    writes(house, "帮助", "ｔｄ")
    assert templates(house) == ["inbound_help", "inbound_stopped"]
    asked = contact.may_call(house.db, clock=house.clock, party_id=house.borrower.party_id, purpose="collection")
    assert asked.rule == "contact.opt_out"
    kinds = [each.kind for each in read_chain(house.db, house.borrower.party_id)]
    assert kinds.count("contact.stopped") == 1
    writes(house, "TD", first=3)
    assert [each.kind for each in read_chain(house.db, house.borrower.party_id)] == kinds


def test_whoever_opted_out_still_has_the_answer_to_what_they_ask(house: House) -> None:
    house.loan()
    writes(house, "退订", "余额")
    channel = LocalOutbox()
    done = contact.dispatch(house.db, {"sms": channel}, clock=house.clock, limit=10)
    assert [each.outcome for each in done] == ["delivered", "delivered"]


def test_what_a_rule_refuses_of_one_message_is_a_persons_and_holds_up_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.loan()

    def refuses(*_: object, **__: object) -> None:
        raise Refusal("no ticket today", code="refused_for_the_test")

    monkeypatch.setattr(inbound, "_ticket", refuses)
    writes(house, "我下周才能还", "余额")
    assert came_to(house) == ["queued", "answered"]


def test_a_sentence_opens_a_ticket_with_a_last_day_and_a_duty(house: House) -> None:
    loan = house.loan()  # a Monday, 2 March 2026
    writes(house, "我下周才能还，可以吗（示例）")
    assert came_to(house) == ["ticket"]
    (ticket,) = inbound.tickets_of(house.db, by=house.people["caller"], loan=loan)
    assert ticket.open
    assert str(ticket.answer_by) == "2026-03-03"
    duty = take(house.db, loan, None, lock=False).open("inbound")
    assert duty is not None
    assert (duty.role, duty.due_on) == ("caller", ticket.answer_by)
    assert templates(house) == ["inbound_ticket"]
    said = inbound.words_of(house.db, by=house.people["caller"], loan=loan)
    assert list(said.values()) == ["我下周才能还，可以吗（示例）"]
    assert not house.db.execute("SELECT 1 FROM record WHERE body LIKE '%%下周%%'").fetchone(), "the record holds a digest only"
    assert examine(house.db, house.clock.today(), providers=EXPECTATIONS).clean


def test_only_a_recorded_answer_closes_a_ticket_and_the_borrower_is_told_where_to_read_it(house: House) -> None:
    loan = house.loan()
    writes(house, "可以晚一周吗（示例）")
    ticket = inbound.answer(house.db, clock=house.clock, by=house.people["caller"], loan=loan, words="可以，请在页面申请展期（示例）")
    assert not ticket.open
    assert [each.what for each in ticket.said] == ["ask", "answer"]
    assert take(house.db, loan, None, lock=False).open("inbound") is None
    name, body = sent(house)[-1]
    assert name == "inbound_answered"
    assert "展期" not in body
    with pytest.raises(Refusal) as refused:
        inbound.answer(house.db, clock=house.clock, by=house.people["caller"], loan=loan, words="再答一次")
    assert refused.value.code == "no_ticket"
    assert examine(house.db, house.clock.today(), providers=EXPECTATIONS).clean


def test_more_words_join_the_open_ticket_and_nothing_more_goes_back(house: House) -> None:
    """Two machines that answer each other come to rest after one message."""
    loan = house.loan()
    writes(house, *(f"自动回复 {no}（示例）" for no in range(1, 8)))
    (ticket,) = inbound.tickets_of(house.db, by=house.people["caller"], loan=loan)
    assert len(ticket.said) == 7, "nothing that was said is lost"
    assert templates(house) == ["inbound_ticket"]


def test_so_many_answers_a_day_go_back_to_a_number_and_no_more(house: House) -> None:
    house.loan()
    writes(house, *["余额"] * 9)
    assert len(sent(house)) == 5
    assert came_to(house) == ["answered"] * 5 + ["silent"] * 4
    house.walk(1)
    writes(house, "余额", first=20)
    assert len(sent(house)) == 6


def test_the_same_delivery_applies_once(house: House) -> None:
    loan = house.loan()
    writes(house, "余额")
    writes(house, "余额")
    writes(house, "请回电（示例）", first=2)
    writes(house, "请回电（示例）", first=2)
    assert came_to(house) == ["answered", "ticket"]
    (ticket,) = inbound.tickets_of(house.db, by=house.people["caller"], loan=loan)
    assert len(ticket.said) == 1


@pytest.mark.parametrize("text", ["余额", "我已还款（示例）", "TD", "help"])
def test_a_number_that_nobody_has_is_answered_nothing_and_waits_for_a_person(house: House, text: str) -> None:
    house.loan()
    writes(house, text, of=STRANGER)
    assert came_to(house) == ["queued"]
    assert sent(house) == []
    (found,) = inbound.queue(house.db, by=house.people["caller"])
    assert (inbound.words_of_queued(found), found.known_to) == (text, 0)
    assert inbound.candidates(house.db, by=house.people["caller"], found=found) == []


def test_a_number_of_two_borrowers_stands_on_neither_and_stop_holds_for_both(house: House) -> None:
    house.loan()
    other = house.person("李示例", phone=number(house))
    writes(house, "余额", "我已还款（示例）", "TD")
    assert came_to(house) == ["queued", "queued", "stopped"]
    assert sent(house) == []
    for party in (house.borrower, other):
        asked = contact.may_call(house.db, clock=house.clock, party_id=party.party_id, purpose="reminder")
        assert asked.rule == "contact.opt_out"


def test_of_two_loans_a_word_is_answered_for_both_and_a_sentence_stands_on_neither(house: House) -> None:
    house.loan()
    house.loan()
    writes(house, "余额", "我已还款（示例）")
    assert came_to(house) == ["answered", "queued"]
    (found,) = inbound.queue(house.db, by=house.people["caller"])
    assert len(inbound.candidates(house.db, by=house.people["caller"], found=found)) == 2


def test_a_person_links_a_message_after_checking_and_it_is_a_ticket_there(house: House) -> None:
    loan = house.loan()
    writes(house, "我换号了，请回电（示例）", of=STRANGER)
    caller = house.people["caller"]
    (found,) = inbound.queue(house.db, by=caller)
    inbound.link(house.db, clock=house.clock, by=caller, inbound=found.public_id, loan=loan, why="电话核对姓名和证件后四位（示例）")
    assert inbound.queue(house.db, by=caller) == []
    (ticket,) = inbound.tickets_of(house.db, by=caller, loan=loan)
    assert ticket.open
    assert take(house.db, loan, None, lock=False).open("inbound") is not None
    assert sent(house) == [], "what a person links is answered by a person"
    with pytest.raises(Refusal) as refused:
        inbound.set_aside(house.db, clock=house.clock, by=caller, inbound=found.public_id, why="重复（示例）")
    assert refused.value.code == "inbound_closed"


def test_a_message_that_is_about_no_loan_is_set_aside_with_a_reason_on_record(house: House) -> None:
    house.loan()
    writes(house, "广告（示例）", of=STRANGER)
    caller = house.people["caller"]
    (found,) = inbound.queue(house.db, by=caller)
    with pytest.raises(BadInput):
        inbound.set_aside(house.db, clock=house.clock, by=caller, inbound=found.public_id, why=" ")
    inbound.set_aside(house.db, clock=house.clock, by=caller, inbound=found.public_id, why="广告，无关（示例）")
    assert inbound.queue(house.db, by=caller) == []
    last = read_chain(house.db, caller.staff_id)[-1]
    assert last.kind == "inbound.set_aside"


def test_whoever_logs_in_asks_on_the_page_and_reads_the_answer_and_nobody_else_does(house: House) -> None:
    loan = house.loan()
    me = Actor(house.borrower.public_id, "borrower")
    inbound.ask(house.db, clock=house.clock, by=me, loan=loan, words="能提前还吗（示例）")
    inbound.ask(house.db, clock=house.clock, by=me, loan=loan, words="再补充一句（示例）")
    inbound.answer(house.db, clock=house.clock, by=house.people["caller"], loan=loan, words="可以（示例）")
    (ticket,) = inbound.tickets_of(house.db, by=me, loan=loan)
    assert list(inbound.words_of(house.db, by=me, loan=loan).values()) == ["能提前还吗（示例）", "再补充一句（示例）", "可以（示例）"]
    assert not ticket.open
    stranger = replace(me, id="pt_none")
    for verb in (inbound.ask, inbound.leave_alone):
        more = {"words": "偷看（示例）"} if verb is inbound.ask else {}
        with pytest.raises(NotFound):
            verb(house.db, clock=house.clock, by=stranger, loan=loan, **more)
    with pytest.raises(NotFound):
        inbound.words_of(house.db, by=stranger, loan=loan)


def test_stop_on_the_page_is_the_same_stop(house: House) -> None:
    loan = house.loan()
    me = Actor(house.borrower.public_id, "borrower")
    inbound.leave_alone(house.db, clock=house.clock, by=me, loan=loan)
    asked = contact.may_call(house.db, clock=house.clock, party_id=house.borrower.party_id, purpose="collection")
    assert asked.rule == "contact.opt_out"


def test_whoever_may_not_answer_or_link_is_refused_and_what_is_out_of_sight_is_not_there(house: House) -> None:
    loan = house.loan()
    writes(house, "请回电（示例）")
    writes(house, "余额", of=STRANGER, first=2)
    (found,) = inbound.queue(house.db, by=house.people["caller"])
    custodian = replace(house.people["caller"], role=parties.Role.CUSTODIAN)
    with pytest.raises(Forbidden):
        inbound.answer(house.db, clock=house.clock, by=custodian, loan=loan, words="答复（示例）")
    for verb, more in ((inbound.link, {"loan": loan}), (inbound.set_aside, {})):
        with pytest.raises(Forbidden):
            verb(house.db, clock=house.clock, by=custodian, inbound=found.public_id, why="原因（示例）", **more)
    with pytest.raises(Forbidden):
        inbound.queue(house.db, by=custodian)


@pytest.mark.parametrize("question", [Question.BALANCE, Question.PLAN, Question.PAYOFF, Question.RELEASE])
def test_without_a_log_in_the_one_answer_has_no_figure_and_with_one_it_has(house: House, question: Question) -> None:
    loan = house.loan()
    look = reading.look_of(house.db, OneLoan(loan), house.clock)
    bare = answers.answer(house.db, clock=house.clock, look=look, loan=loan, question=question, proved=False)
    assert bare == answers.Answer(question, True)
    whole = answers.answer(house.db, clock=house.clock, look=look, loan=loan, question=question, proved=True)
    assert whole.detail is not None
    assert whole.stands


def test_the_pay_off_is_told_for_any_day_of_the_year_ahead_and_no_other(house: House) -> None:
    loan = house.loan()
    look = reading.look_of(house.db, OneLoan(loan), house.clock)

    def on(day: date) -> answers.Answer:
        return answers.answer(house.db, clock=house.clock, look=look, loan=loan, question=Question.PAYOFF, proved=True, on=day)

    today, later = on(DAY).payoff, on(DAY + timedelta(days=10)).payoff
    assert today is not None
    assert later is not None
    assert later.total.minor > today.total.minor
    for wrong in (DAY - timedelta(days=1), DAY + timedelta(days=367)):
        with pytest.raises(BadInput):
            on(wrong)
