"""A digest's lock: whoever composes, edits, sends or moves holds it, so that one of them works at a time."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pipeline.core.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.database import Database


@contextmanager
def lock(database: Database, digest: str) -> Iterator[None]:
    """Hold the digest's lock. Raises BusyError when another process holds it."""
    with ExitStack() as held:
        try:
            held.enter_context(database.lock(f"digest-{digest}"))
        except BusyError as error:
            raise BusyError(f"Another process is at {digest}.", error.remedy) from None
        yield
