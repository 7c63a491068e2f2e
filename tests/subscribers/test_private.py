"""Files and folders are their owner's alone from the moment they are there, whatever the umask."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from pipeline.core.database import Database
from pipeline.core.schema import open_database
from pipeline.providers.outbox import Outbox
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_folders_made_on_the_way_are_private_too(tmp_path: Path) -> None:
    private.make_folder(tmp_path / "a" / "b")
    private.make_folder(tmp_path / "a" / "b")
    assert modes(tmp_path) == {"a": 0o700, "a/b": 0o700}
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        private.make_folder(tmp_path / "file")


def test_a_file_that_everybody_could_read_is_its_owners_alone_once_it_is_written(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("as it was")
    for path in (old, tmp_path / "new"):
        with open(path, "w", opener=private.opener) as file:
            assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
    assert set(modes(tmp_path).values()) == {0o600}


def test_a_database_with_its_log_and_its_locks(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'rapport.db'}")
    with database.lock("weekly"), database.write():
        found = modes(tmp_path)
    database.close()
    assert {"rapport.db", "rapport.db-wal", "rapport.db-shm", "rapport.db.weekly.lock"} <= found.keys()
    assert set(found.values()) == {0o600}


def test_opening_a_database_never_opens_its_file_beside_sqlite(tmp_path: Path) -> None:
    """To close the file once more would drop the locks of this process."""
    first, second = (Database(f"sqlite:///{tmp_path / 'rapport.db'}") for _ in range(2))
    with first.write(), second.read() as other:
        assert other.exec_driver_sql("PRAGMA busy_timeout = 1") is not None
        with pytest.raises(Exception, match="locked"):
            other.exec_driver_sql("CREATE TABLE a (b)")
    first.close()
    second.close()


def test_an_outbox_and_those_above_it(tmp_path: Path) -> None:
    Outbox(tmp_path / "mail" / "outbox")
    assert modes(tmp_path) == {"mail": 0o700, "mail/outbox": 0o700}
