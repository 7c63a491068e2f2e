"""An edition as ``--json`` prints it, and where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.destination import Destination
from pipeline.editions import clicks, find
from pipeline.editions.ledger import outcomes, reasons, welcome
from subscribers import times

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from pipeline.core.sections.delivery import Delivery
    from pipeline.editions.edition import Edition


def document(connection: Connection, edition: Edition, zone: ZoneInfo) -> dict[str, Any]:
    """What ``--json`` prints of an edition."""
    return {
        "slug": edition.slug,
        "number": edition.number,
        "digest": edition.digest,
        "kind": edition.kind,
        "readers_of": find.by_id(connection, edition.readers_of).slug if edition.readers_of else None,
        "status": edition.status,
        "reason": edition.reason,
        "provider": edition.provider,
        "due": times.iso(edition.due_at, zone),
        "subject": edition.subject,
        "preheader": edition.preheader,
        "posts": edition.posts,
        "left_out": edition.left_out,
        "edited": [*edition.edits, *(["intro"] if edition.intro and not edition.is_note else [])],
        "recipients": outcomes.counts(connection, edition.id),
        "reasons": reasons.reasons(connection, edition.id),
        "welcomes": welcome.count(connection, edition.id),
        # None: no link of the letter is counted.
        "clicks": clicks.document(clicks.by_day(connection, edition.id)) if edition.links else None,
    }


def went(delivery: Delivery, edition: Edition) -> Destination:
    """Where an edition went, or will go."""
    return Destination.of_edition(delivery, edition.provider, begun=edition.snapshot_at is not None)
