"""A feed's address in, its bytes out: how long, how much and in which words, over feeds/http.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import FeedError
from pipeline.feeds.fetching.attempt import FetchRequest
from pipeline.feeds.fetching.http import get
from pipeline.feeds.fetching.page import page_error

if TYPE_CHECKING:
    from pipeline.feeds import Fetched

STEP_SECONDS = 20.0
TOTAL_SECONDS = 20.0
MOST_BYTES = 10_000_000
"""Feeds with 100 full posts stay under 1 MB."""
ATTEMPTS = 3

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
_REMEDIES: dict[int | str, str] = {
    401: "The feed wants a sign-in: make it public, or put an address with its key into [[feeds]] url.",
    403: "The site refuses Rapport: ask its host to let the agent 'Rapport' read the feed.",
    404: "Check [[feeds]] url, best by opening it in a browser.",
    410: "The feed is gone for good: take it out of [[feeds]] or put its new address there.",
    "status": "Open the address in a browser, and check [[feeds]] url.",
    "scheme": "Correct [[feeds]] url.",
    "host": (
        "Check the spelling of the host in [[feeds]] url; if it is right, see whether its domain has expired."
    ),
    "again": "Open it in a browser, and check [[feeds]] url; it is tried again at the next pull.",
    "wait": "It is tried again at the next pull; if this stays, raise `every` in [[feeds]].",
    "slow": "Ask the site's host why it is slow; it is tried again at the next pull.",
    "large": "Let the site put fewer posts into its feed.",
    "packed": "Let the site's host turn that compression off for the feed.",
    "certificate": "Tell who runs the site; a browser will show the same warning.",
    "private": "If the feed really lives there, put its own address into [[feeds]] url.",
    "circle": (
        "The site's redirects go in a circle: open the address in a browser, and tell who runs the site."
    ),
}


def fetch(
    url: str, *, etag: str | None = None, last_modified: str | None = None, deadline: float | None = None
) -> Fetched:
    """GET a feed, conditionally when validators of an earlier answer are given.

    ``deadline``, by the monotonic clock, is for who cannot wait TOTAL_SECONDS.

    :raises FeedError: for anything that ends without a feed's bytes; the message names the address without
        credentials. Passing faults have been tried again by then.
    """
    request = FetchRequest(
        "feed", FeedError, _REMEDIES, _ACCEPT, STEP_SECONDS, TOTAL_SECONDS, MOST_BYTES, ATTEMPTS
    )
    fetched = get(request, url, etag=etag, last_modified=last_modified, deadline=deadline)
    if fetched.body is not None and (page := page_error(fetched.body, fetched.url)):
        raise page
    return fetched
