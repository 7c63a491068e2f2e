"""An edition as it stands in the database, and the statuses that it can have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from subscribers.tokens import FINGERPRINT, MARK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row


class EditionStatus(StrEnum):
    """Where an edition stands. The words are those of the database and of ``--json``."""

    DRAFT = "draft"
    APPROVED = "approved"
    HELD = "held"
    SENDING = "sending"
    PAUSED = "paused"
    SKIPPED = "skipped"
    SENT = "sent"
    CANCELLED = "cancelled"


class EditionKind(StrEnum):
    """What an edition is made of. The words are those of the database and of ``--json``."""

    POSTS = "posts"
    NOTE = "note"  # staff wrote it
    WELCOME = "welcome"  # number 0: what new readers of a digest get before its first letter


TYPED = "a page of the dashboard"
"""In place of the file of a note that was typed there."""

BEFORE_SENDING = (EditionStatus.DRAFT, EditionStatus.APPROVED, EditionStatus.HELD)
"""Nobody was handed anything yet."""

UNDER_WAY = (EditionStatus.SENDING, EditionStatus.PAUSED)
"""The hand-over has begun and is not finished."""

OPEN = (*BEFORE_SENDING, *UNDER_WAY)
"""Not finished. A digest has at most one such edition: the index `uq_editions_open` lists the same words."""

FINISHED = (EditionStatus.SKIPPED, EditionStatus.SENT, EditionStatus.CANCELLED)
"""Nothing is to be done with it any more."""

HANDED_OVER = (EditionStatus.SENDING, EditionStatus.SENT)
"""Batches may be handed over: of one that is `sent`, those that are sent again after doubt."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One row of `editions`, with the whole letter: read once a step, never once a reader."""

    id: int
    digest: str
    number: int
    slug: str
    status: EditionStatus
    reason: str | None
    due: str
    due_at: datetime
    subject: str
    preheader: str
    html: str = field(repr=False)
    text: str = field(repr=False)
    intro: str
    edits: Mapping[str, Any]
    cta_reason: str
    posts: Sequence[Mapping[str, Any]]
    left_out: Sequence[Mapping[str, Any]]
    pictures: Sequence[Mapping[str, Any]]
    composed_at: datetime | None
    announced_at: datetime | None
    approved_at: datetime | None
    approved: str | None
    snapshot_at: datetime | None
    finished_at: datetime | None
    tripped_at: datetime | None
    judged_from: datetime | None
    restored: bool
    decision: str | None = None
    gone: Sequence[str] = ()
    provider: str | None = None
    kind: EditionKind = EditionKind.POSTS
    note: Mapping[str, Any] = field(default_factory=dict)
    readers_of: int | None = None
    links: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, row: Row[Any]) -> Edition:
        """A row with every column of the table. What its columns mean stands in core/tables/editions.py."""
        values = {name: getattr(row, name) for name in cls.__slots__}
        return cls(**values | {"status": EditionStatus(row.status), "kind": EditionKind(row.kind)})

    @property
    def is_note(self) -> bool:
        """Whether staff wrote it."""
        return self.kind is EditionKind.NOTE

    @property
    def for_all(self) -> bool:
        """Whether everybody may read it: not a correction, and not what new readers get before the first."""
        return self.kind is not EditionKind.WELCOME and self.readers_of is None

    @property
    def has_offer(self) -> bool:
        """Whether it is to hold the offer."""
        return bool(self.note.get("offer", True))

    @property
    def is_approved(self) -> bool:
        """Whether it says what was approved."""
        return self.approved == self.fingerprint().hex()

    @property
    def mark(self) -> bytes:
        """What the last decision of staff left; zeros before the first."""
        return bytes.fromhex(self.decision) if self.decision else bytes(MARK)

    def fingerprint(self) -> bytes:
        """What tells one version of the letter from another: a hash of subject, HTML and text, and of where
        links lead that do not say it themselves."""
        seen = hashlib.blake2b(digest_size=FINGERPRINT)
        for part in (self.subject, self.html, self.text, *(link["target"] for link in self.links)):
            content = part.encode()
            seen.update(len(content).to_bytes(8) + content)
        return seen.digest()
