"""The words of every language: whole, with the same names in braces and the plural forms of its grammar."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pipeline
import subscribers
from pipeline.core.locales import PLURAL_FORMS, locale_of
from pipeline.core.phrases import ALWAYS, OUTBOX_TWIN, languages, name_of, read
from pipeline.core.templates import PACKAGED, Templates
from subscribers.addresses import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.core.phrases import Phrase

OTHERS = [language for language in languages(Templates()) if language != "en"]


@cache
def words(language: str) -> Mapping[str, Phrase]:
    return read(PACKAGED / name_of(language))


def named(phrase: Phrase) -> set[str]:
    """What a phrase has in braces. A form of one, two or none may do without its number."""
    text = phrase if isinstance(phrase, str) else phrase["other"]
    return set(re.findall(r"{(\w+)}", text)) - ALWAYS


def forms(language: str) -> set[str]:
    return {*locale_of(language).plural_form.tags, "other"}


def test_four_languages_have_words() -> None:
    assert languages(Templates()) == ["en", "de", "es", "fr"]


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_phrase_of_english_with_the_same_names_in_braces(language: str) -> None:
    english, theirs = words("en"), words(language)
    assert theirs.keys() ^ english.keys() == set()
    for key, phrase in theirs.items():
        assert named(phrase) == named(english[key]), key
        assert bool(phrase) == bool(english[key]), key


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_a_phrase_that_depends_on_a_number_has_the_forms_of_the_languages_grammar(language: str) -> None:
    counted = {key for key, phrase in words("en").items() if isinstance(phrase, dict)}
    assert counted
    for key, phrase in words(language).items():
        if isinstance(phrase, str):
            assert key not in counted, key
            continue
        assert phrase.keys() == forms(language) <= PLURAL_FORMS, key
        few = {"zero", "one", "two"}
        assert all(named(text) == named(phrase) for form, text in phrase.items() if form not in few), key
        assert all(named(text) <= named(phrase) for text in phrase.values()), key


QUOTES = {"en": "“”’", "de": "„“", "es": "«»", "fr": "«»’"}
SPACED = re.compile(r"(?<!\u202f)[!?;»]|[ \xa0]:|«(?!\u202f)")
"""A sign that has not the space that French wants beside it, narrow and without a break."""


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_a_language_is_set_as_it_is_printed(language: str) -> None:
    for key, phrase in words(language).items():
        for text in (phrase,) if isinstance(phrase, str) else phrase.values():
            said = re.sub(r"`[^`]*`", "x", text)
            assert set(said) & set("“”„‘’«»\"'") <= set(QUOTES[language]), key
            assert language != "fr" or not SPACED.search(said), key
            assert language != "es" or [said.count(sign) for sign in "¿¡"] == [
                said.count("?"),
                said.count("!"),
            ]


def sources() -> Iterator[Path]:
    """Where phrases are said."""
    yield from (file for file in PACKAGED.rglob("*") if file.suffix in {".html", ".mjml", ".txt", ".xml"})
    for package in (pipeline, subscribers):
        yield from Path(package.__file__ or "").parent.rglob("*.py")


SAID = re.compile(r"""\bsay\(\s*f?["']([\w.{}]+)["']""")
"""A phrase by its name. What stands in braces, or follows a full stop at the end, is made by the code."""

MADE = re.compile(
    r"mail\.|letter\.first\.|pages\.(?:gone|nothing\w*|erased|missing|busy|failed|refused|forbidden|staff\w*|address)\."
)
"""Whole tables of mails, the message pages, the states and verbs of staff: the code makes their names."""


def test_every_phrase_is_said_somewhere() -> None:
    text = "\n".join(file.read_text() for file in sources())
    for key in words("en"):
        if key.endswith(OUTBOX_TWIN):
            assert key.removesuffix(OUTBOX_TWIN) in words("en")  # in whose place it is said
            continue
        said = key.partition(".")[2]
        base = re.sub(r"_(address|allow_move|moved|erase|digest|all|none)$", "", said)
        table = said.partition(".")[0].removeprefix("notice_")
        named = (said, table) if MADE.match(key) else (said,)
        begins = (f"{base}{{", f"{table.rpartition('_')[0]}_{{")
        assert any(f'"{one}"' in text for one in named) or any(f'"{one}' in text for one in begins), key


def test_every_phrase_that_is_said_exists() -> None:
    for file in sources():
        for said in SAID.findall(file.read_text()):
            begins = re.sub(r"\\{.*?\\}", r"\\w*", re.escape(said)) + (r"\w+" if said.endswith(".") else "")
            kinds = rf"(?:letter|mail|pages)\.{begins}"
            assert any(re.fullmatch(kinds, key) for key in words("en")), (file, said)


def test_every_fault_of_an_address_is_said() -> None:
    assert {f"pages.address.{fault}" for fault in FAULTS} == {
        key for key in words("en") if key.startswith("pages.address.")
    }
