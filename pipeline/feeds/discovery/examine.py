"""What a document that answered says of itself: a web page, or a feed."""

from __future__ import annotations

from typing import Any

from pipeline.feeds.discovery import Link, Outline, Page
from pipeline.feeds.parsing.sandbox import ask


def examine(body: bytes, *, url: str, content_type: str = "") -> Page | Outline:
    """The page or the outline of the feed. It is read in a process of its own.

    :raises FeedError: when it is neither, and when it cannot be read within the limits of a feed.
    """
    told = ask("examine", body, url=url, content_type=content_type)
    kind, values = (Page, told["page"]) if "page" in told else (Outline, told["outline"])
    return kind(**{name: _frozen(value) for name, value in values.items()})


def _frozen(value: Any) -> Any:
    """JSON's lists as the tuples they were."""
    if isinstance(value, list):
        return tuple(Link(**one) if isinstance(one, dict) else one for one in value)
    return value
