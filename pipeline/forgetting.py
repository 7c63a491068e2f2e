"""Forgetting a person everywhere: list, proof, ledger, events, outbox, and the files underneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from pipeline.delivery import ledger
from pipeline.scrub import scrub
from pipeline.tables import events
from subscribers.addresses import normalise
from subscribers.erasing import addresses_of, erase
from subscribers.tables import subscribers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.installation import Installation


class Forgotten(NamedTuple):
    """``people``: how many ids they had; ``clean``: whether the database's files are rid of them already."""

    people: int
    clean: bool


def forget(installation: Installation, who: str | int) -> Forgotten:
    """Erase the person with this address or id; a keyed hash of the address stays. Repeatable.

    Raises SubscriberError for what is no address.
    """
    with installation.database.write() as connection:
        email = normalise(who) if isinstance(who, str) else None
        if email is None:
            email = connection.scalar(select(subscribers.c.email).where(subscribers.c.id == who))
            if email is None:
                return Forgotten(0, clean=True)
        gone = addresses_of(connection, email)
        ids = erase(connection, email)
        for subscriber in ids:
            ledger.forget(connection, subscriber)
            connection.execute(delete(events).where(events.c.subscriber_id == subscriber))
    _empty_outbox(installation, ids)
    return Forgotten(len(ids), scrub(installation.database, gone))


def _empty_outbox(installation: Installation, ids: Iterable[int]) -> None:
    folder = installation.folder / installation.config.delivery.outbox
    for subscriber in ids:
        for file in folder.glob(f"*-{subscriber:010d}-*"):
            file.unlink(missing_ok=True)
