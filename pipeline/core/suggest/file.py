"""Why a text file of the operator's cannot be read, and what to do about it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.words import sentence

if TYPE_CHECKING:
    from pathlib import Path


class Unread(NamedTuple):
    """Why a file cannot be read, and the remedy."""

    message: str
    remedy: str


_WIDE = (b"\xff\xfe", b"\xfe\xff")
_AS_UTF8 = "Save it as UTF-8 (in Windows Notepad: File, Save as, Encoding: UTF-8)."


def unreadable(file: Path, error: OSError | UnicodeDecodeError) -> Unread:
    """The reason and the remedy for a file that could not be opened, or is no UTF-8 text."""
    said = f"{file} cannot be read"
    if isinstance(error, UnicodeDecodeError):
        return _undecoded(file, error)
    if isinstance(error, IsADirectoryError):
        inside = file / "rapport.toml"
        return Unread(f"{said}: it is a folder.", f"Name the file itself, such as {inside}.")
    if isinstance(error, PermissionError):
        allow = f"chmod u+r {shlex.quote(str(file))}"
        remedy = f"Let the user that runs this read it: `{allow}`, or `chown` it to that user."
        return Unread(f"{said}: permission denied.", remedy)
    return Unread(sentence(f"{said}: {error.strerror or error}"), f"Look what is at {file}.")


def _undecoded(file: Path, error: UnicodeDecodeError) -> Unread:
    content: bytes = error.object
    letters = content[:400].replace(b"\0", b"")
    if content.startswith(_WIDE) or (len(letters) * 2 == len(content[:400]) and letters.isascii()):
        return Unread(f"{file} cannot be read: it is UTF-16 and not UTF-8 text.", _AS_UTF8)
    if b"\0" in content:
        said = f"{file} cannot be read: it is not UTF-8 text, nor any other."
        return Unread(said, "Name a text file; `rapport init` writes an example of a configuration.")
    line = content[: error.start].count(b"\n") + 1
    return Unread(f"{file}:{line}: line {line} is not UTF-8 text.", _AS_UTF8)
