"""The picture that stands for a post, and what it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.feeds import markup
from pipeline.feeds.address import absolute, at_home
from pipeline.feeds.clean import line
from pipeline.feeds.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

LONGEST_ALT = 250
"""Characters. Longer ones are captions or whole paragraphs; screen readers read them out in one go."""
WIDEST = 1_600
"""Pixels. A srcset may go to 4,000, which is megabytes in an email."""
SMALLEST = 48
"""Pixels. Below it is an icon, an emoji or a pixel."""
_MOST_TAGS = 200


@dataclass(frozen=True, slots=True)
class FeedImage:
    """An image that a feed names beside the text. ``width`` and ``height`` in pixels, None when not told."""

    address: str
    alt: str = ""
    width: int | None = None
    height: int | None = None


# Hosts and paths of what counts readers, shows who wrote, or decorates.
_NEVER = re.compile(
    r"(?i)^https?://(?:[^/]*\.)?(?:"
    r"pixel\.wp\.com|stats\.wordpress\.com|feeds\.wordpress\.com|[^/]*gravatar\.com|[^/]*doubleclick\.net|"
    r"feedads\.[^/]*|feedsportal\.com|googleadservices\.com|google-analytics\.com|googletagmanager\.com|"
    r"scorecardresearch\.com|quantserve\.com|pheedo\.com|feedblitz\.com/[^?]*\.gif|facebook\.com/tr\b|"
    r"analytics\.[^/]+|pixel\.[^/]+|ads?\.[^/]+|beacon\.[^/]+|tracking\.[^/]+|"
    r"s\.w\.org/images/core/emoji|twemoji[^/]*|abs\.twimg\.com/emoji|blogger\.googleusercontent\.com/tracker|"
    r"paypal(?:objects)?\.com/[^?]*\.gif|assets\.feedblitz\.com|medium\.com/_/stat|addtoany\.com|addthis\.com"
    r")(?:[/?:]|$)|"
    r"[/_.?&-](?:stat\?event=|open\?token=|track(?:er|ing)?[/._-]?(?:pixel|open|\.gif|\.png)|1x1|pixel\.(?:gif|png)|"
    r"spacer|blank\.(?:gif|png)|transparent\.(?:gif|png)|clear\.gif|count(?:er)?\.(?:gif|php)|webbug|beacon)|"
    r"^https?://(?:feeds\d?\.feedburner\.com|feedproxy\.google\.com|[^/]+)/~(?:r|ff|4|f|a)/|/wp-includes/images/|"
    r"/(?:smil(?:ey|ies)|emoji|emoticons?|avatars?)/|[/_-](?:share|icon|btn|button|badge|avatar|favicon|smiley|emoji|"
    r"facebook|twitter|pinterest|linkedin|instagram|rss|email)[_-]?(?:icon|logo|share|button|badge|\d{1,3}(?:x\d{1,3})?)?"
    r"\.(?:png|gif|jpe?g|webp)|shields\.io/|badge\.fury"
)
_CLASSES = re.compile(
    r"(?i)(?:^|[\s_-])(?:wp-smiley|emoji|avatar|icon|share|social|sharing|pixel|tracking|spacer|badge|feedflare)(?:$|[\s_-])"
)
_OTHER_MEDIA = re.compile(r"(?i)\.(?:mp3|m4a|mp4|m4v|mov|ogg|wav|pdf|html?|php|aspx?|zip|docx?|ico|heic)$")
_IMG = re.compile(r"(?i)<img[\s/]")
_FILE_NAME = re.compile(
    r"(?i)[\w%+.() -]{1,120}\.(?:jpe?g|png|gif|webp)|(?:img|dsc|image|screenshot)[_\s-]?\d*"
)
_LAZY = (
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-orig-file",
    "data-image",
    "data-large-file",
    "data-full-url",
)
_LAZY_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_SHRUNK = re.compile(r"(?i)[?&]format=(\d+)w|/s(\d{2,3})(?:-c)?/|/w_?(\d{2,4})[,/]")


def lead_image(
    named: tuple[FeedImage, ...], sources: tuple[str, ...], feed_url: str, *bases: str
) -> tuple[str | None, str | None]:
    """Address and alt text of the first picture that is one.

    ``named``: what the feed names beside the text, best first; ``sources``: the post's HTML, best first;
    ``bases``: what relative addresses are resolved against, in order.
    """
    inside = [
        found for source in sources if _IMG.search(source) for found in _inside(source, feed_url, bases)
    ]
    for picture in named:
        if _is_small(picture.width) or _is_small(picture.height):
            continue
        if address := _real(picture.address, feed_url, bases):
            # The same file in the text mostly has the better description.
            alt = picture.alt or next((alt for other, alt in inside if _same(other, address)), "")
            return address, _alt(alt, address)
    if inside:
        return inside[0][0], _alt(*reversed(inside[0]))
    return None, None


def _alt(text: str, address: str) -> str | None:
    plain = line(text)
    # Cameras and uploads name files: that is no description.
    if _FILE_NAME.fullmatch(plain) or plain == _file(address).rpartition(".")[0]:
        return None
    return cut(plain, LONGEST_ALT) or None


def _inside(source: str, feed_url: str, bases: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    body = markup.parse(source)
    for node in body.css("img")[:_MOST_TAGS] if body is not None else ():
        attributes = node.attributes
        if _is_decoration(attributes):
            continue
        for candidate in _candidates(node):
            if address := _real(candidate, feed_url, bases):
                yield address, attributes.get("alt") or ""
                break


def _is_decoration(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style") or ""
    sizes = [attributes.get("width"), attributes.get("height")]
    sizes += re.findall(r"(?i)(?:^|[;\s])(?:width|height)\s*:\s*(\d+)(?:px|\s*;|\s*$)", style[:500])
    if any(_is_small(_pixels(size)) for size in sizes) or re.search(r"(?i)display\s*:\s*none", style[:500]):
        return True
    return bool(_CLASSES.search((attributes.get("class") or "")[:500]))


def _candidates(node: LexborNode) -> Iterator[str]:
    """Where the image may be, best first: lazy loading puts a placeholder into src."""
    attributes = node.attributes
    lazy = [attributes.get(name) or "" for name in _LAZY]
    yield from (value for value in lazy if value)
    src = attributes.get("src") or ""
    if src and not _is_shrunk(src):
        yield src
    for name in _LAZY_SETS:
        yield from _from_set(attributes.get(name) or "")
    yield src


def _is_shrunk(src: str) -> bool:
    match = _SHRUNK.search(src)
    return bool(match and int(next(group for group in match.groups() if group)) < 300)


def _from_set(value: str) -> Iterator[str]:
    """The widest of a srcset that is not wider than an email needs, or else the narrowest."""
    # A comma inside an address (Substack's, Cloudinary's) has no space behind it.
    found = re.findall(
        r"([^\s,]\S*[^\s,])(?:\s+(\d+(?:\.\d+)?)([wx]))?\s*(?:,\s+|,?$|,(?=https?:))", value[:20_000]
    )
    sized = sorted((float(size or 1) * (1 if unit == "w" else 800), address) for address, size, unit in found)
    fitting = [address for width, address in sized if width <= WIDEST]
    yield from reversed(fitting)
    yield from (address for width, address in sized if width > WIDEST)


def _real(address: str, feed_url: str, bases: tuple[str, ...]) -> str | None:
    if address.strip().lower().startswith("data:"):
        return None
    found = at_home(absolute(address, *bases), feed_url)
    if found is None or _NEVER.search(found):
        return None
    return None if _OTHER_MEDIA.search(urlsplit(found).path) else found


def _same(one: str, other: str) -> bool:
    return _file(one) == _file(other)


def _file(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2]


def _pixels(value: str | None) -> int | None:
    match = re.match(r"\s*(\d{1,6})(?:\.\d+)?\s*(?:px)?\s*$", value or "")
    return int(match[1]) if match else None


def _is_small(pixels: int | None) -> bool:
    return pixels is not None and pixels < SMALLEST
