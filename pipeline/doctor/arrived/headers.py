"""The headers of a mail in a stranger's file, within bounds (RFC 5322, 2.2)."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from pipeline.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 256 * 1024
_MOST_HEADERS = 1000

Headers = list[tuple[str, str]]
"""Names in lower case and unfolded values, from the top."""


def read(file: Path) -> Headers:
    """Raises UsageError where there is no such file, or it does not begin with the headers of a mail."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise UsageError(f"{file} is no file.", _SAVE)
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", _SAVE) from None
    found = parse(content)
    if not found:
        raise UsageError(f"{file} does not begin with the headers of a mail.", _SAVE)
    return found


_SAVE = "Save a letter that arrived as a file (show original, then download: .eml), and name that."


def parse(content: bytes) -> Headers:
    """The headers of a mail; none where it does not begin with any."""
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    lines = text.partition("\n\n")[0].split("\n")
    if lines[0].startswith("From "):  # how a mailbox file begins each mail
        del lines[0]
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line.strip())
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip().lower()
        if not colon or not name.isascii() or not name.isprintable() or " " in name or not name:
            break
        if len(found) == _MOST_HEADERS:
            break
        found.append((name, [value.strip()]))
    return [(name, " ".join(part for part in parts if part)) for name, parts in found]


def all_of(headers: Headers, name: str) -> list[str]:
    """The values of a header, from the top."""
    return [value for one, value in headers if one == name]


def without_comments(value: str) -> str:
    """A value without its comments (RFC 5322, 3.2.2: they may stand in each other), and without what is
    quoted. Python's own parser recurses once a parenthesis."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in value:
        if escaped:
            escaped = False
        elif sign == "\\" and (depth or quoted):
            escaped = True
        elif quoted:
            quoted = sign != '"'
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif not depth:
            quoted = sign == '"'
            kept.append(" " if quoted else sign)
    return "".join(kept)
