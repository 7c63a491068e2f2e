"""What a reader sees of each element: its colours and size, from style blocks, attributes and inheritance.

CSS Cascade Level 4 as far as colour, background, size, weight and display go. A client that reads no style
block sees the inline styles alone; those are judged too (``Scheme.INLINE``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from selectolax.lexbor import SelectolaxError

from pipeline.letter.check.css import Declaration, declarations
from pipeline.letter.check.css_colour import attribute_colour, background_colour, colour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from pipeline.letter.check.css import Rule

WIDTH = 600
"""Pixels of the window that width conditions are judged at: a desktop's reading pane."""


class Scheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    INLINE = "without style blocks"


@dataclass(frozen=True, slots=True)
class Style:
    """``colour`` and ``background`` are None where only the client knows them: a picture, a variable."""

    colour: str | None
    background: str | None
    size: float
    """Pixels."""
    bold: bool
    hidden: bool
    written: str = ""
    """The colour as its declaration has it, to find the place by."""


def styles(
    tree: LexborHTMLParser, rules: Iterable[Rule], scheme: Scheme, *, dark_canvas: bool = False
) -> dict[int, Style]:
    """The style of every element of the body, by its ``mem_id``.

    ``dark_canvas``: the letter declares that it knows dark schemes, so that a client begins with light text
    on black there.
    """
    matched = _matched(tree, rules, scheme)
    dark = scheme is Scheme.DARK and dark_canvas
    first = Style("#ffffff", "#000000", 16.0, False, False) if dark else _PAPER
    found: dict[int, Style] = {}
    if tree.body is None:
        return found
    for node in tree.body.traverse():
        if node.tag and not node.tag.startswith(("-", "_", "!")):
            parent = node.parent
            above = found.get(parent.mem_id, first) if parent is not None else first
            found[node.mem_id] = _style(node, above, matched.get(node.mem_id, []), dark=dark)
    return found


_PAPER = Style("#000000", "#ffffff", 16.0, False, False)
_Weight = tuple[bool, int, int, int]


def _matched(
    tree: LexborHTMLParser, rules: Iterable[Rule], scheme: Scheme
) -> dict[int, list[tuple[_Weight, Declaration]]]:
    matched: dict[int, list[tuple[_Weight, Declaration]]] = defaultdict(list)
    if scheme is Scheme.INLINE:
        return matched
    for order, rule in enumerate(rules):
        wanted = [d for d in rule.declarations if _KNOWN.fullmatch(d.name)]
        if not wanted or not all(applies(condition, scheme) for condition in rule.conditions):
            continue
        for selector in rule.selector.split(","):
            weight = _specificity(selector)
            for node in _select(tree, selector):
                matched[node.mem_id] += [((d.important, *weight, order), d) for d in wanted]
    return matched


_KNOWN = re.compile(
    r"color|background(-color|-image)?|font(-size|-weight)?|display|visibility|opacity|max-height"
)
_STATES = re.compile(r":(?:hover|active|focus|visited|target|checked)\b|::?(?:before|after|first-)")


def _select(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    if _STATES.search(selector):
        return []
    try:
        return tree.css(selector.replace(":link", "").replace(":root", "html").strip())
    except SelectolaxError:
        return []


def _specificity(selector: str) -> tuple[int, int]:
    # Identifiers and classes; element names never decide against them, and order settles the rest.
    classes = len(re.findall(r"\.[\w-]|\[|(?<!:):[\w-]", selector))
    return 100 * selector.count("#") + classes, len(re.findall(r"(?:^|[\s>+~])[A-Za-z]", selector))


def applies(condition: str, scheme: Scheme) -> bool:
    """Whether an @media head holds in a scheme, on a screen of WIDTH. @supports and the like never do."""
    head, _, queries = condition.partition(" ")
    return head.lower() == "@media" and any(_holds(query, scheme) for query in queries.lower().split(","))


def _holds(query: str, scheme: Scheme) -> bool:
    kind = re.match(r"\s*(?:only\s+)?([a-z]+)?", query)
    if kind and kind[1] and kind[1] not in ("all", "screen"):
        return False
    return all(_feature(feature, scheme) for feature in re.findall(r"\(([^()]*)\)", query))


def _feature(feature: str, scheme: Scheme) -> bool:
    name, _, value = (part.strip() for part in feature.partition(":"))
    if name == "prefers-color-scheme":
        return value == scheme
    pixels = _length(value, 16.0)
    if pixels is None:
        return False
    return (name == "min-width" and pixels <= WIDTH) or (name == "max-width" and pixels >= WIDTH)


def _style(
    node: LexborNode, above: Style, matched: list[tuple[_Weight, Declaration]], *, dark: bool
) -> Style:
    attributes = node.attributes
    style = _by_element(node.tag or "", attributes, above, dark=dark)
    inline = [((d.important, 10_000, 0, 0), d) for d in declarations(attributes.get("style") or "")]
    # The colour last: it may be half-transparent, and then what is behind it counts.
    for _, declaration in sorted([*matched, *inline], key=lambda pair: (pair[1].name == "color", pair[0])):
        style = _declared(style, above, declaration)
    return style


_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 5 / 6, "big": 1.2}
_BOLD = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"])
_UNSEEN = frozenset(["head", "style", "script", "title", "template", "noscript", "xml"])


def _by_element(tag: str, attributes: dict[str, str | None], style: Style, *, dark: bool) -> Style:
    """The browser's own sheet, and the attributes that stand for styles (HTML, 15.3)."""
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
    # The display of an element that is hidden from outside cannot bring it back.
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
    # Half-transparent text is seen mixed with what is behind it.
    return replace(style, colour=found.over(style.background), written=value)


def _backed(style: Style, above: Style, name: str, value: str) -> Style:
    pictured = "url(" in value or "gradient(" in value
    found = colour(value) if name == "background-color" else background_colour(value)
    if found is not None and found.alpha and (found.alpha == 1 or above.background is not None):
        return replace(style, background=found.over(above.background or "#ffffff"))
    if pictured and name == "background-image" and style.background != above.background:
        return style  # the colour beneath the picture is what shows until it has come
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
    return {"smaller": above / 1.2, "larger": above * 1.2}.get(value) or _length(value, above)


def _length(value: str, above: float) -> float | None:
    match = re.fullmatch(r"(\d{0,6}(?:\.\d{1,6})?)(px|pt|em|rem|%)?", value)
    if not match or not match[1]:
        return None
    number, unit = float(match[1]), match[2] or "px"
    return number * {"px": 1.0, "pt": 4 / 3, "em": above, "rem": 16.0, "%": above / 100}[unit]


def texts(node: LexborNode) -> Iterator[str]:
    """The words that stand directly in an element."""
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            text = " ".join((child.text_content or "").split())
            if any(character.isalnum() for character in text):
                yield text
