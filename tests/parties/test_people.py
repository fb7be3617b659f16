"""Private data: sealed, found, revealed with a reason, erased for good."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import parties
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import Party, Staff
from tests.books import Book, clock_on
from tests.parties.test_private import ID, PHONE

Db = psycopg.Connection[Any]
DAY = date(2026, 11, 23)
CLOCK = clock_on(DAY)


@pytest.fixture
def book(db: Db) -> Book:
    return Book(db, DAY)


def register(book: Book, **private: str) -> Party:
    values = {"name": "张示例", "id_number": ID, "phone": PHONE, **private}
    return parties.register_party(book.db, clock=CLOCK, by=SYSTEM, kind="person", branch_id=book.branch_id, private=values)


def hire(book: Book, role: str = "officer", scope: str = "all", username: str = "sample", person_id: int | None = None) -> Staff:
    return parties.create_staff(
        book.db, clock=CLOCK, by=SYSTEM, username=username, password="a long sample phrase", name="示例员工", role=role, scope=scope,
        branch_id=book.branch_id, team="A", person_id=person_id,
    )  # fmt: skip


def everything(db: Db) -> str:
    """All text and bytes that the book holds about the party, as one string."""
    rows = db.execute("SELECT p::text FROM party p UNION ALL SELECT x::text FROM party_private x").fetchall()
    records = db.execute("SELECT convert_from(body, 'UTF8') FROM record").fetchall()
    return "\n".join(row[0] for row in rows + records)


def test_the_database_holds_a_mask_and_sealed_bytes_and_no_number(book: Book) -> None:
    party = register(book)
    assert party.label == "张*"
    held = everything(book.db)
    for private in ("张示例", ID, PHONE, PHONE.encode().hex()):
        assert private not in held


def test_a_person_is_found_however_the_number_was_typed(book: Book) -> None:
    party = register(book)
    assert parties.find(book.db, "phone", "+86 138 0000 5678") == [party]
    assert parties.find(book.db, "id_number", ID.lower()) == [party]
    assert parties.find(book.db, "phone", "13900005678") == []


def test_revealing_needs_a_reason_and_leaves_a_record_that_does_not_hold_the_value(book: Book) -> None:
    party, officer = register(book), hire(book)
    with pytest.raises(BadInput, match="why"):
        parties.reveal(book.db, clock=CLOCK, by=officer, party=party, kind="phone", reason=" ")
    assert parties.reveal(book.db, clock=CLOCK, by=officer, party=party, kind="phone", reason="客户来电核对") == PHONE
    record = read_chain(book.db, party.party_id)[-1]
    assert record.kind == "party.revealed"
    assert record.says() == {"what": "phone", "reason": "客户来电核对"}
    assert PHONE not in record.body.decode()


def test_an_auditor_reads_everything_but_reveals_nobody(book: Book) -> None:
    party, auditor = register(book), hire(book, "auditor")
    with pytest.raises(Forbidden, match=r"party\.reveal"):
        parties.reveal(book.db, clock=CLOCK, by=auditor, party=party, kind="phone", reason="curious today")


def test_somebody_out_of_sight_is_not_found(book: Book) -> None:
    party = register(book)
    stranger = hire(book, scope="own")
    with pytest.raises(NotFound):
        parties.reveal(book.db, clock=CLOCK, by=stranger, party=party, kind="phone", reason="no loan of mine")
    mate = hire(book, scope="branch", username="mate")
    assert parties.reveal(book.db, clock=CLOCK, by=mate, party=party, kind="phone", reason="my own branch") == PHONE


def test_what_is_not_kept_cannot_be_revealed(book: Book) -> None:
    with pytest.raises(NotFound, match="no card"):
        parties.reveal(book.db, clock=CLOCK, by=hire(book), party=register(book), kind="card", reason="to check the card")


def test_erasing_a_person_leaves_the_proofs_and_nothing_else(book: Book) -> None:
    party, admin, officer = register(book), hire(book, "admin", username="root"), hire(book)
    before = read_chain(book.db, party.party_id)
    parties.erase(book.db, clock=CLOCK, by=admin, party=party, reason="保存期满")
    after = read_chain(book.db, party.party_id)
    assert after[: len(before)] == before
    assert after[-1].kind == "party.erased"
    assert parties.masks(book.db, party) == {}
    assert parties.find(book.db, "phone", PHONE) == []
    assert parties.party(book.db, party.public_id).erased
    with pytest.raises(Refusal, match="erased"):
        parties.reveal(book.db, clock=CLOCK, by=officer, party=party, kind="phone", reason="one more look")
    with pytest.raises(Forbidden):
        parties.erase(book.db, clock=CLOCK, by=officer, party=party, reason="not mine to do")


def test_a_sealed_value_cannot_be_passed_off_as_another_persons(book: Book) -> None:
    one = register(book)
    other = register(book, phone="13900005678")
    book.db.execute(
        """UPDATE party_private x SET nonce = y.nonce, sealed = y.sealed FROM party_private y
            WHERE x.party_id = %s AND y.party_id = %s AND x.kind = 'phone' AND y.kind = 'phone'""",
        [one.party_id, other.party_id],
    )
    with pytest.raises(Exception, match="does not open"):
        parties.reveal(book.db, clock=CLOCK, by=hire(book), party=one, kind="phone", reason="to call her")


def test_a_changed_value_is_the_one_that_is_found_and_masked(book: Book) -> None:
    party = register(book)
    parties.change_private(book.db, clock=CLOCK, by=SYSTEM, party=party, kind="phone", text="13900005678")
    assert parties.masks(book.db, party)["phone"] == "139****5678"
    assert parties.find(book.db, "phone", PHONE) == []
    assert read_chain(book.db, party.party_id)[-1].says() == {"what": "phone"}


def test_the_last_word_on_a_purpose_decides_and_silence_is_no(book: Book) -> None:
    party = register(book)

    def say(given: bool) -> None:
        parties.record_consent(
            book.db,
            clock=CLOCK,
            by=SYSTEM,
            party=party,
            purpose="marketing",
            text_version="1",
            given=given,
            channel="counter",
            evidence="fl_sample",
        )

    assert parties.consents(book.db, party, "marketing") is False
    say(True)
    assert parties.consents(book.db, party, "marketing") is True
    say(False)
    assert parties.consents(book.db, party, "marketing") is False
    with pytest.raises(BadInput, match="proves nothing"):
        parties.record_consent(
            book.db, clock=CLOCK, by=SYSTEM, party=party, purpose="marketing", text_version="", given=True, channel="counter", evidence="x"
        )


def test_a_party_without_a_name_or_with_a_bad_number_is_refused_and_nothing_is_kept(book: Book) -> None:
    for private in ({"phone": PHONE}, {"name": "张示例", "phone": "123"}):
        with pytest.raises(BadInput):
            parties.register_party(book.db, clock=CLOCK, by=SYSTEM, kind="person", branch_id=book.branch_id, private=private)
    assert book.db.execute("SELECT count(*) FROM party").fetchone() == (0,)


def test_a_firms_name_is_public(book: Book) -> None:
    firm = parties.register_party(
        book.db, clock=CLOCK, by=SYSTEM, kind="firm", branch_id=book.branch_id, private={"name": "示例汽车贸易（虚构）有限公司"}
    )
    assert firm.label == "示例汽车贸易（虚构）有限公司"


def test_numbers_for_sending_leave_out_the_erased_and_those_without_one(book: Book) -> None:
    party = register(book)
    silent = parties.register_party(book.db, clock=CLOCK, by=SYSTEM, kind="person", branch_id=book.branch_id, private={"name": "李示例"})
    gone = register(book)
    parties.erase(book.db, clock=CLOCK, by=hire(book, "admin"), party=gone, reason="保存期满")
    assert parties.numbers_for_sending(book.db, [party.party_id, silent.party_id, gone.party_id]) == {party.party_id: PHONE}
