"""When a feed is due to be read: `every` so often, whether or not a letter is due.

It loads nothing heavy: a run with nothing due asks it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.core.sections.digest import Feed

EARLY = 0.9
"""The share of `every` after which a feed is due. An hourly cron job now and then runs a second too early."""


def is_due(feed: Feed, last_tried: datetime | None, now: datetime) -> bool:
    """Whether a feed is to be read ``now``; ``last_tried`` is None for one that was never asked."""
    if last_tried is None:
        return True
    # A time in the future was written by a clock that was wrong.
    return not last_tried <= now < last_tried + EARLY * feed.every
