"""What lies on the desk: the configuration, the drafts, what is broken, and what check found."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.core.app import Installation, database_url
from pipeline.core.errors import BusyError, ConfigError
from pipeline.core.settings import file_of, load
from pipeline.core.tables import editions as table
from pipeline.editions import find
from pipeline.editions.compose import compose
from pipeline.editions.edition import OPEN, Edition, EditionStatus
from pipeline.editions.selection import choose
from pipeline.feeds.first_seen import first_seen
from pipeline.feeds.pull import pull
from pipeline.letter.check import Finding, check_letter
from pipeline.web.preview.errors import Fault, fault_of
from pipeline.web.preview.reload import Bell
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.core.config import Config, Digest
    from pipeline.editions.selection import LeftOut
    from pipeline.feeds.pull import Pulled


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last composing of a digest gave."""

    reason: str = ""
    fault: Fault | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to look at. ``edition`` is None while nothing was composed, or it cannot be."""

    config: Config
    digest: Digest
    edition: Edition | None
    earlier: Sequence[Any]
    outcome: Outcome

    @property
    def fault(self) -> Fault | None:
        """An edition past being a draft is what it is, whatever becomes of the templates."""
        frozen = self.edition is not None and self.edition.status != EditionStatus.DRAFT
        return None if frozen else self.outcome.fault


PATIENCE = 5.0
"""Seconds a page waits for the first composing: pictures are fetched with it, as long as their hosts take."""

COMPOSING = Outcome("it is being composed, and its pictures are fetched")


class Desk:
    """Composes anew when told that something changed. Every method may be called from any thread.

    It makes and refreshes drafts that staff were not mailed yet; it approves and sends nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file_of(file, os.environ)
        self.bell = Bell()
        self.fault: Fault | None = None
        """What is wrong with the configuration, if anything; the last good one is kept."""
        self.installation: Installation | None = None
        self.pulled: list[Pulled] = []
        self._given = file
        self._outcomes: dict[str, Outcome] = {}
        self._findings: dict[bytes, list[Finding]] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Read the configuration. A file that is not there is an error; a broken one is a fault to show."""
        try:
            self.installation = Installation.open(self._given)
        except ConfigError as error:
            if not self.file.is_file():
                raise
            self.fault = fault_of(error, self.file)

    def close(self) -> None:
        # Without the lock: whoever holds it may be waiting for a blog that does not answer.
        self.bell.close()
        if self.installation:
            self.installation.database.close()

    def templates_changed(self) -> None:
        self._again()

    def configuration_changed(self) -> None:
        try:
            self._reopen()
            self.fault = None
        except Exception as error:  # the server outlives whatever stands in the file
            self.fault = fault_of(error, self.file)
        self._again()

    def pull(self) -> None:
        """Fetch the feeds, by conditional GET, and compose anew when they brought anything."""
        if self.installation is None:
            return
        before = [feed.error for feed in self.pulled]
        self.pulled = pull(self.installation.database, self.installation.config)
        if any(feed.new or feed.changed for feed in self.pulled):
            self._again()
        elif before != [feed.error for feed in self.pulled]:
            self.bell.ring()

    def retry_if_busy(self) -> None:
        """Compose what another process was at when it was last tried."""
        if any(outcome.busy for outcome in list(self._outcomes.values())):
            self._again()

    def look(self, name: str | None, slug: str | None) -> Sight | None:
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
            # Not by_slug: composing may just have discarded the draft that was asked for.
            named = find.one(connection, table.c.slug == slug) if slug else None
            edition = named if slug else find.open_one(connection, digest.name)
        earlier = [e for e in listed if e.digest == digest.name and e.status not in OPEN]
        return Sight(config, digest, edition, earlier, outcome)

    def left_out(self, digest: Digest) -> list[LeftOut]:
        """Why no post is in the edition that is not there."""
        if self.installation is None:
            return []
        at = clock.now()
        with self.installation.database.read() as connection:
            since = first_seen(connection, digest.name, at)
            return list(choose(connection, digest, since, at).left_out)

    def findings(self, edition: Edition) -> list[Finding]:
        """What check finds; kept, for a page asks several times between two changes."""
        assert self.installation is not None  # there is no edition without one
        said = (edition.slug, edition.subject, edition.preheader, edition.html, edition.text)
        key = hashlib.blake2b("\0".join((self.bell.version, *said)).encode()).digest()
        if key not in self._findings:
            found = _checked(self.installation, edition)
            self._findings = {key: found}
        return self._findings[key]

    def _again(self) -> None:
        """Compose every digest that somebody looks at. Until it is done they see what was there before."""
        for name in list(self._outcomes):
            digest = self._digest(name)
            if digest is None:
                self._outcomes.pop(name, None)
            else:
                with self._lock:
                    self._outcomes[name] = self._compose(digest)
        self.bell.ring()

    def _digest(self, name: str) -> Digest | None:
        digests = self.installation.config.digests if self.installation else []
        return next((digest for digest in digests if digest.name == name), None)

    def _composed(self, digest: Digest) -> Outcome:
        """The digest's outcome. The first look composes it, and waits as long as a person would."""
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
        if not known:
            self.bell.ring()

    def _compose(self, digest: Digest) -> Outcome:
        assert self.installation is not None  # a digest comes out of it
        try:
            with self.installation.database.lock(f"digest-{digest.name}"):
                return Outcome(compose(self.installation, digest, looking=True).reason)
        except BusyError:
            return Outcome("another process is at this digest: this is how it stood last", busy=True)
        except Exception as error:  # a template is a program: the server outlives whatever it does
            return Outcome(fault=fault_of(error, self.file, digest.name))

    def _reopen(self) -> None:
        if self.installation is None:
            self.installation = Installation.open(self._given)
            return
        config, folder = load(self._given)
        old = self.installation
        if database_url(config, folder) == database_url(old.config, old.folder):
            self.installation = Installation(config, folder, old.database)
        else:
            self.installation = Installation.open(self._given)
            old.database.close()


_LISTED = select(
    table.c.slug, table.c.digest, table.c.status, table.c.subject, table.c.due_at, table.c.finished_at
).order_by(table.c.id.desc())
"""Without the bodies: a hundred editions are several megabytes."""


def _checked(installation: Installation, edition: Edition) -> list[Finding]:
    try:
        return check_letter(installation.config, edition, own=installation.templates)
    except Exception as error:  # the letter is shown though check fails over it
        said = f"check itself failed: {type(error).__name__}: {error}"
        return [Finding("error", "check", said, "This is a fault of Rapport: please report it.", "check")]
