"""The nine tales: each is played whole, ends where it says, and leaves books, duties and journal in order."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from holdfast.stories import TALES, play


@pytest.mark.parametrize("name", TALES)
def test_the_story_ends_as_it_should_and_every_proof_holds(committed_db: psycopg.Connection[Any], name: str) -> None:
    played = play(name)
    print("\n".join(line.text() for line in played.lines))
    assert played.state == played.expected
    assert [(check.name, check.differences) for check in played.books if not check.ok] == []
    assert played.duties.clean, played.duties.as_json()
    assert played.journal.verdict == "ok", played.journal.as_json()
