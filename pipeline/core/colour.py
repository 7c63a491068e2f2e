"""Colours as WCAG 2 measures them: contrast, mixtures, and the nearest shade that can be read."""

from __future__ import annotations

import re
from functools import lru_cache

AA = 4.5
"""WCAG 2.2, 1.4.3: the least contrast between text and what is behind it."""

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def hex_colour(written: str) -> str:
    """The colour as #rrggbb, in lower case; Outlook's bgcolor knows no short form. Raises ValueError."""
    if not _HEX.fullmatch(written):
        raise ValueError('write a colour as a hash and six digits, like "#2f5d62"')
    digits = written[1:].lower()
    return f"#{digits if len(digits) == 6 else ''.join(digit * 2 for digit in digits)}"


def contrast(one: str, other: str) -> float:
    """From 1 (the same colour) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """``one`` with that share of ``other`` in it, from 0 to 1."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def readable(colour: str, towards: str, *behind: str, least: float = AA) -> str:
    """The colour, moved ``towards`` another just far enough to be readable on every colour ``behind`` it."""
    for step in range(101):
        moved = mix(colour, towards, step / 100)
        if all(contrast(moved, surface) >= least for surface in behind):
            return moved
    return towards


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=256)
def _luminance(colour: str) -> float:
    # WCAG 2.2, "relative luminance".
    red, green, blue = (
        c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
