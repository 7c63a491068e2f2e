"""What `rapport doctor` says of the operator's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.phrases import name_of, read
from pipeline.core.templates import PACKAGED
from pipeline.doctor.words import words
from tests.doctor.conftest import only
from tests.languages import spoken

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doctor.conftest import Make


def said(make: Make, own: Path, language: str) -> Any:
    newsletter = {"name": "A Letter", "from_email": "letter@example.org", "language": language}
    return make(newsletter=newsletter, theme={"templates": str(own)})


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "fr-CA"])
def test_our_languages_are_whole(make: Make, tmp_path: Path, language: str) -> None:
    assert only(words, said(make, tmp_path, language)).level == "ok"


def test_what_a_language_of_the_operators_lacks_is_named(make: Make, tmp_path: Path) -> None:
    own = spoken(tmp_path, "nl", '[letter]\nread_on = "Lees verder"\n')
    finding = only(words, said(make, own, "nl"))
    number = len(read(PACKAGED / name_of("en"))) - 1
    assert finding.level == "warning"
    assert f'{number} phrases have no words in "nl" and are said in English: letter.also' in finding.message
    assert "words/nl.toml" in finding.remedy


@pytest.mark.parametrize(
    ("line", "level", "says", "remedy"),
    [
        ('raed_on = "Weiter"', "warning", "letter.raed_on is no phrase", "Did you mean letter.read_on?"),
        (
            'reading = "{minuten} Min."',
            "error",
            "letter.reading has minuten in braces",
            "templates/words/en.toml",
        ),
        ('reading = "{minutes Min."', "error", "letter.reading has expected '}'", "templates/words/en.toml"),
        (
            'reading.other = "{minutes} Min."',
            "warning",
            "letter.reading has no form for one",
            'reading.one = "…"',
        ),
    ],
)
def test_a_phrase_that_cannot_be_said_is_named(
    make: Make, tmp_path: Path, line: str, level: str, says: str, remedy: str
) -> None:
    finding = only(words, said(make, spoken(tmp_path, "de", f"[letter]\n{line}\n"), "de-AT"))
    assert (finding.level, says in finding.message, remedy in finding.remedy) == (level, True, True), finding


def test_words_of_a_language_that_is_not_in_use_are_nobodys_business(make: Make, tmp_path: Path) -> None:
    assert only(words, said(make, spoken(tmp_path, "nl", '[letter]\nx = "y"\n'), "en")).level == "ok"
