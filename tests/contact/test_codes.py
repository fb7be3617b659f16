"""One-time codes: for one act, one number, five minutes, five attempts, once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import contact
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.contact import codes, dispatch, messages
from holdfast.contact.ports import Channels
from holdfast.journal import SYSTEM, next_chain_id
from holdfast.kernel.clock import FixedClock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.parties import Party, Reach, Scope, register_party
from holdfast.wiring import CHANNELS
from tests.books import OFFICER, Book
from tests.contact.test_dispatch import DAY, Carrier, at, moment
from tests.parties.test_private import PHONE

Db = psycopg.Connection[Any]
BOUND = "5e" * 32
TEN, SOON = at(10), at(10, 1)
STRANGER = "13912345678"


@dataclass
class Phone:
    """Somebody with a phone: asks for codes, reads what arrives, types."""

    db: Db
    chain_id: int
    carrier: Carrier = field(default_factory=Carrier)

    def ask(self, clock: FixedClock = TEN, *, purpose: str = "login", bound: str = BOUND, **kwargs: Any) -> str:
        to = kwargs or {"number": STRANGER, "language": "en"}
        return codes.send(self.db, clock=clock, chain_id=self.chain_id, purpose=purpose, bound=bound, **to)

    def read(self, clock: FixedClock = TEN, channels: Channels | None = None) -> str:
        contact.dispatch(self.db, channels or {"sms": self.carrier}, clock=clock, limit=10)
        found = re.search(r"[0-9]{6}", self.carrier.letters[-1].text)
        assert found is not None
        return found[0]

    def type(self, code_id: str, digits: str, clock: FixedClock = SOON) -> bool:
        return codes.attempt(self.db, clock=clock, code_id=code_id, digits=digits)

    def spend(self, code_id: str, clock: FixedClock = SOON, *, purpose: str = "login", bound: str = BOUND) -> codes.CodeEvidence:
        return codes.spend(self.db, clock=clock, code_id=code_id, purpose=purpose, bound=bound)


@pytest.fixture
def phone(db: Db) -> Phone:
    Book(db, DAY)
    return Phone(db, next_chain_id(db))


def borrower(db: Db, private: dict[str, str] | None = None) -> Party:
    book = Book(db, DAY) if private is None else None
    row = db.execute("SELECT branch_id FROM branch").fetchone()
    assert row is not None
    return register_party(
        db, clock=at(9), by=SYSTEM, kind="person", branch_id=book.branch_id if book else row[0],
        private=private or {"name": "张示例", "phone": PHONE},
    )  # fmt: skip


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06}"


def seconds(count: int) -> FixedClock:
    return FixedClock(moment(10) + timedelta(seconds=count), "Asia/Shanghai")


def test_a_code_reaches_a_number_that_is_no_partys_yet_in_its_readers_language(phone: Phone) -> None:
    code_id = phone.ask()
    digits = phone.read()
    letter = phone.carrier.letters[-1]
    assert letter.number == STRANGER
    assert f"Your code to log in: {digits}, good for 5 minutes" in letter.text
    assert phone.type(code_id, digits)


def test_the_evidence_says_which_code_when_at_which_attempt_and_to_which_masked_number(phone: Phone) -> None:
    code_id = phone.ask()
    digits = phone.read()
    assert not phone.type(code_id, wrong(digits))
    assert phone.type(code_id, digits, at(10, 2))
    evidence = phone.spend(code_id, at(10, 2))
    assert evidence == codes.CodeEvidence(code_id, moment(10), moment(10, 2), 2, "139****5678")


def test_neither_the_book_nor_the_console_keeps_what_was_sent_when_a_real_carrier_carries_it(phone: Phone) -> None:
    phone.ask()
    digits = phone.read()
    kept = phone.db.execute("SELECT body, params FROM message WHERE loan_id = %s", [phone.chain_id]).fetchone()
    assert kept is not None
    assert digits not in kept[0] + kept[1]
    assert "******" in kept[0]


def test_a_console_that_is_itself_the_phone_shows_the_code(phone: Phone) -> None:
    code_id = phone.ask()
    contact.dispatch(phone.db, {"sms": LocalOutbox()}, clock=at(10), limit=10)
    row = phone.db.execute("SELECT body FROM message WHERE loan_id = %s", [phone.chain_id]).fetchone()
    assert row is not None
    found = re.search(r"[0-9]{6}", row[0])
    assert found is not None
    assert phone.type(code_id, found[0])


def test_a_code_goes_at_night_too(phone: Phone) -> None:
    phone.ask(at(23, 50))
    phone.read(at(23, 50))
    assert len(phone.carrier.letters) == 1


def test_a_code_that_could_not_be_sent_in_five_minutes_is_not_sent_at_all(phone: Phone) -> None:
    phone.ask()
    assert [each.rule for each in contact.dispatch(phone.db, {"sms": phone.carrier}, clock=at(10, 6), limit=10)] == ["contact.window"]


def test_a_known_borrower_gets_it_on_the_number_of_the_file(db: Db) -> None:
    party = borrower(db)
    phone = Phone(db, party.party_id)
    phone.ask(party=party)
    phone.read()
    assert phone.carrier.letters[-1].number == PHONE
    assert "验证码" in phone.carrier.letters[-1].text


def test_a_new_number_of_a_known_borrower_gets_its_own_code(db: Db) -> None:
    party = borrower(db)
    phone = Phone(db, party.party_id)
    phone.ask(party=party, number=STRANGER, purpose="phone")
    phone.read()
    assert phone.carrier.letters[-1].number == STRANGER


def test_wrong_digits_are_no_and_right_ones_after_them_are_yes(phone: Phone) -> None:
    code_id = phone.ask()
    digits = phone.read()
    assert not phone.type(code_id, wrong(digits))
    assert phone.type(code_id, digits)


def test_after_five_wrong_attempts_even_the_right_digits_are_refused(phone: Phone) -> None:
    code_id = phone.ask()
    digits = phone.read()
    for _ in range(codes.MOST_ATTEMPTS):
        assert not phone.type(code_id, wrong(digits))
    with pytest.raises(Refusal, match="ask for a new code") as refused:
        phone.type(code_id, digits)
    assert refused.value.code == "code_attempts"


def test_digits_are_read_however_they_were_typed(phone: Phone) -> None:
    code_id = phone.ask()
    digits = phone.read()
    assert phone.type(code_id, f" {digits[:3]} {digits[3:]}".translate(str.maketrans("0123456789", "０１２３４５６７８９")))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３", "\x00\x00\x00\x00\x00\x00", "١٢٣٤٥٦"])
def test_what_is_no_six_digits_is_told_and_costs_no_attempt(phone: Phone, typed: str) -> None:
    code_id = phone.ask()
    digits = phone.read()
    for _ in range(codes.MOST_ATTEMPTS + 1):
        with pytest.raises(BadInput, match="6 digits"):
            phone.type(code_id, typed)
    assert phone.type(code_id, digits)


@pytest.mark.parametrize(("after", "good"), [(300, True), (301, False)])
def test_a_code_is_good_for_five_minutes(phone: Phone, after: int, good: bool) -> None:
    code_id = phone.ask()
    digits = phone.read()
    if good:
        assert phone.type(code_id, digits, seconds(after))
        return
    with pytest.raises(Refusal, match="good for 5 minutes") as refused:
        phone.type(code_id, digits, seconds(after))
    assert refused.value.code == "code_expired"


def test_a_proof_is_good_for_five_minutes_more(phone: Phone) -> None:
    code_id = phone.ask()
    phone.type(code_id, phone.read(), seconds(300))
    with pytest.raises(Refusal) as refused:
        phone.spend(code_id, seconds(601))
    assert refused.value.code == "code_expired"
    assert phone.spend(code_id, seconds(600)).code_id == code_id


def test_a_code_that_was_not_typed_allows_nothing(phone: Phone) -> None:
    with pytest.raises(Refusal) as refused:
        phone.spend(phone.ask())
    assert refused.value.code == "code_not_proved"


def test_a_code_is_used_once(phone: Phone) -> None:
    code_id = phone.ask()
    digits = phone.read()
    phone.type(code_id, digits)
    phone.spend(code_id)
    with pytest.raises(Refusal) as refused:
        phone.spend(code_id)
    assert refused.value.code == "code_used"
    with pytest.raises(Refusal) as refused:
        phone.type(code_id, digits)
    assert refused.value.code == "code_used"


@pytest.mark.parametrize("given", [{"purpose": "sign"}, {"bound": "00" * 32}])
def test_a_code_sent_for_one_thing_allows_no_other(phone: Phone, given: dict[str, str]) -> None:
    code_id = phone.ask()
    phone.type(code_id, phone.read())
    with pytest.raises(Refusal, match="something else") as refused:
        phone.spend(code_id, **given)  # type: ignore[arg-type]
    assert refused.value.code == "code_bound"


def test_one_number_gets_one_code_a_minute(phone: Phone) -> None:
    phone.ask(seconds(0))
    with pytest.raises(Refusal) as refused:
        phone.ask(seconds(59))
    assert refused.value.code == "code_too_soon"
    phone.ask(seconds(60))


def test_one_number_gets_five_codes_an_hour_whatever_they_are_for_and_whoever_asks(phone: Phone) -> None:
    for minute, purpose in enumerate(("login", "confirm", "sign", "collect", "phone")):
        phone.ask(at(10, minute), purpose=purpose)
    phone.chain_id = next_chain_id(phone.db)
    with pytest.raises(Refusal) as refused:
        phone.ask(at(10, 59))
    assert refused.value.code == "code_cap"
    phone.ask(at(11))
    phone.ask(at(11), number="13812345679")


def test_what_cannot_be_sent_is_refused_before_anything_is_written(phone: Phone) -> None:
    with pytest.raises(BadInput, match="11 digits"):
        phone.ask(number="12345")
    with pytest.raises(BadInput, match="purpose"):
        phone.ask(purpose="pay")
    with pytest.raises(Fault):
        phone.ask(bound=" ")
    with pytest.raises(NotFound):
        phone.type("oc_unknown", "123456")
    party = borrower(phone.db, {"name": "示例无号"})
    with pytest.raises(Refusal, match="no phone number"):
        phone.ask(party=party)
    assert phone.db.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_what_was_sent_cannot_be_guessed_from_the_row(phone: Phone) -> None:
    phone.ask()
    digits = phone.read()
    row = phone.db.execute("SELECT salt, hash, sent_at FROM one_time_code").fetchone()
    assert row is not None
    assert isinstance(row[2], datetime)
    assert digits.encode() not in bytes(row[0]) + bytes(row[1])


def test_staff_who_read_a_loan_s_messages_never_see_the_borrower_s_code(db: Db) -> None:
    book = Book(db, date(2026, 3, 2))
    person = register_party(
        db, clock=book.clock, by=OFFICER, kind="person", branch_id=book.branch_id, private={"name": "示例张三", "phone": "13800000001"}
    )
    loan = book.lend()
    codes.send(db, clock=book.clock, chain_id=loan.loan_id, purpose="sign", bound="0" * 64, party=person)
    dispatch(db, CHANNELS, clock=book.clock, limit=10)
    (shown,) = messages(db, Scope(Reach.ALL, 1, None, None), loan_id=loan.loan_id)
    assert shown.state == "delivered"
    assert "******" in shown.body
    assert not re.search(r"\d{6}", shown.body)
