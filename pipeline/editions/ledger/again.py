"""Who did not get an edition and shall: who was refused, once the reason is mended, and who joined since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, exists, or_, select, update

from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import events, recipients
from pipeline.editions.ledger import further
from pipeline.editions.ledger.batch_states import NOT_HANDED, RecipientState
from pipeline.editions.ledger.further import Further
from pipeline.editions.ledger.readers import readers_of
from subscribers.audience import mailable
from subscribers.sets import among
from subscribers.tables import merged, subscribers, subscriptions

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement, Connection

    from pipeline.editions.edition import Edition

REFUSED = "refused before; to be handed over again"
JOINED = "joined after the others"


def wait_again(connection: Connection, edition: Edition, size: int) -> int:
    """Let who is `failed` wait again, in new batches of ``size`` behind all others; how many they are.

    A refusal proves that they were not handed the letter, and two things speak against it: an event of theirs
    in this edition, and a restore since, for the lost database may have handed it over. Those stay as they
    are. Whoever left meanwhile is withheld when the batch is claimed. The caller holds the digest's lock and
    locked the audience.
    """
    query = (
        select(recipients.c.subscriber_id, recipients.c.email, recipients.c.batch)
        .where(
            recipients.c.edition_id == edition.id,
            recipients.c.state == RecipientState.FAILED,
            ~_heard_of(edition, recipients.c.subscriber_id),
            ~exists().where(
                marks.c.name == "restored",
                or_(recipients.c.at.is_(None), recipients.c.at <= marks.c.at),
            ),
        )
        .order_by(recipients.c.subscriber_id)
    )
    failed = [Further(*row) for row in connection.execute(query)]
    further.add(connection, edition.id, failed, size, REFUSED)
    return len(failed)


def wait_too(connection: Connection, edition: Edition, today: date, size: int) -> int:
    """Let who joined the edition's digest since its readers were fixed wait for it, in new batches of
    ``size``; how many they are.

    Somebody who had left it, was withheld for that and came back is among them. Nobody is who was handed it
    under another id or at the same address, of whom an event tells in this edition, or who joined before a
    restore: the lost database may have handed it to them. The caller as for ``wait_again``.
    """
    new = _joined(connection, edition, today)
    query = select(recipients.c.subscriber_id, recipients.c.batch, recipients.c.state).where(
        recipients.c.edition_id == edition.id, among(connection, recipients.c.subscriber_id, sorted(new))
    )
    there = {row.subscriber_id: row for row in connection.execute(query)}
    has_it = {who for who, row in there.items() if row.state != RecipientState.WITHHELD}
    has_it |= had_elsewhere(connection, edition.id, new)
    came_back = there.keys() - has_it
    people = [
        Further(who, new[who], there[who].batch if who in came_back else None)
        for who in sorted(new.keys() - has_it)
    ]
    further.add(connection, edition.id, people, size, JOINED)
    if came_back:
        now = [{"of": edition.id, "who": who, "now": new[who]} for who in sorted(came_back)]
        connection.execute(_ADDRESS, now)
    return len(people)


_ADDRESS = (
    update(recipients)
    .where(recipients.c.edition_id == bindparam("of"), recipients.c.subscriber_id == bindparam("who"))
    .values(email=bindparam("now"))
)


def had_elsewhere(connection: Connection, edition: int, people: dict[int, str]) -> set[int]:
    """Who of ``people`` (id and address) was handed the edition under an id that they had before they moved,
    or whose address was when it was another's. It reads all recipients of the edition."""
    handed = (
        recipients.c.edition_id == edition,
        or_(recipients.c.state.is_(None), recipients.c.state.not_in(NOT_HANDED)),
    )
    former = (
        select(merged.c.new_id)
        .join(recipients, recipients.c.subscriber_id == merged.c.old_id)
        .where(*handed, among(connection, merged.c.new_id, sorted(people)))
    )
    ids: dict[str, list[int]] = {}
    for who, email in people.items():
        ids.setdefault(email, []).append(who)
    at_address = select(recipients.c.email, recipients.c.subscriber_id).where(
        *handed, among(connection, recipients.c.email, sorted(ids))
    )
    found = set(connection.scalars(former))
    for email, _ in connection.execute(at_address):
        found.update(ids[email])
    return found


def _joined(connection: Connection, edition: Edition, today: date) -> dict[int, str]:
    since = edition.snapshot_at or edition.due_at
    new = subscriptions.c.since > since
    if edition.readers_of is not None:
        # Who has by now what it corrects, however long they are on the list.
        new = subscribers.c.id.in_(readers_of(edition.readers_of))
    query = mailable(edition.digest, today).where(
        new,
        ~_heard_of(edition, subscriptions.c.subscriber_id),
        ~exists().where(marks.c.name == "restored", subscriptions.c.since <= marks.c.at),
    )
    return {row.id: row.email for row in connection.execute(query)}


def _heard_of(edition: Edition, subscriber: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an event tells of the person in this edition."""
    return exists().where(and_(events.c.edition == edition.slug, events.c.subscriber_id == subscriber))
