"""People and their subscriptions, row by row: each change of a state is one guarded write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, String, bindparam, literal, null, select, update

from subscribers import clock, consent, suppression
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.sets import INSERT, Insert, insert
from subscribers.suppression import OWN, Reason
from subscribers.tables import Moment, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.dml import ReturningInsert


def keep_person(connection: Connection, email: str, name: str = "") -> int:
    """The id of the person at an address, who is added if new. A name is filled in but never replaced."""
    connection.execute(
        insert(connection, subscribers)
        .values(email=email, name=name, created_at=clock.now())
        .on_conflict_do_nothing(index_elements=["email"])
    )
    row = connection.execute(
        select(subscribers.c.id, subscribers.c.name).where(subscribers.c.email == email)
    ).one()
    if name and not row.name:
        connection.execute(update(subscribers).where(subscribers.c.id == row.id).values(name=name))
    return int(row.id)


def await_answer(connection: Connection, subscriber: int, digest: str) -> None:
    """Make a subscription pending, if the person never had that digest."""
    connection.execute(
        insert(connection, subscriptions)
        .values(subscriber_id=subscriber, digest=digest, status=Status.PENDING.value, since=clock.now())
        .on_conflict_do_nothing(index_elements=["subscriber_id", "digest"])
    )


def begin(
    connection: Connection,
    subscriber: int,
    digest: str,
    *,
    wording: str,
    source: str,
    network_address: str | None = None,
) -> None:
    """Make a subscription active because the person wants it, whatever its status was, with the evidence."""
    active = {"status": Status.ACTIVE.value, "since": clock.now(), "paused_until": None}
    connection.execute(
        insert(connection, subscriptions)
        .values(subscriber_id=subscriber, digest=digest, **active)
        .on_conflict_do_update(
            index_elements=["subscriber_id", "digest"],
            set_=active,
            where=subscriptions.c.status != Status.ACTIVE.value,
        )
    )
    consent.record(
        connection,
        subscriber,
        Action.CONFIRMED,
        digest=digest,
        wording=wording,
        source=source,
        network_address=network_address,
    )


def let_back(
    connection: Connection, subscriber: int, email: str, digests: Collection[str], source: str
) -> None:
    """The owner of the mailbox has said yes to ``digests`` by a mail that arrived: lift their own no, and a
    bounce, which that mail has disproved."""
    if Reason.BOUNCED in suppression.lift(connection, email, [Reason.BOUNCED]):
        consent.record(connection, subscriber, Action.LIFTED, wording=consent.DISPROVED, source=source)
    if not OWN & set(suppression.lift(connection, email, OWN)):
        return
    # The suppression may have hidden active digests that nobody asks for now.
    active = select(subscriptions.c.digest).where(
        subscriptions.c.subscriber_id == subscriber,
        subscriptions.c.status == Status.ACTIVE.value,
        subscriptions.c.digest.not_in(digests),
    )
    for digest in connection.scalars(active).all():
        end(connection, subscriber, digest)
        consent.record(connection, subscriber, Action.UNSUBSCRIBED, digest=digest, source=source)


def begin_as_agreed(connection: Connection, subscriber: int, digest: str) -> None:
    """Make a subscription active because the person agreed elsewhere; one that they ended stays ended."""
    active = {"status": Status.ACTIVE.value, "since": clock.now()}
    connection.execute(
        insert(connection, subscriptions)
        .values(subscriber_id=subscriber, digest=digest, **active)
        # Only a pending one: whoever unsubscribes at this very moment stays unsubscribed.
        .on_conflict_do_update(
            index_elements=["subscriber_id", "digest"],
            set_=active,
            where=subscriptions.c.status == Status.PENDING.value,
        )
    )


def end(connection: Connection, subscriber: int, digest: str) -> bool:
    """End a subscription; False if there was nothing to end. A "no" to a digest that the person never had is
    kept, too: a later import must not put them on it."""
    given = {"person": subscriber, "of": digest, "at": clock.now()}
    return connection.execute(_END[connection.dialect.name], given).first() is not None


def _ending(insert: Callable[[Table], Insert]) -> ReturningInsert[tuple[str]]:
    # In one statement that selects the person's row, so that nothing is written for a person who is gone.
    ended = literal(Status.UNSUBSCRIBED.value, String())
    at = bindparam("at", type_=Moment())
    person = select(subscribers.c.id, bindparam("of", type_=String()), ended, at, null().cast(Date()))
    return (
        insert(subscriptions)
        .from_select(
            ["subscriber_id", "digest", "status", "since", "paused_until"],
            person.where(subscribers.c.id == bindparam("person")),
        )
        .on_conflict_do_update(
            index_elements=["subscriber_id", "digest"],
            # A pause is kept: whoever unsubscribed by mistake comes back to it.
            set_={"status": ended, "since": at},
            where=subscriptions.c.status != ended,
        )
        .returning(subscriptions.c.digest)
    )


# Compiled once: on the day of a letter thousands unsubscribe within a minute, and SQLAlchemy takes four times
# as long to build a statement as to run it.
_END = {dialect: _ending(insert) for dialect, insert in INSERT.items()}
