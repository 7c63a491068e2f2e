"""A chunk of a list: its people are looked up together, judged row by row, and written together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from subscribers import digest_names, suppression
from subscribers.audience import lock_audience_shared
from subscribers.consent import Action
from subscribers.importing.rows import Applicant, ImportOutcome, Kind, Known
from subscribers.importing.write import write
from subscribers.people import Status
from subscribers.sets import among
from subscribers.suppression import Reason
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from subscribers.importing.dry_run import DryRun

ACTIVE, LEFT = Status.ACTIVE.value, Status.UNSUBSCRIBED.value
NOTHING: Mapping[str, str] = {}


class ImportChunk:
    """One chunk of a list: `judge` each row in order, then `write`.

    Two rows of one person have the same outcome whether they share a chunk or not. With a ``dry_run`` the
    chunk is kept there, and not written into the database.
    """

    def __init__(self, connection: Connection, emails: Iterable[str], dry_run: DryRun | None = None) -> None:
        self._connection = connection
        self._dry_run = dry_run
        self._known = {email: Known(email, NOTHING, NOTHING) for email in emails}
        # A person's records are written in the order of what happened: everyone's first, then their second.
        self._steps: dict[tuple[int, Kind], list[tuple[Known, str]]] = defaultdict(list)
        self._combined: dict[tuple[str, ...], Mapping[str, str]] = {}
        # Until it is written. Else whoever is erased meanwhile would be added again (PostgreSQL).
        lock_audience_shared(connection)
        self._renamed = digest_names.former(connection)
        self._look_up(list(self._known))

    def judge(self, row: Applicant) -> tuple[ImportOutcome, str]:
        """What the row changes, and why it is refused, if it is.

        The reasons are those for which staff may not add a person either: no list brings back who left.
        """
        email, name, digests, left, reason, proof, _, paused_until = row
        if self._renamed:
            digests = list(dict.fromkeys(self._renamed.get(name, name) for name in digests))
        known = self._known[email]
        outcome = ImportOutcome.UNCHANGED
        if reason is not None:
            outcome = self._suppressed(known, reason)
            if not left:
                return outcome, ""
        if known.reasons and (not left or Reason.FORGOTTEN in known.reasons):
            return ImportOutcome.UNCHANGED, f"suppressed: {suppression.to_tell(known.reasons)}"
        held = known.statuses
        if held and not left and any(held.get(digest) == Status.UNSUBSCRIBED for digest in digests):
            return ImportOutcome.UNCHANGED, "unsubscribed"
        wanted = LEFT if left else ACTIVE
        new = [digest for digest in digests if held.get(digest) != wanted]
        if new:
            outcome = ImportOutcome.CHANGED if known.id or held else ImportOutcome.ADDED
            known.statuses = self._with(held, new, wanted)
            if paused_until is not None:
                known.paused = {**(known.paused or {}), **dict.fromkeys(new, paused_until)}
            for digest in new:
                self._step(known, Kind(Action.UNSUBSCRIBED if left else Action.IMPORTED, digest), proof)
        if name and not known.name:
            known.name = name
            outcome = ImportOutcome.CHANGED if outcome is ImportOutcome.UNCHANGED else outcome
        return outcome, ""

    def write(self, *, wording: str, source: str) -> None:
        """Write what the rows changed."""
        if self._dry_run is not None:
            self._dry_run.store(self._known.values())
            return
        write(self._connection, self._known, self._steps, wording=wording, source=source)

    def _suppressed(self, known: Known, reason: Reason) -> ImportOutcome:
        if reason in known.reasons:
            return ImportOutcome.UNCHANGED
        known.reasons |= {reason}
        if known.id or known.statuses:
            self._step(known, Kind(Action.SUPPRESSED, None, reason.value), "")
        return ImportOutcome.CHANGED

    def _step(self, known: Known, kind: Kind, proof: str) -> None:
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
        for email, reasons in suppression.reasons_of(connection, emails).items():
            known = self._known[email]
            known.reasons = known.reasons_before = reasons
        if self._dry_run is not None:
            self._dry_run.load(self._known)
