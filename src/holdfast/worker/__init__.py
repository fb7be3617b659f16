"""The worker: seals the journal, sends what is promised, reads tapes, closes days. Each job is safe to run twice."""

from holdfast.worker.loop import Job, jobs, run

__all__ = ["Job", "jobs", "run"]
