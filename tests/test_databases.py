"""A database that was lent before differs in nothing from one that was just made."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from pipeline.core.database import Database
from tests.databases import Databases

if TYPE_CHECKING:
    from collections.abc import Iterator

    Connection = psycopg.Connection[Any]

OTHERWISE = (
    "ALTER TABLE digests ADD COLUMN more integer",
    "ALTER TABLE welcomes RENAME TO greetings",
    "ALTER TABLE digests ALTER COLUMN first_seen DROP NOT NULL",
    "ALTER SEQUENCE consents_id_seq INCREMENT 2",
    "ALTER TABLE digests DISABLE TRIGGER ALL",
    "ALTER DATABASE {name} SET default_transaction_read_only = on",
    "CREATE TABLE more (id integer)",
    "CREATE SCHEMA more",
    "CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "DROP TABLE welcomes",
    "DROP TRIGGER staff_log_is_final ON staff_log",
    "COMMENT ON TABLE digests IS 'more'",
    "GRANT SELECT ON digests TO PUBLIC",
    "SELECT lo_create(0)",
    "ANALYZE digests",
    "UPDATE alembic_version SET version_num = '0001'",
    "UPDATE keys SET value = 'another'",
    "DELETE FROM keys",
    "INSERT INTO keys VALUES ('another', 'key')",
)
"""What may be different afterwards, besides rows."""

VALUES = {"json": "'{}'", "bytea": "''", **dict.fromkeys(("integer", "bigint", "boolean"), "'1'")}
"""What is written into a column of which kind; into others a day, which is a text as well."""

CHANGING = {"relfilenode", "relfrozenxid", "relminmxid", "relpages", "reltuples"}
TEMPORARY = ("pg_temp", "pg_toast_temp")


@pytest.fixture(scope="module")
def databases(postgresql: str, worker_id: str) -> Iterator[Databases]:
    """Databases of these tests alone."""
    with closing(Databases(postgresql, f"own_{worker_id}")) as made:
        yield made


def test_what_was_lent_before_differs_in_nothing_from_a_new_one(
    postgresql: str, databases: Databases
) -> None:
    used = databases.lend()
    connection = databases.lent(used).connection
    tables = [table for table in names(connection, "r") if fill(connection, table)]
    assert len(tables) > 40
    for sequence in names(connection, "S"):
        connection.execute("SELECT nextval(%s)", [sequence])
    connection.execute("CREATE TEMPORARY TABLE more (id integer)")
    connection.execute("DROP TABLE more")
    databases.take_back(used)
    again, fresh = databases.lend(), databases.lend()
    assert again == used != fresh
    with connected(postgresql, again) as one, connected(postgresql, fresh) as other:
        assert everything(one) == everything(other)


def test_one_that_is_otherwise_is_lent_to_nobody(postgresql: str, databases: Databases) -> None:
    name = databases.lend()
    lent = databases.lent(name)
    unnoticed = []
    for change in OTHERWISE:
        with lent.connection.transaction(force_rollback=True):
            lent.connection.execute(change.format(name=name))
            if not lent.has_changed():
                unnoticed.append(change)
    assert unnoticed == []
    with connected(postgresql, name) as connection:
        connection.execute("CREATE TABLE more (id integer)")
    databases.take_back(name)
    assert databases.lend() != name


def test_nor_is_one_to_which_somebody_is_still_connected(postgresql: str, databases: Databases) -> None:
    name = databases.lend()
    with connected(postgresql, name) as connection:
        databases.take_back(name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert databases.lend() != name


def test_nor_one_whose_connections_were_ended(postgresql: str, databases: Databases) -> None:
    name = databases.lend()
    with connected(postgresql, "postgres") as server:
        server.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s", [name]
        )
    databases.take_back(name)
    assert databases.lend() != name


def test_a_connection_that_is_used_again_knows_nothing_of_before(
    postgresql: str, databases: Databases
) -> None:
    name = databases.lend()
    url = make_url(postgresql).set(database=name)
    with closing(Database(url)) as database, database.engine.connect() as connection:
        before = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.execute(text("SET statement_timeout = 4711"))
        connection.execute(text("CREATE TEMPORARY TABLE more (id integer)"))
        connection.execute(text("SELECT pg_advisory_lock(4711)"))
        connection.commit()
        connection.execute(text("INSERT INTO digests VALUES ('weekly', now())"))
    with closing(Database(url)) as database, database.read() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == before
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
        assert connection.scalar(text("SELECT to_regclass('more')")) is None
        assert connection.scalar(text("SELECT count(*) FROM digests")) == 0
        with connected(postgresql, name) as other:
            assert other.execute("SELECT pg_try_advisory_lock(4711)").fetchone() == (True,)


def test_nor_does_it_miss_what_it_had_prepared(postgresql: str, databases: Databases) -> None:
    url = make_url(postgresql).set(database=databases.lend())
    for times in (1, 10, 10):  # psycopg prepares what it is asked more than five times
        with closing(Database(url)) as database, database.read() as one, database.read() as other:
            for number in range(times):
                for connection in (one, other):
                    assert connection.scalar(text("SELECT 1 + :number"), {"number": number}) == 1 + number


def connected(server: str, name: str) -> Connection:
    url = make_url(server).set(drivername="postgresql", database=name)
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def names(connection: Connection, kind: str) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = %s"
    return [name for (name,) in connection.execute(query, [kind])]


def fill(connection: Connection, table: str) -> bool:
    """Write a row into a table that is empty, if nothing forbids it to be of such values."""
    if connection.execute(f"SELECT 1 FROM {table}").fetchone():
        return False
    query = (
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
        "AND is_identity = 'NO' AND column_default IS NULL AND is_nullable = 'NO'"
    )
    row = {name: VALUES.get(kind, "'20261126'") for name, kind in connection.execute(query, [table])}
    values = f"({', '.join(row)}) VALUES ({', '.join(row.values())})" if row else "DEFAULT VALUES"
    try:
        connection.execute(f"INSERT INTO {table} {values}")
    except (psycopg.IntegrityError, psycopg.DataError):
        return False
    return True


def everything(connection: Connection) -> dict[str, Any]:
    """All that a database holds, but for which files hold it and how old rows are."""
    everywhere = connection.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'S') AND NOT relisshared "
        "AND relnamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace)"
    ).fetchall()
    found: dict[str, Any] = {}
    for (table,) in everywhere:
        rows = connection.execute(
            f"SELECT to_jsonb(t) - %s::text[] FROM (SELECT * FROM {table}) t", [list(CHANGING)]
        )
        found[table] = sorted(
            str(row) for (row,) in rows if not str(row.get("nspname")).startswith(TEMPORARY)
        )
    sizes = "SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class WHERE oid >= 16384 ORDER BY 1"
    found["sizes"] = connection.execute(sizes).fetchall()
    return found
