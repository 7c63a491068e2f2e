"""A database from before there were images is brought up with everything in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

import pipeline.core.database
from pipeline.core.database import Database
from pipeline.core.schema import migrate
from pipeline.core.tables.editions import edition_posts, editions

if TYPE_CHECKING:
    from collections.abc import Callable

BEFORE = """
INSERT INTO digests (name, first_seen) VALUES ('weekly', '2026-01-01 00:00:00');
INSERT INTO feeds (id, url, first_seen) VALUES (1, 'https://example.org/feed', '2026-11-01 00:00:00');
INSERT INTO posts (id, feed_id, title, first_seen, initial, position, categories, excerpt, words)
  VALUES (1, 1, 'A walk', '2026-01-02 00:00:00', false, 0, '[]', '', 0);
INSERT INTO editions (id, digest, number, slug, status, due, due_at, subject, posts, left_out)
  VALUES (1, 'weekly', 1, 'weekly-1', 'sent', '2026-01-08', '2026-01-08 09:00:00', 'A walk', '[]', '[]');
INSERT INTO edition_posts (digest, post_id, edition_id) VALUES ('weekly', 1, 1)
"""


def _bring_up(database: Database) -> None:
    config = Config()
    config.set_main_option(
        "script_location", str(Path(pipeline.core.database.__file__).parent / "migrations")
    )
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in BEFORE.split(";"):
            connection.execute(text(statement))
    migrate(database)
    with database.read() as connection:
        edition = connection.execute(select(editions)).one()
        assert (edition.subject, edition.intro, edition.cta_reason, edition.pictures) == (
            "A walk",
            "",
            "",
            [],
        )
        assert connection.execute(select(edition_posts.c.edition_id)).scalars().all() == [1]
    database.close()


def test_editions_on_sqlite_are_kept(tmp_path: Path) -> None:
    _bring_up(Database(f"sqlite:///{tmp_path / 'rapport.db'}"))


def test_editions_on_postgresql_are_kept(new_postgresql_database: Callable[[], str]) -> None:
    database = Database(new_postgresql_database())
    with database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    _bring_up(database)
