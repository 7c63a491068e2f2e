"""The card of a letter: the picture that other sites show beside a link to it.

It is drawn from words and the practice's colours, and shows no photograph.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pipeline.feeds.cleaning.text import cut
from pipeline.letter.card.fonts import drawable, font_for
from pipeline.letter.direction import of_text
from pipeline.letter.shown import day

if TYPE_CHECKING:
    from datetime import datetime

    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from pipeline.core.config import Config
    from pipeline.core.theme import Palette

WIDTH, HEIGHT = 1200, 630
"""Pixels: what Open Graph's readers show without cutting."""


class Words(NamedTuple):
    """What a card says; ``beneath`` is the line at its foot."""

    newsletter: str
    title: str
    beneath: str


_EDGE = 84
_BAR = 20
_SIZES = (88, 76, 66, 58, 50, 44)
_SMALL = 36
_LEADING = 1.24
_MOST_LINES = 5
_TITLE = 200
_TOP, _BOTTOM = 164, 478
"""Pixels between which the title stands."""


def of_letter(config: Config, title: str, at: datetime) -> Words:
    """What the card of a letter says; ``at``: when readers were handed it."""
    newsletter = config.newsletter
    return Words(newsletter.name, title, f"{day(at, config)} · {newsletter.sender}")


@lru_cache(maxsize=64)
def drawn(words: Words, palette: Palette) -> bytes:
    """The card as a PNG, drawn once a process: every service that a letter is announced on shows the same,
    and so does its page."""
    return draw(words, palette)


def draw(words: Words, palette: Palette) -> bytes:
    """The card as a PNG. Words in a script that no font at hand has are left out."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), palette.paper)
    made = ImageDraw.Draw(image)
    made.rectangle((0, 0, WIDTH, _BAR), fill=palette.button)
    _line(made, words.newsletter, 84, palette.link)
    _line(made, words.beneath, HEIGHT - _EDGE - _SMALL, palette.quiet)
    if not _title(made, words.title, palette.text):
        _title(made, words.newsletter, palette.text)
    out = io.BytesIO()
    # Text on one colour: the shades between them are few.
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _line(made: ImageDraw, text: str, top: int, colour: str) -> None:
    text = drawable(text)
    font = _font(text, _SMALL)
    if font is not None:
        _write(made, _fitting(font, text), font, top, colour)


def _title(made: ImageDraw, title: str, colour: str) -> bool:
    """Draw the title; False where no font has its letters."""
    text = cut(drawable(title), _TITLE)
    smallest = _font(text, _SIZES[-1])
    breaks = smallest is None or not all(_fits(smallest, word) for word in text.split())
    for size in _SIZES:
        font = _font(text, size)
        if font is None:
            return False
        lines = wrapped(font, text)
        height = round(len(lines) * size * _LEADING)
        # A word is broken only where it would be too long in the smallest letters, too.
        broken = not breaks and not all(_fits(font, word) for word in text.split())
        if len(lines) <= _MOST_LINES and height <= _BOTTOM - _TOP and not broken:
            break
        if size == _SIZES[-1]:  # a title without end
            lines = [*lines[: _MOST_LINES - 1], _fitting(font, " ".join(lines[_MOST_LINES - 1 :]))]
            height = round(len(lines) * size * _LEADING)
    assert font is not None
    top = _TOP + (_BOTTOM - _TOP - height) // 2
    for number, line in enumerate(lines):
        _write(made, line, font, top + round(number * size * _LEADING), colour)
    return True


def _font(text: str, size: int) -> FreeTypeFont | None:
    from PIL import features

    # Without Raqm, letters that run from right to left would be drawn in the wrong order, and not joined.
    if of_text(text, "ltr") == "rtl" and not features.check("raqm"):
        return None
    return font_for(text, size) if text else None


def _write(made: ImageDraw, line: str, font: FreeTypeFont, top: int, colour: str) -> None:
    if of_text(line, "ltr") == "rtl":
        made.text((WIDTH - _EDGE, top), line, font=font, fill=colour, anchor="ra", direction="rtl")
    else:
        made.text((_EDGE, top), line, font=font, fill=colour)


def wrapped(font: FreeTypeFont, text: str) -> list[str]:
    """The text in lines that fit, broken between words; within a word only where it alone is too long, as
    in Chinese, which has no spaces."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _fits(font, longer):
            lines[-1] = longer
            continue
        lines.append("")
        for character in word:
            if not _fits(font, lines[-1] + character):
                lines.append("")
            lines[-1] += character
    return [line for line in lines if line]


def _fits(font: FreeTypeFont, line: str) -> bool:
    return font.getlength(line) <= WIDTH - 2 * _EDGE


def _fitting(font: FreeTypeFont, line: str) -> str:
    """As much of a line as fits, with an ellipsis where it goes on."""
    if _fits(font, line):
        return line
    while line and not _fits(font, f"{line}…"):
        line = line[:-1]
    return f"{line.rstrip()}…"
