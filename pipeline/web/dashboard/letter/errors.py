"""What is broken, as the page shows it: file, line, and the lines around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError

if TYPE_CHECKING:
    from collections.abc import Iterator

AROUND = 4
"""Lines shown before and after the one at fault."""

LONGEST = 400
"""Characters shown of a line: a template may have very long lines."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    number: int
    text: str
    bad: bool


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """A place in a file where the fault is."""

    file: Path
    line: int | None
    said: str
    around: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class PreviewFault:
    """Why there is no letter to show. ``kind`` is template, configuration or other."""

    kind: str
    message: str
    remedy: str
    places: tuple[FaultPlace, ...] = ()


def fault_of(error: Exception, config_file: Path, digest: str = "") -> PreviewFault:
    """A failure as the page shows it."""
    if not isinstance(error, RapportError):
        said = f"{type(error).__name__}: {error}"
        return PreviewFault("other", said, "This is a fault of Rapport: please report it with these words.")
    kind = {"letter": "template", "configuration": "configuration"}.get(error.code, "other")
    places = tuple(_places(error.message, config_file, digest))
    return PreviewFault(kind, error.message, error.remedy, places)


_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+): (?P<said>.*)")
_TOML = re.compile(r"(?P<file>.+?) is not valid TOML: (?P<said>.*?\(at (?:line (?P<line>\d+)|end).*)")
_MJML = re.compile(r"(?P<file>.+?\.mjml): (?P<said>.*)")
_SUBJECT = re.compile(r"digests \((?P<digest>[^)]*)\): subject: (?P<said>.*)")


def _places(message: str, config_file: Path, digest: str) -> Iterator[FaultPlace]:
    for line in message.splitlines():
        if match := _SUBJECT.match(line):
            number = _subject_line(config_file, match["digest"] or digest)
            yield _place(config_file, number, match["said"])
        elif match := _LINE.match(line) or _TOML.match(line) or _MJML.match(line):
            found = match.groupdict()
            if Path(found["file"]).is_file():
                number = int(found["line"]) if found.get("line") else None
                yield _place(Path(found["file"]), number, found["said"])


def _place(file: Path, number: int | None, said: str) -> FaultPlace:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    if number is None and "end of document" in said:
        number = len(lines)
    if number is None:
        return FaultPlace(file, None, said, ())
    first = max(1, number - AROUND)
    around = (
        SourceLine(n, lines[n - 1][:LONGEST], n == number)
        for n in range(first, min(len(lines), number + AROUND) + 1)
    )
    return FaultPlace(file, number, said, tuple(around))


def _subject_line(config_file: Path, digest: str) -> int | None:
    """The line of a digest's subject in the configuration; None where it is written in an unusual way."""
    try:
        lines = config_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    table: list[tuple[int, str]] = []
    for number, line in [*enumerate(lines, 1), (0, "[")]:
        if line.lstrip().startswith("["):
            named = any(re.match(rf"\s*name\s*=\s*['\"]{re.escape(digest)}['\"]", text) for _, text in table)
            subject = [n for n, text in table if re.match(r"\s*subject\s*=", text)]
            if named and subject:
                return subject[0]
            table = []
        table.append((number, line))
    return None
