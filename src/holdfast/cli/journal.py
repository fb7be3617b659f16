"""`holdfast journal ...`: the key and the head to keep outside, a loan's bundle, and the check of either a bundle or the whole journal."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import psycopg

from holdfast.database.connection import book, transaction
from holdfast.duties.statements import statements, unlike_records
from holdfast.journal import chain_named, export, give_head, newest_head, signing_key, verifier_key
from holdfast.journal.recheck import as_of_one_moment, recheck
from holdfast.journal.verify import OK, Check, Verdict, verify_bundle
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.errors import BadInput
from holdfast.kernel.places import keys_folder

LARGEST_FILE: Final = 256 * 1024 * 1024


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    journal = commands.add_parser("journal", help="the tamper-evident journal: verify it, export a loan's proof, give out key and head")
    verbs = journal.add_subparsers(dest="verb", required=True)

    verify = verbs.add_parser("verify", help="check a bundle, or without FILE the whole journal in the database")
    verify.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a bundle from `journal export`")
    verify.add_argument("--key", type=Path, help="file with the verifier key, kept outside")
    verify.add_argument("--head", type=Path, help="file with a signed head, kept outside")
    verify.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    verify.set_defaults(func=_verify)

    take = verbs.add_parser("export", help="write the bundle of one loan")
    take.add_argument("loan", metavar="LOAN", help="public id or contract number")
    take.add_argument("file", type=Path, metavar="FILE")
    take.add_argument("--head", type=Path, help="an older head that the bundle must be checkable against")
    take.set_defaults(func=_export)

    verbs.add_parser("key", help="print the verifier key (C2SP)").set_defaults(func=_key)

    head = verbs.add_parser("head", help="write the newest signed head, to be kept by somebody else")
    head.add_argument("file", type=Path, metavar="FILE")
    head.set_defaults(func=_head)


def _verify(given: argparse.Namespace) -> int:
    key = _text(given.key, "--key") if given.key else None
    head = _text(given.head, "--head") if given.head else None
    if given.file:
        verdict = verify_bundle(_bytes(given.file, "FILE"), key=key, head=head)
    else:
        verdict = _verify_database(key, head)
    if given.json:
        print(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        for check in verdict.checks:
            print(f"{'ok    ' if check.ok else 'BROKEN'}  {check.name}: {check.where}")
        for missing in verdict.not_checked:
            print(f"NOT CHECKED  {missing}")
        print(f"verdict: {verdict.verdict}")
    return 0 if verdict.verdict == OK else 1


def _verify_database(key: str | None, head: str | None) -> Verdict:
    with book(), transaction() as db:
        as_of_one_moment(db)
        if key is not None:
            return _with_statements(db, recheck(db, verifier_key(key), outside=head))
        own = signing_key(keys_folder(), heads_exist=True).verifier if newest_head(db) else None
        return _with_statements(db, recheck(db, own, outside=head))


def _with_statements(db: psycopg.Connection[Any], verdict: Verdict) -> Verdict:
    """The verdict with one check more: each daily statement of coverage stands in the house's chain in the same figures."""
    wrong = unlike_records(db)
    where = "; ".join(f"{each.on}: {each.why}" for each in wrong[:5]) or f"{len(statements(db))} days, each as its record states it"
    verdict.checks.append(Check("coverage statements", not wrong, where))
    return verdict


def _export(given: argparse.Namespace) -> int:
    head = _text(given.head, "--head") if given.head else None
    with book():
        with transaction() as db:
            data = export(db, keys_folder(), chain_named(db, given.loan), ShiftedClock().now(), head=head)
        write_whole(given.file, data)
    print(f"{given.file}: {len(data)} bytes")
    return 0


def _key(_: argparse.Namespace) -> int:
    with book(), transaction() as db:
        print(signing_key(keys_folder(), heads_exist=newest_head(db) is not None).verifier.text())
    return 0


def _head(given: argparse.Namespace) -> int:
    with book():
        with transaction() as db:
            note = give_head(db, keys_folder(), ShiftedClock().now(), holder="file")
        write_whole(given.file, note.encode())
    print(f"{given.file}: head of {note.splitlines()[1]} records")
    return 0


def _bytes(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{name}: {path} is larger than any bundle", field=name)
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{name}: {path} cannot be read: {error.strerror}", field=name) from None


def _text(path: Path, name: str) -> str:
    # Bytes that are not UTF-8 stay wrong, so that the verifier refuses them and says where.
    return _bytes(path, name).decode(errors="replace")


def write_whole(path: Path, data: bytes) -> None:
    """The whole file or nothing: a reader never meets half a bundle."""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            umask = os.umask(0)
            os.umask(umask)
            Path(draft).chmod(0o666 & ~umask)
            Path(draft).replace(path)
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(f"FILE: {path} cannot be written: {error.strerror}", field="FILE") from None
