"""The schema of a database: whether it is current, older or newer than this program, and upgrading it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from pipeline.core.database import Database
from pipeline.core.database_errors import cause
from pipeline.core.errors import RapportError
from pipeline.core.moved import refuse_moved

if TYPE_CHECKING:
    from sqlalchemy import URL

HEAD = "0025"
"""The revision this program works with (a test holds it to the newest migration)."""


REVISION = re.compile(r"\d{4}", re.ASCII)
"""What the revisions of our migrations look like."""


class SchemaState(NamedTuple):
    """The revision of a schema; None: the database is empty. What is neither current nor newer is older."""

    revision: str | None

    @property
    def is_current(self) -> bool:
        return self.revision == HEAD

    @property
    def is_newer(self) -> bool:
        return self.revision is not None and self.revision > HEAD


def schema_state(database: Database) -> SchemaState:
    """Read the schema's revision. Raises RapportError when the database cannot be opened."""
    try:
        with database.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return SchemaState(None)
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return SchemaState(found)
    except OperationalError as error:
        raise RapportError(
            f"The database {database.name} cannot be opened: {cause(error)}.",
            "Check database.url, that the server runs, and that the folder exists and may be written.",
        ) from error


def open_database(url: str | URL, *, moving: bool = False) -> Database:
    """Open the database at ``url`` with a current schema.

    SQLite (the embedded default) is created and upgraded by itself. Raises RapportError, with the remedy,
    when another database is older than this program, when any is newer, and as `refuse_moved` does.
    """
    database = Database(url)
    try:
        if database.sqlite:
            upgrade(database, moving=moving)
        elif not (found := _not_newer(database, moving=moving)).is_current:
            raise RapportError(
                f"{database.name} has schema {found.revision or 'none'}; this version needs {HEAD}.",
                "Run `rapport migrate`.",
            )
    except BaseException:
        database.close()
        raise
    return database


def upgrade(database: Database, *, moving: bool = False) -> SchemaState:
    """Bring the schema to HEAD, one process at a time; what it was before.

    Raises RapportError when it is newer, and as `refuse_moved` does.
    """
    found = _not_newer(database, moving=moving)
    if not found.is_current:
        with database.lock("migrate", wait=True):
            migrate(database)
    return found


def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations that are missing up to a revision, in one transaction, on a database that nobody
    else uses."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _not_newer(database: Database, *, moving: bool) -> SchemaState:
    found = schema_state(database)
    refuse_moved(database, moving=moving)
    if found.is_newer:
        raise RapportError(
            f"{database.name} was made by a newer Rapport: schema {found.revision}, not {HEAD}.",
            "Install the newer version again; an older one cannot read it.",
        )
    return found
