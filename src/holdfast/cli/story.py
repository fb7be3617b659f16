"""`holdfast story`: scripted loans lived on a scratch database, told from the journal, and the book that they leave proved."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from holdfast.cli.journal import write_whole
from holdfast.kernel.errors import BadInput
from holdfast.stories import TALES, Played, Proof, play, proof_of
from holdfast.stories.scratch import scratch

_SHOWN: Final = 10


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "story", help="live scripted loans on a scratch database and prove the book they leave; exit 1 if anything is not green",
        description="Stories: " + "; ".join(f"{tale.name} ({tale.en})" for tale in TALES.values()),
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which stories (default: all): {', '.join(TALES)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="write the proof bundle of one story's loan, with FILE.key and FILE.head to check it by"
    )
    parser.set_defaults(func=run)


def run(given: argparse.Namespace) -> int:
    """Play the stories one after the other, each in an empty book of its own."""
    for name in given.names:
        if name not in TALES:
            raise BadInput(f"NAME: there is no story {name!r}; choose from {', '.join(TALES)}", field="NAME")
    names = list(dict.fromkeys(given.names)) or list(TALES)
    if given.bundle and len(names) != 1:
        raise BadInput("--bundle: name one story, whose loan's bundle is written", field="--bundle")
    told = []
    with scratch() as room:
        for name in names:
            with room.empty_book():
                played = play(name)
                if given.bundle:
                    _keep(given.bundle, proof_of(played.loan))
            told.append(played)
            if not given.json:
                print("\n".join(_in_words(played)), flush=True)
    if given.bundle and not given.json:
        print(
            f"bundle {given.bundle}; check it: holdfast journal verify {given.bundle} --key {given.bundle}.key --head {given.bundle}.head"
        )
    green = all(played.green for played in told)
    if given.json:
        print(json.dumps({"green": green, "stories": [played.as_json() for played in told]}, ensure_ascii=False))
    return 0 if green else 1


def _in_words(played: Played) -> list[str]:
    """The timeline and what the three proofs say."""
    tale = TALES[played.name]
    lines = [f"── {tale.name}: {tale.en} ──", *(line.text() for line in played.lines)]
    if played.state != played.expected:
        lines.append(f"WRONG  the loan ended {played.state}, not {played.expected}")
    for check in played.books:
        lines.append(f"{'ok    ' if check.ok else 'DIFFER'}  books: {check.name}, {check.compared} compared, {check.found} different")
        lines += [f"        {difference}" for difference in check.differences[:_SHOWN]]
    found = played.duties
    counts = f"{found.expected} moments, {len(found.missing)} missing, {len(found.late)} late, {len(found.unproved)} unproved"
    lines.append(f"{'ok    ' if found.clean else 'WRONG '}  duties: {counts}")
    lines += [f"        {each.kind} {each.why}" for each in [*found.missing, *found.late, *found.unproved][:_SHOWN]]
    broken = [check for check in played.journal.checks if not check.ok]
    lines.append(f"{'BROKEN' if broken else 'ok    '}  journal: {len(played.journal.checks)} checks, verdict {played.journal.verdict}")
    lines += [f"        {check.name}: {check.where}" for check in broken]
    lines += [f"        not checked: {each}" for each in played.journal.not_checked]
    return [*lines, ""]


def _keep(path: Path, proof: Proof) -> None:
    write_whole(path, proof.bundle)
    write_whole(path.with_name(path.name + ".key"), f"{proof.key}\n".encode())
    write_whole(path.with_name(path.name + ".head"), proof.head.encode())
