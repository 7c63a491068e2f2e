"""A request's body is bounded, whatever it says of itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from pipeline.web.body import TooLargeError, whole

if TYPE_CHECKING:
    from collections.abc import Sequence


def asked(pieces: Sequence[bytes], announced: str = "") -> tuple[Request, list[bytes]]:
    """A request, and the pieces of it that nobody has read yet."""
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    headers = [(b"content-length", announced.encode())] if announced else []
    return Request({"type": "http", "method": "POST", "headers": headers}, receive), waiting


def test_what_fits_is_read_to_its_last_byte() -> None:
    request, waiting = asked([b"abc", b"", b"de"], "5")
    assert asyncio.run(whole(request, 5)) == b"abcde"
    assert waiting == []


@pytest.mark.parametrize("announced", ["6", "123456789012345678901234567890"])
def test_what_announces_too_much_is_refused_unread(announced: str) -> None:
    request, waiting = asked([b"abc", b"def"], announced)
    with pytest.raises(TooLargeError) as refused:
        asyncio.run(whole(request, 5))
    assert (refused.value.status_code, refused.value.headers) == (413, {"Connection": "close"})
    assert waiting == [b"abc", b"def"]


@pytest.mark.parametrize("announced", ["", "2", "none", "-1", "\u00b2"])
def test_what_turns_out_too_large_is_refused_while_it_comes(announced: str) -> None:
    request, waiting = asked([b"abc", b"def", b"ghi"], announced)
    with pytest.raises(TooLargeError):
        asyncio.run(whole(request, 5))
    assert waiting == [b"ghi"]
