"""Where in the letter a finding is: the view that shows it, and the part of the view that is meant.

Findings are written for people. What a finding quotes (a link, some words, an element) and the post that it
names are searched for in the letter. Where nothing of that is found, there is no place to show.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.core.finding import Finding


@dataclass(frozen=True, slots=True)
class LetterParts:
    html: str
    text: str
    titles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where a place goes, and in HTML the start of the tag around it."""

    start: int
    end: int
    tag: int = 0


def view_of(finding: Finding, letter: LetterParts) -> str | None:
    """The view that shows what a finding is about; None when none does."""
    if finding.where in ("subject", "preheader") or re.match(r"The (subject|preheader)\b", finding.message):
        return "inbox"
    if finding.where == "text" or finding.where.partition(":")[2].strip().endswith(".txt"):
        return "text"
    return "letter" if in_html(finding, letter.html, letter.titles) else None


def in_html(finding: Finding, letter: str, titles: Sequence[str]) -> Span | None:
    """The place in the letter's HTML that a finding is about."""
    # The title and the preview text come before the body, and are not visible there.
    body = max(letter.find("<body"), 0)
    for quoted in _quoted(finding, titles):
        for written in _spellings(quoted):
            at = letter.find(written, body)
            if at >= 0:
                return Span(at, at + len(written), _holding(letter, at))
    return None


def in_text(finding: Finding, letter: str, titles: Sequence[str]) -> Span | None:
    """The place in the text part that a finding is about."""
    for quoted in _quoted(finding, titles):
        at = letter.find(quoted)
        if at >= 0:
            return Span(at, at + len(quoted))
    return None


_QUOTES = re.compile(r"“([^”]{4,300})”|\"([^\"]{4,300})\"|‘([^’]{4,300})’|`([^`]{4,300})`")
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s<>\"“”]+")
_ELEMENT = re.compile(r"<[a-z][\w-]*")
_NAMED = re.compile(r"[Tt]he (?:link|image)(?: to)? ([^\s<>\"“”]+)")
_STYLE = re.compile(r"([a-z-]+): ([^:]+): ")


def _quoted(finding: Finding, titles: Sequence[str]) -> Iterator[str]:
    # A message cuts what it quotes when it is long.
    for address in _ADDRESS.findall(finding.message):
        yield address.rstrip(".,;:)…")
    for groups in _QUOTES.findall(finding.message):
        yield next(filter(None, groups)).rstrip("….")
    yield from _ELEMENT.findall(finding.message)
    # The end of an attribute: a relative link, the file name of an image.
    yield from (f'{name}"' for name in _NAMED.findall(finding.message))
    if style := _STYLE.match(finding.message):
        yield from (f"{style[1]}:{style[2]}", style[0].removesuffix(": "))
    told = f"{finding.where} {finding.message}"
    yield from (title for title in titles if title and title in told)


def _spellings(quoted: str) -> Iterator[str]:
    for escaped in dict.fromkeys((quoted, html.escape(quoted, quote=False), html.escape(quoted))):
        yield escaped.encode("ascii", "xmlcharrefreplace").decode()


_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)")
_VOID = ("br", "img", "hr", "meta", "link", "input", "wbr", "col")


def _holding(letter: str, at: int) -> int:
    """Where the start tag begins that holds the position, or the start tag of the element around it."""
    closed = 0
    start = letter.rfind("<", 0, at + 1)
    while start >= 0:
        if match := _TAG.match(letter, start):
            inside = letter.find(">", start) >= at
            if inside and not match[1]:
                return start
            if match[1]:
                closed += 1
            elif match[2].lower() not in _VOID:
                if not closed:
                    return start
                closed -= 1
        start = letter.rfind("<", 0, start)
    return 0
