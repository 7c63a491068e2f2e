"""Which of several feeds is the blog's, and why the others are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.feeds.discovery.places import host_of, is_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.feeds.discovery import Link, Outline

STALE = timedelta(days=180)
"""So much older than another feed's newest post: a section that was given up."""

_COMMENTS_PATH = re.compile(r"(?i)/comments?(?:/|\.|-feed|$)|[?&]feed=comments|/replies(?:/|$)")
_COMMENTS_TITLE = re.compile(
    r"(?i)\bcomments?\s{0,3}(?:feed|rss|atom)\b|^comments? (?:on|for|to)\b|^re: "
    r"|\b(?:feed|rss|flux|canal|fil)\b.{0,20}\b(?:comentarios|commentaires|commenti|coment[aá]rios|reacties)\b"
    r"|\b(?:comentarios|commentaires|commenti|coment[aá]rios|reacties)\b.{0,20}\b(?:feed|rss|flux)\b"
    r"|\bkommentar(?:e|-)?\s?(?:feed|zu|für)\b|^commentaires (?:sur|pour)\b|^comentarios (?:en|de)\b"
)
_PART = re.compile(r"(?i)/(?:category|categories|tag|tags|tagged|topic|author|label|labels|search|-)/")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that was found, in the order in which pages name them. ``outline`` is None where no feed
    answered."""

    link: Link
    outline: Outline | None


def is_of_comments(link: Link, outline: Outline | None = None) -> bool:
    titles = (link.text, outline.title if outline else "")
    return bool(_COMMENTS_PATH.search(link.url)) or any(_COMMENTS_TITLE.search(title) for title in titles)


def fault(candidate: Candidate) -> str:
    """Why a feed cannot be the blog's; empty when it can."""
    outline = candidate.outline
    if is_of_comments(candidate.link, outline):
        return "it has readers' comments"
    if outline is None:
        return "it does not answer with a feed"
    if not outline.posts:
        return "it has no posts"
    if outline.to_hear == outline.posts:
        return "it is a podcast: sound, nothing to read"
    return ""


def is_of_a_part(link: Link) -> bool:
    """Whether a feed has the posts of a category, a tag or an author."""
    return bool(_PART.search(urlsplit(link.url).path))


def best(
    candidates: Sequence[Candidate], typed: str, language: str = ""
) -> tuple[Candidate | None, str, list[tuple[str, str]]]:
    """The blog's feed, why it is taken, and each other's address with why it is not.

    ``typed`` is the page that was asked for: a feed below its path comes before that of the whole site, and
    one in its ``language`` before one in another.
    """
    faults = {candidate.link.url: fault(candidate) for candidate in candidates}
    good = [candidate for candidate in candidates if not faults[candidate.link.url]]
    if not good:
        return None, "", [(url, why) for url, why in faults.items() if why]
    newest = max(_newest(one) for one in good)

    def rank(one: Candidate) -> tuple[bool, ...]:
        return (
            not _is_under(one.link.url, typed),
            _speaks_another(one, language),
            is_of_a_part(one.link),
            newest - _newest(one) > STALE,
            host_of(one.link.url) != host_of(typed),
        )

    taken = min(good, key=rank)  # of equals the first, as the page names them
    others = [
        (one.link.url, faults[one.link.url] or _why_not(one, taken, rank(one), rank(taken)))
        for one in candidates
        if one is not taken
    ]
    return taken, _why(taken, good, rank(taken), typed), others


def _why(taken: Candidate, good: Sequence[Candidate], rank: tuple[bool, ...], typed: str) -> str:
    if len(good) == 1:
        return "it is the only one with posts to read"
    if not rank[0]:
        return f"it is the one of {urlsplit(typed).path}"
    return "it comes first, is kept up and is of the whole blog"


def _why_not(one: Candidate, taken: Candidate, rank: tuple[bool, ...], best_rank: tuple[bool, ...]) -> str:
    assert one.outline
    assert taken.outline
    if rank[:2] == best_rank[:2] and (
        set(one.outline.titles) & set(taken.outline.titles)
        and one.outline.dates[:1] == taken.outline.dates[:1]
    ):
        return "it has the same posts in another form"
    reasons = (
        "it is not of the page you named",
        "it is in another language than the page",
        "it has a part of the blog only",
        "its newest post is much older",
        "it is on another site",
    )
    for mine, best_one, reason in zip(rank, best_rank, reasons, strict=True):
        if mine and not best_one:
            return reason
    return "it comes later on the page"


def _is_under(url: str, typed: str) -> bool:
    if is_root(typed) or host_of(url) != host_of(typed):
        return False
    return f"{urlsplit(url).path}/".startswith(f"{urlsplit(typed).path.rstrip('/')}/")


def _speaks_another(one: Candidate, language: str) -> bool:
    said = one.link.language or (one.outline.language if one.outline else "")
    return bool(said and language) and _plain(said) != _plain(language)


def _plain(tag: str) -> str:
    return tag.strip().casefold().replace("_", "-").partition("-")[0]


def _newest(one: Candidate) -> datetime:
    dates = one.outline.dates if one.outline else ()
    return datetime.fromisoformat(dates[0]) if dates else _NEVER


_NEVER = datetime.fromisoformat("1990-01-01T00:00:00+00:00")
