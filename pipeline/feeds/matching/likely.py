"""The posts that an entry may be at all: those that share a name, a title, a text or a day with it.

Looked up, not compared with each other: a blog has thousands of posts, and a stranger's feed brings 500
entries."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pipeline.feeds.matching.evidence import A_DAY, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from pipeline.feeds.matching.evidence import Known, Trace

MOST = 30
"""Posts that are looked at for one thing that they share with an entry, the newest: a series whose posts all
have one title is known by its days as well."""


class Pair(NamedTuple):
    """An entry and a post, by their places, and what they have in common."""

    entry: int
    post: int
    evidence: Evidence


def pairs(entries: Sequence[Trace], known: Sequence[Known]) -> list[Pair]:
    """Every pair that shares anything.

    A guid or link that several posts bear, or several entries, identifies none of them: there are feeds whose
    items all share one guid, and feeds whose items all link to the home page.
    """
    shared = _repeated(entries) | _repeated(known)
    by_trait: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, post in enumerate(known):
        for trait in _traits(post):
            by_trait[trait].append(place)
    days = sorted((post.published, place) for place, post in enumerate(known) if post.published)
    found = []
    for number, entry in enumerate(entries):
        likely = {place for trait in _traits(entry) for place in by_trait.get(trait, ())[-MOST:]}
        guid = not any(("guid", name) in shared for name in entry.guids)
        link = not any(("link", name) in shared for name in entry.links)
        for place in sorted(likely.union(_of_the_day(entry.published, days))):
            found.append(Pair(number, place, Evidence.of(entry, known[place], guid=guid, link=link)))
    return found


def _traits(trace: Trace) -> Iterator[tuple[str, str]]:
    yield from (("guid", name) for name in trace.guids)
    yield from (("link", name) for name in trace.links)
    yield from (("path", name) for name in trace.paths)
    yield from (("slug", name) for name in trace.slugs)
    yield "title", trace.title
    yield "begins", " ".join(trace.title.split()[:3])
    if trace.text:
        yield "text", trace.text


def _repeated(traces: Iterable[Trace]) -> set[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for trace in traces:
        counted.update(("guid", name) for name in trace.guids)
        counted.update(("link", name) for name in trace.links)
    return {name for name, number in counted.items() if number > 1}


def _of_the_day(published: datetime | None, days: list[tuple[datetime, int]]) -> list[int]:
    if published is None:
        return []
    start = bisect_left(days, (published - A_DAY, -1))
    end = bisect_right(days, (published + A_DAY, len(days)))
    return [place for _, place in days[max(start, end - MOST) : end]]
