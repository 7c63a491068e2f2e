"""Each country's emergency numbers and crisis lines, and the words for them: templates/letter/crisis.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.core.errors import LetterError
from pipeline.core.words import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.core.templates import Templates

FILE = "letter/crisis.toml"

Number = Annotated[str, Field(pattern=r"^\d[\d -]*$")]
Site = Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)+[a-z]+$")]
Hour = Annotated[int, Field(ge=0, le=24)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Entry):
    """A crisis line. ``name`` is its own; the letter says ``shown``, one for all languages or one for each,
    where that is given. ``hours`` None and ``free`` False: not sure. ``languages`` empty: not known."""

    name: str
    shown: str | dict[str, str] | None = None
    call: tuple[Number, ...] = ()
    text: Number | None = None
    chat: Site | None = None
    free: bool = False
    hours: tuple[Hour, Hour] | None = None
    languages: tuple[str, ...] = ()

    def shown_in(self, language: str) -> str:
        """What a letter in a language calls it; empty where its number says enough."""
        if isinstance(self.shown, dict):
            return self.shown.get(language) or next(iter(self.shown.values()), "")
        return self.name if self.shown is None else self.shown

    @property
    def ways(self) -> tuple[str, ...]:
        """Every number and address of it, each once."""
        return tuple(dict.fromkeys(way for way in (*self.call, self.text, self.chat) if way))


class Country(_Entry):
    """What a country has. ``emergency``: each number with whom it reaches, empty where it reaches all."""

    emergency: dict[Number, Literal["", "ambulance", "police"]] = Field(default={})
    lines: tuple[Line, ...] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    as_of: str = Field(min_length=4)


class _File(_Entry):
    words: dict[str, dict[str, str]] = Field(default={})
    countries: dict[str, Country] = Field(default={})


@dataclass(frozen=True, slots=True)
class Table:
    """``words``: of each language, by their keys. ``countries``: by their codes (ISO 3166)."""

    words: Mapping[str, Mapping[str, str]]
    countries: Mapping[str, Country]


def read_table(templates: Templates) -> Table:
    """Our file and the operator's over it. Raises LetterError that names the file which cannot be read, and
    what in it."""
    words: dict[str, dict[str, str]] = {}
    countries: dict[str, Country] = {}
    for file in templates.layers(FILE):
        read = _read(file)
        for language, phrases in read.words.items():
            words.setdefault(language, {}).update(phrases)
        countries |= read.countries
    return Table(words, countries)


def _read(file: Path) -> _File:
    try:
        return _parsed(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = f"{file}: {key}: {first['msg'][:1].lower()}{first['msg'][1:]}."
    except (OSError, ValueError) as error:
        said = sentence(f"{file}: {error}")
    raise LetterError(said, f"Compare it with ours, templates/{FILE}.")


# Each letter and each check of one asks again, and reading it takes a fifth of the time of a letter.
@lru_cache(maxsize=4)
def _parsed(text: str) -> _File:
    return _File.model_validate(tomllib.loads(text))
