"""Takes a provider's events: keeps each once, and applies its consequences in the same transaction.

Events come late, several times and in any order. The same set of events leads to the same suppressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.ledger import events as table
from pipeline.delivery import breaker
from pipeline.editions.ledger import doubt, readers
from pipeline.providers import CONFIRMATION
from pipeline.providers.events import Kind
from subscribers import clock
from subscribers.addresses import normalise
from subscribers.consent import Action
from subscribers.errors import SubscriberError
from subscribers.reports import Report, apply_reports
from subscribers.sets import among, insert
from subscribers.suppression import Reason
from subscribers.tables import consents, merged, subscribers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.sections.delivery import Delivery
    from pipeline.providers.events import Event

IN_A_ROW = 3
"""A mailbox that bounced softly in this many editions in a row counts as gone."""

_AT_ONCE = 1000


def take(connection: Connection, events: Sequence[Event], source: str, limits: Delivery) -> int:
    """Keep the new events and apply their consequences. Returns how many were new.

    In this order: addresses are suppressed, batches in doubt are settled, and an edition above the breaker's
    ``limits`` is stopped. ``source`` names the provider.
    """
    # Of two posts at the same moment, each would see only its own part of a person's soft bounces.
    one_at_a_time(connection, "events")
    people = _People(connection, events)
    new = _keep(connection, events, people)
    softly = {people.of(event) for event in new if event.kind is Kind.SOFT_BOUNCE}
    reports = [report for event in new if (report := people.report(event))]
    reports += _bounced_in_a_row(connection, {person for person in softly if person is not None}, people)
    apply_reports(connection, reports, source)
    now = clock.now()
    doubt.proven(connection, {event.batch for event in new if event.batch is not None}, now)
    breaker.judge(connection, limits, new, now)
    return len(new)


class _People:
    """The people that a set of events is about."""

    def __init__(self, connection: Connection, events: Sequence[Event]) -> None:
        named = {event.subscriber for event in events if event.subscriber is not None}
        self._addresses = _addresses(connection, named)
        # A person who moved to an address that was on the list already continues under that id.
        gone = select(merged.c.old_id, merged.c.new_id).where(
            among(connection, merged.c.old_id, sorted(named - self._addresses.keys()))
        )
        self._moved = {row.old_id: row.new_id for row in connection.execute(gone)}
        self._addresses |= _addresses(connection, set(self._moved.values()))
        unnamed = {
            _normal(event.address)
            for event in events
            if event.subscriber is None or (event.edition or "").startswith(f"{CONFIRMATION}-")
        }
        by_address = select(subscribers.c.email, subscribers.c.id).where(
            among(connection, subscribers.c.email, sorted(unnamed - {""}))
        )
        self._by_address = {row.email: row.id for row in connection.execute(by_address)}
        self._addresses |= {person: address for address, person in self._by_address.items()}

    def address(self, person: int) -> str:
        """The present address of a person on the list."""
        return self._addresses[person]

    def of(self, event: Event) -> int | None:
        """The id of the person; None for one who is not on the list, or no longer."""
        if event.subscriber is None:
            return self._by_address.get(_normal(event.address)) if event.address else None
        person = self._moved.get(event.subscriber, event.subscriber)
        return person if person in self._addresses else None

    def report(self, event: Event) -> Report | None:
        """The consequence of an event; None when it has none, or the person is unknown or forgotten."""
        if event.means is None:
            return None
        person, address = self.of(event), _normal(event.address)
        if (event.edition or "").startswith(f"{CONFIRMATION}-"):
            # A confirmation may go to a mailbox to which its person has yet to move: it concerns that alone.
            person = self._by_address.get(address)
        elif event.subscriber is not None:
            if person is None:
                return None  # forgotten, or a test copy without a subscriber
            present = self.address(person)
            if event.means is Reason.BOUNCED and address not in ("", present):
                return None  # an address they have left: it says nothing about the present one
            address = present
        if not address:
            return None
        return Report(address, person, event.means, event.at, event.reason or event.kind.value)


def _addresses(connection: Connection, people: Collection[int]) -> dict[int, str]:
    query = select(subscribers.c.id, subscribers.c.email).where(
        among(connection, subscribers.c.id, sorted(people))
    )
    return {row.id: row.email for row in connection.execute(query)}


def _normal(address: str) -> str:
    try:
        return normalise(address)
    except SubscriberError:
        return ""


def _keep(connection: Connection, events: Sequence[Event], people: _People) -> list[Event]:
    """Store the events, each once. Returns those that were not known yet."""
    distinct = {event.id: event for event in reversed(events)}
    rows = []
    for event in sorted(distinct.values(), key=lambda event: event.id):
        # Of an open or click only its arrival is kept: not who, and not which edition.
        watched = event.kind in (Kind.OPEN, Kind.CLICK)
        person = None if watched else people.of(event)
        forgotten = person is None and event.subscriber is not None
        rows.append(
            {
                "id": event.id,
                "at": event.at,
                "kind": event.kind.value,
                "subscriber_id": person,
                "edition": None if watched else event.edition,
                "batch": None if watched else event.batch,
                # A server's words may hold an address.
                "reason": None if forgotten else event.reason,
                "detail": None if forgotten or event.detail is None else dict(event.detail),
            }
        )
    statement = insert(connection, table).on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id)
    new: set[str] = set()
    for start in range(0, len(rows), _AT_ONCE):
        new.update(connection.scalars(statement, rows[start : start + _AT_ONCE]))
    return [event for event in distinct.values() if event.id in new]


def _bounced_in_a_row(connection: Connection, persons: Collection[int], people: _People) -> Iterator[Report]:
    """The people whose mailbox bounced softly in IN_A_ROW editions in a row.

    The order is the ledger's, so the arrival of the events does not matter: an edition that was handed over
    and has no soft bounce breaks the row.
    """
    worn = {
        person: editions
        for person, editions in _softly(connection, persons).items()
        if len(editions) >= IN_A_ROW
    }
    if not worn:
        return
    slugs = {slug for editions in worn.values() for slug in editions}
    for person, handed_over in readers.handed_over(connection, worn.keys(), slugs).items():
        row: list[datetime] = []
        for slug in handed_over:
            row = [*row, worn[person][slug]] if slug in worn[person] else []
            if len(row) == IN_A_ROW:
                said = f"{IN_A_ROW} editions in a row bounced for now"
                yield Report(people.address(person), person, Reason.BOUNCED, max(row), said)
                break


def _softly(connection: Connection, persons: Collection[int]) -> dict[int, dict[str, datetime]]:
    """By person, the editions that bounced softly, each with its time. Those before staff lifted a bounce, or
    before the person moved to another address, do not count."""
    listed = sorted(persons)
    anew = (
        select(consents.c.subscriber_id, func.max(consents.c.at).label("at"))
        .where(
            among(connection, consents.c.subscriber_id, listed),
            consents.c.action.in_([Action.LIFTED.value, Action.MOVED.value]),
        )
        .group_by(consents.c.subscriber_id)
    )
    since = {row.subscriber_id: row.at for row in connection.execute(anew)}
    bounced = select(table.c.subscriber_id, table.c.edition, table.c.at).where(
        among(connection, table.c.subscriber_id, listed),
        table.c.kind == Kind.SOFT_BOUNCE.value,
        table.c.edition.is_not(None),
    )
    found: dict[int, dict[str, datetime]] = {}
    for person, edition, at in connection.execute(bounced):
        if person not in since or at > since[person]:
            editions = found.setdefault(person, {})
            editions[edition] = max(at, editions.get(edition, at))
    return found
