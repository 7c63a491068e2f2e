"""The names of a post: its guid, its link, and what is left of both when a blog moves."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from pipeline.feeds import Entry

_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|cmpid|ncid|at_\w+|xtor"
)
_SINCE_RSS = re.compile(r"rss\b")
"""Medium and Substack say ?source=rss-… and ?ref=rss in the links of their feeds."""

_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?(?=[/?#])", re.IGNORECASE)
_FILE = re.compile(r"(?:/(?:index|default))?\.(?:html?|php|aspx?|jsp)$")
_GENERIC = frozenset(
    (
        "archive",
        "article",
        "articles",
        "blog",
        "default",
        "entry",
        "feed",
        "home",
        "index",
        "news",
        "page",
        "post",
        "posts",
        "rss",
        "story",
    )
)
"""Last parts of an address that say nothing about the page."""

LONGEST = 600
"""Characters of a name that are kept as they are; PostgreSQL indexes at most 2,704 bytes of a row."""

LONG_GUID = 16
"""Characters from which on a guid is taken to be unique in the world."""


class Key(NamedTuple):
    kind: str
    value: str


class Keys(NamedTuple):
    """The names of one entry. ``title`` (with the link) is what is left where neither guid nor link tells
    posts apart."""

    guid: Key | None
    link: Key | None
    title: Key

    def all(self) -> list[Key]:
        return [key for key in self if key]


def keys(entry: Entry, feed: int) -> Keys:
    """The names under which an entry of a feed may be known already."""
    link = canonical(entry.link) if entry.link else ""
    return Keys(
        guid=Key("guid", _bounded(_guid(entry.guid, link or str(feed)))) if entry.guid else None,
        link=Key("link", _bounded(link)) if link else None,
        title=Key("title", _hash(f"{link}\n{' '.join(entry.title.casefold().split())}")),
    )


def canonical(address: str) -> str:
    """A web address without what may change while the page stays: scheme, www, tracking, a last slash."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
    except ValueError:  # no address at all, but a name still
        return address
    host = (parts.hostname or "").removeprefix("www.")
    path = quote(unquote(parts.path), safe="/~!$&'()*+,;=:@").rstrip("/")
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name.lower())
        and not (name.lower() in ("source", "ref") and _SINCE_RSS.match(value))
    )
    # A fragment can be all that tells posts of a one-page blog apart.
    fragment = "" if _TRACKING.match(parts.fragment.lower()) else parts.fragment
    return (
        host + port + path + (f"?{urlencode(query)}" if query else "") + (f"#{fragment}" if fragment else "")
    )


def is_weak(guid: str) -> bool:
    """Whether a guid's name is unique on its own blog only, such as "17": another platform counts anew."""
    return " " in guid and len(guid.rpartition(" ")[2]) < LONG_GUID


def path(name: str) -> str:
    """A canonical address without its host and the ending of its file; empty for a home page, and for a name
    that is no address."""
    host = _HOST.match(name)
    if host is None or not re.search(r"[.:]|^localhost$", host[0]):
        return ""
    where, question, query = name[host.end() :].casefold().partition("?")
    return _FILE.sub("", where) + question + query


def slug(of: str) -> str:
    """The last part of a ``path``, where it is words that can belong to one page only; else empty."""
    last = of.partition("?")[0].partition("#")[0].rpartition("/")[2]
    words = unquote(last)
    if "?" in of or words in _GENERIC or not re.search(r"[^\W\d_]", words):
        return ""
    return words if len(words) >= 5 else ""


def _guid(guid: str, link: str) -> str:
    guid = guid.strip()
    if re.match(r"https?://", guid):
        return canonical(guid)
    if len(guid) >= LONG_GUID or guid.startswith(("tag:", "urn:")):
        return guid
    # "17" is unique on its own blog only; the blog is its host, or without a link the feed.
    return f"{link.partition('/')[0]} {guid}"


def _bounded(name: str) -> str:
    return name if len(name) <= LONGEST else f"hash:{_hash(name)}"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
