"""The letter as a frame of the page shows it: in one colour scheme, with a place marked.

A browser uses the scheme of its own desktop, and a page cannot ask a frame for the other one. So the letter's
media queries are answered here. Apart from that, only a few elements after `<head>` are added.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.letter.images import addresses
from pipeline.letter.images.beside import own_picture

if TYPE_CHECKING:
    from pipeline.web.dashboard.letter.locate import Span

FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {images}; font-src 'none'; script-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox{more}"
)
"""For everything that shows a letter's HTML, in a frame or alone. The letter is made of strangers' posts, so
no script runs."""

_STYLED = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)|(\smedia=)(\"[^\"]*\"|'[^']*')", re.DOTALL | re.I)
_ASKS = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.I)
# Unlike `all`, these may be combined with `and` and `not`.
_YES, _NO = "(min-width: 0)", "(max-width: 0)"

MARK = "rapport-place"


def policy(*, images: bool = True, framed: bool = False) -> str:
    """The Content-Security-Policy of a letter."""
    # So our page may ask its frame how far it was scrolled. The frame gains nothing, as no script runs in it.
    more = " allow-same-origin" if framed else ""
    return FRAME_POLICY.format(images="http: https: data:" if images else "'none'", more=more)


def in_frame(html: str, *, scheme: str, place: Span | None = None) -> str:
    """The letter with its media queries answered for ``scheme`` (dark or light) and ``place`` outlined."""
    if place:
        html = _marked(html, place)
    html = _STYLED.sub(lambda match: _answered(match, scheme), html)
    head = re.search(r"<head\b[^>]*>", html, re.I)
    at = head.end() if head else 0
    # A letter without a dark scheme is shown on a light background.
    canvas = scheme if "color-scheme" in html else "light"
    return html[:at] + _added(canvas, marked=place is not None) + html[at:]


def with_own_images(html: str, pages: str, root: str = "") -> str:
    """The letter with the pictures that `rapport serve` will serve taken from the dashboard under ``root``:
    it may not run yet."""

    def place(address: str) -> str | None:
        name = own_picture(address, pages)
        return f"{root}/images/{name}" if name else None

    return addresses.replaced(html, place)


def _answered(match: re.Match[str], scheme: str) -> str:
    return _ASKS.sub(lambda asks: _YES if asks[1].lower() == scheme else _NO, match[0])


def _added(canvas: str, *, marked: bool) -> str:
    outline = f"#{MARK}{{outline:3px solid #d6336c !important;outline-offset:2px}}" if marked else ""
    return f'<base target="_blank"><style>:root{{color-scheme:{canvas} !important}}{outline}</style>'


def _marked(html: str, place: Span) -> str:
    # First in the tag: of two ids, the first one counts.
    tag = re.compile(r"<[a-zA-Z][\w:-]*").match(html, place.tag)
    if not tag:
        return html
    return f'{html[: tag.end()]} id="{MARK}"{html[tag.end() :]}'
