"""Writing what an import decided for many people: a few statements, however many people there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Date, String, Text, literal, select, true, update

from subscribers import clock, consent, suppression
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.sets import among, given, insert
from subscribers.suppression import Reason
from subscribers.tables import Moment, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection

    from subscribers.importing.rows import Kind, Known

    Steps = Mapping[tuple[int, Kind], Sequence[tuple[Known, str]]]


def write(
    connection: Connection, known: Mapping[str, Known], steps: Steps, *, wording: str, source: str
) -> None:
    """Write how everyone in ``known``, by address, differs from what the database held of them.

    ``steps`` are the consent records to add, by their place in a person's sequence and by kind; each comes
    with the proof that the list itself brings.
    """
    writing = _Writing(connection, known, steps)
    writing.add_people()
    writing.record(writing.subscribe(), wording, source)
    writing.fill_in_names()
    writing.suppress(source)


@dataclass(frozen=True, slots=True)
class _Writing:
    connection: Connection
    known: Mapping[str, Known]
    steps: Steps

    def add_people(self) -> None:
        new = [known for known in self.known.values() if known.id is None and known.statuses]
        if not new:
            return
        connection = self.connection
        columns = {"email": String(), "name": Text()}
        each = given(connection, columns, [(known.email, known.name) for known in new])
        people = select(each.c.email, each.c.name, literal(clock.now(), Moment())).where(true())
        added = (
            insert(connection, subscribers)
            .from_select(["email", "name", "created_at"], people)
            .on_conflict_do_nothing(index_elements=["email"])
            .returning(subscribers.c.id, subscribers.c.email)
        )
        for id_, email in connection.execute(added).all():
            known = self.known[email]
            known.id, known.name_before = id_, known.name
        # On PostgreSQL somebody may have signed up since the look-up.
        met = [known.email for known in new if known.id is None]
        if met:
            theirs = select(subscribers.c.id, subscribers.c.email).where(
                among(connection, subscribers.c.email, met)
            )
            for id_, email in connection.execute(theirs).all():
                self.known[email].id = id_

    def subscribe(self) -> set[tuple[int | None, str | None]]:
        """Write the subscriptions; by id and digest those not written, of people who left since the
        look-up."""
        changes: dict[tuple[bool, str, str, date | None], list[int]] = defaultdict(list)
        for known in self.known.values():
            before = known.statuses_before
            if known.statuses is before or known.id is None:
                continue
            for digest, status in known.statuses.items():
                if before.get(digest) != status:
                    paused = known.paused.get(digest) if known.paused and status == Status.ACTIVE else None
                    changes[digest in before, digest, status, paused].append(known.id)
        missed: set[tuple[int | None, str | None]] = set()
        for (existed, digest, status, paused), ids in changes.items():
            written = (self._update if existed else self._insert)(ids, digest, status, paused)
            if len(written) < len(ids):
                missed.update((id_, digest) for id_ in set(ids).difference(written))
        return missed

    def _insert(self, ids: list[int], digest: str, status: str, paused: date | None) -> Sequence[int]:
        people = (
            select(
                subscribers.c.id,
                literal(digest, String()),
                literal(status, String()),
                literal(clock.now(), Moment()),
                literal(paused, Date()),
            )
            .where(among(self.connection, subscribers.c.id, ids))
            # The lock waits for whoever is erasing a person at this moment; then they are not found
            # (PostgreSQL).
            .with_for_update(read=True, key_share=True)
        )
        columns = ["subscriber_id", "digest", "status", "since", "paused_until"]
        return self.connection.scalars(
            insert(self.connection, subscriptions)
            .from_select(columns, people)
            .on_conflict_do_nothing(index_elements=["subscriber_id", "digest"])
            .returning(subscriptions.c.subscriber_id)
        ).all()

    def _update(self, ids: list[int], digest: str, status: str, paused: date | None) -> Sequence[int]:
        return self.connection.scalars(
            update(subscriptions)
            .where(
                subscriptions.c.digest == digest,
                among(self.connection, subscriptions.c.subscriber_id, ids),
                subscriptions.c.status != Status.UNSUBSCRIBED.value,
            )
            .values(status=status, since=clock.now(), paused_until=paused)
            .returning(subscriptions.c.subscriber_id)
        ).all()

    def record(self, missed: set[tuple[int | None, str | None]], wording: str, source: str) -> None:
        for _, kind in sorted(self.steps, key=lambda step: step[0]):
            action, digest, said = kind
            whose = self.steps[_, kind]
            if missed:
                whose = [(known, proof) for known, proof in whose if (known.id, digest) not in missed]
            text = wording if action is Action.IMPORTED else said
            sources = [
                (known.id, f"{source} {proof}" if proof else source)
                for known, proof in whose
                if known.id is not None
            ]
            consent.record_many(self.connection, sources, action, digest=digest, wording=text)

    def fill_in_names(self) -> None:
        named = [
            (known.id, known.name)
            for known in self.known.values()
            if known.id is not None and known.name != known.name_before
        ]
        if named:
            each = given(self.connection, {"id": BigInteger(), "name": Text()}, named)
            self.connection.execute(
                update(subscribers)
                .where(subscribers.c.id == each.c.id, subscribers.c.name == "")
                .values(name=each.c.name)
            )

    def suppress(self, source: str) -> None:
        new: dict[Reason, list[str]] = defaultdict(list)
        for known in self.known.values():
            if known.reasons is known.reasons_before:
                continue
            for reason in known.reasons - known.reasons_before:
                if Reason.FORGOTTEN in known.reasons:
                    suppression.suppress(self.connection, known.email, reason, source)
                else:
                    new[reason].append(known.email)
        for reason, emails in new.items():
            suppression.suppress_many(self.connection, emails, reason, source)
