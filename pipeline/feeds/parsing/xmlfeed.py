"""RSS, Atom and RDF, through feedparser."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.core.errors import FeedError
from pipeline.feeds.cleaning.images import FeedImage
from pipeline.feeds.fetching.address import absolute, shown
from pipeline.feeds.parsing import dates
from pipeline.feeds.parsing.limits import MOST_ENTRIES, MOST_ITEMS
from pipeline.feeds.parsing.raw import Raw
from pipeline.feeds.parsing.repair import items, looks_like_feed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.feeds.parsing.dates import Date

LONGEST_HEAD = 20_000
"""Characters before the first item that are read again with each item, where that must be."""
_SOUND = (".mp3", ".m4a", ".ogg", ".opus")


def read(text: str, url: str) -> tuple[str, list[Raw], bool, int]:
    """The blog's address, its items, whether these are all there are, and how many could not be read.

    :raises FeedError: when it is no feed.
    """
    feed, found, sound, unread = _entries(text)
    if not found and not looks_like_feed(text):
        raise FeedError(
            f"{shown(url)} is not a feed that can be read.",
            "Check [[feeds]] url: it must name an RSS, Atom or JSON feed.",
        )
    names = _names(feed)
    raws = []
    for one in found:
        try:
            raws.append(_raw(one, names))
        except Exception:  # what feedparser makes of a stranger's entry may be anything
            unread += 1
    site = absolute(_text(feed, "link"), url) or url
    return site, raws, sound and not unread and len(raws) < MOST_ITEMS, unread


def about(text: str) -> dict[str, Any]:
    """What a feed says of itself above its items, as feedparser has it."""
    parsed = _parsed(items(text)[0])
    return dict(parsed.feed) if parsed is not None else {}


def _entries(text: str) -> tuple[dict[str, Any], list[dict[str, Any]], bool, int]:
    """Feed and entries as feedparser has them, whether that is well-formed XML, and how many entries it
    cannot take: item by item if it cannot take them together."""
    if (whole := _parsed(text)) is not None:
        return whole.feed, whole.entries, not whole.bozo, 0
    head, parts = items(text)
    feed = _parsed(head)
    before = head if len(head) <= LONGEST_HEAD else ""
    found: list[dict[str, Any]] = []
    unread = 0
    for part in parts[:MOST_ENTRIES]:
        if (parsed := _parsed(before + part)) is None:
            unread += 1
        else:
            found += parsed.entries[:1]
    return feed.feed if feed is not None else {}, found, False, unread


def _parsed(text: str) -> Any:
    """feedparser's result; None where it failed itself: on hostile input it raises what it never documented
    (AssertionError of its SGML parser, ValueError, RecursionError).

    No address is passed to it: it would resolve relative links against the feed's, and they stand to the
    blog's. Nor does it touch the HTML: all of that becomes plain text here.
    """
    import feedparser

    try:
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except Exception:
        return None


def _raw(found: dict[str, Any], feed_names: tuple[str, ...]) -> Raw:
    contents = [one for one in found.get("content") or () if isinstance(one, dict)]
    bases = [
        one.get("base") for one in (*contents, found.get("summary_detail") or {}) if isinstance(one, dict)
    ]
    return Raw(
        guid=_text(found, "id") or None,
        links=tuple(_links(found)),
        title=_html(found.get("title_detail"), _text(found, "title")),
        published=_date(found),
        authors=_names(found) or feed_names,
        categories=tuple(_categories(found)),
        summary=_html(found.get("summary_detail"), _text(found, "summary")),
        contents=tuple(_html(one, str(one.get("value") or "")) for one in contents),
        pictures=tuple(_pictures(found)),
        thumbnails=tuple(_thumbnails(found)),
        base=next((base for base in bases if base), ""),
        to_hear=_is_to_hear(found),
    )


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key) if key in holder else None
    return value if isinstance(value, str) else ""


def _html(detail: object, value: str) -> str:
    """Atom says what is plain text: there "<" is no tag. RSS does not, so feedparser's guess stands there."""
    if isinstance(detail, dict) and detail.get("type") == "text/plain":
        return html.escape(value, quote=False).replace("\n\n", "<br><br>")
    return value


