"""Copying everything from one database to another of either kind, and proving that the copy is the same.

Three things are not copied: the schema's revision, which the target has already; the workers' queue, whose
jobs only call workers to editions that are in the ledger; and who of staff is signed in, with the links and
tries to do so.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import JSON, bindparam, func, insert, select, text

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions
from pipeline.core.tables.images import images
from pipeline.core.tables.installation import marks
from subscribers.staff.tables import NOT_COPIED
from subscribers.tables import keys, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Connection, Table

PAGE, HEAVY_PAGE = 500, 20
"""Rows held in memory at once; the second of rows that hold a letter or a picture each."""

_HEAVY = (editions.name, images.name)

_OF_ITSELF = (keys.name, marks.name)
"""Tables that have rows before anybody used the database: a copy replaces them."""

_COPIED = [table for table in metadata.sorted_tables if table not in NOT_COPIED]

_REMEMBERED = [
    table.name for table in metadata.sorted_tables if table.dialect_options["sqlite"]["autoincrement"]
]
"""Tables whose ids are in links, so that no id may ever be given again."""


class Sum(NamedTuple):
    """A table's content: the number of ``rows``, and a ``sum`` over them that does not depend on their order
    or on the kind of database."""

    rows: int
    sum: str


Sums = dict[str, Sum]


def copy(source: Connection, target: Connection) -> Sums:
    """Copy every table into ``target``, which is empty and has the same schema; the sums of what was copied.

    Both connections are inside a transaction. Raises RapportError when the target then differs.
    """
    for name in _OF_ITSELF:
        target.execute(metadata.tables[name].delete())
    sums = {}
    for table in _COPIED:
        tally = _Tally()
        filling = insert(table).values({column.name: _parameter(column) for column in table.columns})
        for page in _pages(source, table):
            target.execute(filling, [_named(row) for row in page])
            tally.add(page)
        sums[table.name] = tally.sum()
    counted = counters(source)
    _set_counters(target, counted)
    arrived = sums_of(target)
    reached = counters(target)
    wrong = [name for name in sums if sums[name] != arrived[name]]
    wrong += [name for name in _REMEMBERED if reached[name] < counted[name]]
    if wrong:
        raise RapportError(
            f"The copy differs from what was copied, in {', '.join(wrong)}.",
            "Nothing was changed. Report this, with the kinds and versions of both databases.",
        )
    return sums


def sums_of(connection: Connection) -> Sums:
    """The sum of every table, read row by row."""
    sums = {}
    for table in _COPIED:
        tally = _Tally()
        for page in _pages(connection, table):
            tally.add(page)
        sums[table.name] = tally.sum()
    return sums


def is_empty(connection: Connection) -> bool:
    """Whether nobody has used this database yet."""
    used = (table for table in metadata.sorted_tables if table.name not in _OF_ITSELF)
    marked = connection.execute(select(marks.c.name).limit(1)).first() is not None
    return not marked and all(connection.execute(select(table).limit(1)).first() is None for table in used)


def keep_writers_out(connection: Connection) -> None:
    """Keep all others from writing until this transaction ends (on SQLite `BEGIN IMMEDIATE` does)."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        names = ", ".join(sorted(metadata.tables))
        connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def counters(connection: Connection) -> dict[str, int]:
    """The highest id that each table ever gave, also to rows that were deleted since."""
    found = {}
    for table in metadata.sorted_tables:
        if (sequence := _sequence(connection, table)) is not None:
            last, called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608  the server's own name
            found[table.name] = last if called else 0
        elif connection.dialect.name == "sqlite" and _counts(table):
            found[table.name] = connection.scalar(select(func.max(table.c.id))) or 0
    if connection.dialect.name == "sqlite":
        for name, last in connection.execute(text("SELECT name, seq FROM sqlite_sequence")):
            if name in found:
                found[name] = max(found[name], last)
    return found


UNKNOWN = 1_000_000
"""How many ids are skipped after a restore: more than are given between a backup and its restore."""


def skip_unknown_ids(connection: Connection) -> None:
    """Skip the ids that may have been given since a backup: signed links name people by their id, and an old
    link must not open a stranger's page."""
    _set_counters(connection, {name: last + UNKNOWN for name, last in counters(connection).items()})


def _set_counters(connection: Connection, counted: dict[str, int]) -> None:
    for name, last in counted.items():
        table = metadata.tables[name]
        if not last:
            continue
        if (sequence := _sequence(connection, table)) is not None:
            connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
        elif table.dialect_options["sqlite"]["autoincrement"]:
            values = {"name": name, "last": last}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
            connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), values)


def _counts(table: Table) -> bool:
    return table.autoincrement_column is not None and table.autoincrement_column.autoincrement is True


def _sequence(connection: Connection, table: Table) -> str | None:
    if connection.dialect.name == "sqlite" or not _counts(table):
        return None
    query = text("SELECT pg_get_serial_sequence(:name, 'id')")
    found: str | None = connection.scalar(query, {"name": table.name})
    return found


def _pages(connection: Connection, table: Table) -> Iterator[list[Any]]:
    page_size = HEAVY_PAGE if table.name in _HEAVY else PAGE
    streaming = select(table).execution_options(yield_per=page_size)
    with connection.execute(streaming) as result:
        for page in result.partitions():
            yield list(page)


def _named(row: Any) -> dict[str, Any]:
    return dict(row._mapping)


def _parameter(column: Column[Any]) -> Any:
    # Otherwise None would be written as the JSON text `null` instead of NULL.
    kind = JSON(none_as_null=True) if isinstance(column.type, JSON) and column.nullable else column.type
    return bindparam(column.name, type_=kind)


class _Tally:
    """Adds up the hashes of rows. A sum needs no order, which would cost a sort; nor do all sort text
    alike."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, page: list[Any]) -> None:
        for row in page:
            written = orjson.dumps([_plain(value) for value in row], option=orjson.OPT_SORT_KEYS)
            self._sum += int.from_bytes(hashlib.blake2b(written, digest_size=16).digest())
        self._rows += len(page)

    def sum(self) -> Sum:
        return Sum(self._rows, f"{self._sum % 2**128:032x}")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return hashlib.blake2b(value).hexdigest()
    return value
