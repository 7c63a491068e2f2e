"""Opening a backup: to check it, or to make an installation from it."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pipeline.backup import archive
from pipeline.backup.copy import copy, skip_unknown_ids
from pipeline.backup.move import must_be_empty, not_empty
from pipeline.backup.place import proposals, put, write
from pipeline.backup.prove import VALUES, prove
from pipeline.core.app import rooted
from pipeline.core.database import Database
from pipeline.core.errors import RapportError
from pipeline.core.schema import HEAD, SchemaState, migrate, schema_state, upgrade
from pipeline.core.sections.installation import DatabaseSection
from pipeline.core.settings import load, overridden, sqlite_file
from pipeline.core.signals import ended_by_signals
from pipeline.editions import after_restore
from subscribers import clock, staff_log, times
from subscribers.signing_secrets import FILE, kept_secrets, known_secrets, secret_file
from subscribers.tables import subscribers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.backup.manifest import Manifest
    from pipeline.backup.place import Proposal
    from pipeline.core.config import Config


@dataclass
class Restored:
    """What a restore did.

    ``stopped`` are editions for staff to decide on. ``kept`` are files that differ from the backup's and were
    left as they are; ``not_placed`` the names of the backup's templates and configuration that nobody agreed
    to. ``secrets`` is where secrets were written, if any had to be, and ``by_hand`` whether they must be put
    into $RAPPORT_SECRET by hand.
    """

    manifest: Manifest
    database: str = ""
    stopped: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    not_placed: list[str] = field(default_factory=list)
    secrets: Path | None = None
    by_hand: bool = False


def check(file: Path) -> Manifest:
    """Check a backup: open it, hash and count everything. Raises RapportError when it is not whole."""
    with ended_by_signals(), _opened(file) as (manifest, _folder):
        return manifest


def nothing(_proposed: Sequence[Proposal]) -> bool:
    """Agree to none of an archive's templates and configuration."""
    return False


def restore(
    file: Path,
    config: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    agree: Callable[[Sequence[Proposal]], bool] = nothing,
) -> Restored:
    """Bring the backup's content into the configured, empty database, with keys, templates and configuration.

    ``config`` is where rapport.toml is, or is to be written; nothing is written outside its folder, but into
    a database that it or the environment names. ``agree`` is asked about the templates and the configuration
    that differ from what is there. Raises RapportError, with nothing written, when the backup is damaged,
    newer or not one of ours, or when the database is not empty. Nothing is left by any other error either.
    """
    with ended_by_signals() as finish, _opened(file) as (manifest, folder), ExitStack() as undo:
        done, home, own, theirs = Restored(manifest), config.absolute().parent, None, None
        unusable: RapportError | None = None
        if config.exists():
            own, home = load(config, environment)
        elif (found := folder / archive.CONFIG).exists():
            try:
                theirs, _ = load(found, environment)
            except RapportError as error:
                unusable = error
        named = own or theirs
        templates = home / ((named and named.theme.templates) or archive.TEMPLATES)
        proposed = proposals(folder, config, templates)
        if own is not None:
            done.kept = [str(one.to) for one in proposed if one.to == config]
            proposed = [one for one in proposed if one.to != config]
        agreed = bool(proposed) and agree(proposed)
        if agreed and unusable is not None:
            raise unusable
        if agreed and theirs is not None and overridden(environment, "theme", "templates") is None:
            _must_be_for_templates(theirs.theme.templates or archive.TEMPLATES, home)
        if not agreed:
            done.not_placed = [one.name for one in proposed]
        url = _database_url(own, theirs if agreed else None, home, environment)
        if agreed:
            done.wrote = put(proposed, home, manifest.made, undo)
        with closing(Database(rooted(url, home))) as target:
            if target.path is not None and not target.path.exists():
                undo.callback(_remove, target.path)
            _must_open(target, manifest)
            with _filled(done, target, file, folder / archive.DATABASE):
                # Before the commit: without its secrets the list would get a new one, and old links would
                # die.
                _secrets(done, folder / archive.SECRET, target, home, environment, undo)
                finish()
        undo.pop_all()
    return done


