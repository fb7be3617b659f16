"""What a caller noticed: with the moment and what it rests on, sealed, apart, and for people only."""

from __future__ import annotations

import pytest

from holdfast.confirmation.observations import Observation, observations_of, observe
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from tests.confirmation.desk import CallDesk


def notice(desk: CallDesk, kind: str = "prompted", evidence: str = "有人在旁边报数字", mark: int | None = None) -> Observation:
    return observe(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, kind=kind, evidence=evidence, mark=mark)


def test_it_keeps_its_moment_and_its_evidence_sealed(desk: CallDesk) -> None:
    desk.talk()
    desk.wait(74)
    seen = notice(desk)
    assert (seen.mark, seen.kind) == (74, "prompted")
    kept = desk.db.execute("SELECT sealed FROM call_observation").fetchone()
    assert kept is not None and "报数字".encode() not in bytes(kept[0])
    (read,) = observations_of(desk.db, desk.caller.scope, loan=desk.loan)
    assert read.evidence == "有人在旁边报数字"


def test_it_writes_nothing_in_the_journal_and_moves_nothing(desk: CallDesk) -> None:
    desk.talk()
    before = desk.records()
    notice(desk)
    assert desk.records() == before


def test_an_impression_that_rests_on_nothing_is_not_kept(desk: CallDesk) -> None:
    desk.talk()
    with pytest.raises(BadInput) as empty:
        notice(desk, evidence="  ")
    assert empty.value.field == "evidence"
    with pytest.raises(BadInput) as unknown:
        notice(desk, kind="bad_feeling")
    assert unknown.value.field == "kind"


@pytest.mark.parametrize("mark", [-1, 500])
def test_its_moment_lies_in_the_call(desk: CallDesk, mark: int) -> None:
    desk.talk()
    desk.wait(60)
    with pytest.raises(BadInput) as error:
        notice(desk, mark=mark)
    assert error.value.field == "mark"


def test_it_is_noted_in_a_call_only(desk: CallDesk) -> None:
    with pytest.raises(Refusal):
        notice(desk)
    desk.dial()
    with pytest.raises(Refusal):
        notice(desk)


def test_who_does_not_see_the_loan_does_not_read_it(desk: CallDesk) -> None:
    west = desk.hire("risk", "western", scope="branch", branch="T")
    with pytest.raises(NotFound):
        observations_of(desk.db, west.scope, loan=desk.loan)
