"""Files that come to be whole or not at all."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def put(whole: Path, file: Path) -> None:
    """Give a file that is whole, flushed, and in the same folder or one inside, its name, for good.

    Raises FileExistsError when the name is taken: unlike a rename it never takes another file's place.
    """
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        try:
            os.link(whole, file)
        except FileExistsError:
            raise
        except OSError:  # FAT and some network disks know no hard links
            _put_alone(whole, file, folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def _put_alone(whole: Path, file: Path, folder: int) -> None:
    """The same by a rename, with a lock on the folder against others who do so."""
    fcntl.flock(folder, fcntl.LOCK_EX)
    if file.exists():
        raise FileExistsError(file)
    whole.rename(file)
