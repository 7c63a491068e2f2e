"""Every post that Rapport knows, and what became of it: for `rapport posts`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import edition_posts, editions
from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions.edition import EditionStatus
from pipeline.editions.eligibility import Candidate, PostState, Reason, why_not
from pipeline.editions.selection import previous_edition
from pipeline.editions.trial import trial_of
from pipeline.feeds.first_seen import first_seen
from pipeline.feeds.matching.names import canonical
from pipeline.feeds.matching.titles import folded
from subscribers import times

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config

GONE_OUT = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.CANCELLED)
"""A cancelled edition keeps its posts only where somebody was handed it."""

NEAR = 5
"""Posts that are named where there is none of the name that was given."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One post. ``edition`` is the newest that it is in; ``reason`` says why it is in none, or only waits."""

    id: int
    title: str
    url: str | None
    published: datetime | None
    first_seen: datetime
    state: PostState
    edition: str | None
    reason: str
    date_only: bool = False
    provider: str | None = None
    """Where that edition went, if the post was in one that is handed over."""

    def document(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {
            "id": self.id,
            "title": self.title,
            "url": self.url,
            "published": times.iso_or_none(self.published),
            "first_seen": times.iso(self.first_seen),
            "state": str(self.state),
            "edition": self.edition,
            "reason": self.reason,
        }


def every_post(connection: Connection, config: Config, at: datetime) -> list[Listed]:
    """The posts, newest first."""
    rows = connection.execute(
        select(posts, feeds.c.first_seen.label("feed_first_seen")).join(feeds, feeds.c.id == posts.c.feed_id)
    ).all()
    inside = _editions(connection)
    seen = []
    for digest in config.digests:
        trial = trial_of(connection, config, digest.name, at)
        previous = previous_edition(connection, digest.name, trial)
        seen.append((digest, first_seen(connection, digest.name, at), previous, trial))
    nobody = {number for *_, trial in seen if trial is not None for number in trial.editions}
    zone = config.newsletter.zone
    found = []
    for row, one in sorted(((row, Candidate.of(row, zone)) for row in rows), key=lambda pair: pair[1].rank):
        held = {of.digest: of.id for of in inside.get(row.id, ())}
        reasons = [
            why_not(one.after(trial, held.get(digest.name)), digest, since, at, previous)
            for digest, since, previous, trial in seen
        ]
        state, edition, reason = _became(inside.get(row.id, ()), reasons, nobody)
        provider = next((of.provider for of in inside.get(row.id, ()) if of.slug == edition), None)
        known = (row.id, row.title, row.url, row.published, row.first_seen)
        found.append(Listed(*known, state, edition, reason, row.date_only, provider))
    return found


def _editions(connection: Connection) -> dict[int, list[Any]]:
    """For each post the slugs, statuses and providers of its editions, the newest first."""
    query = (
        select(
            edition_posts.c.post_id,
            editions.c.id,
            editions.c.digest,
            editions.c.slug,
            editions.c.status,
            editions.c.provider,
        )
        .join(editions, editions.c.id == edition_posts.c.edition_id)
        .order_by(editions.c.id.desc())
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.post_id].append(row)
    return found


def _became(
    inside: Sequence[Any], reasons: Sequence[Reason | None], nobody: Container[int]
) -> tuple[PostState, str | None, str]:
    """``nobody``: the editions that reached nobody, after a trial."""
    for row in inside:
        if row.status in GONE_OUT and row.id not in nobody:
            return PostState.MAILED, row.slug, ""
    slug = inside[0].slug if inside else None
    if None in reasons:  # one of the digests takes it
        return PostState.NEW, slug, _in(inside[0], nobody) if inside else ""
    # A digest that it waits for says more than one that never takes it.
    state, text = min((one for one in reasons if one), key=lambda one: one.state is not PostState.NEW)
    return state, slug, text


def _in(edition: Any, nobody: Container[int]) -> str:
    if edition.id in nobody:
        return f"{edition.slug} only went to the outbox, and reached nobody"
    return f"in {edition.slug}, which is {edition.status}"


def named(known: Sequence[Listed], name: str) -> Listed:
    """The post that staff mean: by its number, its address, or its title, or a part of that which no other
    has.

    Raises RapportError, which names those that are near, for anything else.
    """
    wanted = name.strip()
    by_number = [one for one in known if str(one.id) == wanted.removeprefix("#")]
    by_address = [one for one in known if one.url and canonical(one.url) == canonical(wanted)]
    by_title = [one for one in known if folded(one.title) == folded(wanted)]
    by_part = [one for one in known if folded(wanted) in folded(one.title)] if wanted else []
    for found in (by_number, by_address, by_title, by_part):
        if len(found) == 1:
            return found[0]
        if found:
            raise RapportError(
                f"Several posts are called {name!r}.", f"Name one by its number: {_told(found)}."
            )
    raise RapportError(f"There is no post {name!r}.", _near(known, wanted))


def _near(known: Sequence[Listed], wanted: str) -> str:
    if not known:
        return "No post is known yet: `rapport pull` reads the feeds."
    titles = {folded(one.title): one for one in reversed(known)}
    close = [titles[title] for title in get_close_matches(folded(wanted), titles, NEAR, cutoff=0.5)]
    if wanted.removeprefix("#").isdigit():
        number = int(wanted.removeprefix("#")[:18])
        close = sorted(known, key=lambda one: abs(one.id - number))[:NEAR]
    if close:
        return f"Is it one of these: {_told(close)}? `rapport posts` lists all."
    return "`rapport posts` lists all, each with its number."


def _told(found: Sequence[Listed]) -> str:
    return "; ".join(f"{one.id} “{one.title}”" for one in found[:NEAR])
