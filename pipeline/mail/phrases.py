"""The phrases of mails and pages, in the newsletter's language.

There is one file a language, `templates/<kind>/words/<language>.toml`; its tables are the mails or pages. The
operator's own file goes over ours, and what a language lacks is said in English.
"""

from __future__ import annotations

import tomllib
from string import Formatter
from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.core.words import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.core.sections.newsletter import Newsletter
    from pipeline.core.templates import Templates


OUTBOX_TWIN = "_outbox"


class Phrases:
    """The phrases of one ``kind`` ("mail", "pages"), by ``table.key``.

    What stands in braces in a phrase is filled in where it is used; {newsletter} and {sender} are always
    known. Where letters only go to the outbox (``mails`` is false), a phrase that has a twin called
    `<key>_outbox` is said in that one's words: nobody is told of mail that does not go out (promise 14).
    Raises LetterError that names the file when an operator's cannot be read.
    """

    def __init__(
        self, templates: Templates, kind: str, newsletter: Newsletter, *, mails: bool = True
    ) -> None:
        self._kind, self._mails = kind, mails
        self._names = {"newsletter": newsletter.name, "sender": newsletter.sender}
        self._tables: dict[str, dict[str, str]] = {}
        for file in templates.layers(*(name_of(kind, one) for one in ("en", *tags_of(newsletter.language)))):
            self._lay_over(_read(file), file)

    def say(self, key: str, **values: str) -> str:
        """One phrase, filled in. Raises LetterError when it is missing, or has other names in its braces."""
        table, _, name = key.partition(".")
        try:
            phrase = self._tables[table][name]
            if not self._mails:
                phrase = self._tables[table].get(f"{name}{OUTBOX_TWIN}", phrase)
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
        keys = (key for key in self._tables.get(name, ()) if not key.endswith(OUTBOX_TWIN))
        return {key: self.say(f"{name}.{key}", **values) for key in keys}

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
        raise LetterError(
            sentence(f"{file}: {error}"), "Correct it: a phrase a line, in quotation marks."
        ) from None
