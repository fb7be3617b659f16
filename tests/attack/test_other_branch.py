"""Every operation of the API about a loan, asked with a well-formed request by somebody of another branch whose role it is open to."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from holdfast.database.connection import transaction
from holdfast.web.api.roles import OPEN_TO, WHOLE_BOOK
from tests.api.conftest import Api, committed_api, said, settled_in  # noqa: F401  # the fixture
from tests.api.test_fuzz import make_real, operations


@pytest.fixture(scope="module")
def about_a_loan() -> list[Any]:
    return [each for each in operations() if "{loan}" in each.path]


def test_a_loan_of_another_branch_is_not_there_for_anybody(committed_db: Any, about_a_loan: list[Any]) -> None:
    with transaction() as db:
        api: Api = settled_in(db)
        loan = api.book.lend().public_id
        row = db.execute("INSERT INTO branch (public_id, code, name) VALUES ('br_far', 'F', '远方示例') RETURNING branch_id").fetchone()
        assert row is not None
        for name in {role for operation in about_a_loan for role in OPEN_TO[operation.definition.raw["operationId"]]}:
            api.hire(f"far-{name}", name, "branch", branch_id=row[0])
    seen: dict[str, set[int]] = {}
    for operation in about_a_loan:
        name = operation.definition.raw["operationId"]
        if name not in WHOLE_BOOK:
            seen[name] = statuses_of(operation, loan, str(api.book.day), api.tokens[f"far-{sorted(OPEN_TO[name])[0]}"])
    assert {name: found for name, found in seen.items() if not found <= {404, 422, 400}} == {}
    # A few drawn requests may all be malformed for one operation or another; most operations must have said that it is not there.
    assert sum(404 in found for found in seen.values()) * 4 >= len(seen) * 3
    with transaction() as db:
        assert db.execute("SELECT count(*) FROM record r JOIN loan l USING (loan_id) WHERE l.public_id = %s", [loan]).fetchone() == (1,)


def statuses_of(operation: Any, loan: str, today: str, token: str) -> set[int]:
    """The statuses of some well-formed requests about the loan."""
    statuses: set[int] = set()

    def probe(case: Any) -> None:
        make_real(case, loan=loan, today=today)
        key = {"Idempotency-Key": uuid4().hex} if operation.method == "post" else {}
        statuses.add(case.call(headers={"Authorization": f"Bearer {token}", **key}).status_code)

    trial = settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    trial(given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))(probe))()
    return statuses


def test_the_loan_itself_is_there_for_its_own_branch(committed_api: Api) -> None:  # noqa: F811
    """The probe above would pass on an API that answers nobody."""
    row = committed_api.db.execute("SELECT public_id FROM loan").fetchone()
    assert row is not None
    assert said(committed_api.get(f"/loans/{row[0]}", "officer"))["id"] == row[0]
