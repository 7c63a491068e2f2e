"""The queue of mails that ask to confirm. The table is the queue: no accepted sign-up is without its mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from subscribers import mail_limits, suppression
from subscribers.confirmations import DAY, Confirmation, Purpose, State, may_be_asked, waiting
from subscribers.suppression import Reason
from subscribers.tables import confirmations

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

BLOCKED = "suppressed: "
"""How the reason begins where an address gets no letter; behind it stands why."""

_BOUNCED = f"{BLOCKED}{Reason.BOUNCED}"


class Blocked(NamedTuple):
    subscriber: int
    at: datetime
    reason: str


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
    against = suppression.reasons(connection, asked.email)
    if may_be_asked(connection, asked.email) and not (
        Reason.BOUNCED in against and _asked_lately(connection, asked)
    ):
        return True
    drop(connection, asked, f"{BLOCKED}{suppression.to_tell(against)}")
    return False


def _asked_lately(connection: Connection, asked: Confirmation) -> bool:
    """Whether an address that bounced was mailed within a day: mail that bounces harms all later letters."""
    query = select(confirmations.c.id).where(
        confirmations.c.email == asked.email,
        confirmations.c.id != asked.id,
        confirmations.c.state.in_((State.MAILED.value, State.CONFIRMED.value)),
        confirmations.c.reason == _BOUNCED,
        confirmations.c.asked_at > asked.asked_at - DAY,
    )
    return connection.execute(query.limit(1)).first() is not None


def mailed(connection: Connection, asked: Confirmation) -> None:
    """The provider took the mail."""
    bounced = Reason.BOUNCED in suppression.reasons(connection, asked.email)
    reason = _BOUNCED if bounced else None
    _set(connection, asked, state=State.MAILED.value, next_try=None, reason=reason)


def blocked(connection: Connection, since: datetime) -> list[Blocked]:
    """The sign-ups after that moment with an address that gets no letter, and that nobody has confirmed."""
    query = (
        select(confirmations.c.subscriber_id, confirmations.c.asked_at, confirmations.c.reason)
        .where(
            confirmations.c.asked_at > since,
            confirmations.c.purpose == Purpose.SUBSCRIBE.value,
            confirmations.c.state.in_((State.MAILED.value, State.DROPPED.value)),
            confirmations.c.reason.startswith(BLOCKED),
        )
        .order_by(confirmations.c.asked_at.desc())
    )
    return [
        Blocked(row.subscriber_id, row.asked_at, row.reason.removeprefix(BLOCKED))
        for row in connection.execute(query)
    ]


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
