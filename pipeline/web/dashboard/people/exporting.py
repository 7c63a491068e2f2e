"""Taking the list out, as `rapport subscribers export` does: each time is on record, with who did it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.place import HERE
from subscribers import clock, times
from subscribers.export import export_csv, history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from pipeline.core.database import Database
    from pipeline.web.dashboard.asked import Asked

SHOWN = 20
"""Exports that are shown, the newest ones."""

PIECE = 64 * 1024
"""Bytes, at most, of a piece of the answer."""


def form(asked: Asked) -> Response:
    installation = asked.installation
    zone = installation.config.newsletter.zone
    with installation.database.read() as connection:
        taken = history(connection)[:SHOWN]
    return render.page(
        asked, "export_people.html", HERE, taken=taken, moment=lambda at: times.moment(at, zone)
    )


def work(asked: Asked) -> Response:
    name = f"subscribers-{clock.now():%Y-%m-%d}.csv"
    return StreamingResponse(
        _pieces(asked.installation.database, asked.actor.name),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _pieces(database: Database, who: str) -> Iterator[bytes]:
    """The list as it is written, by a pipe: what is not fetched waits, and nothing lies on the disk. Whoever
    ends the download early leaves an export on record that did not end."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "w", encoding="utf-8", newline="") as file:
                export_csv(database.read, database.write, file, who=who, what="the list, at the dashboard")
        except BaseException as error:
            failed.append(error)

    with os.fdopen(reading, "rb", buffering=0) as file:
        work = threading.Thread(target=write, name="export", daemon=True)
        work.start()
        while piece := file.read(PIECE):
            yield piece
        work.join()
        if failed:  # a list that is not whole must not look like one
            raise failed[0]
