"""Hands: several processes that share one piece of work on the book, each with its own way into it.

A part of the work is a function of a module and its arguments, and opens its own transaction. A hand that dies takes
nothing with it that was committed; one whose owner has died ends by itself, for then its parts end.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from holdfast.database.migrate import configure_django
from holdfast.kernel.errors import Fault, Unavailable

Answer = TypeVar("Answer")

# To start a hand costs a processor second or more, as much as one part or two: with fewer parts for each, one process does them all.
_PARTS_A_HAND = 2


def hands_for(parts: int) -> int:
    """How many processes so many parts are worth on this machine."""
    return max(1, min(_processors(), parts // _PARTS_A_HAND))


def share(work: Callable[..., Answer], parts: Sequence[tuple[Any, ...]], *, hands: int | None = None) -> Iterator[Answer]:
    """The answer of `work` to each of `parts`, in their order; by one hand it is done in this process.

    An error of one part is raised here when its turn comes; parts that were not begun are then left.
    """
    with Hands(hands_for(len(parts)) if hands is None else hands) as ready:
        yield from ready.share(work, parts)


class Hands:
    """So many hands, ready for one piece of work after the other; where it is one, this process does it."""

    def __init__(self, many: int) -> None:
        self.many = max(1, many)
        self._free: SimpleQueue[_Hand] = SimpleQueue()
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        if self.many > 1:
            with ExitStack() as ending:
                for _ in range(self.many):
                    self._free.put(ending.enter_context(_Hand()))
                self._ending = ending.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending.close()

    def share(self, work: Callable[..., Answer], parts: Sequence[tuple[Any, ...]]) -> Iterator[Answer]:
        """As the function of this name; the hands are there afterwards."""
        if self.many == 1:
            for part in parts:
                yield work(*part)
            return

        def give(part: tuple[Any, ...]) -> Answer:
            hand = self._free.get()
            try:
                answer: Answer = hand.do(work, part)
                return answer
            finally:
                self._free.put(hand)

        with ThreadPoolExecutor(self.many) as threads:
            yield from threads.map(give, parts)


class _Hand:
    """One process that does the parts which it is given, one after the other."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def do(self, work: Callable[..., Any], part: tuple[Any, ...]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            pickle.dump((work, part), self._process.stdin)
            self._process.stdin.flush()
            answer, error = pickle.load(self._process.stdout)  # noqa: S301 - our own process, over a pipe that nobody else holds
        except (EOFError, BrokenPipeError) as lost:
            raise Unavailable("a process that had a part of the work has ended; try again", code="hand_lost") from lost
        if error is not None:
            raise error
        return answer


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _work() -> None:
    """What a hand does: parts come in, answers go out, until no more parts come."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the work prints must not get among the answers
        configure_django()  # its settings lead to the book that the environment names
        while True:
            try:
                work, part = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own owner, over a pipe that nobody else holds
            except EOFError:
                return
            pickle.dump(_answer(work, part), answers)
            answers.flush()


def _answer(work: Callable[..., Any], part: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return work(*part), None
    except Exception as error:  # noqa: BLE001 - whatever it is, the owner raises it
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - what was just written
        except Exception:  # noqa: BLE001 - an error that cannot travel is told in words
            return None, Fault(f"{type(error).__name__}: {error}", code="hand_fault")
        return None, error


if __name__ == "__main__":
    _work()
