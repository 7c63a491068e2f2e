"""The lines of a CSV file, for csv.reader: they can be put back, and read in blocks."""

from __future__ import annotations

import csv
import io
from collections import deque
from typing import TYPE_CHECKING

from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_LINE = 1 << 20
BLOCK = 1 << 15
"""Characters read at once. csv.reader still takes a cell as long as two blocks."""
MOST_LINES = 100
"""Lines that one row may span. If there are more, a quotation mark was left open."""

_HEAD = 10
"""Lines that are looked at to find the separator."""
_MARKS = "\ufeff", "ï»¿"
"""Byte-order marks that are left after decoding: of a second one, and of one that was encoded once more."""


class Lines:
    """Lines for csv.reader. Those of the present row are kept, so that they can be put back if it is
    broken."""

    def __init__(self, text: io.TextIOWrapper, path: Path) -> None:
        self.number = 0
        self.current: list[str] = []
        self._text = text
        self._path = path
        self._back: deque[str] = deque()

    @property
    def waiting(self) -> bool:
        """Whether lines were put back, to be read again one by one."""
        return bool(self._back)

    def block(self) -> list[str]:
        """Further lines, none of them with a quotation mark. Empty at the end, and when they must be read one
        by one.
        """
        text = self._text.read(BLOCK)
        rest = "" if text.endswith("\n") else self._text.readline(LONGEST_LINE)
        lines = list(io.StringIO(text + rest, newline=""))
        if '"' in text or '"' in rest or len(rest) > BLOCK:
            self._back.extend(lines)
            return []
        self.number += len(lines)
        return lines

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        if len(self.current) == MOST_LINES:
            raise csv.Error
        line = self._back.popleft() if self._back else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= LONGEST_LINE:
            raise SubscriberError(
                f"{self._path}, line {self.number}: the line is too long for a list of people.",
                "Export the list again as CSV.",
                code="file",
            )
        self.current.append(line)
        return line

    def peek(self) -> list[str]:
        """The first lines, without blank ones before them; they are put back."""
        while len(self._back) < _HEAD and (line := self._text.readline(LONGEST_LINE)):
            self._back.append(line)
        if self.number == 0 and self._back:
            for mark in _MARKS:
                while self._back[0].startswith(mark):
                    self._back[0] = self._back[0].removeprefix(mark)
        while self._back and not self._back[0].strip():
            self.drop(1)
            if line := self._text.readline(LONGEST_LINE):
                self._back.append(line)
        if not self._back:
            raise empty(self._path)
        return list(self._back)

    def drop(self, lines: int) -> None:
        """Pass over lines that were put back."""
        for _ in range(lines):
            self._back.popleft()
            self.number += 1

    def keep_first(self) -> str:
        """The row's first line; the lines after it are put back."""
        self._back.extendleft(reversed(self.current[1:]))
        self.number -= len(self.current) - 1
        return self.current[0]


def empty(path: Path) -> SubscriberError:
    return SubscriberError(f"{path} is empty.", "Export the list again and look into the file.", code="file")
