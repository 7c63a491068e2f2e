"""One image, fetched and looked at: the smaller copy its host makes, else the one the blog names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import ImageError
from pipeline.core.private_networks import is_outside
from pipeline.feeds.fetching.attempt import FetchRequest
from pipeline.feeds.fetching.http import get
from pipeline.letter.images.cdn_sizes import sized
from pipeline.letter.images.sandbox import Copy, look
from pipeline.letter.images.store import ENDINGS, Seen

if TYPE_CHECKING:
    from sqlalchemy import Row

    from pipeline.feeds import Fetched
    from pipeline.letter.images.sandbox import Look

STEP_SECONDS = 10.0
TOTAL_SECONDS = 20.0
MOST_BYTES = 15_000_000
"""A camera's photograph as it is has about ten; whatever has more was never meant for a page."""

# As Outlook asks. Hosts that pick the format by this header (Squarespace, Substack, Photon) then show us
# what Outlook gets, not the WebP they would give a browser.
_ACCEPT = "image/jpeg, image/png, image/gif, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image to be had. ``home``: the feed that names it; ``known``: what is known of it, if of use.
    ``whole``: a copy is kept also of what every mail client shows as it is."""

    url: str
    home: str
    known: Row[Any] | None = None
    copying: bool = False
    whole: bool = False


def fetch_image(wanted: Wanted, deadline: float) -> Seen | None:
    """What the image is now; None when it is what it was. A failure is a Seen with its problem."""
    problem = ""
    for address in _addresses(wanted):
        known = wanted.known if wanted.known is not None and wanted.known.address == address else None
        try:
            fetched = get(
                _request(wanted, last=address == wanted.url),
                address,
                etag=known.etag if known is not None else None,
                last_modified=known.last_modified if known is not None else None,
                deadline=deadline,
            )
        except ImageError as error:
            problem = error.message.removesuffix(".")
        else:
            if fetched.body is None:
                return None
            found = look(fetched.body, fetched.content_type, copying=wanted.copying, thumbnail=wanted.copying)
            if not found.problem:
                return _seen(wanted, address, fetched, found)
            problem = f"The image {found.problem}"
        if time.monotonic() >= deadline:
            break
    return Seen(wanted.url, wanted.url, problem=problem)


def fetch_bytes(url: str, home: str, deadline: float) -> Fetched:
    """An image as its host gives it, not looked at. ``home``: as of `Wanted`. Raises ImageError."""
    return get(_request(Wanted(url, home), last=True), url, deadline=deadline)


def _addresses(wanted: Wanted) -> list[str]:
    smaller = sized(wanted.url)
    return [smaller, wanted.url] if smaller else [wanted.url]


def _request(wanted: Wanted, *, last: bool) -> FetchRequest:
    return FetchRequest(
        noun="image",
        error=ImageError,
        remedies={},
        accept=_ACCEPT,
        step_seconds=STEP_SECONDS,
        total_seconds=TOTAL_SECONDS if last else TOTAL_SECONDS / 2,
        most_bytes=MOST_BYTES,
        # A guessed address is not worth a second try, while the blog's own is at hand.
        attempts=2 if last else 1,
        # A feed of the operator's own network may name images there; one of the public net may not.
        outside=is_outside(wanted.home),
    )


def _seen(wanted: Wanted, address: str, fetched: Fetched, found: Look) -> Seen:
    copy, body = found.copy, fetched.body or b""
    if wanted.whole and not copy and found.media_type in ENDINGS and found.width and found.height:
        copy = Copy(found.media_type, found.width, found.height, body)
    return Seen(
        wanted.url,
        address,
        fetched.etag,
        fetched.last_modified,
        found.width,
        found.height,
        len(body),
        found.media_type,
        found.flaw,
        copy=copy,
        thumbnail=found.thumbnail,
        transparent=found.transparent,
    )
