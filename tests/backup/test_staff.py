"""Accounts travel with the list; who is signed in, and the links to do so, do not."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from pipeline.backup.make import backup
from pipeline.backup.move import move
from pipeline.backup.restore import restore
from pipeline.core.database import Database
from subscribers.staff import accounts, attempts, links, sessions
from subscribers.staff.roles import Role
from subscribers.staff.tables import NOT_COPIED
from tests.installations import installation
from tests.web.public.visitor import everything

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

FEED = "http://127.0.0.1:1/feed"


def signed_in(database: Database) -> tuple[str, str]:
    """The values of a session and of a link, of an admin with a password."""
    with database.write() as connection:
        account = accounts.invite(connection, "ada@example.org", Role.ADMIN)
        accounts.join(connection, account)
        accounts.set_password(connection, account.id, "$argon2id$kept")
        attempts.count(connection, attempts.Kind.LINK, "ada@example.org", "203.0.113.7")
        link = links.make(connection, account.id, links.Purpose.SIGN_IN, browser="b")
        return sessions.begin(connection, account.id), link.value


def arrived(database: Database, session: str, link: str) -> None:
    with database.read() as connection:
        (account,) = accounts.all_of_them(connection)
        assert (account.email, account.role, account.password) == (
            "ada@example.org", Role.ADMIN, "$argon2id$kept",
        )  # fmt: skip
        assert account.joined_at is not None
        assert sessions.find(connection, session) is None
        assert links.look(connection, links.Purpose.SIGN_IN, link, "b") is None
    rows = everything(database)
    assert [rows[table.name] for table in NOT_COPIED] == [[]] * len(NOT_COPIED)


def test_a_backup_signs_nobody_in(
    sqlite_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session, link = signed_in(sqlite_database)
    file = tmp_path / "kept.tar.gz"
    backup(installation(sqlite_database, tmp_path, FEED), None, file, who="root")
    home = tmp_path / "elsewhere"
    home.mkdir()
    restored = restore(file, home / "rapport.toml", {})
    with closing(Database(f"sqlite:///{home / 'rapport.db'}")) as database:
        arrived(database, session, link)
    assert restored.manifest.tables["staff_accounts"].rows == 1


def test_moving_to_postgresql_takes_accounts_along(
    sqlite_database: Database, tmp_path: Path, new_postgresql_database: Callable[[], str]
) -> None:
    session, link = signed_in(sqlite_database)
    with closing(Database(new_postgresql_database())) as target:
        move(installation(sqlite_database, tmp_path, FEED).config, sqlite_database, target)
        arrived(target, session, link)
