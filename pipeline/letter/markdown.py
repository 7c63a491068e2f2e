"""Markdown by staff as the letter shows it: HTML with the styles that mail clients need, and text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pipeline.letter.text import COLUMNS, underline, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

    from pipeline.letter.direction import Direction

WHOLE = re.compile(r"(?i)(?:https?://[^\s/]|mailto:[^\s@]+@)")
"""How an address begins that leads somewhere from an inbox."""

# Mail clients that drop the style sheet keep inline styles. Without them each would indent in its own way.
# Lines have no colour of their own: they take that of the text, also in the dark.
_STYLES = {
    "paragraph_open": "margin:0 0 14px;",
    "bullet_list_open": "margin:0 0 14px;padding:0 24px;",
    "ordered_list_open": "margin:0 0 14px;padding:0 24px;",
    "heading_open": "margin:24px 0 10px;",
    "blockquote_open": "margin:0 0 14px;padding:0 16px;",
    "hr": "margin:24px 0;border:0;border-top:1px solid;",
    "table_open": "margin:0 0 14px;border-collapse:collapse;",
    "th_open": "padding:4px 16px 4px 0;border-bottom:1px solid;vertical-align:top;",
    "td_open": "padding:4px 16px 4px 0;vertical-align:top;",
    "fence": "white-space:pre-wrap;",
}
_SIDES: dict[Direction, str] = {"ltr": "left", "rtl": "right"}
_HEADINGS = {
    "digest": [f"font-size:{size}px;line-height:1.25;font-weight:normal;" for size in (24, 20, 17)],
    "plain": ["font-size:17px;line-height:1.6;"] * 3,
}
"""By layout, for h2 to h4: as that layout writes its own."""


class Link(NamedTuple):
    """A link or picture: its address, and the line of the source that its paragraph begins on (from 0)."""

    address: str
    line: int
    picture: bool


def parser(allowed: Sequence[str]) -> MarkdownIt:
    """A parser that knows ``allowed`` rules; all else, HTML too, is plain text."""
    from markdown_it import MarkdownIt

    made = MarkdownIt("zero", {"html": False, "xhtmlOut": True}).enable(list(allowed))
    made.validateLink = lambda url: True  # type: ignore[method-assign] # whoever asks `links` says more
    made.core.ruler.push("bare_addresses", _bare_addresses)
    return made


_BARE = re.compile(r"(https?://[^\s<>\"\u201c\u201d]+)")


def _bare_addresses(state: StateCore) -> None:
    """Make links of web addresses that stand in words, as mail programs do: so they are looked at, too."""
    for token in state.tokens:
        inside = 0
        made: list[Token] = []
        for child in token.children or ():
            inside += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            made += [child] if inside or child.type != "text" else _linked(child.content)
        token.children = made if token.children else token.children


def _linked(words: str) -> Iterator[Token]:
    from markdown_it.token import Token

    for number, piece in enumerate(_BARE.split(words)):
        if number % 2 == 0:
            yield Token("text", "", 0, content=piece)
            continue
        address = piece.rstrip(".,;:!?*_'\u2019")
        address = address if "(" in address else address.rstrip(")")
        if WHOLE.match(address):
            yield Token("link_open", "a", 1, attrs={"href": address})
            yield Token("text", "", 0, content=address)
            yield Token("link_close", "a", -1)
        else:
            address = ""
        yield Token("text", "", 0, content=piece[len(address) :])


def links(tokens: Sequence[Token]) -> Iterator[Link]:
    """Every address in what was parsed."""
    for token in tokens:
        line = token.map[0] if token.map else 0
        for child in token.children or ():
            if child.type == "link_open":
                yield Link(str(child.attrGet("href") or ""), line, picture=False)
            elif child.type == "image":
                yield Link(str(child.attrGet("src") or ""), line, picture=True)


def style(tokens: Sequence[Token], way: Direction, *, layout: str = "digest", link_colour: str = "") -> None:
    """Write the styles of a layout on what was parsed. Headings begin below that of the letter."""
    levels = sorted({int(token.tag[1]) for token in tokens if token.type == "heading_open"})
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(2 + levels.index(int(token.tag[1])), 4)}"
        if token.type in _STYLES:
            token.info = ""  # the language of a program says nothing in a letter
            token.attrSet("dir", way)
            token.attrSet("style", f"{_STYLES[token.type]}{_more(token, way, layout)}")
        for child in token.children or ():
            if child.type == "link_open" and link_colour:
                child.attrSet("style", f"color:{link_colour};")


def _more(token: Token, way: Direction, layout: str) -> str:
    if token.type == "hr":
        return ""
    side = f"text-align:{_SIDES[way]};"
    if token.type == "heading_open":
        return f"{_HEADINGS[layout][int(token.tag[1]) - 2]}{side}"
    if token.type in ("table_open", "th_open", "td_open"):
        return f"text-align:{_SIDES[way]};"
    if token.type == "blockquote_open":
        return f"border-{_SIDES[way]}:3px solid;{side}"
    return side


def opening(tokens: Sequence[Token]) -> str:
    """The words of the paragraphs alone: what an inbox may show of them."""
    said = (child for token in tokens if token.type == "inline" for child in [*(token.children or ()), None])
    return " ".join(
        "".join(" " if one is None else _WORDS.get(one.type, one.content) for one in said).split()
    )


_WORDS = {"softbreak": " ", "hardbreak": " ", "image": " "}


def as_text(tokens: Sequence[Token], columns: int = COLUMNS) -> str:
    """The same as text. The addresses of links stand below their paragraph, each on a line of its own."""
    return "\n\n".join(filter(None, _blocks(tokens, columns)))


def _blocks(tokens: Sequence[Token], columns: int) -> Iterator[str]:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.nesting == 1 and token.type != "paragraph_open":
            end = _end(tokens, at)
            yield _block(token, tokens[at + 1 : end], columns)
            at = end
        elif token.type == "inline":
            yield _paragraph(token.children or [], columns)
        elif token.type == "hr":
            yield "* * *"
        elif token.type == "fence":
            yield token.content.rstrip()
        at += 1


def _end(tokens: Sequence[Token], start: int) -> int:
    """Where the block ends that begins there."""
    level = tokens[start].level
    return next(at for at in range(start + 1, len(tokens)) if tokens[at].level == level)


def _block(token: Token, inside: Sequence[Token], columns: int) -> str:
    if token.type == "blockquote_open":
        return "\n".join(f"> {line}".rstrip() for line in as_text(inside, columns - 2).split("\n"))
    if token.type == "heading_open":
        said = _paragraph(inside[0].children or [], columns)
        return f"{said}\n{underline(said.partition(chr(10))[0], '=' if token.tag == 'h2' else '-')}"
    if token.type == "table_open":
        return "\n".join(_rows(inside))
    return "\n".join(_items([token, *inside], columns))


def _rows(tokens: Sequence[Token]) -> Iterator[str]:
    """A table: each row on a line."""
    cells: list[str] = []
    for token in tokens:
        if token.type == "inline":
            cells.append(" ".join(_paragraph(token.children or [], COLUMNS).split()))
        elif token.type == "tr_close":
            yield " | ".join(cells)
            cells = []


def _items(tokens: Sequence[Token], columns: int) -> Iterator[str]:
    """A list, and the lists within it."""
    lists: list[int | None] = []
    opened = False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(int(token.attrGet("start") or 1) if token.type[0] == "o" else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            opened = True
        elif token.type == "inline":
            yield _item(token, lists, columns, opened=opened)
            opened = False
        elif token.type == "fence":
            yield from (f"{'  ' * len(lists)}{line}" for line in token.content.rstrip().split("\n"))


def _item(token: Token, lists: list[int | None], columns: int, *, opened: bool) -> str:
    marker, number = "-", lists[-1]
    if number is not None:
        marker = f"{number}."
        lists[-1] = number + opened
    first = "  " * (len(lists) - 1) + (f"{marker} " if opened else " " * (len(marker) + 1))
    rest = " " * len(first)
    lines = _paragraph(token.children or [], columns - len(first)).split("\n")
    return "\n".join((rest if number else first) + line for number, line in enumerate(lines))


def _paragraph(children: Sequence[Token], columns: int) -> str:
    said, addresses, began = "", [], 0
    for token in children:
        if token.type == "link_open":
            began = len(said)
            addresses.append(str(token.attrGet("href")))
        elif token.type == "link_close":
            # A link whose words are its address needs it no second time.
            if said[began:] == addresses[-1].removeprefix("mailto:"):
                addresses.pop()
        elif token.type in ("em_open", "em_close", "strong_open", "strong_close"):
            said += "*"
        elif token.type == "image":
            said += f"[{token.content}]" if token.content else ""
        else:
            said += {"softbreak": " ", "hardbreak": "\n"}.get(token.type, token.content)
    return "\n".join(filter(None, [wrap(said, columns), *addresses]))
