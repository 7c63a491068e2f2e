"""A request that came by mail, put into effect: here alone is decided what a token or an address ends."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.subscriptions.unsubscribe import leave_by_link
from subscribers import directory
from subscribers.leaving import leave
from subscribers.tables import subscribers
from subscribers.tokens import Claim

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.mailbox import Request

SOURCE = "mail to the unsubscribe address"


class Outcome(StrEnum):
    UNSUBSCRIBED = "unsubscribed"
    ALREADY = "already"  # nothing was left to end
    UNKNOWN = "unknown"  # not on the list


def obey(connection: Connection, request: Request) -> Outcome:
    """End what the request asks to end: by token the edition's digest, by address all mail to it.

    The token of an edition that this database does not know ends all. An address that is not on the list is
    kept from later imports.
    """
    if isinstance(request.who, Claim):
        ended = leave_by_link(connection, request.who, everything=False, source=SOURCE).ended
        return _outcome(connection, request.who.subscriber, ended)
    person = directory.person(connection, request.who)
    if person is None or person.id is None:
        directory.unsubscribe(connection, request.who, source=SOURCE)
        return Outcome.UNKNOWN
    return _outcome(connection, person.id, leave(connection, person.id, digest=None, source=SOURCE))


def _outcome(connection: Connection, subscriber: int, ended: bool) -> Outcome:
    if ended:
        return Outcome.UNSUBSCRIBED
    known = select(subscribers.c.id).where(subscribers.c.id == subscriber)
    return Outcome.UNKNOWN if connection.execute(known).first() is None else Outcome.ALREADY
