"""Where a blog may be: the addresses that somebody's words stand for, and where platforms have feeds."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from pipeline.core.errors import UsageError
from pipeline.core.finding import quoted
from pipeline.feeds.fetching.address import web

AT_THE_ROOT = (
    "/feed/",  # WordPress, Substack, Medium under a domain of one's own
    "/blog?format=rss",  # Squarespace
    "/rss/",  # Ghost
    "/blog-feed.xml",  # Wix
    "/feed.xml",  # Jekyll
    "/index.xml",  # Hugo
    "/feeds/posts/default",  # Blogger
    "/blog/rss.xml",  # Webflow: of a collection named blog
    "/rss.xml",
    "/atom.xml",
    "/feed.json",
    "/blog/feed/",
    "/blog/index.xml",
    "/blog/feed.xml",
)
UNDER_A_PAGE = (
    "?format=rss",  # Squarespace: of the page that is the blog
    "/feed/",  # WordPress: of a category, or a blog in a folder
    "/rss.xml",  # Webflow: of a collection
    "/index.xml",  # Hugo: of a section
    "/rss/",  # Ghost in a folder
    "/feed.xml",
)
OF_PLATFORMS = (
    "wordpress.com", "substack.com", "medium.com", "ghost.io", "wixsite.com", "squarespace.com", "webflow.io",
    "blogspot.com", "github.io", "netlify.app", "typepad.com", "tumblr.com",
)  # fmt: skip

_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*://")


def typed(words: str) -> list[str]:
    """The addresses that somebody may mean by what they typed, the likeliest first.

    A bare host is asked by https, then by http, then with www before it; on this machine and behind a port of
    its own by http first. Raises UsageError for what is no web address.
    """
    words = re.sub(r"(?i)^feed:(?://)?", "", words.strip())  # as feed readers were once called
    if words.startswith("//"):
        words = words[2:]
    schemes = [""] if _SCHEME.match(words) else ["https://", "http://"]
    if schemes[0] and _speaks_http_first(words):
        schemes.reverse()
    found = [address for scheme in schemes if (address := web(scheme + words))]
    host = (urlsplit(found[0]).hostname if found else None) or ""
    # A name before an @ is no part of a blog's address: it is a mail address, or a password.
    if "@" in re.split(r"[/?#]", _SCHEME.sub("", words), maxsplit=1)[0] or not (
        "." in host.strip(".") or ":" in host or host == "localhost"
    ):
        raise UsageError(
            f"“{quoted(words)}” is no web address.",
            "Give the blog's address as a browser shows it, such as willowstreet.example or "
            "https://willowstreet.example/blog.",
        )
    if schemes[0] and host.count(".") == 1 and host[-1].isalpha() and ":" not in words:
        found.append(f"https://www.{words}")  # some have the name without www, but nothing there
    return found


def _speaks_http_first(words: str) -> bool:
    authority = re.split(r"[/?#]", words, maxsplit=1)[0]
    host, _, port = authority.rpartition(":") if re.search(r":\d+$", authority) else (authority, "", "")
    try:
        private = not ip_address(host.strip("[]")).is_global
    except ValueError:
        private = host == "localhost"
    return private or port not in ("", "443")


def root(url: str) -> str:
    """The home page of an address's host."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/", "", ""))


def is_root(url: str) -> bool:
    return urlsplit(url).path in ("", "/")


def host_of(url: str) -> str:
    """The host of an address, without www."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def mail_domain(url: str) -> str:
    """The domain that the owner of a site's address may have mail at; empty for a number, and for a host of
    a platform's where each blog has a name before it."""
    host = host_of(url)
    if "." not in host or not host.rpartition(".")[2].isalpha() or host.endswith(OF_PLATFORMS):
        return ""
    return host.removeprefix("blog.")


def under(url: str) -> list[str]:
    """Where a platform has the feed of a page that is no home page."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if host_of(url) == "medium.com":
        return [urlunsplit((parts.scheme, parts.netloc, f"/feed{path}", "", ""))]
    made = []
    for ending in UNDER_A_PAGE:
        query, at = (ending[1:], path) if ending.startswith("?") else ("", path + ending)
        made.append(urlunsplit((parts.scheme, parts.netloc, at, query, "")))
    return made


def at_the_root(url: str) -> list[str]:
    """Where platforms have the feed of a whole site."""
    home = root(url).removesuffix("/")
    return [home + place for place in AT_THE_ROOT]
