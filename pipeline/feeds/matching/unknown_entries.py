"""What a document as a whole says: whether the blog moved, and what an entry is that no post was found
for."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.feeds.matching.evidence import Trace
    from pipeline.feeds.matching.recognise import Circumstances

A_LITTLE_LATE = timedelta(days=3)
"""Feeds are cached for hours, and posts bear the day on which they were begun."""


class Verdict(StrEnum):
    KNOWN = "known"
    FIRST = "first"
    """It came when its feed was read for the first time: its date decides whether it is mailed."""
    NEW = "new"
    UNSURE = "unsure"
    """Nobody can tell whether readers had it."""
    ARCHIVE = "archive"
    """Older than anything that is mailed."""


class Decision(NamedTuple):
    """``post`` is the known post that it is; of one that is unsure the post that it may be, if any."""

    verdict: Verdict
    post: int | None = None


def verdict(place: int, around: Circumstances, found: Mapping[int, int]) -> Verdict:
    """What an entry is that is none of the known posts; ``found`` are the entries that are."""
    entry = around.entries[place]
    if around.reading.initial and not around.moved_here(found):
        unclear = around.replaces_another() and around.by_a_program(place)
        return Verdict.UNSURE if unclear else Verdict.FIRST
    if around.dated_anew:
        # Its date says nothing. What stands above all that is known is new, and so is the only one left over.
        alone = len(found) == len(around.entries) - 1
        return Verdict.NEW if alone or around.on_top(place, found) else Verdict.UNSURE
    if not found and around.by_a_program(place):
        return _old(entry, around)  # nothing of what was there before is left to judge it by
    if around.fresh[place]:
        return Verdict.NEW
    if not around.strange and not around.reading.initial:
        return _late(place, around, found)
    if entry.published is None and around.on_top(place, found) and 2 * len(found) >= len(around.entries):
        return Verdict.NEW
    return _old(entry, around)


def _late(place: int, around: Circumstances, found: Mapping[int, int]) -> Verdict:
    """Of an entry that turns up in a document much as it was, under a date from before it was last read."""
    entry, named = around.entries[place], around.named
    late = [n for n, fresh in enumerate(around.fresh) if not fresh and n not in found]
    reach = min((date for n in named if (date := around.entries[n].published)), default=None)
    beyond = entry.published is not None and reach is not None and entry.published < reach
    if beyond and len(late) > 1 and _old(entry, around) is Verdict.ARCHIVE:
        return Verdict.ARCHIVE  # the feed was made longer, and shows more of the past
    if len(late) <= max(1, len(named) // 4):
        return Verdict.NEW
    last = around.reading.last_read
    if entry.published is not None and last is not None and entry.published > last - A_LITTLE_LATE:
        return Verdict.NEW
    return _old(entry, around)  # many at once: another blog was merged into this one, perhaps


def _old(entry: Trace, around: Circumstances) -> Verdict:
    before = around.reading.archive_before
    past = entry.published is not None and before is not None and entry.published < before
    return Verdict.ARCHIVE if past else Verdict.UNSURE
