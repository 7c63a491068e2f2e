"""The time: read in this one place, so that a test can change it."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The day it is in a zone. By the newsletter's own a reader's pause ends."""
    return now().astimezone(zone).date()


def uptime() -> float:
    """Seconds that pass however the wall clock is set, also while the process or the machine sleeps."""
    return time.clock_gettime(_UPTIME)
