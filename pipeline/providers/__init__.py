"""Where mail goes, behind one small interface. A provider is a file here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, overload

from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


CONFIRMATION = "confirmation"
"""In place of a digest's name in mails that ask to confirm; no digest may be called so."""

NOTICE = "staff-notice"
"""The same where a mail tells staff something. Its events concern nobody: who it goes to has no id."""


NO_CREDITS = "SendGrid has no credits left"
"""How the reason begins of an edition that was stopped for that: no key is bad, and nothing else is wrong."""


@dataclass(frozen=True, slots=True)
class Message:
    """An edition as every recipient gets it, but for the personal fields.

    ``html`` is pure ASCII (fact: SendGrid picks the charset from the bytes). Both bodies hold the
    personal fields as tags; a Recipient's ``fields`` says what stands in for each.
    """

    edition: str
    digest: str
    subject: str
    from_email: str
    from_name: str
    reply_to: str
    html: str
    text: str
    hosted_tag: str = ""
    """The tag that the provider replaces by the address of its own unsubscribe page; empty: it hosts none."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person in a batch: ``address`` as the snapshot kept it, ``headers`` ready to be sent."""

    subscriber: int
    address: str
    headers: Mapping[str, str]
    fields: Mapping[str, str]

    def fill(self, body: str) -> str:
        """A body with this person's fields in place of the tags."""
        return fill(body, self.fields)


class Readers(Sequence[Recipient]):
    """The recipients of a batch, each made only when it is asked for: not every provider needs them.

    ``people`` are subscriber, address and token; ``make`` makes a Recipient of them, with the token unchanged
    in headers and fields.
    """

    def __init__(
        self, people: Sequence[tuple[int, str, str]], make: Callable[[int, str, str], Recipient]
    ) -> None:
        self.people = people
        self.make = make

    def __len__(self) -> int:
        return len(self.people)

    @overload
    def __getitem__(self, place: int) -> Recipient: ...
    @overload
    def __getitem__(self, place: slice) -> Readers: ...
    def __getitem__(self, place: int | slice) -> Recipient | Readers:
        if isinstance(place, slice):
            return Readers(self.people[place], self.make)
        return self.make(*self.people[place])


def fill(body: str, fields: Mapping[str, str]) -> str:
    """A body with the given fields in place of their tags."""
    for tag, value in fields.items():
        body = body.replace(tag, value)
    return body


@dataclass(frozen=True, slots=True)
class Batch:
    """Recipients handed over together. ``id`` is new for every attempt.

    ``start_by`` is the last moment, on `clock.uptime`, at which handing over any of them may begin: after a
    longer break (a stopped process, a slow connection) somebody else may be at it. ``tries`` says how often
    these recipients were put off already.
    """

    id: str
    recipients: Sequence[Recipient]
    start_by: float = math.inf
    tries: int = 0

    @property
    def late(self) -> bool:
        """Whether it is too late to begin."""
        return clock.uptime() > self.start_by


class Result(StrEnum):
    """What became of a hand-over."""

    ACCEPTED = "accepted"
    """The provider took it."""
    REFUSED = "refused"
    """Surely not taken; worth another try after ``retry_after`` seconds."""
    UNCERTAIN = "uncertain"
    """Handed over, and no answer came: perhaps taken."""
    TOO_LARGE = "too large"
    """Surely not taken; a smaller batch may be."""
    REJECTED = "rejected"
    """Surely not taken because of the people in ``rejected``; the others may be sent."""
    STOP = "stop"
    """Surely not taken, and no other batch would be: key, sender or content."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one batch. ``reason`` is for staff and holds no address.

    ``result`` is true of everyone who is in none of the five mappings from subscriber id to reason.
    """

    result: Result
    reason: str = ""
    retry_after: float | None = None
    rejected: Mapping[int, str] = field(default_factory=dict)
    """People whom the provider does not take."""
    later: Mapping[int, str] = field(default_factory=dict)
    """Surely not taken, and worth another try later."""
    untried: Mapping[int, str] = field(default_factory=dict)
    """They were not tried, for a reason that is not theirs."""
    doubtful: Mapping[int, str] = field(default_factory=dict)
    """Handed over, and no answer came: perhaps taken."""
    denied: Mapping[int, str] = field(default_factory=dict)
    """Surely not taken, because the server refuses us (relaying, login, policy), and not because of them."""
    stopped: str = ""
    """Why nothing more would be taken before staff see to it, though some of this batch may have been."""
    limited: str = ""
    """Why nothing more is taken for now: the provider limits how much it takes in a time."""

    @property
    def ends(self) -> bool:
        """Whether it is of no use to hand over another batch now."""
        return self.result is Result.STOP or bool(self.stopped or self.limited)

    def of(self, subscriber: int) -> Result:
        """What became of one of the batch."""
        if subscriber in self.denied:
            return Result.STOP
        if subscriber in self.rejected:
            return Result.REJECTED
        if subscriber in self.later or subscriber in self.untried:
            return Result.REFUSED
        return Result.UNCERTAIN if subscriber in self.doubtful else self.result


class Provider(Protocol):
    """What delivery needs of a provider."""

    max_batch: int
    """Most recipients of one batch."""

    parallel: int
    """Most batches under way at once, each in a thread of its own."""

    def send(self, message: Message, batch: Batch) -> BatchResult:
        """Hand one batch over. Raises nothing, whatever the other end does."""
        ...

    def settle(self, message: Message, batch: Batch) -> frozenset[int] | None:
        """Who of a batch whose process died was surely handed over; None: it cannot be known."""
        ...

    def close(self) -> None: ...
