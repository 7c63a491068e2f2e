"""A request's body, of which no more is read than it may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


class TooLargeError(HTTPException):
    """A body that is longer than it may be. What is still to come is not read: the connection ends with the
    answer."""

    def __init__(self) -> None:
        super().__init__(413, headers={"Connection": "close"})


async def chunks(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body piece by piece. Raises TooLargeError when it says that it has more than ``most`` bytes, or
    turns out to have them, and ClientDisconnect when it ends too early."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:18]) > most:
        raise TooLargeError
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLargeError
        yield chunk


async def whole(request: Request, most: int) -> bytes:
    """The body as it came. Raises as ``chunks`` does."""
    return b"".join([chunk async for chunk in chunks(request, most)])
