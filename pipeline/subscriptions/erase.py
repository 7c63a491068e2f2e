"""Erasing a person everywhere: from list, proof, ledger, events, outbox, and the database's files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from pipeline.core.tables.ledger import events
from pipeline.editions.ledger import outcomes
from pipeline.providers import CONFIRMATION
from pipeline.subscriptions.scrub import scrub
from pipeline.subscriptions.unsubscribe import batches_ended
from subscribers import staff_log
from subscribers.addresses import normalise
from subscribers.erasing import Erased, addresses_of, erase
from subscribers.leaving import leave
from subscribers.staff import accounts
from subscribers.tables import subscribers

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.database import Database


class Forgotten(NamedTuple):
    """``people``: how many ids they had. ``clean``: whether the database's files hold nothing of them any
    more. ``staff``: whether the address has an account for the dashboard, which stays."""

    people: int
    clean: bool
    staff: bool = False


def forget(installation: Installation, who: str | int, *, actor: str | None = None) -> Forgotten:
    """Erase the person with this address or id; a keyed hash of each address stays. Repeatable. ``actor``:
    who of staff did it, None for the person themselves.

    First they leave, and a batch that holds them is waited for: else its letter would be written to the
    outbox afterwards. Raises SubscriberError for what is no address.
    """
    database = installation.database
    email = normalise(who) if isinstance(who, str) else _email(database, who)
    if email is None:
        return Forgotten(0, clean=True)
    _let_go(database, email)
    with database.write() as connection:
        gone = addresses_of(connection, email)
        erased = erase(connection, email)
        for subscriber in erased.people:
            outcomes.forget(connection, subscriber)
            connection.execute(delete(events).where(events.c.subscriber_id == subscriber))
        staff = accounts.by_address(connection, email) is not None
        if actor is not None:
            for whom in map(staff_log.subscriber, erased.people or (None,)):
                staff_log.record(connection, "forget", whom, actor=actor)
    empty_outbox(installation, erased)
    return Forgotten(len(erased.people), scrub(database, gone), staff)


def empty_outbox(installation: Installation, erased: Erased) -> None:
    """Delete the mails to people, and the mails that asked questions, that were erased."""
    folder = installation.folder / installation.config.delivery.outbox
    names = [f"*-{subscriber:010d}-*" for subscriber in erased.people]
    names += [f"{CONFIRMATION}-{number:06d}-*" for number in erased.questions]
    for name in names:
        for file in folder.glob(name):
            file.unlink(missing_ok=True)


def _email(database: Database, subscriber: int) -> str | None:
    with database.read() as connection:
        return connection.scalar(select(subscribers.c.email).where(subscribers.c.id == subscriber))


def _let_go(database: Database, email: str) -> None:
    with database.write() as connection:
        subscriber = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == email))
        if subscriber is None:
            return
        leave(connection, subscriber, digest=None, source="erasing")

    async def read(work: Callable[[Connection], bool]) -> bool:
        with database.read() as connection:
            return work(connection)

    asyncio.run(batches_ended(read, subscriber))
