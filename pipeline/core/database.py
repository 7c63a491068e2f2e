"""SQLite or PostgreSQL by URL: connections, transactions and locks.

SQLite runs in WAL mode with ``synchronous=FULL``: with NORMAL a power cut can forget a committed hand-over
(sqlite.org/pragma.html#pragma_synchronous). A transaction that will write takes the write lock when it begins
(``BEGIN IMMEDIATE``): one that begins as a reader and asks for the lock later fails at once under load,
instead of waiting.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from pipeline.core import locks
from pipeline.core.errors import ConfigError
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

BUSY_TIMEOUT = 30.0
"""Seconds that a writer waits for another writer on SQLite."""

IDLE_LIMIT = 20.0
"""Seconds that a writing transaction may stand still on PostgreSQL before the server rolls it back. Its
process was stopped, and the rows that it has locked keep all others waiting."""


# With these a host that vanished is noticed within half a minute instead of two hours. (For a stopped process
# its machine goes on answering.)
_NOTICE_LOSS = (
    "SELECT set_config('tcp_keepalives_idle', '10', false), "
    "set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '4', false)"
)


class Session:
    """One connection, for transactions one after another. When it is lost, it is not opened again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """As Database.read."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """As Database.write."""
        with self._transaction(writes=True) as connection:
            yield connection

    def end(self) -> None:
        """Close the connection for good, and so give up the locks it holds."""
        self._connection.invalidate()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        if self._connection.invalidated:  # SQLAlchemy would open a new one, without the locks
            lost = "the connection to the database was lost"
            raise OperationalError(lost, None, ConnectionError(lost))
        self._connection.execution_options(rapport_writes=writes)
        with self._connection.begin():
            if writes and self._connection.dialect.name == "postgresql":
                limit = f"SET LOCAL idle_in_transaction_session_timeout = {int(IDLE_LIMIT * 1000)}"
                self._connection.exec_driver_sql(limit)
            yield self._connection


class Database:
    """One database, opened. Use ``read()`` and ``write()`` for transactions, ``lock()`` to be alone."""

    def __init__(self, url: str | URL) -> None:
        self.url = _checked(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(self.url.database) if self.sqlite and self.url.database else None
        self.engine = _engine(self.url, sqlite=self.sqlite)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One connection for several transactions."""
        with self.engine.connect() as connection:
            yield Session(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view, no lock taken."""
        with self.session() as session, session.read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, rolled back on an error."""
        with self.session() as session, session.write() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """As ``read``, and every statement sees the database as the first one saw it.

        A transaction of SQLite in WAL mode does so by itself; PostgreSQL must be told.
        """
        with self.engine.connect() as connection:
            if not self.sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def lock(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """Hold the lock ``name``, as the only process; the system or server frees it when this process dies.

        Raises BusyError when another process holds it and ``wait`` is false.
        """
        if self.path is not None:
            with locks.file_lock(self.path.with_name(f"{self.path.name}.{name}.lock"), name, wait=wait):
                yield
        else:
            with locks.advisory_lock(self.engine, name, wait=wait):
                yield

    @contextmanager
    def alive(self, name: str, *, wait: bool = True) -> Iterator[Session]:
        """Hold the lock ``name`` on the session's own connection, so that both end together (PostgreSQL).

        Whatever is written in this session is then written while the lock is held, and nobody can take its
        holder for dead. On SQLite the caller already holds a lock that keeps others away. Raises BusyError
        when another process holds the lock and ``wait`` is false.
        """
        with self.session() as session:
            if self.sqlite:
                yield session
                return
            with session.write() as connection:
                connection.execute(text(_NOTICE_LOSS))
                locks.take(connection, name, wait=wait)
            try:
                yield session
            finally:
                session.end()  # not back into the pool: the lock must end here

    def is_held(self, name: str) -> bool:
        """Whether a living process holds the lock ``name`` (PostgreSQL)."""
        with self.write() as connection:
            return locks.is_taken(connection, name)

    @property
    def name(self) -> str:
        """The database as messages name it: without user and password, wherever the URL holds them."""
        return str(self.path) if self.path else f"{self.url.database} on {self.url.host or 'this machine'}"

    def close(self) -> None:
        self.engine.dispose()


def _checked(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise NoSuchModuleError
        if "@" in (parsed.host or ""):  # of a password with a raw @, which must be shown nowhere
            raise ArgumentError
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError(
            "database.url is not the address of a database Rapport knows.",
            "Write sqlite:///rapport.db or postgresql://user@host/name, and @, / and : of a password as %40, "
            "%2F and %3A.",
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigError(
            "database.url names no file: a list kept in memory would be gone with the process.",
            "Write sqlite:///rapport.db.",
        )
    return parsed


def _engine(url: URL, *, sqlite: bool) -> Engine:
    if not sqlite:
        try:
            # The parameters of statements are addresses: they must stay out of errors and logs.
            return create_engine(url, pool_pre_ping=True, hide_parameters=True)
        except ModuleNotFoundError:
            raise ConfigError(
                "PostgreSQL needs the psycopg package.", "Install it: pip install 'rapport[postgresql]'."
            ) from None
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT}, hide_parameters=True)

    @event.listens_for(engine, "do_connect")
    def _make_private(*_: object) -> None:
        # SQLite would make it for everyone to read, and its log and index take its mode.
        if url.database and not url.query:
            private.make_file(Path(url.database))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the event below begins transactions, not the driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # Deleted rows are overwritten: whoever is erased must be gone from the file, too
        # (subscriptions/scrub.py).
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("rapport_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
