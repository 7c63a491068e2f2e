"""A practice with three of staff, who have accepted their invitations, and somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from subscribers.staff import accounts, passwords
from subscribers.staff.roles import Role
from tests.installations import installation
from tests.web.public.visitor import Visitor
from tests.web.signing_in.browser import StaffBrowser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"

ADMIN, EDITOR, VIEWER, STRANGER = (
    f"{name}@example.org" for name in ("admin", "editor", "viewer", "stranger")
)


def join(practice: Installation, *who: tuple[str, Role]) -> None:
    with practice.database.write() as connection:
        for email, role in who:
            accounts.join(connection, accounts.invite(connection, email, role, actor="root"))


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same work with less of it."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path) -> Installation:
    made = installation(sqlite_database, tmp_path, FEED)
    join(made, (ADMIN, Role.ADMIN), (EDITOR, Role.EDITOR), (VIEWER, Role.VIEWER))
    return made


@pytest.fixture
def visitor(practice: Installation) -> Iterator[Visitor]:
    made = Visitor(practice)
    yield made
    made.app.state.door.wait()
    made.close()


@pytest.fixture
def browser(visitor: Visitor) -> StaffBrowser:
    return StaffBrowser(visitor)


@pytest.fixture
def another(visitor: Visitor) -> StaffBrowser:
    """The browser of somebody else, elsewhere."""
    return StaffBrowser(visitor, "203.0.113.99")
