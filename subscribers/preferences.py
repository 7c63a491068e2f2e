"""What people may choose themselves: digests, a pause, their name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from subscribers import consent, digest_names, suppression
from subscribers.addresses import clean_name
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.leaving import leave, lives_of
from subscribers.people import Status
from subscribers.subscribing import begin
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
    name: str
    active: frozenset[str]
    paused_until: date | None


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
        person.name,
        frozenset(chosen),
        max((row.paused_until for row in active if row.paused_until), default=None),
    )


def change(
    connection: Connection,
    subscriber: int,
    *,
    name: str,
    digests: Collection[str],
    offered: Sequence[str],
    paused_until: date | None,
    wording: str,
    source: str,
    network_address: str | None = None,
) -> Preferences | None:
    """Change a person's settings to what they chose; None for an id that is no longer known.

    ``offered`` are the digests that they could choose; others are left alone. An empty ``name`` keeps the one
    that is known, which the page does not show. ``wording`` is what they agree
    to by choosing a new one. Choosing a digest lifts their own unsubscribing and no other suppression.
    """
    lock_audience_shared(connection)
    before = preferences(connection, subscriber)
    if before is None:
        return None
    subscriber = before.id
    name = clean_name(name)
    if name and name != before.name:
        connection.execute(update(subscribers).where(subscribers.c.id == subscriber).values(name=name))
        consent.record(connection, subscriber, Action.RENAMED, source=source)
    held = {row.digest for row in connection.execute(_active(subscriber))}
    digests = digest_names.present(connection, digests)
    for digest in digest_names.present(connection, offered):
        if digest in digests and digest not in before.active:
            suppression.lift(connection, before.email, OWN)
            begin(
                connection,
                subscriber,
                digest,
                wording=wording,
                source=source,
                network_address=network_address,
            )
        elif digest not in digests and digest in held:
            # Also one that was only hidden because they had unsubscribed from everything.
            leave(connection, subscriber, digest=digest, source=source)
    _pause(connection, subscriber, paused_until, source, changed=paused_until != before.paused_until)
    return preferences(connection, subscriber)


def _active(subscriber: int) -> Select[tuple[str]]:
    return select(subscriptions.c.digest).where(
        subscriptions.c.subscriber_id == subscriber, subscriptions.c.status == Status.ACTIVE.value
    )


def _pause(
    connection: Connection, subscriber: int, until: date | None, source: str, *, changed: bool
) -> None:
    # For every digest, also for one that was chosen just now.
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.subscriber_id == subscriber, subscriptions.c.status == Status.ACTIVE.value)
        .values(paused_until=until)
    )
    if changed:
        action = Action.RESUMED if until is None else Action.PAUSED
        wording = f"until {until.isoformat()}" if until else ""
        consent.record(connection, subscriber, action, wording=wording, source=source)
