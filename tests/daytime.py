"""Whenever the tests run, it is late morning somewhere.

A book that lives there may call and write, and no midnight comes while it is looked at.
"""

from __future__ import annotations

from datetime import UTC, datetime


def zone_of_late_morning() -> str:
    """The zone, by whole hours from UTC, in which it is now between eleven and noon."""
    east = 11 - datetime.now(UTC).hour
    return f"Etc/GMT{-east:+d}"
