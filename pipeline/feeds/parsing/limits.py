"""What is cut from a feed before it is parsed, because parsing it would take time without end.

feedparser compares each label of an entry with all labels before, looks every attribute of a tag up among all
of them, searches names for email addresses by a regular expression that takes quadratic time, and keeps every
entry it meets. Real feeds stay far below.
"""

from __future__ import annotations

import html
import re

from pipeline.core.errors import FeedError
from pipeline.feeds.cleaning.markup import deeper_than, fewer_attributes
from pipeline.feeds.fetching.address import shown

MOST_ITEMS = 1_000
"""Items that are parsed at all: half from the top, half from the end, as feeds are sorted either way."""
MOST_ENTRIES = 500
"""Kept of one feed, the newest: a blog in operation has 10 to 100 in its feed."""
MOST_LABELS = 100
"""Of one entry."""
DEEPEST = 1_000
"""Open elements. A feed has about five; what is unclosed in a post's HTML ends with the post."""
LONGEST_WORD = 500
"""Characters of one word in a person's name or address."""

ITEM = re.compile(r"(?i)<(?:[a-z]{1,10}:)?(?:item|entry)[\s>/]")
_BARE_AND = re.compile(r"&(?!#[0-9]{1,8};|#[xX][0-9a-fA-F]{1,8};|[a-zA-Z_][\w.-]{0,40};)")
_BARE_LESS = re.compile(r"<(?![a-zA-Z_/!?])")
_KEPT = re.compile("\ue000([0-9]+)\ue001")
_PERSON = re.compile(
    r"(?i)<(/?)(?:((?:[\w.-]{1,30}:)?(?:author|creator|managingeditor|webmaster|publisher|owner))"
    r"|(?:[a-z]{1,10}:)?(?:item|entry))(?=[\s>/])"
)
_WORD = re.compile(r"[\w.+-]++")
_LABEL = re.compile(r"(?i)<(/?)(?:(?:[\w.-]{1,30}:)?(category|subject|tags|keywords)|item|entry)(?=[\s/>])")


def limited(text: str, url: str) -> str:
    """The feed from its root element on, within the limits.

    :raises FeedError: when it is nested too deep, or a name in it does not end.
    """
    text, kept = _without_cdata(re.sub("[\ue000\ue001]", "", text))
    # One bare "&" sends a whole feed to the tolerant parser, and many of them keep that one busy for minutes.
    text = fewer_attributes(_BARE_AND.sub("&amp;", _BARE_LESS.sub("&lt;", text)))
    text = _fewer_labels(_without_endless_names(_fewer_items(text), kept, url))
    if deeper_than(text, DEEPEST, self_closing=True):
        raise FeedError(
            f"The feed {shown(url)} nests its elements more than {DEEPEST} deep; it was not read.",
            "Ask who runs the site to repair the feed.",
        )
    return _restored(text, kept)


def _without_cdata(text: str) -> tuple[str, list[str]]:
    """The text with two characters of private use for each CDATA section, and the sections: what looks like a
    tag in them is none."""
    kept: list[str] = []
    parts: list[str] = []
    at = 0
    while (start := text.find("<![CDATA[", at)) >= 0:
        parts += text[at:start], f"\ue000{len(kept)}\ue001"
        end = text.find("]]>", start)
        at = end + 3 if end >= 0 else len(text)
        kept.append(text[start:at] if end >= 0 else text[start:] + "]]>")
    return "".join((*parts, text[at:])), kept


def _restored(text: str, kept: list[str]) -> str:
    return _KEPT.sub(lambda match: kept[int(match[1])], text)


def _fewer_items(text: str) -> str:
    starts = [match.start() for match in ITEM.finditer(text)]
    if len(starts) <= MOST_ITEMS:
        return text
    half = MOST_ITEMS // 2
    return text[: starts[half]] + text[starts[-half] :]


def _without_endless_names(text: str, kept: list[str], url: str) -> str:
    """Elements of people with one endless word are emptied, and one inside another is renamed: feedparser
    joins what stands around the inner one."""
    parts: list[str] = []
    done = begun = 0
    name = ""
    for tag in [*_PERSON.finditer(text), None]:
        person = (tag[2] or "").lower() if tag else ""
        if tag and name and person and not (tag[1] and person == name):
            parts += text[done : tag.start()], f"<{tag[1]}other-person"
            done = tag.end()
            continue
        if name and _is_endless(text[begun : tag.start() if tag else len(text)], kept):
            if not person:
                raise FeedError(
                    f"The feed {shown(url)} has an author's name that does not end; it was not read.",
                    "Ask who runs the site to repair the feed.",
                )
            parts += text[done:begun], ">"
            done = tag.start() if tag else len(text)
        name = "" if tag is None or tag[1] else person
        begun = tag.end() if tag else len(text)
    return "".join((*parts, text[done:]))


def _is_endless(inner: str, kept: list[str]) -> bool:
    """Whether feedparser would join it to a word without end; an entity of the feed's own may be any
    letters."""
    if len(inner) < LONGEST_WORD and "\ue000" not in inner:
        return False
    bare = re.sub(r"<!\[CDATA\[|\]\]>|<[^<>]*>", "", _restored(inner, kept))
    try:
        plain = re.sub(r"&[\w.:-]++;", "entity", html.unescape(bare))
    except ValueError:  # a number of more digits than Python reads
        return True
    return any(match.end() - match.start() >= LONGEST_WORD for match in _WORD.finditer(plain))


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
