"""The text part, set as a person would type it: short lines, whole addresses, no debris of a template."""

from __future__ import annotations

import re
import unicodedata

COLUMNS = 72

# What may not begin a line of Chinese or Japanese, and what may not end one (JIS X 4051, the common ones).
_NOT_FIRST = frozenset("、。，．・：；？！）］｝〕〉》」』】”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NOT_LAST = frozenset("（［｛〔〈《「『【“‘")


def width(text: str) -> int:
    """Columns that a text takes where letters have one width: East Asian ones take two."""
    return sum(_columns(character) for character in text)


def wrap(text: str, columns: int = COLUMNS) -> str:
    """Every line of the text folded to so many columns. Words are never broken: addresses must stay whole."""
    return "\n".join("\n".join(_fold(line, columns)) for line in str(text).split("\n"))


def underline(text: str, character: str) -> str:
    """A line of the character, as long as the last line of the wrapped text."""
    return character * min(max(width(wrap(text).rpartition("\n")[2]), 3), COLUMNS)


def finished(text: str) -> str:
    """The rendered part without trailing spaces, with two blank lines at the most, ending in one line break.

    A provider picks the charset from the bytes, and a part that is Latin-1 goes out as iso-8859-1, which
    Gmail then shows as clipped. So a part that is not ASCII holds one character that is not Latin-1: where
    there is none, a joiner that nobody sees.
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
    """What may stand on a line of its own, each with whether a space comes before it."""
    pieces: list[tuple[bool, str]] = []
    for word in line.split():
        pieces += [(number == 0, part) for number, part in enumerate(_parts(word))]
    return pieces


def _parts(word: str) -> list[str]:
    # Chinese and Japanese put no space between words: a line may break between any two ideographs.
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
    # Emoji are wide too, but a joined one must not be torn; hangul has spaces.
    return unicodedata.east_asian_width(character) in ("W", "F") and (
        "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\uffef" or character >= "\U00020000"
    )
