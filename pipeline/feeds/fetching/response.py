"""An answer's body: unpacked piece by piece, and no further than what was asked for can be long."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from pipeline.feeds.fetching.attempt import Attempt


class PassingFault(Exception):
    """What may be gone a moment later. ``wait``: seconds the server asked for."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def read(response: httpx.Response, attempt: Attempt) -> bytes:
    parts: list[bytes] = []
    size, most = 0, attempt.request.most_bytes
    for part in _unpacked(response, attempt):
        size += len(part)
        if size > most:
            raise attempt.request.failed(attempt.start, f"is larger than {most / 1_000_000:g} MB", "large")
        if time.monotonic() >= attempt.deadline:
            raise TimeoutError
        parts.append(part)
    # A body without a length ends with the connection, and at the deadline that was ended here.
    if time.monotonic() >= attempt.deadline:
        raise TimeoutError
    return b"".join(parts)


def _unpacked(response: httpx.Response, attempt: Attempt) -> Iterator[bytes]:
    """The body in pieces of at most 64 KiB. httpx would unpack a whole chunk at once, which is up to a
    thousand times its size."""
    packing = response.headers.get("content-encoding", "").lower().strip()
    if packing in ("", "identity"):
        yield from response.iter_raw()
        return
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise attempt.request.failed(
            attempt.start, f"is packed as {packing[:40]!r}, which was not asked for", "packed"
        )
    inflate = None
    try:
        for chunk in response.iter_raw():
            if inflate is None:
                # "deflate" should be zlib (RFC 9110, 8.4.1.2), but some servers leave its header out.
                bare = packing == "deflate" and chunk[:1] and chunk[0] & 0x0F != 8
                inflate = zlib.decompressobj(-15 if bare else 47)
            while chunk and not inflate.eof:
                yield inflate.decompress(chunk, 65_536)
                chunk = inflate.unconsumed_tail
    except zlib.error:
        raise PassingFault("sent a damaged gzip body") from None
    if inflate is not None and not inflate.eof:
        raise PassingFault("sent a body that ends too early")
