"""Finding people by what staff type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from subscribers import directory, searching

if TYPE_CHECKING:
    from pipeline.core.database import Database

PEOPLE = (
    ("anna@example.net", "Anna Lee"),
    ("ann_a@example.net", "Ümit Özkan"),
    ("bo@example.net", "Bo van Annen"),
    ("zoe@example.net", ""),
    ("a%na@example.net", "100% Zoë"),
)


@pytest.fixture
def people(database: Database) -> Database:
    with database.write() as connection:
        for address, name in PEOPLE:
            directory.add(connection, address, name=name, digests=["weekly"], wording="x", source="test")
    return database


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("ann", ["ann_a", "anna"]),
        ("ANNA@example", ["anna"]),
        ("ann_", ["ann_a"]),
        ("a%", ["a%na"]),
        ("lee", ["anna"]),
        ("van annen", ["bo"]),
        ("ümit", ["ann_a"]),
        ("Özkan", ["ann_a"]),
        ("zo", ["zoe", "a%na"]),
        ("2", ["ann_a"]),
        ("example", []),
        (" ", []),
        ("\u202e\x00", []),
        ("9" * 40, []),
    ],
)
def test_by_the_beginning_of_address_name_and_what_follows_a_first_name(
    people: Database, term: str, found: list[str]
) -> None:
    with people.read() as connection:
        result = searching.search(connection, term)
    assert [one.email.partition("@")[0] for one in result.people] == found
    assert not result.more


def test_each_beginning_is_looked_up_in_an_index(people: Database) -> None:
    columns = searching._COLUMNS[people.engine.dialect.name]
    explain = "EXPLAIN QUERY PLAN" if people.sqlite else "EXPLAIN"
    with people.read() as connection:
        if not people.sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        for column in columns:
            named = "" if column.startswith("email") else "AND name <> ''"
            query = f"SELECT id FROM subscribers WHERE {column} >= 'a' AND {column} < 'b' {named}"
            plan = str(connection.execute(text(f"{explain} {query} ORDER BY {column} LIMIT 51")).all())
            assert "subscribers_search" in plan or "autoindex_subscribers" in plan, plan
            assert not any(word in plan for word in ("Sort", "TEMP B-TREE")), plan
