"""Which entry of a feed's document is which post that is known, and what becomes of the others.

Values in, decisions out: nothing here asks the database. A document is judged as a whole, because a blog that
moves renames many posts at once. A post can be meant by one entry only, so each name that is still good
narrows down what the other entries can mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.feeds.matching.evidence import A_DAY
from pipeline.feeds.matching.likely import Pair, pairs
from pipeline.feeds.matching.recognise import Circumstances
from pipeline.feeds.matching.unknown_entries import Decision, Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from pipeline.feeds.matching.evidence import Known, Trace
    from pipeline.feeds.matching.recognise import Reading


def match(entries: Sequence[Trace], known: Sequence[Known], reading: Reading) -> list[Decision]:
    """What each entry of a document is. ``known`` are all posts that Rapport knows, of whatever feed."""
    every = pairs(entries, known)
    named = _assigned((pair for pair in every if pair.evidence.by_name()), {})
    around = Circumstances(entries, known, reading, named, every)
    found = _assigned((pair for pair in every if around.recognises(pair)), named)
    resembled = _assigned(every, found)
    decided = []
    for place in range(len(entries)):
        said = Verdict.KNOWN if place in found else verdict(place, around, found)
        of = resembled.get(place) if said in (Verdict.KNOWN, Verdict.UNSURE) else None
        decided.append(Decision(said, known[of].id if of is not None else None))
    return decided


def by_name(entries: Sequence[Trace], known: Sequence[Known]) -> dict[int, int]:
    """The entries, by their places, that stand under a name of a post, and the ids of those posts."""
    named = _assigned((pair for pair in pairs(entries, known) if pair.evidence.by_name()), {})
    return {entry: known[post].id for entry, post in named.items()}


def _assigned(offered: Iterable[Pair], before: Mapping[int, int]) -> dict[int, int]:
    """To each entry one post and to each post one entry, those of ``before`` kept: the pair with the most
    evidence first, of equal ones the nearest in time, then in the document's order."""
    found, taken = dict(before), set(before.values())
    for pair in sorted(offered, key=_rank):
        if pair.entry not in found and pair.post not in taken:
            found[pair.entry] = pair.post
            taken.add(pair.post)
    return found


def _rank(pair: Pair) -> tuple[int, timedelta, int, int]:
    later = pair.evidence.later
    return (-pair.evidence.weight, abs(later) if later is not None else A_DAY, pair.entry, -pair.post)
