"""The letters of one installation, as the dashboard shows them: editions, what check finds, what changes."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.core.tables.editions import editions as table
from pipeline.editions import find, progress, public_names
from pipeline.editions.compose import chosen
from pipeline.editions.edition import OPEN, Edition, EditionStatus
from pipeline.feeds.pull import pull
from pipeline.web.dashboard.letter.findings import Findings
from pipeline.web.dashboard.reload import ReloadSignal
from subscribers import audience, clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.finding import Finding
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.progress import Progress
    from pipeline.editions.selection import LeftOut
    from pipeline.feeds.pull import Pulled
    from pipeline.web.dashboard.letter.errors import PreviewFault

LOOK = 0.8
"""Seconds between two looks for changes, however many pages are open."""

COUNTED = 10.0
"""Seconds until readers are counted again."""


@dataclass(frozen=True, slots=True)
class ComposeResult:
    """What the last composing of a digest gave."""

    reason: str = ""
    fault: PreviewFault | None = None
    busy: bool = False


NOT_COMPOSED = ComposeResult()


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


class Letters:
    """As `rapport serve` shows them: looking composes nothing. (`rapport preview` composes: preview.py.)

    Every method may be called from any thread.
    """

    def __init__(self, installation: Installation | None = None, stop: Callable[[], bool] = bool) -> None:
        """``stop``: whether the process is to end."""
        self.installation = installation
        """None while the configuration is broken from the start."""
        self.fault: PreviewFault | None = None
        """What is wrong with the configuration, if anything."""
        self.pulled: list[Pulled] = []
        """What the feeds said when they were last asked from a page."""
        self.reload = ReloadSignal()
        self.going: list[Progress] = []
        """How far the editions are that go out, as of the last look for changes."""
        self._findings = Findings()
        self._sources = 0
        """Another number whenever templates or configuration changed."""
        self._stand: Sequence[tuple[Any, ...]] = ()
        self._looked = -math.inf
        self._looking = threading.Lock()
        self._readers: dict[str, tuple[float, int]] = {}
        self._stop = stop
        self._pulling = threading.Lock()

    @property
    def ended(self) -> bool:
        """Whether open pages are to be told nothing more."""
        return self.reload.closed or self._stop()

    def pull(self) -> None:
        """Ask the feeds, by conditional GET, and tell the pages when they say something else."""
        if self.installation is None:
            return
        with self._pulling:
            before = [feed.error for feed in self.pulled]
            self.pulled = pull(self.installation.database, self.installation.config)
            if any(feed.new or feed.changed for feed in self.pulled):
                self._posts_changed()
            elif before != [feed.error for feed in self.pulled]:
                self.reload.send()

    def look_for_changes(self) -> None:
        """The same as ``editions_changed``, unless somebody looked a moment ago."""
        with self._looking:
            if time.monotonic() <= self._looked + LOOK:
                return
            self._looked = time.monotonic()
        self.editions_changed()

    def editions_changed(self) -> None:
        """Tell the pages if an edition is another than when they were last told: staff may edit, approve and
        send it from anywhere."""
        if self.installation is None:
            return
        before = self._stand
        self._note_stand()
        if self._stand != before:
            self.reload.send()

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

    def readers(self, digest: str) -> int:
        """How many would get a letter of the digest, counted a moment ago at the latest: a hundred thousand
        take 50 ms to count."""
        if self.installation is None:
            return 0
        known = self._readers.get(digest)
        if known is None or time.monotonic() > known[0] + COUNTED:
            today = clock.today(self.installation.config.newsletter.zone)
            with self.installation.database.read() as connection:
                known = (time.monotonic(), audience.how_many(connection, digest, today))
            self._readers[digest] = known
        return known[1]

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
        return self._findings.of(self.installation, edition, str(self._sources))

    def _posts_changed(self) -> None:
        self.reload.send()

    def _composed(self, digest: Digest) -> ComposeResult:
        """What composing the digest gave, where looking at it composes."""
        return NOT_COMPOSED

    def _note_stand(self) -> None:
        assert self.installation is not None  # without one there is no edition
        with self.installation.database.read() as connection:
            self._stand = find.newest_stand(connection)
            self.going = progress.under_way(connection, clock.now())


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
