"""`holdfast worker`: seal, send, read tapes and close days until stopped."""

from __future__ import annotations

import argparse
import logging
import signal
from threading import Event
from types import FrameType

from holdfast.database.connection import book
from holdfast.kernel.places import keys_folder
from holdfast.worker import run


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("worker", help="seal, send, read tapes and close days until stopped")
    command.set_defaults(func=_worker)


def _worker(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stop = Event()

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    with book():
        run(keys_folder(), stop)
    return 0
