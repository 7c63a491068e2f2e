"""Renaming a digest in the database: all that is kept under its name goes along, and nothing else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from pipeline.core.tables.editions import digests, edition_posts, editions
from pipeline.core.tables.feeds import feeds, posts
from pipeline.core.tables.installation import notices, runs
from pipeline.core.tables.ledger import batches
from pipeline.editions import find, numbers, renaming, store
from pipeline.editions.ledger.batch_states import BatchState
from pipeline.feeds.first_seen import first_seen, register
from pipeline.subscriptions.unsubscribe import leave_by_link
from subscribers import clock, directory, leaving, signup
from subscribers.consent import BY_MAIL
from subscribers.tables import consents, subscriptions
from subscribers.tokens import Claim
from tests.installations import installation, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.core.errors import RapportError

SEEN = datetime(2026, 1, 1, 9, tzinfo=UTC)
DUE = "2026-11-26T09:00"


@pytest.fixture
def practice(database: Database, tmp_path: Path) -> Installation:
    return practice_of(database, tmp_path)


def practice_of(database: Database, tmp_path: Path) -> Installation:
    """Three readers of `weekly`, whose first edition was sent; somebody who has not confirmed yet."""
    names = [{"name": "weekly"}, {"name": "monthly"}]
    made = installation(database, tmp_path, "http://127.0.0.1:1/feed", digests=names)
    subscribe(database, 3)
    with database.write() as connection:
        register(connection, made.config, SEEN)
        edition = store.create(
            connection, made.config.digests[0], DUE, made.config.newsletter.zone, status="sent"
        )
        feed = connection.scalar(select(feeds.c.id))
        post = connection.scalar(
            insert(posts)
            .values(
                feed_id=feed, title="One", first_seen=SEEN, initial=False, position=0,
                categories=[], excerpt="", words=1,
            )
            .returning(posts.c.id)
        )  # fmt: skip
        connection.execute(insert(edition_posts).values(digest="weekly", post_id=post, edition_id=edition.id))
        for kind, about in (("failed", "weekly"), ("missed", f"weekly {DUE}"), ("failed", " weekly")):
            connection.execute(
                insert(notices).values(kind=kind, about=about, digest="weekly", at=clock.now())
            )
        ran = {"run": "r", "at": SEEN, "outcome": "sent", "reason": ""}
        connection.execute(insert(runs).values(digest="weekly", **ran))
        signup.ask(
            connection, "new@example.net", digests=["weekly", "monthly"], wording="I ask", source="form"
        )
    return made


def statuses(connection: Connection, email: str) -> dict[str, str]:
    person = directory.person(connection, email)
    return {one.digest: one.status for one in person.subscriptions} if person else {}


def test_through_three_names_and_back_everything_goes_along(practice: Installation) -> None:
    with practice.database.read() as connection:
        proof = connection.execute(select(consents)).all()
    for old, new in (("weekly", "letter"), ("letter", "news"), ("news", "weekly"), ("weekly", "letter")):
        renaming.rename(practice, old, new)
    with practice.database.write() as connection:
        assert connection.execute(select(consents).order_by(consents.c.id)).all()[: len(proof)] == proof
        named = {
            "editions": set(connection.scalars(select(editions.c.digest))),
            "posts": set(connection.scalars(select(edition_posts.c.digest))),
            "runs": set(connection.scalars(select(runs.c.digest))),
            "readers": set(connection.scalars(select(subscriptions.c.digest))) - {"monthly"},
            "names": set(connection.scalars(select(digests.c.name))) - {"monthly"},
        }
        assert named == {key: {"letter"} for key in named}
        assert {tuple(row) for row in connection.execute(select(notices.c.about, notices.c.digest))} == {
            ("letter", "letter"), (f"letter {DUE}", "letter"), (" letter", "letter"),
        }  # fmt: skip
        assert first_seen(connection, "letter", SEEN.replace(year=2030)) == SEEN
        assert find.due_times(connection, "letter") == {DUE}
        assert find.by_slug(connection, "weekly-1").digest == "letter"
        assert (numbers.following(connection, "letter"), numbers.following(connection, "weekly")) == (2, 2)
        # A confirmation mail that is out, an undo, and a link of the first name mean the last one.
        assert signup.confirm(connection, 1, source=BY_MAIL)
        assert statuses(connection, "new@example.net") == {"letter": "active", "monthly": "active"}
        since = clock.now()
        left = leave_by_link(connection, Claim(1, 1), everything=False, source="link")
        assert (left.digest, statuses(connection, "reader1@example.net")) == (
            "letter", {"letter": "unsubscribed"},
        )  # fmt: skip
        assert leaving.undo(connection, 1, presses=[since], source="page") == ["letter"]


def test_an_undo_from_before_the_name_changed_still_undoes(practice: Installation) -> None:
    since = clock.now()
    with practice.database.write() as connection:
        leave_by_link(connection, Claim(1, 1), everything=False, source="link")
        leaving.leave(connection, 2, digest="monthly", source="link")  # which they never had
    renaming.rename(practice, "weekly", "letter")
    renaming.rename(practice, "monthly", "rarely")
    with practice.database.write() as connection:
        assert leaving.undo(connection, 1, presses=[since], source="page") == ["letter"]
        assert leaving.undo(connection, 2, presses=[since], source="page") == []


def test_a_batch_under_way_is_waited_for(practice: Installation) -> None:
    with practice.database.write() as connection:
        connection.execute(
            insert(batches).values(
                edition_id=1, number=1, state=BatchState.SENDING.value, first=1, last=3, size=3
            )
        )
    with pytest.raises(renaming.RapportError) as refused:
        renaming.rename(practice, "weekly", "letter")
    error: RapportError = refused.value
    assert (error.code, "Try again" in error.remedy) == ("sending", True)


def test_who_leaves_while_it_is_renamed_has_left(postgresql_database: Database, tmp_path: Path) -> None:
    """The link is pressed while the transaction that renames is open. (SQLite has one writer at a time.)"""
    database, practice = postgresql_database, practice_of(postgresql_database, tmp_path)
    began, told = threading.Event(), []

    def leave() -> None:
        began.set()
        with database.write() as connection:
            told.append(leave_by_link(connection, Claim(1, 1), everything=False, source="link").digest)

    pressing = threading.Thread(target=leave)
    take_along = renaming._take_along

    def meanwhile(connection: Connection, old: str, new: str) -> None:
        take_along(connection, old, new)
        renaming.digest_names.lock_audience(connection)
        pressing.start()
        began.wait(5)
        pressing.join(0.3)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renaming, "_take_along", meanwhile)
        renaming.rename(practice, "weekly", "letter")
    pressing.join(10)
    with database.read() as connection:
        assert (told, statuses(connection, "reader1@example.net")) == (["letter"], {"letter": "unsubscribed"})
