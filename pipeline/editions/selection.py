"""Which posts an edition gets, and why the others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, func, or_, select

from pipeline.core.tables import edition_posts, editions, feeds, posts
from pipeline.editions.edition import EditionStatus
from pipeline.feeds.posts import Post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Digest

LEFT_OUT_SHOWN = 50
"""How many left-out posts an edition names: an archive of a thousand says nothing more."""

WITHDRAWN = "withdrawn: its feed lists it no longer"

NOT_PICKED = "waits for the next edition: staff chose the posts of this one"


@dataclass(frozen=True, slots=True)
class LeftOut:
    id: int
    title: str
    url: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """``posts`` the lead at the head; empty when fewer than ``min_posts`` are there."""

    posts: tuple[Post, ...]
    left_out: tuple[LeftOut, ...]
    reason: str = ""


def choose(
    connection: Connection,
    digest: Digest,
    first_seen: datetime,
    at: datetime,
    draft: int | None = None,
    picked: Sequence[int] = (),
) -> Choice:
    """The posts that are not yet in this digest, newest first.

    ``first_seen`` is when Rapport first saw the digest, ``draft`` the edition that is being refreshed (its
    own posts count as free). What does not fit waits for the next edition. ``picked`` are the ids of the
    posts that staff chose, in their order: these and no others, as far as they are there, free and not
    withdrawn.
    """
    previous = _previous_edition(connection, digest.name)
    free = _free(connection, digest.name, draft)
    there = {row.id: row for row in free if row.withdrawn_at is None}
    if chosen := [there[number] for number in picked if number in there]:
        rest = [row for row in free if row.id not in picked or row.id not in there]
        return _choice(
            chosen, [(row, _why_not(row, digest, first_seen, at, previous) or NOT_PICKED) for row in rest]
        )
    ranked: list[Row[Any]] = []
    left_out: list[tuple[Row[Any], str]] = []
    for row in free:
        if reason := _why_not(row, digest, first_seen, at, previous):
            left_out.append((row, reason))
        else:
            ranked.append(row)
    chosen, waiting = _fit(ranked, digest.max_posts, previous)
    reason = ""
    if len(chosen) < digest.min_posts:
        reason = _too_few(len(chosen), digest.min_posts)
        waiting, chosen = chosen + waiting, []
    full = f"waits for the next edition: this one has its {digest.max_posts} posts (max_posts)"
    left_out += [(row, reason or full) for row in waiting]
    return _choice(chosen, left_out, reason)


def _choice(chosen: list[Row[Any]], left_out: list[tuple[Row[Any], str]], reason: str = "") -> Choice:
    left_out.sort(key=lambda pair: _rank(pair[0]))
    return Choice(
        posts=tuple(Post.of(row) for row in chosen),
        left_out=tuple(LeftOut(row.id, row.title, row.url, why) for row, why in left_out[:LEFT_OUT_SHOWN]),
        reason=reason,
    )


def _free(connection: Connection, digest: str, draft: int | None) -> list[Row[Any]]:
    taken = and_(edition_posts.c.post_id == posts.c.id, edition_posts.c.digest == digest)
    query = (
        select(posts, feeds.c.first_seen.label("feed_first_seen"))
        .join(feeds, feeds.c.id == posts.c.feed_id)
        .outerjoin(edition_posts, taken)
        .where(or_(edition_posts.c.post_id.is_(None), edition_posts.c.edition_id == (draft or -1)))
    )
    return sorted(connection.execute(query), key=_rank)


def _rank(row: Row[Any]) -> tuple[float, int, int]:
    # Newest first; those of one moment (a feed without dates) in the order of their feed.
    return (-(row.published or row.first_seen).timestamp(), row.position, row.id)


def _why_not(
    row: Row[Any], digest: Digest, first_seen: datetime, at: datetime, previous: datetime | None
) -> str:
    """Why a post may not be in the edition; empty when it may."""
    if row.withdrawn_at is not None:
        return WITHDRAWN
    published = row.published or row.first_seen
    if published > at:
        return f"waits for its date, {published:%Y-%m-%d %H:%M} UTC"
    if row.initial or row.first_seen <= first_seen:
        # The first run does not mail the archive. What turns up later counts, however old its date.
        if published < max(first_seen, row.feed_first_seen) - digest.backlog:
            return f"older than the backlog of {digest.backlog.days} days when Rapport first saw it"
        if row.published is None and previous is not None and previous >= row.first_seen:
            return "undated and in the feed from the start: taken for the archive after the first edition"
    wanted = {category.casefold() for category in digest.include_categories}
    if wanted and not wanted & {category.casefold() for category in row.categories}:
        return f"in none of the categories {', '.join(digest.include_categories)}"
    return ""


def _fit(
    ranked: list[Row[Any]], most: int, previous: datetime | None
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    chosen, waiting = ranked[:most], ranked[most:]
    waited = [row for row in waiting if previous and row.first_seen <= previous]
    if waited and most > 1 and not (previous and chosen[-1].first_seen <= previous):
        # Newest first alone would let a post wait for ever on a busy blog: the last place goes to the
        # one that has waited longest.
        longest = min(waited, key=lambda row: (row.first_seen, row.published or row.first_seen))
        waiting = sorted([*(row for row in waiting if row is not longest), chosen[-1]], key=_rank)
        chosen = [*chosen[:-1], longest]
    return chosen, waiting


def _previous_edition(connection: Connection, digest: str) -> datetime | None:
    """When the digest's newest edition that went out (or will) was composed."""
    gone = editions.c.status.in_(
        (EditionStatus.APPROVED, EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)
    )
    newest = select(func.max(editions.c.composed_at)).where(editions.c.digest == digest, gone)
    found: datetime | None = connection.execute(newest).scalar()
    return found


def _too_few(found: int, least: int) -> str:
    if not found:
        return "there are no new posts"
    return f"{found} new post{'s' * (found > 1)}, fewer than min_posts = {least}: waiting"
