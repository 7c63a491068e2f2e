"""Who of staff decided what: a log that grows and is never changed, which the database itself sees to.

An entry names editions, posts and subscribers by slug and number, and holds no reader's address: so nothing
need be taken out of it when a person is erased. Staff are named by their addresses: who did something, and
whose account it was done to.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from subscribers import clock
from subscribers.addresses import without_addresses
from subscribers.tables import staff_log

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

LONGEST = 300
"""Characters of `about` and `detail`. Both may come from a file's name."""

PAGE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """``actor`` is one of staff by address, or a user of the operating system. ``about`` is an edition's
    slug, a subscriber or a post by number; ``detail`` says more, where there is more."""

    at: datetime
    actor: str
    action: str
    about: str
    detail: str


def user() -> str:
    """The user that this process runs as, by the operating system: the environment can be set to anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def record(
    connection: Connection, action: str, about: str = "", *, detail: str = "", actor: str = ""
) -> None:
    """Add an entry, in the transaction of what it tells of. Without ``actor`` it was the system's user."""
    values = {"about": plain(about), "detail": plain(detail), "actor": actor or user()}
    connection.execute(staff_log.insert().values(at=clock.now(), action=action, **values))


def record_account(
    connection: Connection, action: str, address: str, *, detail: str = "", actor: str = ""
) -> None:
    """The same about the account of one of staff, who is named by their (normalised) address."""
    values = {"about": address, "detail": plain(detail), "actor": actor or user()}
    connection.execute(staff_log.insert().values(at=clock.now(), action=action, **values))


def entries(connection: Connection) -> list[Entry]:
    """Every entry, the newest first."""
    rows = connection.execute(select(staff_log).order_by(staff_log.c.id.desc()))
    return [_entry(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the entries, the newest first. ``older``: the number that the next part comes before; None
    where there is none."""

    entries: list[Entry]
    older: int | None


def part(connection: Connection, before: int | None = None) -> Part:
    """A page of entries: the newest ones, or those from before a number."""
    query = select(staff_log).order_by(staff_log.c.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(staff_log.c.id < before)
    rows = connection.execute(query).all()
    return Part([_entry(row) for row in rows[:PAGE]], rows[PAGE - 1].id if len(rows) > PAGE else None)


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.at, row.actor, row.action, row.about, row.detail)


def latest(connection: Connection, about: str, most: int) -> list[Entry]:
    """The newest entries about one edition, or one post or person, the newest first."""
    query = select(staff_log).where(staff_log.c.about == about).order_by(staff_log.c.id.desc()).limit(most)
    return [_entry(row) for row in connection.execute(query)]


def subscriber(number: int | None) -> str:
    """A person as the log names them."""
    return f"subscriber {number}" if number is not None else "an address that is not on the list"


def plain(text: str) -> str:
    """The text on one line, without addresses: a file may be called by one, and outlives whoever it is of."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return without_addresses(shown)[:LONGEST]
