"""Finding people on the list: page by page, or by what staff type.

What is typed is the beginning of an address, of a name, or of what follows a first name; or a number. Each is
looked up in an index (migration 0023), so that a long list is searched as quickly as a short one. Something
within a word is not looked for: that would read the whole list at each key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal_column, select

from subscribers import suppression
from subscribers.addresses import clean_name
from subscribers.people import Status
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from subscribers.suppression import Reason

PAGE = 50
LONGEST = 320
"""Characters of what is typed; no address has more."""

_LAST = "\U0010ffff"  # the last character of all: everything with that beginning stands before it

# As the indexes have them, word for word: another spelling of the same would not be looked up in them.
_COLUMNS = {
    "sqlite": ("email", "lower(name)", "lower(substr(name, instr(name, ' ') + 1))"),
    "postgresql": (
        'email COLLATE "C"',
        'lower(name) COLLATE "C"',
        "lower(substr(name, strpos(name, ' ') + 1)) COLLATE \"C\"",
    ),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as a list shows them."""

    id: int
    email: str
    name: str
    subscriptions: tuple[tuple[str, Status], ...]
    suppression: Reason | None


@dataclass(frozen=True, slots=True)
class Found:
    """``more``: whether there are others. Of a page they come after its last person."""

    people: list[Listed]
    more: bool


def page(connection: Connection, after: int | None = None) -> Found:
    """Everybody, the newest first; from the one that follows the number ``after``."""
    query = select(subscribers.c.id).order_by(subscribers.c.id.desc()).limit(PAGE + 1)
    if after is not None:
        query = query.where(subscribers.c.id < after)
    return _found(connection, list(connection.scalars(query)))


def search(connection: Connection, term: str) -> Found:
    """Whose address or name begins with ``term``, or whose number it is: addresses first, a page at most."""
    term = clean_name(term[:LONGEST])
    if not term:
        return Found([], more=False)
    columns: list[ColumnElement[str]] = [literal_column(one) for one in _COLUMNS[connection.dialect.name]]
    email, *names = columns
    beginnings = [(email, term.lower())]
    # SQLite's lower() leaves all but a to z as they are.
    spellings = dict.fromkeys(map(_lower_ascii, (term, term.lower(), term.title(), term.upper())))
    beginnings += [(name, spelling) for name in names for spelling in spellings]
    ids: dict[int, None] = {}
    if term.isdecimal() and len(term) < 19:
        ids.update(dict.fromkeys(connection.scalars(_of(subscribers.c.id == int(term)))))
    for column, beginning in beginnings:
        if len(ids) > PAGE:
            break
        query = _of(column >= beginning, column < beginning + _LAST).order_by(column).limit(PAGE + 1)
        if column is not email:
            query = query.where(literal_column("name <> ''"))
        ids.update(dict.fromkeys(connection.scalars(query)))
    return _found(connection, list(ids))


def _of(*conditions: ColumnElement[bool]) -> Any:
    return select(subscribers.c.id).where(*conditions)


def _lower_ascii(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _found(connection: Connection, ids: Sequence[int]) -> Found:
    shown = ids[:PAGE]
    rows = connection.execute(
        select(subscribers.c.id, subscribers.c.email, subscribers.c.name).where(subscribers.c.id.in_(shown))
    )
    people = {row.id: row for row in rows}
    held: dict[int, list[tuple[str, Status]]] = {}
    for one in connection.execute(
        select(subscriptions.c.subscriber_id, subscriptions.c.digest, subscriptions.c.status)
        .where(subscriptions.c.subscriber_id.in_(shown))
        .order_by(subscriptions.c.digest)
    ):
        held.setdefault(one.subscriber_id, []).append((one.digest, Status(one.status)))
    reasons = suppression.strongest(connection, [row.email for row in people.values()])
    return Found(
        [
            Listed(id_, row.email, row.name, tuple(held.get(id_, ())), reasons.get(row.email))
            for id_ in shown
            if (row := people.get(id_)) is not None
        ],
        len(ids) > PAGE,
    )
