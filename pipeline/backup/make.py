"""Making a backup: a snapshot of one moment, while sending and serving go on."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import tomllib
from contextlib import closing, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from pipeline.backup import archive
from pipeline.backup.copy import copy
from pipeline.backup.manifest import Manifest
from pipeline.core.database import Database
from pipeline.core.errors import RapportError, as_rapport_error
from pipeline.core.schema import HEAD, migrate
from pipeline.core.signals import ended_by_signals
from pipeline.core.words import sentence
from subscribers import clock, export, private
from subscribers.files import put
from subscribers.signing_secrets import known_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.backup.copy import Sums
    from pipeline.core.app import Installation


# A backup is carried elsewhere: whoever has it has the list, and must not get into a server with it. So the
# password of the database is taken out, wherever libpq would look for it in an address (PostgreSQL's manual,
# 34.1.1.2 and 34.1.2), in comments, too.
_ADDRESS = re.compile(r"(postgres(?:ql)?(?:\+\w+)?://[^:/?@\s\"']*):[^?\s\"']*@")
_PARAMETER = re.compile(r"(?<=[?&])(?:ssl)?password=[^&\s\"']*&?")
_PARAMETERS = {"password", "sslpassword"}


def backup(installation: Installation, config: Path | None, file: Path, *, who: str) -> Manifest:
    """Put everything into ``file``, with mode 600; its manifest. ``config`` is the rapport.toml in use, if
    any.

    It is on record, as for every export, that the list was taken out by ``who``. Raises RapportError, and
    leaves nothing, when the file exists already or cannot be written whole.
    """
    if file.exists():
        raise _there(file)
    database = installation.database
    with ended_by_signals() as finish:
        with _room(file) as folder:
            with database.write() as connection:
                record = export.begin(connection, who=who, what=f"{export.A_BACKUP} to {file.name}")
            made = clock.now()
            sums = _database(database, folder / archive.DATABASE)
            left_out = _secrets(installation, folder / archive.SECRET)
            if config is not None and config.is_file():
                left_out += _configuration(config, folder / archive.CONFIG)
            if installation.templates.own is not None:
                _templates(installation.templates.own, folder / archive.TEMPLATES)
            names = sorted(
                path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
            )
            members = {name: archive.member(folder / name) for name in names}
            manifest = Manifest(version("rapport"), HEAD, made, sums, members, left_out)
            whole = folder / "whole"
            with open(whole, "xb", opener=private.opener) as out:
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
    """A folder beside the file, in which the backup is put together."""
    try:
        with archive.private_folder(file.parent, file.name) as folder:
            yield folder
    except (OSError, OperationalError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        why = "the disk is full" if full else as_rapport_error(error).message
        raise RapportError(
            f"{sentence(f'The backup {file} could not be made: {why}')} Nothing of it is left.",
            "Free some space or name a file on another disk: it takes about twice the database's size while "
            "it is made."
            if full
            else "Name a file in a folder that is there and that the user Rapport runs as may write.",
        ) from None


def _database(source: Database, file: Path) -> Sums:
    with closing(Database(f"sqlite:///{file}")) as target:
        migrate(target)
        with source.snapshot() as connection, target.write() as empty:
            sums = copy(connection, empty)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # so that it is one file, without a log beside it
    return sums


def _secrets(installation: Installation, file: Path) -> list[str]:
    """What is left out. No secret is made here: a new one would not have signed the links that were
    mailed."""
    secrets = known_secrets(installation.environment, installation.secret_file)
    if not secrets:
        return [archive.SECRETS]
    file.write_bytes(b",".join(secrets) + b"\n")
    return []


def _configuration(config: Path, file: Path) -> list[str]:
    """What is left out: a password of the database, or all of it where no password can be told apart."""
    text = config.read_bytes().decode("utf-8-sig")
    kept = without_password(text)
    if kept is None:
        return [archive.WHOLE_CONFIG]
    file.write_bytes(kept.encode())
    return [archive.PASSWORD] if kept != text else []


def without_password(text: str) -> str | None:
    """The text of a rapport.toml without its passwords; None where one cannot be told from the rest."""
    text = _PARAMETER.sub("", _ADDRESS.sub(r"\1@", text))
    try:
        written = tomllib.loads(text).get("database", {}).get("url")
        url = make_url(written) if written else None
    except (tomllib.TOMLDecodeError, AttributeError, ArgumentError):
        return None
    if url is not None and (url.password is not None or _PARAMETERS & url.query.keys()):
        return None
    return text


def _templates(own: Path, to: Path) -> None:
    for path in sorted(own.rglob("*")):
        if path.is_file():
            target = to / path.relative_to(own)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
