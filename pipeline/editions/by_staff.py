"""What staff decide about an edition: done, put on record, and the end of every link from before it.

An edition bears a mark of the last decision, made anew each time. A link bears the mark that stood when it
was made; so each does one thing once, and nothing after anybody has decided otherwise.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import update

from pipeline.core.tables.editions import editions
from pipeline.editions import find, states
from pipeline.editions.edition import OPEN
from subscribers import staff_log
from subscribers.tokens import MARK

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from pipeline.editions.edition import Edition


def decide(connection: Connection, verb: str, slug: str, actor: str = "") -> Edition:
    """Do one of states.BY_STAFF, as ``actor`` asked for (default: the system's user). Raises RapportError."""
    return decided(connection, verb, states.BY_STAFF[verb](connection, slug), actor)


def decided(connection: Connection, verb: str, edition: Edition, actor: str = "") -> Edition:
    """Put on record that the edition was decided about; the edition with its new mark."""
    staff_log.record(connection, verb, edition.slug, actor=actor)
    _mark(connection, editions.c.id == edition.id)
    return find.by_id(connection, edition.id)


def end_links(connection: Connection) -> None:
    """End the links to all editions that are not finished: the database was restored, and what was decided
    since the backup is not known."""
    _mark(connection, editions.c.status.in_(OPEN))


def _mark(connection: Connection, which: ColumnElement[bool]) -> None:
    connection.execute(update(editions).where(which).values(decision=secrets.token_hex(MARK)))
