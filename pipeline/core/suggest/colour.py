"""Which colour was meant by a name, or by numbers as CSS writes them. Names: CSS's, through Pillow."""

from __future__ import annotations

import re

from pipeline.core.colour import hex_colour

_BARE = re.compile(r"(?:#|0x|\uff03)?\s*([0-9a-f]{6})(?:[0-9a-f]{2})?")
_OPAQUE = re.compile(
    r"(rgb|hsl)a?\(([^,/()]+)[,\s]\s*([^,/()\s]+)\s*[,\s]\s*([^,/()\s]+)(?:\s*[,/][^()]*)?\)"
)


def colour_meant(written: str) -> str:
    """The colour as #rrggbb; empty where nobody can tell."""
    from PIL import ImageColor

    plain = " ".join(written.casefold().split())
    try:
        return hex_colour(plain)
    except ValueError:
        pass
    if bare := _BARE.fullmatch(plain):
        return f"#{bare[1]}"
    if css := _OPAQUE.fullmatch(plain):
        plain = f"{css[1]}({css[2].strip()},{css[3]},{css[4]})"
    elif re.fullmatch(r"\d+\s*,\s*\d+\s*,\s*\d+", plain):
        plain = f"rgb({plain})"
    try:
        red, green, blue = ImageColor.getrgb(re.sub(r"[\s_-]", "", plain))[:3]
    except ValueError:
        return ""
    return f"#{red:02x}{green:02x}{blue:02x}" if max(red, green, blue) < 256 else ""
