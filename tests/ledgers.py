"""Editions as a hand-over leaves them, without handing anything over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from pipeline.core.tables.editions import digests, editions
from pipeline.core.tables.ledger import batches, recipients
from pipeline.providers.events import Event, Kind
from subscribers.sets import insert as insert_or_not
from subscribers.tables import subscribers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)


@dataclass(frozen=True)
class Left:
    """A batch as it was left; ``apart``: place in it → (state, reason) of who fared otherwise."""

    state: str = "sent"
    people: int = 2
    reason: str | None = None
    at: datetime = AT
    apart: dict[int, tuple[str, str | None]] = field(default_factory=dict)


def attempt(number: int, batch: int) -> str:
    return f"attempt-{number}-{batch}"


def handed_over(
    connection: Connection, number: int = 1, lots: Iterable[Left] = (Left(),), **values: Any
) -> list[int]:
    """An edition weekly-NUMBER (its id is NUMBER) in these batches; the ids of its people, in order."""
    connection.execute(
        insert_or_not(connection, digests).values(name="weekly", first_seen=AT).on_conflict_do_nothing()
    )
    fixed = {"id": number, "digest": "weekly", "number": number, "slug": f"weekly-{number}"}
    usual = {
        "status": "sent", "due": f"2026-11-26T09:{number:02}", "due_at": AT, "posts": [], "left_out": [],
        "snapshot_at": AT, "finished_at": AT, "subject": "A calm morning",
    }  # fmt: skip
    connection.execute(insert(editions).values(usual | values | fixed))
    lots = list(lots)
    people = _people(connection, sum(lot.people for lot in lots))
    rows, start = [], 0
    for batch, lot in enumerate(lots):
        members = people[start : start + lot.people]
        connection.execute(
            insert(batches).values(
                edition_id=number, number=batch, state=lot.state, first=members[0], last=members[-1],
                size=len(members), attempt=attempt(number, batch), at=lot.at, reason=lot.reason,
            )
        )  # fmt: skip
        for place, person in enumerate(members):
            state, reason = lot.apart.get(place, (None, None))
            rows.append(
                {
                    "edition_id": number, "subscriber_id": person, "email": f"reader{person}@example.net",
                    "batch": batch, "state": state, "reason": reason,
                }
            )  # fmt: skip
        start += lot.people
    connection.execute(insert(recipients), rows)
    return people


def _people(connection: Connection, number: int) -> list[int]:
    known = list(connection.scalars(select(subscribers.c.id).order_by(subscribers.c.id)))
    missing = range(len(known), number)
    if missing:
        rows = [{"email": f"reader-no-{n}@example.net", "name": "", "created_at": AT} for n in missing]
        connection.execute(insert(subscribers), rows)
    return list(connection.scalars(select(subscribers.c.id).order_by(subscribers.c.id).limit(number)))


def state_of(connection: Connection, number: int, batch: int) -> str:
    query = select(batches.c.state).where(batches.c.edition_id == number, batches.c.number == batch)
    return str(connection.execute(query).scalar_one())


_counted = iter(range(10**9))


def event(kind: Kind, person: int | None = None, **more: Any) -> Event:
    """A new event about somebody in weekly-1, unless told otherwise."""
    given: dict[str, Any] = {"at": AT, "edition": "weekly-1", "subscriber": person} | more
    return Event(id=f"event-{next(_counted)}", kind=kind, **given)
