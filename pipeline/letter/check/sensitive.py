"""Words that would show on a locked screen what a reader suffers from."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.templates import Templates
    from pipeline.letter.check.reading import CheckedLetter

NAME = "sensitive-words"


def locked_screen(letter: CheckedLetter) -> Iterator[Finding]:
    # FTC v. BetterHelp (2023): that a person seeks help is health data in itself. A phone on a table shows
    # sender, subject and preheader to everybody who passes.
    language = letter.config.newsletter.language
    for where, text in (("subject", letter.edition.subject), ("preheader", letter.edition.preheader)):
        found = list(dict.fromkeys(sensitive(text, letter.templates, language)))
        if found:
            said = ", ".join(f"“{word}”" for word in found[:5])
            yield warning(
                "sensitive",
                f"The {where} says {said}: on a locked screen that tells what its reader lives with.",
                f"Say it more quietly there; the letter itself may be plain. The words stand in {NAME}.txt.",
                _place(letter, where, found[0]),
            )


def _place(letter: CheckedLetter, where: str, word: str) -> str:
    plain = _plain(word)
    holding = (p for p in letter.posts if plain in _plain(str(p.get("title") or "")))
    post = next(holding, None)
    return f"post: {post['title']}" if post else where


def sensitive(text: str, templates: Templates, language: str) -> Iterator[str]:
    """The listed words that a text holds, spelt as in the text."""
    folded = [_plain(character) for character in text]
    # Folding changes lengths: ß becomes ss, a separate accent becomes nothing. So for each folded letter, the
    # place that it came from.
    origin = [place for place, letters in enumerate(folded) for _ in letters]
    pattern = _pattern(tuple(_lists(templates, language)))
    for match in pattern.finditer("".join(folded)) if pattern else ():
        yield text[origin[match.start()] : origin[match.end() - 1] + 1]


def _lists(templates: Templates, language: str) -> Iterator[str]:
    """The texts of the lists that count: the general one, and the one of the language."""
    tags = [language.lower()] if language else []
    tags += [language.lower().split("-")[0]] if "-" in language else []
    for name in (f"{NAME}.txt", *(f"{NAME}.{tag}.txt" for tag in tags)):
        yield templates.text(f"letter/{name}", name)


@lru_cache(maxsize=8)
def _pattern(lists: tuple[str, ...]) -> re.Pattern[str] | None:
    lines = (line.partition("#")[0].strip() for text in lists for line in text.splitlines())
    # The longest first: a regular expression takes the first alternative that fits.
    words = sorted({_plain(line) for line in lines if line.strip("* ")}, key=len, reverse=True)
    if not words:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(_part(word) for word in words)})(?!\w)")


def _part(word: str) -> str:
    """A listed word as a pattern; a star at its end stands for any ending."""
    stem = re.split(r"[\s-]+", word.rstrip("*"))
    return r"[\s-]+".join(re.escape(piece) for piece in stem) + (r"\w*" if word.endswith("*") else "")


def _plain(text: str) -> str:
    """A text without case and accents, and with one kind of apostrophe and hyphen."""
    text = re.sub("[\u2019\u02bc]", "'", re.sub("[\u2010-\u2015]", "-", text))
    marked = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in marked if not unicodedata.combining(character))
