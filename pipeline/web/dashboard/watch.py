"""Watches what a letter is made of: our templates, the operator's templates, the configuration, the feeds."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.templates import PACKAGED

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.web.dashboard.preview import PreviewSession

log = logging.getLogger(__name__)

POLL = 30.0
"""Seconds between two looks at the feeds while a page is open."""

RETRY = 1.0
"""Seconds until a digest is tried again that another process was working on."""

SETTLE = 10
"""Milliseconds to wait for a further change before acting on one: editors write a file in steps."""

AT_MOST = 60
"""Milliseconds to wait at most while changes go on."""


class Watcher:
    """Threads that tell the session what changed, from ``start`` to ``stop``."""

    def __init__(self, session: PreviewSession) -> None:
        self._session = session
        self._stop = threading.Event()
        self._stop_own = threading.Event()
        self._pulled = threading.Event()

    def start(self, wait: float) -> None:
        """Begin, and wait that many seconds for the first pull."""
        self._thread(self._feeds)
        self._pulled.wait(wait)
        self._thread(lambda: self._files(PACKAGED, self._session.templates_changed, stop=self._stop))
        self._watch_configuration()
        self._watch_own()

    def stop(self) -> None:
        self._stop.set()
        self._stop_own.set()

    def _thread(self, work: Callable[[], None]) -> None:
        # A daemon: a feed that is slow to answer must not keep the program from ending.
        threading.Thread(target=work, daemon=True, name="preview-watch").start()

    def _feeds(self) -> None:
        self._safely(self._session.pull)
        self._pulled.set()
        last = time.monotonic()
        while not self._stop.wait(RETRY):
            self._safely(self._session.retry_if_busy)
            self._safely(self._session.editions_changed)
            # While no page is open, the feeds are not asked.
            if self._session.reload.has_listeners and time.monotonic() > last + POLL:
                self._safely(self._session.pull)
                last = time.monotonic()

    def _watch_configuration(self) -> None:
        # The folder, not the file: most editors replace the old file by a new one.
        file = self._session.file.resolve()

        def changed() -> None:
            self._session.configuration_changed()
            self._watch_own()

        def wanted(path: Path) -> bool:
            return path == file or path == self._own_templates()

        self._thread(
            lambda: self._files(file.parent, changed, stop=self._stop, recursive=False, wanted=wanted)
        )

    def _watch_own(self) -> None:
        # Begun again every time: it may be another folder, or a new one of the same name.
        self._stop_own.set()
        own = self._own_templates()
        if own is not None and own.is_dir():
            self._stop_own = stop = threading.Event()
            self._thread(lambda: self._files(own, self._session.templates_changed, stop=stop))

    def _own_templates(self) -> Path | None:
        installation = self._session.installation
        own = installation.templates.own if installation else None
        return own.resolve() if own else None

    def _files(
        self,
        folder: Path,
        changed: Callable[[], None],
        *,
        stop: threading.Event,
        recursive: bool = True,
        wanted: Callable[[Path], bool] = lambda _: True,
    ) -> None:
        from watchfiles import watch

        try:
            for changes in watch(
                folder,
                recursive=recursive,
                stop_event=stop,
                debounce=AT_MOST,
                step=SETTLE,
                rust_timeout=500,
                raise_interrupt=False,
            ):
                if any(wanted(Path(path)) for _, path in changes):
                    self._safely(changed)
        except Exception as error:  # no inotify watches left, or the folder was deleted
            log.warning("%s is no longer watched (%s): restart the preview to have it back.", folder, error)

    @staticmethod
    def _safely(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # without this thread the pages would never change again
            log.warning("The preview could not be brought up to date: %s", error)
