"""Statements over many rows at once that SQLAlchemy spells differently for each database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, FromClause, Table
    from sqlalchemy.types import TypeEngine

Insert = postgresql.Insert | sqlite.Insert

INSERT: Mapping[str, Callable[[Table], Insert]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""By the dialect's name: inserts that have ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""


def insert(connection: Connection, table: Table) -> Insert:
    """The `INSERT` of this database."""
    return INSERT[connection.dialect.name](table)


def among(connection: Connection, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether ``column`` is one of very many values, which are sent as one parameter.

    ``in_`` makes a parameter of each value: for 2,000 of them that took longer than the search itself.
    """
    if _is_sqlite(connection):
        given = func.json_each(json.dumps(values)).table_valued("value")
        return column.in_(select(given.c.value))
    return column == any_(literal(list(values), postgresql.ARRAY(column.type)))


def given(
    connection: Connection, columns: Mapping[str, TypeEngine[Any]], values: Sequence[Sequence[Any]]
) -> FromClause:
    """Very many rows to select from: one parameter on SQLite, one for each column on PostgreSQL.

    ``values`` are texts and numbers, in the order of ``columns``. An insert from this takes two thirds of
    the time of ``executemany``, and says which rows it wrote.
    """
    if _is_sqlite(connection):
        each = func.json_each(json.dumps(values)).table_valued("value")
        cells = (
            func.json_extract(each.c.value, f"$[{number}]", type_=kind).label(name)
            for number, (name, kind) in enumerate(columns.items())
        )
        return select(*cells).subquery()
    arrays = (
        literal([row[number] for row in values], postgresql.ARRAY(kind))
        for number, kind in enumerate(columns.values())
    )
    return func.unnest(*arrays).table_valued(*columns).render_derived()


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
