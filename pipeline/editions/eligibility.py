"""Whether a post may be in an edition of a digest, and if not, why: the rules of values, one after
another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.feeds import categories, dating
from pipeline.feeds.posts import Post
from subscribers import times

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from sqlalchemy import Row

    from pipeline.core.sections.digest import Digest
    from pipeline.editions.trial import Trial


class PostState(StrEnum):
    """What became of a post. The words are those of `rapport posts --json`."""

    NEW = "new"
    MAILED = "mailed"
    ARCHIVE = "archive"
    KEPT_OUT = "kept_out"
    WITHDRAWN = "withdrawn"
    UNSURE = "unsure"


class Reason(NamedTuple):
    """Why a post is not in an edition; ``state`` is ``new`` where it only waits."""

    state: PostState
    text: str


WITHDRAWN = "withdrawn: its feed lists it no longer"
UNSURE = (
    "left for staff to decide (`rapport posts`): its blog moved, and nobody can tell whether readers had it"
)
OUT = "kept out by staff"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that is in no edition of the digest yet, and how Rapport came to know it."""

    post: Post
    dated: bool
    """Whether its feed gave it a date when it came."""
    first_seen: datetime
    feed_first_seen: datetime
    initial: bool
    """Whether it came with the first pull of its feed, which is the archive of the blog."""
    position: int
    withdrawn: bool
    zone: tzinfo
    """The newsletter's."""
    decision: str | None = None
    """As `posts` has it: unsure or archive since it came, in or out since staff said so."""
    first_published: datetime | None = None
    tried: bool = False
    """Whether it is in an edition that only went to the outbox."""
    trial_until: datetime | None = None
    """When letters began to go to readers, if its digest's backlog is counted from then for it (trial.py)."""

    @classmethod
    def of(cls, row: Row[Any], zone: tzinfo) -> Candidate:
        """A row of `posts`, with its feed's ``feed_first_seen``, for a newsletter of this time zone."""
        return cls(
            post=Post.of(row),
            dated=row.first_published is not None,
            first_seen=row.first_seen,
            feed_first_seen=row.feed_first_seen,
            initial=row.initial,
            position=row.position,
            withdrawn=row.withdrawn_at is not None,
            zone=zone,
            decision=row.decision,
            first_published=row.first_published,
        )

    def after(self, trial: Trial | None, edition: int | None) -> Candidate:
        """The same after a trial, where ``edition`` is the one of the digest that it is in."""
        if trial is None or not trial.covers(edition):
            return self
        return replace(self, tried=edition in trial.editions, trial_until=trial.until)

    @property
    def rank(self) -> tuple[float, int, int]:
        """Sorts newest first; posts of one moment (of a feed without dates) in the order of their feed."""
        return (-self.published.timestamp(), self.position, self.post.id)

    @property
    def published(self) -> datetime:
        """The moment from which it may be mailed."""
        return dating.begins(self.post.published, self.zone, date_only=self.post.date_only)

    def is_before(self, moment: datetime) -> bool:
        """Whether it is older than that. A day without a time is compared as a day.

        Of its dates the earliest counts, the first that it had or a later one: a post of the archive that is
        dated anew stays there."""
        first = min(self.first_published or self.first_seen, self.post.published)
        if not self.post.date_only:
            return first < moment
        return dating.day(first, self.zone, date_only=True) < dating.day(moment, self.zone, date_only=False)


def _shown(one: Candidate) -> str:
    at = one.post.published
    return times.day(at.date(), one.zone) if one.post.date_only else times.moment(at, one.zone)


def barred(one: Candidate, digest: Digest | None) -> Reason | None:
    """Why a post may be in no edition of a digest, not even if staff pick it; None when it may."""
    if one.withdrawn:
        return Reason(PostState.WITHDRAWN, WITHDRAWN)
    if one.decision == "unsure":
        return Reason(PostState.UNSURE, UNSURE)
    if one.decision == "out":
        return Reason(PostState.KEPT_OUT, OUT)
    if one.decision == "in":
        return None
    excluded = digest.exclude_categories if digest is not None else ()
    if category := categories.shared(excluded, one.post.categories):
        return Reason(PostState.KEPT_OUT, f"filed under {category} (exclude_categories)")
    return None


def why_not(
    one: Candidate, digest: Digest, first_seen: datetime, at: datetime, previous: datetime | None
) -> Reason | None:
    """Why a post is not to be in the edition composed ``at`` a moment; None when it is.

    ``first_seen`` is when Rapport first saw the digest, ``previous`` when its last edition was composed.
    """
    if reason := barred(one, digest):
        return reason
    if one.published > at:
        return Reason(PostState.NEW, f"waits for its date, {_shown(one)}")
    if one.decision == "in":
        return None
    if one.decision == "archive":
        return Reason(PostState.ARCHIVE, "it came late with more of its blog's past")
    until = one.trial_until
    if until is not None and one.first_seen <= until and one.is_before(until - digest.backlog):
        text = f"older than the backlog of {digest.backlog.days} days when letters began to go to readers"
        return Reason(PostState.ARCHIVE, text)
    if one.initial or one.first_seen <= first_seen:
        # The first run does not mail the archive. A post that appears later counts, however old its date.
        if one.is_before(max(first_seen, one.feed_first_seen) - digest.backlog):
            text = f"older than the backlog of {digest.backlog.days} days when Rapport first saw it"
            return Reason(PostState.ARCHIVE, text)
        if not one.dated and previous is not None and previous >= one.first_seen:
            text = "undated and in the feed from the start: taken for the archive after the first edition"
            return Reason(PostState.ARCHIVE, text)
    if digest.include_categories and not categories.shared(digest.include_categories, one.post.categories):
        text = f"in none of the categories {', '.join(digest.include_categories)}"
        return Reason(PostState.KEPT_OUT, text)
    return None
