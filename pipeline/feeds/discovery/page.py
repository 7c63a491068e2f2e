"""What a web page says of itself. Runs in a process of its own: see parsing/sandbox.py."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from selectolax.lexbor import LexborHTMLParser

from pipeline.core.suggest.colour import colour_meant
from pipeline.feeds.cleaning.markup import tags, tamed
from pipeline.feeds.cleaning.text import cut, one_line
from pipeline.feeds.discovery import Link, Page
from pipeline.feeds.fetching.address import absolute
from pipeline.feeds.parsing.encoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

LONGEST = 3_000_000
"""Characters. The scripts of a Wix page take one million of them."""
MOST_FEEDS, MOST_LINKS, MOST_NAMES, MOST_LOGOS = 12, 500, 8, 4
LONGEST_TEXT = 200

_FEED_TYPES = (
    "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml",
    "application/json", "text/xml", "application/xml",
)  # fmt: skip
_CHARSET = re.compile(rb"(?i)<meta[^<>]{0,200}charset=[\"']?([A-Za-z0-9._-]{1,40})")
_ZONE = re.compile(
    r'(?i)"time_?zone(?:_?string|_?id|_?name)?"\s{0,2}:\s{0,2}"([a-z_]{2,20}\\?/[a-z_+/\\-]{2,40})"'
)
_BRAND = re.compile(r"(?i)--[\w-]{0,40}?(?:accent|primary|brand)[\w-]{0,30}\s{0,3}:\s{0,3}(#[0-9a-f]{3,6})\b")
_LOGO = re.compile(r"(?i)(?<![a-z])(?:site-?)?(?:logo|brand|branding)(?![a-z])")
_OF_OTHERS = re.compile(r"(?i)client|partner|insur|sponsor|payment|visa|paypal|association|member|footer")
_PRACTICE = re.compile(
    r"(?i)website|organization|business|clinic|medical|psycholog|physician|service|practice"
)


def page(body: bytes, *, url: str, content_type: str = "") -> Page:
    """What a page says. Raises nothing of its own: what it does not say is left empty."""
    if declared := _CHARSET.search(body[:4_000]):
        content_type = f"text/html; charset={declared[1].decode()}"
    text = decode(body, content_type)[:LONGEST]
    tree = LexborHTMLParser(tamed(text))
    base = tree.css_first("base[href]")
    bases = ((base.attributes.get("href") or "", url) if base else (url,))[::-1]
    at = _Resolver(bases)
    known = list(_structured(tree))
    found_links = tuple(_links(tree, at))
    return Page(
        url=url,
        title=_line(title.text()) if (title := tree.css_first("title")) else "",
        names=tuple(_distinct(_names(tree, known), MOST_NAMES)),
        languages=tuple(_distinct(_languages(tree, text), 3)),
        # In scripts a slash may be escaped.
        zones=tuple(_distinct((zone.replace("\\", "") for zone in _ZONE.findall(text)), 3)),
        feeds=tuple(_feeds(tree, at))[:MOST_FEEDS],
        logos=tuple(_distinct(filter(None, map(at, _logos(tree, known, at))), MOST_LOGOS)),
        colours=tuple(_distinct(_colours(tree), 6)),
        links=found_links,
        moved=_moved(tree, at, whole=not found_links),
        api=next(
            (
                found
                for link in tree.css('link[rel="https://api.w.org/"]')
                if (found := at(_of(link, "href")))
            ),
            "",
        ),
    )


_FEED_SCHEME = re.compile(r"(?i)^\s*feed:(?=//|https?:)")
"""As feed readers were once called: feed://host/path, feed:https://host/path."""


class _Resolver:
    """Makes an address of the page absolute; None where that gives no web address."""

    def __init__(self, bases: tuple[str, ...]) -> None:
        self._base = (absolute(bases[1], bases[0]) if len(bases) > 1 else None) or bases[0]

    def __call__(self, written: str) -> str | None:
        found = absolute(_FEED_SCHEME.sub("", written), self._base)
        # A host may hold what steers a terminal; no server has such a name.
        return found if found and found.isprintable() else None


def _of(node: LexborNode, attribute: str) -> str:
    return (node.attributes.get(attribute) or "").strip()


def _line(text: str) -> str:
    return cut(one_line(text[:2_000]), LONGEST_TEXT)


def _distinct(values: Iterable[str], most: int) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))[:most]


def _meta(tree: LexborHTMLParser, *names: str) -> Iterator[str]:
    metas = tree.css("meta[content]")[:200]
    for name in names:
        for meta in metas:
            if name in (_of(meta, "property").lower(), _of(meta, "name").lower()):
                yield _line(_of(meta, "content"))


