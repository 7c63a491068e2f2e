"""The intro, a few lines by staff above the posts: Markdown in, HTML and text out.

Only paragraphs, emphasis, links and lists are Markdown here; everything else, HTML too, is plain text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import LetterError
from pipeline.letter.direction import of_text
from pipeline.letter.personal import inert
from pipeline.letter.text import COLUMNS, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from pipeline.letter.direction import Direction

LONGEST = 4_000
"""Characters. A longer text should be a post; here it would push the posts out of sight."""

_WHOLE = re.compile(r"(?i)(?:https?://[^\s/]|mailto:[^\s@]+@)")
_ALLOWED = ["list", "emphasis", "link", "autolink", "newline", "escape", "entity"]
# Mail clients that drop the style sheet keep inline styles. Without them each would indent in its own way.
_STYLES = {
    "paragraph_open": "margin:0 0 14px;",
    "bullet_list_open": "margin:0 0 14px;padding:0 24px;",
    "ordered_list_open": "margin:0 0 14px;padding:0 24px;",
}


class Intro(NamedTuple):
    html: str
    text: str


def intro(markdown: str, around: Direction = "ltr") -> Intro:
    """HTML and text of what staff wrote, for a letter of the direction ``around``; empty where they wrote
    nothing.

    Raises LetterError for a link that leads nowhere from an inbox, and for an intro that is too long.
    """
    source = inert(markdown.strip())
    if len(source) > LONGEST:
        raise LetterError(
            f"The intro has {len(source):,} characters; {LONGEST:,} are the most.", "Make a post of it."
        )
    if not source:
        return Intro("", "")
    parser = _parser()
    tokens = parser.parse(source)
    way = of_text(source, around)
    for token in tokens:
        if token.type in _STYLES:
            token.attrSet("dir", way)
            token.attrSet("style", f"{_STYLES[token.type]}text-align:{'right' if way == 'rtl' else 'left'};")
    html = parser.renderer.render(tokens, parser.options, {})
    return Intro(html.strip(), "\n\n".join(_text(tokens)))


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"html": False, "xhtmlOut": True}).enable(_ALLOWED)
    parser.validateLink = _valid  # type: ignore[assignment]
    return parser


def _valid(address: str) -> bool:
    if not _WHOLE.match(address):
        raise LetterError(
            f"The intro links to {address[:80]!r}, which leads nowhere from an inbox.",
            "Write the whole address, beginning with https:// or mailto:.",
        )
    return True


def _text(tokens: Sequence[Token]) -> Iterator[str]:
    """Paragraphs and lists as text. The addresses of links stand below, each on a line of its own."""
    lists: list[int | None] = []
    items: list[str] = []
    opened = False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(int(token.attrGet("start") or 1) if token.type[0] == "o" else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
            if not lists:
                yield "\n".join(items)
                items = []
        elif token.type == "list_item_open":
            opened = True
        elif token.type == "inline" and lists:
            items.append(_item(token, lists, opened))
            opened = False
        elif token.type == "inline":
            yield _paragraph(token.children or [])


def _item(token: Token, lists: list[int | None], opened: bool) -> str:
    marker, number = "-", lists[-1]
    if number is not None:
        marker = f"{number}."
        lists[-1] = number + opened
    first = "  " * (len(lists) - 1) + (f"{marker} " if opened else " " * (len(marker) + 1))
    rest = " " * len(first)
    lines = _paragraph(token.children or [], COLUMNS - len(first)).split("\n")
    return "\n".join((rest if number else first) + line for number, line in enumerate(lines))


def _paragraph(children: Sequence[Token], columns: int = COLUMNS) -> str:
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
        else:
            said += {"softbreak": " ", "hardbreak": "\n"}.get(token.type, token.content)
    return "\n".join([wrap(said, columns), *addresses])
