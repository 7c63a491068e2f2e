"""The layout of the text part: short lines, whole addresses, no leftovers of a template."""

from __future__ import annotations

import re
import unicodedata

COLUMNS = 72

# Characters that may not begin a line of Chinese or Japanese, and that may not end one (the common ones of
# JIS X 4051).
_NOT_FIRST = frozenset("、。，．・：；？！）］｝〕〉》」』】”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NOT_LAST = frozenset("（［｛〔〈《「『【“‘")


def width(text: str) -> int:
    """The columns that a text takes in a font of one width: East Asian characters take two."""
    return sum(_columns(character) for character in text)


def wrap(text: str, columns: int = COLUMNS) -> str:
    """The text with every line folded to so many columns. Words are never broken: addresses must stay
    whole."""
    return "\n".join("\n".join(_fold(line, columns)) for line in str(text).split("\n"))


def underline(text: str, character: str) -> str:
    """A line of the character, as long as the last line of the wrapped text."""
    return character * min(max(width(wrap(text).rpartition("\n")[2]), 3), COLUMNS)


def finished(text: str) -> str:
    """The rendered part without trailing spaces, with two blank lines at the most, ending in one line break.

    A provider picks the charset from the bytes. A part that fits Latin-1 goes out as iso-8859-1, and Gmail
    then clips it. So a part that is not ASCII must hold one character beyond Latin-1: where it has none, an
    invisible joiner is added.
    """
    lines = (line.rstrip(" \t\r\u3000\xa0") for line in text.split("\n"))
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n")
    if not text.isascii() and max(text) <= "\xff":
        text += "\u200c"
    return f"{text}\n"


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _fold(line: str, columns: int) -> list[str]:
    lines: list[str] = []
    current, taken = "", 0
    for spaced, piece in _pieces(line):
        gap = " " if spaced and current else ""
        needed = width(piece)
        if current and taken + len(gap) + needed > columns:
            lines.append(current)
            current, taken, gap = "", 0, ""
        current += gap + piece
        taken += len(gap) + needed
    return [*lines, current]


def _pieces(line: str) -> list[tuple[bool, str]]:
    """The pieces between which a line may break, each with whether a space comes before it."""
    pieces: list[tuple[bool, str]] = []
    for word in line.split():
        pieces += [(number == 0, part) for number, part in enumerate(_parts(word))]
    return pieces


def _parts(word: str) -> list[str]:
    # Chinese and Japanese have no spaces between words: a line may break between any two ideographs.
    parts: list[str] = []
    for character in word:
        wide = _is_ideographic(character)
        if parts and (
            character in _NOT_FIRST
            or parts[-1][-1] in _NOT_LAST
            or not (wide or _is_ideographic(parts[-1][-1]))
        ):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _is_ideographic(character: str) -> bool:
    # Emoji are wide too, but joined ones must not be separated. Korean has spaces.
    return unicodedata.east_asian_width(character) in ("W", "F") and (
        "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\uffef" or character >= "\U00020000"
    )
