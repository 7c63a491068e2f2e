"""What staff decide about posts: which wait for them, and what letting in and keeping out changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import edition_posts, editions
from pipeline.core.tables.feeds import posts
from subscribers import staff_log

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from pipeline.editions.post_list import Listed


@dataclass(frozen=True, slots=True)
class Side:
    """A post as staff are shown it. ``edition`` is the newest that it is in, empty if it is in none."""

    id: int
    title: str
    url: str | None
    published: datetime | None
    first_seen: datetime
    edition: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post that nobody can tell to be new, and the known one that it may be."""

    post: Side
    may_be: Side | None


def waiting(connection: Connection, feed: int) -> list[Waiting]:
    """The posts of a feed that wait for staff, the newest first."""
    query = select(posts).where(
        posts.c.feed_id == feed, posts.c.decision == "unsure", posts.c.withdrawn_at.is_(None)
    )
    rows = sorted(connection.execute(query), key=lambda row: (row.published or row.first_seen, -row.id))
    return [Waiting(_side(connection, row), _other(connection, row.resembles)) for row in rows[::-1]]


def _other(connection: Connection, post: int | None) -> Side | None:
    row = connection.execute(select(posts).where(posts.c.id == post)).one_or_none()
    return _side(connection, row) if row is not None else None


def _side(connection: Connection, row: Row[Any]) -> Side:
    newest = (
        select(editions.c.slug)
        .join(edition_posts, edition_posts.c.edition_id == editions.c.id)
        .where(edition_posts.c.post_id == row.id)
        .order_by(editions.c.id.desc())
        .limit(1)
    )
    edition = connection.scalar(newest) or ""
    return Side(row.id, row.title, row.url, row.published, row.first_seen, edition)


def decide(connection: Connection, post: Listed, *, let_in: bool, actor: str = "") -> None:
    """Let a post in to the next letter, or keep it out of every one, whatever it was until now, as ``actor``
    of staff wants it (default: the system's user).

    Raises RapportError for letting in one that readers have had, or that the blog took back. One that a
    digest has mailed can still be kept out of the others."""
    if let_in and post.state == "mailed":
        raise RapportError(
            f"“{post.title}” went out with {post.edition} already.",
            "A correction is a letter of its own.",
        )
    if let_in and post.state == "withdrawn":
        raise RapportError(
            f"“{post.title}” was withdrawn by its blog.",
            "It comes back by itself once the feed lists it again.",
        )
    said = "in" if let_in else "out"
    connection.execute(update(posts).where(posts.c.id == post.id).values(decision=said))
    verb, about = "let-in" if let_in else "keep-out", f"post {post.id}"
    staff_log.record(connection, verb, about, detail=post.title, actor=actor)
