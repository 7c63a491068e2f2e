"""Which provider an edition goes to, kept with it: what went to the outbox alone reached nobody, and is still
said to have done so when delivery.provider is another one by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.destination import Destination, is_mail
from pipeline.core.errors import RapportError
from pipeline.editions import find, store
from pipeline.editions.ledger import outcomes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.core.sections.delivery import Delivery
    from pipeline.editions.edition import Edition


def remember(database: Database, delivery: Delivery, edition: Edition) -> None:
    """Write the provider down, before anybody is handed the edition. Raises as ``must_be_same``."""
    if edition.provider == delivery.provider:
        return
    with database.write() as connection:
        edition = find.by_slug(connection, edition.slug, for_update=True)
        must_be_same(connection, delivery, edition)
        store.change(connection, edition.id, provider=delivery.provider)


def must_be_same(connection: Connection, delivery: Delivery, edition: Edition) -> None:
    """Raise RapportError where a part of the edition was mailed and the rest would go to the outbox, or the
    other way round: nobody could say any more who was mailed."""
    if edition.provider is None or is_mail(edition.provider) == is_mail(delivery.provider):
        return
    if outcomes.touched(connection, edition.id):
        before, now = Destination.of(delivery, edition.provider), Destination.of(delivery)
        raise RapportError(
            f'{edition.slug} was begun with delivery.provider = "{edition.provider}", and a part of it is '
            f"{before.done}. The rest {now.foreseen}.",
            f'Set delivery.provider to "{edition.provider}" until it is done, or give the rest up: '
            f"`rapport editions cancel {edition.slug}`.",
        )
