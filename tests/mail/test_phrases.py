"""The phrases of mails: filled in, the operator's over ours, a broken one named."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from pipeline.core.config import Newsletter
from pipeline.core.errors import LetterError
from pipeline.core.templates import PACKAGED, Templates
from pipeline.mail.phrases import Phrases

if TYPE_CHECKING:
    from pathlib import Path


def phrases(own: Path | None = None, language: str = "en") -> Phrases:
    newsletter = Newsletter(name="Hafen", from_email="letter@example.org", language=language)
    return Phrases(Templates(own), "mail", newsletter)


def test_a_table_comes_filled_in_with_the_names_that_are_always_known() -> None:
    assert phrases().table("both", date="1 May") == {"until": "The link is good until 1 May."}
    assert phrases().table("subscribe")["subject"] == "Confirm your subscription to Hafen"


def test_a_table_that_is_not_there_is_empty() -> None:
    assert phrases().table("nothing_of_that_name") == {}


def test_the_operators_file_may_say_one_phrase_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "mail" / "words").mkdir(parents=True)
    (tmp_path / "mail" / "words" / "en.toml").write_text('[subscribe]\nsubject = "Ahoy, {newsletter}"\n')
    table = phrases(tmp_path).table("subscribe")
    assert (table["subject"], table["greeting"]) == ("Ahoy, Hafen", "Confirm your subscription")


@pytest.mark.parametrize("phrase", ["{oops}", "{", "{0}", "{sender.x}", "{sender:9999999999}", "{sender!r}"])
def test_a_phrase_that_cannot_be_filled_in_is_named_with_its_file(tmp_path: Path, phrase: str) -> None:
    (tmp_path / "mail" / "words").mkdir(parents=True)
    (tmp_path / "mail" / "words" / "en.toml").write_text(f'[subscribe]\nbutton = "{phrase}"\n')
    with pytest.raises(LetterError, match=r"mail/words: subscribe\.button") as told:
        phrases(tmp_path).table("subscribe")
    assert "templates/mail/words/en.toml" in told.value.remedy


@pytest.mark.parametrize("file", sorted((PACKAGED / "mail" / "words").glob("*.toml")), ids=lambda f: f.stem)
def test_every_language_has_the_names_in_braces_that_english_has(file: Path) -> None:
    english = tomllib.loads((file.parent / "en.toml").read_text())
    for table, expected in tomllib.loads(file.read_text()).items():
        for key, phrase in expected.items():
            found = set(re.findall(r"{\w+}", phrase)) - {"{newsletter}", "{sender}"}
            assert found <= set(re.findall(r"{\w+}", english[table][key])), (table, key)
