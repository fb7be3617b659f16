"""The script: two languages, who answers before what it is about, and never changed once it was used."""

from __future__ import annotations

import copy
import re
from importlib.resources import files
from typing import Any

import pytest
import yaml

from holdfast.confirmation.model import Failure
from holdfast.confirmation.script import LOAN_FIGURES, PROOFS, StepKind, Then, of, script
from holdfast.kernel.errors import BadInput, NotFound

# A version that was used in a call stands in records by this digest; whoever wants other words writes the next version.
RELEASED = {1: "f029d45149e9a6d5b5d9bf95284e0c4c50bc4ee40812802d861d7fcae119d2c6"}


def raw() -> Any:
    return yaml.safe_load((files("holdfast.confirmation") / "scripts" / "confirm-loan-1.yaml").read_text("utf-8"))


def refused(changed: Any) -> str:
    with pytest.raises(BadInput) as error:
        of(changed)
    return error.value.sentence


@pytest.mark.parametrize(("version", "digest"), RELEASED.items())
def test_a_version_that_was_released_never_changes(version: int, digest: str) -> None:
    assert script(version).digest == digest


def test_the_newest_version_is_spoken_and_an_unknown_one_is_refused() -> None:
    assert script().version == max(RELEASED)
    with pytest.raises(NotFound):
        script(99)


def test_it_proves_all_that_a_confirmation_needs() -> None:
    assert set(PROOFS) <= {step.proves for step in script().steps}


def test_no_step_names_the_loan_before_it_is_proved_who_answers() -> None:
    steps = script().steps
    proved = max(index for index, step in enumerate(steps) if step.proves == "identity")
    assert not any(step.names_loan for step in steps[: proved + 1])
    for step in steps:
        for text in step.says.values():
            assert step.names_loan or not set(re.findall(r"\{(\w+)\}", text)) & LOAN_FIGURES


def test_every_stop_names_a_failure_that_there_is() -> None:
    stops = [choice.stop for step in script().steps for choice in step.choices if choice.then is Then.STOP]
    assert stops and all(Failure(stop or "") for stop in stops)


def test_the_code_is_the_last_word() -> None:
    assert [step.kind for step in script().steps].index(StepKind.CODE) == len(script().steps) - 1


def test_a_script_that_names_the_loan_too_early_is_refused() -> None:
    changed = raw()
    identity = next(index for index, step in enumerate(changed["steps"]) if step["id"] == "identity")
    moved = copy.deepcopy(changed)
    moved["steps"].insert(0, moved["steps"].pop(identity + 1))
    assert "names the loan before" in refused(moved)


def test_a_figure_of_the_loan_in_an_early_step_is_refused() -> None:
    changed = raw()
    changed["steps"][0]["says"]["en"] = "Hello, this is about your {principal}."
    assert "must say names_loan" in refused(changed)


@pytest.mark.parametrize("proof", ["recording", "identity", "will", "plan", "code"])
def test_a_script_that_leaves_a_proof_out_is_refused(proof: str) -> None:
    changed = raw()
    changed["steps"] = [step for step in changed["steps"] if step["proves"] != proof]
    assert proof in refused(changed)


def test_a_script_in_one_language_is_refused() -> None:
    changed = raw()
    del changed["steps"][0]["says"]["en"]
    assert "not whole" in refused(changed)


def test_a_step_without_an_answer_that_goes_on_is_refused() -> None:
    changed = raw()
    changed["steps"][0]["choices"] = [choice for choice in changed["steps"][0]["choices"] if choice["then"] != "pass"]
    assert "goes on" in refused(changed)


def test_an_unknown_figure_is_refused() -> None:
    changed = raw()
    changed["steps"][3]["says"]["en"] += " {bonus}"
    assert "no figure 'bonus'" in refused(changed)


def test_two_steps_of_one_name_are_refused() -> None:
    changed = raw()
    changed["steps"].append(changed["steps"][-1])
    assert "one name" in refused(changed)
