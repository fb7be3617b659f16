"""Documents: sealed on disk, named by a salted digest, told by their bytes and never by their name."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from holdfast import files
from holdfast.files.store import File
from holdfast.kernel.errors import BadInput, Fault, NotFound, Unavailable
from holdfast.kernel.places import data_folder, keys_folder
from holdfast.kernel.sealing import new_box
from tests.books import clock_on

Db = psycopg.Connection[Any]
CLOCK = clock_on(date(2026, 11, 23))
PDF = b"%PDF-1.7 \xe7\xa4\xba\xe4\xbe\x8b sample"


def keep(db: Db, data: bytes = PDF, name: str = "示例.pdf") -> File:
    return files.put(db, data, clock=CLOCK, name=name)


def test_a_file_comes_back_as_it_was_and_its_plain_bytes_are_nowhere_on_the_disk(db: Db) -> None:
    file = keep(db)
    again = files.get(db, file.public_id)
    assert files.read(again) == PDF
    assert (again.media_type, again.size, again.name) == ("application/pdf", len(PDF), "示例.pdf")
    stored = (data_folder() / "files" / file.stored_as).read_bytes()
    assert b"sample" not in stored


def test_the_same_bytes_twice_have_different_digests_so_that_nobody_can_tell(db: Db) -> None:
    assert keep(db).digest != keep(db).digest


def test_a_changed_byte_on_the_disk_is_a_fault(db: Db) -> None:
    file = keep(db)
    path = data_folder() / "files" / file.stored_as
    stored = bytearray(path.read_bytes())
    stored[-1] ^= 1
    path.write_bytes(bytes(stored))
    with pytest.raises(Fault, match="does not open"):
        files.read(file)


def test_bytes_that_are_gone_are_a_fault_that_names_the_file(db: Db) -> None:
    file = keep(db)
    (data_folder() / "files" / file.stored_as).unlink()
    with pytest.raises(Fault, match=file.public_id):
        files.read(file)


def test_a_file_of_one_person_does_not_open_under_another_key(db: Db) -> None:
    db.execute("INSERT INTO branch (public_id, code, name) VALUES ('br_f', 'F', '示例')")
    db.execute(
        "INSERT INTO party (public_id, kind, label, branch_id) SELECT 'pt_f', 'person', '张*', branch_id FROM branch WHERE code = 'F'"
    )
    row = db.execute("SELECT party_id FROM party WHERE public_id = 'pt_f'").fetchone()
    assert row is not None
    box = new_box()
    file = files.put(db, PDF, clock=CLOCK, name="a.pdf", box=box, party_id=row[0])
    assert files.read(file, box=box) == PDF
    with pytest.raises(Fault):
        files.read(file, box=new_box())
    with pytest.raises(Fault, match="another key"):
        files.read(file)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"PK\x03\x04....xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("金额,日期\n1.00,2026-11-23\n".encode("gb18030"), "text/plain"),
    ],
)
def test_the_kind_is_told_by_the_bytes(data: bytes, kind: str) -> None:
    assert files.media_type(data) == kind


@pytest.mark.parametrize(
    "data", [b"", b"MZ\x90\x00", b"<html>hello</html>", b"  <svg onload=x>", b"PK\x03\x04word/document.xml", b"\x7fELF"]
)
def test_programs_markup_and_nothing_at_all_are_not_taken_in(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        files.media_type(data)
    assert caught.value.field == "file"


def test_a_file_that_is_too_large_is_refused_by_its_size() -> None:
    with pytest.raises(BadInput, match="20,971,521"):
        files.media_type(b"%PDF-" + bytes(files.LARGEST_BYTES - 4))


def test_a_name_cannot_lead_out_of_its_folder(db: Db) -> None:
    assert keep(db, name="../../etc/示例.pdf").name == "示例.pdf"
    with pytest.raises(BadInput):
        keep(db, name="../")


def test_a_lost_master_key_is_said_and_never_replaced(db: Db) -> None:
    file = keep(db)
    key = keys_folder() / "master.key"
    kept = key.read_text()
    key.unlink()
    try:
        with pytest.raises(Unavailable, match=r"master\.key"):
            files.read(file)
        with pytest.raises(Unavailable, match=r"master\.key"):
            keep(db)
        assert not key.exists()
    finally:
        key.write_text(kept)


def test_an_unknown_file_is_not_found(db: Db) -> None:
    with pytest.raises(NotFound):
        files.get(db, "fl_none")
