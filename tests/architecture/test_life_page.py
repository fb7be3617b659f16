"""The page of a loan's life says what the map says."""

from __future__ import annotations

from dev.life import PAGE, page
from holdfast.life import DUTIES, RECORDS, STAGES


def test_the_page_is_written_from_the_map() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m dev.life"


def test_every_record_of_the_map_belongs_to_a_stage_and_every_duty_s_records_are_in_the_map() -> None:
    stages = {stage.name for stage in STAGES}
    assert {kind.stage for kind in RECORDS.values()} <= stages
    calling = {name for kind in DUTIES.values() for name in kind.after | kind.proofs}
    assert calling - set(RECORDS) == set()
