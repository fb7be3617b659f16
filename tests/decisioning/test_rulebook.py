"""What decides, what is proposed and what decided before: their standing, and every difference told cell by cell."""

from __future__ import annotations

import dataclasses
import json

import pytest

from holdfast import decisioning
from holdfast.decisioning import PolicyTable, Row, Scorecard, Standing, activate, in_force, policy_table, propose
from holdfast.kernel.errors import BadInput, NotFound
from tests.decisioning.house import House


def own(card: Scorecard) -> Scorecard:
    first, *rest = card.characteristics
    return dataclasses.replace(
        card, name="own-2027", base_milli=card.base_milli - 20_000,
        characteristics=(dataclasses.replace(first, points=(first.points[0] + 3, *first.points[1:])), *rest),
    )  # fmt: skip


def stricter(table: PolicyTable) -> PolicyTable:
    text = table.content.replace('"<= 1000000"', '"<= 500000"').replace('"> 1000000"', '"> 500000"').replace(table.name, "phone-2027-01")
    return policy_table.read(text)


def standings(house: House, kind: str) -> dict[str, Standing]:
    return {each.name: each.standing for each in decisioning.artifacts(house.db, house.one("risk").scope, kind)}


def test_a_proposal_is_open_then_in_force_and_what_it_replaced_decided_before(house: House) -> None:
    card, table = in_force(house.db)
    assert standings(house, "table") == {table.name: Standing.ACTIVE}
    new = stricter(table)
    asked = propose(house.db, clock=house.clock, by=house.one("risk"), kind="table", content=new.content, reason="一月起收紧金额")
    assert standings(house, "table") == {table.name: Standing.ACTIVE, new.name: Standing.PROPOSED}
    activate(house.db, clock=house.clock, by=house.one("approver"), request=asked.public_id, approved=True, words="已核对差异")
    assert standings(house, "table") == {new.name: Standing.ACTIVE, table.name: Standing.RETIRED}
    assert standings(house, "scorecard") == {card.name: Standing.ACTIVE}
    it, says = decisioning.artifact(house.db, house.one("risk").scope, new.sha256)
    assert (it.standing, says) == (Standing.ACTIVE, new) and it.asked is not None and it.asked.reason == "一月起收紧金额"


def test_what_was_refused_is_told_as_never_put_in_force(house: House) -> None:
    card, _table = in_force(house.db)
    content = own(card).content.decode()
    asked = propose(house.db, clock=house.clock, by=house.one("risk"), kind="scorecard", content=content, reason="按本机构数据重建")
    activate(house.db, clock=house.clock, by=house.one("approver"), request=asked.public_id, approved=False, words="样本太少")
    assert standings(house, "scorecard") == {card.name: Standing.ACTIVE, "own-2027": Standing.REFUSED}


def test_a_digest_that_nobody_ever_asked_for_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        decisioning.artifact(house.db, house.one("risk").scope, "0" * 64)


def test_every_difference_of_two_tables_is_told_by_gate_and_row(house: House) -> None:
    _card, table = in_force(house.db)
    told = decisioning.changes(table, stricter(table))
    assert [(each.where, each.what) for each in told] == [("amount", "amount-1"), ("amount", "amount-2")]
    assert isinstance(told[0].was, Row) and isinstance(told[0].now, Row)
    assert (told[0].was.asks, told[0].now.asks) == ((("amount_minor", "<= 1000000"),), (("amount_minor", "<= 500000"),))
    assert decisioning.changes(table, table) == []


def test_a_gate_that_is_left_out_is_told_row_by_row(house: House) -> None:
    _card, table = in_force(house.db)
    raw = json.loads(table.content)
    raw["nodes"] = [node for node in raw["nodes"] if node["id"] != "lock"]
    raw["edges"] = [edge for edge in raw["edges"] if "lock" not in (edge["sourceId"], edge["targetId"])]
    told = decisioning.changes(table, PolicyTable("without", json.dumps(raw)))
    assert {each.where for each in told} == {"lock"} and all(each.now == "" for each in told) and len(told) == 3


def test_every_difference_of_two_scorecards_is_told_in_points(house: House) -> None:
    card, _table = in_force(house.db)
    told = decisioning.changes(card, own(card))
    assert [(each.where, each.what) for each in told] == [("", "base"), ("instalments", "x < 8")]
    assert (told[1].was, told[1].now) == ("+22", "+25")


def test_a_scorecard_and_a_table_are_not_held_against_each_other(house: House) -> None:
    card, table = in_force(house.db)
    with pytest.raises(BadInput):
        decisioning.changes(card, table)


def test_a_scorecard_is_measured_on_the_rows_that_come_with_the_program(house: House) -> None:
    card, _table = in_force(house.db)
    found = decisioning.figures(card).measures
    assert (round(found.auc, 3), found.n, found.bad) == (0.698, 691, 211)
    stranger = dataclasses.replace(card, characteristics=(dataclasses.replace(card.characteristics[0], name="residence_years"),))
    with pytest.raises(BadInput):
        decisioning.figures(stranger)
