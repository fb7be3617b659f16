"""The screens beside the old system and its operations: a day is looked at, filtered, taken away as a sheet, accepted."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from holdfast.database.connection import transaction
from holdfast.journal import SYSTEM
from holdfast.kernel import canonical
from holdfast.kernel.sealing import master_box
from holdfast.parties import issue_token, staff
from holdfast.policy import clock, set_business_date
from holdfast.takeover import import_tape, job, load, run_job, shadow
from tests.takeover.test_shadow import END, START

Db = psycopg.Connection[Any]
HEAD = "合同号,放款金额,期数,年利率,放款日,首期应还日,每期应还,状态,本金余额,已还本金"
ROW = "12000,12,12,2026-01-15,2026-02-15,1066.19,正常,7000,5000"
EXPORT = """合同号,本金余额,下期应还日,五级分类
甲-1,7000,2026-07-15,正常
甲-2,6543.21,2026-07-15,关注
=甲-3,1,,
甲-4,7000,2026-07-15,关注
""".encode()


class House:
    """A taken-over book, its risk manager's browser and token."""

    def __init__(self, db: Db, folder: Path) -> None:
        self.db = db
        tape = folder / "tape.csv"
        tape.write_text(HEAD + "".join(f"\n甲-{n},{ROW}" for n in (1, 2, 4)) + "\n")
        import_tape(transaction, tape, load("old-book"), as_of=START)
        set_business_date(db, END)
        self.client = self.person("risk")
        self.token = issue_token(db, clock=clock(db), by=SYSTEM, staff=staff(db, "st_risk"), label="test")

    def person(self, role: str) -> Client:
        user = get_user_model().objects.create_user(username=role, password="示例-long-enough-0")
        self.db.execute(
            "INSERT INTO staff (public_id, name, role, scope, user_id) VALUES (%s, '示例', %s, 'all', %s)", [f"st_{role}", role, user.pk]
        )
        client = Client(headers={"accept-language": "zh-hans"})
        client.force_login(user)
        return client

    def hand_in(self) -> str:
        page = self.client.get("/shadow")
        assert page.status_code == 200
        given = {"file": SimpleUploadedFile("日终.csv", EXPORT), "map": "old-book", "as_of": END.isoformat(), "key": "k" * 20}
        answer = self.client.post("/shadow", given)
        assert answer.status_code == 302, answer.content.decode()
        asked = answer["Location"].rsplit("/", 1)[1]
        run_job(transaction, asked)
        assert self.client.get(answer["Location"])["Location"].startswith("/shadow/sh_")
        return str(job(self.db, asked).tape)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": f"key-{path}-{body}"[:60].encode("ascii", "replace").decode(),
        }
        call = self.client.get if method == "get" else self.client.post
        given: dict[str, Any] = {} if method == "get" else {"data": body, "content_type": "application/json"}
        return call(f"/api/v1{path}", headers=headers, **given)


@pytest.fixture
def house(db: Db, tmp_path: Path) -> House:
    return House(db, tmp_path)


def test_a_day_is_handed_in_looked_at_and_filtered(house: House) -> None:
    run = house.hand_in()
    page = house.client.get(f"/shadow/{run}").content.decode()
    assert "甲-2" in page and "6,543.21" in page and "说不清" in page and "分类标准不同" in page
    only = house.client.get(f"/shadow/{run}?cause=unexplained").content.decode()
    assert "甲-2" in only and "甲-1" not in only
    assert "需要查看" in house.client.get("/shadow").content.decode()


