"""Where the status of an edition changes, and nowhere else: what staff decide, and what stops many at once.

Each change is one UPDATE that names the statuses it may start from. Of two who decide at the same moment the
second finds the edition elsewhere, and changes nothing. What becomes of an edition by itself is in course.py,
which changes it by `move`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions
from pipeline.editions import find, store
from pipeline.editions.edition import BEFORE_SENDING, OPEN, UNDER_WAY, Edition, EditionStatus
from pipeline.editions.ledger import outcomes, queue, reasons, recipients
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement, Connection

    from pipeline.core.sections.digest import Digest

ALLOWED: dict[str, tuple[EditionStatus, ...]] = {
    "approve": (EditionStatus.DRAFT, EditionStatus.HELD),
    "hold": (EditionStatus.DRAFT, EditionStatus.APPROVED),
    "skip": BEFORE_SENDING,
    "cancel": OPEN,
    "pause": (EditionStatus.SENDING,),
    "resume": (EditionStatus.PAUSED, EditionStatus.HELD),
}
"""In which statuses staff may do what with an edition."""


def possible(edition: Edition) -> list[str]:
    """What staff may do with an edition in its status."""
    return [verb for verb, statuses in ALLOWED.items() if edition.status in statuses]


# What staff decide. Each raises RapportError when there is no such edition, or its status does not allow it.


def approve(connection: Connection, slug: str) -> Edition:
    """Let an edition go out as it stands."""
    before = _locked(connection, slug)
    seen = before.fingerprint().hex()
    return _decided(
        connection, before, "approve", EditionStatus.APPROVED, approved_at=clock.now(), approved=seen
    )


def hold(
    connection: Connection, slug: str, *, reason: str | None = None, after_restore: bool = False
) -> Edition:
    """Keep an edition from going out until staff decide again.

    ``after_restore``: because it may have been sent after the backup that was restored.
    """
    before = _locked(connection, slug)
    return _decided(connection, before, "hold", EditionStatus.HELD, reason=reason, restored=after_restore)


def skip(connection: Connection, slug: str, *, reason: str | None = None) -> Edition:
    """Leave an edition out; its posts wait for another."""
    before = _locked(connection, slug)
    at = clock.now()
    after = _decided(connection, before, "skip", EditionStatus.SKIPPED, reason=reason, finished_at=at)
    _free_untouched_posts(connection, before)
    return after


def cancel(connection: Connection, slug: str) -> Edition:
    """End an edition for good; what was not handed over stays unsent."""
    before = _locked(connection, slug)
    after = _decided(connection, before, "cancel", EditionStatus.CANCELLED, finished_at=clock.now())
    # After a restore staff cancel what went out already: its posts were mailed. Skipping frees them.
    if not before.restored:
        _free_untouched_posts(connection, before)
    return after


def pause(connection: Connection, slug: str) -> Edition:
    """Stop an edition midway, after the batch in flight."""
    return _decided(connection, _locked(connection, slug), "pause", EditionStatus.PAUSED)


def resume(connection: Connection, slug: str) -> Edition:
    """Let an edition go on where it was stopped: held before approval it is a draft again, paused midway it
    goes on being sent."""
    before = _locked(connection, slug)
    if before.status == EditionStatus.PAUSED:
        to = EditionStatus.SENDING
    else:
        to = EditionStatus.APPROVED if before.approved_at else EditionStatus.DRAFT
    # Staff have seen what stopped it: the breaker counts anew.
    after = _decided(connection, before, "resume", to, judged_from=clock.now())
    if to == EditionStatus.SENDING:
        queue.call(connection, before.id)
    return after


def go_on(connection: Connection, before: Edition) -> Edition:
    """Let an edition go on whose people wait once more: one that was sent, or paused with nobody waiting. One
    that is paused with others waiting stays so. The caller read it for update, and no other is open."""
    ended = {"finished_at": None, "reason": None, "judged_from": clock.now()}
    others = before.status == EditionStatus.PAUSED and not (before.reason or "").startswith(reasons.NOBODY)
    if not others and move(
        connection, before.id, (EditionStatus.SENT, EditionStatus.PAUSED), EditionStatus.SENDING, **ended
    ):
        queue.call(connection, before.id)
    return find.by_id(connection, before.id)


BY_STAFF: dict[str, Callable[[Connection, str], Edition]] = {
    "hold": hold,
    "skip": skip,
    "cancel": cancel,
    "pause": pause,
    "resume": resume,
}
"""What staff may ask for by name. To approve is in approval.py, where the letter is checked first."""


# What Rapport does by itself, to many at once or to a due time.


def skip_due(
    connection: Connection, digest: Digest, due: str, zone: ZoneInfo, reason: str, at: datetime
) -> Edition:
    """Give a due time up: an edition that is skipped from the beginning stands for it."""
    ended = {"reason": reason, "finished_at": at}
    return store.create(connection, digest, due, zone, status=EditionStatus.SKIPPED, **ended)


def trip(connection: Connection, edition: int, reason: str, at: datetime) -> str | None:
    """Note that too many of an edition's readers bounced or complained: it is paused, if it is being sent,
    and the digest's next one is held. The slug of that, if there is one."""
    tripped = connection.execute(
        update(editions)
        .where(editions.c.id == edition)
        .values(tripped_at=at, reason=reason)
        .returning(editions.c.slug, editions.c.digest)
    ).one()
    move(connection, edition, (EditionStatus.SENDING,), EditionStatus.PAUSED)
    held = _hold_all(connection, f"{tripped.slug}: {reason}", editions.c.digest == tripped.digest)
    return held[0] if held else None


