"""An edition as ``--json`` prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.editions.ledger import outcomes, reasons

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from pipeline.editions.edition import Edition


def document(connection: Connection, edition: Edition, zone: ZoneInfo) -> dict[str, Any]:
    """What ``--json`` prints of an edition."""
    return {
        "slug": edition.slug,
        "number": edition.number,
        "digest": edition.digest,
        "status": edition.status,
        "reason": edition.reason,
        "due": edition.due_at.astimezone(zone).isoformat(),
        "subject": edition.subject,
        "preheader": edition.preheader,
        "posts": edition.posts,
        "left_out": edition.left_out,
        "edited": [*edition.edits, *(["intro"] if edition.intro else [])],
        "recipients": outcomes.counts(connection, edition.id),
        "reasons": reasons.reasons(connection, edition.id),
    }
