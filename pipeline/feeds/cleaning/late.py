"""Where a picture may be among the attributes of its element: each plug-in that loads late has its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.feeds.cleaning.srcset import sized, widest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

NARROW = 300
"""Pixels. A picture that is declared to be narrower comes after those that may be wider."""
_NARROW_SRC = 600
"""Pixels. Of a src that a srcset says to be narrower, the srcset has a better one."""
_LONGEST_ATTRIBUTE = 2_500

_LAZY = (
    "data-src",
    "data-lazy-src",
    "data-lazyload",
    "data-lazy",
    "data-original",
    "data-orig-file",
    "data-image",
    "data-large-file",
    "data-full-url",
    "data-ezsrc",
    "data-cfsrc",
    "data-hi-res-src",
)
_SETS = ("srcset", "data-srcset", "data-lazy-srcset", "data-ezsrcset")
# Every other plug-in has names of its own for them.
_OTHER_NAME = re.compile(r"(?:src|lazy|original|image|img|file|url|echo|breeze|bgset)")
_LESSER_NAME = re.compile(r"(?:thumb|small|low|tiny|blur|preview|placeholder|medium|link|caption|title|alt)")
_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
_IN_NO_ADDRESS = re.compile(r"[\s{}<>]")
_SHRUNK = re.compile(r"(?i)[?&]format=(\d{1,5})w|/s(\d{2,3})(?:-c)?/|/w_?(\d{2,4})[,/]")


def filled(node: LexborNode) -> dict[str, str]:
    """The attributes that say something."""
    return {name: value for name, value in node.attributes.items() if value}


def addresses(node: LexborNode, attributes: dict[str, str]) -> Iterator[str]:
    """Where the image may be, best first: lazy loading puts a placeholder into src."""
    yield from (value for name in _LAZY if (value := attributes.get(name, "")) and "{" not in value)
    src = attributes.get("poster" if node.tag == "video" else "src", "")
    sets = [address for name in _SETS for address in widest(attributes.get(name, ""))]
    if not _is_shrunk(src) and not _is_narrow(src, attributes):
        yield src
    yield from _elsewhere(attributes)
    yield from sets
    parent = node.parent
    if parent is not None and parent.tag == "picture":
        for source in parent.css("source")[:20]:
            offered = filled(source)
            yield from (address for name in _SETS for address in widest(offered.get(name, "")))
    yield src


def _elsewhere(attributes: dict[str, str]) -> Iterator[str]:
    """What is the address of a picture in an attribute that only its plug-in knows."""
    for name, value in attributes.items():
        if (
            name in ("src", "poster", *_SETS, *_LAZY)
            or not _OTHER_NAME.search(name)
            or _LESSER_NAME.search(name)
        ):
            continue
        if name.endswith("set"):
            yield from widest(value)
        elif _is_a_picture(value.strip()):
            yield value


def _is_a_picture(address: str) -> bool:
    """Whether it can be the address of a picture, by how it ends, or its path does."""
    if len(address) > _LONGEST_ATTRIBUTE or _IN_NO_ADDRESS.search(address):
        return False
    path = address.partition("?")[0].partition("#")[0]
    return any(one.lower().endswith(_ENDINGS) for one in (path, address))


def _is_shrunk(src: str) -> bool:
    match = _SHRUNK.search(src[:_LONGEST_ATTRIBUTE])
    return bool(match and int(next(group for group in match.groups() if group)) < NARROW)


def _is_narrow(src: str, attributes: dict[str, str]) -> bool:
    offered = (one for name in _SETS for one in sized(attributes.get(name, "")))
    return any(address == src and width < _NARROW_SRC for width, address in offered)
