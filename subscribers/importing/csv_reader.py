"""Reading CSV files as other programs write them: encodings, separators, broken rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_LINE = 1 << 20
BLOCK = 1 << 15
"""Characters read at once. csv.reader still takes a cell as long as two blocks."""
MOST_LINES = 100
"""Lines that one row may span. If there are more, a quotation mark was left open."""

_CP1252 = "rapport-cp1252"
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")


class Record(NamedTuple):
    """One row and the line in which it begins; ``problem`` says why it could not be read."""

    line: int
    cells: list[str]
    problem: str = ""


class CsvFile:
    """An open CSV file, to be read once from its beginning in bounded memory."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        head = file.peek(1 << 16)[: 1 << 16]  # type: ignore[attr-defined]  # a BufferedReader; pipes have it too
        encoding = _encoding(head, path)
        errors = _CP1252 if encoding == "utf-8-sig" else "replace"
        self._lines = _Lines(io.TextIOWrapper(file, encoding, errors=errors, newline=""), path)
        self._delimiter = _delimiter(self._lines.peek())

    def position(self) -> int:
        """How many bytes were read so far; 0 for a pipe."""
        return self._file.tell() if self._file.seekable() else 0

    def records(self) -> Iterator[Record]:
        """The rows that are not blank. A broken quotation mark spoils only its own row."""
        lines = self._lines
        while True:
            yield from self._quoted()
            block = lines.block()
            if not block and not lines.waiting:
                return
            # Without quotation marks each line is a row: the faster way, and nearly all of most lists.
            first = lines.number - len(block) + 1
            for line, cells in enumerate(csv.reader(block, delimiter=self._delimiter), first):
                if any(cells):
                    yield Record(line, cells)

    def _quoted(self) -> Iterator[Record]:
        """The rows of the lines that were put back, and of lines that a quotation mark joins to them."""
        lines = self._lines
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while lines.waiting:
            lines.current.clear()
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                broken = lines.keep_first()
                reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
                yield Record(line, [broken.rstrip("\r\n")], "A quotation mark is left open or out of place.")
                continue
            if any(cells):
                yield Record(line, cells)


class _Lines:
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

    def __iter__(self) -> _Lines:
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

    def peek(self) -> str:
        """The first line that is not blank; it is put back."""
        while not (line := self._text.readline(LONGEST_LINE)).strip():
            if not line:
                raise empty(self._path)
            self._back.append(line)
        self._back.append(line)
        return line

    def keep_first(self) -> str:
        """The row's first line; the lines after it are put back."""
        self._back.extendleft(reversed(self.current[1:]))
        self.number -= len(self.current) - 1
        return self.current[0]


@contextmanager
def open_csv(path: Path) -> Iterator[CsvFile]:
    """Open a CSV file in UTF-8, UTF-16 or Windows-1252, separated by comma, semicolon or tab."""
    try:
        file = path.open("rb", buffering=1 << 16)
    except OSError as error:
        raise SubscriberError(
            f"{path} cannot be read: {error.strerror}.",
            "Check its name, and that the user Rapport runs as may read it.",
            code="file",
        ) from None
    with file:
        yield CsvFile(file, path)


def empty(path: Path) -> SubscriberError:
    return SubscriberError(f"{path} is empty.", "Export the list again and look into the file.", code="file")


def _encoding(head: bytes, path: Path) -> str:
    if head[:2] in _UTF_16:
        return "utf-16"
    if b"\0" in head[1:2] and b"\0" not in head[::2]:
        return "utf-16-le"
    if b"\0" in head[:1] and b"\0" not in head[1::2]:
        return "utf-16-be"
    if _BINARY.search(head):
        kind = "a spreadsheet or archive" if head.startswith(b"PK") else "not a text file"
        raise SubscriberError(
            f"{path}, line 1: this is {kind}, not CSV.",
            "Open it in the program that made it and save or export it as CSV.",
            code="file",
        )
    return "utf-8-sig"


def _delimiter(line: str) -> str:
    return max(",;\t", key=lambda delimiter: len(next(csv.reader([line], delimiter=delimiter), [])))


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Windows-1252: in one pass, and a bad row harms no other."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_CP1252, _as_cp1252)
