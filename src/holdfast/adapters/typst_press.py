"""The press: typst, with one font that is carried whole in the package.

Nothing of the machine is used: no system font, no network, no clock. The same facts at the same moment
give the same bytes.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst
from fontTools.ttLib import TTFont

from holdfast.kernel.errors import BadInput, Fault

_PACKAGE: Final = Path(__file__).resolve().parents[1]
FONT: Final = Path(__file__).resolve().parent / "fonts" / "NotoSansSC-Regular.ttf"
TEST_MARK: Final = "TEST 测试"
# Documents are kept for ten years and more: PDF/A-2b carries its font and colours in itself.
_STANDARD: Final = "a-2b"


class TypstPress:
    """A `Press`. `test` marks every sheet, because what signs the documents is trusted by nobody outside."""

    def __init__(self, *, test: bool) -> None:
        self._mark = TEST_MARK if test else ""

    def typeset(self, template: Path, facts: Mapping[str, Any], *, at: datetime) -> bytes:
        _refuse_missing(facts)
        inputs = {"facts": json.dumps(facts, ensure_ascii=False, allow_nan=False), "mark": self._mark}
        try:
            pdf, warnings = typst.compile_with_warnings(
                template, root=_PACKAGE, font_paths=_fonts(), ignore_system_fonts=True, format="pdf", sys_inputs=inputs,
                pdf_standards=_STANDARD, timestamp=int(at.timestamp()),
            )  # fmt: skip
        except typst.TypstError as error:
            raise Fault(f"the document {template.name} cannot be set: {error.message}", code="typeset") from error
        if warnings:
            raise Fault(f"the document {template.name} is set with a warning: {warnings[0].message}", code="typeset")
        return pdf


@lru_cache(maxsize=1)
def characters() -> frozenset[int]:
    """The code points that the font can show."""
    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT.parent)])


def _refuse_missing(facts: Mapping[str, Any]) -> None:
    for name, text in _texts(facts, ""):
        missing = sorted({char for char in text if ord(char) not in characters() and char != "\n"})
        if missing:
            named = ", ".join(f"{char} (U+{ord(char):04X} {unicodedata.name(char, 'without a name')})" for char in missing)
            raise BadInput(
                f"{name}: the font of our documents lacks {named}; write it otherwise, or have the document made by hand",
                code="character_missing", field=name, characters="".join(missing),
            )  # fmt: skip


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text in the facts with the path to it. A picture (a QR code as SVG) is none."""
    if isinstance(value, str):
        if not value.startswith("<svg"):
            yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{name}[{index}]")
