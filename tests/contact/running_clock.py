"""A clock that runs on from an instant; every process that is told the same runs by it.

In a module of its own: a large batch is shared out to processes that have to be told the clock too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class RunningClock:
    """It stood at `base` when the machine's monotonic clock stood at `started`."""

    base: datetime
    started: float

    def now(self) -> datetime:
        return self.base + timedelta(seconds=time.monotonic() - self.started)

    def today(self) -> date:
        return self.now().astimezone(ZoneInfo(ZONE)).date()
