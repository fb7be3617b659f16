"""Files that people hand in, tapes and exports: queued for the worker, and read by it with their progress told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from holdfast.journal import SYSTEM, Actor
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Refusal, Unavailable
from holdfast.parties import Staff, require, staff_by_id
from holdfast.takeover import shadow, store
from holdfast.takeover.map import load
from holdfast.takeover.service import Edge, Progress, import_tape
from holdfast.takeover.store import Job


def ask(
    db: psycopg.Connection[Any], *, clock: Clock, by: Staff | Actor, map_name: str, as_of: date | None, path: Path, file_name: str
) -> str:
    """Queue the tape at `path` to be taken over by the worker, for staff who may or for the system; gives the job's public id.

    The file is the job's from now on: it is full of other people's names, and is gone once the job has ended.
    """
    return _queue(db, clock, by, "tape.import", map_name, as_of, path, file_name, "import")


def ask_comparison(
    db: psycopg.Connection[Any], *, clock: Clock, by: Staff, map_name: str, as_of: date | None, path: Path, file_name: str
) -> str:
    """Queue the old system's export at `path` to be compared with the book; gives the job's public id. The file goes as a tape's does."""
    return _queue(db, clock, by, "shadow.compare", map_name, as_of, path, file_name, "compare")


def _queue(
    db: psycopg.Connection[Any], clock: Clock, by: Staff | Actor, act: str, map_name: str, as_of: date | None, path: Path,
    file_name: str, purpose: str,
) -> str:  # fmt: skip
    if isinstance(by, Staff):
        require(by, act)
    started_by = by.staff_id if isinstance(by, Staff) else None
    return store.ask(
        db, map_name=map_name, as_of=as_of, path=str(path), file_name=file_name, started_by=started_by, at=clock.now(), purpose=purpose
    )


def run_job(edge: Edge, public_id: str) -> None:
    """Read the file of one job, leave in the job how far it is and what came of it, and remove the file. Safe to run twice.

    Bad input ends the job as failed, with the reason; if the database went away the job and its file stay to be run again.
    """
    with edge() as db:
        job = store.job(db, public_id)
        by = SYSTEM if job.started_by is None else staff_by_id(db, job.started_by).actor
    if job.state not in ("waiting", "reading"):
        return
    rows = 0

    def progress(db: psycopg.Connection[Any], done: int, of: int) -> None:
        nonlocal rows
        rows = done
        store.note_progress(db, public_id, rows_done=done, rows_all=of)

    try:
        made = _read(edge, job, by, progress)
    except Unavailable:
        raise
    except (BadInput, Refusal) as error:
        with edge() as db:
            store.note_failed(db, public_id, error.sentence)
    except Exception:
        with edge() as db:
            store.note_failed(db, public_id, "this system failed; an engineer has to look at its log")
        Path(job.path).unlink(missing_ok=True)
        raise
    else:
        with edge() as db:
            store.note_done(db, public_id, rows=rows, tape=made)
    Path(job.path).unlink(missing_ok=True)


def _read(edge: Edge, job: Job, by: Actor, progress: Progress) -> str:
    path, chosen = Path(job.path), load(job.map_name)
    if job.purpose == "compare":
        return shadow.compare(edge, path, chosen, as_of=job.as_of, by=by, staff_id=job.started_by, name=job.file_name, progress=progress)
    report = import_tape(edge, path, chosen, as_of=job.as_of, by=by, name=job.file_name, progress=progress)
    return str(report.tape["id"])
