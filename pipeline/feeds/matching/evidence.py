"""What an entry of a feed and a post that is known have in common, and whether that makes them one.

A name of its own (guid, link) says most. What remains of a name when a blog moves (the path without the host,
the last part of the path), the title, the day and the text each say something, and count together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.feeds.matching.titles import alike

if TYPE_CHECKING:
    from datetime import datetime

A_DAY = timedelta(hours=36)
"""Within it two dates are of one day: one of them may be a midnight, and each of another time zone."""

DAY, NONE = timedelta(days=1), timedelta(0)


@dataclass(frozen=True, slots=True)
class Trace:
    """What an entry or a post can be recognised by. Names are canonical, the title is folded.

    ``paths`` are links and guids without their hosts, ``slugs`` the last parts of those. ``text`` is the
    start of the folded excerpt, empty where that is too short to tell texts apart. ``weak`` is a guid that is
    unique on its own blog only. ``date_only``: the date is a day without a time (dating.py)."""

    guids: frozenset[str]
    links: frozenset[str]
    paths: frozenset[str]
    slugs: frozenset[str]
    title: str
    published: datetime | None
    text: str = ""
    weak: bool = False
    date_only: bool = False


@dataclass(frozen=True, slots=True)
class Known(Trace):
    """A post that is known. ``listed``: this feed, or one that it replaces, had it in its last document.
    ``elsewhere``: another feed that is still read has it."""

    id: int = 0
    listed: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one entry has in common with one post. ``later`` is by how much the entry's date is later."""

    guid: bool
    weak: bool
    link: bool
    path: bool
    slug: bool
    title: bool
    alike: bool
    text: bool
    other_text: bool
    other_guid: bool
    nameless: bool
    later: timedelta | None
    a_day_later: bool
    """By the same time of day, minutes and all: one that is written daily."""

    @classmethod
    def of(cls, entry: Trace, post: Known, *, guid: bool, link: bool) -> Evidence:
        """``guid`` and ``link``: whether a name that they share identifies a post at all."""
        later = None
        if entry.published is not None and post.published is not None:
            later = entry.published - post.published
        title = entry.title == post.title
        shared_guid = guid and not entry.guids.isdisjoint(post.guids)
        return cls(
            guid=shared_guid,
            weak=entry.weak,
            link=link and not entry.links.isdisjoint(post.links),
            path=not entry.paths.isdisjoint(post.paths),
            slug=not entry.slugs.isdisjoint(post.slugs),
            title=title,
            alike=title or alike(entry.title, post.title),
            text=bool(entry.text) and entry.text == post.text,
            other_text=_differ(entry.text, post.text),
            other_guid=bool(entry.guids and post.guids) and not shared_guid,
            nameless=not (entry.guids or entry.links or post.guids or post.links),
            later=later,
            a_day_later=later is not None and abs(later) == DAY and _has_time(entry.published),
        )

    @property
    def same_day(self) -> bool:
        return self.later is not None and abs(self.later) <= A_DAY and not self.a_day_later

    @property
    def same_moment(self) -> bool:
        return self.later == NONE

    @property
    def moved_on(self) -> bool:
        """By days: what recurs does so."""
        return self.later is not None and (self.later > A_DAY or (self.a_day_later and self.later > NONE))

    @property
    def undated(self) -> bool:
        return self.later is None

    @property
    def weight(self) -> int:
        """How much speaks for it: of several that could be, the heaviest is."""
        says = ((4 if not self.weak else 2) * self.guid, 3 * self.link, 3 * self.title, 2 * self.same_day)
        hints = (self.path, self.slug, self.alike, self.text, self.same_moment)
        return sum(says) + sum(hints)

    def by_name(self) -> bool:
        """Whether the entry stands under a name that the post has, and nothing says that this name was given
        to another post since."""
        if self.nameless:
            return self.title and not self.moved_on
        return (self.guid and self._guid_holds()) or (self.link and self._link_holds())

    def _guid_holds(self) -> bool:
        near = self.same_day or self.undated
        like = self.path or self.slug or self.alike
        if self.weak:  # a platform that counts anew gives the number of one post to another
            return self.link or self.same_moment or (like and near)
        # Where nothing but the guid is the same, an edit of all else keeps the date, and a guid used again
        # not.
        return self.link or like or near

    def _link_holds(self) -> bool:
        if self.title:
            # A page where something new stands every week has the same link and the same title each time.
            return not self.moved_on
        if self.undated:
            return not self.other_guid
        return self.same_day or (self.alike and not self.moved_on)


def _has_time(date: datetime | None) -> bool:
    return date is not None and (date.minute % 15, date.second) != (0, 0)


def _differ(a: str, b: str) -> bool:
    """Whether two texts are others, and not an edit of each other."""
    one, other = set(a.split()), set(b.split())
    return bool(one and other) and 3 * len(one & other) < len(one | other)
