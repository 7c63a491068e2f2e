"""Many people at once: what is known of them is looked up in sets, judged one by one, written in sets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, Date, String, Text, literal, null, select, true, update

from subscribers import clock, consent, suppression
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.sets import among, given, insert
from subscribers.suppression import Reason
from subscribers.tables import Moment, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from subscribers.rehearsal import Rehearsal

ACTIVE, LEFT = Status.ACTIVE.value, Status.UNSUBSCRIBED.value
NOTHING: Mapping[str, str] = {}
NO_REASON: frozenset[Reason] = frozenset()


class Applicant(NamedTuple):
    """A row that names a person, address and name in their kept form.

    ``left``: and wants no more mail; ``reason``: or must get none; ``proof``: what the list itself says of
    when they agreed.
    """

    email: str
    name: str
    digests: Sequence[str]
    left: bool = False
    reason: Reason | None = None
    proof: str = ""


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Known:
    """What stands in the database of one address, and what the rows so far make of it."""

    email: str
    statuses: Mapping[str, str]  # replaced, never changed: most people share it with others
    statuses_before: Mapping[str, str]
    id: int | None = None
    name: str = ""
    name_before: str = ""
    reasons: frozenset[Reason] = NO_REASON
    reasons_before: frozenset[Reason] = NO_REASON
    steps: int = 0


class _Kind(NamedTuple):
    """What is to be written down; ``wording`` where it is not the one of the import."""

    action: Action
    digest: str | None
    wording: str = ""


class Intake:
    """One chunk of a list. `judge` each row in order, then `write`: so it does not matter for the outcome
    whether two rows of one person share a chunk. With a ``rehearsal`` the chunk goes there instead of into
    the database.
    """

    def __init__(
        self, connection: Connection, emails: Iterable[str], rehearsal: Rehearsal | None = None
    ) -> None:
        self._connection = connection
        self._rehearsal = rehearsal
        self._known = {email: Known(email, NOTHING, NOTHING) for email in emails}
        # A person's records stand in the order of what happened: so everyone's first come first, and so on.
        self._steps: dict[tuple[int, _Kind], list[tuple[Known, str]]] = defaultdict(list)
        self._combined: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._look_up(list(self._known))

    def judge(self, row: Applicant) -> tuple[Outcome, str]:
        """What the row changes; or, as the second, the reason it is refused: the same as when staff add
        one person, so that no list brings back who left.
        """
        email, name, digests, left, reason, proof = row
        known = self._known[email]
        outcome = Outcome.UNCHANGED
        if reason is not None:
            outcome = self._suppressed(known, reason)
            if not left:
                return outcome, ""
        if known.reasons and (not left or Reason.FORGOTTEN in known.reasons):
            return Outcome.UNCHANGED, f"suppressed: {suppression.to_tell(known.reasons)}"
        held = known.statuses
        if held and not left and any(held.get(digest) == Status.UNSUBSCRIBED for digest in digests):
            return Outcome.UNCHANGED, "unsubscribed"
        wanted = LEFT if left else ACTIVE
        new = [digest for digest in digests if held.get(digest) != wanted]
        if new:
            outcome = Outcome.CHANGED if known.id or held else Outcome.ADDED
            known.statuses = self._with(held, new, wanted)
            for digest in new:
                self._step(known, _Kind(Action.UNSUBSCRIBED if left else Action.IMPORTED, digest), proof)
        if name and not known.name:
            known.name = name
            outcome = Outcome.CHANGED if outcome is Outcome.UNCHANGED else outcome
        return outcome, ""

    def write(self, *, wording: str, source: str) -> None:
        """Bring the database to what the rows said."""
        if self._rehearsal is not None:
            self._rehearsal.remember(self._known.values())
            return
        self._add_people()
        self._record(self._subscribe(), wording, source)
        self._fill_in_names()
        self._suppress(source)

    def _suppressed(self, known: Known, reason: Reason) -> Outcome:
        if reason in known.reasons:
            return Outcome.UNCHANGED
        known.reasons |= {reason}
        if known.id or known.statuses:
            self._step(known, _Kind(Action.SUPPRESSED, None, reason.value), "")
        return Outcome.CHANGED

    def _step(self, known: Known, kind: _Kind, proof: str) -> None:
        known.steps += 1
        self._steps[known.steps, kind].append((known, proof))

    def _with(self, held: Mapping[str, str], digests: Sequence[str], status: str) -> Mapping[str, str]:
        if held:
            return {**held, **dict.fromkeys(digests, status)}
        key = (status, *digests)
        if key not in self._combined:
            self._combined[key] = dict.fromkeys(digests, status)
        return self._combined[key]

    def _look_up(self, emails: list[str]) -> None:
        connection = self._connection
        columns = (subscribers.c.id, subscribers.c.email, subscribers.c.name)
        found = connection.execute(
            select(*columns, subscriptions.c.digest, subscriptions.c.status)
            .join_from(subscribers, subscriptions, isouter=True)
            .where(among(connection, subscribers.c.email, emails))
        )
        for id_, email, name, digest, status in found.all():
            known = self._known[email]
            known.id, known.name, known.name_before = id_, name, name
            if digest is not None:
                known.statuses = self._with(known.statuses, (digest,), status)
                known.statuses_before = known.statuses
        for email, reasons in suppression.of_many(connection, emails).items():
            known = self._known[email]
            known.reasons = known.reasons_before = reasons
        if self._rehearsal is not None:
            self._rehearsal.recall(self._known)

    def _add_people(self) -> None:
        new = [known for known in self._known.values() if known.id is None and known.statuses]
        if not new:
            return
        connection = self._connection
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
            known = self._known[email]
            known.id, known.name_before = id_, known.name
        # On PostgreSQL somebody may have signed up since the look-up.
        met = [known.email for known in new if known.id is None]
        if met:
            theirs = select(subscribers.c.id, subscribers.c.email).where(
                among(connection, subscribers.c.email, met)
            )
            for id_, email in connection.execute(theirs).all():
                self._known[email].id = id_

    def _subscribe(self) -> set[tuple[int | None, str | None]]:
        """Write the subscriptions; by id and digest those that were not, of who left since the look-up."""
        changes: dict[tuple[str, str, bool], list[int]] = defaultdict(list)
        for known in self._known.values():
            before = known.statuses_before
            if known.statuses is before or known.id is None:
                continue
            for digest, status in known.statuses.items():
                if before.get(digest) != status:
                    changes[digest, status, digest in before].append(known.id)
        missed: set[tuple[int | None, str | None]] = set()
        for (digest, status, existed), ids in changes.items():
            written = (self._changed if existed else self._begun)(ids, digest, status)
            if len(written) < len(ids):
                missed.update((id_, digest) for id_ in set(ids).difference(written))
        return missed

    def _begun(self, ids: list[int], digest: str, status: str) -> Sequence[int]:
        people = (
            select(
                subscribers.c.id,
                literal(digest, String()),
                literal(status, String()),
                literal(clock.now(), Moment()),
                literal(None, Date()),
            )
            .where(among(self._connection, subscribers.c.id, ids))
            # Who is being erased at this moment is waited for and then not there (PostgreSQL).
            .with_for_update(read=True, key_share=True)
        )
        columns = ["subscriber_id", "digest", "status", "since", "paused_until"]
        return self._connection.scalars(
            insert(self._connection, subscriptions)
            .from_select(columns, people)
            .on_conflict_do_nothing(index_elements=["subscriber_id", "digest"])
            .returning(subscriptions.c.subscriber_id)
        ).all()

    def _changed(self, ids: list[int], digest: str, status: str) -> Sequence[int]:
        return self._connection.scalars(
            update(subscriptions)
            .where(
                subscriptions.c.digest == digest,
                among(self._connection, subscriptions.c.subscriber_id, ids),
                subscriptions.c.status != Status.UNSUBSCRIBED.value,
            )
            .values(status=status, since=clock.now(), paused_until=null())
            .returning(subscriptions.c.subscriber_id)
        ).all()

    def _record(self, missed: set[tuple[int | None, str | None]], wording: str, source: str) -> None:
        for _, kind in sorted(self._steps, key=lambda step: step[0]):
            action, digest, said = kind
            whose = self._steps[_, kind]
            if missed:
                whose = [(known, proof) for known, proof in whose if (known.id, digest) not in missed]
            text = wording if action is Action.IMPORTED else said
            sources = [
                (known.id, f"{source} {proof}" if proof else source)
                for known, proof in whose
                if known.id is not None
            ]
            if any(proof for _, proof in whose):
                consent.record_each(self._connection, sources, action, digest=digest, wording=text)
            else:
                ids = [id_ for id_, _ in sources]
                consent.record_all(self._connection, ids, action, digest=digest, wording=text, source=source)

    def _fill_in_names(self) -> None:
        named = [
            (known.id, known.name)
            for known in self._known.values()
            if known.id is not None and known.name != known.name_before
        ]
        if named:
            each = given(self._connection, {"id": BigInteger(), "name": Text()}, named)
            self._connection.execute(
                update(subscribers)
                .where(subscribers.c.id == each.c.id, subscribers.c.name == "")
                .values(name=each.c.name)
            )

    def _suppress(self, source: str) -> None:
        new: dict[Reason, list[str]] = defaultdict(list)
        for known in self._known.values():
            if known.reasons is known.reasons_before:
                continue
            for reason in known.reasons - known.reasons_before:
                if Reason.FORGOTTEN in known.reasons:
                    suppression.suppress(self._connection, known.email, reason, source)
                else:
                    new[reason].append(known.email)
        for reason, emails in new.items():
            suppression.suppress_many(self._connection, emails, reason, source)
