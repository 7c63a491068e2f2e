"""The addresses of a srcset attribute (HTML, 4.8.4.2.1), as real pages write it."""

from __future__ import annotations

import re

WIDEST = 1_600
"""Pixels. A srcset may go to 4,000, which is megabytes in an email."""
LONGEST = 20_000

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([wx])")


def widest(value: str) -> list[str]:
    """The widest that is not wider than an email needs, then the others, those that are wider last."""
    offered = sorted(sized(value), reverse=True)
    fitting = [address for width, address in offered if width <= WIDEST]
    return fitting + [address for width, address in reversed(offered) if width > WIDEST]


def sized(value: str) -> list[tuple[float, str]]:
    """The addresses with their widths in pixels, in the order of the attribute."""
    found: list[tuple[float, str]] = []
    address, width = "", 800.0
    # A comma inside an address (Substack's, Cloudinary's) has no white space behind it, and one that parts
    # two addresses may have none either.
    for word in re.sub(r",(?=https?:)", ", ", value[:LONGEST]).split():
        if not address:
            address, width = word.strip(","), 800.0
            ended = word.endswith(",")
        else:
            size, comma, following = word.partition(",")
            if match := _SIZE.fullmatch(size):
                width = float(match[1]) * (1 if match[2] == "w" else 800)
            ended = bool(comma)
            if following:
                found.append((width, address))
                address, width, ended = following, 800.0, False
        if ended and address:
            found.append((width, address))
            address = ""
    return [*found, (width, address)] if address else found
