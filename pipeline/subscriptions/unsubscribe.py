"""Leaving by the link of a letter: whose digest it ends, and when it may be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, select

from pipeline.core.tables import editions
from pipeline.editions.ledger import outcomes
from subscribers import clock
from subscribers.leaving import leave, lives_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.tokens import Claim

_DIGEST = select(editions.c.digest).where(editions.c.id == bindparam("edition"))


class Left(NamedTuple):
    """``digest`` that was ended (None: all mail); ``ended``: whether there was anything to end.

    ``in_flight``: a batch with the person in it is being handed over; answer when it is done.
    """

    digest: str | None
    ended: bool
    in_flight: bool


def leave_by_link(
    connection: Connection, claim: Claim, *, everything: bool, source: str, reason: str = ""
) -> Left:
    """End what the link of an edition ends: that edition's digest, or all mail when asked to.

    The link of an edition that this database does not know (it was lost, or moved elsewhere) ends all.
    """
    digest = None if everything else digest_of(connection, claim.edition)
    ended = leave(connection, claim.subscriber, digest=digest, source=source, reason=reason)
    return Left(digest, ended, in_flight(connection, claim.subscriber))


def in_flight(connection: Connection, subscriber: int) -> bool:
    """Whether a batch that holds the person, under any id they had, is being handed over."""
    now = clock.now()
    return any(outcomes.in_flight(connection, one, now) for one in lives_of(connection, subscriber))


def digest_of(connection: Connection, edition: int) -> str | None:
    """The digest an edition belongs to."""
    return connection.scalar(_DIGEST, {"edition": edition})
