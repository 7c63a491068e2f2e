"""What the web process does beside answering: upkeep, a minute after a minute."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.errors import understood
from pipeline.upkeep import upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.installation import Installation

PERIOD = 60.0
"""Seconds. A mail that asks to confirm goes at once; this is for those that did not get through."""

log = logging.getLogger(__name__)


@contextmanager
def keeping_up(installation: Installation) -> Iterator[None]:
    """Do the upkeep in a thread of its own for as long as this lasts."""
    ended = threading.Event()

    def keep_up() -> None:
        while not ended.is_set():
            try:
                upkeep(installation)
            except Exception as error:  # whatever it is, the pages go on, and so does the next minute
                log.warning("upkeep failed: %s", understood(error).message)
            ended.wait(PERIOD)

    thread = threading.Thread(target=keep_up, name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
