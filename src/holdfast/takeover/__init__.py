"""Takeover: another lender's loans come into this book from a tape, each exact, each with its next duty.

A map says how the tape is read; nothing is guessed, and every row that is not booked, or not plainly
as the tape says, is named with its line, its column and the reason. Until the switch, `shadow` lays each day's export of
the old system beside the book.
"""

from holdfast.takeover.jobs import ask, ask_comparison, run_job
from holdfast.takeover.map import TapeMap, load, parse, shipped
from holdfast.takeover.reconciliation import Reconciliation
from holdfast.takeover.service import Progress, import_tape
from holdfast.takeover.store import Job, Tape, job, tape, unfinished

__all__ = [
    "Job",
    "Progress",
    "Reconciliation",
    "Tape",
    "TapeMap",
    "ask",
    "ask_comparison",
    "import_tape",
    "job",
    "load",
    "parse",
    "run_job",
    "shipped",
    "tape",
    "unfinished",
]
