"""`holdfast journal`: an auditor's day, from the key to the verdict, with the exit codes that other programs rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from holdfast.cli.main import main
from holdfast.journal import append, verifier_key
from tests.conftest import Urls
from tests.journal.journals import drawn


class Ran(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ran]


@pytest.fixture
def run(fresh_urls: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `holdfast journal ...` on a fresh book with two loans, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    with psycopg.connect(fresh_urls.app) as db:
        append(db, drawn("ln_one", 3, loan_id=1))
        append(db, drawn("ln_two", 2, loan_id=2))
        for number, name in ((1, "ln_one"), (2, "ln_two")):
            db.execute("INSERT INTO loan_registry (kind, key, loan_id) VALUES ('public_id', %s, %s)", (name, number))
        db.execute("INSERT INTO loan_registry (kind, key, loan_id) VALUES ('contract_no', 'HT-1', 1)")

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(["journal", *arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


def answer(ran: Ran) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return value


def test_an_auditors_day(run: Run, tmp_path: Path) -> None:
    key = run("key")
    assert key.returncode == 0, key.stderr
    assert verifier_key(key.stdout).text() == key.stdout.strip()
    (tmp_path / "key").write_text(key.stdout)
    assert run("head", "head").returncode == 0
    assert (tmp_path / "head").read_text().splitlines()[1] == "5"
    assert run("export", "ln_one", "bundle").returncode == 0
    assert run("export", "HT-1", "same", "--head", "head").returncode == 0
    assert (tmp_path / "same").read_bytes() == (tmp_path / "bundle").read_bytes()

    good = run("verify", "bundle", "--key", "key", "--head", "head", "--json")
    assert (good.returncode, answer(good)["verdict"], answer(good)["not_checked"]) == (0, "ok", [])
    alone = run("verify", "bundle", "--json")
    assert (alone.returncode, answer(alone)["verdict"]) == (1, "incomplete")
    spoiled = (tmp_path / "bundle").read_text().replace("100.00", "900.00")
    (tmp_path / "spoiled").write_text(spoiled)
    broken = run("verify", "spoiled", "--key", "key", "--head", "head")
    assert broken.returncode == 1
    assert "BROKEN  records: record 1: its bytes do not lead to the signed root from position 0" in broken.stdout
    assert broken.stdout.endswith("verdict: broken\n")

    whole = run("verify", "--json")
    # These two loans have chains but no loan rows, which is not the journal's to refuse.
    assert (whole.returncode, answer(whole)["verdict"], answer(whole)["not_checked"]) == (0, "ok", ["outside anchor"])
    assert answer(run("verify", "--key", "key", "--head", "head", "--json"))["not_checked"] == []


def test_what_cannot_be_read_or_found_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    for arguments, code, words in (
        (("verify", "nothing"), 2, "FILE: nothing cannot be read"),
        (("verify", "nothing", "--key", "no-key"), 2, "--key: no-key cannot be read"),
        (("export", "ln_nobody", "bundle"), 1, "no loan has the id or contract number 'ln_nobody'"),
        (("head", "missing/folder"), 2, "FILE: missing/folder cannot be written"),
    ):
        ran = run(*arguments)
        assert (ran.returncode, ran.stdout) == (code, "")
        assert words in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
