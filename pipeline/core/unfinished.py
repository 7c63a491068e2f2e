"""Work that the end of the process waits for, however long it takes: what was handed over is written down.

All else may be broken off at any point: it is done in transactions, and a process may be killed anyway.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_number = 0


@contextmanager
def must_be_finished() -> Iterator[None]:
    """The process does not end by itself meanwhile. Also a decorator."""
    global _number
    with _lock:
        _number += 1
    try:
        yield
    finally:
        with _lock:
            _number -= 1


def is_unfinished() -> bool:
    """Whether there is such work."""
    return _number > 0
