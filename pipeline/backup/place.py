"""What of an archive's templates and configuration is put in place: what somebody agreed to, in one folder.

Both decide what readers get and where the list goes, so a stranger's are shown before they count. A
rapport.toml that is there is never replaced: it says where the database is. A template that is replaced is
kept beside.
"""

from __future__ import annotations

import difflib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.backup import archive
from pipeline.core.errors import RapportError
from pipeline.core.finding import quoted
from subscribers import private
from subscribers.files import written_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

SHOWN = 100_000
"""Bytes of a file whose changes are shown line by line."""

_LINE = 300


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file of an archive that is not so in the folder restored to. ``before``: what is there, if it is."""

    name: str
    to: Path
    before: bytes | None
    after: bytes

    def lines(self) -> Iterator[str]:
        """What would change, as a unified diff safe for a terminal."""
        if max(len(self.before or b""), len(self.after)) > SHOWN:
            yield f"{self.name}: {len(self.after):,} bytes, too long to be shown"
            return
        old, new = ((one or b"").decode("utf-8", "replace").splitlines() for one in (self.before, self.after))
        here = str(self.to) if self.before is not None else "nothing here"
        for line in difflib.unified_diff(old, new, here, f"{self.name} in the backup", lineterm=""):
            yield quoted(line, _LINE)


def proposals(found: Path, config: Path, templates: Path) -> list[Proposal]:
    """What an archive unpacked at ``found`` holds that differs from ``config`` and from the folder
    ``templates``."""
    files = [(found / archive.CONFIG, config)]
    inside = found / archive.TEMPLATES
    files += [
        (path, templates / path.relative_to(inside)) for path in sorted(inside.rglob("*")) if path.is_file()
    ]
    differing = []
    for file, to in files:
        if file.is_file():
            before, after = to.read_bytes() if to.is_file() else None, file.read_bytes()
            if before != after:
                differing.append(Proposal(file.relative_to(found).as_posix(), to, before, after))
    return differing


def put(agreed: Sequence[Proposal], folder: Path, made: datetime, undo: ExitStack) -> list[str]:
    """Put files in place; their names. ``made`` is when the backup was. Raises RapportError for a place
    outside ``folder``, before anything is written."""
    for one in agreed:
        if one.to.is_dir() or not one.to.parent.resolve().is_relative_to(folder.resolve()):
            raise RapportError(
                f"{one.name} would be written to {one.to}: not a file inside {folder}.",
                "Nothing was changed. Restore without the templates, and put that file in place by hand.",
            )
    for one in agreed:
        _make(one.to.parent, undo)
        if one.before is None:
            undo.callback(one.to.unlink, missing_ok=True)
        else:
            kept = one.to.with_name(f"{one.to.name}.before-{made:%Y%m%dT%H%M%S}")
            undo.callback(kept.unlink, missing_ok=True)
            write(kept, one.before)
            undo.callback(write, one.to, one.before)
        write(one.to, one.after)
    return [str(one.to) for one in agreed]


def write(path: Path, content: bytes) -> None:
    """Write a private file, whole or not at all."""
    with written_whole(path) as file:
        file.buffer.write(content)


def _make(folder: Path, undo: ExitStack) -> None:
    if not folder.is_dir():
        _make(folder.parent, undo)
        undo.callback(_discard, folder)
        folder.mkdir(private.FOLDER)


def _discard(folder: Path) -> None:
    with suppress(OSError):  # it is not there yet, or somebody else put something into it
        folder.rmdir()
