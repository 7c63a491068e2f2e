"""An announcement's words, cut to what a service takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import regex

from pipeline.core.errors import LetterError
from pipeline.letter.jinja import environment, render, render_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.sections.channel import Channel
    from pipeline.core.templates import Templates
    from pipeline.delivery.channels.said import Said

_CLUSTER = regex.compile(r"\X")
"""One character as a reader sees it (Unicode UAX #29): a flag and a family are one each."""


class Limit(NamedTuple):
    """``characters`` as a reader counts them and ``size`` in bytes of UTF-8; 0: no limit. A link counts
    ``link`` characters; 0: as many as it has."""

    characters: int
    size: int = 0
    link: int = 0

    def holds(self, text: str, link: str) -> bool:
        counted = length(text) - (length(link) - self.link) * text.count(link) if self.link else length(text)
        return counted <= self.characters and (not self.size or len(text.encode()) <= self.size)


def length(text: str) -> int:
    """How many characters a reader sees."""
    return sum(1 for _ in _CLUSTER.finditer(text))


def worded(channel: Channel, templates: Templates, said: Said, limit: Limit) -> str:
    """What the channel's template makes of an edition, with its link, within the limit.

    Raises LetterError for a template that cannot be rendered, and where the link alone is too long.
    """
    made = environment(templates, markup=False)
    where = f"channels.{channel.name}.text"
    text = (
        render_source(made, channel.text, said.variables(), where)
        if channel.text
        else render(made, f"channels/{channel.kind}.txt", said.variables())
    )
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if said.link not in text:
        # Without it nobody gets to the letter, and an earlier post cannot be told by it.
        text = f"{text}\n\n{said.link}"
    text = _unmentioned(text, said.link)
    if limit.holds(text, said.link):
        return text
    before, _, after = text.rpartition(said.link)
    for end in (f"{said.link}{after}", said.link):
        if fitted := _cut(before, partial(_holds, limit, said.link, end)):
            return fitted + end
    if limit.holds(said.link, said.link):
        return said.link
    raise LetterError(
        f"{where}: the link is longer than the service takes.", "Shorten newsletter.public_url."
    )


def _holds(limit: Limit, link: str, end: str, head: str) -> bool:
    return limit.holds(head + end, link)


def _cut(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits, to the end of a word, with an ellipsis; the blank before the link
    stays. Empty where none fits."""
    bare = text.rstrip()
    blank = text[len(bare) :]
    ends = [match.end() for match in _CLUSTER.finditer(bare)]
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(_closed(bare[: ends[middle - 1]]) + blank) else (low, middle - 1)
    if not low:
        return ""
    kept = bare[: ends[low - 1]]
    if not bare[len(kept) : len(kept) + 1].isspace() and " " in kept[-_LONGEST_WORD:]:
        kept = kept.rpartition(" ")[0]
    return _closed(kept) + blank


_LONGEST_WORD = 40
"""Characters. What goes on for longer without a space is an address, or a script that puts none between words
(Japanese, Thai): it is cut between two characters."""


def _closed(text: str) -> str:
    return text.rstrip(" \t\n,;:.–—-") + "…"


def _unmentioned(text: str, link: str) -> str:
    """A text in which no "@name" notifies somebody: titles come from the blog. A link may hold the sign."""
    pieces = text.split(link)
    return link.join(piece.replace("@", "@\u2060") for piece in pieces)
