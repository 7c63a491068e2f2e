"""Time: the one place that asks for it, so that a test can move it."""

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
    """Seconds that pass whatever the wall clock is set to, also while the process or machine sleeps."""
    return time.clock_gettime(_UPTIME)
