"""Processes that work at once: made ready, started together, and timed from the common start to the last end."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from typing import Any

_LONGEST_START_S = 120


def together(work: Any, arguments: Sequence[tuple[Any, ...]]) -> tuple[float, list[float], float]:
    """Run `work` in one process for each of `arguments`.

    Answers the seconds from the common start to the last end, each call's own, and the processes' processor seconds.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(arguments) + 1)
    answers: Any = context.Queue()
    processes = [context.Process(target=_run, args=(work, barrier, answers, given)) for given in arguments]
    for process in processes:
        process.start()
    barrier.wait(_LONGEST_START_S)
    begun = time.perf_counter()
    latencies: list[float] = []
    cpu_s = 0.0
    for _ in processes:
        own, spent = answers.get()
        latencies += own
        cpu_s += spent
    seconds = time.perf_counter() - begun
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"a connection's process ended with {process.exitcode}")
    return seconds, latencies, cpu_s


def _run(work: Any, barrier: Barrier, answers: Any, given: tuple[Any, ...]) -> None:
    """One process: make ready, wait for the others, work; a failure breaks the barrier or leaves the exit code."""
    try:
        one = work(*given)
        next(one)
    except BaseException:
        barrier.abort()
        raise
    barrier.wait(_LONGEST_START_S)
    begun = time.process_time()
    latencies: list[float] = []
    try:
        latencies = list(one)
    finally:
        answers.put((latencies, time.process_time() - begun))
