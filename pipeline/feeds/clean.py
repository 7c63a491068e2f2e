"""HTML of a post to plain text: what its author wrote, without what the blog's software put around it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.feeds import boilerplate, markup
from pipeline.feeds.text import count_words, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

Kind = Literal["prose", "heading", "item", "caption", "code", "table"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph's worth of text on one line, and what it was in the page."""

    kind: Kind
    text: str


_DROPPED_NAMES = """
    head title script style noscript template x-inert iframe frame frameset form button input select textarea
    label option svg math video audio object embed applet canvas map nav footer dialog menu
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

_ESCAPED = re.compile(
    r"(?i)</(?:p|div|span|a|b|i|em|strong|ul|ol|li|h[1-6]|blockquote|table|tr|td|figure|br)\s*>|<(?:br|p|hr)\s*/?>|"
    r"<(?:a|img|p|div|span|h[1-6]|iframe|script)\s+[\w-]+\s*=|"
    r"&(?:nbsp|amp|quot|#\d{2,5}|#x[0-9a-f]{2,5}|[lr][sd]quo|[mn]dash|hellip);"
)


def text(source: str) -> str:
    """Plain text of HTML: paragraphs parted by blank lines, no tag, no control character."""
    return "\n\n".join(block.text for block in blocks(source))


def line(source: str) -> str:
    """HTML that should have been one line of plain text (a title, a name, an alt text) as that.

    Escaped once too often is common (``&amp;#38;``), so entities are resolved until nothing changes, three
    times at most. A "<" that starts no known tag is what its author typed ("Vec<T>", "a < b").
    """
    source = source[:4_000]
    for _ in range(3):
        plain = _TAGS.sub(" ", _BREAKS.sub(" ", source)) if "<" in source else source
        plain = html.unescape(plain)
        if plain == source:
            break
        source = plain
    return one_line(_TAGS.sub("", source))


_NAMES = (
    "a|abbr|article|aside|audio|b|big|blockquote|body|br|button|center|cite|code|del|dfn|div|em|embed|figure|font|"
    "footer|form|frame|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|li|link|main|mark|math|meta|nav|"
    "object|ol|p|picture|pre|q|s|samp|script|section|select|small|source|span|strike|strong|style|sub|sup|svg|table|"
    "tbody|td|textarea|th|thead|time|title|tr|tt|u|ul|var|video|wbr"
)
_TAGS = re.compile(
    rf"(?i)<(?:script|style)\b[^<]{{0,2000}}(?:</(?:script|style)\s*>|$)|</?(?:{_NAMES})(?=[\s/>])[^<>]*>|"
    rf"</?[a-z][\w:-]*(?:\s+|/+)[\w:@.-]+\s*=[^<>]*>|<!--.*?-->|<!\[CDATA\[|\]\]>|</?(?:{_NAMES})(?=[\s/])[^<>]*$"
)
# Only these part words: "H<sub>2</sub>O" is one.
_BREAKS = re.compile(r"(?i)</?(?:br|p|div|h[1-6]|li|td|tr)\b[^<>]*>")


def blocks(source: str) -> tuple[Block, ...]:
    """The post's paragraphs in order, furniture and empty ones left out."""
    found = list(_merged(_pieces(source, may_unescape=True)))
    # "Read more" stands at the end of the text, before what other furniture there is.
    trimmed = [_trimmed(kind, one, last=len(found) - at <= 8) for at, (kind, one) in enumerate(found)]
    return tuple(Block(kind, one) for (kind, _), one in zip(found, trimmed, strict=True) if one)


def words(source_blocks: tuple[Block, ...]) -> int:
    return sum(count_words(block.text) for block in source_blocks)


def opening(source_blocks: tuple[Block, ...]) -> str:
    """What a summary is made of, paragraphs parted by blank lines: no headings, captions, lists, code."""
    prose = [block.text for block in source_blocks if block.kind == "prose"]
    # "Sponsored by:" alone announces a list: then the list is what the post says.
    if not any(_is_sentence(one) and (len(one) > 60 or not one.endswith(":")) for one in prose):
        prose = [block.text for block in source_blocks if block.kind in ("prose", "item", "table")] or [
            block.text for block in source_blocks if block.kind in ("heading", "caption")
        ]
        prose = [one for one in prose if not one.endswith(":")] or prose
    # Bylines, dates and "5 min read" come before the first real sentence, and have no full stop.
    first = next((at for at, one in enumerate(prose[:6]) if _is_sentence(one)), 0)
    return "\n\n".join(prose[first:])


def _is_sentence(one: str) -> bool:
    return len(one) > 60 or re.search(r"[.!?…:。！？।؟][\"'”’»)\]]*$", one) is not None


def _trimmed(kind: Kind, one: str, *, last: bool) -> str:
    one = one_line(one)
    if kind != "code":
        if len(one) <= boilerplate.LONGEST_LINE and boilerplate.LINE.fullmatch(one):
            return ""
        if last:
            one = one[:-400] + boilerplate.TAIL.sub("", one[-400:])
    return one.strip()


def _merged(pieces: Iterator[tuple[Kind, str]]) -> Iterator[tuple[Kind, str]]:
    """Inline pieces joined to paragraphs; a piece "\\n\\n" ends one, two line breaks in a row do too."""
    kind: Kind = "prose"
    parts: list[str] = []
    for piece_kind, piece in (*pieces, ("prose", "\n\n")):
        if piece != "\n\n":
            if not parts:
                kind = piece_kind
            parts.append(piece)
            continue
        for one in re.split(r"\n[ \t]*\n\s*", "".join(parts)) if parts else ():
            if one.strip():
                yield kind, one
        parts = []


def _pieces(source: str, *, may_unescape: bool) -> Iterator[tuple[Kind, str]]:
    body = markup.parse(source)
    if body is None:
        return
    # An own stack: posts nest deeper than Python recurses. Leaving an element is a note on the stack.
    stack: list[tuple[LexborNode | None, Kind, bool]] = [(body, "prose", False)]
    while stack:
        node, kind, literal = stack.pop()
        if node is None:
            yield kind, "\n\n"
        elif node.is_text_node:
            yield from _text_pieces(node, kind, literal=literal, may_unescape=may_unescape)
        elif node.tag == "br":
            yield kind, "\n"
        elif node.is_element_node and not _is_furniture(node):
            tag = node.tag or ""
            if tag in _BLOCKS:
                kind = _kind(node, tag, kind)
                yield kind, "\n\n"
                stack.append((None, kind, False))
            literal = literal or tag in _LITERAL
            if tag == "img":
                continue
            children = list(node.iter(include_text=True))
            stack.extend((child, kind, literal) for child in reversed(children))


def _text_pieces(
    node: LexborNode, kind: Kind, *, literal: bool, may_unescape: bool
) -> Iterator[tuple[Kind, str]]:
    value = visible(node.text_content or "")
    if may_unescape and not literal and ("<" in value or "&" in value) and _ESCAPED.search(value):
        # Escaped twice: the words are inside. Where a post speaks of HTML, it does so in <code>.
        yield from _pieces(value, may_unescape=False)
    else:
        yield kind, re.sub(r"\s+", " ", value)


def _kind(node: LexborNode, tag: str, around: Kind) -> Kind:
    if around in _INHERITED:
        return around
    if boilerplate.CAPTION.search(_marks(node)):
        return "caption"
    own = _BLOCKS[tag]
    return "prose" if own == "table" and tag in ("table", "tbody", "tr") else own


def _marks(node: LexborNode) -> str:
    attributes = node.attributes
    return f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:500]


def _is_furniture(node: LexborNode) -> bool:
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
    return bool(
        boilerplate.HIDDEN.search((attributes.get("style") or "")[:500])
        or boilerplate.NAMED.search(_marks(node))
    )
