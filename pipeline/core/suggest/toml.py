"""What is wrong with a file that is no TOML, with the line as it should be.

The line is mended in the ways in which people break it (line.py); the first that makes it TOML is shown.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.suggest.line import mended
from pipeline.core.suggest.value import kind_of, tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s@]*@")
_SECRET = re.compile(r"(?i)\s*([\w-]*(?:pass|secret|token|api_?key)[\w-]*)\s*[=:]")
_HEADER = re.compile(r"\s*\[\[?\s*([\w.-]+)")
_KEY = re.compile(r"\s*([\w.-]+)")

_DIGITS = re.compile(r"[\d_]{4301}")
"""More than Python makes a number of; it does not say where they stand."""

_LONGEST = 2_000
"""Characters of a line that is shown and mended. An archive may bring a stranger's file, with lines of any
length; and of a part of a line nobody can tell whether it shows a secret."""


class Fault(NamedTuple):
    """What is wrong, with file and line, and how to write it."""

    message: str
    remedy: str


def explained(file: Path, text: str, said: str, config: type[BaseModel]) -> Fault:
    """The fault of a file; ``said`` is tomllib's own sentence about it."""
    lines = text.split("\n")
    place = _PLACE.search(said)
    said = said.replace(place[0], "") if place else said
    number = min(int(place[1]), len(lines)) if place and place[1] else len(lines)
    if not place and (digits := _DIGITS.search(text)):
        number = text.count("\n", 0, digits.start()) + 1
    opening = _opening(lines, said, number)
    line = _array(lines, opening) if opening and "array" in said else lines[(opening or number) - 1]
    where = f"{file}:{opening or number}: line {opening or number} is not valid TOML"
    if len(line) > _LONGEST:
        return Fault(f"{where} ({said[:1].lower()}{said[1:]}): it has {len(line):,} characters", _GENERAL)
    line = _shown(line)
    if meant := _meant(line, said, config, _table(lines, opening or number)):
        return Fault(f"{where}, {meant.message}: {line}", meant.remedy)
    return Fault(f"{where} ({said[:1].lower()}{said[1:]}): {line}", _GENERAL)


_GENERAL = 'Write key = "text" with straight quotes; numbers, true and false have none.'


def _shown(line: str) -> str:
    """A line as it may be shown: without what may be a secret."""
    if secret := _SECRET.match(line):
        return f"{secret[1]} = ***"
    return _PASSWORD.sub(r"\1***@", line.strip())


def _opening(lines: list[str], said: str, number: int) -> int | None:
    """The line on which something begins that is never ended: the parser only notices at what comes next."""
    if "Unclosed array" in said or "Unclosed inline table" in said:
        wanted = re.compile(r"=\s*[\[{]")
    elif said == 'Expected "\'"':
        wanted = re.compile(r"=\s*'[^']*$")
    elif "Expected '" in said or 'Expected "' in said or "Unterminated string" in said:
        wanted = re.compile(r"=\s*(?:\"\"\"|''')")
    else:
        return None
    before = range(min(number, len(lines)), 0, -1)
    return next((number for number in before if wanted.search(lines[number - 1])), None)


def _array(lines: list[str], opening: int) -> str:
    """A list that goes over several lines, in one: up to its bracket, or to the next key or table."""
    found = [lines[opening - 1]]
    for line in lines[opening:]:
        if "=" in line or line.startswith("[") or "]" in found[-1]:
            break
        found.append(line.partition(" #")[0].strip())
    return " ".join(part for part in found if part)


def _table(lines: list[str], number: int) -> tuple[str, ...]:
    """The table that a line stands in."""
    headers = [match[1] for line in lines[: number - 1] if (match := _HEADER.match(line))]
    return tuple(headers[-1].split(".")) if headers else ()


def _meant(line: str, said: str, config: type[BaseModel], table: tuple[str, ...]) -> Fault | None:
    if "Cannot declare" in said or "Cannot overwrite" in said or "Cannot mutate" in said:
        return _twice(line)
    key, sign, value = line.partition("=")
    name, plain = key.strip(), value.partition(" #")[0].strip()
    if plain == "***":
        return Fault(
            "and a secret does not belong there",
            "Take the line out: secrets stand in the environment only, SENDGRID_API_KEY or "
            "RAPPORT_SMTP_PASSWORD.",
        )
    if sign and plain.casefold() in ("none", "null", "nil", "undefined"):
        return Fault("for TOML has no word for nothing", "Leave the line out, or put # before it.")
    if plain.startswith("{"):
        remedy = f"Write [{name}] on a line of its own, and each of its keys on a line below it."
        return Fault("for what stands in {} stands on one line, without a comma at its end", remedy)
    match = _KEY.match(line)
    kind = kind_of(config, table, match[1]) if match else None
    for why, better in mended(line, kind, tables_of(config)):
        try:
            tomllib.loads(better)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        return Fault(why, f"Write: {better}")
    return None


def _twice(line: str) -> Fault:
    if line.startswith("["):
        name = line.strip("[] ")
        remedy = f"Put its keys under the first [{name}]."
        if name in ("feeds", "digests", "match.variants", "channels"):
            remedy = f"Write [[{name}]] with double brackets each time."
        return Fault("for this table stands there twice", remedy)
    return Fault("for this key stands there twice", "Keep one of them.")
