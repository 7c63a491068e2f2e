"""What the letter uses that main mail clients lack, by caniemail's data.

tests/letter/reduce_caniemail.py makes the small data file. The letter is judged as most clients read it: what
stands in conditional comments is made for Outlook alone, and is no finding.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.finding import Finding, warning
from pipeline.letter.check.css import Declaration, declarations
from pipeline.letter.check.css_colour import background_colour, colour
from pipeline.letter.check.graceful import ADVICE, GRACEFUL, OTHERWISE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from pipeline.letter.check.reading import CheckedLetter


class Lacking(NamedTuple):
    title: str
    clients: str


class Use(NamedTuple):
    """A feature that the letter uses: how a message names it, and traces by which its place may be found."""

    feature: str
    written: str
    node: LexborNode | None
    traces: tuple[str, ...]


@cache
def _features() -> dict[str, tuple[str, list[str]]]:
    data = json.loads(Path(__file__).with_name("caniemail.json").read_text("utf-8"))
    return {name: (title, clients) for name, (title, clients) in data["features"].items()}


def lacking(feature: str) -> Lacking | None:
    """Which main clients lack a feature altogether; None when all know it."""
    if feature not in _features():
        return None
    title, clients = _features()[feature]
    last = clients[-1] if len(clients) == 1 else f"{', '.join(clients[:-1])} and {clients[-1]}"
    return Lacking(title, last)


def support(letter: CheckedLetter) -> Iterator[Finding]:
    # caniemail.com, by hteumeuleu, tests each feature in each client.
    told: set[str] = set()
    for use in (*_in_elements(letter), *_in_sheets(letter)):
        found = lacking(use.feature)
        if found is None or use.feature in told or use.feature in GRACEFUL:
            continue
        told.add(use.feature)
        outcome, remedy = ADVICE.get(use.feature, OTHERWISE)
        yield warning(
            "client",
            f"{use.written}: {found.clients} {'lack' if ' and ' in found.clients else 'lacks'} it. {outcome}",
            remedy,
            letter.where(use.node, *use.traces),
        )


_FORM = ("form", "input", "select", "textarea", "button")
_ATTRIBUTES = {"hidden": "html-hidden", "popover": "html-popover", "usemap": "html-image-maps"}


def _in_elements(letter: CheckedLetter) -> Iterator[Use]:
    for node in letter.tree.root.traverse() if letter.tree.root else ():
        tag, attributes = node.tag or "", node.attributes
        if tag.startswith("-"):
            continue
        feature = "html-form" if tag in _FORM else f"html-{tag}"
        # `link` has many uses that no reader misses; only a missing style sheet is seen.
        if tag != "link" or "stylesheet" in (attributes.get("rel") or "").lower():
            yield Use(feature, f"<{tag}>", node, (f"<{tag}",))
        for name in attributes:
            if name in _ATTRIBUTES:
                yield Use(_ATTRIBUTES[name], f"The attribute {name}", node, (f" {name}",))
        if tag == "a" and (attributes.get("href") or "").startswith("#"):
            href = attributes["href"] or ""
            yield Use("html-anchor-links", f'The link "{href[:40]}" within the letter', node, (f'"{href}"',))
        for declaration in declarations(attributes.get("style") or ""):
            yield from (use._replace(node=node) for use in _uses(declaration))


def _in_sheets(letter: CheckedLetter) -> Iterator[Use]:
    for sheet in letter.sheets:
        for head in sheet.at_rules:
            name = head.split()[0].lower()
            yield Use(f"css-at-{name[1:]}", name, None, (head, name))
        if sheet.nested:
            yield Use("css-nesting", "A rule within a rule", None, ())
        for rule in sheet.rules:
            if rule.conditions:
                continue  # a client that lacks the feature shows the letter without the rule
            for declaration in rule.declarations:
                yield from _uses(declaration)
                pseudo = re.search(r"::?(before|after)", rule.selector)
                if pseudo and declaration.name == "content":
                    yield Use(f"css-pseudo-element-{pseudo[1]}", pseudo[0], None, (rule.selector, pseudo[0]))


_PROPERTIES = {
    **dict.fromkeys(("top", "right", "bottom", "left"), "css-left-right-top-bottom"),
    **dict.fromkeys(("margin-inline", "margin-block"), "css-margin-inline-block"),
    **dict.fromkeys(("margin-inline-start", "margin-inline-end"), "css-margin-inline-start-end"),
    **dict.fromkeys(("margin-block-start", "margin-block-end"), "css-margin-block-start-end"),
    **dict.fromkeys(("padding-inline", "padding-block"), "css-padding-inline-block"),
    **dict.fromkeys(("padding-inline-start", "padding-inline-end"), "css-padding-inline-start-end"),
    **dict.fromkeys(("padding-block-start", "padding-block-end"), "css-padding-block-start-end"),
    **dict.fromkeys(("border-inline", "border-block"), "css-border-inline-block"),
}
_VALUES = {
    "css-variables": r"\bvar\(",
    "css-unit-calc": r"\bcalc\(",
    "css-function-clamp": r"\bclamp\(",
    "css-function-min": r"(?<![\w-])min\(",
    "css-function-max": r"(?<![\w-])max\(",
    "css-modern-color": r"\b(?:ok)?l(?:ch|ab)\(",
    **{f"css-unit-{unit}": rf"\d{unit}\b" for unit in ("rem", "ch", "vw", "vh", "vmin", "vmax")},
}
_ONLY_WITH = {
    "position": r"absolute|fixed|sticky",
    "visibility": r"hidden|collapse",
}
"""Properties that are harmless with every other value."""


# Hundreds of elements of a letter declare the same few things.
@lru_cache(maxsize=1024)
def _uses(declaration: Declaration) -> tuple[Use, ...]:
    """What a declaration uses; of no element yet."""
    return tuple(_used(declaration))


def _used(declaration: Declaration) -> Iterator[Use]:
    name, value = declaration.name, declaration.value
    written = f"{name}: {value[:60]}"
    # As CSS and as MJML write it. Where Jinja fills the value in, the place is found by the property.
    traces = (f"{name}:{value}", f'{name}="{value}"', f"{name}:")
    if name.startswith("--"):
        yield Use("css-variables", written, None, traces)
        return
    if name == "display":
        kind = re.search(r"flex|grid", value.lower())
        feature = f"css-display-{kind[0]}" if kind else ""
    else:
        feature = _PROPERTIES.get(name, f"css-{name}")
    if name not in _ONLY_WITH or re.search(_ONLY_WITH[name], value.lower()):
        yield Use(feature, written, None, traces)
    if name in ("color", "background", "background-color") and re.search(r"(?i)\b(?:rgb|hsl)a\(", value):
        yield Use("css-rgba", written, None, traces)
    if "(" in value or any(character.isdigit() for character in value):
        plain = re.sub(r"""url\([^)]*\)|"[^"]*"|'[^']*'""", "", value)
        for other, pattern in _VALUES.items():
            if re.search(pattern, plain):
                yield Use(other, written, None, traces)


