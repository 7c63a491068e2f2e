"""What staff are told once letters go to readers: which posts of the trial go with them, and which do not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.tables.editions import editions
from pipeline.editions import selection, trial
from pipeline.editions.eligibility import PostState, why_not
from pipeline.feeds.first_seen import first_seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest

log = logging.getLogger(__name__)

MOST_TITLES = 6


def end_trial(connection: Connection, config: Config, at: datetime) -> None:
    """`trial.end`, told once, in the log."""
    if trial.end(connection, config, at):
        for digest in config.digests:
            if said := told(connection, config, digest, at):
                log.warning("%s %s", *said)


def told(connection: Connection, config: Config, digest: Digest, at: datetime) -> tuple[str, str] | None:
    """What becomes of a digest's posts that only went to the outbox, and how to decide otherwise; None where
    none of them waits for readers."""
    tried = trial.trial_of(connection, config, digest.name, at)
    if tried is None:
        return None
    seen = first_seen(connection, digest.name, at)
    previous = selection.previous_edition(connection, digest.name, tried)
    candidates = selection.candidates(connection, digest.name, config.newsletter.zone, None, tried)
    held = sorted((one for one in candidates if one.tried), key=lambda one: one.rank)
    reasons = [(one, why_not(one, digest, seen, at, previous)) for one in held]
    free = [one.post.title for one, reason in reasons if reason is None]
    old = sum(reason is not None and reason.state is PostState.ARCHIVE for _, reason in reasons)
    if not free:
        return None
    slugs = connection.scalars(
        select(editions.c.slug).where(editions.c.id.in_(tried.editions)).order_by(editions.c.id)
    ).all()
    return (
        f"{_listed(slugs)} reached nobody: {'it' if len(slugs) == 1 else 'they'} only went to the outbox. "
        f"Now that letters go to readers, the next of {digest.name} hold its posts: {_quoted(free)}."
        f"{_older(old, digest)}",
        "If one shall not go out: `rapport posts keep-out POST`. An older one goes with "
        "`rapport posts let-in POST`.",
    )


def _listed(slugs: Sequence[str]) -> str:
    return slugs[0] if len(slugs) == 1 else f"{slugs[0]} to {slugs[-1]}"


def _quoted(titles: list[str]) -> str:
    more = f" and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
    return ", ".join(f"“{title}”" for title in titles[:MOST_TITLES]) + more


def _older(number: int, digest: Digest) -> str:
    if not number:
        return ""
    which = "1 older one stays" if number == 1 else f"{number} older ones stay"
    return f" {which} in the archive (backlog: {digest.backlog.days} days)."
