"""Waiting for what happens elsewhere: for the event itself, never for a time that should do."""

from __future__ import annotations

import time
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")

LONGEST = 120.0
"""Seconds after which nobody waits any more. A machine that is ten times slower needs a tenth of them."""

get = partial(httpx.get, timeout=LONGEST)
"""`httpx.get`, which by itself gives a page five seconds."""


def until(reached: Callable[[], Found], otherwise: str = "it did not happen") -> Found:
    """Wait for something; what it said when it was reached."""
    end = time.monotonic() + LONGEST
    while not (found := reached()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)
    return found


class Gate:
    """For `MoodySendGrid.meanwhile`: from one request on, none is answered until the gate is opened.

    So what is to happen in the middle of a send does, however quick or slow either side is.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._reached, self._open = Event(), Event()

    def __call__(self, number: int) -> None:
        if number >= self._number:
            self._reached.set()
            self._open.wait(LONGEST)

    def reached(self) -> None:
        """Wait until that request was made."""
        assert self._reached.wait(LONGEST), f"there was no request number {self._number}"

    def open(self) -> None:
        self._open.set()
