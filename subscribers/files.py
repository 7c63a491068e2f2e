"""Writing files whole or not at all."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from collections.abc import Iterator


def put(whole: Path, file: Path) -> None:
    """Give a finished file its name, durably. It is flushed, and in the same folder or one inside.

    Raises FileExistsError when the name is taken: unlike a rename this never replaces another file.
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
    """The same by a rename, while a lock on the folder keeps others from doing so."""
    fcntl.flock(folder, fcntl.LOCK_EX)
    if file.exists():
        raise FileExistsError(file)
    whole.rename(file)


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file with mode 600 that appears at ``path`` only when it is whole. Until then a former file
    stays.

    Raises SubscriberError if it cannot be made.
    """
    try:
        # mkstemp makes it with mode 600.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _refused(path, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(name, path)
        except OSError as error:
            raise _refused(path, error) from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _refused(path: Path, error: OSError) -> SubscriberError:
    return SubscriberError(
        f"{path} cannot be written: {error.strerror}.",
        "Name another file, or make its folder writable.",
        code="file",
    )