def _links(found: dict[str, Any]) -> Iterable[str]:
    # FeedBurner's own addresses count clicks, and many are dead by now.
    yield _text(found, "feedburner_origlink")
    links = [one for one in found.get("links") or () if isinstance(one, dict)]
    alternate = [one for one in links if one.get("rel", "alternate") == "alternate"]
    written = [str(one.get("href") or "") for one in alternate]
    # feedparser copies the guid into link when there is none, be it "tag:…" or a bare number.
    link, guid = _text(found, "link"), _text(found, "id")
    if link != guid or link in written:
        yield link
    pages = [one for one in alternate if "html" in str(one.get("type", "html"))]
    yield from (str(one.get("href") or "") for one in (*pages, *alternate))
    if found.get("guidislink") is not False and guid.startswith(("http://", "https://")):
        yield guid


def _date(found: dict[str, Any]) -> Date | None:
    # dc:date is feedparser's "updated" too.
    for key in ("published", "updated", "created"):
        if f"{key}_parsed" in found or key in found:
            text = _text(found, key)
            if dates.is_unset(text):
                continue
            # feedparser takes a Unix time for year, month and day, and knows few zones by name.
            written = dates.read(text) or dates.parsed(found.get(f"{key}_parsed"))
            if written is not None:
                return written
    return None


def _names(holder: dict[str, Any]) -> tuple[str, ...]:
    people = [one for one in holder.get("authors") or () if isinstance(one, dict)]
    names = [str(one.get("name") or "") for one in people]
    author = _text(holder, "author")
    # feedparser takes the top-level domain to have four letters: "jane@a.online (Jane)" is "ne (Jane" to it.
    if len(names) < 2 and "@" in author:
        names = [author]
    names = [name for name in names if name.strip()] or [author]
    return tuple(name for name in names if name.strip())


def _categories(found: dict[str, Any]) -> Iterable[str]:
    for tag in found.get("tags") or ():
        if isinstance(tag, dict):
            yield str(tag.get("label") or tag.get("term") or "")


def _pictures(found: dict[str, Any]) -> Iterable[FeedImage]:
    """Media RSS first, widest first; then a cover given as enclosure (Wix, Substack)."""
    media = [one for one in found.get("media_content") or () if isinstance(one, dict) and _is_image(one)]
    yield from sorted(map(_picture, media), key=lambda picture: -(picture.width or 0))
    for one in found.get("enclosures") or ():
        if isinstance(one, dict) and str(one.get("type") or "").startswith("image/"):
            yield FeedImage(str(one.get("href") or ""))


def _is_to_hear(found: dict[str, Any]) -> bool:
    return any(
        str(one.get("type") or "").startswith("audio/")
        or one.get("medium") == "audio"
        or urlsplit(str(one.get("href") or one.get("url") or "")[:2_000]).path.endswith(_SOUND)
        for key in ("enclosures", "media_content")
        for one in found.get(key) or ()
        if isinstance(one, dict)
    )


def _thumbnails(found: dict[str, Any]) -> Iterable[FeedImage]:
    for one in found.get("media_thumbnail") or ():
        if isinstance(one, dict):
            yield _picture(one)
    cover = found.get("image")
    if isinstance(cover, dict):
        yield FeedImage(str(cover.get("href") or ""))


def _is_image(media: dict[str, Any]) -> bool:
    kind = str(media.get("type") or "")
    return kind.startswith("image/") or (not kind and media.get("medium") in (None, "", "image"))


def _picture(media: dict[str, Any]) -> FeedImage:
    sizes = [str(media.get(key) or "") for key in ("width", "height")]
    width, height = (int(size) if size.isdecimal() and len(size) < 7 else None for size in sizes)
    return FeedImage(str(media.get("url") or ""), width=width, height=height)
