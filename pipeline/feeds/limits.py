"""What is cut from a feed before it is parsed, because parsing it would take time without end.

feedparser compares each label of an entry with all labels before, searches names for email addresses by a
regular expression that takes quadratic time, and keeps every entry it meets. Real feeds stay far below.
"""

from __future__ import annotations

import html
import re

from pipeline.core.errors import FeedError
from pipeline.feeds.address import shown
from pipeline.feeds.markup import deeper_than

MOST_ITEMS = 1_000
"""Items that are parsed at all: half from the top, half from the end, as feeds are sorted either way."""
MOST_LABELS = 100
"""Of one entry."""
DEEPEST = 1_000
"""Open elements. A feed has about five; what is unclosed in a post's HTML ends with the post."""

ITEM = re.compile(r"(?i)<(?:[a-z]{1,10}:)?(?:item|entry)[\s>/]")
_CDATA = re.compile(r"(?s)<!\[CDATA\[.*?\]\]>")
_BARE_AND = re.compile(r"&(?!#[0-9]{1,8};|#[xX][0-9a-fA-F]{1,8};|[a-zA-Z_][\w.-]{0,40};)")
_BARE_LESS = re.compile(r"<(?![a-zA-Z_/!?])")
_KEPT = re.compile("\ue000([0-9]+)\ue001")
_PERSON = re.compile(
    r"(?i)<((?:[\w.-]{1,30}:)?(?:author|creator|managingeditor|webmaster|publisher|owner))(?=[\s>])"
)
_ENDLESS = re.compile(r"[\w.+-]{500}")
_LONGEST_PERSON = 100_000
_LABEL = re.compile(r"(?i)<(/?)(?:(?:[\w.-]{1,30}:)?(category|subject|tags|keywords)|item|entry)(?=[\s/>])")


def limited(text: str, url: str) -> str:
    """The feed from its root element on, within the limits.

    :raises FeedError: when it is nested too deep, or a name in it does not end.
    """
    kept: list[str] = []

    def aside(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\ue000{len(kept) - 1}\ue001"

    # What looks like a tag inside CDATA is none: two characters of private use stand for it meanwhile.
    text = _CDATA.sub(aside, re.sub("[\ue000\ue001]", "", text))
    # One bare "&" sends a whole feed to the tolerant parser, and many of them keep that one busy for minutes.
    text = _BARE_AND.sub("&amp;", _BARE_LESS.sub("&lt;", text))
    text = _fewer_labels(_without_endless_names(_fewer_items(text), kept, url))
    if deeper_than(text, DEEPEST, self_closing=True):
        raise FeedError(
            f"The feed {shown(url)} nests its elements more than {DEEPEST} deep; it was not read.",
            "Ask who runs the site to repair the feed.",
        )
    return _restored(text, kept)


def _restored(text: str, kept: list[str]) -> str:
    return _KEPT.sub(lambda match: kept[int(match[1])], text)


def _fewer_items(text: str) -> str:
    starts = [match.start() for match in ITEM.finditer(text)]
    if len(starts) <= MOST_ITEMS:
        return text
    half = MOST_ITEMS // 2
    return text[: starts[half]] + text[starts[-half] :]


def _without_endless_names(text: str, kept: list[str], url: str) -> str:
    """Elements of people with one endless word are emptied."""
    parts: list[str] = []
    done = 0
    for match in _PERSON.finditer(text):
        close = text.find(f"</{match[1]}", match.end(), match.end() + _LONGEST_PERSON)
        inner = text[match.end() : close if close >= 0 else match.end() + _LONGEST_PERSON]
        if not _ENDLESS.search(_plain(_restored(inner, kept))):
            continue
        if close < 0:
            raise FeedError(
                f"The feed {shown(url)} has an author's name that does not end; it was not read.",
                "Ask who runs the site to repair the feed.",
            )
        if match.end() >= done:
            parts += text[done : match.end()], ">"
            done = close
    return "".join((*parts, text[done:]))


def _plain(inner: str) -> str:
    """What feedparser would join to one string; an entity of the feed's own may be any letters."""
    bare = html.unescape(re.sub(r"<!\[CDATA\[|\]\]>|<[^<>]*>", "", inner))
    return re.sub(r"&[\w.:-]+;", "entity", bare)


def _fewer_labels(text: str) -> str:
    """Labels beyond the limit get a name that feedparser gathers nowhere."""
    count, spared = 0, True

    def counted(match: re.Match[str]) -> str:
        nonlocal count, spared
        closing, name = match[1], (match[2] or "").lower()
        if not name:
            count = 0
            return match[0]
        if not closing:
            count += 1
            # These two hold many labels in one element.
            spared = count <= MOST_LABELS and name not in ("tags", "keywords")
        return match[0] if spared else f"<{closing}more-labels"

    return _LABEL.sub(counted, text)
