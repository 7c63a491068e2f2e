"""An edition goes to people whom it did not reach before, also after it was sent."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import RapportError
from pipeline.delivery.edition import batch_size
from pipeline.delivery.handed_to import must_be_same
from pipeline.editions import find, states
from pipeline.editions.edition import EditionKind, EditionStatus
from pipeline.editions.ledger.again import wait_again, wait_too
from pipeline.providers.choice import provider
from subscribers import clock, staff_log, times
from subscribers.audience import lock_audience

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.editions.edition import Edition

OLD = timedelta(days=30)
"""After its readers were fixed. Older news is sent only to who asks for it."""

_REACHED = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)


class Again(NamedTuple):
    """The edition as it then is, and how many people wait once more."""

    edition: Edition
    people: int


def failed_again(installation: Installation, slug: str, *, even_old: bool = False) -> Again:
    """Let who was refused in an edition wait once more, for the next run to hand it over to them.

    The caller holds the digest's lock. Raises RapportError for an edition that was not sent yet or is given
    up, for one older than 30 days unless ``even_old``, and while another of its digest is open.
    """
    return _again(installation, slug, wait_again, "who were refused", even_old=even_old)


def joined_again(installation: Installation, slug: str, *, even_old: bool = False) -> Again:
    """The same for who joined its digest since its readers were fixed: each once, the letter as it is."""
    today = clock.today(installation.config.newsletter.zone)

    def wait(connection: Connection, edition: Edition, size: int) -> int:
        return wait_too(connection, edition, today, size)

    return _again(installation, slug, wait, "who joined since", even_old=even_old)


def _again(
    installation: Installation,
    slug: str,
    wait: Callable[[Connection, Edition, int], int],
    who: str,
    *,
    even_old: bool,
) -> Again:
    # Opened first: with a key or password missing nobody could be handed it.
    with closing(provider(installation.config, installation.folder)) as chosen:
        size = batch_size(installation.config.delivery, chosen)
    with installation.database.write() as connection:
        lock_audience(connection)  # before any batch row, everywhere: no deadlock
        edition = _allowed(connection, slug, installation.config.newsletter.zone, even_old=even_old)
        must_be_same(connection, installation.config.delivery, edition)
        people = wait(connection, edition, size)
        if people:
            staff_log.record(connection, "again", slug, detail=f"{people:,} {who}")
        return Again(states.go_on(connection, edition) if people else edition, people)


def _allowed(connection: Connection, slug: str, zone: ZoneInfo, *, even_old: bool) -> Edition:
    edition = find.by_slug(connection, slug, for_update=True)
    if edition.status not in _REACHED:
        raise RapportError(
            f"{slug} is {edition.status}: one can send again an edition that is {' or '.join(_REACHED)}.",
            f"See `rapport editions show {slug}`.",
        )
    if edition.kind is EditionKind.WELCOME:
        raise RapportError(
            f"{slug} is the welcome of who confirmed before the first letter: each gets it once.",
            "Name an edition of `rapport editions`.",
        )
    fixed = edition.snapshot_at or edition.due_at
    if clock.now() - fixed > OLD and not even_old:
        raise RapportError(
            f"{slug} went out on {times.day(fixed, zone)}, more than {OLD.days} days ago: its news is old.",
            "If they shall have it all the same, add --even-old.",
        )
    other = find.open_one(connection, edition.digest)
    if other is not None and other.id != edition.id:
        raise RapportError(
            f"{other.slug} is {other.status}, and a digest has one open edition at a time.",
            f"Do this again once {other.slug} is sent; or skip it first, and its posts wait.",
        )
    return edition
