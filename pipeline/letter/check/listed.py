"""The words that a locked screen should not show: the operator's list or ours, and where a text has them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pipeline.core.templates import Templates

NAME = "sensitive-words"


class Entry(NamedTuple):
    """A line of a list."""

    file: Path
    line: int
    words: str


def sensitive(text: str, templates: Templates, language: str) -> Iterator[str]:
    """The listed words that a text holds, spelt as in the text."""
    folded = [_folded(character) for character in text]
    # Folding changes lengths: ß becomes ss, a separate accent becomes nothing. So for each folded letter, the
    # place that it came from.
    origin = [place for place, letters in enumerate(folded) for _ in letters]
    pattern = _pattern(tuple(_lists(templates, language)))
    for match in pattern.finditer("".join(folded)) if pattern else ():
        yield text[origin[match.start()] : origin[match.end() - 1] + 1]


def entry_of(word: str, templates: Templates, language: str) -> Entry | None:
    """The line that lists a word which was found in a text; None where none does."""
    for names in _names(language):
        if file := templates.first(*names):
            for number, listed, pattern in _entries(templates.text(*names)):
                if pattern.fullmatch(plain(word)):
                    return Entry(file, number, listed)
    return None


def _lists(templates: Templates, language: str) -> Iterator[str]:
    """The texts of the lists that count: the general one, and the one of the language."""
    for names in _names(language):
        yield templates.text(*names)


def _names(language: str) -> Iterator[tuple[str, str]]:
    tags = [language.lower()] if language else []
    tags += [language.lower().split("-")[0]] if "-" in language else []
    for name in (f"{NAME}.txt", *(f"{NAME}.{tag}.txt" for tag in tags)):
        yield f"letter/{name}", name


@lru_cache(maxsize=8)
def _entries(text: str) -> tuple[tuple[int, str, re.Pattern[str]], ...]:
    """The lines of one list: number, words, and what they match."""
    lines = [(number, _listed(line)) for number, line in enumerate(text.splitlines(), 1)]
    return tuple((number, words, found) for number, words in lines if (found := _compiled([words])))


@lru_cache(maxsize=8)
def _pattern(lists: tuple[str, ...]) -> re.Pattern[str] | None:
    return _compiled(_listed(line) for text in lists for line in text.splitlines())


def _listed(line: str) -> str:
    return line.partition("#")[0].strip()


def _compiled(lines: Iterable[str]) -> re.Pattern[str] | None:
    # The longest first: a regular expression takes the first alternative that fits.
    words = sorted({plain(line) for line in lines if line.strip("* ")}, key=len, reverse=True)
    if not words:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(_part(word) for word in words)})(?!\w)")


def _part(word: str) -> str:
    """A listed word as a pattern; a star stands for any beginning, or any ending."""
    stem = re.split(r"[\s-]+", word.strip("*"))
    begins, ends = (r"\w*" if star else "" for star in (word.startswith("*"), word.endswith("*")))
    return begins + r"[\s-]+".join(re.escape(piece) for piece in stem) + ends


_UNSEEN = frozenset(("Mn", "Me", "Cf"))
"""Accents that stand alone, soft hyphens, joiners."""


_ONE_KIND = {0x2019: "'", 0x02BC: "'"} | dict.fromkeys(range(0x2010, 0x2016), "-")


def plain(text: str) -> str:
    """A text without case, accents and invisible signs, and with one kind of apostrophe and hyphen."""
    marked = unicodedata.normalize("NFD", text.translate(_ONE_KIND).casefold())
    return "".join(character for character in marked if unicodedata.category(character) not in _UNSEEN)


_folded = lru_cache(maxsize=2_000)(plain)
"""Of single characters, of which texts have few."""
