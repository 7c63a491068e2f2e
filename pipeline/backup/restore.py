"""Opening a backup: to prove it, or to make an installation of it again."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from pipeline import restored
from pipeline.backup import archive
from pipeline.copying import copy, skip_unknown_ids, sums_of
from pipeline.database import HEAD, Database, migrate, revision
from pipeline.errors import RapportError
from pipeline.installation import database_url
from pipeline.move import must_be_empty, prepare
from pipeline.settings import load
from subscribers import clock
from subscribers.tables import metadata
from subscribers.tokens import VARIABLE, known_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.backup.archive import Manifest


@dataclass
class Restored:
    """What a restore did. ``stopped``: editions for staff to decide on; ``kept``: files that differ from the
    backup's and stayed as they are; ``secrets``: where secrets were written, if any had to be, and whether
    they must be put into $RAPPORT_SECRET by hand."""

    manifest: Manifest
    database: str
    stopped: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    secrets: Path | None = None
    by_hand: bool = False


def check(file: Path) -> Manifest:
    """Prove a backup: open it, hash and count everything. Raises RapportError when it is not whole."""
    with _opened(file) as (manifest, _folder):
        return manifest


def restore(file: Path, config: Path, environment: Mapping[str, str] = os.environ) -> Restored:
    """Make the configured, empty database what the backup holds, with keys, templates and configuration.

    ``config`` is where rapport.toml stands or is to stand. Raises RapportError, with nothing written, when
    the backup is damaged or newer, or the database is not empty.
    """
    with _opened(file) as (manifest, folder):
        found = folder / archive.CONFIG
        lent = not config.exists() and found.exists()
        if lent:
            _write(config, found.read_bytes())
        try:
            settings, home = load(config if config.exists() else None, environment)
            with closing(Database(database_url(settings, home))) as target:
                done = Restored(manifest, target.name)
                _database(done, target, folder / archive.DATABASE, home, environment)
        except BaseException as error:
            if lent:
                config.unlink()
            if lent and isinstance(error, RapportError) and archive.PASSWORD in manifest.left_out:
                error.remedy += f" The backup does not hold {archive.PASSWORD}: give it by $PGPASSWORD."
            raise
        _put(done, found, config, wrote=lent)
        _templates(done, folder / archive.TEMPLATES, home / (settings.theme.templates or archive.TEMPLATES))
        return done


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Manifest, Path]]:
    with tempfile.TemporaryDirectory(prefix="rapport-restore-") as made:
        folder = Path(made)
        manifest = archive.unpack(file, folder)
        _must_fit(file, manifest)
        _prove(file, folder / archive.DATABASE, manifest)
        yield manifest, folder


def _must_fit(file: Path, manifest: Manifest) -> None:
    if manifest.schema > HEAD:
        raise RapportError(
            f"{file} was made by a newer Rapport ({manifest.rapport}, schema {manifest.schema}, not {HEAD}).",
            "Install that version, or a newer one, and restore with it.",
        )


def _prove(file: Path, path: Path, manifest: Manifest) -> None:
    try:
        with closing(Database(f"sqlite:///{path}")) as database:
            found = revision(database)
            with database.read() as connection:
                sound = connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
                sound = sound and connection.execute(text("PRAGMA foreign_key_check")).first() is None
                if found == HEAD:
                    same = sums_of(connection) == manifest.tables
                else:  # of another age: its tables are counted, and its bytes were held against their hash
                    known = [metadata.tables[name] for name in manifest.tables if name in metadata.tables]
                    same = all(
                        connection.scalar(select(func.count()).select_from(table))
                        == manifest.tables[table.name].rows
                        for table in known
                    )
    except (DatabaseError, RapportError):
        sound = same = False
        found = None
    if not (sound and same and found == manifest.schema):
        raise RapportError(
            f"The database in {file} is not what its manifest says.",
            "Nothing was changed. Use another backup.",
        )


def _database(
    done: Restored, target: Database, copied: Path, home: Path, environment: Mapping[str, str]
) -> None:
    with closing(Database(f"sqlite:///{copied}")) as source:
        migrate(source)
        new = target.path is not None and not target.path.exists()
        try:
            prepare(target)
            with source.snapshot() as connection, target.write() as empty:
                must_be_empty(target, empty)
                copy(connection, empty)
                done.stopped = restored.doubt(empty, done.manifest.made, clock.now())
                skip_unknown_ids(empty)
                # Before the commit: a list without its keys would make a new one, and old links would die.
                _secrets(done, copied.with_name(archive.SECRET), target, home, environment)
        except BaseException:
            if new and target.path is not None:
                target.close()
                for end in ("", "-wal", "-shm"):
                    target.path.with_name(target.path.name + end).unlink(missing_ok=True)
            raise


def _secrets(
    done: Restored, found: Path, target: Database, home: Path, environment: Mapping[str, str]
) -> None:
    beside = target.path.with_name("rapport.secret") if target.path else None
    have = known_secrets(environment.get(VARIABLE), beside)
    lacking = [secret for secret in known_secrets(None, found) if secret not in have]
    if not lacking:
        return
    if beside is not None:
        _write(beside, b",".join([*known_secrets(None, beside), *lacking]) + b"\n")
        done.secrets = beside
        return
    done.secrets, done.by_hand = home / "rapport.secret.restored", True
    _write(done.secrets, b",".join(lacking) + b"\n")


def _templates(done: Restored, found: Path, to: Path) -> None:
    for file in sorted(path for path in found.rglob("*") if path.is_file()):
        _put(done, file, to / file.relative_to(found))


def _put(done: Restored, found: Path, to: Path, *, wrote: bool = False) -> None:
    if not found.exists():
        return
    if wrote or not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(found.read_bytes())
        done.wrote.append(str(to))
    elif to.read_bytes() != found.read_bytes():
        done.kept.append(str(to))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for its owner alone."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
