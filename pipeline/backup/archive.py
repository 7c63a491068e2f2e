"""The file of a backup: a tar.gz that begins with `manifest.json`, which names every other member.

    manifest.json    {rapport, schema, made, tables: {name: {rows, sum}}, members: {name: {sha256, size}},
                     left_out: [what it does not hold]}
    rapport.db       the database, as SQLite whatever it was
    rapport.secret   the secrets that sign links, the newest first, as in $RAPPORT_SECRET
    rapport.toml     the configuration, without the password of a database
    templates/...    the operator's own templates

An archive is a stranger's input. Names are compared with this list, and sizes with the manifest and the disk,
before anything is unpacked; nothing is used before its hash is found right.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import re
import secrets
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from pipeline.backup.manifest import Manifest, Member
from pipeline.core.errors import RapportError
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Names within an archive: they stay as they are even if the files beside a database were called otherwise.
DATABASE, SECRET, CONFIG, TEMPLATES = "rapport.db", "rapport.secret", "rapport.toml", "templates/"
SECRETS = "the secrets that sign links: there were none"
PASSWORD = "the password of database.url"  # noqa: S105
WHOLE_CONFIG = "rapport.toml, in which a password could not be told from the rest"
_MANIFEST = "manifest.json"
_NAME = re.compile(r"rapport\.(db|secret|toml)|templates(/(?!\.{1,2}/|\.{1,2}$)[^/\\\0]+)+")
_LARGEST_MANIFEST = 10_000_000
_AROUND = 1 << 16
"""Bytes of a tar that may come with a member: its headers, long names included, and its padding."""

_CHUNK = 1 << 20

LARGEST_FILE = 20_000_000
"""Bytes of any member but the database: of a template, or whatever lies beside templates."""

MOST_FILES = 10_000

_RATIO, _FREE = 200, 100_000_000
"""An archive unpacks to no more than so many times its size, and so many bytes: a database of text shrinks to
a tenth, nothing but zeros to a thousandth."""


@contextmanager
def private_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder that only its owner can read. It is removed whatever happens, for it holds the whole list."""
    folder = parent / f".{name}.{secrets.token_hex(4)}"
    try:  # also around mkdir: tempfile could be interrupted after making the folder and before remembering it
        folder.mkdir(private.FOLDER)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def member(file: Path) -> Member:
    with file.open("rb") as opened:
        return Member(hashlib.file_digest(opened, "sha256").hexdigest(), file.stat().st_size)


def pack(out: IO[bytes], folder: Path, manifest: Manifest) -> None:
    """Write the archive of the files in ``folder``."""
    for name, one in manifest.members.items():
        if not _is_name(name):
            raise RapportError(f"{name!r} is a name that no backup can hold.", "Rename that file.")
        if name != DATABASE and one.size > LARGEST_FILE:
            raise RapportError(
                f"{name} has {one.size:,} bytes, and a backup holds {LARGEST_FILE:,} of a file at most.",
                "Keep it elsewhere than with the templates.",
            )
    (folder / _MANIFEST).write_text(manifest.text(), encoding="utf-8")
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar:
        for name in (_MANIFEST, *manifest.members):
            tar.add(folder / name, arcname=name, recursive=False, filter=_owned_by_nobody)


def _is_name(name: str) -> bool:
    # One with a line break or an escape sequence would be printed.
    return bool(_NAME.fullmatch(name)) and name.isprintable()


