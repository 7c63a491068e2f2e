"""What people may choose themselves, by the link in a letter: digests, and a pause.

Letters get forwarded, and whoever has one has its link, for good. So by the link alone there is only less
mail: to leave a digest, and to pause. For more the mailbox is asked first, by the mail that asks who signs
up. A name cannot be changed by the link at all: it comes with a sign-up, which asks the mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from subscribers import consent, digest_names, signup, suppression
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.leaving import leave, lives_of
from subscribers.people import Status
from subscribers.suppression import OWN
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy import Connection, Select


@dataclass(frozen=True, slots=True)
class Preferences:
    """One person's settings. ``paused_until`` is the first day on which letters come again."""

    id: int
    email: str
    active: frozenset[str]
    paused_until: date | None


class Settled(NamedTuple):
    """What a person's settings are now, and the digests that wait for a yes from their mailbox."""

    preferences: Preferences
    to_ask: tuple[str, ...]


def preferences(connection: Connection, subscriber: int) -> Preferences | None:
    """The settings of a person, by any id they had; None for an id that is no longer known."""
    subscriber = lives_of(connection, subscriber)[-1]
    person = connection.execute(select(subscribers).where(subscribers.c.id == subscriber)).first()
    if person is None:
        return None
    active = connection.execute(_active(subscriber).add_columns(subscriptions.c.paused_until)).all()
    stopped = OWN & suppression.reasons(connection, person.email)
    chosen = set() if stopped else {row.digest for row in active}
    # Also by their former names, for a process that has not read the new configuration yet.
    chosen |= {name for name, present in digest_names.former(connection).items() if present in chosen}
    return Preferences(
        person.id,
        person.email,
        frozenset(chosen),
        max((row.paused_until for row in active if row.paused_until), default=None),
    )


def change(
    connection: Connection,
    subscriber: int,
    *,
    digests: Collection[str],
    offered: Sequence[str],
    paused_until: date | None,
    source: str,
) -> Settled | None:
    """Change a person's settings to what they chose, as far as that is less mail; None for an id that is no
    longer known.

    ``offered`` are the digests that they could choose; others are left alone. Those chosen that they do not
    get now are left to `ask_to_join`.
    """
    lock_audience_shared(connection)
    before = preferences(connection, subscriber)
    if before is None:
        return None
    subscriber = before.id
    held = {row.digest for row in connection.execute(_active(subscriber))}
    digests, to_ask = digest_names.present(connection, digests), []
    for digest in digest_names.present(connection, offered):
        if digest in digests and digest not in before.active:
            to_ask.append(digest)
        elif digest not in digests and digest in held:
            # Also one that was only hidden because they had unsubscribed from everything.
            leave(connection, subscriber, digest=digest, source=source)
    _pause(connection, subscriber, paused_until, source, changed=paused_until != before.paused_until)
    after = preferences(connection, subscriber)
    return None if after is None else Settled(after, tuple(to_ask))


def pause(connection: Connection, subscriber: int, until: date, *, source: str) -> date | None:
    """Pause a person's letters until that day, or for as long as they are already; the first day on which
    letters come again. None for who gets no letter."""
    lock_audience_shared(connection)
    before = preferences(connection, subscriber)
    if before is None or not before.active:
        return None
    until = max(until, before.paused_until or until)
    _pause(connection, before.id, until, source, changed=until != before.paused_until)
    return until


def ask_to_join(
    connection: Connection,
    subscriber: int,
    digests: Sequence[str],
    *,
    wording: str,
    source: str,
    network_address: str | None = None,
) -> int | None:
    """Queue the mail that asks a person's present mailbox whether they want ``digests``, as for a sign-up;
    ``wording`` is what they agree to. Returns as `signup.ask` does, and None for an id no longer known."""
    person = preferences(connection, subscriber)
    if person is None:
        return None
    return signup.ask(
        connection,
        person.email,
        digests=digests,
        wording=wording,
        source=source,
        network_address=network_address,
    )


def _active(subscriber: int) -> Select[tuple[str]]:
    return select(subscriptions.c.digest).where(
        subscriptions.c.subscriber_id == subscriber, subscriptions.c.status == Status.ACTIVE.value
    )


def _pause(
    connection: Connection, subscriber: int, until: date | None, source: str, *, changed: bool
) -> None:
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.subscriber_id == subscriber, subscriptions.c.status == Status.ACTIVE.value)
        .values(paused_until=until)
    )
    if changed:
        action = Action.RESUMED if until is None else Action.PAUSED
        wording = f"until {until.isoformat()}" if until else ""
        consent.record(connection, subscriber, action, wording=wording, source=source)
