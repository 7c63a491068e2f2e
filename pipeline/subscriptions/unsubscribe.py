"""Leaving by the link of a letter or by mail: what it ends, and when it may be answered."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.core.tables.editions import editions
from pipeline.editions.ledger import outcomes
from subscribers import clock, digest_names, directory
from subscribers.audience import lock_audience_shared
from subscribers.leaving import leave, lives_of
from subscribers.tables import subscribers
from subscribers.tokens import Claim

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from sqlalchemy import Connection

    from subscribers.mailbox import Request

    Read = Callable[[Callable[[Connection], bool]], Awaitable[bool]]
    """Gives what a function finds, in a transaction that only reads."""

PATIENCE, PAUSE = 5.0, 0.05
"""Seconds that an answer waits for a batch under way with the person in it, and between two looks."""

BY_MAIL = "mail to the unsubscribe address"
"""The source of what is ended by mail, in the evidence."""

_DIGEST = select(editions.c.digest).where(editions.c.id == bindparam("edition"))


class Left(NamedTuple):
    """``digest`` that was ended (None: all mail); ``ended``: whether there was anything to end.

    ``in_flight``: a batch with the person in it is being handed over. Wait for it before answering.
    """

    digest: str | None
    ended: bool
    in_flight: bool


class LeftByMail(StrEnum):
    """What a mail that asks to leave has ended."""

    UNSUBSCRIBED = "unsubscribed"
    ALREADY = "already"  # nothing was left to end
    UNKNOWN = "unknown"  # not on the list


def leave_by_link(
    connection: Connection,
    claim: Claim,
    *,
    everything: bool,
    source: str,
    reason: str = "",
    configured: Collection[str] | None = None,
) -> Left:
    """End what the link of an edition ends: that edition's digest, or all mail when asked to.

    The link of an edition that this database does not know (it was lost, or moved elsewhere) ends all; so
    does one of a digest that is not ``configured`` any more: nobody knows by which name its readers get it.
    """
    # Before it is read what a digest is called: it may be renamed at this moment.
    lock_audience_shared(connection)
    digest = None if everything else digest_of(connection, claim.edition)
    if configured is not None and digest not in digest_names.present(connection, configured):
        digest = None
    ended = leave(connection, claim.subscriber, digest=digest, source=source, reason=reason)
    return Left(digest, ended, in_flight(connection, claim.subscriber))


def leave_by_mail(
    connection: Connection, request: Request, *, configured: Collection[str] | None = None
) -> LeftByMail:
    """End what a mail asks to end: by token what the link with it ends, by address all mail to it.

    An address that is not on the list is kept from later imports.
    """
    if isinstance(request.who, Claim):
        ended = leave_by_link(
            connection, request.who, everything=False, source=BY_MAIL, configured=configured
        ).ended
        return _left_by_mail(connection, request.who.subscriber, ended)
    person = directory.person(connection, request.who)
    if person is None or person.id is None:
        directory.unsubscribe(connection, request.who, source=BY_MAIL)
        return LeftByMail.UNKNOWN
    ended = leave(connection, person.id, digest=None, source=BY_MAIL)
    return _left_by_mail(connection, person.id, ended)


def _left_by_mail(connection: Connection, subscriber: int, ended: bool) -> LeftByMail:
    if ended:
        return LeftByMail.UNSUBSCRIBED
    known = select(subscribers.c.id).where(subscribers.c.id == subscriber)
    return LeftByMail.UNKNOWN if connection.execute(known).first() is None else LeftByMail.ALREADY


def in_flight(connection: Connection, subscriber: int) -> bool:
    """Whether a batch that holds the person, under any id they had, is being handed over."""
    now = clock.now()
    return any(outcomes.in_flight(connection, one, now) for one in lives_of(connection, subscriber))


async def batches_ended(read: Read, subscriber: int) -> None:
    """Wait until no batch that was claimed before the person left is under way; for PATIENCE at the longest,
    for by then its request has left long ago. They must have left already, and that must be committed.

    Raises nothing for what the database does: they have left, whatever can be seen now.
    """
    until = time.monotonic() + PATIENCE
    try:
        while await read(lambda connection: in_flight(connection, subscriber)):
            if time.monotonic() > until:
                return
            await asyncio.sleep(PAUSE)
    except SQLAlchemyError:
        return


def digest_of(connection: Connection, edition: int) -> str | None:
    """The digest an edition belongs to."""
    return connection.scalar(_DIGEST, {"edition": edition})
