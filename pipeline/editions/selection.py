"""Which posts an edition gets, and why the others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from pipeline.core.tables import edition_posts, editions, feeds, posts
from pipeline.editions.edition import EditionStatus
from pipeline.editions.eligibility import Candidate, barred, why_not

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Digest
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
    """``posts`` the lead at the head; empty when fewer than ``min_posts`` are there."""

    posts: tuple[Post, ...]
    left_out: tuple[LeftOut, ...]
    reason: str = ""


def choose(
    connection: Connection,
    digest: Digest,
    first_seen: datetime,
    at: datetime,
    draft: int | None = None,
    picked: Sequence[int] = (),
) -> Choice:
    """The posts that are not yet in this digest, newest first.

    ``first_seen`` is when Rapport first saw the digest, ``draft`` the edition that is being refreshed (its
    own posts count as free). What does not fit waits for the next edition. ``picked`` are the ids of the
    posts that staff chose, in their order: these and no others, as far as they are there, free and not
    barred.
    """
    previous = previous_edition(connection, digest.name)
    free = _free(connection, digest.name, draft)
    there = {one.post.id: one for one in free if not barred(one, digest)}
    if chosen := [there[number] for number in picked if number in there]:
        rest = [one for one in free if one not in chosen]
        reasons = [(one, why_not(one, digest, first_seen, at, previous)) for one in rest]
        return _choice(chosen, [(one, reason.text if reason else NOT_PICKED) for one, reason in reasons])
    ranked: list[Candidate] = []
    left_out: list[tuple[Candidate, str]] = []
    for one in free:
        if why := why_not(one, digest, first_seen, at, previous):
            left_out.append((one, why.text))
        else:
            ranked.append(one)
    chosen, waiting = _fit(ranked, digest.max_posts, previous)
    reason = ""
    if len(chosen) < digest.min_posts:
        reason = _too_few(len(chosen), digest.min_posts)
        waiting, chosen = chosen + waiting, []
    full = f"waits for the next edition: this one has its {digest.max_posts} posts (max_posts)"
    left_out += [(one, reason or full) for one in waiting]
    return _choice(chosen, left_out, reason)


def _choice(chosen: list[Candidate], left_out: list[tuple[Candidate, str]], reason: str = "") -> Choice:
    shown = sorted(left_out, key=lambda pair: pair[0].rank)[:LEFT_OUT_SHOWN]
    return Choice(
        posts=tuple(one.post for one in chosen),
        left_out=tuple(LeftOut(one.post.id, one.post.title, one.post.url, why) for one, why in shown),
        reason=reason,
    )


def _free(connection: Connection, digest: str, draft: int | None) -> list[Candidate]:
    taken = and_(edition_posts.c.post_id == posts.c.id, edition_posts.c.digest == digest)
    query = (
        select(posts, feeds.c.first_seen.label("feed_first_seen"))
        .join(feeds, feeds.c.id == posts.c.feed_id)
        .outerjoin(edition_posts, taken)
        .where(or_(edition_posts.c.post_id.is_(None), edition_posts.c.edition_id == (draft or -1)))
    )
    return sorted(map(Candidate.of, connection.execute(query)), key=lambda one: one.rank)


def _fit(
    ranked: list[Candidate], most: int, previous: datetime | None
) -> tuple[list[Candidate], list[Candidate]]:
    chosen, waiting = ranked[:most], ranked[most:]
    waited = [one for one in waiting if previous and one.first_seen <= previous]
    if waited and most > 1 and not (previous and chosen[-1].first_seen <= previous):
        # Newest first alone would let a post wait for ever on a busy blog: the last place goes to the
        # one that has waited longest.
        longest = min(waited, key=lambda one: (one.first_seen, one.post.published))
        rest = [*(one for one in waiting if one is not longest), chosen[-1]]
        waiting = sorted(rest, key=lambda one: one.rank)
        chosen = [*chosen[:-1], longest]
    return chosen, waiting


def previous_edition(connection: Connection, digest: str) -> datetime | None:
    """When the digest's newest edition that went out (or will) was composed."""
    gone = editions.c.status.in_(
        (EditionStatus.APPROVED, EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT)
    )
    newest = select(func.max(editions.c.composed_at)).where(editions.c.digest == digest, gone)
    found: datetime | None = connection.execute(newest).scalar()
    return found


def _too_few(found: int, least: int) -> str:
    if not found:
        return "there are no new posts"
    return f"{found} new post{'s' * (found > 1)}, fewer than min_posts = {least}: waiting"
