"""A database from which everything was moved to another, or is being moved: it must take nothing more.

Its table `marks` says so to every command that opens it. Whoever had it open before is stopped by triggers
that refuse every write (backup/move.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, select

from pipeline.core.errors import RapportError
from pipeline.core.tables.installation import marks

if TYPE_CHECKING:
    from pipeline.core.database import Database


def refuse_moved(database: Database, *, moving: bool = False) -> None:
    """Raise RapportError when everything was moved from here to another database, or is being moved.

    With ``moving`` a move that is not finished is no reason: the move itself opens the database so, also to
    finish one whose process died.
    """
    with database.read() as connection:
        if not inspect(connection).has_table(marks.name):
            return
        query = select(marks.c.name, marks.c.value).where(marks.c.name.in_(("moved", "moving")))
        to = {row.name: row.value for row in connection.execute(query)}
    if "moved" in to:
        raise RapportError(
            f"{database.name} is no longer in use: everything in it was moved to {to['moved']}.",
            "Set database.url to that address, also where cron and other machines run Rapport.",
        )
    if "moving" in to and not moving:
        raise RapportError(
            f"{database.name} is being moved to {to['moving']}: nothing is written or sent meanwhile.",
            "Wait for it. If nobody is at it any more, run `rapport migrate --to` with the address of "
            f"{to['moving']} again: it ends the move, or leaves all as it was.",
        )
