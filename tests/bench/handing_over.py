"""A letter to many through SendGrid's call, beside the bare cost of the same work.

The provider is a process that only counts, over loopback; ours is `rapport send` as it is installed, from
its start to its end, with a SQLite database on the disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from pipeline.editions import find
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.feeds.pull import pull

if TYPE_CHECKING:
    from collections.abc import Iterator

RAPPORT = Path(sys.executable).with_name("rapport")
ROOT = Path(__file__).parents[2]
SIZES = (10_000, 100_000, 1_000_000)

ENVIRONMENT = {
    "RAPPORT_SECRET": "the secret of a bench",
    "SENDGRID_API_KEY": "SG.of-a-bench.0123456789abcdef",
}

_CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
postal_address = "1 Willow Street, Springfield"
public_url = "https://letter.example.org"
[[feeds]]
url = "{feed}"
[[digests]]
name = "weekly"
backlog = "520w"
[match]
url = "https://example.org/get-matched"
[delivery]
probe_public_url = false
{delivery}
"""

SENDGRID = """provider = "sendgrid"
[delivery.sendgrid]
api_url = "{url}"
"""


def main(sizes: tuple[int, ...] = SIZES) -> None:
    print(
        f"\n{'handing over by SendGrid, SQLite':<34}{'ours':>9}{'floor':>9}{'ratio':>8}{'a second':>11}"
        f"{'memory':>9}{'requests':>10}{'ledger a person':>17}"
    )
    for readers in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), readers)
    at_a_slow_provider()


def at_a_slow_provider(readers: int = 100_000, pause: float = 0.3) -> None:
    """What several requests at once bring where each takes its time; the floor makes one after another."""
    floor = readers / 1000 * pause
    print(
        f"\n{f'{readers:,} readers, {pause} s a request':<34}{'ours':>9}{'floor':>9}{'ratio':>8}"
        f"{'a second':>11}{'memory':>9}"
    )
    for connections in (1, 4, 8):
        with tempfile.TemporaryDirectory() as folder, counting(pause) as (url, _):
            prepare(Path(folder), f"connections = {connections}\n{SENDGRID.format(url=url)}", readers)
            ours, memory, told = timed([RAPPORT, "send", "weekly-1", "--json"], Path(folder))
            assert json.loads(told)["edition"]["recipients"]["sent"] == readers
        print(
            f"{f'  {connections} at once':<34}{ours:>7.2f} s{floor:>7.2f} s{ours / floor:>7.2f}×"
            f"{readers / ours:>11,.0f}{memory:>6.0f} MB",
            flush=True,
        )


def measure(folder: Path, readers: int) -> None:
    """Print one line of figures."""
    with counting() as (url, _):
        prepare(folder, SENDGRID.format(url=url), readers)
        floor, _, _ = timed([sys.executable, "-m", "tests.bench.floor", folder / "rapport.db", url])
    with counting() as (url, counted):
        write_config(folder, SENDGRID.format(url=url), "http://127.0.0.1:9/")
        before = size(folder)
        ours, memory, told = timed([RAPPORT, "send", "weekly-1", "--json"], folder)
        assert json.loads(told)["edition"]["recipients"]["sent"] == readers
        ledger = (size(folder) - before) / readers
    print(
        f"{f'{readers:,} readers':<34}{ours:>7.2f} s{floor:>7.2f} s{ours / floor:>7.2f}×"
        f"{readers / ours:>11,.0f}{memory:>6.0f} MB{counted[0]:>10,}{ledger:>11.0f} bytes",
        flush=True,
    )


def prepare(folder: Path, delivery: str, readers: int) -> None:
    """An approved letter of six posts for so many readers."""
    with SampleBlog(datetime.now(UTC)) as blog:
        write_config(folder, delivery, blog.feed_url)
        with Installation.open(folder / "rapport.toml", ENVIRONMENT) as installation:
            pull(installation.database, installation.config)
            subscribe(folder / "rapport.db", readers)
            composed = compose(installation, installation.config.digests[0]).edition
            assert composed is not None
            approve(installation, composed.slug)
            with installation.database.read() as connection:
                assert find.by_slug(connection, "weekly-1").status == "approved"


def write_config(folder: Path, delivery: str, feed: str) -> None:
    (folder / "rapport.toml").write_text(_CONFIG.format(feed=feed, delivery=delivery))


def subscribe(database: Path, readers: int) -> None:
    """Put them on the list without the ceremony, which `importing` measures."""
    at = "2026-01-01 00:00:00.000000"
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "INSERT INTO subscribers (id, email, name, created_at) VALUES (?, ?, '', ?)",
            ((n, f"{n * 7_919 % readers:07d}.reader@example.net", at) for n in range(1, readers + 1)),
        )
        connection.execute(
            "INSERT INTO subscriptions (subscriber_id, digest, status, since) "
            "SELECT id, 'weekly', 'active', created_at FROM subscribers"
        )
    connection.close()


@contextmanager
def counting(pause: float = 0) -> Iterator[tuple[str, list[int]]]:
    """A provider that only counts and answers after ``pause`` seconds: its address; afterwards, requests and
    bytes."""
    counted: list[int] = []
    command = [sys.executable, "-m", "tests.bench.counting", str(pause)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().strip(), counted
        told, _ = server.communicate("")
        counted += [int(number) for number in told.split()]


def timed(command: list[str | Path], folder: Path = ROOT) -> tuple[float, float, str]:
    """Seconds from a command's start to its end, its peak memory in MB, and what it printed."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=os.environ | ENVIRONMENT, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{command} failed"
        out.seek(0)
        return took, usage.ru_maxrss / 1024, out.read()


def size(folder: Path) -> int:
    """Bytes of the database, its log folded in."""
    with sqlite3.connect(folder / "rapport.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (of,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    return int(pages) * int(of)


if __name__ == "__main__":
    main(tuple(int(given) for given in sys.argv[1:]) or SIZES)
