"""A posted multipart form of any size, of which only the beginning of some fields is kept.

Starlette would keep whole fields in memory and write files to the disk. A mail with attachments has 30 MB,
and what it asks for stands in its first lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from pipeline.web.body import chunks

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

MOST_PARTS = 1000


async def beginnings(
    request: Request, names: Collection[str], *, kept: int, largest: int
) -> dict[str, bytes]:
    """The first ``kept`` bytes of each field in ``names`` that the form has; of a repeated field, the first
    one.

    Raises HTTPException: 415 for what is no multipart form, 400 for a broken one, 413 for one of more than
    ``largest`` bytes or too many parts.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise HTTPException(415)
    fields = _Fields(options[b"boundary"], names, kept)
    try:
        async for chunk in chunks(request, largest):
            fields.parser.write(chunk)
    except FormParserError:
        raise HTTPException(400) from None
    return {name: bytes(value) for name, value in fields.found.items()}


class _Fields:
    """Collects the wanted fields from what the parser reports."""

    def __init__(self, boundary: bytes, names: Collection[str], kept: int) -> None:
        self.found: dict[str, bytearray] = {}
        self._names = names
        self._kept = kept
        self._parts = 0
        self._header, self._value = bytearray(), bytearray()
        self._into: bytearray | None = None
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_part_data": self._data,
            },
        )

    def _part(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise HTTPException(413)
        self._into = None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            name = parse_options_header(bytes(self._value))[1].get(b"name", b"").decode("utf-8", "replace")
            if name in self._names and name not in self.found:
                self._into = self.found[name] = bytearray()
        self._header.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._into is not None:
            self._into += data[start : min(end, start + self._kept - len(self._into))]
