"""Heads and keys are written in the public C2SP forms, and read back only if every character is as it must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.journal import SigningKey, signing_key, verifier_key
from holdfast.journal.checkpoint import Checkpoint, checkpoint_of
from holdfast.journal.keys import KEY_FILE
from holdfast.journal.note import BadNote, signing_key_of
from holdfast.kernel.errors import Unavailable

# Source: golang.org/x/mod/sumdb/note, the example in its documentation.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_another_program_is_read_and_written_byte_for_byte() -> None:
    key = verifier_key(GO_KEY)
    assert key.text() == GO_KEY
    text = key.opens(GO_NOTE)
    assert signing_key_of(GO_SECRET).sign(text) == GO_NOTE
    assert signing_key_of(GO_SECRET).secret_text() == GO_SECRET


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    key = SigningKey.new("holdfast/example")
    head = Checkpoint("holdfast/example", 12, bytes(32))
    note = key.sign(head.text())
    assert note.startswith("holdfast/example\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— holdfast/example ")
    assert checkpoint_of(note) == head
    assert key.verifier.opens(note) == head.text()


def test_no_character_of_a_signed_head_can_be_changed() -> None:
    key = SigningKey.new("holdfast/example")
    note = key.sign(Checkpoint("holdfast/example", 12, bytes(range(32))).text())
    for place, character in enumerate(note):
        for other in (chr(ord(character) ^ 1), chr(ord(character) ^ 2), "A", ""):
            if other != character:
                with pytest.raises(BadNote):
                    key.verifier.opens(note[:place] + other + note[place + 1 :])


def test_no_character_of_a_key_can_be_changed() -> None:
    for place, character in enumerate(GO_KEY):
        for other in (chr(ord(character) ^ 1), chr(ord(character) ^ 4)):
            with pytest.raises(BadNote):
                verifier_key(GO_KEY[:place] + other + GO_KEY[place + 1 :])


@pytest.mark.parametrize("size", ["-1", "01", "1.0", "", "١", "9" * 30])
def test_a_size_has_one_spelling(size: str) -> None:
    note = SigningKey.new("x").sign(f"x\n{size or ' '}\n{'A' * 43}=\n")
    with pytest.raises(BadNote):
        checkpoint_of(note)


def test_a_second_signature_by_a_witness_does_not_spoil_a_note() -> None:
    ours, witness = SigningKey.new("holdfast/example"), SigningKey.new("witness")
    text = Checkpoint("holdfast/example", 1, bytes(32)).text()
    both = ours.sign(text) + witness.sign(text).split("\n\n")[1]
    assert ours.verifier.opens(both) == text
    assert witness.verifier.opens(both) == text


def test_a_signing_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    key = signing_key(folder, heads_exist=False)
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]
    assert signing_key(folder, heads_exist=True) == key


def test_no_new_key_is_made_where_heads_were_signed_with_another(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="put the folder of keys back"):
        signing_key(tmp_path, heads_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    signing_key(tmp_path, heads_exist=False)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        signing_key(tmp_path, heads_exist=True)


def test_a_damaged_key_is_named_without_being_shown(tmp_path: Path) -> None:
    signing_key(tmp_path, heads_exist=False)
    path = tmp_path / KEY_FILE
    secret = path.read_text()
    path.write_text(secret[:-6] + "\n")
    with pytest.raises(Unavailable, match="damaged") as error:
        signing_key(tmp_path, heads_exist=True)
    assert secret[40:60] not in str(error.value)


def test_a_signing_key_does_not_show_itself() -> None:
    key = SigningKey.new("holdfast/example")
    assert key.secret_text() not in repr(key)
    assert key.seed.hex() not in repr(key)
