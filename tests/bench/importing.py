"""What an import of a million people costs on SQLite, beside reading the file and inserting bare addresses.

`python -m tests.bench.importing [ROWS]`
"""

from __future__ import annotations

import csv
import itertools
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 1_000_000
FLOOR_COMMIT = 10_000

# Runs in a process of its own, whose peak memory is then that of the import.
IMPORT = """
import json, resource, sys, time
from contextlib import contextmanager
from pathlib import Path
from pipeline.core.schema import open_database
from subscribers.importing.run import import_csv

database = open_database(sys.argv[1])
held = []

@contextmanager
def begin():
    with database.write() as connection:
        before = time.perf_counter()
        yield connection
    held.append(time.perf_counter() - before)

before = time.perf_counter()
result = import_csv(begin, Path(sys.argv[2]), digests=["weekly"], wording="Signed up", source="import")
seconds = time.perf_counter() - before
held.sort()
print(json.dumps({
    "seconds": seconds, "added": result.added, "changed": result.changed,
    "median": held[len(held) // 2], "p99": held[len(held) * 99 // 100], "longest": held[-1],
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
"""


def main(rows: int = ROWS) -> None:
    print(
        f"\n{'import of ' + format(rows, ',') + ' rows, SQLite':<44}{'rows/s':>10}{'floor':>10}{'ratio':>8}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = _written(folder / "plain.csv", ["email", "name"], rows, lambda n: (f"Reader {n}",))
        floor = rows / _floor(plain, folder / "floor.db")
        url = f"sqlite:///{folder / 'plain.db'}"
        _measure("email,name", plain, url, rows, floor)
        _measure("the same file again", plain, url, rows, floor, again=True)
        header = ["Email Address", "First Name", "OPTIN_TIME", "OPTIN_IP", "LAST_CHANGED", "LEID"]
        tail = ("2021-03-04 10:11:12", "203.0.113.7", "2022-01-01 00:00:00", "1")
        mailchimp = _written(folder / "mailchimp.csv", header, rows, lambda n: (f"Reader {n}", *tail))
        _measure("Mailchimp's columns", mailchimp, f"sqlite:///{folder / 'mailchimp.db'}", rows, floor)


def _measure(what: str, path: Path, url: str, rows: int, floor: float, *, again: bool = False) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", IMPORT, url, str(path)], stdout=subprocess.PIPE, text=True
    ) as running:
        waits = list(_waits(running, Path(url.removeprefix("sqlite:///"))))
        assert running.stdout is not None
        found = json.loads(running.stdout.read())
    assert (found["added"], found["changed"]) == ((0, 0) if again else (rows, 0)), found
    speed = rows / found["seconds"]
    print(
        f"{'  ' + what:<44}{speed:>10,.0f}{floor:>10,.0f}{speed / floor:>8.2f}   "
        f"csv and executemany of addresses, committed every {FLOOR_COMMIT:,}"
    )
    print(
        f"    added {found['added']:,}, changed {found['changed']:,}; peak memory {found['memory']} MB; "
        f"transactions: median {found['median'] * 1000:.0f} ms, 99 % {found['p99'] * 1000:.0f} ms, "
        f"longest {found['longest'] * 1000:.0f} ms"
    )
    if waits:
        median, most, longest = (waits[int(share * (len(waits) - 1))] for share in (0.5, 0.99, 1))
        print(
            f"    another writer meanwhile waited {median:.0f} ms (median), {most:.0f} ms (99 %), "
            f"{longest:.0f} ms (longest of {len(waits):,})"
        )


def _waits(running: subprocess.Popen[str], path: Path) -> Iterator[float]:
    """Milliseconds that another program waits for a small transaction, twenty times a second, sorted."""
    done = threading.Event()
    found: list[float] = []

    def write() -> None:
        while not done.wait(0.05):
            if not path.exists():
                continue
            connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            before = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            found.append((time.perf_counter() - before) * 1000)
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        running.wait()
    finally:
        done.set()
        thread.join()
    yield from sorted(found)


def _written(path: Path, header: list[str], rows: int, rest: Callable[[int], tuple[str, ...]]) -> Path:
    numbers = list(range(rows))
    random.Random(1).shuffle(numbers)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows((f"reader.{n}@example.org", *rest(n)) for n in numbers)
    return path


def _floor(path: Path, database: Path) -> float:
    """Seconds to read the file and insert the bare addresses, as safely as an import does."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE)")
    before = time.perf_counter()
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        while chunk := list(itertools.islice(rows, FLOOR_COMMIT)):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO people (email) VALUES (?)", ((row[0],) for row in chunk))
            connection.execute("COMMIT")
    seconds = time.perf_counter() - before
    connection.close()
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ROWS)
