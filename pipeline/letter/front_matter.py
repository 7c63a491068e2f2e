"""The lines above a text that say what it is: `key = value` or `key: value`, between two lines of --- (or
+++)."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import LetterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_FENCES = ("---", "+++")
_YES_OR_NO = {"true": True, "yes": True, "false": False, "no": False}


class FrontMatter(NamedTuple):
    """What the lines say, each value with its line, and the text below them, which begins on ``begins``."""

    values: Mapping[str, tuple[str, int]]
    text: str
    begins: int


def split(source: str, name: str, known: Collection[str]) -> FrontMatter:
    """The front matter of a text and the rest of it; a text may have none. ``name`` is its file's.

    Raises LetterError, which names file and line, for what is no line of it and for a key that is not
    ``known``.
    """
    lines = source.split("\n")
    fence = lines[0].strip() if lines else ""
    if fence not in _FENCES:
        return FrontMatter({}, source, 1)
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == fence), None)
    if end is None:
        raise LetterError(
            f"{name}:1: The front matter that begins here has no end.", f"Write a line of {fence} below it."
        )
    values: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines[1:end], 2):
        if line.strip() and not line.lstrip().startswith("#"):
            key, value = _pair(line, f"{name}:{number}", known)
            if key in values:
                raise LetterError(f"{name}:{number}: {key} is said twice.", "Take one of them out.")
            values[key] = (value, number)
    return FrontMatter(values, "\n".join(lines[end + 1 :]), end + 2)


def _pair(line: str, place: str, known: Collection[str]) -> tuple[str, str]:
    ends = [line.find(sign) for sign in "=:" if sign in line]
    key, value = (line[: min(ends)].strip(), line[min(ends) + 1 :].strip()) if ends else (line.strip(), "")
    listed = ", ".join(known)
    if not ends:
        raise LetterError(f"{place}: {key[:60]!r} is no line like key = value.", f"The keys are: {listed}.")
    if key not in known:
        from pipeline.core.suggest import did_you_mean

        ask = did_you_mean(key, known)
        raise LetterError(
            f"{place}: {key[:60]!r} is not a known key.", f"{ask} The keys are: {listed}.".lstrip()
        )
    return key, _unquoted(value, place)


def _unquoted(value: str, place: str) -> str:
    if not value.startswith(('"', "'")):
        return value
    try:
        said = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        said = None
    if not isinstance(said, str):
        raise LetterError(
            f"{place}: The quotation marks do not close.", 'Write it like subject = "Closed in May".'
        )
    return said


def flag(front: FrontMatter, key: str, name: str, *, otherwise: bool) -> bool:
    """A value that is true or false. Raises LetterError for any other."""
    value, line = front.values.get(key, ("true" if otherwise else "false", 0))
    if value.casefold() not in _YES_OR_NO:
        raise LetterError(f"{name}:{line}: {key} is {value[:60]!r}.", f"Write {key} = true or {key} = false.")
    return _YES_OR_NO[value.casefold()]
