"""HTML of any make, parsed in bounded time.

lexbor is an HTML5 parser, and HTML5 has two rules that a hostile page turns against it: formatting elements
left open are opened again in every later block, and nearly every tag looks through all open elements.
"""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

LONGEST = 1_000_000
"""Characters of one entry that are looked at. The longest real one known has 540,000."""
DEEPEST = 400
"""Open elements, roughly; browsers stop at 512. Deeper pages lose their structure, not their words."""

# To plain text these say nothing, so they are renamed to an element that is not opened again.
_FORMATTING = re.compile(r"(?i)<(/?)(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])")
# Behind these a closing tag does not reach, so elements can be left open under them without showing.
_WALLS = re.compile(r"(?i)<(/?)(?:template|object|applet|marquee)(?=[\s/>])")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)")
_EMPTY = re.compile(r"[^<>]*/>")
# Closed by their next sibling, so that many of them in a row are no depth.
_UNNESTED_NAMES = """
    area base br col embed hr img input link meta param source track wbr
    p li dt dd option tr td th thead tbody tfoot
"""
_UNNESTED = frozenset(_UNNESTED_NAMES.split())
# A closing tag does not reach through these (HTML, "has an element in scope").
_SCOPES = frozenset(("template", "object", "applet", "marquee", "table", "caption", "svg", "math", "html"))
_REACH = 200


def parse(source: str) -> LexborNode | None:
    """The body element; None when there is nothing in it."""
    source = _WALLS.sub(r"<\1x-inert", _FORMATTING.sub(_renamed, source[:LONGEST]))
    if deeper_than(source, DEEPEST):
        source = html.escape(re.sub(r"<[^<>]*>?", " ", source), quote=False).replace("&amp;", "&")
    return LexborHTMLParser(source).body


def _renamed(match: re.Match[str]) -> str:
    # Code is told from prose later on: what looks like a tag there is meant to be read.
    name = "x-code" if match[0].lower().lstrip("</") in ("code", "tt") else "span"
    return f"<{match[1]}{name}"


def deeper_than(source: str, limit: int, *, self_closing: bool = False) -> bool:
    """Whether more than ``limit`` elements can be open at once in HTML or XML; one pass over the tags.

    ``self_closing``: "<a/>" is no opening tag, as in XML but not in HTML.
    """
    if source.count("<") <= limit:
        return False
    opened: list[str] = []
    for match in _TAG.finditer(source):
        name = match[2].lower()
        if name in _UNNESTED:
            continue
        if not match[1]:
            if self_closing and _EMPTY.match(source, match.end()):
                continue
            opened.append(name)
            if len(opened) > limit:
                return True
            continue
        for at in range(len(opened) - 1, max(-1, len(opened) - 1 - _REACH), -1):
            if opened[at] == name:
                del opened[at:]
                break
            if opened[at] in _SCOPES and name not in _SCOPES:
                break
    return False
