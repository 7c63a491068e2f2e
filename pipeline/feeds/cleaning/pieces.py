"""The text of an HTML page in pieces, each with what it was in the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pipeline.feeds.cleaning import boilerplate, markup, mathml, shortcodes, superscript
from pipeline.feeds.cleaning.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

Kind = Literal["prose", "bold", "heading", "item", "caption", "code", "table"]
"""What a piece was in the page. "bold" is prose in bold letters: a whole paragraph of it may be a heading."""

_DROPPED_NAMES = """
    head title script style noscript template x-inert iframe frame frameset form button input select textarea
    label option svg math video audio object embed applet canvas map nav footer dialog menu del
"""
_KINDS: dict[Kind, str] = {
    "prose": """p div section article main header aside address blockquote details summary center
        hr ul ol dl body fieldset hgroup search""",
    "heading": "h1 h2 h3 h4 h5 h6 legend",
    "item": "li dt dd",
    "caption": "figure figcaption",
    "code": "pre xmp listing plaintext",
    "table": "table caption thead tbody tfoot tr td th",
}
_DROPPED = frozenset(_DROPPED_NAMES.split())
_BLOCKS: dict[str, Kind] = {name: kind for kind, names in _KINDS.items() for name in names.split()}
# A layout table (Blogger's, old newsletters') holds prose: a kind set deeper inside wins over these.
_INHERITED: tuple[Kind, ...] = ("caption", "code", "item", "heading")
_LITERAL = frozenset(("x-code", "kbd", "samp", "pre", "var", "xmp", "listing", "plaintext"))
_AROUND = {
    "a": (boilerplate.LINK_START, boilerplate.LINK_END),
    "sup": (superscript.START, superscript.END),
}

_ESCAPED = re.compile(
    r"(?i)</(?:p|div|span|a|b|i|em|strong|ul|ol|li|h[1-6]|blockquote|table|tr|td|figure|br)\s*>|<(?:br|p|hr)\s*/?>|<!--\s?/?wp:|"
    r"<(?:a|img|p|div|span|h[1-6]|iframe|script)\s+[\w-]+\s*=|"
    r"&(?:nbsp|amp|quot|#\d{2,5}|#x[0-9a-f]{2,5}|[lr][sd]quo|[mn]dash|hellip);"
)


_FORMULA = re.compile(r"(?i)(?:^|[\s_-])(?:latex|tex|math|katex|mathjax|wp-smiley|emoji)(?:$|[\s_-])")
_DRAWS = re.compile(
    r"(?i)(?:https?:)?//[^/]{1,100}/(?:latex\b|svg\.image\?|(?:gif|png|svg)\.latex\?|chart\?cht=tx)"
)
_PREVIEW = "MathJax_Preview"
"""What MathJax shows until the formula that follows is drawn."""


def pieces(source: str, *, may_unescape: bool = True) -> Iterator[tuple[Kind, str]]:
    """Text as it stands between tags; "\\n" for a line break, "\\n\\n" where a block begins and ends."""
    body = markup.parse(source)
    if body is None:
        return
    # An own stack: posts nest deeper than Python recurses. A text on it is what follows when an element ends.
    stack: list[tuple[LexborNode | str, Kind, bool]] = [(body, "prose", False)]
    while stack:
        node, kind, literal = stack.pop()
        if isinstance(node, str):
            yield kind, node
        elif node.is_text_node:
            yield from _of_text(node, kind, literal=literal, may_unescape=may_unescape)
        elif node.tag == "br":
            yield kind, "\n"
        elif (said := _instead(node)) is not None:
            yield kind, said
        elif node.is_element_node and not _is_dropped(node):
            tag = node.tag or ""
            if tag in _BLOCKS:
                kind = _kind(node, tag, kind)
                yield kind, "\n\n"
                stack.append(("\n\n", kind, False))
            elif tag == "x-bold" and kind == "prose":
                kind = "bold"
            elif tag in _AROUND:
                start, end = _AROUND[tag]
                yield kind, start
                stack.append((end, kind, False))
            literal = literal or tag in _LITERAL
            children = list(node.iter(include_text=True))
            stack.extend((child, kind, literal) for child in reversed(children))


def _of_text(
    node: LexborNode, kind: Kind, *, literal: bool, may_unescape: bool
) -> Iterator[tuple[Kind, str]]:
    value = visible(node.text_content or "")
    if literal:
        yield kind, re.sub(r"\s+", " ", value).replace("[", shortcodes.LITERAL)
    elif may_unescape and ("<" in value or "&" in value) and _ESCAPED.search(value):
        # Escaped twice: the words are inside. Where a post speaks of HTML, it does so in <code>.
        yield from pieces(value, may_unescape=False)
    else:
        yield kind, re.sub(r"\s+", " ", value)


def _instead(node: LexborNode) -> str | None:
    """What is said for an element that holds no text of its own, but stands for some."""
    tag = node.tag
    if tag == "math":
        return mathml.readable(node)
    if tag in ("sup", "a") and _is_note_mark(node):
        return superscript.NOTHING
    attributes = node.attributes if tag in ("img", "script", "span") else {}
    if tag == "span":
        return "" if _PREVIEW in (attributes.get("class") or "") else None
    if tag == "script" and (attributes.get("type") or "").startswith("math/tex"):
        return visible(node.text())
    if tag == "img":
        # Formulas (WordPress's latex) and emoji are drawn; what they mean stands in alt.
        named = _FORMULA.search((attributes.get("class") or "")[:300])
        means = named or _DRAWS.match((attributes.get("src") or "")[:300])
        return visible(attributes.get("alt") or "")[:500] if means else ""
    return None


def _kind(node: LexborNode, tag: str, around: Kind) -> Kind:
    if around in _INHERITED:
        return around
    if boilerplate.CAPTION.search(_names(node)):
        return "caption"
    own = _BLOCKS[tag]
    if (around, own) == ("bold", "prose"):
        return "bold"
    return "prose" if own == "table" and tag in ("table", "tbody", "tr") else own


def _names(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:500]


def _is_dropped(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") == "navigation"
    ):
        return True
    style, names = (attributes.get("style") or "")[:500], _names(node)
    return bool(
        boilerplate.HIDDEN.search(style)
        or boilerplate.STRUCK.search(style)
        or boilerplate.STRUCK.search(names)
        or boilerplate.NAMED.search(names)
    )


def _is_note_mark(node: LexborNode) -> bool:
    """Whether it only leads to a note at the foot of the page."""
    attributes = node.attributes
    if attributes.get("role") == "doc-noteref" or boilerplate.NOTE.match(attributes.get("href") or ""):
        return True
    if node.tag == "sup":
        link = node.css_first("a")
        to = (link.attributes.get("href") or "") if link is not None else ""
        return "#" in to[:2_000] or boilerplate.NOTE_MARK.search(_names(node)) is not None
    return False
