"""The signal that tells every open page to load anew."""

from __future__ import annotations

import asyncio
import secrets
import threading


class ReloadSignal:
    """Sent from any thread, waited for in the server's loop."""

    def __init__(self) -> None:
        # A page that is still open when the next server starts must notice that it is another server.
        self._run = secrets.token_hex(4)
        self._count = 0
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.closed = False

    @property
    def version(self) -> str:
        """The version that a page is made at. Once there is another, the page is old."""
        return f"{self._run}-{self._count}"

    @property
    def has_listeners(self) -> bool:
        """Whether any page is open."""
        return bool(self._waiting)

    def send(self) -> None:
        with self._lock:
            self._count += 1
        self._wake()

    def close(self) -> None:
        """End the pages' connections, so that the server can end."""
        self.closed = True
        self._wake()

    async def wait(self, seen: str, seconds: float) -> None:
        """Wait until there is another version than the one seen, until it is closed, or until the time is
        over."""
        here = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.add(here)
        try:
            if self.version == seen and not self.closed:
                async with asyncio.timeout(seconds):
                    await here[1].wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting.discard(here)

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
