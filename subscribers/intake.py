"""Many people at once: what is known of them is looked up in sets, judged one by one, written in sets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Date, String, bindparam, literal, null, select, update

from subscribers import clock, consent, suppression
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.sets import among, insert
from subscribers.tables import Moment, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection


class Applicant(NamedTuple):
    """A row that names a person, address and name in their kept form; ``left``: and wants no more mail."""

    email: str
    name: str
    digests: Sequence[str]
    left: bool = False


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class _Known:
    """What stands in the database of one address, and what the rows so far make of it."""

    email: str
    statuses: Mapping[str, str]  # replaced, never changed: for most people it is the same one as before
    statuses_before: Mapping[str, str]
    id: int | None = None
    name: str = ""
    suppression: str = ""
    name_before: str = ""


class Intake:
    """One chunk of a list. `judge` each row in order, then `write`: so it does not matter for the outcome
    whether two rows of one person share a chunk.
    """

    def __init__(self, connection: Connection, emails: Iterable[str]) -> None:
        self._connection = connection
        nothing: Mapping[str, str] = {}
        self._known = {email: _Known(email, nothing, nothing) for email in emails}
        self._look_up(list(self._known))

    def judge(self, row: Applicant) -> tuple[Outcome, str]:
        """What the row changes; or, as the second, the reason it is refused: the same as when staff add
        one person, so that no list brings back who left.
        """
        known = self._known[row.email]
        held = [known.statuses.get(digest) for digest in row.digests]
        wanted = Status.UNSUBSCRIBED if row.left else Status.ACTIVE
        if not row.left:
            if known.suppression:
                return Outcome.UNCHANGED, f"suppressed: {known.suppression}"
            if Status.UNSUBSCRIBED in held:
                return Outcome.UNCHANGED, "unsubscribed"
        outcome = Outcome.UNCHANGED
        if any(status != wanted for status in held):
            outcome = Outcome.CHANGED if known.id or known.statuses else Outcome.ADDED
            known.statuses = {**known.statuses, **dict.fromkeys(row.digests, wanted.value)}
        if row.name and not known.name:
            known.name = row.name
            outcome = Outcome.CHANGED if outcome == Outcome.UNCHANGED else outcome
        return outcome, ""

    def write(self, *, wording: str, source: str) -> None:
        """Bring the database to what the rows said."""
        self._add_people()
        begun: dict[tuple[str, str, bool], list[int]] = defaultdict(list)
        for known in self._known.values():
            if known.statuses is known.statuses_before or known.id is None:
                continue
            for digest, status in known.statuses.items():
                before = known.statuses_before.get(digest)
                if status != before:
                    begun[digest, status, before is not None].append(known.id)
        for (digest, status, existed), ids in begun.items():
            self._subscribe(ids, digest, status, existed=existed)
            left = status == Status.UNSUBSCRIBED
            consent.record_all(
                self._connection,
                ids,
                Action.UNSUBSCRIBED if left else Action.IMPORTED,
                digest=digest,
                wording="" if left else wording,
                source=source,
            )
        self._fill_in_names()

    def _look_up(self, emails: list[str]) -> None:
        people: dict[int, _Known] = {}
        found = self._connection.execute(
            select(subscribers.c.id, subscribers.c.email, subscribers.c.name).where(
                among(self._connection, subscribers.c.email, emails)
            )
        )
        for id_, email, name in found.all():
            known = people[id_] = self._known[email]
            known.id, known.name, known.name_before = id_, name, name
        if people:
            held = self._connection.execute(
                select(subscriptions.c.subscriber_id, subscriptions.c.digest, subscriptions.c.status).where(
                    among(self._connection, subscriptions.c.subscriber_id, list(people))
                )
            )
            for id_, digest, status in held.all():
                known = people[id_]
                known.statuses = known.statuses_before = {**known.statuses, digest: status}
        for email, reason in suppression.strongest(self._connection, emails).items():
            self._known[email].suppression = reason

    def _add_people(self) -> None:
        new = [known for known in self._known.values() if known.id is None and known.statuses]
        if not new:
            return
        now = clock.now()
        self._connection.execute(
            insert(self._connection, subscribers).on_conflict_do_nothing(index_elements=["email"]),
            [{"email": known.email, "name": known.name, "created_at": now} for known in new],
        )
        ids = self._connection.execute(
            select(subscribers.c.email, subscribers.c.id).where(
                among(self._connection, subscribers.c.email, [known.email for known in new])
            )
        )
        for email, id_ in ids.all():
            known = self._known[email]
            known.id, known.name_before = id_, known.name

    def _subscribe(self, ids: list[int], digest: str, status: str, *, existed: bool) -> None:
        now = clock.now()
        if existed:
            # Whoever unsubscribed since the look-up stays so.
            self._connection.execute(
                update(subscriptions)
                .where(
                    subscriptions.c.digest == digest,
                    among(self._connection, subscriptions.c.subscriber_id, ids),
                    subscriptions.c.status != Status.UNSUBSCRIBED.value,
                )
                .values(status=status, since=now, paused_until=null())
            )
            return
        people = select(
            subscribers.c.id,
            literal(digest, String()),
            literal(status, String()),
            literal(now, Moment()),
            literal(None, Date()),
        ).where(among(self._connection, subscribers.c.id, ids))
        columns = ["subscriber_id", "digest", "status", "since", "paused_until"]
        self._connection.execute(
            insert(self._connection, subscriptions)
            .from_select(columns, people)
            .on_conflict_do_nothing(index_elements=["subscriber_id", "digest"])
        )

    def _fill_in_names(self) -> None:
        named = [known for known in self._known.values() if known.id and known.name != known.name_before]
        if named:
            self._connection.execute(
                update(subscribers)
                .where(subscribers.c.id == bindparam("person"), subscribers.c.name == "")
                .values(name=bindparam("new_name")),
                [{"person": known.id, "new_name": known.name} for known in named],
            )
