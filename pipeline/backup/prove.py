"""Whether the database of an archive is one of ours and what its manifest says, before it is used.

A database can hold programs: views that never end, triggers, columns that are computed, tables of other
kinds. So what it is made of is read first, as text, and compared with what our own migrations make of an
empty file; only then is a row read. Values, too, have a size that fits in memory and a time to be read in.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.backup import archive
from pipeline.backup.copy import sums_of
from pipeline.core.database import Database
from pipeline.core.errors import RapportError
from pipeline.core.schema import REVISION, migrate, schema_state
from pipeline.core.tables.editions import editions
from pipeline.core.tables.images import images
from pipeline.core.words import sentence
from subscribers.tables import metadata

if TYPE_CHECKING:
    from pipeline.backup.manifest import Manifest

LARGEST = 1_000_000
"""Bytes of a row; the copier holds 500 in memory at once."""

LARGEST_HEAVY = 20_000_000
"""The same where a row holds a letter or a picture; the copier holds 20 of those."""

SECONDS, SECONDS_A_MEGABYTE = 60, 2
"""How long reading may take: on a slow disk a megabyte takes a quarter of a second."""

LARGEST_NUMBER = 2**53
"""More than any id or count of ours, and far from where SQLite has no next id to give (2**63)."""

VALUES = (ValueError, TypeError, LookupError, ArithmeticError)
"""What comes of values that are none of ours."""

_HEAVY = {editions.name, images.name}

_KINDS = {
    "BIGINT": "integer", "BLOB": "blob", "BOOLEAN": "integer", "DATE": "text", "DATETIME": "text",
    "INTEGER": "integer", "JSON": "text", "TEXT": "text", "VARCHAR": "text",
}  # fmt: skip
"""By the declared type of a column what SQLite stores in it: to SQLite that type is a wish."""

Schema = dict[tuple[str, str, str], tuple[str, ...]]
"""By type, name and table how each thing was made."""


class _WrongError(Exception):
    pass


def prove(file: Path, path: Path, manifest: Manifest) -> None:
    """Raise RapportError unless the database at ``path``, of the archive ``file``, is what it should be."""
    try:
        expected = _expected(manifest.schema)
        with closing(_opened(path)) as connection:
            _compare(_schema(connection), expected)
            _look_through(connection, manifest.schema)
        _count(path, manifest)
    except _WrongError as wrong:
        raise _refused(file, str(wrong)) from None
    except (*VALUES, sqlite3.Error, SQLAlchemyError, RapportError):
        raise _refused(file, "it cannot be read") from None


def _refused(file: Path, why: str) -> RapportError:
    return RapportError(
        sentence(f"The database in {file} is not what its manifest says: {why}"),
        "Nothing was changed. Use another backup.",
    )


@cache
def _expected(revision: str) -> Schema:
    """What our migrations make of an empty file, as far as that revision."""
    if not REVISION.fullmatch(revision):
        raise _WrongError("its schema has no number of ours")
    from alembic.util import CommandError

    with archive.private_folder(Path(tempfile.gettempdir()), "rapport-schema") as folder:
        empty = folder / archive.DATABASE
        try:
            with closing(Database(f"sqlite:///{empty}")) as database:
                migrate(database, revision)
        except CommandError:
            raise _WrongError("its schema has no number of ours") from None
        with closing(_opened(empty)) as connection:
            return _schema(connection)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_HEAVY)
    # sqlite.org/security.html, "untrusted database files".
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    end = time.monotonic() + SECONDS + SECONDS_A_MEGABYTE * path.stat().st_size / 1_000_000
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    return connection


def _schema(connection: sqlite3.Connection) -> Schema:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")
    return {(kind, name, table): _parts(sql or "") for kind, name, table, sql in rows}


# A blank is what SQLite takes for one, and no other space of Unicode: to SQLite those are letters.
_PIECES = re.compile(r"""'[^']*'|"[^"]*"|[(),]|[ \t\n\f\r]+|[^ \t\n\f\r(),'"]+|['"]""")
_MARKS = {"(", ")", ","}


def _parts(sql: str) -> tuple[str, ...]:
    """A statement cut at commas and sorted: in which order a library writes down the constraints of a table
    that it copies is chance, and so is where it breaks lines. A blank that parts two words stays."""
    parts: list[list[str]] = [[]]
    depth, parted, before = 0, False, ","
    for piece in _PIECES.findall(sql):
        if piece[0] in " \t\n\f\r":
            parted = True
            continue
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 1:
            parts.append([])
        else:
            parts[-1].append(f" {piece}" if parted and not {piece, before} & _MARKS else piece)
        parted, before = False, piece
    first, *others = ("".join(part) for part in parts)
    # The first and the last have what stands around them: take that apart, too.
    begun, bracket, first = first.partition("(")
    *inner, last = others or [""]
    last, closed, end = last.rpartition(")")
    return (begun, bracket, *sorted([first, *inner, last] if others else [first]), closed, end)


def _compare(found: Schema, expected: Schema) -> None:
    for (kind, name, _), sql in sorted(found.items()):
        if expected.get((kind, name, _)) != sql:
            raise _WrongError(f"it holds the {kind} {_shown(name)}, which is not ours")
    if missing := expected.keys() - found.keys():
        raise _WrongError(f"it lacks the {' '.join(min(missing)[:2])}")


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:60])


def _look_through(connection: sqlite3.Connection, revision: str) -> None:
    if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(revision,)]:
        raise _WrongError("its schema is another")
    if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
        raise _WrongError("it is damaged")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise _WrongError("it has rows that belong to none")
    given = f"SELECT 1 FROM sqlite_sequence WHERE {_strange('seq', 'INTEGER')}"  # noqa: S608
    if connection.execute(given).fetchone():
        raise _WrongError("its next id is none of ours")
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    for (table,) in connection.execute(tables).fetchall():
        columns = {name: kind for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table})")}
        strange = " OR ".join(_strange(name, kind.partition("(")[0]) for name, kind in columns.items())
        if connection.execute(f"SELECT 1 FROM {table} WHERE {strange} LIMIT 1").fetchone():  # noqa: S608
            raise _WrongError(f"a row of {table} has a value that its column is not for")
        size = " + ".join(f"coalesce(length(CAST({name} AS BLOB)), 0)" for name in columns)
        largest = connection.execute(f"SELECT max({size}) FROM {table}").fetchone()[0] or 0  # noqa: S608  our own names
        if largest > (LARGEST_HEAVY if table in _HEAVY else LARGEST):
            raise _WrongError(f"a row of {table} has {largest:,} bytes")


def _strange(column: str, kind: str) -> str:
    """The condition that a column holds what is not of its type, or a number that is none of ours."""
    stored = _KINDS[kind]
    strange = f"typeof({column}) NOT IN ('{stored}', 'null')"
    return f"{strange} OR {column} NOT BETWEEN 0 AND {LARGEST_NUMBER}" if stored == "integer" else strange


def _count(path: Path, manifest: Manifest) -> None:
    """Compare the rows with the manifest. Of an older schema they are counted only; its bytes were compared
    with their hash already."""
    with closing(Database(f"sqlite:///{path}")) as database, database.read() as connection:
        if schema_state(database).is_current:
            same = sums_of(connection) == manifest.tables
        else:
            known = [metadata.tables[name] for name in manifest.tables if name in metadata.tables]
            counted = (connection.scalar(select(func.count()).select_from(table)) for table in known)
            same = list(counted) == [manifest.tables[table.name].rows for table in known]
    if not same:
        raise _WrongError("its rows are others")
