"""A digest's lock: whoever composes, edits, sends or moves holds it, so that one of them works at a time."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pipeline.core.errors import BusyError
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.database import Database


PATIENCE = 3.0
"""Seconds that what a person asks for waits for whoever else is at the digest: another of staff, a run or a
scheduler that only looks whether it is due, a preview that composes."""

AGAIN = 0.02
"""Seconds between two looks at whether the lock is free."""


@contextmanager
def lock(database: Database, digest: str, patience: float = 0.0) -> Iterator[None]:
    """Hold the digest's lock. Raises BusyError when another process holds it and does not give it up within
    ``patience`` seconds."""
    until = clock.uptime() + patience
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(database.lock(f"digest-{digest}"))
                break
            except BusyError as error:
                if clock.uptime() >= until:
                    raise BusyError(f"Another process is at {digest}.", error.remedy) from None
            time.sleep(AGAIN)
        yield
