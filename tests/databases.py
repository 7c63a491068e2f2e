"""PostgreSQL databases that tests are lent one after another, each as if it had just been made.

To make a database and to drop it costs the server 17 ms of the processor, a connection another 4 ms, and more
until it knows the tables. So what a test gives back is emptied and lent again, with the connections to it,
where it is certain that nothing else became different. Else it is dropped.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    Connection = psycopg.Connection[Any]

TEMPLATE = "template_rapport"

_KEPT = 4
"""How many connections to a database are kept for who opens it next."""

_idle: dict[str, list[Connection]] = {}
"""Connections that nobody uses, of each database that this process lends."""


class Databases:
    """Those of one process: `lend` one, and `take_back` what a test had."""

    def __init__(self, server: str, names: str) -> None:
        self._server = make_url(server).set(drivername="postgresql")
        self._names = (f"{names}_{number}" for number in itertools.count(1))
        self._free: list[Lent] = []
        self._lent: dict[str, Lent] = {}
        self._admin = self._connect()

    def lend(self) -> str:
        """The name of a database with the current schema and nothing in it."""
        one = self._free.pop() if self._free else self._make()
        self._lent[one.name] = one
        return one.name

    def take_back(self, name: str) -> None:
        """Make it as new for the next test, or drop it."""
        one = self._lent.pop(name)
        if one.renew():
            self._free.append(one)
            return
        one.close()
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def lent(self, name: str) -> Lent:
        return self._lent[name]

    def close(self) -> None:
        """End all connections; the databases go with the server."""
        for one in (*self._free, *self._lent.values()):
            one.close()
        self._admin.close()

    def _make(self) -> Lent:
        name = next(self._names)
        # In a database this small to copy the files costs less than to log every page.
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        _idle[name] = []
        return Lent(name, self._connect(name))

    def _connect(self, name: str | None = None) -> Connection:
        url = self._server.set(database=name) if name else self._server
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


class Lent:
    """One database, and our own connection to it."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.connection = connection
        # A trigger keeps the log of staff from being emptied.
        self._run("SET session_replication_role = replica")
        self._run("SET client_min_messages = warning")
        tables = [name for (name,) in self._run(_RELATIONS, {"kind": "r"})]
        self._sizes = _joined("SELECT '{0}', pg_relation_size('{0}')", tables)
        self._filled = [name for name, size in self._run(self._sizes) if size]
        self._rows = _joined("SELECT '{0}', {0}::text FROM {0}", self._filled)
        sequences = [name for (name,) in self._run(_RELATIONS, {"kind": "S"})]
        self._counters = _joined("SELECT '{0}', last_value, is_called FROM {0}", sequences)
        self._first = set(self._run(self._counters))
        catalogues = [name for (name,) in self._run(_CATALOGUES)]
        self._changes = f"{_joined(_CHANGES, catalogues)}{_NO_NAMESPACE} UNION ALL {_OTHERS}"
        self._begin()
        self._new = self._look()

    def renew(self) -> bool:
        """Make it as new; false where it cannot be known to be so.

        It cannot where anybody is still connected, who may write later, and where a row of a catalogue was
        written or is missing: then the schema is another.
        """
        try:
            if self._is_in_use() or self.has_changed():
                return False
            self._empty()
            self._begin()
        except psycopg.OperationalError:  # the test ended all connections
            return False
        return True

    def close(self) -> None:
        """End our connections."""
        for connection in (self.connection, *_idle.pop(self.name)):
            connection.close()

    def has_changed(self) -> bool:
        """Whether the schema, or what migrations put in, is another than of a new database."""
        return self._look() != self._new

    def _is_in_use(self) -> bool:
        ours = [connection.info.backend_pid for connection in (self.connection, *_idle[self.name])]
        others = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> ALL(%s)"
        return bool(self._run(others, (self.name, ours)))

    def _empty(self) -> None:
        """Give every table that was written to an empty file, as it had, and count from the start again."""
        used = [name for name, size in self._run(self._sizes) if size and name not in self._filled]
        if used:
            self._run(f"TRUNCATE {', '.join(used)} CASCADE")
        counted = {name for name, *_ in set(self._run(self._counters)) - self._first}
        for name, value, called in self._first:
            if name in counted:
                self._run("SELECT setval(%s, %s, %s)", (name, value, called))

    def _begin(self) -> None:
        ((self._since,),) = self._run("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")

    def _look(self) -> tuple[Any, Any]:
        """How many rows each catalogue has, and how many are of transactions since this was lent; what stands
        in the tables that migrations fill."""
        return self._run(self._changes, {"since": self._since}), self._run(self._rows)

    def _run(self, statement: str, values: Any = None) -> list[Any]:
        cursor = self.connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


_RELATIONS = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = %(kind)s "
    "ORDER BY 1"
)
_CATALOGUES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' "
    "AND NOT relisshared ORDER BY relname = 'pg_namespace', 1"
)
_CHANGES = "SELECT '{0}', count(*), count(*) FILTER (WHERE age(xmin) <= age(%(since)s::xid)) FROM {0}"
# A temporary table leaves the namespace behind in which it was.
_NO_NAMESPACE = " WHERE nspname !~ '^pg_(toast_)?temp_'"
# VACUUM and ANALYZE change what is believed of tables in its place, as no transaction does; the settings of
# databases stand in a catalogue of the whole server.
_OTHERS = (
    "SELECT 'estimates', sum(relpages), sum(reltuples)::bigint FROM pg_class "
    "WHERE oid >= 16384 AND relkind = 'r' "
    "UNION ALL SELECT 'settings', count(*), 0 FROM pg_db_role_setting JOIN pg_database ON oid = setdatabase "
    "WHERE datname = current_database()"
)


def _joined(query: str, names: Iterable[str]) -> str:
    return " UNION ALL ".join(query.format(name) for name in names)


def keep_connections() -> None:
    """From here on a connection to a lent database is not closed but kept for who opens the database next."""
    connect, close = PGDialect_psycopg.connect, PGDialect_psycopg.do_close

    def taken(dialect: PGDialect_psycopg, *args: Any, **how: Any) -> Any:
        idle = _idle.get(how.get("dbname", ""))
        return idle.pop() if idle else connect(dialect, *args, **how)

    def kept(dialect: PGDialect_psycopg, connection: Any) -> None:
        idle = None if connection.closed else _idle.get(connection.info.dbname)
        if idle is not None and len(idle) < _KEPT and _is_as_new(connection):
            idle.append(connection)
        else:
            close(dialect, connection)

    PGDialect_psycopg.connect = taken  # type: ignore[method-assign]
    PGDialect_psycopg.do_close = kept  # type: ignore[method-assign]
    # Who has a connection ended means to be rid of its locks.
    PGDialect_psycopg.do_terminate = close  # type: ignore[method-assign]


def _is_as_new(connection: Connection) -> bool:
    try:
        connection.rollback()
        connection.autocommit = True
        connection._prepared.clear()  # psycopg does not notice each time that these are discarded
        connection.execute("DISCARD ALL")
        connection.autocommit = False
        connection.isolation_level = connection.read_only = connection.deferrable = None
        connection._notice_handlers.clear()
    except psycopg.Error:
        return False
    return True
