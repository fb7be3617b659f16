"""Every logged decision replays to the same bytes, whatever has been put in force since."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pytest

from holdfast import duties
from holdfast.decisioning import (
    ByWhat,
    DecisionState,
    activate,
    decisions_of,
    features,
    in_force,
    policy_table,
    propose,
    replay,
    service,
    store,
    trained,
)
from holdfast.decisioning.features import Facts
from holdfast.decisioning.rules import find
from holdfast.decisioning.scorecard import MILLI
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, Forbidden, NotFound
from tests.applications.people import DAY
from tests.decisioning.house import House

DECISIONS = 200


def generated(seed: int) -> Facts:
    rng = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if rng.random() < 0.05 else value

    return Facts(
        amount_minor=rng.randrange(100_000, 800_001), instalments=rng.choice([3, 6, 12]), purpose=maybe(rng.choice(features.PURPOSES[:6])),
        adult=maybe(True), employment_years=maybe(rng.randrange(0, 30)), housing=maybe(rng.choice(features.HOUSING)),
        savings_band=maybe(rng.choice(features.SAVINGS)), existing_loans=maybe(rng.randrange(0, 7)),
        monthly_income_minor=maybe(rng.randrange(200_000, 2_000_000)), monthly_obligations_minor=maybe(rng.randrange(0, 800_000)),
        lending_value_minor=rng.randrange(50_000, 900_000), valuation="counting", locked=rng.random() < 0.1,
        open_pledges=int(rng.random() < 0.05), may_originate=True, owed_here_minor=rng.randrange(0, 100_000),
    )  # fmt: skip


def test_two_hundred_logged_decisions_replay_to_the_same_bytes_also_after_a_newer_scorecard_and_table(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    loan = house.confirmed()
    case = duties.take(house.db, loan, None)
    basis = service._basis(house.db, house.clock, case)  # what a decision of today rests on
    store.keep(house.db, sha256=basis.scorecard.sha256, kind="scorecard", name=basis.scorecard.name,
               content=basis.scorecard.content.decode(), at=house.clock.now())  # fmt: skip
    store.keep(house.db, sha256=basis.table.sha256, kind="table", name=basis.table.name, content=basis.table.content, at=house.clock.now())
    outcomes = set()
    for number in range(1, DECISIONS + 1):
        facts = generated(number)
        finding = find(facts, basis)
        outcomes.add(finding.outcome)
        store.insert(
            house.db, loan_id=case.loan.loan_id, decision_no=number, public_id=f"dc_{number}", by_what=ByWhat.RULE,
            state=DecisionState.REFERRED, features=canonical.encode(facts.to_json()), basis=canonical.encode(service._named(basis)),
            finding=finding.content(), terms=None, words="", request=None, made_by="st_test", at=house.clock.now(), on=DAY, seq=1,
        )  # fmt: skip
    assert len(outcomes) == 3
    logged = decisions_of(house.db, case.loan.loan_id)
    assert len(logged) == DECISIONS
    assert [replay(house.db, each) == each.finding for each in logged] == [True] * DECISIONS

    newer_card = dataclasses.replace(basis.scorecard, name="newer", base_milli=basis.scorecard.base_milli + 40 * MILLI)
    newer_table = policy_table.read(
        basis.table.content.replace('"[3..5]"', '"[3..6]"').replace('"> 5"', '"> 6"').replace("phone-2026-11", "newer")
    )
    monkeypatch.setattr(trained, "shipped", lambda name: newer_card)
    monkeypatch.setattr(policy_table, "shipped", lambda name: newer_table)
    newer = service._basis(house.db, house.clock, case)
    assert newer.scorecard.name == newer.table.name == "newer"
    changed = [find(each.facts, newer).content() != each.finding for each in logged]
    assert sum(changed) > DECISIONS / 2
    assert [replay(house.db, each) == each.finding for each in logged] == [True] * DECISIONS


def test_a_log_that_was_tampered_with_does_not_replay(house: House) -> None:
    made = house.decide(house.confirmed())
    assert replay(house.db, made) == made.finding
    forged = canonical.encode({**made.facts.to_json(), "monthly_income_minor": 300_000})
    assert replay(house.db, dataclasses.replace(made, features=forged)) != made.finding


def test_a_decision_whose_scorecard_is_not_in_the_log_is_named(house: House) -> None:
    made = house.decide(house.confirmed())
    named: dict[str, Any] = {**made.named, "scorecard": {"name": "gone", "sha256": "0" * 64}}
    with pytest.raises(NotFound, match="not in the log"):
        replay(house.db, dataclasses.replace(made, basis=canonical.encode(named)))


def test_the_log_only_grows(house: House) -> None:
    import psycopg

    made = house.decide(house.confirmed())
    for statement in ("UPDATE decision SET words = 'x'", "DELETE FROM decision", "UPDATE decision_artifact SET content = ''",
                      "DELETE FROM decision_activation", "DELETE FROM decision_name"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege), house.db.transaction():
            house.db.execute(statement.encode())
    assert decisions_of(house.db, made.loan_id) == [made]


def test_a_scorecard_of_ones_own_decides_once_two_people_agree_and_older_decisions_still_replay(house: House) -> None:
    before = house.decide(house.confirmed())
    card, table = in_force(house.db)
    own = dataclasses.replace(card, name="own-2027", base_milli=card.base_milli - 60 * MILLI).content.decode()
    asked = propose(house.db, clock=house.clock, by=house.one("risk"), kind="scorecard", content=own, reason="按本机构数据重新建模")
    with pytest.raises(Forbidden):
        activate(house.db, clock=house.clock, by=house.one("risk"), request=asked.public_id, approved=True, words="我自己也同意")
    assert in_force(house.db) == (card, table)
    activate(house.db, clock=house.clock, by=house.one("approver"), request=asked.public_id, approved=True, words="已核对验证报告")
    after = house.decide(house.confirmed())
    assert (before.outcome, after.outcome) == ("approve", "refuse")
    assert after.named["scorecard"]["name"] == "own-2027"
    assert [replay(house.db, each) == each.finding for each in (before, after)] == [True, True]


def test_what_is_not_whole_is_not_even_proposed(house: House) -> None:
    card, table = in_force(house.db)
    stranger = dataclasses.replace(card, characteristics=(dataclasses.replace(card.characteristics[0], name="shoe_size"),))
    no_score = json.loads(table.content)
    no_score["nodes"] = [node for node in no_score["nodes"] if node["id"] != "score"]
    no_score["edges"] = [edge for edge in no_score["edges"] if "score" not in (edge["sourceId"], edge["targetId"])]
    for kind, content, told in (
        ("scorecard", stranger.content.decode(), "shoe_size"), ("scorecard", "{}", "form"), ("table", json.dumps(no_score), "gate score"),
        ("table", table.content.replace('"< 495"', '"< 490"'), "no row for score"), ("horoscope", "{}", "kind"),
        ("table", table.content.replace('"existing_loans"', '"star_sign"'), "star_sign"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=told):
            propose(house.db, clock=house.clock, by=house.one("risk"), kind=kind, content=content, reason="按本机构数据重新建模")
    for role in ("approver", "officer", "admin", "auditor"):
        with pytest.raises(Forbidden):
            propose(house.db, clock=house.clock, by=house.one(role), kind="table", content=table.content, reason="换一张规则表")


def test_a_no_leaves_in_force_what_was(house: House) -> None:
    card, table = in_force(house.db)
    own = dataclasses.replace(card, name="own").content.decode()
    asked = propose(house.db, clock=house.clock, by=house.one("risk"), kind="scorecard", content=own, reason="按本机构数据重新建模")
    with pytest.raises(Forbidden):
        activate(house.db, clock=house.clock, by=house.one("custodian"), request=asked.public_id, approved=True, words="同意启用它")
    activate(house.db, clock=house.clock, by=house.one("approver"), request=asked.public_id, approved=False, words="验证样本太少")
    assert in_force(house.db) == (card, table)
