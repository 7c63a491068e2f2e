"""A form that was sent: of bounded size, with text that can be kept and shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from pipeline.web.body import whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

LARGEST = 64 * 1024
"""Bytes of a request's body."""

_MOST_FIELDS = 100

# PostgreSQL cannot store NUL, and UTF-8 cannot encode lone surrogates, which some charsets of a multipart
# body produce.
_UNKEEPABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Form:
    """The fields of a form; each may stand in it any number of times."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = [(name, _UNKEEPABLE.sub("\ufffd", value)) for name, value in fields]

    def text(self, name: str) -> str:
        """The last value of a field, without spaces around it; empty if it was not sent."""
        return next((value.strip() for known, value in reversed(self._fields) if known == name), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self._fields if known == name]


async def read(request: Request, most: int = LARGEST) -> Form:
    """The form in a request, form-urlencoded or multipart. Raises HTTPException: 413 when it has more than
    ``most`` bytes, 400 when it is neither."""
    body = await whole(request, most)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(request, body)
    if body and kind != "application/x-www-form-urlencoded":
        raise HTTPException(400)
    try:
        return Form(
            parse_qsl(
                body.decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=_MOST_FIELDS,
            )
        )
    except ValueError:
        raise HTTPException(400) from None


async def _multipart(request: Request, body: bytes) -> Form:
    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, once(), max_files=0, max_fields=_MOST_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError):  # also UnicodeError: the body names its own charset
        raise HTTPException(400) from None
    return Form([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
