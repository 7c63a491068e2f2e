"""Whether a picture that a site calls its logo can stand at the top of a letter."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pipeline.core.errors import ImageError
from pipeline.core.private_networks import is_outside
from pipeline.feeds.fetching.attempt import FetchRequest
from pipeline.feeds.fetching.http import get
from pipeline.letter.images.sandbox import look

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.letter.images.sandbox import Look

SECONDS, STEP_SECONDS = 12.0, 6.0
"""For all that are looked at, and for each silence."""
MOST, MOST_BYTES = 3, 2_000_000
NARROWEST = 120
"""Pixels. It is shown 240 wide; what is half of that is blurred, but can be read."""
TALLEST = 1.25
"""Times its width: a portrait or an icon for a telephone's screen would fill the first view of the letter."""


def logo(named: Iterable[tuple[str, str]]) -> str:
    """The first address with a picture that every mail client shows, wide enough; empty where there is none.

    ``named`` are addresses, each with the page that names it: one of the public net may name none of a
    private one. An address that does not answer now is taken if there is no better: the letter then shows
    the name in its place.
    """
    deadline, silent = time.monotonic() + SECONDS, ""
    for address, page in list(dict.fromkeys(named))[:MOST]:
        outside = is_outside(page)
        if outside and not is_outside(address):
            continue
        request = FetchRequest(
            noun="image", error=ImageError, remedies={}, accept="image/png, image/jpeg, image/gif",
            step_seconds=STEP_SECONDS, total_seconds=SECONDS, most_bytes=MOST_BYTES, attempts=1,
            outside=outside,
        )  # fmt: skip
        try:
            fetched = get(request, address, deadline=deadline)
        except ImageError:
            silent = silent or address
            continue
        if _fits(look(fetched.body or b"", fetched.content_type, copying=False)):
            return address
    return silent


def _fits(found: Look) -> bool:
    if found.problem or found.flaw or not found.width or not found.height:
        return False
    return found.width >= NARROWEST and found.height <= TALLEST * found.width
