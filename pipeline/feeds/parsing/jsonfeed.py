"""JSON Feed 1 and 1.1 (https://www.jsonfeed.org/version/1.1/), which feedparser does not read.

Any field may be of a wrong type or missing: then it counts as absent, and the others stand.
"""

from __future__ import annotations

import html
import json
from typing import Any

from pipeline.core.errors import FeedError
from pipeline.feeds.cleaning.images import FeedImage
from pipeline.feeds.fetching.address import absolute, shown
from pipeline.feeds.parsing import dates
from pipeline.feeds.parsing.raw import Raw

MOST_ITEMS = 1_000


def is_json(text: str) -> bool:
    """Whether a document is JSON, by its first character."""
    return text.lstrip("\ufeff \t\r\n").startswith(("{", "["))


def read(text: str, url: str) -> tuple[str, list[Raw], bool]:
    """The blog's address, its items, and whether these are all there are.

    :raises FeedError: when it is no JSON, or JSON of another kind.
    """
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_feed(url, "is JSON that cannot be read") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(feed, dict) or (
        "jsonfeed.org" not in _text(feed, "version") and not isinstance(items, list)
    ):
        raise _no_feed(url, "is JSON, but no JSON Feed")
    site = absolute(_text(feed, "home_page_url"), url) or absolute(_text(feed, "feed_url"), url) or url
    names = _authors(feed)
    listed = items if isinstance(items, list) else []
    every = [item for item in listed if isinstance(item, dict)]
    if len(every) > MOST_ITEMS:
        every = every[: MOST_ITEMS // 2] + every[-MOST_ITEMS // 2 :]
    return site, [_item(item, names) for item in every], len(every) == len(listed)


def _item(item: dict[str, Any], feed_authors: tuple[str, ...]) -> Raw:
    plain = html.escape(_text(item, "content_text"), quote=False).replace("\n", "<br>")
    summary = html.escape(_text(item, "summary"), quote=False)
    content = _text(item, "content_html") or plain
    addresses = [_text(item, "image"), _text(item, "banner_image")]
    addresses += [
        _text(one, "url")
        for one in _list(item, "attachments")
        if _text(one, "mime_type").startswith("image/")
    ]
    return Raw(
        guid=_identity(item.get("id")),
        # external_url is what a link post speaks of; the post's own page comes first.
        links=(_text(item, "url"), _text(item, "external_url"), _permanent(item.get("id"))),
        title=_text(item, "title"),
        published=dates.read(item.get("date_published")) or dates.read(item.get("date_modified")),
        authors=_authors(item) or feed_authors,
        categories=tuple(one for one in _list(item, "tags") if isinstance(one, str)),
        summary=summary,
        contents=(content,) if content else (),
        pictures=tuple(FeedImage(address) for address in addresses if address),
        to_hear=any(_text(one, "mime_type").startswith("audio/") for one in _list(item, "attachments")),
    )


def _text(holder: object, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""


def _list(holder: dict[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []


def _identity(value: object) -> str | None:
    """The specification wants a string, and numbers read as one ("id": 3)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _permanent(value: object) -> str:
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else ""


def _authors(holder: dict[str, Any]) -> tuple[str, ...]:
    """Version 1.1 has a list, version 1 had one object."""
    names = [_text(one, "name") for one in [*_list(holder, "authors"), holder.get("author")]]
    return tuple(name for name in names if name.strip())


def _no_feed(url: str, what: str) -> FeedError:
    return FeedError(f"{shown(url)} {what}.", "Check [[feeds]] url: it must name an RSS, Atom or JSON feed.")
