"""Events: what a provider later says of a delivery, in the same words for every provider."""

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
    """For now: the mailbox is full, for example."""
    BLOCKED = "blocked"
    """The server did not want this message; that says nothing about the mailbox."""
    DROPPED = "dropped"
    """The provider took it and did not send it."""
    SPAMREPORT = "spamreport"
    UNSUBSCRIBE = "unsubscribe"
    GROUP_UNSUBSCRIBE = "group_unsubscribe"
    GROUP_RESUBSCRIBE = "group_resubscribe"
    OPEN = "open"
    CLICK = "click"
    UNKNOWN = "unknown"
    """A word that Rapport does not know."""
    MALFORMED = "malformed"
    """It cannot be read as an event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``id`` is the same each time the event is posted.

    ``subscriber``, ``edition`` and ``batch`` are what our request named; ``address`` is as the provider
    writes it and is not kept. ``means`` is the reason for which the address is suppressed at once, if any.
    ``reason`` and ``detail`` hold nothing about a person.
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
