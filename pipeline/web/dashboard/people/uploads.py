"""Lists that staff uploaded, between the trial and the import: in memory only, few, and not for long."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from pipeline.web.body import whole
from pipeline.web.public.form import LARGEST, Form
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from starlette.requests import Request

LARGEST_LIST = 10 * 1024 * 1024
"""Bytes of a list: about 100,000 people. A longer one is imported by command."""

MOST = 4
"""Lists that are kept at once; the oldest goes first."""

KEPT = timedelta(minutes=20)
_LONGEST_NAME = 200


class FormWithFile(Form):
    """A form with one file. ``name``: what the browser called it."""

    def __init__(self, fields: list[tuple[str, str]], name: str, content: bytes) -> None:
        super().__init__(fields)
        self.name = name
        self.content = content


@dataclass
class Upload:
    """A list, and what staff said of it. ``said``: of its columns (importing/answers.py); ``refused``: the
    file of the rows that were refused when it was last read."""

    actor: str
    name: str
    content: bytes
    consent: str
    digests: Sequence[str]
    at: datetime
    said: dict[str, str | None] = field(default_factory=dict)
    refused: bytes = b""


class Uploads:
    """Those of this process. Each is found only by who brought it."""

    def __init__(self) -> None:
        self._kept: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def keep(self, upload: Upload) -> str:
        """The key by which it is found again."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._clear()
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = upload
        return key

    def find(self, key: str, actor: str) -> Upload | None:
        with self._lock:
            self._clear()
            found = self._kept.get(key)
        return found if found is not None and found.actor == actor else None

    def _clear(self) -> None:
        old = clock.now() - KEPT
        self._kept = {key: one for key, one in self._kept.items() if one.at > old}


async def read(request: Request) -> FormWithFile:
    """The form in a request. Raises HTTPException: 413 when it is too large, 400 when it is none."""
    body = await whole(request, LARGEST_LIST + LARGEST)

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, once(), max_files=1, max_fields=50, max_part_size=LARGEST)
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError):
        raise HTTPException(400) from None
    name, content = "", b""
    fields = []
    for field_name, value in form.multi_items():
        if isinstance(value, UploadFile):
            name, content = value.filename or "", await value.read()
        else:
            fields.append((field_name, value))
    await form.close()
    return FormWithFile(fields, plain_name(name), content)


def plain_name(name: str) -> str:
    """A file's name without folders and signs, to be used and shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable()).strip(". ")
    return kept.encode()[-_LONGEST_NAME:].decode("utf-8", "ignore")
