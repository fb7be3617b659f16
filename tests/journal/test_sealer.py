"""The sealer: committed records into one tree, whoever wrote them, in whatever order they committed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from holdfast.journal import (
    EMPTY_HEAD,
    append,
    append_batch,
    chain_ids,
    draw,
    next_chain_id,
    prove,
    read_chain,
    seal,
    signing_key,
    tree_size,
)
from holdfast.journal.keys import KEY_FILE
from holdfast.journal.recheck import recheck
from holdfast.journal.tree import root_of
from holdfast.kernel.errors import Fault, Unavailable
from tests.conftest import Urls
from tests.journal.journals import AT, CLERK, ON, drawn

LEAVES = "SELECT loan_id, seq, leaf_hash FROM tree_leaf ORDER BY position"


def write(db: Connection[Any], count: int = 3) -> int:
    """A new chain of `count` records; returns its number."""
    chain = next_chain_id(db)
    append(db, drawn(f"ln_{chain}", count, loan_id=chain))
    return chain


def roots(db: Connection[Any]) -> list[tuple[int, bytes]]:
    return db.execute("SELECT size, root FROM tree_head ORDER BY size").fetchall()


def test_what_is_appended_is_read_back_byte_for_byte(db: Connection[Any]) -> None:
    chain = next_chain_id(db)
    records = drawn("ln_example", 3, loan_id=chain, word='示例 "\\ {},\n\t')
    append(db, records)
    assert read_chain(db, chain) == records


def test_a_record_is_never_written_without_waiting_for_the_sealer(db: Connection[Any]) -> None:
    chain = write(db, 4)
    queued = db.execute("SELECT seq FROM seal_queue WHERE loan_id = %s ORDER BY queue_id", (chain,)).fetchall()
    assert queued == [(1,), (2,), (3,), (4,)]


def test_two_writers_cannot_write_the_same_line_of_a_chain(db: Connection[Any]) -> None:
    chain = write(db, 2)
    with pytest.raises(psycopg.errors.UniqueViolation), db.transaction():
        append(db, drawn("ln_example", 2, loan_id=chain)[1:])


def test_the_head_is_the_root_over_all_records_however_they_were_sealed(db: Connection[Any], tmp_path: Path) -> None:
    leaves: list[bytes] = []
    for count in (1, 2, 1, 5, 8, 1, 13):
        write(db, count)
        size = seal(db, tmp_path, AT)
        leaves = [row[2] for row in db.execute(LEAVES)]
        assert size == tree_size(db) == len(leaves)
        assert roots(db)[-1] == (size, root_of(leaves))
    assert recheck(db, signing_key(tmp_path, heads_exist=True).verifier).verdict == "ok"


def test_where_nothing_waits_nothing_is_signed(db: Connection[Any], tmp_path: Path) -> None:
    before = tree_size(db)
    assert seal(db, tmp_path, AT) == before
    assert not (tmp_path / KEY_FILE).exists()
    write(db)
    seal(db, tmp_path, AT)
    heads = roots(db)
    seal(db, tmp_path, AT)
    assert roots(db) == heads


def test_more_records_than_one_portion_are_sealed_under_one_head(
    db: Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.journal.sealer.CHUNK", 4)
    heads = len(roots(db))
    write(db, 11)
    seal(db, tmp_path, AT)
    assert len(roots(db)) == heads + 1
    assert roots(db)[-1][1] == root_of(row[2] for row in db.execute(LEAVES))


def test_a_million_lines_are_one_leaf_of_the_tree(db: Connection[Any], tmp_path: Path) -> None:
    size = tree_size(db)
    records = [drawn(f"ln_{chain}", 1, loan_id=chain)[0] for chain in chain_ids(db, 300)]
    batch = append_batch(db, records, on=ON, at=AT, by=CLERK, label="night of 2026-11-22")
    assert seal(db, tmp_path, AT) == size + 1
    assert batch.says() == {"label": "night of 2026-11-22", "lines": 300, "root": root_of(r.leaf_hash for r in records).hex()}
    assert read_chain(db, records[7].loan_id) == [records[7]]
    proof = prove(db, records[7].loan_id)
    assert (proof["records"], proof["sealed"], proof["size"]) == (1, 1, size + 1)


def test_a_tree_that_was_altered_is_not_signed_over(owner_db: Connection[Any], tmp_path: Path) -> None:
    write(owner_db, 4)
    seal(owner_db, tmp_path, AT)
    owner_db.execute("UPDATE tree_node SET hash = sha256('forged') WHERE level = (SELECT max(level) FROM tree_node)")
    write(owner_db, 1)
    with pytest.raises(Fault, match="does not lead to its newest head"):
        seal(owner_db, tmp_path, AT)


def test_a_tree_that_lost_a_node_is_not_signed_over(owner_db: Connection[Any], tmp_path: Path) -> None:
    write(owner_db, 4)
    seal(owner_db, tmp_path, AT)
    owner_db.execute("DELETE FROM tree_node")
    write(owner_db, 1)
    with pytest.raises(Fault, match="has lost its node"):
        seal(owner_db, tmp_path, AT)


def test_nothing_is_signed_with_another_key_or_without_one(db: Connection[Any], tmp_path: Path) -> None:
    write(db)
    seal(db, tmp_path / "keys", AT)
    write(db)
    with pytest.raises(Unavailable, match="put the folder of keys back"), db.transaction():
        seal(db, tmp_path / "empty", AT)
    signing_key(tmp_path / "others", heads_exist=False)
    with pytest.raises(Unavailable, match="put back the keys"), db.transaction():
        seal(db, tmp_path / "others", AT)
    assert seal(db, tmp_path / "keys", AT) >= 6


def test_a_queue_line_without_a_record_stops_the_sealer(owner_db: Connection[Any], tmp_path: Path) -> None:
    owner_db.execute("INSERT INTO seal_queue (loan_id, seq) VALUES (999999, 1)")
    with pytest.raises(Fault, match="does not exist"):
        seal(owner_db, tmp_path, AT)


def test_a_second_sealer_waits_for_the_first_and_goes_on_after_it(fresh_urls: Urls, tmp_path: Path) -> None:
    """Without the lock both would give out the same positions for different records."""
    with psycopg.connect(fresh_urls.app) as first, psycopg.connect(fresh_urls.app) as second, psycopg.connect(fresh_urls.app) as watch:
        write(first, 3)
        first.commit()
        assert seal(first, tmp_path, AT) == 3
        write(watch, 2)
        watch.commit()
        with ThreadPoolExecutor(1) as thread:
            sealing = thread.submit(seal, second, tmp_path, AT)
            while not watch.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", (second.info.backend_pid,)).fetchall():
                watch.commit()
                assert not sealing.done()
            first.commit()
            assert sealing.result() == 5


def test_many_writers_and_sealers_at_once_leave_one_gapless_tree(fresh_urls: Urls, tmp_path: Path) -> None:
    """Eight writers commit 400 records in transactions that overlap and sometimes roll back, while two sealers run."""
    writers, each = 8, 50
    done = threading.Event()

    def writer(number: int) -> None:
        with psycopg.connect(fresh_urls.app) as db:
            chain, head = next_chain_id(db), EMPTY_HEAD
            db.commit()
            for line in range(each):
                drawing = draw(head, loan_id=chain, chain=f"ln_{number}", kind="receipt.posted", on=ON, at=AT, by=CLERK, says={"n": line})
                append(db, [drawing[0]])
                if line % 7 == 3:
                    db.rollback()
                    append(db, [drawing[0]])
                head = drawing[1]
                db.commit()

    def sealer() -> None:
        with psycopg.connect(fresh_urls.app) as db:
            while not done.is_set():
                seal(db, tmp_path, datetime.now(UTC))
                db.commit()

    with ThreadPoolExecutor(writers + 2) as threads:
        sealing = [threads.submit(sealer) for _ in range(2)]
        writing = [threads.submit(writer, number) for number in range(writers)]
        try:
            for work in writing:
                work.result()
        finally:
            done.set()
        for work in sealing:
            work.result()
    with psycopg.connect(fresh_urls.app) as db:
        assert seal(db, tmp_path, AT) == writers * each
        rows = db.execute(LEAVES).fetchall()
        assert len({(row[0], row[1]) for row in rows}) == writers * each
        assert roots(db)[-1] == (writers * each, root_of(row[2] for row in rows))
        checks = recheck(db, signing_key(tmp_path, heads_exist=True).verifier).checks
        assert [check for check in checks if not check.ok] == []
