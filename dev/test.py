"""`./hf test`: every test, on a database of its own, after the system parts it drives have been seen to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENVIRONMENT_LACKS: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the operating system that some tests drive; `package` is Debian's name for it."""

    package: str
    what_for: str
    there: Callable[[], bool]


def _has_system_postgresql() -> bool:
    return any((folder / "bin" / "initdb").exists() for folder in Path("/usr/lib/postgresql").glob("1[5-8]")) or bool(
        shutil.which("initdb")
    )


def _has_chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return any(Path("/usr/share/fonts").rglob("NotoSansCJK*"))
    return bool(subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True).stdout.strip())


PARTS: Final = (
    Part(
        "chromium",
        "the screens are looked at in a real browser",
        lambda: bool(shutil.which("chromium") or shutil.which("chromium-browser")),
    ),
    Part("fonts-noto-cjk", "the screens are in Chinese", _has_chinese_font),
    Part("postgresql-15", "the stores run on an installed server too", _has_system_postgresql),
    Part("poppler-utils", "documents and their signatures are read by a program that is not ours", lambda: bool(shutil.which("pdfsig"))),
    Part("openssl", "signatures and time stamps are verified by a program that is not ours", lambda: bool(shutil.which("openssl"))),
    Part("gettext", "the translations are compared with the source", lambda: bool(shutil.which("msgfmt"))),
)


def main(arguments: Sequence[str]) -> int:
    """Run pytest with the arguments that are not ours; its own closing line is the last."""
    given = list(arguments)
    allow_skips = "--allow-skips" in given
    given = [argument for argument in given if argument != "--allow-skips"]
    missing = [part for part in PARTS if not part.there()]
    if missing and _may_install():
        _install(missing)
        missing = [part for part in PARTS if not part.there()]
    if missing and not allow_skips:
        for part in missing:
            print(f"hf: {part.package} is missing: {part.what_for}", file=sys.stderr)
        sudo = "" if os.geteuid() == 0 else "sudo "
        print(f"hf: install with: {sudo}apt-get install -y {' '.join(part.package for part in missing)}", file=sys.stderr)
        print("hf: or run ./hf test --allow-skips, which leaves out what needs them", file=sys.stderr)
        return ENVIRONMENT_LACKS
    # Two workers suit two cores; the browser tests of one file share one server, so a file stays with one worker.
    spread = [] if any(argument == "-n" or argument.startswith(("-n", "--numprocesses", "--pdb")) for argument in given) else ["-n", "2"]
    sys.stdout.flush()
    return subprocess.run(
        [sys.executable, "-m", "pytest", *spread, "--dist", "loadfile", "-q", *given], env=_environment(allow_skips)
    ).returncode


def _environment(allow_skips: bool) -> dict[str, str]:
    env = {**os.environ, "HOLDFAST_ALLOW_SKIPS": "1" if allow_skips else ""}
    # The tests make their own book; one that is named in the environment is not theirs to touch.
    for name in ("DATABASE_URL", "HOLDFAST_DATA", "HOLDFAST_KEYS"):
        env.pop(name, None)
    return env


def _may_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and bool(shutil.which("apt-get"))


def _install(missing: Sequence[Part]) -> None:
    """Install what is missing on Debian, and say so first. A PostgreSQL package must not start a server of its own."""
    packages = [part.package for part in missing]
    print(f"hf: installing system parts for the tests: {' '.join(packages)}", file=sys.stderr, flush=True)
    if "postgresql-15" in packages:
        _no_cluster_of_its_own()
    if _apt("install", *packages) != 0:
        _apt("update")
        if "postgresql-15" in packages and not _offered("postgresql-15"):
            packages[packages.index("postgresql-15")] = "postgresql"  # this Debian carries another version; 15 to 18 will do
        _apt("install", *packages)


def _apt(verb: str, *packages: str) -> int:
    command = ["apt-get", verb, "-y", "-qq", "-o", "Dpkg::Options::=--force-confold"]
    if packages:
        command += ["--no-install-recommends", *packages]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "UCF_FORCE_CONFFOLD": "1"}
    return subprocess.run(command, env=env, stdout=sys.stderr).returncode


def _offered(package: str) -> bool:
    return subprocess.run(["apt-cache", "show", package], capture_output=True).returncode == 0


def _no_cluster_of_its_own() -> None:
    settings = Path("/etc/postgresql-common/createcluster.conf")
    settings.parent.mkdir(parents=True, exist_ok=True)
    kept = [line for line in (settings.read_text().splitlines() if settings.exists() else []) if not line.startswith("create_main_cluster")]
    settings.write_text("\n".join([*kept, "create_main_cluster = false", ""]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