def _must_be_for_templates(named: str, home: Path) -> None:
    """Raise RapportError where an archive's own rapport.toml would have its templates lie among other files:
    a `.pth` among Python's packages, or a shell's settings, would be run."""
    hidden = any(part.startswith(".") for part in Path(named).parts)
    if Path(named) != Path(archive.TEMPLATES) and (hidden or (home / named).exists()):
        raise RapportError(
            f"The backup's rapport.toml has its templates in {named!r}: no new folder inside {home}.",
            "Nothing was changed. Restore without them, and put them in place by hand.",
        )


def _database_url(
    own: Config | None, theirs: Config | None, home: Path, environment: Mapping[str, str]
) -> str:
    """Where the list goes: where the operator says, else to a file in the folder."""
    if own is not None:
        return own.database.url
    if (said := overridden(environment, "database", "url")) is not None:
        return said
    if theirs is None:
        return DatabaseSection().url
    file = sqlite_file(theirs.database.url, home)
    if file is None or not file.resolve().is_relative_to(home.resolve()):
        raise RapportError(
            f"The backup's rapport.toml names a database that is no file inside {home}.",
            "Nothing was changed. Name the database yourself, by $RAPPORT_DATABASE__URL.",
        )
    return theirs.database.url


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Raise RapportError for a value in the archive that nothing of ours writes."""
    try:
        yield
    except (*VALUES, IntegrityError):
        raise archive.damaged(file, "it holds a value that cannot be read") from None


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Manifest, Path]]:
    with archive.private_folder(Path(tempfile.gettempdir()), "rapport-restore") as folder:
        manifest = archive.unpack(file, folder)
        _must_fit(file, manifest)
        prove(file, folder / archive.DATABASE, manifest)
        with _readable(file):
            kept_secrets(folder / archive.SECRET)
        yield manifest, folder


def _must_fit(file: Path, manifest: Manifest) -> None:
    if SchemaState(manifest.schema).is_newer:
        raise RapportError(
            f"{file} was made by a newer Rapport ({manifest.rapport}, schema {manifest.schema}, not {HEAD}).",
            "Install that version, or a newer one, and restore with it.",
        )


def _must_open(target: Database, manifest: Manifest) -> None:
    try:
        schema_state(target)
    except RapportError as error:
        if archive.PASSWORD in manifest.left_out:
            error.remedy += f" The backup does not hold {archive.PASSWORD}: give it by $PGPASSWORD."
        raise


@contextmanager
def _filled(done: Restored, target: Database, file: Path, copied: Path) -> Iterator[None]:
    """Fill the database in one transaction, which is committed when the caller is done."""
    with closing(Database(f"sqlite:///{copied}")) as source:
        with _readable(file):
            if not SchemaState(done.manifest.schema).is_current:
                migrate(source)
        if schema_state(target).revision is not None:  # of an older Rapport: its schema stays, too
            with target.read() as connection:
                if connection.execute(select(subscribers.c.id).limit(1)).first() is not None:
                    raise not_empty(target)
        upgrade(target)
        with source.snapshot() as connection, target.write() as empty:
            must_be_empty(target, empty)
            with _readable(file):
                copy(connection, empty)
                done.stopped = after_restore.doubt(empty, done.manifest.made, clock.now())
                skip_unknown_ids(empty)
            done.database = target.name
            staff_log.record(empty, "restore", detail=f"a backup of {times.utc(done.manifest.made)}")
            yield


def _remove(database: Path) -> None:
    for end in ("", "-wal", "-shm", ".migrate.lock"):
        database.with_name(database.name + end).unlink(missing_ok=True)


def _secrets(
    done: Restored,
    found: Path,
    target: Database,
    home: Path,
    environment: Mapping[str, str],
    undo: ExitStack,
) -> None:
    beside = secret_file(target.path)
    have = known_secrets(environment, beside)
    lacking = [secret for secret in kept_secrets(found) if secret not in have]
    if not lacking:
        return
    if beside is not None:
        kept, done.secrets = kept_secrets(beside), beside
    else:
        kept, done.secrets, done.by_hand = [], home / f"{FILE}.restored", True
    if done.secrets.exists():
        undo.callback(write, done.secrets, done.secrets.read_bytes())
    else:
        undo.callback(done.secrets.unlink, missing_ok=True)
    write(done.secrets, b",".join([*kept, *lacking]) + b"\n")
