"""The nine tales: each is played whole, ends where it says, and leaves books, duties and journal in order."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from holdfast.journal.verify import verify_bundle
from holdfast.stories import TALES, play, proof_of

_TO_THE_MONEY: Final = (
    "application.submitted", "confirmation.completed", "decision.approved", "contract.offered", "contract.signed", "contract.sealed",
    "custody.taken_in", "payout.asked", "payout.approved", "payout.sent", "payout.paid", "loan.disbursed",
)  # fmt: skip
_HOME_AGAIN: Final = (
    "release.opened", "release.identified", "release.audited", "release.approved", "release.certified", "pledge.lifted",
    "release.handed_back", "release.reported",
)  # fmt: skip
# What each story's chain must tell, in this order, whatever stands between.
TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "paid-on-time": (*_TO_THE_MONEY, "contact.sent", "receipt.posted", "receipt.posted", "receipt.posted", *_HOME_AGAIN),
    "early": (*_TO_THE_MONEY, "receipt.posted", *_HOME_AGAIN),
    "overdue-cured": (*_TO_THE_MONEY, "instalment.due", "contact.noted", "contact.noted", "receipt.posted", *_HOME_AGAIN),
    "deferred": (*_TO_THE_MONEY, "receipt.posted", "restructuring.asked", "restructuring.decided", "loan.deferred", "receipt.posted",
                 *_HOME_AGAIN),
    "refused": ("application.submitted", "confirmation.completed", "loan.refused"),
    "withdrawn-cooling-off": (*_TO_THE_MONEY, "cooling_off.asked", "loan.waived", "receipt.posted", "cooling_off.completed",
                              "release.handed_back"),
    "default-disposed": (*_TO_THE_MONEY, "contact.noted", "default.noticed", "disposal.valued", "disposal.sold", "pledge.lifted",
                         "receipt.posted", "disposal.accounted", "refund.noted", "release.reported"),
    "lost-compensated": (*_TO_THE_MONEY, "custody.missing", "custody.lost", "custody.compensated", "receipt.posted", "refund.noted",
                         "release.certified", "release.reported"),
    "fraud-frozen": ("application.submitted", "confirmation.dialled", "fraud.frozen", "loan.refused"),
}  # fmt: skip
# What must never stand in it.
NEVER: Final[Mapping[str, frozenset[str]]] = {
    "refused": frozenset({"contract.offered", "custody.taken_in", "payout.asked", "loan.disbursed"}),
    "fraud-frozen": frozenset({"confirmation.completed", "decision.approved", "contract.offered", "payout.asked"}),
    "default-disposed": frozenset({"release.handed_back"}),
    "lost-compensated": frozenset({"release.handed_back"}),
    "withdrawn-cooling-off": frozenset({"instalment.due"}),
}


@pytest.mark.parametrize("name", TALES)
def test_the_story_ends_as_it_should_and_every_proof_holds(committed_db: psycopg.Connection[Any], name: str) -> None:
    played = play(name)
    print("\n".join(line.text() for line in played.lines))
    assert played.state == played.expected
    assert [(check.name, check.differences) for check in played.books if not check.ok] == []
    assert played.duties.clean, played.duties.as_json()
    assert played.journal.verdict == "ok", played.journal.as_json()
    assert played.green

    kinds = [line.kind for line in played.lines]
    rest = iter(kinds)
    assert [kind for kind in TOLD[name] if kind not in rest] == []
    assert NEVER.get(name, frozenset()).isdisjoint(kinds)
    assert {line.chain for line in played.lines} == {played.loan}
    assert [line.seq for line in played.lines] == list(range(1, len(kinds) + 1))

    proof = proof_of(played.loan)
    assert verify_bundle(proof.bundle, key=f"{proof.key}\n", head=proof.head).verdict == "ok"


def test_every_story_of_the_plan_is_told() -> None:
    assert set(TALES) == set(TOLD)


def test_a_story_whose_book_is_not_in_order_is_not_green(committed_db: psycopg.Connection[Any]) -> None:
    played = play("refused")
    assert played.green and not replace(played, expected="settled").green
    broken = replace(played.books[0], found=1)
    assert not replace(played, books=[broken]).green


def test_the_command_lives_a_story_on_a_scratch_database_and_writes_its_bundle(holdfast_command: list[str], tmp_path: Path) -> None:
    bundle = tmp_path / "refused.bundle"
    done = subprocess.run([*holdfast_command, "story", "refused", "--json", "--bundle", bundle], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["green"] and [story["name"] for story in told["stories"]] == ["refused"]
    assert told["stories"][0]["lines"][-1]["kind"] == "loan.refused"
    key, head = bundle.with_name("refused.bundle.key").read_text(), bundle.with_name("refused.bundle.head").read_text()
    assert verify_bundle(bundle.read_bytes(), key=key, head=head).verdict == "ok"


def test_a_story_that_nobody_knows_is_bad_input(holdfast_command: list[str]) -> None:
    done = subprocess.run([*holdfast_command, "story", "happily-ever-after"], capture_output=True, text=True)
    assert done.returncode == 2 and "paid-on-time" in done.stderr


def test_a_bundle_is_of_one_story(holdfast_command: list[str], tmp_path: Path) -> None:
    done = subprocess.run([*holdfast_command, "story", "--bundle", tmp_path / "x"], capture_output=True, text=True)
    assert done.returncode == 2 and "name one story" in done.stderr
