"""Staff: log-ins, roles, tokens, and how far each person's sight goes."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from django.contrib.auth import authenticate

from holdfast import parties
from holdfast.journal import SYSTEM, read_chain
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.parties import MAY, Reach, Role, Scope, Staff, may, require
from tests.books import Book, clock_on

Db = psycopg.Connection[Any]
DAY = date(2026, 11, 23)
CLOCK = clock_on(DAY)
PHRASE = "a long sample phrase"


def hire(db: Db, **given: Any) -> Staff:
    fields = {"username": "sample", "password": PHRASE, "name": "示例员工", "role": "officer", "scope": "all", **given}
    return parties.create_staff(db, clock=CLOCK, by=SYSTEM, **fields)


def test_a_new_log_in_opens_with_its_password_and_stands_for_its_person(db: Db) -> None:
    staff = hire(db)
    user = authenticate(username="sample", password=PHRASE)
    assert user is not None
    assert parties.staff_of_user(db, user.pk) == staff
    assert authenticate(username="sample", password="wrong phrase altogether") is None
    assert [record.kind for record in read_chain(db, staff.staff_id)] == ["staff.created"]


def test_a_password_is_never_kept_readable(db: Db) -> None:
    hire(db)
    row = db.execute("SELECT password FROM auth_user WHERE username = 'sample'").fetchone()
    assert row is not None
    assert PHRASE not in row[0]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": "system"}, "role"),
        ({"scope": "world"}, "scope"),
        ({"scope": "branch"}, "branch"),
        ({"password": "12345678"}, "password"),
        ({"username": " "}, "username"),
        ({"name": ""}, "name"),
    ],
)
def test_what_is_wrong_with_a_new_log_in_is_named(db: Db, given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        hire(db, **given)
    assert caught.value.field == field


def test_a_user_name_is_given_once(db: Db) -> None:
    hire(db)
    with pytest.raises(Refusal, match="taken"):
        hire(db)


def test_whoever_has_left_has_no_log_in_no_token_and_no_say(db: Db) -> None:
    staff = hire(db)
    token = parties.issue_token(db, clock=CLOCK, by=SYSTEM, staff=staff, label="sample")
    parties.close_staff(db, clock=CLOCK, by=SYSTEM, staff=staff)
    assert authenticate(username="sample", password=PHRASE) is None
    assert staff.user_id is not None
    assert parties.staff_of_user(db, staff.user_id) is None
    assert parties.staff_of_token(db, token) is None
    assert not may(parties.staff(db, staff.public_id), "receipt.post")


def test_a_token_is_shown_once_and_kept_as_a_hash(db: Db) -> None:
    staff = hire(db, role="integrator")
    token = parties.issue_token(db, clock=CLOCK, by=SYSTEM, staff=staff, label="sample")
    assert parties.staff_of_token(db, token) == staff
    row = db.execute("SELECT t::text FROM api_token t").fetchone()
    assert row is not None
    assert token not in row[0]
    assert parties.staff_of_token(db, token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert parties.staff_of_token(db, "") is None
    parties.revoke_token(db, clock=CLOCK, token=token)
    assert parties.staff_of_token(db, token) is None
    with pytest.raises(NotFound):
        parties.revoke_token(db, clock=CLOCK, token=token)


def test_every_role_but_the_auditor_has_something_to_do(db: Db) -> None:
    doers = frozenset().union(*MAY.values())
    assert set(Role) - doers == {Role.AUDITOR, Role.SYSTEM} - doers


def test_an_auditor_changes_nothing() -> None:
    # What an auditor takes out is on record, and moves nothing: a loan's proof, and the paper of an audit. The rest is looking.
    looks = {"strategy.try", "performance.see", "performance.see_others", "review.look"}
    assert {act for act, roles in MAY.items() if Role.AUDITOR in roles} <= {"journal.export", "duty.audit"} | looks


def test_an_act_that_nobody_listed_is_nobodys(db: Db) -> None:
    with pytest.raises(Forbidden, match="nobody"):
        require(hire(db, role="admin"), "moon.buy")


def test_the_refusal_names_who_may(db: Db) -> None:
    with pytest.raises(Forbidden, match="approver, risk"):
        require(hire(db), "write_off")


def test_sight_is_own_team_branch_or_all_and_nothing_else_is_seen(db: Db) -> None:
    book = Book(db, DAY)
    elsewhere = parties.create_branch(db, code="E", name="示例分部")
    mine = hire(db, username="mine", scope="own", branch_id=book.branch_id, team="A")
    mate = hire(db, username="mate", scope="team", branch_id=book.branch_id, team="A")
    other_team = hire(db, username="other", scope="team", branch_id=book.branch_id, team="B")
    far = hire(db, username="far", scope="branch", branch_id=elsewhere.branch_id, team="A")
    loans = {name: book.lend().public_id for name in ("of mine", "of mate", "of nobody", "far away")}
    for name, officer, branch in (
        ("of mine", mine, book.branch_id),
        ("of mate", mate, book.branch_id),
        ("far away", far, elsewhere.branch_id),
    ):
        db.execute("UPDATE loan SET officer_id = %s, branch_id = %s WHERE public_id = %s", [officer.staff_id, branch, loans[name]])

    def sees(scope: Scope) -> set[str]:
        condition, values = scope.condition("l")
        rows = db.execute(f"SELECT l.public_id FROM loan l WHERE {condition}", values).fetchall()
        return {name for name, public_id in loans.items() if (public_id,) in rows}

    assert sees(mine.scope) == {"of mine"}
    assert sees(mate.scope) == {"of mine", "of mate"}
    assert sees(other_team.scope) == set()
    assert sees(far.scope) == {"far away"}
    assert sees(Scope(Reach.BRANCH, mine.staff_id, book.branch_id, None)) == {"of mine", "of mate", "of nobody"}
    assert sees(Scope(Reach.ALL, mine.staff_id, None, None)) == set(loans)
    for reach in (Reach.TEAM, Reach.BRANCH):
        assert sees(Scope(reach, mine.staff_id, None, None)) == set(), "without a branch or a team there is nothing to see"
