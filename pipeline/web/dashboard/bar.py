"""The bar of "This week": what happens next with the letter, and what one can do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.destination import Destination
from pipeline.editions import find, progress, states
from pipeline.editions.compose import chosen
from pipeline.editions.decided import stand
from pipeline.editions.document import went
from pipeline.editions.edition import FINISHED, UNDER_WAY, Edition, EditionStatus
from pipeline.editions.ledger import outcomes
from pipeline.editions.send_time import by_itself
from pipeline.schedule import history
from pipeline.schedule.foresee import foresee
from subscribers import clock
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.decided import Stand
    from pipeline.editions.progress import Progress
    from pipeline.web.dashboard.asked import Asked

WRITE = "write"
"""Beside the verbs of states.py: an approved letter goes to the outbox now, for whoever is here."""

_READY = (EditionStatus.APPROVED, EditionStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Bar:
    """``at``: when the letter goes out by itself, None while it waits for staff or is over. ``late``: that
    moment has come. ``note`` says what else keeps it. ``counts``: what became of its readers, once it is
    over; ``far``: how far it is before. ``seen`` and ``mark`` go along with the buttons: what was seen, and
    the decision it stood by."""

    goes: Destination
    readers: int
    at: datetime | None = None
    late: bool = False
    note: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    far: Progress | None = None
    verbs: Sequence[str] = ()
    seen: str = ""
    mark: str = ""
    stand: Stand | None = None
    never_ran: bool = False
    only: str = ""
    """Of a correction: the edition whose readers it is for."""
    waiting: Sequence[str] = ()
    """Titles of the posts that are there for a letter that was not made yet."""


def of_edition(asked: Asked, installation: Installation, digest: Digest, edition: Edition) -> Bar:
    """The bar of an edition that is there."""
    config, now = installation.config, clock.now()
    at = by_itself(digest, edition)
    late = at is not None and at <= now
    with installation.database.read() as connection:
        counts = outcomes.counts(connection, edition.id) if edition.status in FINISHED else {}
        far = progress.of(connection, edition.slug, now) if edition.status in UNDER_WAY else None
        decided = stand(connection, edition)
        never_ran = history.last(connection, [digest])[digest.name] is None
        only = find.by_id(connection, edition.readers_of).slug if edition.readers_of else ""
    return Bar(
        goes=went(config.delivery, edition),
        readers=asked.dashboard.letters.readers(digest.name),
        at=at,
        late=late,
        note=edition.reason or (foresee(installation, [digest], at=now)[0].reason if late else ""),
        counts=counts,
        far=far,
        verbs=verbs(asked, edition),
        seen=edition.fingerprint().hex(),
        mark=edition.mark.hex(),
        stand=decided,
        never_ran=never_ran,
        only=only,
    )


def verbs(asked: Asked, edition: Edition) -> list[str]:
    """What who asks may do with an edition, by the names of its buttons."""
    found = [verb for verb in states.possible(edition) if asked.actor.may(Right.DECIDE)]
    local = asked.dashboard.local and not asked.installation.config.mails
    return [*found, WRITE] if found and local and edition.status in _READY else found


def of_nothing(asked: Asked, installation: Installation, digest: Digest) -> Bar:
    """The bar of a digest without an edition that is open."""
    config, now = installation.config, clock.now()
    with installation.database.read() as connection:
        at = find.next_letter(connection, digest, config.newsletter.zone, now)
        waiting = _waiting(connection, installation, digest, now)
        never_ran = history.last(connection, [digest])[digest.name] is None
    return Bar(
        goes=Destination.of(config.delivery),
        readers=asked.dashboard.letters.readers(digest.name),
        at=at,
        never_ran=never_ran,
        waiting=waiting,
    )


def _waiting(
    connection: Connection, installation: Installation, digest: Digest, now: datetime
) -> Sequence[str]:
    return [post.title for post in chosen(connection, installation.config, digest, None, now).posts]
