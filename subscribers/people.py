"""The status of a subscription, and what is known of a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from subscribers.consent import Consent
    from subscribers.suppression import Reason


class Status(StrEnum):
    """The status of a subscription. Only an active one gets mail."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Subscription:
    digest: str
    status: Status
    since: datetime
    paused_until: date | None


@dataclass(frozen=True, slots=True)
class Person:
    """Everything known of one address."""

    id: int | None  # None: not on the list, only suppressed
    email: str
    name: str
    suppression: Reason | None
    subscriptions: tuple[Subscription, ...]
    consent: tuple[Consent, ...]
