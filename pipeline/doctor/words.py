"""The operator's own words: phrases that nobody says, that cannot be filled in, and what a language lacks."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok, warning
from pipeline.core.locales import locale_of
from pipeline.core.phrases import ALWAYS, OUTBOX_TWIN, name_of, read, tags_of
from pipeline.core.suggest import did_you_mean
from pipeline.core.templates import PACKAGED, Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.core.finding import Finding
    from pipeline.core.phrases import Phrase
    from pipeline.doctor.context import Context

_NAME = "configuration.words"
_NAMED = 5
"""How many phrases are named one by one."""


def words(context: Context) -> Iterator[Finding]:
    language = context.config.newsletter.language
    templates = Templates.of(context.config, context.folder)
    english = read(PACKAGED / name_of("en"))
    tags = dict.fromkeys(("en", *tags_of(language)))
    files = (templates.own / name_of(tag) for tag in tags) if templates.own else ()
    own = [file for file in files if file.is_file()]
    found = [one for file in own for one in _faults(file, english)]
    found += _lacking(templates, language, english)
    yield from found or [ok(_NAME, f'Letter, mails and pages have all their words in "{language}".')]


def _faults(file: Path, english: Mapping[str, Phrase]) -> Iterator[Finding]:
    for key, phrase in read(file).items():
        theirs = english.get(key, english.get(key.removesuffix(OUTBOX_TWIN)))
        if theirs is None:
            yield warning(
                _NAME,
                f"{file}: {key} is no phrase of Rapport's, and nobody says it.",
                did_you_mean(key, english, f"Take it out, or compare it with templates/{name_of('en')}."),
            )
        elif unknown := _braces(phrase) - _braces(theirs) - ALWAYS:
            yield error(
                _NAME,
                f"{file}: {key} has {_listed(unknown)} in braces, which stands for nothing there.",
                f"Write it as in templates/{name_of('en')}.",
            )
        elif not isinstance(phrase, str) and (few := _forms(file.stem) - phrase.keys()):
            yield warning(
                _NAME,
                f"{file}: {key} has no form for {_listed(few)}; its form for other numbers is said instead.",
                f'Add a line for each, as {key.rpartition(".")[2]}.{min(few)} = "…".',
            )


def _lacking(templates: Templates, language: str, english: Mapping[str, Phrase]) -> Iterator[Finding]:
    """What an operator's language does not say. Ours say everything, and their regions are over them."""
    if (PACKAGED / name_of(tags_of(language)[0])).is_file():
        return
    files = (file for tag in tags_of(language) for file in templates.layers(name_of(tag)))
    theirs = {key for file in files for key in read(file)}
    lacking = [key for key in english if key not in theirs]
    if lacking:
        named = ", ".join(lacking[:_NAMED]) + (" and others" if len(lacking) > _NAMED else "")
        yield warning(
            _NAME,
            f'{len(lacking)} phrases have no words in "{language}" and are said in English: {named}.',
            f"Add them to {name_of(language)}, by the keys of templates/{name_of('en')}.",
        )


def _braces(phrase: Phrase) -> set[str]:
    texts = [phrase] if isinstance(phrase, str) else phrase.values()
    return {name for text in texts for _, name, _, _ in _parsed(text) if name is not None}


def _parsed(text: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(text))
    except ValueError as fault:  # a brace that stands alone
        return [("", f"{fault}", None, None)]


def _forms(language: str) -> set[str]:
    return {*locale_of(language).plural_form.tags, "other"}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
