"""The proof that people asked for mail: records are added and never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, Text, literal, select

from subscribers import clock
from subscribers.addresses import without_addresses
from subscribers.errors import SubscriberError
from subscribers.sets import among, given
from subscribers.tables import Moment, consents, subscribers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select


class Action(StrEnum):
    """What happened. The record's ``wording`` is what was agreed to; for a change it says what changed, or
    why."""

    ADDED = "added"
    IMPORTED = "imported"
    REQUESTED = "requested"  # signed up, not yet confirmed
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    PAUSED = "paused"
    RESUMED = "resumed"
    RENAMED = "renamed"  # in older records: a name comes with a sign-up now
    MOVED = "moved"  # to another address
    SUPPRESSED = "suppressed"
    LIFTED = "lifted"
    DIGEST_RENAMED = "digest_renamed"  # by staff; they had agreed to it under the name before


# Compiled once, and without returning the id of the new record, which nobody needs.
_RECORD = consents.insert().inline()

LONGEST_REASON = 1000
MOST_REASONS = 5
"""Characters of a reason for leaving, and reasons of one person, that are kept: records are for good, and
anybody can send reasons to the address in a letter.
"""

AGREED = (
    Action.ADDED, Action.IMPORTED, Action.CONFIRMED, Action.RESUBSCRIBED, Action.DIGEST_RENAMED
)  # fmt: skip
"""The actions that make a subscription active, or prove that it was."""


BY_MAIL = "confirmation page"
"""The source of a record by whoever has the mailbox: they pressed the button that a mail to it led to."""

DISPROVED = "bounced: a mail to the address arrived, and was answered"
"""The wording of a record that lifts a bounce, and nothing else."""


@dataclass(frozen=True, slots=True)
class Consent:
    at: datetime
    action: Action
    digest: str | None
    wording: str
    source: str
    network_address: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Consent:
        return cls(row.at, Action(row.action), row.digest, row.wording, row.source, row.network_address)

    @property
    def version(self) -> str:
        """A short hash of the wording: when the form's text changes, so does the version."""
        return hashlib.blake2b(self.wording.encode(), digest_size=4).hexdigest() if self.wording else ""


def evidence(wording: str) -> str:
    """The wording that people agreed to; required of whoever adds them."""
    wording = wording.strip()
    if not wording:
        raise SubscriberError(
            "Nobody is added without evidence that they agreed.",
            "Say in a sentence what they agreed to, when and where.",
            code="consent",
        )
    return wording


def staffs_reason(reason: str) -> str:
    """What is kept of staff's reason for what they do to somebody's mail; required of them, too."""
    return without_addresses(evidence(reason))


def reason_to_keep(connection: Connection, subscriber_id: int, reason: str) -> str:
    """What is kept of somebody's reason for leaving: nothing of one that is on record, or of one too many."""
    reason = without_addresses(reason.strip())[:LONGEST_REASON].rstrip()
    if not reason:
        return ""
    # One after the other: of many that arrive at once each sees those before it (PostgreSQL).
    person = select(subscribers.c.id).where(subscribers.c.id == subscriber_id)
    connection.execute(person.with_for_update(key_share=True))
    query = select(consents.c.wording).where(
        consents.c.subscriber_id == subscriber_id,
        consents.c.action == Action.UNSUBSCRIBED.value,
        consents.c.wording != "",
    )
    kept = set(connection.scalars(query.limit(MOST_REASONS)))
    return "" if reason in kept or len(kept) == MOST_REASONS else reason


def record(
    connection: Connection,
    subscriber_id: int,
    action: Action,
    *,
    digest: str | None = None,
    wording: str = "",
    source: str,
    network_address: str | None = None,
) -> None:
    """Add a record of something that was agreed to or withdrawn."""
    said = {
        "subscriber_id": subscriber_id,
        "at": clock.now(),
        "action": action.value,
        "digest": digest,
        "wording": wording,
        "source": source,
        "network_address": network_address,
    }
    connection.execute(_RECORD, said)


def record_many(
    connection: Connection,
    people: Sequence[tuple[int, str]],
    action: Action,
    *,
    digest: str | None,
    wording: str,
) -> None:
    """Add the same record for many people, each given by id and source, in one statement."""
    if not people:
        return
    said: Select[Any] = select(
        subscribers.c.id,
        literal(clock.now(), Moment()),
        literal(action.value, String()),
        literal(digest, String()),
        literal(wording, Text()),
    )
    if len({source for _, source in people}) == 1:  # as in most lists: then it is sent once
        ids, source = [id_ for id_, _ in people], people[0][1]
        said = said.add_columns(literal(source, Text())).where(among(connection, subscribers.c.id, ids))
    else:
        each = given(connection, {"id": BigInteger(), "source": Text()}, people)
        said = said.add_columns(each.c.source).join_from(subscribers, each, subscribers.c.id == each.c.id)
    columns = ["subscriber_id", "at", "action", "digest", "wording", "source"]
    connection.execute(consents.insert().from_select(columns, said))


def history(connection: Connection, subscriber_id: int) -> tuple[Consent, ...]:
    """All records of one person, the oldest first."""
    rows = connection.execute(
        select(consents).where(consents.c.subscriber_id == subscriber_id).order_by(consents.c.id)
    )
    return tuple(map(Consent.of, rows))
