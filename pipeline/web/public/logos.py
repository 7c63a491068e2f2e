"""The practice's logos on the pages: copies of those that lie elsewhere, which the letters bring along."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from pipeline.core.errors import LetterError
from pipeline.letter.images.pictures import hosted_logos, logos

if TYPE_CHECKING:
    from pipeline.web.public.site import Site

EVERY = 60.0
"""Seconds between two looks whether there is another copy."""


class Logos:
    """What the pages of one process know of them."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._config = site.installation.config
        self._next = 0.0

    async def look(self) -> None:
        """Let the pages show the copies that there are by now. What fails is left to the next time."""
        if not logos(self._config) or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        with suppress(SQLAlchemyError, LetterError):
            found = await self._site.read(lambda connection: hosted_logos(connection, self._config))
            self._site.pages.know(found)
