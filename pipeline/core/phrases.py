"""The phrases of letter, mails and pages, in the newsletter's language.

There is one file a language, `templates/words/LANGUAGE.toml`. Its tables begin with what they are of:
[letter], [mail.subscribe], [pages.left]. The operator's own file goes over ours, and what an operator's
language lacks is said in English.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING, Literal

from pipeline.core.errors import ConfigError, LetterError
from pipeline.core.locales import PLURAL_FORMS, number_in_words, plural_form
from pipeline.core.templates import Templates
from pipeline.core.words import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.core.sections.newsletter import Newsletter

Kind = Literal["letter", "mail", "pages"]
Phrase = str | dict[str, str]
"""A phrase, or its forms by the names of core/locales.py where it depends on a number."""

FOLDER = "words"
OUTBOX_TWIN = "_outbox"
ALWAYS = frozenset(["newsletter", "sender"])
"""What every phrase may have in braces."""


class Phrases:
    """The phrases of one kind: the letter's by their key, those of mails and pages by ``table.key``.

    What stands in braces in a phrase is filled in where it is used; {newsletter} and {sender} are always
    known. Where letters only go to the outbox (``mails`` is false), a phrase that has a twin called
    `<key>_outbox` is said in that one's words: nobody is told of mail that does not go out (promise 14).
    ``language`` is the tag of what they are written in (BCP 47). Raises ConfigError where there are no words
    of the newsletter's language, and LetterError that names an operator's file which cannot be read.
    """

    def __init__(
        self, templates: Templates, kind: Kind, newsletter: Newsletter, *, mails: bool = True
    ) -> None:
        must_be_spoken(templates, newsletter.language)
        self.language = newsletter.language
        self._kind, self._mails = kind, mails
        self._names = {"newsletter": newsletter.name, "sender": newsletter.sender}
        self._phrases: dict[str, Phrase] = {}
        for tag in dict.fromkeys(("en", *tags_of(self.language))):
            for file in templates.layers(name_of(tag)):
                self._phrases |= read(file)

    def say(self, key: str, **values: str | int) -> str:
        """One phrase, filled in. Where it has forms, the first number that its form `other` names decides.
        Raises LetterError when it is missing, or has other names in its braces."""
        whole = f"{self._kind}.{key}"
        if whole not in self._phrases:
            from pipeline.core.suggest import nearest

            close = nearest(whole, self._phrases).removeprefix(f"{self._kind}.")
            raise LetterError(
                f'There is no phrase "{key}" below [{self._kind}] of words/*.toml'
                + (f'; did you mean "{close}"?' if close else "."),
                f"All phrases stand in templates/{name_of('en')}.",
            )
        try:
            phrase = self._form(self._known(whole), values)
            for _, within, wide, converted in Formatter().parse(phrase):
                if wide or converted or not (within is None or within.isidentifier()):
                    raise ValueError(within)  # a width has no end, and an operator's file may be a stranger's
            return phrase.format_map(self._names | {name: self._shown(one) for name, one in values.items()})
        except (KeyError, ValueError, IndexError, AttributeError):
            raise LetterError(
                f"{name_of(self.language)}: {whole} has something in braces that it is not given, or "
                "cannot have.",
                f"Compare the phrase with ours in templates/{name_of('en')}.",
            ) from None

    def table(self, name: str, **values: str | int) -> dict[str, str]:
        """All phrases of a table by their keys, filled in. Raises LetterError as ``say`` does."""
        inside = f"{self._kind}.{name}."
        keys = [key.removeprefix(inside) for key in self._phrases if key.startswith(inside)]
        return {key: self.say(f"{name}.{key}", **values) for key in keys if not key.endswith(OUTBOX_TWIN)}

    def _known(self, key: str) -> Phrase:
        twin = None if self._mails else self._phrases.get(key + OUTBOX_TWIN)
        return self._phrases[key] if twin is None else twin

    def _form(self, phrase: Phrase, values: Mapping[str, str | int]) -> str:
        if isinstance(phrase, str):
            return phrase
        named = (values.get(name or "") for _, name, _, _ in Formatter().parse(phrase["other"]))
        number = next((one for one in named if isinstance(one, int)), None)
        form = "other" if number is None else plural_form(number, self.language)
        return phrase.get(form, phrase["other"])

    def _shown(self, value: str | int) -> str:
        return number_in_words(value, self.language) if isinstance(value, int) else value


FORMER = ("letter/words.txt", "mail/words/*.toml", "pages/words/*.toml")
"""Where phrases stood before. An operator's file of such a name would be read by nobody."""


