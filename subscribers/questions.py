"""The queue of mails that ask to confirm. The table is the queue: no accepted sign-up is without its mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from subscribers import mail_limits
from subscribers.signup import Confirmation, State, may_be_asked, waiting
from subscribers.tables import confirmations

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

MOST = 100
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)


def next_ones(connection: Connection, now: datetime) -> list[Confirmation]:
    """Questions whose mail is due and may go, the longest waiting first, a hundred at most."""
    found = (waiting(connection, number) for number in mail_limits.due(connection, now).now[:MOST])
    return [one for one in found if one is not None]


def still_to_be_mailed(connection: Connection, asked: Confirmation) -> bool:
    """Whether the mail may go, asked right before it does. Drops the question if it may not."""
    now = waiting(connection, asked.id)
    if now is None or now.state is not State.QUEUED:
        return False
    if may_be_asked(connection, asked.email):
        return True
    drop(connection, asked, "the address gets no mail")
    return False


def mailed(connection: Connection, asked: Confirmation) -> None:
    """The provider took the mail."""
    _set(connection, asked, state=State.MAILED.value, next_try=None, reason=None)


def drop(connection: Connection, asked: Confirmation, reason: str) -> None:
    """The mail will not go."""
    _set(connection, asked, state=State.DROPPED.value, next_try=None, reason=reason)


def put_off(connection: Connection, asked: Confirmation, now: datetime, reason: str) -> None:
    """The mail is tried again after `FIRST_WAIT`, then after twice as long each time, up to
    `LONGEST_WAIT`."""
    tries = connection.scalar(select(confirmations.c.tries).where(confirmations.c.id == asked.id)) or 0
    wait = min(FIRST_WAIT * 2 ** min(tries, 20), LONGEST_WAIT)
    _set(connection, asked, tries=tries + 1, next_try=now + wait, reason=reason)


def _set(connection: Connection, asked: Confirmation, **values: object) -> None:
    # Only a queued one: somebody may have confirmed meanwhile, by an earlier copy of the mail.
    connection.execute(
        update(confirmations)
        .where(confirmations.c.id == asked.id, confirmations.c.state == State.QUEUED.value)
        .values(**values)
    )
