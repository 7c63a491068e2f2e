"""Files and folders for their owner alone: 600 and 700 from the moment they are there, whatever the umask.

Everything that holds the list or a letter is made here: database, locks, outbox, refused rows, previews. What
libraries make (SQLite's log takes its database's mode), and what holds nobody's data, the command's umask
covers.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE, FOLDER = 0o600, 0o700

OTHERS = 0o077
"""The bits of a mode that let anybody but the owner in."""


@contextmanager
def umask() -> Iterator[None]:
    """Whatever this process makes meanwhile is private. For a whole command: threads share the umask."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def opener(path: str | os.PathLike[str], flags: int) -> int:
    """An opener for `open` (its documentation): a new file is private, and one that was there becomes so."""
    handle = os.open(path, flags, FILE)
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode) and found.st_mode & OTHERS:
        with suppress(PermissionError):  # another user's, who lets us write
            os.fchmod(handle, FILE)
    return handle


def make_file(path: Path) -> None:
    """Make an empty file where none is. One that is there is not opened: closing it would drop the locks
    that this process has on it (sqlite.org/howtocorrupt.html, 2.2). Raises nothing: who uses it tells it
    better."""
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE))


def make_folder(path: Path) -> None:
    """Make a folder where none is, and those above it. Raises OSError."""
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(FOLDER)
    if not path.is_dir():
        raise NotADirectoryError(20, "there is a file of that name", str(path))