def _owned_by_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack the archive into an empty ``folder``, comparing every member with the manifest.

    Raises RapportError when it is no backup, when it was changed, or when the disk has no room for it.
    """
    try:
        with gzip.open(file) as zipped:
            bounded = _Bounded(zipped)
            with tarfile.open(fileobj=cast("IO[bytes]", bounded), mode="r|") as tar:
                manifest = _unpacked(file, tar, folder, bounded)
            while bounded.read(_CHUNK):
                pass  # to the end, where gzip's own checksum is
    except _TooLongError:
        raise damaged(file, "more comes out of it than its manifest says") from None
    except FileNotFoundError:
        raise RapportError(f"There is no file {file}.", "Check its name.") from None
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error, *_OF_A_HEADER) as error:
        raise damaged(file, f"it cannot be read to its end ({type(error).__name__})") from None
    except OSError as error:
        if error.errno not in _IMPOSSIBLE:
            raise
        raise damaged(file, "it names files that cannot be") from None
    if missing := manifest.members.keys() - {name for name in manifest.members if (folder / name).exists()}:
        raise damaged(file, f"{', '.join(sorted(missing))} is missing")
    if DATABASE not in manifest.members:
        raise damaged(file, "it holds no database")
    return manifest


_IMPOSSIBLE = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
"""A name that is too long, or of a file that another needs as its folder."""


_OF_A_HEADER = (ValueError, LookupError, ArithmeticError)
"""What tarfile raises, besides its own, of a header that contradicts itself."""


class _TooLongError(Exception):
    pass


class _Bounded:
    """Reads as much as is allowed: a small file may unpack to any length."""

    def __init__(self, zipped: gzip.GzipFile) -> None:
        self._zipped = zipped
        self.left = _AROUND

    def read(self, size: int) -> bytes:
        found = self._zipped.read(size)
        self.left -= len(found)
        if self.left < 0:
            raise _TooLongError
        return found


def _unpacked(file: Path, tar: tarfile.TarFile, folder: Path, bounded: _Bounded) -> Manifest:
    manifest: Manifest | None = None
    for found in tar:
        source = tar.extractfile(found) if found.isfile() and not found.issparse() else None
        if source is None:
            raise damaged(file, "it holds something that is no file")
        if manifest is None:
            if found.name != _MANIFEST or found.size > _LARGEST_MANIFEST:
                raise damaged(file, "it does not begin as a backup does")
            bounded.left = found.size + _AROUND
            manifest = _read(file, source.read())
            _must_have_room(file, manifest, folder)
            _must_be_sane(file, manifest)
            continue
        told = manifest.members.get(found.name)
        if told is None or not _is_name(found.name):
            raise damaged(file, "it holds a file that its manifest does not name")
        target = folder / found.name
        if found.size != told.size or target.exists():
            raise damaged(file, f"{found.name} is not as it was")
        bounded.left = found.size + _AROUND
        private.make_folder(target.parent)
        if _extracted(source, target) != told.sha256:
            raise damaged(file, f"{found.name} is not as it was")
    if manifest is None:
        raise damaged(file, "it is empty")
    return manifest


def _read(file: Path, text: bytes) -> Manifest:
    try:
        return Manifest.read(text)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise damaged(file, "its manifest cannot be read") from None


def _must_be_sane(file: Path, manifest: Manifest) -> None:
    sizes = {name: one.size for name, one in manifest.members.items()}
    others = [size for name, size in sizes.items() if name != DATABASE]
    if len(others) > MOST_FILES or max(others, default=0) > LARGEST_FILE:
        raise damaged(file, "its manifest names more than a backup holds")
    if sum(sizes.values()) > _RATIO * file.stat().st_size + _FREE:
        raise damaged(file, "it would unpack to far more than a backup does")


def _must_have_room(file: Path, manifest: Manifest, folder: Path) -> None:
    needed = sum(one.size for one in manifest.members.values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise RapportError(
            f"{file} unpacks to {needed:,} bytes, and {folder.parent} has {free:,} left.",
            "Nothing was changed. Free some space, or name a folder on another disk by $TMPDIR.",
        )


def _extracted(source: IO[Any], target: Path) -> str:
    digest = hashlib.sha256()
    with open(target, "xb", opener=private.opener) as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def damaged(file: Path, how: str) -> RapportError:
    """The error for an archive of which nothing is used."""
    return RapportError(
        f"{file} is no backup of Rapport, or is damaged: {how}.",
        "Nothing was changed. Use another backup; `rapport backup --check FILE` proves one.",
    )
