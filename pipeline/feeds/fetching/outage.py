"""A feed that could be read until now, and does not come: an outage, as a rule, and no wrong address.

Sites answer 200 with a page while they are maintained, or while they check whether we are a robot. So what
was a feed for months is not told to be "a web page, not a feed"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.errors import FeedError
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.fetching.page import PageError
from subscribers import times

if TYPE_CHECKING:
    from datetime import datetime

_FEED = re.compile(rb"<(?:[a-zA-Z]{1,10}:)?(?:rss|feed|RDF|rdf)[\s>]|jsonfeed\.org/version")
_CHECKS = re.compile(
    rb"(?i)just a moment|one moment, please|checking your browser|cf-chl|captcha|attention required|"
    rb"ddos-guard|you are being redirected|_incapsula_|awswaf|_pxappid|"
    rb"access (?:denied|to this page has been denied)|"
    rb"verify(?:ing)? (?:that )?you are (?:a )?human|bot protection|anubis"
)
"""Cloudflare, Sucuri, DDoS-Guard, Imunify360, Imperva, AWS, HUMAN, Anubis."""


def explained(error: FeedError, url: str, *, since: datetime | None, body: bytes | None = None) -> FeedError:
    """What an error means for a feed that was last read at ``since`` (None: never, and the error stands).

    ``body`` is what was to be parsed; an error about a feed's own content stands too.
    """
    page = isinstance(error, PageError)
    if since is None or not (page or (body is not None and not _FEED.search(body))):
        return error
    body = error.body if isinstance(error, PageError) else body or b""
    if _CHECKS.search(body[:100_000]):
        return FeedError(
            f"{shown(url)} answers with a page that checks for robots instead of the feed, which "
            f"could be read until {times.day(since)}.",
            "It is tried again at the next pull. If it stays so, ask the site's host to let the "
            "agent 'Rapport' "
            "read the feed.",
        )
    return FeedError(
        f"{shown(url)} answers with something else than the feed, which could be read until "
        f"{times.day(since)}: a page about maintenance, perhaps.",
        "It is tried again at the next pull. If it stays so, open the address in a browser; if the blog has "
        "moved, put its new address into [[feeds]] url.",
    )


def empty(url: str, before: int) -> FeedError:
    """A feed that listed posts and now lists none: a fault of the site, unless its owner took all of them
    down."""
    return FeedError(
        f"The feed {shown(url)} is empty, though it had {before} post{'s' * (before > 1)} when it was "
        f"last read.",
        "Nothing of it is taken for withdrawn, and no due time is given up for it. See what the blog "
        "shows in a "
        "browser; if it has really no posts any more, take its feed out of [[feeds]].",
    )
