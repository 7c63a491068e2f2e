"""Making a backup: a view of one moment, while everything goes on."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from pipeline.backup import archive
from pipeline.backup.archive import Manifest
from pipeline.backup.copy import copy
from pipeline.backup.password import without_password
from pipeline.backup.room import room
from pipeline.core.database import Database
from pipeline.core.errors import RapportError, as_rapport_error
from pipeline.core.schema import HEAD, migrate
from pipeline.core.signals import ended_by_signals
from subscribers import clock, export
from subscribers.files import put
from subscribers.signing_secrets import known_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.backup.copy import Sums
    from pipeline.core.app import Installation


def backup(installation: Installation, config: Path | None, file: Path, *, who: str) -> Manifest:
    """Put everything into ``file``, mode 600; what it holds. ``config``: the rapport.toml in use, if any.

    That the list was taken out, by ``who``, is on record as of any export. Raises RapportError, and leaves
    nothing, when the file is there already or cannot be written whole.
    """
    if file.exists():
        raise _there(file)
    database = installation.database
    with ended_by_signals() as finish:
        with _room(file) as folder:
            with database.write() as connection:
                record = export.begin(connection, who=who, what=f"a backup, to {file.name}")
            made = clock.now()
            sums = _database(database, folder / archive.DATABASE)
            left_out = _secrets(installation, folder / archive.SECRET)
            if config is not None and config.is_file():
                left_out += _configuration(config, folder / archive.CONFIG)
            if installation.templates is not None:
                _templates(installation.templates, folder / archive.TEMPLATES)
            names = sorted(
                path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
            )
            members = {name: archive.member(folder / name) for name in names}
            manifest = Manifest(version("rapport"), HEAD, made, sums, members, left_out)
            whole = folder / "whole"
            with open(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                archive.pack(out, folder, manifest)
                out.flush()
                os.fsync(out.fileno())
            finish()
            try:
                put(whole, file)
            except FileExistsError:
                raise _there(file) from None
        with database.write() as connection:
            export.end(connection, record, sums["subscribers"].rows)
    return manifest


def _there(file: Path) -> RapportError:
    return RapportError(f"{file} is there already, and is not overwritten.", "Name another file.")


@contextmanager
def _room(file: Path) -> Iterator[Path]:
    """A folder of ours beside the file."""
    try:
        with room(file.parent, file.name) as folder:
            yield folder
    except (OSError, OperationalError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        why = "the disk is full" if full else as_rapport_error(error).message.rstrip(".")
        raise RapportError(
            f"The backup {file} could not be made: {why}. Nothing of it is left.",
            "Free some space or name a file on another disk: it takes about twice the database's size while "
            "it is made.",
        ) from None


def _database(source: Database, file: Path) -> Sums:
    with closing(Database(f"sqlite:///{file}")) as target:
        migrate(target)
        with source.snapshot() as connection, target.write() as empty:
            sums = copy(connection, empty)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, with no log beside it
    return sums


def _secrets(installation: Installation, file: Path) -> list[str]:
    """What is left out. One made here would sign nothing that was mailed, and pass for the one that did."""
    secrets = known_secrets(installation.environment, installation.secret_file)
    if not secrets:
        return [archive.SECRETS]
    file.write_bytes(b",".join(secrets) + b"\n")
    return []


def _configuration(config: Path, file: Path) -> list[str]:
    """What is left out."""
    text = config.read_bytes().decode("utf-8-sig")
    kept = without_password(text)
    if kept is None:
        return [archive.WHOLE_CONFIG]
    file.write_bytes(kept.encode())
    return [archive.PASSWORD] if kept != text else []


def _templates(own: Path, to: Path) -> None:
    for path in sorted(own.rglob("*")):
        if path.is_file():
            target = to / path.relative_to(own)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
