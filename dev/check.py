"""`./hf check`: format, lint, types, import rule, licences, secrets. Uses no network and changes nothing."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent

# Licences that would bind a lender who changes our code. The lesser GPL of a library that is only called does not.
_BINDING: Final = re.compile(r"\b(A?GPL|Affero|GNU General Public)", re.IGNORECASE)
_LESSER: Final = re.compile(r"\bLGPL|Lesser General Public|Library General Public", re.IGNORECASE)

# Only for developing; nothing of them is in what a lender runs, and each would have to stand here with its reason.
_ALLOWED: Final[dict[str, str]] = {}

_SECRETS: Final = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a cloud access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a code host's token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}|glpat-[A-Za-z0-9_-]{20})"),
    "a chat token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "an API key": re.compile(r"\bsk-[A-Za-z0-9]{32,}"),
    "a password in an address": re.compile(r"\b[a-z][a-z0-9+]*://[^\s/:@{}\"'<>$]+:[^\s/:@{}\"'<>$]{6,}@"),
    "a signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\."),
}


def main() -> int:
    """Run every check, even after one has failed; 0 if all passed, else 1."""
    failed = [name for name, check in CHECKS.items() if not _passes(name, check)]
    print(f"check: {', '.join(failed)} failed" if failed else f"check: {len(CHECKS)} passed")
    return 1 if failed else 0


def _passes(name: str, check: Callable[[], bool]) -> bool:
    print(f"-- {name}", flush=True)
    return check()


def _program(*command: str) -> bool:
    # The type checker loads our settings, which make a key on first use: not in the developer's own book.
    with tempfile.TemporaryDirectory() as scratch:
        env = {**os.environ, "HOLDFAST_DATA": scratch, "HOLDFAST_KEYS": str(Path(scratch, "keys"))}
        env.pop("DATABASE_URL", None)
        return subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, env=env, check=False).returncode == 0


def licences() -> bool:
    """No installed package is under the GPL or AGPL."""
    bad = []
    for package in importlib.metadata.distributions():
        name = package.metadata["Name"]
        said = _licence_of(package)
        if _BINDING.search(_LESSER.sub("", said)) and name not in _ALLOWED:
            bad.append(f"{name}: {said}")
    for line in bad:
        print(f"   {line}")
    return not bad


def _licence_of(package: importlib.metadata.Distribution) -> str:
    """What the package says of its licence; a licence given as whole text counts by its first line."""
    about = package.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    named = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    return "; ".join([*named, str(about["License"] or "").strip().partition("\n")[0]])


def secrets() -> bool:
    """No tracked file holds a key, a token or a password."""
    found = [f"{path.relative_to(ROOT)}:{number}: {what}" for path in _tracked() for number, what in _secrets_in(path)]
    for line in found:
        print(f"   {line}")
    return not found


def _tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        yield from (path for name in listed.stdout.split(b"\0") if name and (path := ROOT / os.fsdecode(name)).is_file())
        return
    hidden = {".venv", ".git", "build", "dist"}
    yield from (path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.relative_to(ROOT).parts))


def _secrets_in(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in _SECRETS.items():
            if pattern.search(line):
                yield number, what


CHECKS: Final[dict[str, Callable[[], bool]]] = {
    "format": lambda: _program("ruff", "format", "--check", "--quiet", "."),
    "lint": lambda: _program("ruff", "check", "--quiet", "."),
    "types": lambda: _program("mypy"),
    "import rule": lambda: _program("lint-imports"),
    "licences": licences,
    "secrets": secrets,
}

if __name__ == "__main__":
    sys.exit(main())
