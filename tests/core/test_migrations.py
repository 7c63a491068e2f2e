"""What tests take for a migrated database is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from pipeline.core import schema
from pipeline.core.database import Database

if TYPE_CHECKING:
    from pathlib import Path


def test_a_database_made_from_the_schema_is_as_the_migrations_leave_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    # The one of the fixture was migrated; of these two at least the second was not.
    urls = [sqlite_url, *(f"sqlite:///{tmp_path / name}.db" for name in ("one", "two"))]
    contents, keys = [], set()
    for url in urls:
        database = Database(url)
        if url != sqlite_url:
            schema.migrate(database)
        with database.read() as connection:
            made = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master")).all()
            tables = [row.name for row in made if row.type == "table"]
            rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in tables}
            keys.update(map(tuple, rows.pop("keys")))
            # Where a migration makes a table anew, Alembic puts its constraints in any order.
            lines = {(*row[:3], *sorted(map(_bare, (row.sql or "").splitlines()))) for row in made}
            contents.append((lines, rows))
        database.close()
    assert contents[0] == contents[1] == contents[2]
    assert {name for name, _ in keys} == {"forgotten"}
    assert len(keys) == 3


def _bare(line: str) -> str:
    return line.strip(" \t,")
