"""Reading a tape: a CSV file as lines that can be pointed at, one at a time.

Whatever the bytes are, each record comes out once under the number of the line on which it
begins (the header is line 1), either as a row or with the reason why it is not one. A broken
record costs itself and never its neighbours.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from holdfast.kernel.errors import BadInput
from holdfast.takeover.cells import shown

_BLOCK: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 17
# A quote that is never closed is searched for its end only so far, so that a broken file costs linear time.
_MOST_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the bytes says: SHA-256 of the file, its encoding, and how many lines it has."""

    digest: str
    encoding: str
    lines: int


@dataclass(frozen=True, slots=True)
class Row:
    """A record of the tape under its columns' names."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong in one column of a record; the column is empty where the record as a whole is wrong."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be taken over, with all that is wrong in it (never empty)."""

    line: int
    cells: tuple[BadCell, ...]


def survey(path: Path) -> Survey:
    """Digest, encoding and length of the file; BadInput if it cannot be read or is a spreadsheet or UTF-16.

    The encoding is UTF-8 if all bytes are, else GB18030 if all are. If neither holds, it is
    UTF-8 with some broken bytes; the rows that hold them are refused one by one.
    """
    sha = hashlib.sha256()
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}
    lines, head, last = 0, b"", b""
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                head = head or block[:4]
                sha.update(block)
                lines += block.count(b"\n")
                last = block[-1:]
                for name in list(decoders):
                    if not _decodes(decoders[name], block):
                        del decoders[name]
    except OSError as error:
        raise BadInput(f"the tape {path.name} cannot be read: {error.strerror}", field="file") from None
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadInput("the tape is UTF-16; save it as CSV in UTF-8 or GB18030", field="file", code="not_text")
    if head.startswith(b"PK\x03\x04"):
        raise BadInput("the tape is a spreadsheet or an archive; save its sheet as CSV in UTF-8 or GB18030", field="file", code="not_text")
    whole = [name for name, decoder in decoders.items() if _decodes(decoder, b"", final=True)]
    encoding = "gb18030" if whole == ["gb18030"] and not head.startswith(codecs.BOM_UTF8) else "utf-8"
    return Survey(sha.hexdigest(), encoding, lines + (last not in (b"", b"\n")))


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """The file as text; bytes that do not decode stay visible as surrogates."""
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="surrogateescape", newline="") as file:
        yield file


def rows(file: TextIO, needed: set[str]) -> Iterator[Row | BadRow]:
    """Each record after the header; BadInput if the header lacks a `needed` column or names one twice.

    Columns that nobody needs are read along: they are part of what identifies a row.
    """
    records = _records(file)
    header = _header(next(records, None), needed)
    for record in records:
        if isinstance(record, BadRow):
            yield record
        elif len(record.fields) == 1 and not record.fields[0]:
            continue  # an empty line is no row
        else:
            yield _row(record, header)


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    fields: list[str]
    span: int


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _records(file: TextIO) -> Iterator[_Record | BadRow]:
    """Records with the line each begins on. A quote left open ends with its own line, and reading goes on with the next."""
    ahead: deque[str] = deque()
    line, width = 1, 0
    while True:
        taken: list[str] = []
        try:
            fields = next(csv.reader(_feed(file, ahead, taken), strict=True), None)
            broken = ""
        except csv.Error as error:
            fields, broken = [], f"this is not CSV: {error}"
        if not taken:
            return
        if width and len(taken) > 1 and (broken or fields is None or len(fields) != width):
            ahead.extendleft(reversed(taken[1:]))
            broken, taken = "a quotation mark that opens on this line is not closed in its column", taken[:1]
        if broken:
            yield BadRow(line, (BadCell("", shown(taken[0].rstrip("\r\n")), broken),))
        else:
            width = width or len(fields or ())
            yield _Record(line, fields or [""], len(taken))
        line += len(taken)


def _feed(file: TextIO, ahead: deque[str], taken: list[str]) -> Iterator[str]:
    while len(taken) < _MOST_LINES:
        text = ahead.popleft() if ahead else file.readline(_LONGEST_LINE)
        if not text:
            return
        taken.append(text)
        yield text


def _header(record: _Record | BadRow | None, needed: set[str]) -> list[str]:
    if record is None:
        raise BadInput("the tape is empty; its first line must name the columns", field="file", code="empty")
    if isinstance(record, BadRow):
        raise BadInput(f"line 1 must name the columns, but {record.cells[0].reason}", field="file", code="bad_header")
    names = [name.strip() for name in record.fields]
    if unreadable := next((name for name in names if _unreadable(name)), None):
        raise BadInput(f"line 1: the column name {shown(unreadable)!r} is not text", field="file", code="bad_header")
    if missing := sorted(needed - set(names)):
        raise BadInput(
            f"line 1 lacks the column {', '.join(missing)} that the map reads; is this the right map for the file?",
            field=missing[0],
            code="missing_column",
        )
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise BadInput(f"line 1 names the column {shown(twice[0])!r} more than once", field=shown(twice[0]), code="column_twice")
    return names


def _row(record: _Record, header: list[str]) -> Row | BadRow:
    fields = record.fields
    if len(fields) != len(header):
        column = header[len(fields)] if len(fields) < len(header) else ""
        first = shown(",".join(fields))
        return BadRow(record.line, (BadCell(column, first, f"the row has {len(fields)} fields, the header names {len(header)} columns"),))
    bad = [BadCell(name, shown(text), reason) for name, text in zip(header, fields, strict=True) if (reason := _unreadable(text))]
    if bad:
        return BadRow(record.line, tuple(bad))
    return Row(record.line, dict(zip(header, fields, strict=True)))


def _unreadable(text: str) -> str:
    if "\0" in text:
        return "the field holds a NUL byte"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "the field holds bytes that are not text in the file's encoding"
    return ""
