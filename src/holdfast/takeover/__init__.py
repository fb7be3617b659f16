"""Takeover: another lender's loans come into this book from a tape, each exact, each with its next duty.

A map says how the tape is read; nothing is guessed, and every row that is not booked, or not plainly
as the tape says, is named with its line, its column and the reason.
"""

from holdfast.takeover.map import TapeMap, load, parse, shipped
from holdfast.takeover.reconciliation import Reconciliation
from holdfast.takeover.service import ask, import_tape, run_job
from holdfast.takeover.store import Job, Tape, job, tape, unfinished

__all__ = [
    "Job",
    "Reconciliation",
    "Tape",
    "TapeMap",
    "ask",
    "import_tape",
    "job",
    "load",
    "parse",
    "run_job",
    "shipped",
    "tape",
    "unfinished",
]
