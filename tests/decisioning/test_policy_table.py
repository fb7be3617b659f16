"""The policy table: every gate whole, everything unanswered referred, no input of another type let through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.decisioning import policy_table
from holdfast.decisioning.policy_table import Answer
from holdfast.kernel.errors import BadInput

TABLE = policy_table.shipped("phone-2026-11")
PASSES: dict[str, Any] = {
    "may_originate": True, "adult": True, "facts_missing": 0, "purpose": "daily_life", "open_pledges": 0, "valuation": "counting",
    "locked": False, "existing_loans": 0, "obligations_percent": 10, "score": 530, "amount_minor": 300_000,
}  # fmt: skip


def answers(**changes: Any) -> dict[str, str]:
    return {gate.name: str(gate.answer) for gate in TABLE.ask({**PASSES, **changes})}


def test_a_usual_case_passes_every_gate() -> None:
    assert set(answers().values()) == {"pass"}


@pytest.mark.parametrize(
    ("change", "gate", "answer"),
    [
        ({"may_originate": False}, "lender", "refuse"),
        ({"adult": False}, "capacity", "refuse"),
        ({"facts_missing": 1}, "facts", "refer"),
        ({"purpose": "stock"}, "purpose", "refuse"),
        ({"purpose": "house_purchase"}, "purpose", "refuse"),
        ({"purpose": "other"}, "purpose", "refer"),
        ({"open_pledges": 1}, "pledge", "refuse"),
        ({"valuation": "referred"}, "valuation", "refer"),
        ({"valuation": "stale"}, "valuation", "refer"),
        ({"valuation": "missing"}, "valuation", "refer"),
        ({"locked": True}, "lock", "refer"),
        ({"existing_loans": 2}, "existing_loans", "pass"),
        ({"existing_loans": 3}, "existing_loans", "refer"),
        ({"existing_loans": 6}, "existing_loans", "refuse"),
        ({"obligations_percent": 39}, "obligations", "pass"),
        ({"obligations_percent": 40}, "obligations", "refer"),
        ({"obligations_percent": 60}, "obligations", "refer"),
        ({"obligations_percent": 61}, "obligations", "refuse"),
        ({"score": 525}, "score", "pass"),
        ({"score": 509}, "score", "refer"),
        ({"score": 494}, "score", "refuse"),
        ({"amount_minor": 1_000_000}, "amount", "pass"),
        ({"amount_minor": 1_000_001}, "amount", "refer"),
    ],
)  # fmt: skip
def test_each_gate_answers_for_itself(change: dict[str, Any], gate: str, answer: str) -> None:
    found = answers(**change)
    assert found[gate] == answer
    assert {name for name, said in found.items() if said != "pass"} <= {gate}


def test_what_is_absent_is_referred_by_every_gate() -> None:
    assert {str(gate.answer) for gate in TABLE.ask({})} == {"refer"}
    assert {str(gate.answer) for gate in TABLE.ask(dict.fromkeys(PASSES))} == {"refer"}


@given(st.sampled_from(sorted(PASSES)), st.none() | st.text(max_size=6).filter(lambda text: text not in ("counting",)))
def test_a_missing_or_mistyped_input_never_passes_its_gate(field: str, value: str | None) -> None:
    if field == "purpose" and value in ("medical", "education", "home", "working_capital", "daily_life"):
        return
    found = {gate.name: gate for gate in TABLE.ask({**PASSES, field: value})}
    gate = next(gate for gate in found.values() if field in gate.given)
    assert gate.answer is not Answer.PASS


@given(st.integers(-(10**9), 10**9))
def test_every_score_lies_in_exactly_one_band_and_a_better_one_is_never_worse_off(score: int) -> None:
    order = [Answer.REFUSE, Answer.REFER, Answer.PASS]
    now, better = ({gate.name: gate for gate in TABLE.ask({**PASSES, "score": each})}["score"] for each in (score, score + 1))
    assert now.more["band"] in ("A", "B", "C", "D")
    assert order.index(better.answer) >= order.index(now.answer)
    assert better.more["cap_percent"] >= now.more["cap_percent"]


def changed(gate: str, row: int, **cells: str) -> str:
    raw = json.loads(TABLE.content)
    node = next(node for node in raw["nodes"] if node["id"] == gate)
    node["content"]["rules"][row].update(cells)
    return json.dumps(raw)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (changed("score", 1, score="[515..525)"), "score: no row for score = 510"),
        (changed("score", 2, score="[495..515)"), "score: rows score-2 and score-3 overlap at score = 510"),
        (changed("obligations", 0, obligations_percent="<= 40"), "obligations: rows obligations-1 and obligations-2 overlap at"),
        (changed("existing_loans", 2, existing_loans="> 6"), "existing_loans: no row for existing_loans = 6"),
        (changed("pledge", 2, open_pledges=">= 0"), "pledge: the last row must catch everything and refer"),
        (changed("lender", 2, answer='"pass"'), "lender: the last row must catch everything and refer"),
        (changed("capacity", 1, adult="true"), "capacity: rows capacity-1 and capacity-2 overlap at adult = True"),
        (changed("purpose", 1, purpose='"stock", "medical"'), "purpose: rows purpose-1 and purpose-2 overlap at purpose = 'medical'"),
        ("{}", "not a decision table"),
        ("not json", "not a decision table"),
    ],
)  # fmt: skip
def test_a_table_with_a_gap_an_overlap_or_no_last_row_is_refused_by_name(content: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        policy_table.read(content)
    assert told in refused.value.sentence


def test_a_gate_with_more_cases_than_are_tried_is_refused_and_not_half_looked_at() -> None:
    raw = json.loads(TABLE.content)
    body = next(node for node in raw["nodes"] if node["id"] == "score")["content"]
    body["inputs"] += [{"id": f"more_{number}", "name": "", "field": f"more_{number}"} for number in range(3)]
    cells = [", ".join(str(10 * number + each) for each in range(30)) for number in range(3)]
    for row in body["rules"][:-1]:
        row.update({f"more_{number}": cell for number, cell in enumerate(cells)})
    with pytest.raises(BadInput, match=r"score: [0-9]+ cases are more than the 20000 that are tried"):
        policy_table.read(json.dumps(raw))


def test_the_next_better_value_of_a_gate_is_found() -> None:
    assert TABLE.better("score", "score", 480, up=True) == 495
    assert TABLE.better("score", "score", 500, up=True) == 510
    assert TABLE.better("score", "score", 530, up=True) == 530
    assert TABLE.better("obligations", "obligations_percent", 75, up=False) == 60
    assert TABLE.better("obligations", "obligations_percent", 45, up=False) == 39
    assert TABLE.better("existing_loans", "existing_loans", 9, up=False) == 5


def test_a_table_that_is_not_shipped_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="no policy table 'nobody'"):
        policy_table.shipped("nobody")
