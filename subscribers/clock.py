"""The time: read in this one place, so that a test can change it."""

import time
from datetime import UTC, datetime

_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds that pass however the wall clock is set, also while the process or the machine sleeps."""
    return time.clock_gettime(_UPTIME)
