"""Opening a backup: to check it, or to make an installation from it."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from pipeline.backup import archive
from pipeline.backup.copy import copy, skip_unknown_ids, sums_of
from pipeline.backup.move import must_be_empty
from pipeline.core.app import database_url
from pipeline.core.database import Database
from pipeline.core.errors import RapportError
from pipeline.core.schema import HEAD, SchemaState, migrate, schema_state, upgrade
from pipeline.core.settings import load
from pipeline.core.signals import ended_by_signals
from pipeline.editions import after_restore
from subscribers import clock, private, staff_log
from subscribers.files import written_whole
from subscribers.signing_secrets import FILE, kept_secrets, known_secrets, secret_file
from subscribers.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.backup.archive import Manifest


@dataclass
class Restored:
    """What a restore did.

    ``stopped`` are editions for staff to decide on; ``kept`` are files that differ from the backup's and were
    left as they are; ``secrets`` is where secrets were written, if any had to be, and ``by_hand`` whether
    they must be put into $RAPPORT_SECRET by hand.
    """

    manifest: Manifest
    database: str = ""
    stopped: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    secrets: Path | None = None
    by_hand: bool = False


def check(file: Path) -> Manifest:
    """Check a backup: open it, hash and count everything. Raises RapportError when it is not whole."""
    with ended_by_signals(), _opened(file) as (manifest, _folder):
        return manifest


def restore(file: Path, config: Path, environment: Mapping[str, str] = os.environ) -> Restored:
    """Bring the backup's content into the configured, empty database, with keys, templates and configuration.

    ``config`` is where rapport.toml is, or is to be written. Raises RapportError, with nothing written, when
    the backup is damaged or newer, or when the database is not empty. Nothing is left by any other error
    either.
    """
    with ended_by_signals() as finish, _opened(file) as (manifest, folder), ExitStack() as undo:
        done = Restored(manifest)
        _put(done, folder / archive.CONFIG, config, undo)
        settings, home = load(config if config.exists() else None, environment)
        own = home / (settings.theme.templates or archive.TEMPLATES)
        _templates(done, folder / archive.TEMPLATES, own, undo)
        with closing(Database(database_url(settings, home))) as target:
            if target.path is not None and not target.path.exists():
                undo.callback(_remove, target.path)
            _must_open(target, manifest)
            with _filled(done, target, folder / archive.DATABASE):
                # Before the commit: without its secrets the list would get a new one, and old links would
                # die.
                _secrets(done, folder / archive.SECRET, target, home, environment, undo)
                finish()
        undo.pop_all()
    return done


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Manifest, Path]]:
    with archive.private_folder(Path(tempfile.gettempdir()), "rapport-restore") as folder:
        manifest = archive.unpack(file, folder)
        _must_fit(file, manifest)
        _prove(file, folder / archive.DATABASE, manifest)
        yield manifest, folder


def _must_fit(file: Path, manifest: Manifest) -> None:
    if SchemaState(manifest.schema).is_newer:
        raise RapportError(
            f"{file} was made by a newer Rapport ({manifest.rapport}, schema {manifest.schema}, not {HEAD}).",
            "Install that version, or a newer one, and restore with it.",
        )


def _prove(file: Path, path: Path, manifest: Manifest) -> None:
    try:
        with closing(Database(f"sqlite:///{path}")) as database:
            found = schema_state(database)
            with database.read() as connection:
                sound = connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
                sound = sound and connection.execute(text("PRAGMA foreign_key_check")).first() is None
                if found.is_current:
                    same = sums_of(connection) == manifest.tables
                else:  # older: its rows are counted only; its bytes were compared with their hash already
                    known = [metadata.tables[name] for name in manifest.tables if name in metadata.tables]
                    same = all(
                        connection.scalar(select(func.count()).select_from(table))
                        == manifest.tables[table.name].rows
                        for table in known
                    )
    except (DatabaseError, RapportError):
        sound = same = False
        found = SchemaState(None)
    if not (sound and same and found.revision == manifest.schema):
        raise RapportError(
            f"The database in {file} is not what its manifest says.",
            "Nothing was changed. Use another backup.",
        )


def _must_open(target: Database, manifest: Manifest) -> None:
    try:
        schema_state(target)
    except RapportError as error:
        if archive.PASSWORD in manifest.left_out:
            error.remedy += f" The backup does not hold {archive.PASSWORD}: give it by $PGPASSWORD."
        raise


@contextmanager
def _filled(done: Restored, target: Database, copied: Path) -> Iterator[None]:
    """Fill the database in one transaction, which is committed when the caller is done."""
    with closing(Database(f"sqlite:///{copied}")) as source:
        migrate(source)
        upgrade(target)
        with source.snapshot() as connection, target.write() as empty:
            must_be_empty(target, empty)
            copy(connection, empty)
            done.database = target.name
            done.stopped = after_restore.doubt(empty, done.manifest.made, clock.now())
            skip_unknown_ids(empty)
            staff_log.record(empty, "restore", detail=f"a backup of {done.manifest.made:%Y-%m-%d %H:%M} UTC")
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
        undo.callback(_write, done.secrets, done.secrets.read_bytes())
    else:
        undo.callback(done.secrets.unlink, missing_ok=True)
    _write(done.secrets, b",".join([*kept, *lacking]) + b"\n")


def _templates(done: Restored, found: Path, to: Path, undo: ExitStack) -> None:
    for file in sorted(path for path in found.rglob("*") if path.is_file()):
        _make(to / file.relative_to(found).parent, undo)
        _put(done, file, to / file.relative_to(found), undo)


def _make(folder: Path, undo: ExitStack) -> None:
    if not folder.is_dir():
        _make(folder.parent, undo)
        undo.callback(_discard, folder)
        folder.mkdir(private.FOLDER)


def _discard(folder: Path) -> None:
    with suppress(OSError):  # it is not there yet, or somebody else put something into it
        folder.rmdir()


def _put(done: Restored, found: Path, to: Path, undo: ExitStack) -> None:
    if not found.exists():
        return
    if not to.exists():
        undo.callback(to.unlink, missing_ok=True)
        _write(to, found.read_bytes())
        done.wrote.append(str(to))
    elif to.read_bytes() != found.read_bytes():
        done.kept.append(str(to))


def _write(path: Path, content: bytes) -> None:
    with written_whole(path) as file:
        file.buffer.write(content)
