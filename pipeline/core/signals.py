"""How signals end a command: what is under way is finished, and nothing new is begun."""

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
    """A request to stop: a loop asks whether it was made, and its sleep ends early when it is."""

    def __init__(self) -> None:
        self.signal = 0
        """The number of the signal that asked for it; 0: none did."""
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
    """Raise an exception in what is within on Ctrl-C, SIGTERM and SIGHUP, so that it cleans up after itself.

    The first signal counts: another does not interrupt the cleaning up. After a call of the callable that
    this gives, signals are ignored: what is left to do must be finished.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    # A signal that is ignored already stays so: nohup ignores SIGHUP for the process it starts.
    before = {number: signal.getsignal(number) for number in _ENDING}
    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def ignore_further() -> None:
        for number in handled:
            signal.signal(number, signal.SIG_IGN)

    def end(number: int, _frame: Any) -> None:
        ignore_further()
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    try:
        for number in handled:
            signal.signal(number, end)
        yield ignore_further
    finally:
        for number in handled:
            signal.signal(number, before[number])


@contextmanager
def on_signals(given: Stop | None = None) -> Iterator[Stop]:
    """A Stop that Ctrl-C and SIGTERM ask, while this lasts; a second Ctrl-C interrupts at once.

    A caller that handles the signals already passes its own Stop as ``given``. In a thread no signal arrives.
    """
    if given is not None or threading.current_thread() is not threading.main_thread():
        yield given or Stop()
        return
    stop = Stop()

    def ask(number: int, _frame: Any) -> None:
        if stop() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.ask(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
