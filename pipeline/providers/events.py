"""What a provider later says of a delivery, in our words whoever the provider is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from subscribers.suppression import Reason


class Kind(StrEnum):
    """What happened."""

    PROCESSED = "processed"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCE = "bounce"
    """For good: there is no such mailbox."""
    SOFT_BOUNCE = "soft_bounce"
    """For now: the mailbox is full, say."""
    BLOCKED = "blocked"
    """This message was not wanted; it tells nothing of the mailbox."""
    DROPPED = "dropped"
    """The provider took it and did not send it."""
    SPAMREPORT = "spamreport"
    UNSUBSCRIBE = "unsubscribe"
    GROUP_UNSUBSCRIBE = "group_unsubscribe"
    GROUP_RESUBSCRIBE = "group_resubscribe"
    OPEN = "open"
    CLICK = "click"
    UNKNOWN = "unknown"
    """A word that no version of Rapport has met."""
    MALFORMED = "malformed"
    """Nothing that could be read as an event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``id`` is the same each time it is told.

    ``subscriber``, ``edition`` and ``batch`` are what the request said of itself; ``address`` is as the
    provider writes it and is kept nowhere. ``means`` says what follows at once for who it is about.
    ``reason`` and ``detail`` hold nothing of a person.
    """

    id: str
    at: datetime
    kind: Kind
    subscriber: int | None = None
    address: str = ""
    edition: str | None = None
    batch: str | None = None
    reason: str | None = None
    detail: Mapping[str, str | int] | None = None
    means: Reason | None = None
