"""What staff say, after a restore, of a letter that may have gone out since the backup (promise 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from pipeline.core.tables.editions import edition_posts
from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions import after_restore, states, store
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database


@pytest.mark.parametrize(
    ("status", "verb", "kept"),
    [("approved", "cancel", [1]), ("sending", "cancel", [1]), ("approved", "skip", [])],
)
def test_cancelled_its_posts_count_as_mailed_and_skipped_they_wait(
    database: Database, status: str, verb: str, kept: list[int]
) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("waiting")], status=status, finished_at=None)
        connection.execute(insert(feeds).values(id=1, url="https://example.org/feed", first_seen=AT))
        post = {"id": 1, "feed_id": 1, "title": "A calm morning", "first_seen": AT, "initial": False}
        connection.execute(
            insert(posts).values(post | {"position": 0, "categories": [], "excerpt": "", "words": 1})
        )
        connection.execute(insert(edition_posts).values(digest="weekly", post_id=1, edition_id=1))
        after_restore.doubt(connection, AT, AT + timedelta(hours=1))
        # Whatever else was said of it since.
        store.change(connection, 1, reason="too many bounces")
        states.BY_STAFF[verb](connection, "weekly-1")
        assert list(connection.scalars(select(edition_posts.c.post_id))) == kept
