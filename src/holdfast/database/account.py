"""Who runs the database: never root.

PostgreSQL refuses to run as root, and rightly. When root asks, an account that already exists
runs it; no account is made, and no folder that is not ours is opened to anyone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from holdfast.database.binaries import Binaries
from holdfast.kernel.errors import Unavailable
from holdfast.kernel.places import system_folder

# A server may carry an account of ours; Debian's server brings `postgres`; `nobody` is everywhere.
_CANDIDATES: Final = ("holdfast", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The account under which the database's processes run; `switch` says whether that means leaving root."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(self, command: Sequence[str | Path], *, timeout: float, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a program as this account and collect what it says."""
        if self.switch:
            return subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=timeout,
                env=env,
                cwd="/",
                user=self.uid,
                group=self.gid,
                extra_groups=[],
            )
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout, env=env, cwd="/")

    def take(self, path: Path) -> None:
        """Give the account a file or folder of ours."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether the account may pass through every folder on the way to `folder` and through it."""
        if not self.switch:
            return True
        return all(self._may_pass(step) for step in (folder, *folder.parents))

    def _may_pass(self, folder: Path) -> bool:
        held = folder.stat()
        if held.st_uid == self.uid:
            return bool(held.st_mode & stat.S_IXUSR)
        if held.st_gid == self.gid:
            return bool(held.st_mode & stat.S_IXGRP)
        return bool(held.st_mode & stat.S_IXOTH)


def choose(cluster: Path) -> Account:
    """The present user; for root, the owner of the cluster if there is one, else the first existing candidate."""
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid())
        return Account(me.pw_name, me.pw_uid, me.pw_gid, switch=False)
    if cluster.is_dir() and (owner := cluster.stat().st_uid) != 0:
        try:
            entry = pwd.getpwuid(owner)
        except KeyError:
            return Account(str(owner), owner, cluster.stat().st_gid, switch=True)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
    raise Unavailable(
        "PostgreSQL cannot run as root, and there is no account holdfast, postgres or nobody to run it; "
        "add one, or start as an ordinary user",
        code="no_account",
    )


def within_reach(binaries: Binaries, account: Account) -> Binaries:
    """The same programs at a place where the account can run them: their own, else a copy under `/var/lib/holdfast`."""
    if _runs(binaries.folder, account):
        return binaries
    tree = binaries.folder.parent
    copy = system_folder() / f"postgresql-{binaries.major}-{int(tree.stat().st_mtime)}"
    if not _runs(copy / "bin", account):
        _copy(tree, copy)
        if not _runs(copy / "bin", account):
            raise Unavailable(
                f"the account {account.name} can run PostgreSQL neither from {binaries.folder} nor from {copy}; "
                "see whether that file system is mounted noexec, or set DATABASE_URL",
                code="not_executable",
            )
    return Binaries(copy / "bin", binaries.major, binaries.kind)


def _runs(folder: Path, account: Account) -> bool:
    try:
        return account.run([folder / "postgres", "--version"], timeout=60, env={"LC_ALL": "C"}).returncode == 0
    except OSError:
        return False


def _copy(tree: Path, copy: Path) -> None:
    try:
        copy.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".copy-", dir=copy.parent))
        shutil.copytree(tree, draft / "tree", symlinks=True)
        for path in (draft / "tree", *(draft / "tree").rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o055 if mode & stat.S_IXUSR else mode | 0o044)
        shutil.rmtree(copy, ignore_errors=True)
        (draft / "tree").rename(copy)
        draft.rmdir()
    except OSError as error:
        raise Unavailable(
            f"PostgreSQL's programs cannot be copied to {copy} ({error.strerror}); set DATABASE_URL or free that place"
        ) from error
