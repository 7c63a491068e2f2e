"""Questions to a mailbox, which its owner answers by the link in a mail.

A question is kept until it is answered or erased. The table is the queue of the mails, too (questions.py);
how many may be asked: mail_limits.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from subscribers import clock, suppression
from subscribers.suppression import OWN, Reason
from subscribers.tables import confirmations

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Purpose(StrEnum):
    """What a mail asks, or tells. Each has a table of phrases of its name."""

    SUBSCRIBE = "subscribe"
    # A move takes three: the present mailbox allows it, the new one agrees, and the former one is told.
    ALLOW_MOVE = "allow_move"
    MOVE = "address"
    MOVED = "moved"
    ERASE = "erase"


GOOD_FOR = {Purpose.ALLOW_MOVE: DAY, Purpose.ERASE: DAY, Purpose.MOVE: WEEK, Purpose.MOVED: WEEK}
"""How long a link is good; that to a sign-up for as long as an unconfirmed one is kept."""


class State(StrEnum):
    """The state of a question. Only a queued one is still to be mailed."""

    QUEUED = "queued"
    MAILED = "mailed"
    CONFIRMED = "confirmed"
    DROPPED = "dropped"


OPEN = (State.QUEUED.value, State.MAILED.value)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question to the mailbox ``email``: did its owner ask for this? ``other`` is the second address of a
    move: where to, for who allows it; where from, for the new one; where they went, for the former one."""

    id: int
    purpose: Purpose
    subscriber: int
    email: str
    other: str
    name: str
    digests: tuple[str, ...]
    wording: str
    source: str
    asked_at: datetime
    state: State
    tries: int

    def good_until(self, kept_for: timedelta) -> datetime:
        """When its link ends, where an unconfirmed question is ``kept_for`` that long; what tells of a move
        is kept for its whole time."""
        span = GOOD_FOR.get(self.purpose, kept_for)
        return self.asked_at + (span if self.purpose is Purpose.MOVED else min(span, kept_for))


def waiting(connection: Connection, confirmation: int) -> Confirmation | None:
    """The question of an id, answered or not; None when it was erased."""
    row = connection.execute(select(confirmations).where(confirmations.c.id == confirmation)).first()
    if row is None:
        return None
    return Confirmation(
        row.id,
        Purpose(row.purpose),
        row.subscriber_id,
        row.email,
        row.other_email or "",
        row.name,
        tuple(row.digests),
        row.wording,
        row.source,
        row.asked_at,
        State(row.state),
        row.tries,
    )


def put(connection: Connection, purpose: Purpose, subscriber: int, email: str, **said: object) -> int:
    """Queue the mail of a new question; its id. ``said``: other columns."""
    now = clock.now()
    values = {"asked_at": now, "digests": [], "wording": "", "next_try": now} | said
    made = connection.execute(
        confirmations.insert()
        .values(
            purpose=purpose.value, subscriber_id=subscriber, email=email, state=State.QUEUED.value, **values
        )
        .returning(confirmations.c.id)
    )
    return int(made.scalar_one())


def answered(connection: Connection, question: Confirmation, subscriber: int) -> Confirmation | None:
    """Mark the question as answered with yes, by the person who has this id now."""
    connection.execute(
        update(confirmations)
        .where(confirmations.c.id == question.id)
        .values(subscriber_id=subscriber, state=State.CONFIRMED.value, next_try=None)
    )
    return waiting(connection, question.id)


def drop_open(
    connection: Connection, subscriber: int, purposes: Collection[Purpose], reason: str, *, after: int = 0
) -> None:
    """Let a person's questions of these purposes be good no longer, those asked after the id ``after``."""
    connection.execute(
        update(confirmations)
        .where(
            confirmations.c.subscriber_id == subscriber,
            confirmations.c.purpose.in_([purpose.value for purpose in purposes]),
            confirmations.c.state.in_(OPEN),
            confirmations.c.id > after,
        )
        .values(state=State.DROPPED.value, next_try=None, reason=reason)
    )


def may_be_asked(connection: Connection, email: str) -> bool:
    """Whether a mail that asks for confirmation may go to the address. One that bounced may be asked: if the
    mail arrives, the bounce is disproved."""
    return suppression.reasons(connection, email) <= OWN | {Reason.BOUNCED}


def may_answer(connection: Connection, question: Confirmation) -> bool:
    """Whether a yes from this mailbox counts. A bounce after the question is not disproved by it."""
    against = suppression.reasons(connection, question.email) - OWN
    if against == {Reason.BOUNCED}:
        bounced = suppression.since(connection, question.email, Reason.BOUNCED)
        return bounced is not None and bounced < question.asked_at
    return not against
