"""HTML of any make, parsed in bounded time.

lexbor is an HTML5 parser, and HTML5 has rules that a hostile page turns against it: formatting elements left
open are opened again in every later block, nearly every tag looks through all open elements, and each
attribute is compared with all those before it. So names and numbers are limited before it sees a page.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser, LexborNode

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 1_000_000
"""Characters of one entry that are looked at. The longest real one known has 540,000."""
DEEPEST = 400
"""Open elements, roughly; browsers stop at 512. Deeper pages lose their structure, not their words."""
MOST_ATTRIBUTES = 100
"""Of one tag. Squarespace's images have 25, the root of a feed with all its namespaces 30."""

_NAMES = {
    # To plain text formatting says nothing, so it is renamed to an element that is not opened again.
    **dict.fromkeys(("big", "em", "font", "i", "nobr", "small", "u"), "span"),
    # Bold letters may make a heading, and are renamed for the same reason.
    **dict.fromkeys(("b", "strong"), "x-bold"),
    # Code is told from prose later on: what looks like a tag there is meant to be read.
    **dict.fromkeys(("code", "tt"), "x-code"),
    **dict.fromkeys(("s", "strike"), "del"),
    # Behind these a closing tag does not reach, so elements can be left open under them without showing.
    **dict.fromkeys(("template", "object", "applet", "marquee", "frameset"), "x-inert"),
    # A second one of these gives its attributes to the first.
    **dict.fromkeys(("html", "body"), "div"),
}
_RENAMED = re.compile(rf"(?i)<(/?)({'|'.join(_NAMES)})(?=[\s/>])")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)")
_EMPTY = re.compile(r"[^<>]*/>")
# As HTML's tokenizer reads one (13.2.5.32 to 39), but for "<", which may stand in a name there: here each one
# begins anew, lest the same run of them is read from each to the end. Possessive: read in one way only.
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s<>]*+)"""
_ATTRIBUTE = re.compile(rf"[\s/]*+([^\s/>][^\s/<>=]*+)(?:\s*+=\s*+({_VALUE}))?+")
_CROWDED = re.compile(
    rf"(?=(<[a-zA-Z][^\s/<>]*+(?:[\s/]*+[^\s/>][^\s/<>=]*+(?:\s*+=\s*+{_VALUE})?+){{{MOST_ATTRIBUTES}}}))"
)
# Closed by their next sibling, so that many of them in a row are no depth.
_UNNESTED_NAMES = """
    area base br col embed hr img input link meta param source track wbr
    p li dt dd option tr td th thead tbody tfoot
"""
_UNNESTED = frozenset(_UNNESTED_NAMES.split())
# A closing tag does not reach through these (HTML, "has an element in scope").
_SCOPES = frozenset(("template", "object", "applet", "marquee", "table", "caption", "svg", "math", "html"))


def parse(source: str) -> LexborNode | None:
    """The body element; None when there is nothing in it."""
    return LexborHTMLParser(tamed(source[:LONGEST])).body


def tamed(source: str) -> str:
    """The page as lexbor reads it in bounded time: its words, its links and its metadata are what they
    were."""
    source = fewer_attributes(_RENAMED.sub(_renamed, source))
    if deeper_than(source, DEEPEST):
        source = html.escape(re.sub(r"<[^<>]*>?", " ", source), quote=False).replace("&amp;", "&")
    return source


def _renamed(match: re.Match[str]) -> str:
    return f"<{match[1]}{_NAMES[match[2].lower()]}"


def fewer_attributes(source: str) -> str:
    """HTML or XML in which every tag ends after MOST_ATTRIBUTES attributes.

    Each "<" is taken for the start of a tag, wherever it stands: what quotes, comments or scripts hide from
    one reader another may see.
    """
    if len(source) < 2 * MOST_ATTRIBUTES:
        return source
    ends = sorted({match.end(1) for match in _CROWDED.finditer(source)})
    if not ends:
        return source
    starts = [0, *ends]
    return ">".join(source[a:b] for a, b in zip(starts, [*ends, len(source)], strict=True))


def tags(source: str, name: str) -> Iterator[dict[str, str]]:
    """The attributes of each opening tag of that name, by lower-case name, without parsing the page."""
    for match in re.finditer(rf"(?i)<{name}(?=[\s/])", source):
        at = match.end()
        found: dict[str, str] = {}
        for _ in range(MOST_ATTRIBUTES):
            attribute = _ATTRIBUTE.match(source, at)
            if attribute is None:
                break
            at = attribute.end()
            value = (attribute[2] or "").strip("\"'")
            found.setdefault(attribute[1].lower(), html.unescape(value[:4_000]))
        yield found


def deeper_than(source: str, limit: int, *, self_closing: bool = False) -> bool:
    """Whether more than ``limit`` elements can be open at once in HTML or XML; one pass over the tags.

    ``self_closing``: "<a/>" is no opening tag, as in XML but not in HTML.
    """
    if source.count("<") <= limit:
        return False
    opened: list[str] = []
    places: dict[str, list[int]] = {}
    scopes: list[int] = []
    for match in _TAG.finditer(source):
        name = match[2].lower()
        if name in _UNNESTED:
            continue
        where = places.setdefault(name, [])
        if not match[1]:
            if self_closing and _EMPTY.match(source, match.end()):
                continue
            if name in _SCOPES:
                scopes.append(len(opened))
            where.append(len(opened))
            opened.append(name)
            if len(opened) > limit:
                return True
        elif where and (name in _SCOPES or not scopes or scopes[-1] < where[-1]):
            at = where[-1]
            for closed in opened[at:]:
                places[closed].pop()
            del opened[at:]
            while scopes and scopes[-1] >= at:
                scopes.pop()
    return False
