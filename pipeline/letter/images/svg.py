"""SVG drawn to pixels by resvg, which knows no script and no network but would open files."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image, ImageFont

_PROLOG = re.compile(
    rb"(?s)(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE\s+svg[^>\[]*(?:\[[^\]]*\]\s*)?>\s*)*<svg[\s>]"
)
# resvg reads any file that <image> or <feImage> names (docs.rs/usvg, ImageHrefResolver); entities could
# spell those names so that they are not seen here.
_UNSAFE = re.compile(r"(?i)<(?:[\w.-]+:)?(?:image|feimage)[\s/>]|<!ENTITY")
_WORDS = re.compile(r"(?i)<(?:[\w.-]+:)?text[\s>]")
SMALLEST = 40
"""Pixels either way. Below it is an icon, or a pixel that counts who opens the letter."""
MOST_BYTES = 1_000_000
"""A drawing that is heavier holds photographs, or a map of every street."""


class UnsafeDrawing(Exception):
    """An SVG that is not drawn, and why."""


def is_svg(content: bytes) -> bool:
    return _PROLOG.match(content[:20_000]) is not None


def draw(content: bytes, width: int) -> Image.Image:
    """The drawing at ``width`` pixels. Raises UnsafeDrawing."""
    import resvg_py

    try:
        source = content.decode()
    except UnicodeDecodeError:
        raise UnsafeDrawing("is SVG in another encoding than UTF-8, which is not drawn") from None
    if len(content) > MOST_BYTES:
        raise UnsafeDrawing("is an SVG of more than 1 MB, which is not drawn")
    if _UNSAFE.search(source):
        raise UnsafeDrawing("is an SVG that takes in other files, which is not drawn")
    if _is_icon(source):
        raise UnsafeDrawing("is the SVG of an icon")
    try:
        # Reading the machine's fonts takes longer than the drawing.
        drawn = resvg_py.svg_to_bytes(
            svg_string=source,
            width=width,
            **(_fonts() if _WORDS.search(source) else {"skip_system_fonts": True}),
        )
    except ValueError:
        raise UnsafeDrawing("is a damaged SVG") from None
    image = Image.open(BytesIO(drawn))
    image.load()
    return image


def _fonts() -> dict[str, str]:
    """Names of fonts that are there, for the generic ones.

    resvg takes the first that fontconfig prefers (Noto Sans on Debian), whether it is installed or not, and
    leaves words out for which it finds none; for a font it does not know it takes the serif one.
    """
    try:
        ImageFont.truetype("DejaVuSans.ttf")
    except OSError:
        return {}
    return {
        "sans_serif_family": "DejaVu Sans",
        "serif_family": "DejaVu Serif",
        "monospace_family": "DejaVu Sans Mono",
    }


_SIDE = re.compile(r"""(?i)\s(width|height)\s*=\s*["']\s*([\d.]{1,8})\s*(?:px)?\s*["']""")


def _is_icon(source: str) -> bool:
    """By what its root says: drawn, every SVG is as large as one likes."""
    root = re.search(r"<svg[^>]*>", source)
    sides = [float(size) for _, size in _SIDE.findall(root[0])] if root else []
    return any(side < SMALLEST for side in sides)
