"""What the preview shows: the configuration, the drafts, what is broken, and what check found."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.core.app import Installation, database_url
from pipeline.core.errors import BusyError, ConfigError
from pipeline.core.settings import file_of, load
from pipeline.core.tables.editions import editions as table
from pipeline.editions import find, public_names
from pipeline.editions.compose import chosen, compose
from pipeline.editions.edition import OPEN, Edition, EditionStatus
from pipeline.editions.lock import lock
from pipeline.feeds.pull import pull
from pipeline.web.preview.errors import PreviewFault, fault_of
from pipeline.web.preview.findings import Findings
from pipeline.web.preview.reload import ReloadSignal
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.core.finding import Finding
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.selection import LeftOut
    from pipeline.feeds.pull import Pulled


@dataclass(frozen=True, slots=True)
class ComposeResult:
    """What the last composing of a digest gave."""

    reason: str = ""
    fault: PreviewFault | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What there is to look at. ``edition`` is None when nothing was composed, or could not be."""

    config: Config
    digest: Digest
    edition: Edition | None
    earlier: Sequence[Any]
    outcome: ComposeResult

    @property
    def fault(self) -> PreviewFault | None:
        """What is wrong with a draft. An edition past being a draft no longer depends on the templates."""
        frozen = self.edition is not None and self.edition.status != EditionStatus.DRAFT
        return None if frozen else self.outcome.fault


PATIENCE = 5.0
"""Seconds that a page waits for the first composing: it also fetches the pictures, which may take long."""

COMPOSING = ComposeResult("it is being composed, and its pictures are fetched")


class PreviewSession:
    """Composes again when told that something changed: drafts that staff were not mailed yet, and no others.
    Every method may be called from any thread."""

    def __init__(
        self, file: Path | None, environment: Mapping[str, str] = os.environ, *, deciding: bool = False
    ) -> None:
        """``deciding``: the page offers what decisions.py does."""
        self.file = file_of(file, environment)
        self.deciding = deciding
        self.answer = ""
        """Why what was last decided on the page could not be done."""
        self.reload = ReloadSignal()
        self.fault: PreviewFault | None = None
        """What is wrong with the configuration, if anything. The last good one stays in use."""
        self.installation: Installation | None = None
        self.pulled: list[Pulled] = []
        self._given = file
        self._environment = environment
        self._stand: Sequence[tuple[Any, ...]] = ()
        self._outcomes: dict[str, ComposeResult] = {}
        self._findings = Findings()
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

    def pull(self) -> None:
        """Fetch the feeds, by conditional GET, and compose again when they brought something new."""
        if self.installation is None:
            return
        before = [feed.error for feed in self.pulled]
        self.pulled = pull(self.installation.database, self.installation.config)
        if any(feed.new or feed.changed for feed in self.pulled):
            self._again()
        elif before != [feed.error for feed in self.pulled]:
            self.reload.send()

    def editions_changed(self) -> None:
        """Tell the pages if an edition is another than when they were last told: staff may edit, approve and
        send it from anywhere."""
        if self.installation is None:
            return
        with self._lock:
            before = self._stand
            self._note_stand()
        if self._stand != before:
            self.reload.send()

    def retry_if_busy(self) -> None:
        """Compose the digests that another process was working on the last time."""
        if any(outcome.busy for outcome in list(self._outcomes.values())):
            self._again()

    def look(self, name: str | None, slug: str | None) -> Preview | None:
        """The digest's open edition, or the named one; None when there is no such thing."""
        if self.installation is None:
            return None
        config, database = self.installation.config, self.installation.database
        with database.read() as connection:
            listed = connection.execute(_LISTED).all()
        if slug:
            name = next((row.digest for row in listed if row.slug == slug), None)
            if name is None:
                return None
        digest = next((d for d in config.digests if d.name == name), None) if name else config.digests[0]
        if digest is None:
            return None
        outcome = self._composed(digest)
        with database.read() as connection:
            # Not by_slug, which raises: composing may just have discarded the draft that was asked for.
            named = find.one(connection, table.c.slug == slug) if slug else None
            edition = named if slug else find.open_one(connection, digest.name)
        earlier = [e for e in listed if e.digest == digest.name and e.status not in OPEN]
        return Preview(config, digest, edition, earlier, outcome)

    def left_out(self, digest: Digest) -> list[LeftOut]:
        """Where there is no edition: why each post is left out."""
        if self.installation is None:
            return []
        with self.installation.database.read() as connection:
            return list(chosen(connection, self.installation.config, digest, None, clock.now()).left_out)

    def list_id(self, edition: Edition) -> str:
        assert self.installation is not None  # there is no edition without one
        with self.installation.database.read() as connection:
            return public_names.list_id(connection, self.installation.config, edition.digest)

    def findings(self, edition: Edition) -> list[Finding]:
        """What check finds."""
        assert self.installation is not None  # there is no edition without one
        return self._findings.of(self.installation, edition, self.reload.version)

    def _again(self) -> None:
        """Compose every digest that somebody has looked at. Until it is done, pages show what there was
        before."""
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
            known = digest.name in self._outcomes
            if not known:
                self._outcomes[digest.name] = self._compose(digest)
                self._note_stand()
        if not known:
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

    def _note_stand(self) -> None:
        assert self.installation is not None  # without one there is no edition
        with self.installation.database.read() as connection:
            self._stand = find.newest_stand(connection)

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


_LISTED = select(
    table.c.slug,
    table.c.digest,
    table.c.status,
    table.c.subject,
    table.c.due_at,
    table.c.finished_at,
    table.c.snapshot_at,
    table.c.provider,
).order_by(table.c.id.desc())
"""Without the bodies: those of a hundred editions are several megabytes."""
