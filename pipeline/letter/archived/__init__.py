"""A letter as a page or a feed shows it: what it says, in plain HTML, and no person's links.

The HTML that was mailed is made for mail programs: tables for layout, styles on every element. A page of ours
allows no style of its own (web/public/guard.py), and feed readers drop it. So what is kept is what a reader
reads: headings, paragraphs, lists, links, pictures. It is taken from the bytes that went out, so that every
edition has its page, of whatever template it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from pipeline.feeds.cleaning.text import count_words
from pipeline.letter.archived.reader import Block, Reader, Shown, plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipeline.letter.archived.reader import Place

__all__ = ["Article", "Shown", "article"]


class Article(NamedTuple):
    """What a letter says. ``html`` is all of it; ``body`` lacks its first heading where that only repeats the
    title, and ``url`` is where that leads. Both are HTML that is safe to show."""

    html: str
    url: str
    body: str
    words: int


def article(html: str, title: str, slug: str, place: Place, framed: Collection[str] = ()) -> Article:
    """The letter of the edition ``slug``. A paragraph that is one of ``framed`` is left out: the name, the
    sender, what else stands on the page around it anyway."""
    made = Reader(slug, place, frozenset(map(plain, framed)))
    body = LexborHTMLParser(html).body
    if body is not None:
        made.read(body)
    made.flush()
    words = sum(count_words(block.text) for block in made.blocks)
    blocks = made.blocks
    first = next((n for n, block in enumerate(blocks) if block.heading), None)
    if first is None or plain(blocks[first].text) != plain(title):
        return Article(_joined(blocks), "", _joined(blocks), words)
    return Article(_joined(blocks), blocks[first].url, _joined(_without(blocks, first)), words)


def _without(blocks: list[Block], heading: int) -> list[Block]:
    """The blocks without a heading. A rule parts what follows from what was said above it: a greeting, an
    intro."""
    above = blocks[:heading]
    said = next((n for n in range(heading, 0, -1) if above[n - 1].text), 0)
    rule = [Block("<hr>")] if said else []
    return [*above[:said], *rule, *above[said:], *blocks[heading + 1 :]]


def _joined(blocks: list[Block]) -> str:
    while blocks and blocks[-1].html == "<hr>":
        blocks = blocks[:-1]
    return "".join(f"{block.html}\n" for block in blocks)
