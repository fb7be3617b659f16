"""抵押物解除申请书 asks back what is here, and does not speak of returning what is lost, sold or back already."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast import duties
from holdfast.release import Thing, papers, store
from holdfast.wiring import NOTARY, PRESS
from tests.release.houses import House


class ReadPress:
    """A press that keeps what it set, as it set it."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.facts: Mapping[str, Any] = {}

    def typeset(self, template: Path, facts: Mapping[str, Any], *, at: datetime) -> bytes:
        self.facts = facts
        self.pages[template.stem] = PRESS.typeset(template, facts, at=at)
        return self.pages[template.stem]


def made(house: House, thing: Thing) -> ReadPress:
    loan = house.certified()
    case = duties.take(house.db, loan, None)
    released = store.latest(house.db, case.loan.loan_id)
    assert released is not None
    press = ReadPress()
    papers.certify(
        house.db, clock=house.clock, by=house.people["officer"], case=case, release=replace(released, thing=thing), press=press,
        notary=NOTARY, site="https://proof.example",
    )  # fmt: skip
    return press


@pytest.mark.parametrize("thing", [Thing.COMPENSATED, Thing.DISPOSED, Thing.RETURNED])
def test_a_thing_that_is_not_here_is_not_asked_back(house: House, thing: Thing) -> None:
    press = made(house, thing)
    said = press.facts["asks"] + press.facts["declares"]
    assert (
        not press.facts["returns"] and "返还押品" not in said and "归还" not in said and "交还" not in said.replace("已于还款期间交还", "")
    )
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-", "-"], input=press.pages["application"], capture_output=True, check=True).stdout.decode()
        assert "领取方式" not in text and "领取地点" not in text


def test_a_thing_that_lies_here_is_asked_back_with_where_and_when(house: House) -> None:
    press = made(house, Thing.IN_CUSTODY)
    assert press.facts["returns"] and "返还押品" in press.facts["asks"] and "当面核对封签" in press.facts["declares"]