def _structured(tree: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """The things that schema.org's JSON-LD describes, flat."""
    for script in tree.css('script[type="application/ld+json"]')[:10]:
        try:
            found = json.loads(script.text()[:200_000])
        except (ValueError, RecursionError):
            continue
        for one in (found if isinstance(found, list) else [found])[:20]:
            if isinstance(one, dict):
                graph = one.get("@graph")
                yield from (
                    [one, *[part for part in graph[:30] if isinstance(part, dict)]]
                    if isinstance(graph, list)
                    else [one]
                )


def _names(tree: LexborHTMLParser, known: list[dict[str, Any]]) -> Iterator[str]:
    yield from _meta(tree, "og:site_name", "application-name", "apple-mobile-web-app-title")
    for one in known:
        kinds = one.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if isinstance(one.get("name"), str) and any(
            isinstance(k, str) and _PRACTICE.search(k) for k in kinds
        ):
            yield _line(one["name"])


def _languages(tree: LexborHTMLParser, text: str) -> Iterator[str]:
    for root in islice(tags(text, "html"), 1):
        yield (root.get("lang") or root.get("xml:lang") or "").strip()[:40]
    for meta in tree.css("meta[http-equiv]")[:20]:
        if _of(meta, "http-equiv").lower() == "content-language":
            yield _of(meta, "content")[:40]
    yield from (name[:40] for name in _meta(tree, "og:locale", "language"))


def _feeds(tree: LexborHTMLParser, at: _Resolver) -> Iterator[Link]:
    seen = set()
    for link in tree.css("link[rel][href]")[:300]:
        rel = _of(link, "rel").lower().split()
        kind = _of(link, "type").lower().partition(";")[0].strip()
        language = _of(link, "hreflang")[:40]
        # Without a type it may be the same page in another language, or for telephones.
        plain = not kind and not language and not _of(link, "media")
        if not ("feed" in rel or "alternate" in rel) or not (kind in _FEED_TYPES or plain):
            continue
        address = at(_of(link, "href"))
        if address and address not in seen:
            seen.add(address)
            yield Link(address, _line(_of(link, "title")), language)


_REFRESH = re.compile(r"(?i)^\s{0,9}[0-5](?:\.\d)?\s{0,9}[;,]\s{0,9}url\s{0,9}=(.{1,2000})$")
_SCRIPT = re.compile(
    r"(?i)location(?:\.href)?\s{0,9}=\s{0,9}[\"']([^\"'<>]{1,2000})[\"']|location\.(?:replace|assign)"
    r"\(\s{0,9}[\"']([^\"'<>]{1,2000})[\"']"
)


def _moved(tree: LexborHTMLParser, at: _Resolver, *, whole: bool) -> str:
    for meta in tree.css("meta[http-equiv]")[:20]:
        if _of(meta, "http-equiv").lower() == "refresh" and (to := _REFRESH.match(_of(meta, "content"))):
            return at(to[1].strip(" \"'")) or ""
    for script in tree.css("script")[:10] if whole else ():
        if to := _SCRIPT.search(script.text()[:5_000]):
            return at(to[1] or to[2]) or ""
    return ""


def _logos(tree: LexborHTMLParser, known: list[dict[str, Any]], at: _Resolver) -> Iterator[str]:
    for image in tree.css("img")[:60]:
        written = " ".join(_of(image, name) for name in ("class", "id", "alt", "src", "itemprop"))
        parent = image.parent
        if parent is not None:
            written += f" {_of(parent, 'class')} {_of(parent, 'id')}"
            if parent.tag == "a" and at(_of(parent, "href")) == at("/"):
                written += " logo"  # what leads home
        if _LOGO.search(written[:2_000]) and not _OF_OTHERS.search(written[:2_000]):
            yield _source(image)
    for one in known:
        logo = one.get("logo")
        address = logo.get("url") if isinstance(logo, dict) else logo
        if isinstance(address, str):
            yield address[:2_000]
    yield from _meta(tree, "og:logo")


def _source(image: LexborNode) -> str:
    """Where a picture is; lazily loaded ones have nothing in src, or a blank picture."""
    several = _of(image, "srcset").partition(",")[0].partition(" ")[0]
    found = (_of(image, name) for name in ("data-src", "data-lazy-src", "src"))
    return next((one for one in found if one and not one.startswith("data:")), several)


def _colours(tree: LexborHTMLParser) -> Iterator[str]:
    written = [
        _of(meta, "content")
        for name in ("theme-color", "msapplication-tilecolor")
        for meta in tree.css("meta[content]")[:200]
        if _of(meta, "name").lower() == name and "dark" not in _of(meta, "media").lower()
    ]
    written += [_of(link, "color") for link in tree.css('link[rel="mask-icon"]')[:3]]
    for style in tree.css("style")[:20]:
        written += _BRAND.findall(style.text()[:200_000])[:10]
    for one in written:
        if meant := colour_meant(one[:40]):
            yield meant


def _links(tree: LexborHTMLParser, at: _Resolver) -> Iterator[Link]:
    for link in tree.css("a[href]")[:MOST_LINKS]:
        if address := at(_of(link, "href")):
            image = link.css_first("img[alt]")
            words = link.text() or _of(link, "aria-label") or _of(link, "title")
            yield Link(address, cut(one_line(words[:500]) or (_line(_of(image, "alt")) if image else ""), 80))
