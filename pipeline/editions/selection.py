"""Which posts an edition gets, and why the others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from pipeline.core.tables import edition_posts, editions, feeds, posts
from pipeline.editions.edition import EditionStatus
from pipeline.feeds.posts import Post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.core.config import Digest

LEFT_OUT_SHOWN = 50
"""How many left-out posts an edition names: an archive of a thousand says nothing more."""

WITHDRAWN = "withdrawn: its feed lists it no longer"

NOT_PICKED = "waits for the next edition: staff chose the posts of this one"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that is in no edition of the digest yet, and how Rapport came to know it."""

    post: Post
    dated: bool
    """Whether its feed gave it a date."""
    first_seen: datetime
    feed_first_seen: datetime
    initial: bool
    """Whether it came with the first pull of its feed, which is the archive of the blog."""
    position: int
    withdrawn: bool

    @classmethod
    def of(cls, row: Row[Any]) -> Candidate:
        """A row of `posts`, with its feed's ``feed_first_seen``."""
        return cls(
            post=Post.of(row),
            dated=row.published is not None,
            first_seen=row.first_seen,
            feed_first_seen=row.feed_first_seen,
            initial=row.initial,
            position=row.position,
            withdrawn=row.withdrawn_at is not None,
        )

    @property
    def rank(self) -> tuple[float, int, int]:
        """Sorts newest first; posts of one moment (of a feed without dates) in the order of their feed."""
        return (-self.post.published.timestamp(), self.position, self.post.id)


@dataclass(frozen=True, slots=True)
class LeftOut:
    id: int
    title: str
    url: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """``posts``: the lead comes first; empty when there are fewer than ``min_posts``, as ``reason`` says."""

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
    """`select_posts` from what the database knows. ``draft`` is the edition that is composed anew, if one is:
    its own posts count as free."""
    previous = _previous_edition(connection, digest.name)
    return select_posts(_candidates(connection, digest.name, draft), digest, first_seen, at, previous, picked)


def select_posts(
    candidates: Sequence[Candidate],
    digest: Digest,
    first_seen: datetime,
    at: datetime,
    previous: datetime | None,
    picked: Sequence[int] = (),
) -> Choice:
    """Which posts an edition composed ``at`` a moment gets, newest first.

    ``first_seen`` is when Rapport first saw the digest, ``previous`` when its last edition was composed.
    Posts without a place wait for the next edition. ``picked`` are the ids of the posts that staff chose, in
    their order: those and no others, as far as they are free and not withdrawn.
    """
    free = sorted(candidates, key=lambda one: one.rank)
    reasons = {one.post.id: _why_not(one, digest, first_seen, at, previous) for one in free}
    usable = {one.post.id: one for one in free if not one.withdrawn}
    if chosen := [usable[number] for number in picked if number in usable]:
        rest = [one for one in free if one not in chosen]
        return _choice(chosen, [(one, reasons[one.post.id] or NOT_PICKED) for one in rest])
    left_out = [(one, why) for one in free if (why := reasons[one.post.id])]
    chosen, waiting = _fit([one for one in free if not reasons[one.post.id]], digest.max_posts, previous)
    if len(chosen) < digest.min_posts:
        reason = _too_few(len(chosen), digest.min_posts)
        return _choice([], left_out + [(one, reason) for one in chosen], reason)
    full = f"waits for the next edition: this one has its {digest.max_posts} posts (max_posts)"
    return _choice(chosen, left_out + [(one, full) for one in waiting])


def _choice(chosen: list[Candidate], left_out: list[tuple[Candidate, str]], reason: str = "") -> Choice:
    shown = sorted(left_out, key=lambda pair: pair[0].rank)[:LEFT_OUT_SHOWN]
    return Choice(
        posts=tuple(one.post for one in chosen),
        left_out=tuple(LeftOut(one.post.id, one.post.title, one.post.url, why) for one, why in shown),
        reason=reason,
    )


def _why_not(
    one: Candidate, digest: Digest, first_seen: datetime, at: datetime, previous: datetime | None
) -> str:
    """Why a post may not be in the edition; empty when it may."""
    if one.withdrawn:
        return WITHDRAWN
    published = one.post.published
    if published > at:
        return f"waits for its date, {published:%Y-%m-%d %H:%M} UTC"
    if one.initial or one.first_seen <= first_seen:
        # The first run does not mail the archive. A post that appears later counts, however old its date.
        if published < max(first_seen, one.feed_first_seen) - digest.backlog:
            return f"older than the backlog of {digest.backlog.days} days when Rapport first saw it"
        if not one.dated and previous is not None and previous >= one.first_seen:
            return "undated and in the feed from the start: taken for the archive after the first edition"
    wanted = {category.casefold() for category in digest.include_categories}
    if wanted and not wanted & {category.casefold() for category in one.post.categories}:
        return f"in none of the categories {', '.join(digest.include_categories)}"
    return ""


def _fit(
    ranked: list[Candidate], most: int, previous: datetime | None
) -> tuple[list[Candidate], list[Candidate]]:
    """The posts that go, at ``most`` so many, and those that wait."""
    chosen, waiting = ranked[:most], ranked[most:]
    if previous is None or most == 1:
        return chosen, waiting
    waited = [one for one in waiting if one.first_seen <= previous]
    if waited and chosen[-1].first_seen > previous:
        # Newest first alone would let a post of a busy blog wait for ever: the last place is kept for the
        # post that has waited longest.
        longest = min(waited, key=lambda one: (one.first_seen, one.post.published))
        waiting = [one for one in waiting if one is not longest] + chosen[-1:]
        chosen = [*chosen[:-1], longest]
    return chosen, waiting


def _too_few(found: int, least: int) -> str:
    if not found:
        return "there are no new posts"
    return f"{found} new post{'s' * (found > 1)}, fewer than min_posts = {least}: waiting"


def _candidates(connection: Connection, digest: str, draft: int | None) -> list[Candidate]:
    taken = and_(edition_posts.c.post_id == posts.c.id, edition_posts.c.digest == digest)
    query = (
        select(posts, feeds.c.first_seen.label("feed_first_seen"))
        .join(feeds, feeds.c.id == posts.c.feed_id)
        .outerjoin(edition_posts, taken)
        .where(or_(edition_posts.c.post_id.is_(None), edition_posts.c.edition_id == draft))
    )
    return [Candidate.of(row) for row in connection.execute(query)]


def _previous_edition(connection: Connection, digest: str) -> datetime | None:
    """When the digest's newest edition that went out (or will) was composed."""
    gone = editions.c.status.in_(
        (EditionStatus.APPROVED, EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)
    )
    newest = select(func.max(editions.c.composed_at)).where(editions.c.digest == digest, gone)
    found: datetime | None = connection.execute(newest).scalar()
    return found
