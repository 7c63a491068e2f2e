"""Posts that the blog took back: a feed lists them no longer, though it reaches past them.

A feed shows its newest posts, so that most of those that go have only made room for others. Nobody says which
is the case, so a post counts as withdrawn only where nothing else can be: on any doubt it stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from pipeline.core.tables.feeds import listings, posts

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.feeds.posts import Listed


def note(
    connection: Connection,
    feed: int,
    listed: Sequence[Listed],
    *,
    sound: bool,
    moved: bool = False,
    at: datetime,
    read: Collection[int],
) -> int:
    """Note what a feed lists now, and mark what was withdrawn from it since it was last read; how many.

    What is listed counts (again). ``sound``: nothing of the document was left out (Document.sound).
    ``moved``: it holds posts that may be old ones under new names, so that nobody can tell why others are
    missing. They are not looked for any more, unless the document shares nothing with the one before: that
    may pass, and only when it comes a second time is it the blog. ``read`` are the feeds that are configured:
    what another one lists, nobody knows any more. The caller lets one transaction after another in, as for
    posts.store."""
    before = set(connection.scalars(select(listings.c.post_id).where(listings.c.feed_id == feed)))
    now = {place.post for place in listed if place.post is not None}
    connection.execute(
        update(posts).where(posts.c.id.in_(now), posts.c.withdrawn_at.is_not(None)).values(withdrawn_at=None)
    )
    same_blog = not before or bool(before & now)
    if moved and not same_blog:
        return 0  # if what was there before comes back, it is compared with the time before
    if new := now - before:
        connection.execute(insert(listings), [{"feed_id": feed, "post_id": post} for post in sorted(new)])
    if moved or not (same_blog or _is_all_new(connection, now, at)):
        gone = (listings.c.feed_id == feed, listings.c.post_id.not_in(now))
        connection.execute(delete(listings).where(*gone))
        return 0
    past = reach(listed, before) if sound else None
    if past is None:
        return 0
    missing = (
        select(posts.c.id)
        .join(listings, listings.c.post_id == posts.c.id)
        .where(listings.c.feed_id == feed, posts.c.id.not_in(now))
    )
    withdrawn = list(connection.scalars(missing.where(posts.c.published > past)))
    # Those from before its reach have made room. Undated ones and ties stay listed: nobody can tell.
    over = [*withdrawn, *connection.scalars(missing.where(posts.c.published < past))]
    connection.execute(delete(listings).where(listings.c.feed_id == feed, listings.c.post_id.in_(over)))
    elsewhere = exists().where(listings.c.post_id == posts.c.id, listings.c.feed_id.in_(read))
    marked = connection.execute(
        update(posts).where(posts.c.id.in_(withdrawn), ~elsewhere).values(withdrawn_at=at)
    )
    return marked.rowcount


def _is_all_new(connection: Connection, now: Collection[int], at: datetime) -> bool:
    """Whether the feed turned over: nothing of it was known before this reading."""
    return not connection.scalar(select(exists().where(posts.c.id.in_(now), posts.c.first_seen < at)))


def reach(listed: Sequence[Listed], before: Container[int | None]) -> datetime | None:
    """The date from which on a document surely lists everything; None where nobody can tell.

    It is that of the oldest post which it also listed ``before``: a feed without any of those may be another
    one by now. Only a document that goes from new to old tells it. Those pinned on top may be of any age, so
    what counts is its lower part that is in order, and that must be most of it.
    """
    ordered: list[tuple[datetime, int | None]] = []
    for post, published in reversed(listed):
        if published is None:
            continue
        if ordered and published < ordered[-1][0]:
            break
        ordered.append((published, post))
    if 2 * len(ordered) <= len(listed):
        return None
    return next((published for published, post in ordered if post in before), None)