def known_words(config: Config, folder: Path) -> Templates:
    """The templates, with words of the newsletter's language among them.

    Raises ConfigError where nobody has written such words, or an operator's stand where they are not looked
    for any more. ``folder`` is where theme.templates is looked for.
    """
    own = folder / config.theme.templates
    templates = Templates(own if config.theme.templates and own.is_dir() else None)
    must_be_spoken(templates, config.newsletter.language, f"{config.place(('newsletter', 'language'))}: ")
    if templates.own is not None:
        for file in (file for name in FORMER for file in templates.own.glob(name)):
            raise ConfigError(f"{file} is not read any more.", MOVED)
    return templates


MOVED = (
    "Move the phrases that you have changed into words/LANGUAGE.toml of your folder of templates, below "
    "[letter], [mail.…] or [pages.…] as in ours, and delete the file. A layout of your own says them by "
    'say("read_on"), and no longer imports "letter/words.txt".'
)


def must_be_spoken(templates: Templates, language: str, where: str = "") -> None:
    """Raise ConfigError, with the languages that there are, where nobody has written words of this one."""
    if not is_spoken(templates, language):
        raise ConfigError(
            f'{where}newsletter.language: there are no words in "{language}"; there are words in '
            f"{', '.join(languages(templates))}.",
            f"Take one of these, with a region if you like (de-AT), or write {name_of(language)} into the "
            "folder that theme.templates names: docs/using.md says how.",
        )


def is_spoken(templates: Templates, language: str) -> bool:
    """Whether somebody has written words of this language."""
    return any(templates.file(name_of(tag)).is_file() for tag in tags_of(language))


def languages(templates: Templates) -> list[str]:
    """Every language that there are words of, English first and then by their tags."""
    found = {file.stem for folder in templates.folders for file in (folder / FOLDER).glob("*.toml")}
    return sorted(found, key=lambda tag: (tag != "en", tag))


def tags_of(language: str) -> tuple[str, ...]:
    """A language tag such as `de-AT` as files are named by it, the more general name first: `de`, `de-AT`."""
    return tuple(dict.fromkeys((language.lower().partition("-")[0], language)))


def name_of(language: str) -> str:
    """The name of the file of a language."""
    return f"{FOLDER}/{language}.toml"


def read(file: Path) -> Mapping[str, Phrase]:
    """The phrases of a file by their whole keys. Raises LetterError that names file and fault."""
    try:
        told = file.stat()
        return _parsed(file, told.st_mtime_ns, told.st_size)
    except (OSError, ValueError) as error:
        raise LetterError(sentence(f"{file}: {error}"), "Correct the file; it is TOML.") from None


@lru_cache(maxsize=16)
def _parsed(file: Path, _changed: int, _size: int) -> Mapping[str, Phrase]:
    """Kept while the file stays as it is: it is asked for with every mail."""
    return dict(_flat(tomllib.loads(file.read_text(encoding="utf-8-sig")), file))


def _flat(tables: Mapping[str, object], file: Path, above: str = "") -> Iterator[tuple[str, Phrase]]:
    for key, value in tables.items():
        name = f"{above}{key}"
        if isinstance(value, str) and above:
            yield name, value
        elif isinstance(value, dict) and value.keys() & PLURAL_FORMS:
            if not (value.keys() <= PLURAL_FORMS and "other" in value and _all_texts(value)):
                raise LetterError(
                    f"{file}: {name} does not hold the forms of a phrase.",
                    'Write one = "…", other = "…", or one phrase for all numbers.',
                )
            yield name, value
        elif isinstance(value, dict):
            yield from _flat(value, file, f"{name}.")
        else:
            raise LetterError(f"{file}: {name} is no phrase.", 'Write key = "phrase" lines below a [table].')


def _all_texts(values: Mapping[str, object]) -> bool:
    return all(isinstance(one, str) for one in values.values())
