"""A confirmation call from the first ring to its end."""

from __future__ import annotations

from tests.confirmation.desk import CallDesk


def test_a_call_that_says_everything_confirms_the_loan_and_calls_for_its_decision(desk: CallDesk) -> None:
    done = desk.confirmed()
    assert done.state == "confirmed"
    assert desk.standing.state == "confirmed"
    assert desk.open_duties() == ["decide"]
    assert desk.ledger() == [("service", "voice", "reached")]
    assert [each["kind"] for each in desk.records()] == ["application.submitted", "confirmation.dialled", "confirmation.completed"]
    assert desk.audited()
