"""Letters a second by SMTP, beside Postfix's own load generator: `smtp-source` into `smtp-sink`.

The same message length, number of messages and of kept sessions for both. The provider alone first, then
the installed `rapport send`, which keeps its ledger on SQLite.

`python -m tests.bench.smtp [READERS]`
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.app import Installation
from pipeline.core.tables.editions import editions
from pipeline.editions.message import message_of
from pipeline.letter.personal import Links
from pipeline.providers import Batch, BatchResult, Result
from pipeline.providers.choice import provider
from pipeline.providers.eml import compose
from subscribers import clock
from subscribers.importing.run import import_csv
from subscribers.tables import subscribers
from tests.doubles.blog import Blog, Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from pipeline.providers import Message, Recipient

READERS = 20_000
SESSIONS = 4
RUNS = 3
LETTER = 20_000
"""Bytes of a message, with headers and both parts."""

RAPPORT = Path(sys.executable).with_name("rapport")

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
layout = "plain"
[match]
url = "https://example.org/get-matched"
[delivery]
provider = "smtp"
probe_public_url = false
[delivery.smtp]
port = {port}
connections = {sessions}
"""


def main(readers: int = READERS) -> None:
    source, sink = (tool(name) for name in ("smtp-source", "smtp-sink"))
    if not source or not sink:
        print("\nSMTP: left out; smtp-source and smtp-sink are missing (Debian: apt-get install postfix)")
        return
    what = f"SMTP, {readers:,} readers, {SESSIONS} sessions"
    print(f"\n{what:<44}{'letters/s':>10}{'floor':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as name, taking_mail(sink) as port:
        folder = Path(name)
        with _practice(folder, port, readers) as installation:
            message, people = _letter(installation)
            length = len(compose(message, people[0], clock.now()))
            floor, alone = [], []
            for _ in range(RUNS):
                floor.append(readers / _floor(source, port, readers, length))
                alone.append(readers / _provider(installation, message, people))
        rate = statistics.median(floor)
        _show("the provider alone", statistics.median(alone), rate)
        _show("rapport send, SQLite", readers / _whole(folder), rate)
        print(f"floor: smtp-source -s {SESSIONS} -d -l {length}, which fills nothing in and keeps no ledger")


def tool(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def taking_mail(sink: str) -> Iterator[int]:
    """Postfix's sink on a free port, which takes everything and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([sink, *user, f"127.0.0.1:{port}", "100"]) as running:
        try:
            _wait_for(port)
            yield port
        finally:
            running.terminate()


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("smtp-sink does not answer")


@contextmanager
def _practice(folder: Path, port: int, readers: int) -> Iterator[Installation]:
    """A practice with an approved edition, and so many readers."""
    now = datetime.now(UTC)
    with Blog([Item("A calm morning", now - timedelta(hours=1))]) as blog:
        (folder / "rapport.toml").write_text(_CONFIG.format(feed=blog.url, port=port, sessions=SESSIONS))
        file = folder / "readers.csv"
        file.write_text("email,name\n" + "".join(f"reader{n}@example.net,\n" for n in range(readers)))
        _rapport(folder, "pull")
        _rapport(folder, "compose", "weekly")
        _rapport(folder, "editions", "approve", "weekly-1")
    with Installation.open(folder / "rapport.toml") as installation:

        def begin() -> AbstractContextManager[Connection]:
            return installation.database.write()

        import_csv(begin, file, digests=["weekly"], wording="Signed up on paper", source="bench")
        _fill_up(installation)
        # Held and approved as it now is: nothing else may leave.
        _rapport(folder, "editions", "hold", "weekly-1")
        _rapport(folder, "editions", "approve", "weekly-1")
        yield installation


def _fill_up(installation: Installation) -> None:
    """Bring the edition to LETTER bytes with a comment at its end."""
    message, people = _letter(installation)
    missing = LETTER - len(compose(message, people[0], clock.now()))
    if missing > 0:
        # 75 letters of a line of quoted-printable, whose break takes three more.
        filled = f"{message.html}<!-- {'x' * (missing * 75 // 78 - 10)} -->"
        with installation.database.write() as connection:
            connection.execute(editions.update().values(html=filled))


def _letter(installation: Installation) -> tuple[Message, list[Recipient]]:
    with installation.database.read() as connection:
        edition = connection.execute(select(editions)).one()
        rows = connection.execute(select(subscribers.c.id, subscribers.c.email)).all()
    links = Links(installation.config, installation.tokens, "weekly")
    return message_of(installation.config, edition), links.recipients(rows, edition.id)


def _floor(source: str, port: int, number: int, length: int) -> float:
    command = [source, "-s", str(SESSIONS), "-d", "-m", str(number), "-l", str(length), f"127.0.0.1:{port}"]
    before = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - before


def _provider(installation: Installation, message: Message, people: list[Recipient]) -> float:
    chosen = provider(installation.config, installation.folder)
    before = time.perf_counter()
    for first in range(0, len(people), chosen.max_batch):
        outcome = chosen.send(message, Batch("bench", people[first : first + chosen.max_batch]))
        assert outcome == BatchResult(Result.ACCEPTED), outcome
    taken = time.perf_counter() - before
    chosen.close()
    return taken


def _whole(folder: Path) -> float:
    before = time.perf_counter()
    _rapport(folder, "send", "weekly-1")
    return time.perf_counter() - before


def _rapport(folder: Path, *arguments: str) -> None:
    subprocess.run([RAPPORT, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _show(what: str, ours: float, floor: float) -> None:
    print(f"{what:<44}{ours:>10,.0f}{floor:>10,.0f}{ours / floor:>8.2f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
