"""The font that has every letter of a text.

DejaVu Sans lies beside this module: Latin with all its accents, Greek, Cyrillic, Hebrew, Arabic and more.
(The font that Pillow brings has ASCII and little else.) What it lacks, such as Chinese and Hindi, a font of
the machine may have.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFont import FreeTypeFont

DEJAVU = Path(__file__).with_name("DejaVuSans.ttf")

_MACHINE = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))
_MOST_FILES = 400
_TRIED = 40
"""Pixels: the size at which a font is asked what it has."""


def font_for(text: str, size: int) -> FreeTypeFont | None:
    """A font with all letters of ``text``, in that size; None where there is none."""
    name = _name_for("".join(sorted(set(text))))
    return None if name is None else _font(name, size)


def drawable(text: str) -> str:
    """The text without what no font for text has: emoji and their joiners, signs of private use."""
    kept = (
        character
        for character in text
        if unicodedata.category(character) not in _NO_LETTERS and character not in _SELECTORS
    )
    return " ".join("".join(kept).split())


_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
"""What says how the sign before it looks, such as an emoji in colour (Unicode 23.4)."""

_NO_LETTERS = frozenset(["So", "Sk", "Cf", "Cc", "Co", "Cn", "Cs"])


@lru_cache(maxsize=256)
def _name_for(characters: str) -> str | None:
    """The file of the first font that has them."""
    return next((name for name in _names() if all(_has(name, one) for one in characters)), None)


def _names() -> Iterator[str]:
    yield str(DEJAVU)
    yield from _of_machine()


@cache
def _of_machine() -> tuple[str, ...]:
    files = (file for folder in _MACHINE for file in sorted(folder.glob("**/*.[to]t[fc]")))
    plain = [str(file) for file, _ in zip(files, range(_MOST_FILES), strict=False)]
    # A slanted or bold one only where there is no other.
    return tuple(sorted(plain, key=lambda name: any(word in name for word in ("Bold", "Italic", "Oblique"))))


@lru_cache(maxsize=4096)
def _has(name: str, character: str) -> bool:
    """Whether the font draws a character as something else than the box for what it lacks."""
    if character.isspace():
        return True
    try:
        font = _font(name, _TRIED)
        return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=32)
def _font(name: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(name, size)
