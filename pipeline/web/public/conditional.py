"""Answers that need not be sent again to who has them: conditional GET (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from starlette.responses import Response

from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.requests import Request

NO_MORE: Mapping[str, str] = {}


def answer(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    modified: datetime | None,
    headers: Mapping[str, str] = NO_MORE,
) -> Response:
    """The content with ETag and Last-Modified, or 304 where the request names what it would get.

    ``modified``: when it last changed, None where nobody can tell.
    """
    etag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    known = {**headers, "ETag": etag}
    if modified is not None:
        # RFC 9110, 8.8.2.1: never later than the answer itself.
        modified = min(modified, clock.now()).replace(microsecond=0)
        known["Last-Modified"] = format_datetime(modified, usegmt=True)
    if _has_it(request, etag, modified):
        return Response(status_code=304, headers=known)
    return Response(content, media_type=media_type, headers=known)


def _has_it(request: Request, etag: str, modified: datetime | None) -> bool:
    """RFC 9110, 13.2.2: If-Modified-Since counts only without If-None-Match."""
    if named := request.headers.getlist("if-none-match"):
        # Compared weakly (13.1.2): a web server that compresses what passes it makes the tag a weak one.
        tags = [tag.strip().removeprefix("W/") for tag in ",".join(named).split(",")]
        return etag in tags or tags == ["*"]
    since = request.headers.get("if-modified-since")
    if since is None or modified is None:
        return False
    try:
        return modified <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # no date, or one without its zone
        return False