def test_the_list_is_a_sheet_in_which_nothing_is_a_formula(house: House) -> None:
    run = house.hand_in()
    answer = house.client.get(f"/shadow/{run}/table.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="shadow-old-book-2026-07-31.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    names = [row[1] for row in rows[1:]]
    assert "'=甲-3" in names
    line = rows[1 + names.index("甲-2")]
    told = dict(zip(rows[0], line, strict=True))
    assert (told["原因"], told["旧系统余额"], told["本系统余额"], told["相差"]) == ("说不清", "6543.21", "7000.00", "-456.79")


def test_a_difference_is_accepted_on_its_own_page_and_taken_back(house: House) -> None:
    run = house.hand_in()
    line = next(each for each in shadow.comparison(house.db, None, run).lines if each.cause == "unexplained")
    address = f"/shadow/{run}/accept?cause=unexplained&line={line.line_no}"
    assert "6,543.21" in house.client.get(address).content.decode()
    short = house.client.post(address, {"key": "a" * 20, "reason": "", "most": ""})
    assert short.status_code == 422
    done = house.client.post(address, {"key": "b" * 20, "reason": "旧系统少记一笔", "most": ""})
    assert done.status_code == 302
    assert "旧系统少记一笔" in house.client.get(f"/shadow/{run}").content.decode()
    assert "撤回认可" in house.client.get(address).content.decode()
    house.client.post(address, {"key": "c" * 20, "reason": "再查", "most": ""})
    assert shadow.comparison(house.db, None, run).unexplained != []


def test_who_may_only_look_sees_no_form_and_is_refused_the_act(house: House) -> None:
    run = house.hand_in()
    auditor = house.person("auditor")
    assert auditor.get(f"/shadow/{run}").status_code == 200
    assert 'name="file"' not in auditor.get("/shadow").content.decode()
    assert auditor.get(f"/shadow/{run}/accept?cause=unexplained&line=1").status_code == 403
    assert auditor.post("/shadow", {"map": "old-book"}).status_code == 403


def test_the_operations_tell_the_same(house: House) -> None:
    run = house.hand_in()
    listed = house.api("get", "/comparisons").json()
    assert [(day["run"], day["compared"]) for day in listed["items"]] == [(run, 3)]
    told = house.api("get", f"/comparisons/{run}").json()
    found = next(each for each in told["differences"] if each["cause"] == "unexplained")
    assert found["fields"]["balance"] == {"theirs": "6543.21", "ours": "7000.00"}
    given = {"cause": "unexplained", "line": found["line"], "reason": "旧系统少记一笔", "most": {"minor": 50_000, "currency": "CNY"}}
    answer = house.api("post", f"/comparisons/{run}/acceptances", given)
    assert (answer.status_code, answer.json()["unexplained"]) == (200, told["unexplained"] - 1)
    back = house.api("post", f"/comparisons/{run}/acceptances/take-back", {"cause": "unexplained", "line": found["line"], "reason": "再查"})
    assert (back.status_code, back.json()["unexplained"]) == (200, told["unexplained"])
    assert house.api("get", "/comparisons/sh_none").status_code == 404


@pytest.mark.parametrize("page", ["/tapes", "/shadow"])
def test_a_file_handed_in_twice_by_one_form_is_read_once_and_both_lead_to_its_page(house: House, page: str) -> None:
    def sent() -> Any:
        given = {"file": SimpleUploadedFile("日终.csv", EXPORT), "map": "old-book", "as_of": END.isoformat(), "key": "k" * 20}
        return house.client.post(page, given)

    first, again = sent(), sent()
    assert (first.status_code, again.status_code) == (302, 302)
    assert first["Location"] == again["Location"]
    assert house.client.get(again["Location"]).status_code == 200


def test_what_a_form_said_is_remembered_by_a_hash_that_says_nothing_without_the_key(house: House) -> None:
    house.hand_in()
    row = house.db.execute("SELECT inputs_hash FROM idempotency").fetchone()
    assert row is not None
    said = {"file": f"日终.csv {len(EXPORT)}", "map": "old-book", "as_of": END.isoformat()}
    digest = canonical.digest({"act": "shadow.compare", "inputs": said})
    assert bytes(row[0]) != bytes.fromhex(digest)
    assert bytes(row[0]) == master_box("idempotency").keyed_hash(digest)
