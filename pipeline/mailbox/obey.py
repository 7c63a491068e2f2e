"""A request that came by mail, put into effect: here alone is decided what a token or an address ends."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.tables import editions
from subscribers import consent, directory
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
        return _leave(connection, request.who.subscriber, _digest_of(connection, request.who.edition))
    person = directory.person(connection, request.who)
    if person is None or person.id is None:
        directory.unsubscribe(connection, request.who, source=SOURCE)
        return Outcome.UNKNOWN
    return _leave(connection, person.id, None)


def _leave(connection: Connection, subscriber: int, digest: str | None) -> Outcome:
    before = len(consent.history(connection, subscriber))
    digests = None if digest is None else [digest]
    person = directory.unsubscribe(connection, subscriber, digests=digests, source=SOURCE)
    if person is None:
        return Outcome.UNKNOWN
    return Outcome.UNSUBSCRIBED if len(person.consent) > before else Outcome.ALREADY


def _digest_of(connection: Connection, edition: int) -> str | None:
    return connection.scalar(select(editions.c.digest).where(editions.c.id == edition))