def background(letter: CheckedLetter) -> Iterator[Finding]:
    # caniemail: css-background-image. Outlook for Windows shows none. So a background picture may decorate,
    # but it must not be the content, nor the only background on which the words can be read.
    for node in letter.tree.css("[style], [background]"):
        declared = {d.name: d.value for d in declarations(node.attributes.get("style") or "")}
        pictures = [v for n, v in declared.items() if n.startswith("background") and _pictured(v)]
        pictures += [node.attributes.get("background") or ""] if "background" in node.attributes else []
        if not any(pictures):
            continue
        if not node.text().strip() and not node.css("img"):
            said = "A background picture is all there is in a place; Outlook for Windows shows nothing there."
            remedy = "Use an <mj-image> with alt text."
        elif not _has_ground(node, declared):
            said = "Words stand on a background picture and no colour; Outlook for Windows shows no picture."
            remedy = "Give the element a background colour on which its words can be read."
        else:
            continue
        address = re.search(r"""url\(\s*["']?([^"')]*)""", pictures[0])
        yield warning("background", said, remedy, letter.where(node, address[1] if address else pictures[0]))


def _pictured(value: str) -> bool:
    return "url(" in value or "gradient(" in value


def _has_ground(node: LexborNode, declared: dict[str, str]) -> bool:
    found = [colour(declared.get("background-color", ""))]
    # The colours of a gradient are lost with it.
    found.append(background_colour(re.sub(r"[\w-]*gradient\(.*\)", "", declared.get("background", ""))))
    return bool(node.attributes.get("bgcolor")) or any(one is not None and one.alpha for one in found)
