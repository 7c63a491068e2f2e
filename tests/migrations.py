"""An empty SQLite database is migrated once a process; the next are given the schema that came of it.

Twenty-three migrations take 0.13 s of the processor, and most installations of tests begin with them. What
they do to a list that is there is tried with themselves: this is for empty databases alone.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import text

from pipeline.core import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

_SCHEMA = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"


def migrate_once() -> None:
    """From here on, in this process and its forks."""
    migrations = schema.migrate
    made: list[str] = []

    def migrate(database: Database, revision: str = "head") -> None:
        if revision != "head" or not _is_empty(database):
            migrations(database, revision)
        elif made:
            with database.write() as connection:
                _make(connection, made)
        else:
            migrations(database)
            with database.read() as connection:
                made.extend(connection.scalars(text(_SCHEMA)))

    schema.migrate = migrate


def _is_empty(database: Database) -> bool:
    if not database.sqlite:
        return False
    with database.read() as connection:
        return connection.scalar(text("SELECT count(*) FROM sqlite_master")) == 0


def _make(connection: Connection, made: list[str]) -> None:
    for statement in made:
        connection.exec_driver_sql(statement)
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD})
    # As 0003 has it: each installation knows the forgotten by a key of its own.
    connection.execute(text("INSERT INTO keys VALUES ('forgotten', :key)"), {"key": secrets.token_hex(32)})
