"""The course that an edition takes by itself: approved by time, composed anew, being sent, ended.

What staff decide, and the one UPDATE by which a status changes, are in states.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.editions import find, states, store
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger import outcomes, queue, reasons, recipients
from subscribers import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection


def approve_draft(connection: Connection, edition: int) -> Edition | None:
    """Approve an edition that is still a draft; None when staff decided otherwise a moment before."""
    seen = find.by_id(connection, edition).fingerprint().hex()
    drafts = (EditionStatus.DRAFT,)
    approved = {"approved_at": clock.now(), "approved": seen}
    if not states.move(connection, edition, drafts, EditionStatus.APPROVED, **approved):
        return None
    return find.by_id(connection, edition)


def rewritten(connection: Connection, before: Edition, after: Edition) -> Edition:
    """What becomes of an edition that was composed anew or edited, which is not being sent.

    If it says anything else now it is no longer approved, and a draft that had been put up is put up anew:
    staff have their hold window for what goes out.
    """
    if before.fingerprint() == after.fingerprint():
        return after
    values: dict[str, Any] = {"approved_at": None, "approved": None}
    if before.announced_at is not None:
        values["announced_at"] = clock.now()
    if states.move(connection, before.id, (EditionStatus.APPROVED,), EditionStatus.DRAFT):
        recipients.discard(connection, before.id)
    return store.change(connection, before.id, **values)


def begin_sending(connection: Connection, edition: int) -> None:
    """Make an edition `sending`, whose recipients are all written down, and call workers to it."""
    if states.move(connection, edition, (EditionStatus.APPROVED,), EditionStatus.SENDING):
        queue.call(connection, edition)


def pause_sending(connection: Connection, edition: int, reason: str | None) -> None:
    """Stop an edition midway because the provider takes nothing, unless staff have ended it meanwhile."""
    states.move(connection, edition, (EditionStatus.SENDING,), EditionStatus.PAUSED, reason=reason)


def finish(connection: Connection, edition: int) -> Edition:
    """End an edition once none of its batches waits or is under way; the edition as it then is.

    It is `sent` when somebody has it, surely or perhaps. Else it is `paused` when readers were refused, and
    `skipped` when all of them have left, and its posts wait for others.
    """
    to, reason = EditionStatus.SENT, None
    if not outcomes.unfinished(connection, edition):
        reason = reasons.nobody_has_it(connection, edition) or None
    if reason is not None:
        to = EditionStatus.SKIPPED if reason == reasons.ALL_LEFT else EditionStatus.PAUSED
    ended: dict[str, Any] = {"reason": reason}
    if to != EditionStatus.PAUSED:
        ended["finished_at"] = clock.now()
    done = ~outcomes.left(edition)
    if (
        states.move(connection, edition, (EditionStatus.SENDING,), to, done, **ended)
        and to == EditionStatus.SKIPPED
    ):
        store.free_posts(connection, edition)
    return find.by_id(connection, edition)
