"""The file of the rows that an import refused, each with the reason."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self, TextIO

from subscribers import private
from subscribers.csv_cells import CsvWriter, unguard
from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from subscribers.importing.csv_reader import Record


FIRST = ("line", "reason")
"""The columns before those of the list."""


class Rejects:
    """Made only if a row is refused; readable for its owner alone, and safe to open in a spreadsheet."""

    def __init__(self, path: Path, source: Path, header: Sequence[str], *, again: bool = False) -> None:
        """``again``: the source is itself such a file, whose first two columns are written anew."""
        if path.exists() and source.exists() and path.samefile(source):
            raise SubscriberError(
                f"{path} is the list itself.", "Name another file for the refused rows.", code="file"
            )
        self.path = path
        self.number = 0
        self._from = len(FIRST) if again else 0
        self._header = header
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, record: Record, reason: str) -> None:
        """Add one row. The file can be corrected and imported in its turn."""
        if self._file is None:
            self._file = self._opened()
            self._writer = CsvWriter(self._file)
            self._writer.row((*FIRST, *self._header[self._from :]))
        cells = record.cells if record.problem else record.cells[self._from :]
        self._writer.row((record.line, reason, *map(unguard, cells)))
        self.number += 1

    def _opened(self) -> TextIO:
        try:
            handle = private.opener(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
        except OSError as error:
            raise SubscriberError(
                f"{self.path}, for the rows that are refused, cannot be written: {error.strerror}.",
                "Name another file, or make its folder writable. What was read so far is in.",
                code="file",
            ) from None
        return os.fdopen(handle, "w", encoding="utf-8", newline="")
