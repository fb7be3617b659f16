"""Whatever is altered in the journal's tables behind the system's back, `journal verify` names it.

The owner's connection stands for somebody with the run of the database; triggers and keys are switched off where
they would refuse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from psycopg import Connection

from holdfast.journal import SigningKey, append, append_batch, chain_ids, give_head, seal, signing_key, tree_size
from holdfast.journal.checkpoint import Checkpoint
from holdfast.journal.recheck import recheck
from holdfast.journal.records import leaf_hash
from holdfast.journal.tree import root_of
from holdfast.journal.verify import Verdict
from tests.journal.journals import AT, CLERK, ON, PaperJournal, drawn

LINES: Final = 600

LOAN: Final = """
INSERT INTO loan (loan_id, public_id, branch_id, borrower_label, product_code, product_version, contract_no, currency, state,
                  principal_out, head_seq, head_hash, last_duty_no, pack_version, opened_on)
VALUES (%s, %s, 1, '示例', 'p', 1, 'c', 'CNY', 'settled', 0, %s, %s, 0, 'v', '2026-11-22')
"""


@pytest.fixture
def book(owner_db: Connection[Any], tmp_path: Path) -> Connection[Any]:
    """Chain 9001001 of six records of which the last waits, 9001002 of three, a night of 600 lines; a loan row for 9001001."""
    owner_db.execute("SET LOCAL session_replication_role = replica")
    ours, other = drawn("ln_9001001", 6, loan_id=9001001), drawn("ln_9001002", 3, loan_id=9001002)
    append(owner_db, ours[:2])
    seal(owner_db, tmp_path, AT)
    append(owner_db, [*other, *ours[2:5]])
    lines = [drawn(f"ln_{chain}", 1, loan_id=chain)[0] for chain in chain_ids(owner_db, LINES)]
    append_batch(owner_db, lines, on=ON, at=AT, by=CLERK, label="night")
    seal(owner_db, tmp_path, AT)
    append(owner_db, ours[5:])
    owner_db.execute(LOAN, (9001001, "ln_9001001", 6, ours[5].leaf_hash))
    return owner_db


def verdict(db: Connection[Any], keys: Path, outside: str | None = None) -> Verdict:
    return recheck(db, signing_key(keys, heads_exist=True).verifier, outside=outside)


def faults(db: Connection[Any], keys: Path, outside: str | None = None) -> dict[str, str]:
    return {check.name: check.where for check in verdict(db, keys, outside).checks if not check.ok}


def test_an_untouched_journal_is_ok_and_lists_the_missing_outside_view(book: Connection[Any], tmp_path: Path) -> None:
    result = verdict(book, tmp_path)
    assert result.as_json()["verdict"] == "ok"
    assert result.not_checked == ["outside anchor"]
    assert [check.name for check in result.checks] == ["records", "chains", "loan heads", "places", "batches", "tree", "heads"]


# What is done by SQL, and which checks must name it with which words.
ALTERED: Final = [
    (
        "UPDATE record SET body = replace(encode(body, 'escape'), '100.00', '900.00')::bytea WHERE loan_id = 9001001 AND seq = 2",
        {"records": "record 2 of ln_9001001"},
    ),
    ("UPDATE record SET kind = 'other' WHERE loan_id = 9001001 AND seq = 2", {"records": "record 2 of ln_9001001: its columns"}),
    ("UPDATE record SET on_date = on_date + 1 WHERE loan_id = 9001001 AND seq = 2", {"records": "record 2 of ln_9001001: its columns"}),
    (
        "UPDATE record SET recorded_at = recorded_at + interval '1 second' WHERE loan_id = 9001001 AND seq = 2",
        {"records": "record 2 of ln_9001001: its columns"},
    ),
    (
        "DELETE FROM record WHERE loan_id = 9001001 AND seq = 2",
        {"chains": "record 3 of ln_9001001: it follows record 1", "tree": "position 1"},
    ),
    (
        "DELETE FROM record WHERE loan_id = 9001001 AND seq = 1",
        {"chains": "record 2 of ln_9001001: it follows record 0", "tree": "position 0"},
    ),
    ("DELETE FROM record WHERE loan_id = 9001002 AND seq = 3", {"tree": "position 4"}),
    (
        "DELETE FROM record WHERE loan_id = 9001001 AND seq = 6",
        {"loan heads": "loan ln_9001001 names record 6 as its last, its chain ends at 5", "places": "queue"},
    ),
    ("DELETE FROM record WHERE loan_id = 9001001", {"loan heads": "loan ln_9001001 has no record", "tree": "position 0"}),
    (
        "UPDATE record SET seq = 9 WHERE loan_id = 9001001 AND seq = 6",
        {"chains": "record 9 of ln_9001001: it follows record 5", "records": "record 9"},
    ),
    (
        "UPDATE record SET loan_id = 9001001, seq = 7 WHERE loan_id = 9001002 AND seq = 3",
        {"chains": "record 7 of ln_9001001", "loan heads": "ends at 7"},
    ),
    ("DELETE FROM seal_queue", {"places": "record 6 of chain 9001001: neither sealed"}),
    ("INSERT INTO seal_queue (loan_id, seq) VALUES (9001001, 1)", {"places": "record 1 of chain 9001001: in 2 places"}),
    ("INSERT INTO seal_queue (loan_id, seq) VALUES (77, 1)", {"places": "the sealer's queue names 1 record not"}),
    ("UPDATE record SET batch_id = 5, batch_line = 0 WHERE loan_id = 9001001 AND seq = 6", {"places": "in 2 places", "batches": "batch 5"}),
    ("DELETE FROM record WHERE batch_line = 300", {"batches": "line 301 stands where line 300 belongs"}),
    ("DELETE FROM record WHERE batch_line = 599", {"batches": "its 599 lines do not"}),
    ("UPDATE record SET batch_line = 600 - batch_line WHERE batch_line IN (299, 301)", {"batches": "its 600 lines do not"}),
    ("UPDATE record SET batch_line = 600 WHERE batch_line = 599", {"batches": "line 600 stands"}),
    ("UPDATE batch_node SET hash = sha256('x') WHERE level = 8 AND number = 1", {"batches": "node 1 of level 8"}),
    ("DELETE FROM batch_node WHERE level = 9", {"batches": "node 0 of level 9"}),
    ("INSERT INTO batch_node SELECT batch_id, 8, 7, hash FROM batch_node LIMIT 1", {"batches": "no lines give"}),
    ("DELETE FROM record WHERE kind = 'batch.sealed'", {"batches": "there is no record of it", "tree": "other bytes"}),
    ("UPDATE tree_leaf SET leaf_hash = sha256('x') WHERE position = 3", {"tree": "position 3", "heads": "root"}),
    ("UPDATE tree_leaf SET loan_id = 9001001, seq = 6 WHERE position = 3", {"tree": "position 3", "places": "record 2 of chain 9001002"}),
    ("DELETE FROM tree_leaf WHERE position = 3", {"tree": "position 4 stands where position 3", "places": "record 2 of chain 9001002"}),
    ("DELETE FROM tree_leaf WHERE position = 8", {"heads": "a head of 9 records over a tree of 8"}),
    ("UPDATE tree_node SET hash = sha256('x') WHERE level = 1 AND number = 1", {"tree": "node 1 of level 1"}),
    ("DELETE FROM tree_node WHERE level = 1 AND number = 1", {"tree": "node 1 of level 1"}),
    ("INSERT INTO tree_node VALUES (1, 900, sha256('x'))", {"tree": "no leaves give"}),
    ("UPDATE tree_head SET root = sha256('x') WHERE size = 2", {"heads": "head of 2: its root"}),
    ("UPDATE tree_head SET size = 3 WHERE size = 2", {"heads": "head of 3"}),
    ("UPDATE tree_head SET checkpoint = replace(checkpoint, 'holdfast', 'holdfasT')", {"heads": "signed by"}),
    ("UPDATE tree_head SET checkpoint = 'junk' WHERE size = 2", {"heads": "head of 2: not a signed note"}),
    (
        "UPDATE tree_head a SET checkpoint = b.checkpoint FROM tree_head b WHERE a.size = 2 AND b.size = 9",
        {"heads": "head of 2: what is signed"},
    ),
    ("DELETE FROM tree_head WHERE size = 9", {"heads": "the tree's 9 records are under no head"}),
    ("UPDATE loan SET head_seq = 5", {"loan heads": "loan ln_9001001 names record 5 as its last, its chain ends at 6"}),
    ("UPDATE loan SET head_hash = sha256('x')", {"loan heads": "with other bytes"}),
    ("UPDATE loan SET public_id = 'ln_9999'", {"chains": "its bytes belong to ln_9001001"}),
]


@pytest.mark.parametrize(("statement", "named"), ALTERED, ids=[statement[:60] for statement, _ in ALTERED])
def test_every_alteration_is_named(book: Connection[Any], tmp_path: Path, statement: str, named: dict[str, str]) -> None:
    # The table itself refuses bytes that do not give their hash; somebody with the run of the database removes that first.
    book.execute("ALTER TABLE record DROP CONSTRAINT record_check")
    assert book.execute(statement.encode()).rowcount > 0
    found = faults(book, tmp_path)
    for name, words in named.items():
        assert words in found[name], found


def test_the_last_chain_of_the_book_is_compared_with_its_loan_too(book: Connection[Any], tmp_path: Path) -> None:
    append(book, drawn("ln_last", 2, loan_id=9002000))
    book.execute(LOAN, (9002000, "ln_last", 1, bytes(32)))
    assert faults(book, tmp_path)["loan heads"] == "loan ln_last names record 1 as its last, its chain ends at 2"


def test_a_record_rewritten_alone_is_betrayed_by_the_record_after_it(book: Connection[Any], tmp_path: Path) -> None:
    forged = drawn("ln_9001002", 3, loan_id=9001002, word="900.00")[0]
    book.execute("UPDATE record SET body = %s, leaf_hash = %s WHERE loan_id = 9001002 AND seq = 1", (forged.body, forged.leaf_hash))
    assert faults(book, tmp_path)["chains"] == "record 2 of chain 9001002: it does not follow the bytes of the record before it"


def test_a_record_rewritten_with_its_hash_chain_and_leaf_is_betrayed_by_the_signed_heads(book: Connection[Any], tmp_path: Path) -> None:
    forged = drawn("ln_9001002", 3, loan_id=9001002, word="900.00")
    for record in forged:
        book.execute(
            "UPDATE record SET body = %s, leaf_hash = %s WHERE loan_id = 9001002 AND seq = %s", (record.body, record.leaf_hash, record.seq)
        )
        book.execute("UPDATE tree_leaf SET leaf_hash = %s WHERE loan_id = 9001002 AND seq = %s", (record.leaf_hash, record.seq))
    found = faults(book, tmp_path)
    assert found["heads"].startswith("head of 9: its root is not what its leaves give")
    assert found["tree"].startswith("node 1 of level 1")


def test_a_journal_rewritten_and_signed_anew_is_betrayed_by_a_head_from_outside(book: Connection[Any], tmp_path: Path) -> None:
    kept = give_head(book, tmp_path, AT, holder="auditor")
    size = tree_size(book)
    forge(book, tmp_path)
    assert verdict(book, tmp_path).as_json()["verdict"] == "ok"
    assert faults(book, tmp_path, kept) == {
        "outside head": f"two different journals of {size} records: what was kept outside is not what is stored"
    }


def forge(db: Connection[Any], keys: Path) -> None:
    """All that an operator with the signing key can do: other records, and a whole tree and heads over them."""
    for record in drawn("ln_9001002", 3, loan_id=9001002, word="900.00"):
        db.execute(
            "UPDATE record SET body = %s, leaf_hash = %s WHERE loan_id = 9001002 AND seq = %s", (record.body, record.leaf_hash, record.seq)
        )
    rows = db.execute("SELECT loan_id, seq FROM tree_leaf ORDER BY position").fetchall()
    for table in ("tree_leaf", "tree_node", "head_copy", "tree_head", "seal_queue"):
        db.execute(f"DELETE FROM {table}".encode())
    for row in rows:
        db.execute("INSERT INTO seal_queue (loan_id, seq) VALUES (%s, %s)", row)
    seal(db, keys, AT)


def test_a_journal_that_lost_its_end_is_betrayed_by_a_head_from_outside(book: Connection[Any], tmp_path: Path) -> None:
    key = signing_key(tmp_path, heads_exist=True)
    longer = key.sign(Checkpoint(key.name, 500, bytes(32)).text())
    assert faults(book, tmp_path, longer)["outside head"] == "the outside head holds 500 records, the journal only 9: records are gone"


def test_an_outside_head_that_fits_is_the_outside_view_up_to_its_size(book: Connection[Any], tmp_path: Path) -> None:
    kept = give_head(book, tmp_path, AT, holder="auditor")
    assert verdict(book, tmp_path, kept).not_checked == []
    append(book, drawn("ln_9001003", 2, loan_id=9001003))
    seal(book, tmp_path, AT)
    result = verdict(book, tmp_path, kept)
    assert result.as_json()["verdict"] == "ok"
    assert result.not_checked == ["outside anchor of what came after the outside head: 2 records"]


def test_a_strangers_head_is_refused(book: Connection[Any], tmp_path: Path) -> None:
    strange = PaperJournal(SigningKey.new("holdfast/stranger")).seal(drawn("ln_example", 2))
    assert "not by the key" in faults(book, tmp_path, strange)["outside head"]


def test_the_table_itself_refuses_bytes_that_do_not_give_their_hash(book: Connection[Any]) -> None:
    import psycopg

    with pytest.raises(psycopg.errors.CheckViolation):
        book.execute("UPDATE record SET body = 'x' WHERE loan_id = 9001001 AND seq = 2")


def test_the_fixture_is_what_it_says(book: Connection[Any]) -> None:
    rows = book.execute("SELECT leaf_hash FROM tree_leaf ORDER BY position").fetchall()
    heads = book.execute("SELECT size, root FROM tree_head ORDER BY size").fetchall()
    assert heads == [(2, root_of(row[0] for row in rows[:2])), (9, root_of(row[0] for row in rows))]
    bodies = book.execute("SELECT body, leaf_hash FROM record").fetchall()
    assert all(leaf_hash(body) == leaf for body, leaf in bodies)
