"""What a feed says of itself. Runs in a process of its own: see parsing/sandbox.py."""

from __future__ import annotations

import json

from pipeline.feeds.cleaning import clean
from pipeline.feeds.cleaning.text import cut, one_line
from pipeline.feeds.discovery import Outline
from pipeline.feeds.fetching.address import absolute
from pipeline.feeds.parsing import jsonfeed, xmlfeed
from pipeline.feeds.parsing.encoding import decode
from pipeline.feeds.parsing.repair import repair

MOST_TITLES = 50
LONGEST_TEXT = 200


def outline(body: bytes, *, url: str, content_type: str = "") -> Outline:
    """The outline of an RSS, Atom or JSON feed. Raises FeedError as parse() does."""
    text = decode(body, content_type)
    if jsonfeed.is_json(text):
        site, found, _ = jsonfeed.read(text, url)
        feed = json.loads(text)
        feed = feed if isinstance(feed, dict) else {}
    else:
        text = repair(text, url)
        site, found, _, _ = xmlfeed.read(text, url)
        feed = xmlfeed.about(text)
    dates = sorted((one.published.at.isoformat() for one in found if one.published), reverse=True)
    return Outline(
        url=url,
        title=_line(feed.get("title")),
        site=absolute(site, url) or "",
        language=_line(feed.get("language"))[:40],
        posts=len(found),
        to_hear=sum(one.to_hear for one in found),
        dates=tuple(dates),
        titles=tuple(clean.line(one.title[:2_000]) for one in found[:MOST_TITLES]),
    )


def _line(value: object) -> str:
    return cut(one_line(clean.line(value[:2_000])), LONGEST_TEXT) if isinstance(value, str) else ""
