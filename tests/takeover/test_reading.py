"""Reading: every record under the line on which it begins, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import BadInput
from holdfast.takeover.reading import BadRow, Row, opened, rows, survey

NEEDED = {"a", "b"}


def read(path: Path, needed: set[str] = NEEDED) -> list[Row | BadRow]:
    with opened(path, survey(path).encoding) as file:
        return list(rows(file, needed))


def refused(path: Path) -> BadRow:
    found = [row for row in read(path) if isinstance(row, BadRow)]
    assert len(found) == 1
    return found[0]


Write = Callable[[bytes], Path]


def test_the_header_is_line_1_and_each_row_has_its_line(write_tape: Write) -> None:
    assert read(write_tape(b"a,b\n1,2\n3,4\n")) == [Row(2, {"a": "1", "b": "2"}), Row(3, {"a": "3", "b": "4"})]


def test_a_row_with_a_line_break_in_quotes_is_named_by_its_first_line(write_tape: Write) -> None:
    found = read(write_tape(b'a,b\n"1\nand\nmore",2\n3,4\n'))
    assert [row.line for row in found] == [2, 5]
    assert isinstance(found[0], Row)
    assert found[0].cells["a"] == "1\nand\nmore"


def test_an_empty_line_is_no_row_but_is_counted(write_tape: Write) -> None:
    assert [row.line for row in read(write_tape(b"a,b\n\n1,2\n\n"))] == [3]


def test_a_byte_order_mark_is_not_part_of_the_first_column(write_tape: Write) -> None:
    assert read(write_tape(b"\xef\xbb\xbfa,b\n1,2\n")) == [Row(2, {"a": "1", "b": "2"})]


def test_lines_may_end_as_on_any_system(write_tape: Write) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        assert [row.line for row in read(write_tape(b"a,b" + end + b"1,2" + end + b"3,4"))] == [2, 3]


def test_a_file_that_is_not_utf_8_is_read_as_gb18030(write_tape: Write) -> None:
    path = write_tape("a,b\n张三,2\n".encode("gb18030"))
    assert survey(path).encoding == "gb18030"
    assert read(path) == [Row(2, {"a": "张三", "b": "2"})]


def test_a_byte_that_is_text_in_no_encoding_costs_only_its_row(write_tape: Write) -> None:
    found = refused(write_tape(b"a,b\n1,2\n3,\xff\n5,6\n"))
    assert (found.line, found.cells[0].column, found.cells[0].value) == (3, "b", "\\udcff")


def test_a_nul_byte_is_refused_by_row_and_column(write_tape: Write) -> None:
    found = refused(write_tape(b"a,b\n1,2\n\x003,4\n"))
    assert (found.line, found.cells[0].column, found.cells[0].value) == (3, "a", "\\x003")


def test_a_row_with_a_field_too_few_names_the_column_that_is_missing(write_tape: Write) -> None:
    found = refused(write_tape(b"a,b\n1\n3,4\n"))
    assert (found.line, found.cells[0].column) == (2, "b")


def test_a_row_with_a_field_too_many_is_refused(write_tape: Write) -> None:
    assert refused(write_tape(b"a,b\n1,2,3\n")).cells[0].reason == "the row has 3 fields, the header names 2 columns"


def test_a_quote_that_is_never_closed_costs_its_own_line_only(write_tape: Write) -> None:
    found = read(write_tape(b'a,b\n"1,2\n3,4\n5,6\n'))
    assert [(row.line, isinstance(row, Row)) for row in found] == [(2, False), (3, True), (4, True)]


def test_an_open_quote_does_not_swallow_the_rows_up_to_the_next_quote(write_tape: Write) -> None:
    found = read(write_tape(b'a,b\n"1,2\n3,4\n"5",6\n'))
    assert [(row.line, isinstance(row, Row)) for row in found] == [(2, False), (3, True), (4, True)]


def test_a_column_that_the_map_reads_must_be_in_the_header(write_tape: Write) -> None:
    with pytest.raises(BadInput, match="line 1 lacks the column b") as error:
        read(write_tape(b"a,c\n1,2\n"))
    assert (error.value.code, error.value.field) == ("missing_column", "b")


def test_a_column_may_not_be_named_twice(write_tape: Write) -> None:
    with pytest.raises(BadInput, match="names the column 'a' more than once"):
        read(write_tape(b"a,b,a\n1,2,3\n"))


def test_an_empty_file_is_refused(write_tape: Write) -> None:
    with pytest.raises(BadInput, match="the tape is empty"):
        read(write_tape(b""))


@pytest.mark.parametrize(("data", "words"), [("a,b\n1,2\n".encode("utf-16"), "UTF-16"), (b"PK\x03\x04rest", "spreadsheet")])
def test_what_is_not_csv_is_said_in_plain_words(write_tape: Write, data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        survey(write_tape(data))


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.csv cannot be read"):
        survey(tmp_path / "nowhere.csv")


@given(st.binary(max_size=400) | st.text('ab,"\n\r1\0\ufeff张', max_size=200).map(lambda text: ("a,b\n" + text).encode()))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tape.csv"
        path.write_bytes(data)
        try:
            found = read(path)
        except BadInput:
            return
    lines = [row.line for row in found]
    assert lines == sorted(set(lines)) and all(line >= 2 for line in lines)
    for row in found:
        if isinstance(row, BadRow):
            assert row.cells and all(cell.value.isprintable() and cell.reason for cell in row.cells)
