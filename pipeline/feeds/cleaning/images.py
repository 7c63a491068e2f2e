"""The pictures that may stand for a post, best first, and what they show.

What a feed says of a picture may be wrong, and a file's name says nothing ("beacon-hill-office.jpg"). So only
what is declared to be small, or is known to count readers, is passed over here. Several are kept: once they
are fetched, their size decides.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.feeds import PostImage
from pipeline.feeds.cleaning import markup
from pipeline.feeds.cleaning.clean import line
from pipeline.feeds.cleaning.late import NARROW, addresses, filled
from pipeline.feeds.cleaning.text import cut
from pipeline.feeds.fetching.address import absolute, at_home

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


MOST = 6
"""Pictures of a post that are kept."""
LONGEST_ALT = 250
"""Characters. Longer ones are captions or whole paragraphs; screen readers read them out in one go."""
SMALLEST = 48
"""Pixels. Below it is an icon, an emoji or a pixel."""
_MOST_TAGS = 200
_LONGEST_ATTRIBUTE = 2_500


@dataclass(frozen=True, slots=True)
class FeedImage:
    """An image that a feed names beside the text. ``width`` and ``height`` in pixels, None when not told."""

    address: str
    alt: str = ""
    width: int | None = None
    height: int | None = None


# Services that count readers, show who wrote, or decorate; by their own names, and whatever the size.
_NEVER = re.compile(
    r"(?i)^https?://(?:[\w-]{1,63}\.){0,6}(?:"
    r"pixel\.wp\.com|stats\.wordpress\.com|feeds\.wordpress\.com|gravatar\.com|doubleclick\.net|feedsportal\.com|"
    r"googleadservices\.com|google-analytics\.com|googletagmanager\.com|scorecardresearch\.com|quantserve\.com|"
    r"pheedo\.com|facebook\.com/tr\b|s\.w\.org/images/core/emoji|abs\.twimg\.com/emoji|"
    r"blogger\.googleusercontent\.com/tracker|assets\.feedblitz\.com|medium\.com/_/stat|addtoany\.com|addthis\.com|"
    r"px\.ads\.linkedin\.com|t\.co/i/adsct|analytics\.twitter\.com|bat\.bing\.com|ct\.pinterest\.com|"
    r"open\.substack\.com|eotrx\.substackcdn\.com|statcounter\.com|hits\.seeyoufarm\.com|"
    r"shields\.io|badge\.fury\.io|feeds\d?\.feedburner\.com/~r|feedproxy\.google\.com/~r"
    r")(?:[/?:]|$)|^https?://[^/]{1,255}/~(?:r|ff|4|f|a)/|/wp-includes/images/"
)
# What only decorates, where no size tells otherwise: lazy loading's placeholders, emoji, share icons.
_DECORATES = re.compile(
    r"(?i)/(?:spacer|blank|transparent|clear|pixel|1x1|placeholder|loading|lazy)\.(?:gif|png|svg|webp)$|"
    r"/(?:favicon|apple-touch-icon)[\w-]*\.|"
    r"/(?:smil(?:ey|ie)s?|emojis?|emoticons?|icons?|favicons?)/|"
    r"/(?:share|social|rss|facebook|twitter|pinterest|linkedin|instagram|whatsapp|email)[_-]"
    r"(?:icon|logo|button|badge|share)s?\b"
)
_BESIDE = re.compile(r"(?i)(?:^|[/_.-])(?:logo|avatars?|favicon|icon|gravatar|badge)(?:$|[/_.-])")
# A whole class, the end of one ("author-avatar"), or one with a size or "img" behind it ("avatar-80").
_CLASSES = re.compile(
    r"(?i)(?:^|[\s_-])(?:smiley|emoji|avatar|icon|share|social|sharing|pixel|tracking|spacer|badge|feedflare)"
    r"(?:[_-](?:\d{1,4}|img|image|icon|button|link)s?)?(?:$|\s)"
)
_OTHER_MEDIA = re.compile(r"(?i)\.(?:mp3|m4a|mp4|m4v|mov|ogg|wav|pdf|html?|php|aspx?|zip|docx?|ico|heic)$")
_IMG = re.compile(r"(?i)<(?:img|amp-img|video)[\s/]")
_HIDDEN = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$|!)")
_FILE_NAME = re.compile(
    r"(?i)[\w%+.() -]{1,120}\.(?:jpe?g|png|gif|webp)|(?:img|dsc|image|screenshot)[_\s-]?\d*"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    url: str
    alt: str
    is_beside: bool
    """A logo, a portrait or a thumbnail, by its name or its declared size: better than none."""


def images(
    named: tuple[FeedImage, ...],
    sources: tuple[str, ...],
    thumbnails: tuple[FeedImage, ...],
    feed_url: str,
    *bases: str,
) -> tuple[PostImage, ...]:
    """The pictures of a post, at most MOST, best first.

    ``named``: what the feed names beside the text, best first; ``sources``: the post's HTML, best first;
    ``thumbnails``: what is better than none; ``bases``: what relative addresses are resolved against.
    """
    inside = [found for source in sources for found in _inside(source, feed_url, bases)]
    found = [
        *_named(named, inside, feed_url, bases),
        *inside,
        *_named(thumbnails, inside, feed_url, bases),
    ]
    found.sort(key=lambda candidate: candidate.is_beside)
    best: dict[str, PostImage] = {}
    for one in found:
        best.setdefault(one.url, PostImage(one.url, _alt(one.alt, one.url)))
    return tuple(best.values())[:MOST]


def lead_image(
    named: tuple[FeedImage, ...], sources: tuple[str, ...], feed_url: str, *bases: str
) -> tuple[str | None, str | None]:
    """Address and alt text of the best one."""
    for image in images(named, sources, (), feed_url, *bases):
        return image.url, image.alt
    return None, None


def _named(
    pictures: Iterable[FeedImage], inside: list[_Candidate], feed_url: str, bases: tuple[str, ...]
) -> Iterator[_Candidate]:
    for picture in pictures:
        sizes = [size for size in (picture.width, picture.height) if size is not None]
        if address := _usable(picture.address, sizes, feed_url, bases):
            # The same file in the text mostly has the better description.
            same = (other.alt for other in inside if _file(other.url) == _file(address))
            yield _Candidate(address, picture.alt or next(same, ""), _is_beside(address, sizes))


def _alt(text: str, address: str) -> str | None:
    plain = line(text)
    # Cameras and uploads name files: that is no description.
    if _FILE_NAME.fullmatch(plain) or plain == _file(address).rpartition(".")[0]:
        return None
    return cut(plain, LONGEST_ALT) or None


def _inside(source: str, feed_url: str, bases: tuple[str, ...]) -> Iterator[_Candidate]:
    source = source[: markup.LONGEST]
    if not _IMG.search(source):
        # Escaped twice, unless the post speaks of HTML.
        if "&lt;img" not in source or "<code" in source or "<pre" in source:
            return
        source = html.unescape(source)
    body = markup.parse(source)
    for node in body.css("img, amp-img, video[poster]")[:_MOST_TAGS] if body is not None else ():
        attributes = filled(node)
        sizes = _sizes(attributes)
        if "hidden" in node.attributes or _HIDDEN.search(attributes.get("style", "")[:500]):
            continue
        if _CLASSES.search(attributes.get("class", "")[:500]) and max(sizes, default=0) < NARROW:
            continue
        found = (_usable(one, sizes, feed_url, bases) for one in addresses(node, attributes))
        for address in list(dict.fromkeys(one for one in found if one))[:2]:
            yield _Candidate(address, attributes.get("alt", ""), _is_beside(address, sizes))


def _sizes(attributes: dict[str, str]) -> list[int]:
    """Those that are declared, in pixels."""
    style = attributes.get("style", "")[:500]
    written = [attributes.get("width", ""), attributes.get("height", "")]
    written += re.findall(r"(?i)(?:^|[;\s])(?:width|height)\s*:\s*(\d{1,6})(?:px|\s*;|\s*$)", style)
    return [size for one in written if (size := _pixels(one)) is not None]


def _usable(address: str, sizes: list[int], feed_url: str, bases: tuple[str, ...]) -> str | None:
    """The absolute address, unless it is declared too small, or known to be no picture."""
    if not address or min(sizes, default=SMALLEST) < SMALLEST or len(address) > _LONGEST_ATTRIBUTE:
        return None
    if address.lstrip()[:5].lower() == "data:":
        return None
    found = at_home(absolute(address, *bases), feed_url)
    if found is None or _NEVER.search(found):
        return None
    path = urlsplit(found).path
    if _OTHER_MEDIA.search(path) or (not sizes and _DECORATES.search(path)):
        return None
    return found


def _is_beside(address: str, sizes: list[int]) -> bool:
    if sizes:
        return max(sizes) < NARROW
    return _BESIDE.search(urlsplit(address).path) is not None


def _file(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2]


def _pixels(value: str) -> int | None:
    match = re.match(r"\s*(\d{1,6})(?:\.\d{1,9})?\s*(?:px)?\s*$", value[:40])
    return int(match[1]) if match else None
