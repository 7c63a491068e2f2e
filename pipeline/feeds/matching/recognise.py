"""A document beside what is known: what is fresh in it, whether it is strange, and whether it was dated anew.

By that a post is recognised which bears none of its names any more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from pipeline.feeds import dating

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from pipeline.feeds.matching.evidence import Known, Trace
    from pipeline.feeds.matching.likely import Pair

AT_ONCE = timedelta(days=2)
"""Within which the dates lie of a feed whose posts were all dated anew when the blog moved."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """When the feed is read.

    ``initial``: for the first time. ``last_read`` is when this feed was read before, or one that is
    configured no more and may have moved here. What is dated before ``archive_before`` is never mailed.
    ``zone`` is the newsletter's, in which a date without a time is a day.
    """

    initial: bool
    last_read: datetime | None = None
    archive_before: datetime | None = None
    zone: tzinfo = UTC


class Circumstances:
    """``named`` are the entries that stand under a post's own name, and the places of those posts."""

    def __init__(
        self,
        entries: Sequence[Trace],
        known: Sequence[Known],
        reading: Reading,
        named: Mapping[int, int],
        pairs: Sequence[Pair],
    ) -> None:
        self.entries, self.known, self.reading, self.named = entries, known, reading, named
        taken = set(named.values())
        self._open = [pair for pair in pairs if pair.entry not in named and pair.post not in taken]
        self._days_only = _are_days(entries)
        self._minutes = Counter(map(_minute, entries))
        self._titles = Counter(trace.title for trace in entries), Counter(trace.title for trace in known)
        self._texts = Counter(trace.text for trace in entries), Counter(trace.text for trace in known)
        self.fresh = [self._is_fresh(place) for place in range(len(entries))]
        """Came since the feed was last read."""
        older = [place for place, fresh in enumerate(self.fresh) if not fresh]
        left = any(post.listed and place not in taken for place, post in enumerate(known))
        self.strange = left and 2 * sum(place in named for place in older) < len(older)
        """Most of what should be known stands under names that nobody knows, and what was known has left."""
        self.dated_anew = self._dated_anew()
        """Pairs of which the entry got the day of the move for its date."""
        self._of_one_day = self._pairs_of_one_day()

    def recognises(self, pair: Pair) -> bool:
        """Whether an entry without a name of the post is that post all the same."""
        entry, post, evidence = self.entries[pair.entry], self.known[pair.post], pair.evidence
        if pair in self.dated_anew:
            return True
        if post.elsewhere:
            # Two blogs may write under one title on one day; with the same words it is the same post.
            return evidence.title and evidence.same_day and (evidence.text or evidence.path)
        if evidence.title:
            return self._recurs_not(pair)
        dated = entry.published is not None
        if self.fresh[pair.entry] and dated and not (evidence.same_day and self._is_after(post)):
            return False  # it came since, under a title that nobody knows
        if evidence.same_day and self._shares_a_day(pair):
            return True
        if evidence.text and self._has_own_text(entry) and (evidence.same_day or post.listed):
            return True
        renamed = evidence.path or (evidence.slug and evidence.alike)
        told = self.strange or not (dated or evidence.link)
        return renamed and told and post.listed and not evidence.moved_on

    def _shares_a_day(self, pair: Pair) -> bool:
        """Whether something beside the day makes an entry of another title the post."""
        post, evidence = self.known[pair.post], pair.evidence
        if evidence.path or evidence.slug:
            return True
        if evidence.alike and (post.listed or evidence.same_moment):
            return True
        if pair not in self._of_one_day:
            return False
        return (evidence.same_moment and not self._days_only) or (self.strange and self._is_related())

    def _recurs_not(self, pair: Pair) -> bool:
        """Whether the same title is the same post, and no other one of a series."""
        post, evidence = self.known[pair.post], pair.evidence
        fresh, only = self.fresh[pair.entry], self._has_own_title(pair.entry)
        if evidence.same_day:
            return evidence.same_moment or self._is_that_of_the_day(post, fresh=fresh, only=only)
        if evidence.link and evidence.moved_on:
            return False  # the page where something new stands every week
        if evidence.undated:
            return post.listed and (only or self.strange or not fresh)
        if not evidence.moved_on:
            return post.listed and only
        if not fresh:
            return post.listed and only and self.strange
        # Taken down and put up again: the document reaches past where it stood.
        return post.listed and only and self._reaches_past(post) and not evidence.other_text

    def _is_that_of_the_day(self, post: Known, *, fresh: bool, only: bool) -> bool:
        """Of one title and one day. There are blogs that give a title many times a day, so a post that has
        only made room is not the next one."""
        if self.strange:
            return only or not fresh
        in_its_place = post.listed and self._reaches_past(post)
        return (only and not fresh) or (in_its_place and (only or not fresh))

    def moved_here(self, found: Mapping[int, int]) -> bool:
        """Whether a feed that is read for the first time is one that is known under another address."""
        if any(self.known[post].listed for post in found.values()):
            return True
        days = len({p.entry for p in self._open if self.known[p.post].listed and p.evidence.same_day})
        return 2 * max(len(found), days if days >= 3 else 0) >= len(self.entries)

    def replaces_another(self) -> bool:
        """Whether a feed that is read for the first time came when another was taken out."""
        return self.reading.initial and any(post.listed for post in self.known)

    def on_top(self, place: int, found: Container[int]) -> bool:
        """Whether an entry stands where new ones come in, before all that are known."""
        places = [other for other in range(len(self.entries)) if other in found]
        if not places:
            return False
        return place < places[0] if self._newest_first() else place > places[-1]

    def _newest_first(self) -> bool:
        dates = [date for place in sorted(self.named) if (date := self.known[self.named[place]].published)]
        return len(dates) < 2 or dates[0] >= dates[-1]

    def _is_fresh(self, place: int) -> bool:
        published = self.entries[place].published
        if published is None:
            return place not in self.named and self.on_top(place, self.named)
        return self._is_after(self.entries[place])

    def _is_after(self, one: Trace) -> bool:
        """Whether it may have come after the feed was last read: of a day, whether that day was not over."""
        last, date, zone = self.reading.last_read, one.published, self.reading.zone
        if date is None or last is None:
            return False
        if one.date_only:
            return dating.beginning(dating.day(date, zone, date_only=True) + DAY, zone) > last
        return date + DAY > last if self._days_only else date > last

    def _dated_anew(self) -> frozenset[Pair]:
        """Every date is that of the move: then titles and texts tell. A series never has two of one title at
        once, nor do two series begin anew together, their last posts days apart."""
        again = [pair for pair in self._open if self._says_the_same(pair)]
        kept = {pair.entry for pair in again if pair.evidence.same_day}
        later = [pair for pair in again if pair.entry not in kept and pair.evidence.moved_on]
        places = {pair.entry for pair in later}
        now = [date for place in places if (date := self.entries[place].published)]
        before = [date for pair in later if (date := self.known[pair.post].published)]
        enough = len(places) >= 2 and len(places) >= len(kept)
        if not enough or _span(now) > AT_ONCE or _span(before) <= _span(now) + DAY:
            return frozenset()
        return frozenset(later)

    def _says_the_same(self, pair: Pair) -> bool:
        post, evidence = self.known[pair.post], pair.evidence
        own_text = evidence.text and self._has_own_text(self.entries[pair.entry])
        return not post.elsewhere and (evidence.title or (post.listed and (evidence.alike or own_text)))

    def by_a_program(self, place: int) -> bool:
        """Whether an entry's date says nothing of when it was written: several have none, or the same
        minute."""
        return self.entries[place].published is None or self._minutes[_minute(self.entries[place])] >= 3

    def _pairs_of_one_day(self) -> frozenset[Pair]:
        """Pairs whose entry and post, gone from the feed, are each the only one of their day that is left."""
        days = [p for p in self._open if p.evidence.same_day and self.known[p.post].listed]
        entries, posts = Counter(pair.entry for pair in days), Counter(pair.post for pair in days)
        return frozenset(pair for pair in days if entries[pair.entry] == posts[pair.post] == 1)

    def _is_related(self) -> bool:
        """Whether enough of a strange document is known for the rest of it to be the same blog's."""
        found = {p.entry for p in self._open if p.evidence.same_day and (p.evidence.title or p.evidence.path)}
        return 4 * (len(found) + len(self.named)) >= len(self.entries)

    def _reaches_past(self, post: Known) -> bool:
        named = (self.known[place] for place in self.named.values())
        dates = [one.published for one in named if one.listed and one.published is not None]
        return post.published is not None and any(date < post.published for date in dates)

    def _has_own_title(self, place: int) -> bool:
        title = self.entries[place].title
        return self._titles[0][title] == self._titles[1][title] == 1

    def _has_own_text(self, entry: Trace) -> bool:
        last, date, zone = self.reading.last_read, entry.published, self.reading.zone
        if date and last and dating.begins(date, zone, date_only=entry.date_only) > last:
            return False  # it came since: a blog may begin each post with the same words
        return self._texts[0][entry.text] == self._texts[1][entry.text] == 1


def _minute(trace: Trace) -> datetime | None:
    return trace.published.replace(second=0, microsecond=0) if trace.published else None


def _span(dates: Sequence[datetime]) -> timedelta:
    return max(dates) - min(dates) if dates else timedelta(0)


def _are_days(traces: Iterable[Trace]) -> bool:
    """Whether the dates have no times of day, but the one that a program put there."""
    times = {trace.published.timetz() for trace in traces if trace.published is not None}
    return len(times) == 1 and all(time.minute % 15 == time.second == 0 for time in times)
