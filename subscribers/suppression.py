"""Who must get nothing, and why. It holds for an address, on the list or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from subscribers import clock
from subscribers.addresses import normalise
from subscribers.sets import insert
from subscribers.tables import suppressions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Reason(StrEnum):
    """Why an address gets nothing, weakest first: a stronger reason is never replaced by a weaker one.

    A bounce is a machine's report on a mailbox, and who unsubscribes after it has shown that the mailbox
    works; nor may staff who lift a bounce lift somebody's "no" with it. What staff decided by hand stands
    above what a person may undo alone, by signing up again. A complaint tells of harm done, to them and to
    everyone's delivery, and is no staff's to forget. Erasure ends all others.
    """

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    COMPLAINED = "complained"
    FORGOTTEN = "forgotten"


_ORDER = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Suppression:
    reason: Reason
    at: datetime
    source: str


def suppress(connection: Connection, email: str, reason: Reason, source: str) -> bool:
    """Let the address get nothing from now on; False if an equal or stronger reason stood already."""
    said = {"reason": reason.value, "at": clock.now(), "source": source}
    weaker = [other.value for other in _ORDER[: _ORDER.index(reason)]]
    # One statement, so that of two reasons arriving at once the stronger one stays.
    statement = (
        insert(connection, suppressions)
        .values(email=normalise(email), **said)
        .on_conflict_do_update(index_elements=["email"], set_=said, where=suppressions.c.reason.in_(weaker))
        .returning(suppressions.c.email)
    )
    return connection.execute(statement).first() is not None


def find(connection: Connection, email: str) -> Suppression | None:
    """What keeps the address from being mailed, if anything does."""
    row = connection.execute(select(suppressions).where(suppressions.c.email == normalise(email))).first()
    return None if row is None else Suppression(Reason(row.reason), row.at, row.source)


def reason_for(connection: Connection, email: str) -> Reason | None:
    """Why the address gets nothing; None if nothing keeps it from being mailed."""
    found = find(connection, email)
    return None if found is None else found.reason


def counts(connection: Connection) -> dict[Reason, int]:
    """How many addresses there are for each reason, all reasons named."""
    rows = connection.execute(select(suppressions.c.reason, func.count()).group_by(suppressions.c.reason))
    found = {Reason(reason): number for reason, number in rows}
    return {reason: found.get(reason, 0) for reason in Reason}
