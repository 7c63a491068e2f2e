"""Files and folders that tell who reads the letter: whether anybody but their owner may look."""

from __future__ import annotations

import shlex
import stat
from typing import TYPE_CHECKING

from pipeline.core.finding import ok, warning
from subscribers.private import OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

BESIDE = ("*.csv", "*.tar.gz", "*.eml", "*.handled", "rapport.secret*")
"""What commands may have left in the installation's folder: lists, refused rows, backups, mails, secrets."""

NAMED = 20
"""How many files of the outbox are named one by one."""

_NAME = "files.private"


def private(context: Context) -> Iterator[Finding]:
    outbox = context.folder / context.config.delivery.outbox
    letters = [path for path in sorted(outbox.glob("*")) if _open(path)] if outbox.is_dir() else []
    found = [path for path in _looked_at(context) if _open(path)]
    if _open(outbox):
        found.append(outbox)
    for path in [*found, *letters[:NAMED]]:
        yield warning(
            _NAME,
            f"{path} has mode {_mode(path) & 0o777:o}: not its owner alone may read it.",
            f"chmod {'700' if path.is_dir() else '600'} {shlex.quote(str(path))}",
        )
    if len(letters) > NAMED:
        yield warning(
            _NAME,
            f"{len(letters) - NAMED:,} more files in {outbox} are not their owner's alone.",
            f"chmod -R go= {shlex.quote(str(outbox))}",
        )
    if not found and not letters:
        yield ok(_NAME, "The list, its backups and the letters here are their owner's alone.")


def _looked_at(context: Context) -> Iterable[Path]:
    """The database with all that lies beside it under its name, and what commands leave behind."""
    found = {path for pattern in BESIDE for path in context.folder.glob(pattern)}
    if context.database is not None and context.database.path is not None:
        file = context.database.path
        found |= {path for path in file.parent.iterdir() if path.name.startswith(file.name)}
    return sorted(found)


def _open(path: Path) -> bool:
    return bool(_mode(path) & OTHERS)


def _mode(path: Path) -> int:
    """Its mode; 0 where there is none, or no file and no folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return 0
    return mode if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else 0


CHECKS = (private,)
