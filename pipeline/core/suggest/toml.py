"""What is wrong with a file that is no TOML, with the line as it should be.

The line is mended in the ways in which people break it; the first that makes it TOML is shown.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CURLY = str.maketrans(dict.fromkeys("“”„‟«»＂″", '"') | dict.fromkeys("‘’‚‛′`´", "'"))
_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_ENDS = re.compile(r"""^(?:\"{3}|'{3}|["'])|["']$""")
_CURLED = "for it has curly quotes and wants straight ones"
_SECRET = re.compile(r"(://[^\s:/@]*:)[^\s@]*@")


class Fault(NamedTuple):
    """What is wrong, with file and line, and how to write it."""

    message: str
    remedy: str


def explained(file: Path, text: str, said: str) -> Fault:
    """The fault of a file; ``said`` is tomllib's own sentence about it."""
    lines = text.split("\n")
    place = _PLACE.search(said)
    said = said.replace(place[0], "") if place else said
    number = min(int(place[1]), len(lines)) if place and place[1] else len(lines)
    number = _opening(lines, said, number) or number
    line = _shown(lines[number - 1]) if lines else ""
    where = f"{file}:{number}: line {number} is not valid TOML"
    for meant in _meant(line, said):
        return Fault(f"{where}, {meant.message}: {line}", meant.remedy)
    return Fault(f"{where} ({said[:1].lower()}{said[1:]}): {line}", _GENERAL)


_GENERAL = 'Write key = "text" with straight quotes; numbers, true and false have none.'


def _shown(line: str) -> str:
    return _SECRET.sub(r"\1***@", line.strip())


def _opening(lines: list[str], said: str, number: int) -> int | None:
    """The line on which something begins that is never ended: the parser only notices at what comes next."""
    if "Unclosed array" in said or "Unclosed inline table" in said:
        wanted = re.compile(r"=\s*[\[{]")
    elif "Expected '" in said or "Unterminated string" in said:
        wanted = re.compile(r"=\s*(?:\"\"\"|''')")
    else:
        return None
    before = range(min(number, len(lines)), 0, -1)
    return next((number for number in before if wanted.search(lines[number - 1])), None)


def _meant(line: str, said: str) -> Iterator[Fault]:
    if "Cannot declare" in said or "Cannot overwrite" in said or "Cannot mutate" in said:
        yield _twice(line)
        return
    for why, mended in _mended(line):
        try:
            tomllib.loads(mended)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        yield Fault(why, f"Write: {mended}")


def _twice(line: str) -> Fault:
    if line.startswith("["):
        name = line.strip("[] ")
        remedy = f"Put its keys under the first [{name}]."
        if name in ("feeds", "digests", "match.variants", "channels"):
            remedy = f"Write [[{name}]] with double brackets each time."
        return Fault("for this table stands there twice", remedy)
    return Fault("for this key stands there twice", "Keep one of them.")


def _mended(line: str) -> Iterator[tuple[str, str]]:
    """What may be wrong with a line, and the line without it."""
    if line.startswith("["):
        name = line.strip("[] ")
        double = line.startswith("[[") or line.endswith("]]")
        yield "its brackets do not match", f"[[{name}]]" if double else f"[{name}]"
        return
    key, sign, value = line.partition("=")
    if not sign:
        key, sign, value = line.partition(":")
        if not sign:
            key, _, value = line.partition(" ")
        key, value = key.strip(), value.strip()
        # A key has no space; what has one is not a key that lacks its sign.
        if value and " " not in key:
            for ours in (value, *(mended for _, mended in _values(value))):
                yield "between key and value stands no =", f"{key.translate(_CURLY)} = {ours}"
        return
    key, value = key.strip(), value.strip()
    for why, mended in _values(value):
        yield why, f"{key.translate(_CURLY)} = {mended}"
    if " " in key:
        yield "its key holds a space", f"{key.replace(' ', '_')} = {value}"


def _values(value: str) -> Iterator[tuple[str, str]]:
    said, remark = value, ""
    if " #" in value:
        said, _, rest = value.partition(" #")
        said, remark = said.rstrip(), f"  #{rest}"
    if not said:
        yield "for there is nothing after =", f'""{remark}'
        return
    if said.rstrip(";,") != said or said.startswith("="):
        yield "for there is a sign too many", f"{said.rstrip(';,').lstrip('= ')}{remark}"
    if re.fullmatch(r"-?[\d.,]+", said):
        yield "for its number is written otherwise", f"{said.lstrip('0').replace(',', '.') or 0}{remark}"
    straight = said.translate(_CURLY)
    if straight != said:
        yield _CURLED, f"{straight}{remark}"
    inner = _ENDS.sub("", straight)
    if said.casefold() in _WORDS:
        yield "for true and false are written small", f"{_WORDS[said.casefold()]}{remark}"
    if said[:1] not in "[{":
        yield _why(said, straight), f"{_quoted(inner)}{remark}"
    elif said.startswith("["):
        parts = [part.strip().translate(_CURLY).strip("\"'") for part in said.strip("[]").split(",")]
        listed = ", ".join(_quoted(part) for part in parts if part)
        why = _CURLED if straight != said else "for its list lacks a bracket or quotes"
        yield why, f"{said.rstrip(', ')}]{remark}"
        yield why, f"[{listed}]{remark}"


def _why(said: str, straight: str) -> str:
    if straight != said:
        return _CURLED
    first, last = said[0] in "\"'", said[-1] in "\"'"
    if not first and not last:
        return "for its text has no quotes around it"
    if not last or len(said) == 1:
        return "for its quote is never closed"
    if not first:
        return "for its quote is never opened"
    if said[0] != said[-1]:
        return "for it is opened by one kind of quote and closed by another"
    if "\\" in said and said[0] == '"':
        return "for in double quotes a backslash begins a sign of its own"
    return "for a quote stands within its quotes"


def _quoted(inner: str) -> str:
    """A text in the quotes that it does not hold itself."""
    if ('"' in inner or "\\" in inner) and "'" not in inner:
        return f"'{inner}'"
    return '"' + inner.replace("\\", "\\\\").replace('"', '\\"') + '"'
