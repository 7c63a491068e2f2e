"""Being told to stop: what is under way is ended well, and nothing new is begun."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SLICE = 0.2


class Stop:
    """Whether to stop, and a sleep that ends early when told to."""

    def __init__(self) -> None:
        self.signal = 0
        """The number of the signal that said so; 0: none did."""
        self._asked = False

    def ask(self, number: int = 0) -> None:
        """Ask to stop."""
        self.signal, self._asked = number, True

    def __call__(self) -> bool:
        return self._asked

    def sleep(self, seconds: float) -> None:
        """Sleep, in slices: a flag that a signal sets does not wake a sleeper (PEP 475)."""
        end = time.monotonic() + seconds
        while not self._asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], None]]:
    """End what is within by an exception on Ctrl-C, SIGTERM and SIGHUP, so that it cleans up after itself.

    The first one counts: cleaning up is not interrupted by another. Nor is what comes after a call of the
    callable given: the rest is to be finished.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    # Who was started by nohup stays deaf to what nohup keeps away.
    before = {number: signal.getsignal(number) for number in _ENDING}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def hear_no_more() -> None:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)

    def end(number: int, _frame: Any) -> None:
        hear_no_more()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    try:
        for number in heard:
            signal.signal(number, end)
        yield hear_no_more
    finally:
        for number in heard:
            signal.signal(number, before[number])


@contextmanager
def on_signals(given: Stop | None = None) -> Iterator[Stop]:
    """A Stop that Ctrl-C and SIGTERM ask, while this lasts; a second Ctrl-C interrupts at once.

    Who sees to the signals already gives the Stop that they ask. A thread gets none of them.
    """
    if given is not None or threading.current_thread() is not threading.main_thread():
        yield given or Stop()
        return
    stop = Stop()

    def heed(number: int, _frame: Any) -> None:
        if stop() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.ask(number)

    before = {number: signal.signal(number, heed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
