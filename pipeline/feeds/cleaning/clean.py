"""HTML of a post to plain text: what its author wrote, without what the blog's software put around it.

Text is taken from the page in pieces, the pieces are joined to paragraphs, and only there it shows what a
raised digit, a bracket or a link at the end of a paragraph is. Until then characters of private use, which
no post's own text holds (text.visible), mark where such a thing begins and ends.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.feeds.cleaning import boilerplate, mathml, shortcodes, superscript, tails
from pipeline.feeds.cleaning.pieces import Kind, pieces
from pipeline.feeds.cleaning.text import count_words, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph's worth of text on one line, and what it was in the page."""

    kind: Kind
    text: str
    lines: int = 1
    """How many there were: verse has several."""


@dataclass(frozen=True, slots=True)
class Text:
    """A post's paragraphs in order, boilerplate and empty ones left out."""

    blocks: tuple[Block, ...]
    breaks_off: bool = False
    """Software cut it, or readers pay for the rest."""
    goes_on: bool = False
    """It ended in "read more": of a summary that means that there is more."""
    words: int = 0


_LAST = 8
"""Blocks from the end in which "read more" is looked for: it stands before other boilerplate."""


def read(source: str) -> Text:
    """What a post says. Takes HTML of any make."""
    found = list(_paragraphs(pieces(source)))
    pairs = shortcodes.closed(one for _, one in found)
    blocks: list[Block] = []
    breaks_off = goes_on = False
    for at, (kind, raw) in enumerate(found):
        lines = len([one for one in raw.split("\n") if one.strip()])
        one = superscript.resolved(shortcodes.stripped(raw, pairs) if kind != "code" else raw)
        if kind != "code":
            if boilerplate.is_paywall(one):
                breaks_off = True
                continue
            one = boilerplate.without_player_notice(mathml.without_marks(boilerplate.without_struck(one)))
            tail = tails.without_tail(one) if len(found) - at <= _LAST else None
            if tail and (tail.breaks_off or tail.goes_on):
                breaks_off, goes_on = breaks_off or tail.breaks_off, goes_on or tail.goes_on
            elif at == len(found) - 1 and blocks and _ends_midway(blocks[-1]) and tails.is_short_link(one):
                # "Read more" in a language of no table
                goes_on = True
                continue
            elif boilerplate.is_boilerplate(one):
                continue
            one = tail.text if tail else one
        one = one_line(boilerplate.unmarked(one).replace(shortcodes.LITERAL, "["))
        if one:
            blocks.append(Block(kind, one, lines))
    return Text(tuple(blocks), breaks_off, goes_on, sum(count_words(block.text) for block in blocks))


def _ends_midway(block: Block) -> bool:
    """Whether a paragraph is long, and ends within a sentence."""
    last = block.text[-1]
    return block.kind == "prose" and len(block.text) > 60 and (last.isalnum() or last in ",;–—-…")


def blocks(source: str) -> tuple[Block, ...]:
    return read(source).blocks


def text(source: str) -> str:
    """Plain text of HTML: paragraphs parted by blank lines, no tag, no control character."""
    return "\n\n".join(block.text for block in blocks(source))


def _paragraphs(found: Iterable[tuple[Kind, str]]) -> Iterator[tuple[Kind, str]]:
    """Inline pieces joined to paragraphs; a piece "\\n\\n" ends one, two line breaks in a row do too."""
    kind: Kind = "prose"
    parts: list[str] = []
    for piece_kind, piece in (*found, ("prose", "\n\n")):
        if piece != "\n\n":
            if not parts:
                kind = "prose" if piece_kind == "bold" else piece_kind
            parts.append(f"{_BOLD}{piece}{_BOLD_END}" if piece_kind == "bold" and piece.strip() else piece)
            continue
        for one in re.split(r"\n[ \t]*+\n\s*+", "".join(parts)) if parts else ():
            if one.strip():
                plain = one.replace(_BOLD, "").replace(_BOLD_END, "")
                yield ("heading" if kind == "prose" and _is_bold_heading(one, plain) else kind), plain
        parts = []


_BOLD, _BOLD_END = "\ue005", "\ue006"
_IN_BOLD = re.compile(f"{_BOLD}[^{_BOLD_END}]*+{_BOLD_END}")
_LONGEST_HEADING = 150
"""Characters. What is longer is a paragraph that somebody made bold."""


def _is_bold_heading(marked: str, plain: str) -> bool:
    """Whether a paragraph is a heading that was typed as one: a short line, every word of it in bold letters,
    that does not end as a sentence does. Put beside the next sentence it would read as one with it."""
    plain = plain.strip()
    if not plain or len(plain) > _LONGEST_HEADING or "\n" in plain or tails.ends_well(plain):
        return False
    return _BOLD in marked and not any(letter.isalnum() for letter in _IN_BOLD.sub("", marked))


