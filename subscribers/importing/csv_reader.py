"""Reading CSV files as other programs write them: encodings, separators, broken rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from subscribers.errors import SubscriberError
from subscribers.importing.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DELIMITERS = ",;\t"
_IN_HEADERS = DELIMITERS + "|"
"""Within a cell a bar parts things that it lists, so only a header shows that it parts cells."""
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""Excel's first line that names the separator."""

_BROKEN = "A quotation mark is left open or out of place."
_TOO_LONG = "A cell is too long for a list of people."

_CP1252 = "rapport-cp1252"
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")


class Record(NamedTuple):
    """One row and the line in which it begins; ``problem`` says why it could not be read."""

    line: int
    cells: list[str]
    problem: str = ""


class CsvFile:
    """An open CSV file, to be read from its beginning in bounded memory.

    Of a file with a header the separator is that by which ``is_header`` knows it.
    """

    def __init__(self, file: BinaryIO, path: Path, is_header: Callable[[list[str]], bool]) -> None:
        self._file = file
        head = file.peek(1 << 16)[: 1 << 16]  # type: ignore[attr-defined]  # a BufferedReader; pipes have it too
        encoding = _encoding(head, path)
        errors = _CP1252 if encoding == "utf-8-sig" else "replace"
        self._text = io.TextIOWrapper(file, encoding, errors=errors, newline="")
        self._lines = Lines(self._text, path)
        top = self._lines.peek()
        named = _SEP.fullmatch(top[0].strip("\r\n"))
        if named:
            self._lines.drop(1)
            top = self._lines.peek()
        self.delimiter = _delimiter(top, is_header, named[1] if named else "")

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

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
            for line, cells in enumerate(csv.reader(block, delimiter=self.delimiter), first):
                if any(cells):
                    yield Record(line, cells)

    def _quoted(self) -> Iterator[Record]:
        """The rows of the lines that were put back, and of lines that a quotation mark joins to them."""
        lines = self._lines
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while lines.waiting:
            lines.current.clear()
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                too_long = "field limit" in str(error)
                broken = lines.keep_first()
                reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
                yield Record(line, [broken.rstrip("\r\n")], _TOO_LONG if too_long else _BROKEN)
                continue
            if any(cells):
                yield Record(line, cells)


@contextmanager
def open_list(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is read twice: a pipe is first copied into a file without a name."""
    try:
        file = path.open("rb", buffering=1 << 16)
    except OSError as error:
        raise SubscriberError(
            f"{path} cannot be read: {error.strerror}.",
            "Check its name, and that the user Rapport runs as may read it.",
            code="file",
        ) from None
    with file:
        if file.seekable():
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            yield copy


@contextmanager
def open_csv(file: BinaryIO, path: Path, is_header: Callable[[list[str]], bool]) -> Iterator[CsvFile]:
    """Read CSV from its beginning: in UTF-8, UTF-16 or Windows-1252, by comma, semicolon or tab."""
    file.seek(0)
    read = CsvFile(file, path, is_header)
    try:
        yield read
    finally:
        read.close()


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


def _delimiter(lines: list[str], is_header: Callable[[list[str]], bool], named: str) -> str:
    """That by which a header is found; else the one named; else the one that the first line has most of."""
    for line in lines:
        for delimiter in _IN_HEADERS:
            cells = _cells(line, delimiter)
            if len(cells) > 1 and is_header(cells):
                return delimiter
    return named or max(DELIMITERS, key=lambda delimiter: len(_cells(lines[0], delimiter)))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell longer than any
        return []


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Windows-1252: in one pass, and a bad row harms no other."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_CP1252, _as_cp1252)
