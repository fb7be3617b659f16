"""A loan's bundle out of the database: the verifier accepts it, whatever way its records were sealed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

import holdfast
from holdfast.journal import (
    EMPTY_HEAD,
    append,
    append_batch,
    chain_ids,
    chain_named,
    draw,
    export,
    give_head,
    next_chain_id,
    prove,
    seal,
    signing_key,
)
from holdfast.journal.note import BadNote, SigningKey
from holdfast.journal.verify import INCOMPLETE, OK, verify_bundle
from holdfast.kernel.errors import NotFound, Refusal
from tests.journal.journals import AT, CLERK, ON, PaperJournal, drawn

LINES = 700  # two whole blocks of stored subtrees and an unfinished third


def key_of(keys: Path) -> str:
    return signing_key(keys, heads_exist=True).verifier.text()


def loan(db: Connection[Any], count: int) -> int:
    chain = next_chain_id(db)
    append(db, drawn(f"ln_{chain}", count, loan_id=chain))
    return chain


def test_a_loans_bundle_holds_all_its_records_and_is_ok_with_key_and_head_from_outside(db: Connection[Any], tmp_path: Path) -> None:
    ours, other = loan(db, 5), loan(db, 8)
    seal(db, tmp_path, AT)
    append(db, drawn(f"ln_{other}", 9, loan_id=other)[8:])
    head = give_head(db, tmp_path, AT, holder="auditor")
    data = export(db, tmp_path, ours, AT)
    assert len(json.loads(data)["records"]) == 5
    assert verify_bundle(data, key=key_of(tmp_path), head=head).verdict == OK
    assert verify_bundle(data, key=key_of(tmp_path), head=None).verdict == INCOMPLETE


def test_what_waits_for_the_sealer_is_in_the_bundle_too(db: Connection[Any], tmp_path: Path) -> None:
    ours = loan(db, 3)
    assert prove(db, ours)["sealed"] == 0
    assert len(json.loads(export(db, tmp_path, ours, AT))["records"]) == 3
    assert prove(db, ours)["sealed"] == 3


@pytest.mark.parametrize("line", [0, 1, 255, 256, 300, 511, 512, 600, 698, 699])
def test_one_line_of_a_night_is_proved_alone(db: Connection[Any], tmp_path: Path, line: int) -> None:
    chains = chain_ids(db, LINES)
    born = {chain: drawn(f"ln_{chain}", 1, loan_id=chain)[0] for chain in chains}
    append(db, list(born.values()))
    due = [
        draw(born[chain].head, loan_id=chain, chain=f"ln_{chain}", kind="instalment.due", on=ON, at=AT, by=CLERK, says={})[0]
        for chain in chains
    ]
    append_batch(db, due, on=ON, at=AT, by=CLERK, label="night")
    data = export(db, tmp_path, chains[line], AT)
    verdict = verify_bundle(data, key=key_of(tmp_path), head=give_head(db, tmp_path, AT, holder="auditor"))
    assert verdict.as_json()["verdict"] == OK
    assert json.loads(data)["records"][1]["line"] == line
    assert f"ln_{chains[line - 1]}" not in data.decode()


def test_lines_of_two_nights_and_single_records_stand_in_one_bundle(db: Connection[Any], tmp_path: Path) -> None:
    chain = next_chain_id(db)
    records = drawn(f"ln_{chain}", 5, loan_id=chain)
    append(db, records[:1])
    append_batch(db, records[1:2], on=ON, at=AT, by=CLERK, label="first night")
    append(db, records[2:3])
    append_batch(db, records[3:], on=ON, at=AT, by=CLERK, label="second night, both lines of one loan")
    head = give_head(db, tmp_path, AT, holder="auditor")
    assert verify_bundle(export(db, tmp_path, chain, AT), key=key_of(tmp_path), head=head).verdict == OK


def test_any_head_that_left_the_house_still_fits_later_bundles(db: Connection[Any], tmp_path: Path) -> None:
    ours = loan(db, 2)
    heads = []
    for _ in range(6):
        heads.append(give_head(db, tmp_path, AT, holder="auditor"))
        loan(db, 3)
    data = export(db, tmp_path, ours, AT)
    for head in heads:
        assert verify_bundle(data, key=key_of(tmp_path), head=head).verdict == OK


def test_a_head_that_left_unnoticed_is_built_on_when_it_is_shown(db: Connection[Any], tmp_path: Path) -> None:
    ours = loan(db, 2)
    seal(db, tmp_path, AT)
    unnoticed = db.execute("SELECT checkpoint FROM tree_head ORDER BY size DESC LIMIT 1").fetchall()[0][0]
    loan(db, 3)
    assert verify_bundle(export(db, tmp_path, ours, AT), key=key_of(tmp_path), head=unnoticed).verdict == INCOMPLETE
    assert verify_bundle(export(db, tmp_path, ours, AT, head=unnoticed), key=key_of(tmp_path), head=unnoticed).verdict == OK


def test_a_bundle_is_not_built_on_a_strangers_head(db: Connection[Any], tmp_path: Path) -> None:
    ours = loan(db, 2)
    seal(db, tmp_path, AT)
    own = signing_key(tmp_path, heads_exist=True)
    with pytest.raises(BadNote):
        export(db, tmp_path, ours, AT, head=PaperJournal(SigningKey.new("holdfast/stranger")).seal(drawn("ln_example", 1)))
    with pytest.raises(Refusal, match="not one of this journal"):
        export(db, tmp_path, ours, AT, head=PaperJournal(own).seal(drawn("ln_example", 1)))


def test_the_same_bundle_twice_is_the_same_bytes(db: Connection[Any], tmp_path: Path) -> None:
    ours = loan(db, 3)
    assert export(db, tmp_path, ours, AT) == export(db, tmp_path, ours, AT)


def test_there_is_no_bundle_of_a_loan_that_does_not_exist(db: Connection[Any], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ln_nobody"):
        chain_named(db, "ln_nobody")
    with pytest.raises(NotFound):
        export(db, tmp_path, 999_999_999, AT)


def test_an_empty_journal_has_no_head_to_give(committed_db: Connection[Any], tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no records yet"):
        give_head(committed_db, tmp_path, AT, holder="auditor")
    assert prove(committed_db, 1) == {"records": 0, "sealed": 0, "size": 0, "root": None, "signed_at": None}


def test_a_first_record_makes_a_tree_of_one(committed_db: Connection[Any], tmp_path: Path) -> None:
    record, _ = draw(EMPTY_HEAD, loan_id=1, chain="ln_example", kind="loan.born", on=ON, at=AT, by=CLERK, says={})
    append(committed_db, [record])
    data = export(committed_db, tmp_path, 1, AT)
    head = give_head(committed_db, tmp_path, AT, holder="auditor")
    assert verify_bundle(data, key=key_of(tmp_path), head=head).verdict == OK
    assert prove(committed_db, 1)["root"] == record.leaf_hash.hex()


def test_the_verifier_runs_where_there_is_no_database_driver_and_no_web() -> None:
    code = (
        "import sys\n"
        "for name in ('psycopg', 'django', 'ninja', 'numpy'): sys.modules[name] = None\n"
        "from holdfast.journal.verify import verify_bundle\n"
        "print(verify_bundle(b'', key=None, head=None).verdict)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(holdfast.__file__).parents[1])},
    )
    assert (ran.stdout, ran.stderr) == ("broken\n", "")
