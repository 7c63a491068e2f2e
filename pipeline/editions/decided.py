"""What staff decided about an edition last, as the log of staff has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.editions.edit import APPROVAL_WITHDRAWN
from pipeline.editions.edition import EditionStatus
from pipeline.editions.states import ALLOWED
from subscribers import staff_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.editions.edition import Edition

_LOOKED_AT = 200
"""Entries about one edition that are looked through: more than anybody makes after a decision."""


class Stand(NamedTuple):
    """Who decided what about an edition last, and when. ``changed_since``: it was approved then, and says
    something else now; ``changed_by`` changed it."""

    verb: str
    actor: str
    at: datetime
    changed_since: bool = False
    changed_by: str = ""


def stand(connection: Connection, edition: Edition) -> Stand | None:
    """The last decision of staff about an edition that still tells how it stands; None where there is
    none."""
    entries = staff_log.latest(connection, edition.slug, _LOOKED_AT)
    last = next((entry for entry in entries if entry.action in ALLOWED), None)
    if last is None:
        return None
    if edition.status == EditionStatus.DRAFT and last.action == "approve":
        since = entries[: entries.index(last)]
        return Stand(last.action, last.actor, last.at, True, _by(since))
    return Stand(last.action, last.actor, last.at)


def _by(since: Sequence[staff_log.Entry]) -> str:
    """Who withdrew an approval by changing the letter; empty where Rapport did, which composed it anew."""
    return next((entry.actor for entry in since if APPROVAL_WITHDRAWN in entry.detail), "")
