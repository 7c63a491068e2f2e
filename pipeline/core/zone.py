"""The time zone of this machine."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import available_timezones

_LOCALTIME = Path("/etc/localtime")


def zone_of_this_machine() -> str:
    """Its name, such as Europe/Berlin; empty where it has none, or UTC, as servers have."""
    named = os.environ.get("TZ", "").lstrip(":")
    if not named:
        _, _, named = str(_LOCALTIME.resolve()).rpartition("zoneinfo/")
    return named if named in available_timezones() and "/" in named and not named.startswith("Etc/") else ""