def hold_after_restore(connection: Connection, *, midway: str, unsent: str) -> list[str]:
    """Stop and hold all that may have gone out after the backup which this database is made of; the slugs.

    ``midway`` is the reason given of those that were being sent or paused (what waits in one may have been
    handed over just the same), ``unsent`` of those that had not begun.
    """
    stopped = connection.scalars(
        update(editions)
        .where(editions.c.status.in_(UNDER_WAY))
        .values(status=EditionStatus.PAUSED, reason=midway, restored=True)
        .returning(editions.c.slug)
    ).all()
    return sorted([*stopped, *_hold_all(connection, unsent, restored=True)])


def _hold_all(connection: Connection, reason: str, *which: ColumnElement[bool], **values: Any) -> list[str]:
    """Hold the editions that would go out by themselves, those for which ``which`` holds; their slugs."""
    held = connection.execute(
        update(editions)
        .where(editions.c.status.in_(ALLOWED["hold"]), *which)
        .values(status=EditionStatus.HELD, reason=reason, **values)
        .returning(editions.c.id, editions.c.slug)
    ).all()
    for row in held:
        recipients.discard(connection, row.id)  # somebody may have been at it
    return [row.slug for row in held]


def _locked(connection: Connection, slug: str) -> Edition:
    # What follows depends on where it stood: nobody else changes it until this transaction ends.
    return find.by_slug(connection, slug, for_update=True)


def _decided(
    connection: Connection,
    before: Edition,
    verb: str,
    after: EditionStatus,
    *,
    reason: str | None = None,
    restored: bool = False,
    **values: Any,
) -> Edition:
    """Do what staff ask for. Every decision replaces the reason that was given before."""
    values |= {"reason": reason, "restored": restored}
    if not move(connection, before.id, ALLOWED[verb], after, **values):
        raise RapportError(
            f"{before.slug} is {before.status}: "
            f"one can {verb} an edition that is {' or '.join(ALLOWED[verb])}.",
            f"See `rapport editions show {before.slug}`.",
        )
    if before.status == EditionStatus.APPROVED:
        recipients.discard(connection, before.id)
    return find.by_id(connection, before.id)


def _free_untouched_posts(connection: Connection, edition: Edition) -> None:
    if not outcomes.touched(connection, edition.id):
        store.free_posts(connection, edition.id)


def move(
    connection: Connection,
    edition: int,
    before: Collection[EditionStatus],
    after: EditionStatus,
    *which: ColumnElement[bool],
    **values: Any,
) -> bool:
    """Change the status out of one of ``before``; False, and nothing done, when it is none of them."""
    moved = connection.execute(
        update(editions)
        .where(editions.c.id == edition, editions.c.status.in_(before), *which)
        .values(status=after, **values)
    )
    return moved.rowcount == 1
