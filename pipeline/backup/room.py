"""Where a backup is put together or taken apart."""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def room(parent: Path, name: str) -> Iterator[Path]:
    """A folder for its owner alone, gone after it whatever happens: it holds the whole list."""
    folder = parent / f".{name}.{secrets.token_hex(4)}"
    try:  # before it is made: tempfile's own could be interrupted between making and remembering it
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
