"""The bundle's format is a promise: a file made today must be read in ten years, and by other programs than ours.

`tests/vectors/journal` holds a bundle, its key and its head. Change the format only under a new name of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from holdfast.journal import SigningKey
from holdfast.journal.verify import OK, verify_bundle
from tests.journal.journals import PaperJournal, batch_record, drawn

FOLDER: Final = Path(__file__).parents[1] / "vectors" / "journal"
# A key that everybody knows; it signs nothing but this example.
KEY: Final = SigningKey("holdfast/example", bytes(range(32)))


def example() -> tuple[bytes, str]:
    """A loan of four records, the third in a batch of three lines, under the second head of a journal."""
    journal, ours = PaperJournal(KEY), drawn("ln_example", 4, word="示例 100.00")
    lines = [*drawn("ln_second", 1, loan_id=2), ours[2], *drawn("ln_third", 1, loan_id=3)]
    batch = batch_record(lines)
    journal.seal([ours[0], *drawn("ln_fourth", 2, loan_id=4)])
    head = journal.seal([ours[1], batch, *drawn("ln_fifth", 3, loan_id=5), ours[3]])
    return journal.bundle("ln_example", ours, batch=batch, lines=lines).data(), head


def test_the_bundle_of_the_repository_is_written_byte_for_byte() -> None:
    data, head = example()
    assert (FOLDER / "bundle.json").read_bytes() == data
    assert (FOLDER / "head.txt").read_text("utf-8") == head
    assert (FOLDER / "key.txt").read_text("utf-8") == KEY.verifier.text() + "\n"


def test_the_bundle_of_the_repository_is_read() -> None:
    key, head = (FOLDER / "key.txt").read_text("utf-8"), (FOLDER / "head.txt").read_text("utf-8")
    assert verify_bundle((FOLDER / "bundle.json").read_bytes(), key=key, head=head).verdict == OK
