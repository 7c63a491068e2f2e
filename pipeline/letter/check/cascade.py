"""How each element looks: its colours and size, from style blocks, attributes and inheritance.

This is CSS Cascade Level 4 for colour, background, size, weight and display alone. Some clients read no style
block; what they show is judged too (``Scheme.INLINE``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.letter.check.css import Declaration, declarations
from pipeline.letter.check.css_colour import attribute_colour, background_colour, colour
from pipeline.letter.check.matching import Scheme, length, matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from pipeline.letter.check.css import Rule
    from pipeline.letter.check.matching import Weight


@dataclass(frozen=True, slots=True)
class Style:
    """The style of one element. ``colour`` and ``background`` are None where only the client knows them: a
    picture, a variable."""

    colour: str | None
    background: str | None
    size: float
    """Pixels."""
    bold: bool
    hidden: bool
    written: str = ""
    """The colour as its declaration writes it: its place in the template is found by this."""


def styles(
    tree: LexborHTMLParser, rules: Iterable[Rule], scheme: Scheme, *, dark_canvas: bool = False
) -> dict[int, Style]:
    """The style of every element of the body, by its ``mem_id``.

    ``dark_canvas``: the letter declares that it has a dark scheme, so that a client begins with light text on
    black there.
    """
    by_rules = matched(tree, rules, scheme)
    dark = scheme is Scheme.DARK and dark_canvas
    first = Style("#ffffff", "#000000", 16.0, False, False) if dark else _PAPER
    found: dict[int, Style] = {}
    if tree.body is None:
        return found
    for node in tree.body.traverse():
        if node.tag and not node.tag.startswith(("-", "_", "!")):
            parent = node.parent
            above = found.get(parent.mem_id, first) if parent is not None else first
            found[node.mem_id] = _style(node, above, by_rules.get(node.mem_id, []), dark=dark)
    return found


_PAPER = Style("#000000", "#ffffff", 16.0, False, False)


def _style(
    node: LexborNode, above: Style, by_rules: list[tuple[Weight, Declaration]], *, dark: bool
) -> Style:
    attributes = node.attributes
    style = _by_element(node.tag or "", attributes, above, dark=dark)
    inline = [((d.important, 10_000, 0, 0), d) for d in declarations(attributes.get("style") or "")]
    # The colour comes last: a half-transparent one is mixed with the background.
    for _, declaration in sorted([*by_rules, *inline], key=lambda pair: (pair[1].name == "color", pair[0])):
        style = _declared(style, above, declaration)
    return style


_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 5 / 6, "big": 1.2}
_BOLD = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"])
_UNSEEN = frozenset(["head", "style", "script", "title", "template", "noscript", "xml"])


def _by_element(tag: str, attributes: dict[str, str | None], style: Style, *, dark: bool) -> Style:
    """The browser's own style sheet, and attributes that mean styles (HTML, 15.3)."""
    if tag in _SIZES or tag in _BOLD:
        style = replace(style, size=style.size * _SIZES.get(tag, 1.0), bold=style.bold or tag in _BOLD)
    if tag in _UNSEEN or "hidden" in attributes:
        style = replace(style, hidden=True)
    if tag == "a" and attributes.get("href"):
        style = replace(style, colour="#9e9eff" if dark else "#0000ee", written="")
    if tag in ("table", "tr", "td", "th", "body") and (given := attributes.get("bgcolor")):
        found = attribute_colour(given)
        style = replace(style, background=found.hex if found else style.background)
    given = attributes.get("color") if tag == "font" else attributes.get("text") if tag == "body" else None
    if given and (found := attribute_colour(given)):
        style = replace(style, colour=found.hex, written=given)
    return style


# Hundreds of elements of a letter have the same few styles.
@lru_cache(maxsize=4096)
def _declared(style: Style, above: Style, declaration: Declaration) -> Style:
    name, value = declaration.name, declaration.value.lower()
    if name == "color":
        return _coloured(style, above, declaration.value)
    if name in ("background", "background-color", "background-image"):
        return _backed(style, above, name, value)
    if name == "font-size":
        return replace(style, size=_size(value, above.size) or style.size)
    if name == "font-weight":
        return replace(style, bold=_bold(value, above))
    if name == "font":
        size = re.search(r"[\d.]+(?:px|pt|em|rem|%)", value)
        style = replace(style, size=(_size(size[0], above.size) if size else None) or style.size)
        return replace(style, bold=bool(re.search(r"\b(bold|[6-9]00)\b", value)))
    # Inside a hidden element no display can make anything visible.
    if not above.hidden and (name == "display" or (name == "visibility" and value in ("hidden", "collapse"))):
        return replace(style, hidden=value in ("none", "hidden", "collapse"))
    if name in ("opacity", "max-height") and re.fullmatch(r"0*(\.0*)?(px|em|%)?", value):
        return replace(style, hidden=True)
    return style


def _coloured(style: Style, above: Style, value: str) -> Style:
    if value.lower() in ("inherit", "currentcolor", "unset"):
        return replace(style, colour=above.colour, written=above.written)
    found = colour(value)
    if found is None or style.background is None:
        return replace(style, colour=found.hex if found and found.alpha == 1 else None, written=value)
    # Half-transparent text is mixed with what is behind it.
    return replace(style, colour=found.over(style.background), written=value)


def _backed(style: Style, above: Style, name: str, value: str) -> Style:
    pictured = "url(" in value or "gradient(" in value
    found = colour(value) if name == "background-color" else background_colour(value)
    if found is not None and found.alpha and (found.alpha == 1 or above.background is not None):
        return replace(style, background=found.over(above.background or "#ffffff"))
    if pictured and name == "background-image" and style.background != above.background:
        return style  # until the picture has arrived, the colour beneath it shows
    if pictured or (found is None and value not in ("none", "inherit", "initial", "unset")):
        return replace(style, background=None)
    return replace(style, background=above.background)


def _bold(value: str, above: Style) -> bool:
    if value in ("inherit", "unset"):
        return above.bold
    return value in ("bold", "bolder") or (value.isdecimal() and int(value[:4]) >= 700)


_KEYWORDS = {
    "xx-small": 9,
    "x-small": 10,
    "small": 13,
    "medium": 16,
    "large": 18,
    "x-large": 24,
    "xx-large": 32,
}


def _size(value: str, above: float) -> float | None:
    if value in _KEYWORDS:
        return float(_KEYWORDS[value])
    return {"smaller": above / 1.2, "larger": above * 1.2}.get(value) or length(value, above)


def texts(node: LexborNode) -> Iterator[str]:
    """The texts that an element holds directly, not within other elements."""
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            text = " ".join((child.text_content or "").split())
            if any(character.isalnum() for character in text):
                yield text
