"""Which rules of a style sheet count for which element: selectors, their specificity, media queries."""

from __future__ import annotations

import re
from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING

from selectolax.lexbor import SelectolaxError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from pipeline.letter.check.css import Declaration, Rule

WIDTH = 600
"""Pixels: the width at which media queries are judged, that of a desktop's reading pane."""


class Scheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    INLINE = "without style blocks"


Weight = tuple[bool, int, int, int]


def matched(
    tree: LexborHTMLParser, rules: Iterable[Rule], scheme: Scheme
) -> dict[int, list[tuple[Weight, Declaration]]]:
    """What the rules that hold in a scheme declare for each element, by its ``mem_id``."""
    found: dict[int, list[tuple[Weight, Declaration]]] = defaultdict(list)
    if scheme is Scheme.INLINE:
        return found
    for order, rule in enumerate(rules):
        wanted = [d for d in rule.declarations if _KNOWN.fullmatch(d.name)]
        if not wanted or not all(applies(condition, scheme) for condition in rule.conditions):
            continue
        for selector in rule.selector.split(","):
            weight = _specificity(selector)
            for node in _select(tree, selector):
                found[node.mem_id] += [((d.important, *weight, order), d) for d in wanted]
    return found


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
    # Identifiers and classes, then element names, which never win against those. Order decides between
    # equals.
    classes = len(re.findall(r"\.[\w-]|\[|(?<!:):[\w-]", selector))
    return 100 * selector.count("#") + classes, len(re.findall(r"(?:^|[\s>+~])[A-Za-z]", selector))


def applies(condition: str, scheme: Scheme) -> bool:
    """Whether the condition of an @media rule holds in a scheme, on a screen of WIDTH. @supports and the like
    never hold."""
    head, _, queries = condition.partition(" ")
    return head.lower() == "@media" and any(_holds(query, scheme) for query in queries.lower().split(","))


def _holds(query: str, scheme: Scheme) -> bool:
    said = re.match(r"\s*(not\s+)?(?:only\s+)?([a-z]+)?", query)
    if said and said[1]:  # Media Queries Level 3: "not" turns the whole query
        return not _holds(query[said.end(1) :], scheme)
    if said and said[2] and said[2] not in ("all", "screen"):
        return False
    return all(_feature(feature, scheme) for feature in re.findall(r"\(([^()]*)\)", query))


def _feature(feature: str, scheme: Scheme) -> bool:
    name, _, value = (part.strip() for part in feature.partition(":"))
    if name == "prefers-color-scheme":
        return value == scheme
    pixels = length(value, 16.0)
    if pixels is None:
        return False
    return (name == "min-width" and pixels <= WIDTH) or (name == "max-width" and pixels >= WIDTH)


def length(value: str, above: float) -> float | None:
    """A length in pixels; ``above`` is the size that em and % are of. None for what is no length."""
    match = re.fullmatch(r"(\d{0,6}(?:\.\d{1,6})?)(px|pt|em|rem|%)?", value)
    if not match or not match[1]:
        return None
    number, unit = float(match[1]), match[2] or "px"
    return number * {"px": 1.0, "pt": 4 / 3, "em": above, "rem": 16.0, "%": above / 100}[unit]
