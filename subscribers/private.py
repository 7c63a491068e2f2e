"""Files for their owner alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file with mode 600 that stands at ``path`` whole, or not at all: what stood there before stays
    until then.

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
