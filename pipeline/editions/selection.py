"""Which posts an edition gets, and why the others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from pipeline.core.tables.editions import edition_posts, editions
from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions.edition import EditionKind, EditionStatus
from pipeline.editions.eligibility import Candidate, barred, why_not

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from sqlalchemy import Connection

    from pipeline.core.sections.digest import Digest
    from pipeline.editions.trial import Trial
    from pipeline.feeds.posts import Post

LEFT_OUT_SHOWN = 50
"""How many left-out posts an edition names: an archive of a thousand says nothing more."""

NOT_PICKED = "waits for the next edition: staff chose the posts of this one"


@dataclass(frozen=True, slots=True)
class LeftOut:
    id: int
    title: str
    url: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """``posts``: the lead comes first; empty when there are fewer than ``min_posts``, as ``reason`` says."""

    posts: tuple[Post, ...]
    left_out: tuple[LeftOut, ...]
    reason: str = ""


def choose(
    connection: Connection,
    digest: Digest,
    zone: tzinfo,
    first_seen: datetime,
    at: datetime,
    draft: int | None = None,
    picked: Sequence[int] = (),
    trial: Trial | None = None,
) -> Choice:
    """`select_posts` from what the database knows. ``draft`` is the edition that is composed anew, if one is:
    its own posts count as free, as do those of the ``trial``."""
    previous = previous_edition(connection, digest.name, trial)
    free = candidates(connection, digest.name, zone, draft, trial)
    return select_posts(free, digest, first_seen, at, previous, picked)


def select_posts(
    candidates: Sequence[Candidate],
    digest: Digest,
    first_seen: datetime,
    at: datetime,
    previous: datetime | None,
    picked: Sequence[int] = (),
) -> Choice:
    """Which posts an edition composed ``at`` a moment gets, newest first.

    ``first_seen`` is when Rapport first saw the digest, ``previous`` when its last edition was composed.
    Posts without a place wait for the next edition. ``picked`` are the ids of the posts that staff chose, in
    their order: those and no others, as far as they are free and not barred.
    """
    free = sorted(candidates, key=lambda one: one.rank)
    reasons: dict[int, str] = {}
    for one in free:
        reason = why_not(one, digest, first_seen, at, previous)
        reasons[one.post.id] = reason.text if reason is not None else ""
    usable = {one.post.id: one for one in free if not barred(one, digest)}
    if chosen := [usable[number] for number in picked if number in usable]:
        rest = [one for one in free if one not in chosen]
        return _choice(chosen, [(one, reasons[one.post.id] or NOT_PICKED) for one in rest])
    left_out = [(one, why) for one in free if (why := reasons[one.post.id])]
    chosen, waiting = _fit([one for one in free if not reasons[one.post.id]], digest.max_posts, previous)
    if len(chosen) < digest.min_posts:
        few = _too_few(len(chosen), digest.min_posts)
        return _choice([], left_out + [(one, few) for one in chosen], few)
    full = f"waits for the next edition: this one has its {digest.max_posts} posts (max_posts)"
    return _choice(chosen, left_out + [(one, full) for one in waiting])


def _choice(chosen: list[Candidate], left_out: list[tuple[Candidate, str]], reason: str = "") -> Choice:
    shown = sorted(left_out, key=lambda pair: pair[0].rank)[:LEFT_OUT_SHOWN]
    return Choice(
        posts=tuple(one.post for one in chosen),
        left_out=tuple(LeftOut(one.post.id, one.post.title, one.post.url, why) for one, why in shown),
        reason=reason,
    )


def _fit(
    ranked: list[Candidate], most: int, previous: datetime | None
) -> tuple[list[Candidate], list[Candidate]]:
    """The posts that go, at ``most`` so many, and those that wait."""
    chosen, waiting = ranked[:most], ranked[most:]
    if previous is None or most == 1:
        return chosen, waiting
    waited = [one for one in waiting if one.first_seen <= previous]
    if waited and chosen[-1].first_seen > previous:
        # Newest first alone would let a post of a busy blog wait for ever: the last place is kept for the
        # post that has waited longest.
        longest = min(waited, key=lambda one: (one.first_seen, one.published))
        waiting = [one for one in waiting if one is not longest] + chosen[-1:]
        chosen = [*chosen[:-1], longest]
    return chosen, waiting


def _too_few(found: int, least: int) -> str:
    if not found:
        return "there are no new posts"
    return f"{found} new post{'s' * (found > 1)}, fewer than min_posts = {least}: waiting"


def candidates(
    connection: Connection, digest: str, zone: tzinfo, draft: int | None, trial: Trial | None
) -> list[Candidate]:
    """The posts that are free for a digest's edition: in no other that readers had or will have."""
    free = {*([] if draft is None else [draft]), *(trial.editions if trial is not None else ())}
    taken = and_(edition_posts.c.post_id == posts.c.id, edition_posts.c.digest == digest)
    query = (
        select(posts, feeds.c.first_seen.label("feed_first_seen"), edition_posts.c.edition_id)
        .join(feeds, feeds.c.id == posts.c.feed_id)
        .outerjoin(edition_posts, taken)
        .where(or_(edition_posts.c.post_id.is_(None), edition_posts.c.edition_id.in_(free)))
    )
    return [Candidate.of(row, zone).after(trial, row.edition_id) for row in connection.execute(query)]


def previous_edition(connection: Connection, digest: str, trial: Trial | None = None) -> datetime | None:
    """When the digest's newest edition that went out (or will), and not only in a trial, was composed."""
    gone = editions.c.status.in_(
        (EditionStatus.APPROVED, EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)
    )
    newest = select(func.max(editions.c.composed_at)).where(
        editions.c.digest == digest, gone, editions.c.kind == EditionKind.POSTS
    )
    if trial is not None:
        newest = newest.where(editions.c.id.not_in(trial.editions))
    found: datetime | None = connection.execute(newest).scalar()
    return found
