"""One schema on two databases; transactions, locks, and databases of another age."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipeline.core.database import Database
from pipeline.core.errors import BusyError, ConfigError, RapportError
from pipeline.core.schema import HEAD, migrate, open_database, schema_state
from subscribers.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrated_schema_is_the_one_the_tables_describe(database: Database) -> None:
    def ours(_object: object, name: str | None, *_: object) -> bool:
        # The queue's tables are the queue's own affair. Indexes of expressions stand in their migration
        # alone: SQLAlchemy does not read them back from SQLite.
        return not any(word in (name or "") for word in ("procrastinate", "ix_subscribers_search"))

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_the_known_revision_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "pipeline/core/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_what_a_restore_had_stopped_by_its_reason_is_known_by_a_column(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", "pipeline/core/migrations")
    columns = "digest, number, slug, status, reason, due, due_at, posts, left_out"
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(text("INSERT INTO digests VALUES ('a', ''), ('b', '')"))
        for digest, reason in (("a", "restored from a backup of ..."), ("b", "too many bounces")):
            values = f"'{digest}', 1, '{digest}-1', 'paused', '{reason}', '', '', '[]', '[]'"
            connection.execute(text(f"INSERT INTO editions ({columns}) VALUES ({values})"))
    migrate(database)
    with database.read() as connection:
        assert list(connection.scalars(text("SELECT digest FROM editions WHERE restored"))) == ["a"]
    database.close()


def test_a_new_sqlite_database_is_brought_up_by_itself(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert schema_state(database).is_current


def test_a_writer_that_stands_still_for_long_keeps_nobody_waiting(
    new_postgresql_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.core.database.IDLE_LIMIT", 0.2)
    database = Database(new_postgresql_database())
    change = text("UPDATE alembic_version SET version_num = version_num")
    with pytest.raises(DBAPIError), database.write() as stopped:  # noqa: PT012
        stopped.execute(change)
        with database.write() as other:
            other.execute(change)  # waits for that row
        stopped.execute(change)
    with database.read() as reader:
        time.sleep(0.4)  # who reads may take their time: a list goes through a pager
        reader.execute(text("SELECT 1"))
    database.close()


def test_an_unmigrated_postgresql_database_is_refused_with_the_remedy(postgresql: str) -> None:
    with pytest.raises(RapportError) as refusal:
        open_database(postgresql)
    assert "rapport migrate" in refusal.value.remedy


def test_a_newer_database_is_refused(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RapportError, match="newer Rapport"):
        open_database(database_url)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_keep_a_list_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError):
        Database(url)


def test_a_database_in_a_missing_folder_says_what_to_check(tmp_path: Path) -> None:
    with pytest.raises(RapportError, match="cannot be opened"):
        open_database(f"sqlite:///{tmp_path / 'missing' / 'rapport.db'}")


def test_an_error_rolls_the_whole_transaction_back(database: Database) -> None:
    with contextlib.suppress(RuntimeError), database.write() as connection:
        connection.execute(text("INSERT INTO digests VALUES ('weekly', CURRENT_TIMESTAMP)"))
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM digests")).scalar() == 0


def test_a_lock_keeps_a_second_one_out_and_is_freed_after(database: Database) -> None:
    with database.lock("weekly"):
        with pytest.raises(BusyError), Database(_url(database)).lock("weekly"):
            pass
        with Database(_url(database)).lock("monthly"):
            pass
    with Database(_url(database)).lock("weekly"):
        pass


def test_the_lock_of_a_killed_process_is_free(database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(_url(database), ready))
    process.start()
    assert ready.wait(20)
    with pytest.raises(BusyError), database.lock("weekly"):
        pass
    process.kill()
    process.join()
    with database.lock("weekly", wait=True):
        pass


def _hold(url: str, ready: multiprocessing.synchronize.Event) -> None:
    with Database(url).lock("weekly"):
        ready.set()
        multiprocessing.Event().wait()


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)
