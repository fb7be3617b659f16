"""A borrower who knows another's loan finds nothing behind any address; and what is private stands nowhere in the clear."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

import psycopg
import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from holdfast import payments
from holdfast.database.connection import transaction
from holdfast.followup import complaints
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.money import Money
from holdfast.stories import cast
from holdfast.stories.stage import Stage
from holdfast.stories.tales import BEGINS
from holdfast.web.borrower.urls import urlpatterns
from holdfast.wiring import GROWS, RAIL, carry

# Open to whoever comes, or about whoever is logged in: no loan or file of anybody's is named in the address.
NOBODYS: Final = frozenset({"home", "log_in", "enter", "log_out", "plan", "check", "step"})
OWN: Final = {"Accept-Language": "en"}


class Two:
    """Two borrowers: one has a loan that is being repaid, the other has proved a phone and nothing more."""

    def __init__(self) -> None:
        self.stage = Stage.empty(BEGINS)
        self.who = cast.borrower(1)
        self.loan = self.stage.lend(self.who)
        self.stage.do(payments.intend, self.stage.borrower_of(self.loan), loan=self.loan, what="all", amount=Money(200_000, "CNY"))
        self.other = self.stage.log_in(cast.borrower(2, "李示例"))
        with transaction() as db:
            row = db.execute(
                """SELECT a.public_id, (SELECT f.public_id FROM file f JOIN file_link k USING (file_id) WHERE k.loan_id = l.loan_id
                                         ORDER BY f.file_id LIMIT 1),
                          (SELECT i.public_id FROM payment_intent i WHERE i.loan_id = l.loan_id), l.head_seq
                     FROM loan l JOIN application a USING (loan_id) WHERE l.public_id = %s""",
                [self.loan],
            ).fetchone()
        assert row is not None
        self.named = {
            "loan_id": self.loan, "application_id": row[0], "file_id": row[1], "intent": row[2], "asked": "rs_anything",
            "mandate_id": "md_anything", "settlement_id": "se_anything",
            "kind": "agreement", "link": self.loan,
        }  # fmt: skip
        self.head = row[3]

    def complain(self) -> None:
        """The one with the loan complains, so that there is a complaint which the other must not find."""
        words = "示例：请说明罚息是怎么算的"
        taken = self.stage.do(
            complaints.take_in, self.stage.borrower_of(self.loan), loan=self.loan, channel="page", about="price", words=words
        )
        self.named["complaint_id"] = taken.public_id
        self.head = self.head_now()

    def head_now(self) -> int:
        with transaction() as db:
            row = db.execute("SELECT head_seq FROM loan WHERE public_id = %s", [self.loan]).fetchone()
        assert row is not None
        return int(row[0])


def as_borrower(party: str, client: Client) -> Client:
    session = client.session
    session["borrower"] = party
    session.save()
    return client


def addresses(two: Two) -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name is not None and pattern.name not in NOBODYS:
            wanted = pattern.pattern.converters
            found[pattern.name] = reverse(f"borrower:{pattern.name}", kwargs={name: two.named[name] for name in wanted})
    return found


def test_nothing_of_another_borrowers_loan_is_behind_any_address(committed_db: psycopg.Connection[Any]) -> None:
    two = Two()
    two.complain()
    client = as_borrower(two.other.public_id, Client(raise_request_exception=False))
    pages = addresses(two)
    assert len(pages) >= 15
    answers = {
        (name, method): getattr(client, method)(path, headers=OWN).status_code for name, path in pages.items() for method in ("get", "post")
    }
    assert {each: status for each, status in answers.items() if status not in (404, 405)} == {}
    assert two.head_now() == two.head

    # The same addresses lead somewhere for the one whose loan it is.
    mine = as_borrower(two.stage.borrower_of(two.loan).id, Client())
    assert mine.get(pages["my_loan"], headers=OWN).status_code == 200
    assert mine.get(pages["paper"], headers=OWN).status_code == 200
    assert mine.get(pages["picture"], headers=OWN).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/borrower/", "//evil.example/borrower/", "/borrower/../../admin", "javascript:alert(1)",
        "/borrower/\\evil.example", "\x00/borrower/",
    ],
)  # fmt: skip
def test_the_log_in_leads_to_no_other_place(committed_db: psycopg.Connection[Any], wanted: str) -> None:
    stage = Stage.empty(BEGINS)
    assert stage.today == BEGINS
    page = Client().get("/borrower/log-in", {"next": wanted}, headers=OWN)
    assert page.status_code == 200
    kept = re.findall(r'name="next" value="([^"]*)"', page.content.decode())
    assert kept and all(each.startswith("/borrower/") for each in kept)


def test_a_form_without_its_token_does_nothing(committed_db: psycopg.Connection[Any]) -> None:
    two = Two()
    client = as_borrower(two.stage.borrower_of(two.loan).id, Client(enforce_csrf_checks=True))
    assert client.post(reverse("borrower:give_back", args=[two.loan]), headers=OWN).status_code == 403
    assert two.head_now() == two.head


def test_who_is_private_stands_nowhere_in_the_clear(committed_db: psycopg.Connection[Any]) -> None:
    """Every column of every table after a loan's whole life: no name, number, account, address or IMEI of its borrower."""
    two = Two()
    stage, who, loan = two.stage, two.who, two.loan
    seal = f"SL-{stage.seals:05d}"
    stage.pay_by_bank(loan, who, stage.owed(loan), what="all")
    stage.release(loan, who, seal)
    secrets = {
        "name": who.name, "ID number": who.id_number, "phone": who.number, "account": who.account.replace(" ", ""), "IMEI 1": who.imeis[0],
        "IMEI 2": who.imeis[1], "address": str(who.private.get("address", "示例省示例市海棠路")),
    }  # fmt: skip
    found: set[tuple[str, str]] = set()
    with transaction() as db:
        tables = [row[0] for row in db.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'").fetchall()]
        assert {"record", "message", "payout", "bank_line", "outbox"} <= set(tables)
        for table in tables:
            for (text,) in db.execute(f'SELECT t::text FROM "{table}" t').fetchall():
                for what, secret in secrets.items():
                    if secret in text or secret.encode().hex() in text:
                        found.add((table, what))
    assert found == set()


def test_a_payout_is_sent_once_however_often_it_is_pressed(committed_db: psycopg.Connection[Any]) -> None:
    """Checked twice, sent twice by two workers, answered twice: one order, one payment, one disbursement."""
    stage, who = Stage.empty(BEGINS), cast.borrower(1)
    loan = stage.apply(who)
    stage.call(loan, who)
    stage.decide(loan)
    stage.sign(loan)
    stage.take_in(loan, who)
    asked = stage.do(payments.ask_payout, "officer", loan=loan, payee_name=who.name, account=who.account)
    with pytest.raises(HoldfastError):
        stage.do(payments.ask_payout, "officer", loan=loan, payee_name=who.name, account=who.account)
    stage.do(payments.check_payout, "checker", payout=asked.public_id, approved=True, words="", rail=RAIL, grows=GROWS)
    with pytest.raises(HoldfastError):
        stage.do(payments.check_payout, "approver", payout=asked.public_id, approved=True, words="", rail=RAIL, grows=GROWS)
    for _ in range(2):
        payments.send_approved(transaction, RAIL, partial(carry, payments.record_answer), stage.clock)
    with transaction() as db:
        assert db.execute("SELECT count(*) FROM local_bank_order").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM loan_event WHERE kind = 'disbursed'").fetchone() == (1,)


@pytest.mark.parametrize("name", ["张示 例", "張示例", "张示例\u200b", "张示\u202e例", "Zhang", "张示例 张示例", "张示例\x00"])
def test_money_goes_to_nobody_whose_name_only_looks_the_same(committed_db: psycopg.Connection[Any], name: str) -> None:
    stage, who = Stage.empty(BEGINS), cast.borrower(1)
    assert who.name == "张示例"
    loan = stage.apply(who)
    stage.call(loan, who)
    stage.decide(loan)
    stage.sign(loan)
    stage.take_in(loan, who)
    with pytest.raises(HoldfastError):
        stage.do(payments.ask_payout, "officer", loan=loan, payee_name=name, account=who.account)
