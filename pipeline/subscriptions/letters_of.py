"""Which letters a person was handed, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.core.destination import Destination
from pipeline.editions import find
from pipeline.editions.ledger import readers
from subscribers import welcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pipeline.core.destination import Delivery


class Letters(NamedTuple):
    """``editions``: as the ledger tells of each, the newest first, with the provider that took it."""

    editions: Sequence[dict[str, Any]]
    welcomes: Sequence[Any]


def letters_of(connection: Connection, subscriber: int | None) -> Letters:
    """Those of one person; none of an address that is not on the list."""
    if subscriber is None:
        return Letters([], [])
    held = readers.of_subscriber(connection, subscriber)
    providers = find.providers(connection, [one["slug"] for one in held])
    told = [one | {"provider": providers[one["slug"]]} for one in held]
    return Letters(told, welcomes.of_person(connection, subscriber))


def became(delivery: Delivery, letter: dict[str, Any]) -> str:
    """What became of one of ``Letters.editions``, in words."""
    return Destination.of_edition(delivery, letter["provider"], begun=True).became(letter["state"])
