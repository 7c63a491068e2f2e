"""What tests of a module begin with: made once for each kind of database, and copied for each test.

A practice whose letter was sent takes longer to make than most of what is tested with it. Each test has a
folder and a database of its own, so none sees what another did.
"""

from __future__ import annotations

import itertools
import os
import shutil
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pipeline.core.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    Make = Callable[[Database, Path], object]
    """Brings a fresh database, and the folder beside it, to the state that tests begin with."""

    Begun = Callable[[str, Make], Database]

_numbers = itertools.count(1)


class Beginnings:
    """Those of one module, by their names. ``fresh`` makes a database of a kind in a folder; its URL."""

    def __init__(self, fresh: Callable[[str, Path], str], folder: Callable[[str], Path]) -> None:
        self._fresh = fresh
        self._folder = folder
        self._made: dict[tuple[str, str], tuple[Path, str]] = {}

    def copied(self, name: str, kind: str, make: Make, folder: Path, ends: ExitStack) -> Database:
        """A copy of the beginning of that name in a test's folder, which ``make`` makes the first time."""
        if (name, kind) not in self._made:
            kept = self._folder(name)
            url = self._fresh(kind, kept)
            with closing(Database(url)) as database:
                make(database, kept)
            self._made[name, kind] = kept, url
        kept, url = self._made[name, kind]
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        copy = f"sqlite:///{folder / 'rapport.db'}" if kind == "sqlite" else copied_database(url, ends)
        return ends.enter_context(closing(Database(copy)))


def copied_database(url: str, ends: ExitStack) -> str:
    """A copy of a PostgreSQL database; its URL. It is dropped at the end."""
    kept = make_url(url)
    engine = create_engine(kept.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = f"copy_{os.environ.get('PYTEST_XDIST_WORKER', '')}_{next(_numbers)}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {kept.database} STRATEGY file_copy"))
    ends.callback(_drop, engine, name)
    return kept.set(database=name).render_as_string(hide_password=False)


def _drop(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
