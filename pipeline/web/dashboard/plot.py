"""Plots drawn here as SVG, readable without script, in both schemes: their colours are the page's own.

A plot says in words what it shows (`role="img"` with a label), and a table with the same figures stands
beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 720, 180
_EDGE = 8


def columns(label: str, names: Sequence[str], up: Sequence[int], down: Sequence[int] = ()) -> Markup:
    """A column up and one down for each name, from a line in between; with nothing to go ``down``, below
    them."""
    said = "<title>{}: +{:,}, −{:,}</title>" if down else "<title>{}: {:,}</title>"
    down = down or [0] * len(up)
    most_up, most_down = max(up, default=0), max(down, default=0)
    room = HEIGHT - 2 * _EDGE
    each = room / max(most_up + most_down, 1)
    line = _EDGE + most_up * each
    step = WIDTH / max(len(names), 1)
    wide = min(step * 0.7, 48)
    parts = []
    for place, (name, more, fewer) in enumerate(zip(names, up, down, strict=True)):
        left = place * step + (step - wide) / 2
        told = Markup(said).format(name, more, fewer)  # noqa: S704 (one of the two above)
        parts.append(
            Markup("<g>{}{}{}</g>").format(
                told,
                _column("up", left, line - more * each, wide, more * each),
                _column("down", left, line, wide, fewer * each),
            )
        )
    parts.append(Markup('<line x1="0" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(WIDTH, line, line))
    drawing = Markup("").join(parts)
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, label, drawing)


def _column(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    rectangle = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    return rectangle.format(kind, x, y, width, height)
