"""Editions: their statuses, the moves between them, and what the world is told of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, select, update

from pipeline.core.cron import moment_of
from pipeline.core.errors import RapportError
from pipeline.core.tables import batches, edition_posts, editions, signers
from pipeline.editions import after_restore as restored
from pipeline.editions import find
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger import outcomes, queue, recipients
from pipeline.editions.ledger.reasons import reasons
from subscribers import clock

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection, Exists

    from pipeline.core.config import Digest

MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "approve": (("draft", "held"), "approved"),
    "hold": (("draft", "approved"), "held"),
    "skip": (("draft", "approved", "held"), "skipped"),
    "cancel": (("draft", "approved", "held", "sending", "paused"), "cancelled"),
    "pause": (("sending",), "paused"),
}
"""What staff may do with an edition: from which statuses, to which. (`resume` goes back where it was.)"""


def create(connection: Connection, digest: Digest, due: str, zone: ZoneInfo, **values: Any) -> Edition:
    """A new edition with the next number. The constraints of the table keep it the only one."""
    newest = select(func.max(editions.c.number)).where(editions.c.digest == digest.name)
    number = max(connection.execute(newest).scalar() or 0, restored.last_number(connection)) + 1
    fixed = {
        "digest": digest.name,
        "number": number,
        "slug": f"{digest.name}-{number}",
        "due": due,
        "due_at": moment_of(due, zone),
    }
    defaults = {"status": EditionStatus.DRAFT, "posts": [], "left_out": []}
    made = insert(editions).values(defaults | values | fixed).returning(editions)
    return Edition.of(connection.execute(made).one())


def change(connection: Connection, edition: int, **values: Any) -> Edition:
    """Set columns of an edition and give it back."""
    connection.execute(update(editions).where(editions.c.id == edition).values(values))
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
    if before.status == EditionStatus.APPROVED:
        values["status"] = EditionStatus.DRAFT
        recipients.discard(connection, before.id)
    return change(connection, before.id, **values)


def possible(edition: Edition) -> list[str]:
    """Which of the moves its status allows."""
    return [verb for verb, (before, _) in MOVES.items() if edition.status in before]


def move(
    connection: Connection, slug: str, verb: str, *, reason: str | None = None, after_restore: bool = False
) -> Edition:
    """Do what staff ask of an edition. Raises RapportError when its status does not allow it.

    ``after_restore``: it is held because it may have been sent after the backup that was restored.
    """
    row = find.by_slug(connection, slug, for_update=True)  # what follows depends on where it stood
    # Resumed, an edition held before approval is a draft again; one paused midway goes on being sent.
    before: tuple[str, ...]
    before, after = (("paused", "held"), _resumed(row)) if verb == "resume" else MOVES[verb]
    moved = connection.execute(
        update(editions)
        .where(editions.c.id == row.id, editions.c.status.in_(before))
        .values(status=after, reason=reason, restored=after_restore)
    )
    if moved.rowcount != 1:
        raise RapportError(
            f"{slug} is {row.status}: one can {verb} an edition that is {' or '.join(before)}.",
            f"See `rapport editions show {slug}`.",
        )
    at = clock.now()
    if after == "approved" and verb == "approve":
        change(connection, row.id, approved_at=at, approved=row.fingerprint().hex())
    if verb == "resume":
        # Staff have seen what stopped it: the breaker counts anew.
        change(connection, row.id, judged_from=at)
        if after == "sending":
            queue.call(connection, row.id)
    if after in ("skipped", "cancelled"):
        change(connection, row.id, finished_at=at)
        # After a restore staff cancel what went out already: its posts were mailed. Skipping frees them.
        gone_out = after == "cancelled" and row.restored
        if not gone_out and not outcomes.touched(connection, row.id):
            free_posts(connection, row.id)
    if row.status == EditionStatus.APPROVED:
        recipients.discard(connection, row.id)
    return find.by_id(connection, row.id)


def approve_draft(connection: Connection, edition: int) -> Edition | None:
    """Approve an edition that is still a draft; None when staff decided otherwise a moment before."""
    seen = find.by_id(connection, edition).fingerprint().hex()
    moved = connection.execute(
        update(editions)
        .where(editions.c.id == edition, editions.c.status == EditionStatus.DRAFT)
        .values(status=EditionStatus.APPROVED, approved_at=clock.now(), approved=seen)
    )
    return find.by_id(connection, edition) if moved.rowcount == 1 else None


def pause_sending(connection: Connection, edition: int, reason: str | None) -> None:
    """Stop an edition midway, unless staff have ended it meanwhile."""
    connection.execute(
        update(editions)
        .where(editions.c.id == edition, editions.c.status == EditionStatus.SENDING)
        .values(status=EditionStatus.PAUSED, reason=reason)
    )


def finish(connection: Connection, edition: int) -> Edition:
    """Make an edition `sent` once none of its batches waits or is under way; the edition as it then is."""
    connection.execute(
        update(editions)
        .where(editions.c.id == edition, editions.c.status == EditionStatus.SENDING, ~_left(edition))
        .values(status=EditionStatus.SENT, finished_at=clock.now(), reason=None)
    )
    return find.by_id(connection, edition)


def unfinished(connection: Connection, edition: int) -> bool:
    """Whether some of the edition's batches wait or are under way."""
    return connection.execute(select(_left(edition))).scalar_one()


def _left(edition: int) -> Exists:
    return exists().where(batches.c.edition_id == edition, batches.c.state.in_(("waiting", "sending")))


def free_posts(connection: Connection, edition: int) -> None:
    """Let the posts of an edition that reached nobody wait for another."""
    connection.execute(delete(edition_posts).where(edition_posts.c.edition_id == edition))


def discard(connection: Connection, edition: int) -> None:
    """Forget a draft that nobody was sent: its posts and its due time are free again."""
    free_posts(connection, edition)
    connection.execute(delete(signers).where(signers.c.edition_id == edition))  # approved once, then held
    connection.execute(delete(editions).where(editions.c.id == edition))


def _resumed(row: Edition) -> str:
    if row.status == EditionStatus.PAUSED:
        return "sending"
    return "approved" if row.approved_at else "draft"


def today(zone: ZoneInfo) -> date:
    """The day it is where the newsletter is at home: pauses end by it."""
    return clock.now().astimezone(zone).date()


def document(connection: Connection, row: Edition, zone: ZoneInfo) -> dict[str, Any]:
    """What ``--json`` prints of an edition."""
    return {
        "slug": row.slug,
        "number": row.number,
        "digest": row.digest,
        "status": row.status,
        "reason": row.reason,
        "due": row.due_at.astimezone(zone).isoformat(),
        "subject": row.subject,
        "preheader": row.preheader,
        "posts": row.posts,
        "left_out": row.left_out,
        "edited": [*row.edits, *(["intro"] if row.intro else [])],
        "recipients": outcomes.counts(connection, row.id),
        "reasons": reasons(connection, row.id),
    }
