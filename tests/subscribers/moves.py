"""Moving as readers do it: the present mailbox allows it, the new one agrees, the former one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from subscribers import own_mailbox, signup
from subscribers.confirmations import Purpose
from subscribers.consent import BY_MAIL
from subscribers.tables import confirmations

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.confirmations import Confirmation


def asked(connection: Connection, subscriber: int, new: str) -> int | None:
    """The question to the new mailbox, once the present one has allowed the move."""
    number = own_mailbox.ask_to_move(connection, subscriber, new, source="page")
    if number is None or signup.confirm(connection, number, source=BY_MAIL) is None:
        return None
    found = newest(connection, Purpose.MOVE)
    return found if found > number else None


def moved(connection: Connection, subscriber: int, new: str) -> Confirmation | None:
    number = asked(connection, subscriber, new)
    return None if number is None else signup.confirm(connection, number, source=BY_MAIL)


def newest(connection: Connection, purpose: Purpose) -> int:
    """The question of that purpose that was asked last."""
    return int(
        connection.scalar(
            select(func.max(confirmations.c.id)).where(confirmations.c.purpose == purpose.value)
        )
        or 0
    )


def taken_back(connection: Connection, number: int) -> Confirmation | None:
    return signup.confirm(connection, number, source=BY_MAIL)
