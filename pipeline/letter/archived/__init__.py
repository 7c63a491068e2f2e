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
    """What a letter says. ``heading`` is the one that only repeats the title, where the letter begins with
    it, and ``url`` is where that leads; ``body`` is all else. Both are HTML that is safe to show."""

    heading: str
    url: str
    body: str
    words: int

    @property
    def html(self) -> str:
        return self.heading + self.body


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
    said = next((block for block in blocks if block.text), None)
    if said is None or not said.heading or plain(said.text) != plain(title):
        return Article("", "", _joined(blocks), words)
    rest = [block for block in blocks if block is not said]
    return Article(said.html + "\n", said.url, _joined(rest), words)


def _joined(blocks: list[Block]) -> str:
    while blocks and blocks[-1].html == "<hr>":
        blocks = blocks[:-1]
    return "".join(f"{block.html}\n" for block in blocks)
