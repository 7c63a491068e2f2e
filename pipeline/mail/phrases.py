"""The phrases of mails and pages, in the newsletter's language.

There is one file a language, `templates/<kind>/words/<language>.toml`; its tables are the mails or pages. The
operator's own file goes over ours, and what a language lacks is said in English.
"""

from __future__ import annotations

import tomllib
from string import Formatter
from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.core.config import Newsletter
    from pipeline.core.templates import Templates


class Phrases:
    """The phrases of one ``kind`` ("mail", "pages"), by ``table.key``.

    What stands in braces in a phrase is filled in where it is used; {newsletter} and {sender} are always
    known. Raises LetterError that names the file when an operator's cannot be read.
    """

    def __init__(self, templates: Templates, kind: str, newsletter: Newsletter) -> None:
        self._kind = kind
        self._names = {"newsletter": newsletter.name, "sender": newsletter.sender}
        self._tables: dict[str, dict[str, str]] = {}
        for file in templates.layers(*(name_of(kind, one) for one in ("en", *tags_of(newsletter.language)))):
            self._lay_over(_read(file), file)

    def say(self, key: str, **values: str) -> str:
        """One phrase, filled in. Raises LetterError when it is missing, or has other names in its braces."""
        table, _, name = key.partition(".")
        try:
            phrase = self._tables[table][name]
            for _, within, wide, converted in Formatter().parse(phrase):
                if wide or converted or not (within is None or within.isidentifier()):
                    raise ValueError(within)  # a width has no end, and an operator's file may be a stranger's
            return phrase.format_map(self._names | values)
        except (KeyError, ValueError, IndexError, AttributeError):
            raise LetterError(
                f"{self._kind}/words: {key} is missing, or has something in braces that it cannot have.",
                f"Compare the phrase with ours in templates/{self._kind}/words/en.toml.",
            ) from None

    def table(self, name: str, **values: str) -> dict[str, str]:
        """All phrases of a table by their keys, filled in. Raises LetterError as ``say`` does."""
        return {key: self.say(f"{name}.{key}", **values) for key in self._tables.get(name, ())}

    def _lay_over(self, tables: Mapping[str, object], file: Path) -> None:
        for table, phrases in tables.items():
            if not isinstance(phrases, dict) or not all(isinstance(p, str) for p in phrases.values()):
                raise LetterError(f"{file}: [{table}] does not hold phrases.", 'Write key = "phrase" lines.')
            self._tables.setdefault(table, {}).update(phrases)


def tags_of(language: str) -> tuple[str, ...]:
    """A language tag such as `de-AT` as files are named by it, the more general name first: `de`, `de-AT`."""
    return tuple(dict.fromkeys((language.lower().partition("-")[0], language)))


def name_of(kind: str, language: str) -> str:
    """The name of the file of a language."""
    return f"{kind}/words/{language}.toml"


def _read(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LetterError(f"{file}: {error}.", "Correct it: a phrase a line, in quotation marks.") from None
