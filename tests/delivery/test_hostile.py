"""A send in a hostile world: disks fill, files are locked or gone, servers hang up, the power goes.

Whatever it is, the command says so and ends with status 1; once it is over, the next run goes on, nobody is
mailed twice, and nobody is lost.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.torture.practice import SLUG, judge
from tests.torture.provider import MoodySendGrid
from tests.waiting import LONGEST, Gate

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.torture.launcher import Process
    from tests.torture.practice import Case, Place, Practice

pytest_plugins = ["tests.torture.fixture"]

READERS, BATCH = 60, 2


@pytest.fixture
def on_sqlite(
    practice: Callable[..., Practice], sqlite_place: Place, chance: random.Random
) -> Iterator[Case]:
    made = practice(sqlite_place, readers=READERS, batch=BATCH, timeout=LONGEST)
    with made.case(MoodySendGrid(chance)) as case:
        yield case


def file_of(case: Case) -> Path:
    return Path(make_url(case.url).database or "")


def assert_told(process: Process, *words: str) -> None:
    """It ended with status 1 and a clear error that names nobody."""
    assert process.end() == 1, process.err
    assert process.err.startswith("Error: "), process.err
    assert any(word in process.err for word in words), process.err
    assert "Traceback" not in process.err
    assert "@example.net" not in process.err + process.out


def assert_the_promises_hold(case: Case, ends: int = 1) -> None:
    """``ends``: how many processes ended where they may have had a batch in flight."""
    case.until_sent()
    verdict = case.verdict()
    assert verdict.right, verdict.faults
    assert verdict.states["uncertain"] <= ends * BATCH, "more is in doubt than was in flight"


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[bool]:
    """A file system of that size at ``at``; False where this user may not mount one."""
    at.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size}", "none", str(at)]
    may = shutil.which("mount") and not subprocess.run(["mount", *options], capture_output=True).returncode
    try:
        yield bool(may)
    finally:
        if may:
            subprocess.run(["umount", "--lazy", str(at)], check=True)


def test_a_full_disk_stops_the_send_and_space_lets_it_go_on(on_sqlite: Case) -> None:
    case = on_sqlite
    with small_disk(case.folder / "disk", "3m") as mounted:
        if not mounted:
            pytest.skip("no file system may be mounted here; the test of a size limit stands in for it")
        disk = case.folder / "disk"
        case.url = f"sqlite:///{shutil.move(file_of(case), disk / 'rapport.db')}"
        ballast = disk / "ballast"

        def fill(number: int) -> None:
            if number == 3:
                ballast.write_bytes(bytes(shutil.disk_usage(disk).free))

        case.provider.meanwhile = fill
        assert_told(case.start("send", SLUG), "full")
        assert 3 <= case.provider.requests < READERS / BATCH
        # Where the first left a page of the log free this one, too, can claim before it is stopped.
        assert_told(case.start("send", SLUG), "full")
        ballast.unlink()
        assert_the_promises_hold(case, ends=2)


def test_a_limit_on_the_size_of_files_does_no_worse(on_sqlite: Case) -> None:
    case = on_sqlite
    assert_told(case.start("send", SLUG, file_size=250_000), "database", "disk")
    assert 0 < case.provider.requests < READERS / BATCH
    assert_the_promises_hold(case)


def test_a_database_locked_by_others_for_too_long_stops_the_send(on_sqlite: Case) -> None:
    case = on_sqlite
    other = sqlite3.connect(file_of(case), check_same_thread=False, isolation_level=None)

    def lock(number: int) -> None:
        if number == 3:
            other.execute("BEGIN EXCLUSIVE")

    case.provider.meanwhile = lock
    process = case.start("send", SLUG, constants={"pipeline.core.database.BUSY_TIMEOUT": 0.2})
    assert_told(process, "locked")
    assert case.provider.requests == 3
    other.execute("ROLLBACK")
    other.close()
    assert_the_promises_hold(case)


def test_a_database_file_that_was_away_for_a_while_doubles_nothing(on_sqlite: Case) -> None:
    case = on_sqlite
    away = case.folder / "away"
    away.mkdir()

    def move(number: int) -> None:
        if number == 3:
            for file in list(case.folder.glob("rapport.db*")):
                if not file.name.endswith(".lock"):
                    file.rename(away / file.name)

    case.provider.meanwhile = move
    process = case.start("send", SLUG)
    assert process.end() in (0, 1)
    assert "Traceback" not in process.err
    for file in case.folder.glob("rapport.db*"):
        file.unlink()
    for file in away.iterdir():
        file.rename(case.folder / file.name)
    assert_the_promises_hold(case)


@pytest.mark.parametrize("times", [1, 3])
def test_a_server_that_hangs_up_on_everyone_doubles_nothing(
    practice: Callable[..., Practice],
    postgresql_place: Place,
    postgresql: str,
    chance: random.Random,
    times: int,
) -> None:
    made = practice(postgresql_place, readers=READERS, batch=BATCH, timeout=LONGEST)
    with made.case(MoodySendGrid(chance)) as case:
        name = make_url(case.url).database
        server = create_engine(postgresql, isolation_level="AUTOCOMMIT")

        def hang_up(number: int) -> None:
            if number in (3, 4, 5)[:times]:
                with server.connect() as connection:
                    every = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                    assert connection.execute(text(every), {"name": name}).all()

        case.provider.meanwhile = hang_up
        process = case.start("send", SLUG)
        status = process.end()
        assert status in (0, 1), process.err
        if status:
            assert_told(process, "database", "connection")
        server.dispose()
        case.until_sent()
        verdict = case.verdict()
        assert verdict.right, verdict.faults
        # The answer had come: it is written down as soon as the server is back.
        assert verdict.states["uncertain"] <= BATCH * times


def test_a_power_cut_at_any_moment_doubles_nothing(on_sqlite: Case, chance: random.Random) -> None:
    case = on_sqlite
    cuts = []
    case.provider.meanwhile = gate = Gate(1)
    process = case.start("send", SLUG)
    for number in range(6):
        gate.reached()
        # The next is so far away that it is surely cut between the two.
        case.provider.meanwhile = following = Gate(4 * number + 5)
        gate.open()
        process.wait(chance.uniform(0, 0.03))
        process.signal(signal.SIGSTOP)
        time.sleep(0.02)  # what is on the way to the provider arrives all the same
        cuts.append(_copied(case, case.folder / f"cut-{number}", with_shm=number % 2 == 0))
        process.signal(signal.SIGCONT)
        gate = following
    assert process.kill()
    gate.open()
    assert len({accepted.total() for _, accepted in cuts}) > 1, "no moment of the send was met"
    for folder, before in cuts:
        with MoodySendGrid(chance) as provider:
            elsewhere = type(case)(
                folder, f"sqlite:///{folder / 'rapport.db'}", provider, case.launcher, case.readers
            )
            elsewhere.until_sent()
            after = Counter({email: n for (_, email), n in provider.accepted.items()})
            verdict = judge(before + after, elsewhere.people(), case.readers)
            assert verdict.right, verdict.faults
            assert verdict.states["uncertain"] <= BATCH


def _copied(case: Case, folder: Path, *, with_shm: bool) -> tuple[Path, Counter[str]]:
    """The files as they lie on the disk now, and what the provider has taken by then."""
    folder.mkdir()
    shutil.copyfile(case.folder / "rapport.toml", folder / "rapport.toml")
    for suffix in ("", "-wal", "-shm") if with_shm else ("", "-wal"):
        file = file_of(case).with_name(f"rapport.db{suffix}")
        if file.exists():
            shutil.copyfile(file, folder / file.name)
    return folder, Counter({email: n for (_, email), n in case.provider.accepted.items()})


def test_a_process_that_is_stopped_past_its_lease_hands_nothing_over_late(on_sqlite: Case) -> None:
    """SIGSTOP in the middle, SIGKILL of the sleeper, and another goes on: what it had claimed is in doubt."""
    case = on_sqlite
    case.provider.meanwhile = gate = Gate(5)
    process = case.start("send", SLUG)
    gate.reached()
    process.signal(signal.SIGSTOP)
    gate.open()
    assert case.start("send", SLUG).end() == 1  # it lives, as far as anybody can tell
    assert process.kill()
    assert_the_promises_hold(case)
