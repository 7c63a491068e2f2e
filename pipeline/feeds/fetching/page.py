"""The answer was a web page, not a feed: the most common mistake in a configuration."""

from __future__ import annotations

import re

from pipeline.core.errors import FeedError
from pipeline.feeds.cleaning import markup
from pipeline.feeds.fetching.address import absolute, shown
from pipeline.feeds.parsing.repair import head

_ROOT = re.compile(r"(?i)<(?:html|head|body|title|meta)[\s>]")
# A whole feed inside an HTML document exists in the wild, and feedparser reads it.
_FEED = re.compile(rb"(?i)<(?:[a-z]{1,10}:)?(?:rss|feed|rdf)[\s>]")
_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")


class PageError(FeedError):
    """``body`` is the page."""

    def __init__(self, message: str, remedy: str, body: bytes = b"") -> None:
        super().__init__(message, remedy)
        self.body = body


def page_error(body: bytes, url: str) -> PageError | None:
    """An error that says so, if the body is a web page; its remedy names the feed the page points to."""
    opening = body[:20_000].decode("latin-1").lstrip("\xef\xbb\xbf \t\r\n")
    start, doctype = head(opening)
    is_page = doctype[9:].lstrip()[:4].lower() == "html" or _ROOT.match(opening, start)
    if not is_page or _FEED.search(body):
        return None
    feed = _alternate(body, url)
    remedy = (
        f"The page names its feed: put {shown(feed)} into [[feeds]] url."
        if feed
        else "Put the address of the feed itself into [[feeds]] url; on Squarespace add ?format=rss to the "
        "blog's address, on WordPress /feed/."
    )
    return PageError(f"{shown(url)} is a web page, not a feed.", remedy, body)


def _alternate(body: bytes, url: str) -> str | None:
    # The head is enough: what names a feed further down is somebody's widget.
    for link in markup.tags(body[:200_000].decode("utf-8", "replace"), "link"):
        kind = link.get("type", "").lower().partition(";")[0].strip()
        if "alternate" in link.get("rel", "").lower().split() and kind in _TYPES:
            found = absolute(link.get("href", ""), url)
            if found and "/comments/" not in found:
                return found
    return None
