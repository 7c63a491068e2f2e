"""The file of a backup: a tar.gz with `manifest.json` first, which names every other member and its SHA-256.

    manifest.json    {rapport, schema, made, tables: {name: {rows, sum}}, members: {name: sha256},
                     left_out: [what it does not hold]}
    rapport.db       the database, as SQLite whatever it was
    rapport.secret   what signs the links, newest first, as in $RAPPORT_SECRET
    rapport.toml     the configuration
    templates/...    the operator's own templates

What is read from one is input like any other: names are held against this list, and nothing is believed
before its hash is right.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from pipeline.copying import Sum
from pipeline.errors import RapportError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.copying import Sums

DATABASE, SECRET, CONFIG, TEMPLATES = "rapport.db", "rapport.secret", "rapport.toml", "templates/"
SECRETS = "the secrets that sign links: there were none"
_MANIFEST = "manifest.json"
_NAME = re.compile(r"rapport\.(db|secret|toml)|templates(/(?!\.{1,2}/|\.{1,2}$)[^/\\\0]+)+")
_LARGEST_MANIFEST = 10_000_000
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. ``members``: name → SHA-256; ``left_out``: what it does not hold, for
    people."""

    rapport: str
    schema: str
    made: datetime
    tables: Sums
    members: dict[str, str]
    left_out: list[str]

    def text(self) -> str:
        document = {
            "rapport": self.rapport,
            "schema": self.schema,
            "made": self.made.isoformat(),
            "tables": {name: one._asdict() for name, one in self.tables.items()},
            "members": self.members,
            "left_out": self.left_out,
        }
        return json.dumps(document, indent=1)

    @classmethod
    def read(cls, text: bytes) -> Manifest:
        """Raises ValueError, KeyError or TypeError when it is none."""
        found = json.loads(text)
        made = datetime.fromisoformat(found["made"])
        if made.tzinfo is None:
            raise ValueError("made")
        tables = {name: Sum(int(one["rows"]), str(one["sum"])) for name, one in found["tables"].items()}
        members = {str(name): str(digest) for name, digest in found["members"].items()}
        left_out = [str(one) for one in found["left_out"]]
        return cls(str(found["rapport"]), str(found["schema"]), made, tables, members, left_out)


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def pack(out: IO[bytes], folder: Path, manifest: Manifest) -> None:
    """Write the archive of what lies in ``folder``."""
    for name in manifest.members:
        if not _NAME.fullmatch(name):
            raise RapportError(f"{name} has a name that no backup can hold.", "Rename that file.")
    (folder / _MANIFEST).write_text(manifest.text(), encoding="utf-8")
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar:
        for name in (_MANIFEST, *manifest.members):
            tar.add(folder / name, arcname=name, recursive=False, filter=_owned_by_nobody)


def _owned_by_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def unpack(file: Path, folder: Path) -> Manifest:
    """Read the archive into an empty ``folder`` of ours and hold every member against the manifest.

    Raises RapportError when it is no backup, or not as it was made.
    """
    try:
        with gzip.open(file) as zipped:
            with tarfile.open(fileobj=zipped, mode="r|") as tar:
                manifest = _unpacked(file, tar, folder)
            while zipped.read(_CHUNK):
                pass  # to the end: there gzip's own checksum stands
    except FileNotFoundError:
        raise RapportError(f"There is no file {file}.", "Check its name.") from None
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _damaged(file, f"it cannot be read to its end ({type(error).__name__})") from None
    if missing := manifest.members.keys() - {name for name in manifest.members if (folder / name).exists()}:
        raise _damaged(file, f"{', '.join(sorted(missing))} is missing")
    if DATABASE not in manifest.members:
        raise _damaged(file, "it holds no database")
    return manifest


def _unpacked(file: Path, tar: tarfile.TarFile, folder: Path) -> Manifest:
    manifest: Manifest | None = None
    for member in tar:
        source = tar.extractfile(member) if member.isfile() else None
        if source is None:
            raise _damaged(file, "it holds something that is no file")
        if manifest is None:
            if member.name != _MANIFEST or member.size > _LARGEST_MANIFEST:
                raise _damaged(file, "it does not begin as a backup does")
            manifest = _read(file, source.read())
            continue
        if member.name not in manifest.members or not _NAME.fullmatch(member.name):
            raise _damaged(file, "it holds a file that its manifest does not name")
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if _extracted(source, target) != manifest.members[member.name]:
            raise _damaged(file, f"{member.name} is not as it was")
    if manifest is None:
        raise _damaged(file, "it is empty")
    return manifest


def _read(file: Path, text: bytes) -> Manifest:
    try:
        return Manifest.read(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(file, "its manifest cannot be read") from None


def _extracted(source: IO[Any], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as out:
        target.chmod(0o600)
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _damaged(file: Path, how: str) -> RapportError:
    return RapportError(
        f"{file} is no backup of Rapport, or is damaged: {how}.",
        "Nothing was changed. Use another backup; `rapport backup --check FILE` proves one.",
    )
