"""A practice whose letter is due, and the two processes that see to it: `run` and `serve`."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.app import Installation
from pipeline.core.tables.editions import editions
from subscribers.importing.run import import_csv
from subscribers.people import Status
from subscribers.tables import subscribers, subscriptions
from subscribers.tokens import Purpose
from tests import commands
from tests.doubles.blog import Blog, Item

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

SECRET = "the secret of a busy morning"

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

[match]
url = "https://example.org/get-matched"

[delivery]
provider = "sendgrid"
batch_size = {batch}
connections = 1
probe_public_url = false

[delivery.sendgrid]
api_url = "{provider}"

[database]
url = "{database}"
"""


@dataclass(frozen=True)
class Morning:
    """``readers`` are the ids of all who get the letter, in the order it is sent in."""

    installation: Installation
    folder: Path
    readers: list[int]

    def unsubscribe(self, reader: int) -> str:
        """The path that the link of the edition on its way leads to."""
        return f"/unsubscribe/{self.token(Purpose.LETTER, reader)}"

    def token(self, purpose: Purpose, reader: int) -> str:
        return self.installation.tokens.sign(purpose, reader, self.edition)

    @property
    def edition(self) -> int:
        with self.installation.database.read() as connection:
            return int(connection.execute(select(editions.c.id)).scalar_one())

    def gone(self) -> set[int]:
        """Who no longer gets the letter."""
        left = select(subscriptions.c.subscriber_id).where(
            subscriptions.c.status == Status.UNSUBSCRIBED.value
        )
        with self.installation.database.read() as connection:
            return set(connection.scalars(left))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """`rapport serve` in a process of its own; its address."""
        server = await self._start("serve", "--no-scheduler", "--port", "0", "--json")
        try:
            assert server.stdout
            yield json.loads(await server.stdout.readline())["address"]
        finally:
            server.terminate()
            _, error = await server.communicate()
        assert b"Traceback" not in error, error.decode()

    async def send(self) -> str:
        """What `rapport run --now` in a process of its own says became of the edition, when it has ended."""
        sender = await self._start("run", "--now", "--json")
        try:
            out, error = await sender.communicate()
        except asyncio.CancelledError:
            sender.kill()
            await sender.wait()
            raise
        assert b"Traceback" not in error, error.decode()
        return str(json.loads(out)["digests"][0]["outcome"])

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            commands.command(),
            *arguments,
            cwd=self.folder,
            env=os.environ | self.installation.environment,
            stdout=pipe,
            stderr=pipe,
        )


@asynccontextmanager
async def morning(
    folder: Path, database: str, provider: str, *, readers: int, batch: int
) -> AsyncIterator[Morning]:
    """A practice with so many readers and one new post. ``database`` and ``provider`` are URLs."""
    with Blog([Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]) as blog:
        (folder / "rapport.toml").write_text(
            _CONFIG.format(feed=blog.url, batch=batch, provider=provider, database=database)
        )
        environment = {"RAPPORT_SECRET": SECRET, "SENDGRID_API_KEY": "SG.of-a-busy-morning.0123456789abcdef"}
        with Installation.open(folder / "rapport.toml", environment) as installation:
            yield Morning(installation, folder, _imported(installation, folder / "readers.csv", readers))


def _imported(installation: Installation, file: Path, number: int) -> list[int]:
    file.write_text("email,name\n" + "".join(f"reader{n}@example.net,\n" for n in range(number)))

    def begin() -> AbstractContextManager[Connection]:
        return installation.database.write()

    import_csv(begin, file, digests=["weekly"], wording="Signed up on paper", source="test")
    with installation.database.read() as connection:
        return list(connection.scalars(select(subscribers.c.id).order_by(subscribers.c.id)))
