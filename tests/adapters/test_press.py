"""The press: the same facts give the same bytes, and no name is ever printed as a box."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

import holdfast
from holdfast.adapters.typst_press import TypstPress, characters
from holdfast.kernel.errors import BadInput, Fault
from tests.signatures import words_of

SOURCE: Final = Path(holdfast.__file__).parent
AT: Final = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small template beside the kit, in a package folder of its own."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "kit.typ").write_bytes((SOURCE / "files" / "kit.typ").read_bytes())
    template = tmp_path / "sample.typ"
    template.write_text(
        '#import "/files/kit.typ": *\n'
        '#show: sheet.with(title: "收据", number: "N-1", issuer: "示例小额贷款")\n'
        "收到 #facts.name 一台手机。\n"
    )
    monkeypatch.setattr("holdfast.adapters.typst_press._PACKAGE", tmp_path)
    return template


def test_the_same_facts_at_the_same_moment_give_the_same_bytes(sample: Path) -> None:
    press = TypstPress(test=True)
    first = press.typeset(sample, {"name": "张示例"}, at=AT)
    assert first.startswith(b"%PDF-")
    assert press.typeset(sample, {"name": "张示例"}, at=AT) == first
    assert press.typeset(sample, {"name": "李示例"}, at=AT) != first


def test_facts_are_text_and_never_run(sample: Path, tmp_path: Path) -> None:
    pdf = TypstPress(test=True).typeset(sample, {"name": "#panic()"}, at=AT)
    assert "收到#panic()一台手机" in words_of(pdf, tmp_path)


def test_a_test_notarys_documents_say_test_on_every_sheet(sample: Path, tmp_path: Path) -> None:
    sample.write_text(sample.read_text() + "#pagebreak()\n第二页\n#pagebreak()\n第三页\n")
    assert words_of(TypstPress(test=True).typeset(sample, {"name": "张"}, at=AT), tmp_path).count("TEST测试") == 3
    assert "TEST" not in words_of(TypstPress(test=False).typeset(sample, {"name": "张"}, at=AT), tmp_path)


def test_each_sheet_says_which_of_how_many_it_is(sample: Path, tmp_path: Path) -> None:
    sample.write_text(sample.read_text() + "#pagebreak()\n第二页\n")
    words = words_of(TypstPress(test=True).typeset(sample, {"name": "张"}, at=AT), tmp_path)
    assert "第1页/共2页" in words
    assert "第2页/共2页" in words


def test_a_rare_character_that_the_font_has_is_printed(sample: Path, tmp_path: Path) -> None:
    assert "喆" in words_of(TypstPress(test=True).typeset(sample, {"name": "陶喆"}, at=AT), tmp_path)


@pytest.mark.parametrize("name", ["\U00020021", "\U0001f600"])
def test_a_character_that_the_font_lacks_is_refused_by_name(sample: Path, name: str) -> None:
    with pytest.raises(BadInput) as refused:
        TypstPress(test=True).typeset(sample, {"borrower": {"name": f"张{name}"}, "name": "张"}, at=AT)
    assert refused.value.field == "borrower.name"
    assert f"U+{ord(name):04X}" in refused.value.sentence


def test_a_template_that_cannot_be_set_is_a_fault(sample: Path) -> None:
    with pytest.raises(Fault, match="cannot be set"):
        TypstPress(test=True).typeset(sample, {"nothing": "张"}, at=AT)


def test_the_font_has_every_character_of_every_template() -> None:
    found = sorted(SOURCE.rglob("*.typ"))
    assert found
    for template in found:
        text = re.sub(r"//.*", "", template.read_text("utf-8"))
        assert {char for char in text if ord(char) not in characters() and char != "\n"} == set(), template.name
