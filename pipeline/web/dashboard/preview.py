"""The letters as `rapport preview` shows them: composed anew whenever something that they are made of
changes."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from pipeline.core.app import Installation, database_url
from pipeline.core.errors import BusyError, ConfigError
from pipeline.core.settings import file_of, load
from pipeline.editions.compose import compose
from pipeline.editions.lock import lock
from pipeline.web.dashboard.letter.errors import fault_of
from pipeline.web.dashboard.letters import ComposeResult, Letters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.core.sections.digest import Digest

PATIENCE = 5.0
"""Seconds that a page waits for the first composing: it also fetches the pictures, which may take long."""

COMPOSING = ComposeResult("it is being composed, and its pictures are fetched")


class PreviewSession(Letters):
    """Composes again when told that something changed: drafts that staff were not mailed yet, and no others.
    Every method may be called from any thread."""

    def __init__(self, file: Path | None, environment: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self.file = file_of(file, environment)
        self._given = file
        self._environment = environment
        self._outcomes: dict[str, ComposeResult] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Read the configuration. A missing file is an error; a broken one is a fault that the page shows."""
        try:
            self.installation = Installation.open(self._given, self._environment)
        except ConfigError as error:
            if not self.file.is_file():
                raise
            self.fault = fault_of(error, self.file)

    def close(self) -> None:
        # Without the lock: its holder may be waiting for a blog that does not answer.
        self.reload.close()
        if self.installation:
            self.installation.database.close()

    def templates_changed(self) -> None:
        self._again()

    def configuration_changed(self) -> None:
        try:
            self._reopen()
            self.fault = None
        except Exception as error:  # whatever stands in the file, the server goes on
            self.fault = fault_of(error, self.file)
        self._again()

    def editions_changed(self) -> None:
        with self._lock:
            super().editions_changed()

    def retry_if_busy(self) -> None:
        """Compose the digests that another process was working on the last time."""
        if any(outcome.busy for outcome in list(self._outcomes.values())):
            self._again()

    def _posts_changed(self) -> None:
        self._again()

    def _again(self) -> None:
        """Compose every digest that somebody has looked at. Until it is done, pages show what there was
        before."""
        self._sources += 1
        for name in list(self._outcomes):
            digest = self._digest(name)
            if digest is None:
                self._outcomes.pop(name, None)
            else:
                with self._lock:
                    self._outcomes[name] = self._compose(digest)
                    self._note_stand()
        self.reload.send()

    def _digest(self, name: str) -> Digest | None:
        digests = self.installation.config.digests if self.installation else []
        return next((digest for digest in digests if digest.name == name), None)

    def _composed(self, digest: Digest) -> ComposeResult:
        """The digest's last result. The first time it is composed, and waited for as long as a person would
        wait."""
        if digest.name not in self._outcomes:
            first = threading.Thread(target=self._first, args=(digest,), daemon=True)
            first.start()
            first.join(PATIENCE)
        return self._outcomes.get(digest.name, COMPOSING)

    def _first(self, digest: Digest) -> None:
        with self._lock:
            if digest.name in self._outcomes:
                return
            seen, wanted = -1, self._digest(digest.name)
            while wanted is not None and seen != self._sources:
                # Whoever told of a change before there was an outcome left it to us.
                seen = self._sources
                self._outcomes[digest.name] = self._compose(wanted)
                self._note_stand()
                wanted = self._digest(digest.name)
        self.reload.send()

    def _compose(self, digest: Digest) -> ComposeResult:
        assert self.installation is not None  # without one there is no digest
        try:
            with lock(self.installation.database, digest.name):
                return ComposeResult(compose(self.installation, digest, looking=True).reason)
        except BusyError:
            return ComposeResult("another process is at this digest: this is how it stood last", busy=True)
        except Exception as error:  # a template is a program: whatever it does, the server goes on
            return ComposeResult(fault=fault_of(error, self.file, digest.name))

    def _reopen(self) -> None:
        if self.installation is None:
            self.installation = Installation.open(self._given, self._environment)
            return
        config, folder = load(self._given, self._environment)
        old = self.installation
        if database_url(config, folder) == database_url(old.config, old.folder):
            self.installation = Installation(config, folder, old.database, self._environment)
        else:
            self.installation = Installation.open(self._given, self._environment)
            old.database.close()
