"""A feed's bytes in, clean entries out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from pipeline.feeds import Document
from pipeline.feeds.fetching.address import at_home
from pipeline.feeds.fetching.page import page_error
from pipeline.feeds.parsing import jsonfeed, xmlfeed
from pipeline.feeds.parsing.encoding import decode
from pipeline.feeds.parsing.limits import MOST_ENTRIES
from pipeline.feeds.parsing.raw import entry
from pipeline.feeds.parsing.repair import repair

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pipeline.feeds import Entry
    from pipeline.feeds.parsing.raw import Raw


def parse(
    body: bytes,
    *,
    url: str,
    content_type: str = "",
    limit: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Document:
    """The entries of an RSS, Atom or JSON feed, in the feed's order; none when the feed is empty.

    ``url`` is where the body came from, ``content_type`` the header it came with; ``limit`` is held while an
    entry is read. A feed from the net is read in a process of its own: see sandbox.py.

    :raises FeedError: when it is no feed at all, or one that attacks its readers. An entry that cannot be
        read is counted; the others stand.
    """
    if page := page_error(body, url):
        raise page
    text = decode(body, content_type)
    if jsonfeed.is_json(text):
        (site, raws, sound), unread = jsonfeed.read(text, url), 0
    else:
        site, raws, sound, unread = xmlfeed.read(repair(text, url), url)
    home = at_home(site, url) or url
    kept = _newest(raws)
    entries: list[Entry] = []
    for raw in kept:
        # A stranger's data reaches corners that no test has reached: the entry is lost then, not the feed.
        try:
            with limit():
                one = entry(raw, url=url, site=home)
        except Exception:
            unread += 1
        else:
            entries += [one] if one else []
    return Document(tuple(entries), sound and len(entries) == len(kept), unread)


def _newest(raws: list[Raw]) -> list[Raw]:
    if len(raws) <= MOST_ENTRIES:
        return raws

    def age(at: int) -> tuple[bool, float]:
        published = raws[at].published
        return (published is None, -published.at.timestamp() if published else 0)

    return [raws[at] for at in sorted(sorted(range(len(raws)), key=age)[:MOST_ENTRIES])]
