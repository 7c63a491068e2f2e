"""Whether a document still shares posts with the one before it; if not, some may have come and gone
unseen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.tables.feeds import posts

if TYPE_CHECKING:
    from collections.abc import Sequence, Set
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.feeds.posts import Listed

MORE_ITEMS = (
    "Let the feed hold more posts, where that can be set: on WordPress under Settings, Reading, “Syndication "
    "feeds show the most recent”; on Ghost, whose own feed holds 15, with a feed of the theme's own (a route "
    "in routes.yaml with a template). Or read it more often: lower `every` under [[feeds]], and call "
    "`rapport run` as often."
)


@dataclass(frozen=True, slots=True)
class Gap:
    """``lost`` is how many posts may be missing; None where nobody can tell."""

    lost: int | None


def gap(connection: Connection, before: Set[int], listed: Sequence[Listed]) -> Gap | None:
    """The gap between the posts that a feed listed ``before`` and what it lists now; None without one."""
    if not before or not listed or any(place.post in before for place in listed):
        return None
    query = select(posts.c.published).where(posts.c.id.in_(before), posts.c.published.is_not(None))
    now = [place.published for place in listed if place.published is not None]
    return Gap(may_be_lost(list(connection.scalars(query)), now))


def may_be_lost(before: Sequence[datetime], now: Sequence[datetime]) -> int | None:
    """How many posts fit between two documents, at the pace of both; None where their dates do not follow
    on."""
    if not before or not now or min(now) <= max(before):
        return None
    lately = sorted(before)[-max(2, len(now)) :]  # what was pinned, or stood there for years, tells no pace
    spans = (lately[-1] - lately[0]) + (max(now) - min(now))
    steps = len(lately) + len(now) - 2
    if not steps or spans <= timedelta(0):
        return None
    return max(1, round((min(now) - max(before)) / (spans / steps)) - 1)
