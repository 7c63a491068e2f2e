"""`pytest_plugins = ["tests.torture.fixture"]` gives a test module what it needs to kill a send."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import POSTGRESQL_TEMPLATE
from tests.torture.launcher import Launcher
from tests.torture.practice import Postgresql, Practice, Sqlite, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.torture.practice import Place


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """Starts `rapport` in processes that may be killed."""
    with Launcher() as started:
        yield started


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20261126)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where this test's practices live."""
    with scratch() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    """Where databases are made, of each kind in turn."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def sqlite_place(folder: Path, sqlite_template: Path) -> Place:
    return Sqlite(folder / "databases", sqlite_template)


@pytest.fixture
def postgresql_place(request: pytest.FixtureRequest, postgresql: str) -> Place:
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    return Postgresql(postgresql, f"torture_{worker}", POSTGRESQL_TEMPLATE)


@pytest.fixture
def practice(folder: Path, launcher: Launcher) -> Iterator[Callable[..., Practice]]:
    """Makes practices: ``practice(place, readers=…, batch=…)``."""
    made: list[Practice] = []

    def make(place: Place, *, readers: int, batch: int, **more: Any) -> Practice:
        made.append(Practice(folder / f"practice-{len(made)}", place, launcher, readers, batch, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