def opening(post: Text) -> str:
    """What a summary is made of, paragraphs parted by blank lines: no headings, captions, lists, code."""
    prose = [block for block in post.blocks if block.kind == "prose"]
    # "Sponsored by:" alone announces a list: then the list is what the post says.
    if not any(_says_something(block) for block in prose):
        prose = [block for block in post.blocks if block.kind in ("prose", "item", "table")] or [
            block for block in post.blocks if block.kind in ("heading", "caption")
        ]
        prose = [block for block in prose if not block.text.endswith(":")] or prose
    # Bylines, dates and "5 min read" come before the first real sentence.
    first = next((at for at, block in enumerate(prose[:6]) if not _is_label(block)), 0)
    return "\n\n".join(block.text for block in prose[first:])


def _says_something(block: Block) -> bool:
    if block.lines > 1 and not _is_label(block):
        return True
    return _is_sentence(block.text) and (len(block.text) > 60 or not block.text.endswith(":"))


def _is_sentence(one: str) -> bool:
    return len(one) > 60 or re.search(r"[.!?…:。！？।؟][\"'”’»)\]]*+$", one[-20:]) is not None


_DATE = re.compile(
    r"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)[a-zä]{0,8}\.? \d|"
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\b(?:19|20)\d\d\b|\d年"
)
_BY = re.compile(
    r"(?i)(?:by|von|par|por|di|door|af|av|(?:written|posted|photo|words) by|posted on|updated|author)\b"
)
_GREETING = re.compile(
    r"(?i)(?:dear|hi|hello|hey|liebe|lieber|hallo|cher|chère|chers|bonjour|hola|ciao|beste|olá)\b"
)


def _is_label(block: Block) -> bool:
    """Whether a paragraph before the text only says who wrote when, or to whom. A poem's line is none: it
    runs on."""
    one = block.text
    if _is_sentence(one):
        return False
    words = one.split()
    if _BY.match(one) or _DATE.search(one) or (_GREETING.match(one) and len(words) <= 4):
        return True
    if block.lines > 1 or one.endswith((",", ";", "—", "–", "-")):
        return False
    longer = [word for word in words if len(word) > 3]
    return len(words) <= 3 or all(not word[0].islower() for word in longer)


def line(source: str) -> str:
    """HTML that should have been one line of plain text (a title, a name, an alt text) as that.

    Escaped once too often is common (``&amp;#38;``), so entities are resolved until nothing changes, three
    times at most. A "<" that starts no known tag is what its author typed ("Vec<T>", "a < b").
    """
    source = visible(source[:4_000])
    for _ in range(3):
        plain = visible(html.unescape(_without_tags(source)))
        if plain == source:
            break
        source = plain
    source = _RAISED.sub(lambda tag: superscript.END if tag[1] else superscript.START, _without_tags(source))
    return one_line(superscript.resolved(shortcodes.stripped(source)))


def _without_tags(source: str) -> str:
    """Without any but <sup>, which says something."""
    if "<" not in source:
        return source
    source = _STRUCK.sub("", _BREAKS.sub(" ", source))
    return _TAGS.sub("", _RAISED.sub(r"<\1sup>", source))


_NAMES = (
    "a|abbr|article|aside|audio|b|big|blockquote|body|br|button|center|cite|code|del|dfn|div|em|embed|figure|font|"
    "footer|form|frame|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|li|link|main|mark|math|meta|nav|"
    "object|ol|p|picture|pre|q|s|samp|script|section|select|small|source|span|strike|strong|style|sub|svg|table|"
    "tbody|td|textarea|th|thead|time|title|tr|tt|u|ul|var|video|wbr"
)
_TAGS = re.compile(
    rf"(?i)<(?:script|style)\b[^<]{{0,2000}}(?:</(?:script|style)\s*>|$)|</?(?:{_NAMES})(?=[\s/>])[^<>]*>|"
    rf"</?[a-z][\w:-]*(?:\s+|/+)[\w:@.-]+\s*=[^<>]*>|<!--.*?-->|<!\[CDATA\[|\]\]>|</?(?:{_NAMES})(?=[\s/])[^<>]*$"
)
# Only these part words: "H<sub>2</sub>O" is one.
_BREAKS = re.compile(r"(?i)</?(?:br|hr|p|div|h[1-6]|ul|ol|li|table|td|tr|blockquote|section)\b[^<>]*>")
_STRUCK = re.compile(r"(?is)<(del|s|strike)(?=[\s>])[^<>]*>.{0,2000}?</\1\s*>")
_RAISED = re.compile(r"(?i)<(/?)sup(?=[\s>])[^<>]*>")
