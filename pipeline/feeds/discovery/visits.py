"""Addresses asked one after another, within one limit of time and number, and what each answered."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pipeline.core.errors import FeedError, RapportError
from pipeline.core.private_networks import is_outside
from pipeline.feeds.discovery import Outline, Page
from pipeline.feeds.discovery.examine import examine
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.fetching.attempt import FetchRequest
from pipeline.feeds.fetching.http import get

MOST_REQUESTS = 32
TOTAL_SECONDS = 90.0
"""For all of them together."""
ONE_SECONDS, STEP_SECONDS = 15.0, 8.0
MOST_BYTES = 6_000_000
"""A page of Wix has three, most of it script; a feed with a hundred whole posts one."""

_ACCEPT = "text/html, application/rss+xml, application/atom+xml, application/feed+json, */*;q=0.5"


@dataclass
class Visits:
    """Keeps what each address said, so that none is asked twice. ``tried`` has a line for each, in order."""

    deadline: float = field(default_factory=lambda: time.monotonic() + TOTAL_SECONDS)
    tried: list[str] = field(default_factory=list)
    _known: dict[str, Page | Outline | None] = field(default_factory=dict)

    def see(self, url: str, *, named_by: str | None = None) -> Page | Outline | None:
        """What is at an address; None when it answers with neither page nor feed, or no request is left.

        ``named_by`` is the address of the page that names it: what a page of the public net names must be
        there, too. Who typed an address may reach their own network. Raises nothing.
        """
        if url not in self._known:
            self._known[url] = self._see(url, named_by)
        return self._known[url]

    def feed(self, url: str, *, named_by: str) -> Outline | None:
        """The feed at an address; None when something else is there."""
        found = self.see(url, named_by=named_by)
        return found if isinstance(found, Outline) else None

    def page(self, url: str, *, named_by: str) -> Page | None:
        """The page at an address; None when something else is there."""
        found = self.see(url, named_by=named_by)
        return found if isinstance(found, Page) else None

    def _see(self, url: str, named_by: str | None) -> Page | Outline | None:
        if len(self.tried) >= MOST_REQUESTS or time.monotonic() >= self.deadline:
            return None
        request = FetchRequest(
            noun="address",
            error=FeedError,
            remedies={},
            accept=_ACCEPT,
            step_seconds=STEP_SECONDS,
            total_seconds=ONE_SECONDS,
            most_bytes=MOST_BYTES,
            attempts=1,
            outside=named_by is not None and is_outside(named_by),
        )
        try:
            fetched = get(request, url, deadline=self.deadline)
            found = examine(fetched.body or b"", url=fetched.url, content_type=fetched.content_type)
        except RapportError as error:  # also what a page can do to who reads it
            self.tried.append(error.message)
            return None
        said = "a web page" if isinstance(found, Page) else f"a feed of {found.posts} posts"
        self.tried.append(f"{shown(url)} is {said}.")
        return found
