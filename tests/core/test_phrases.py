"""The phrases of letter, mails and pages: one file a language, the operator's over ours, faults named."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import ConfigError, LetterError
from pipeline.core.locales import date_in_words
from pipeline.core.phrases import Phrases
from pipeline.core.sections.newsletter import Newsletter
from pipeline.core.settings import load
from pipeline.core.templates import Templates
from tests.languages import spoken

if TYPE_CHECKING:
    from pathlib import Path


def phrases(own: Path | None = None, language: str = "en", kind: Any = "mail", **more: bool) -> Phrases:
    newsletter = Newsletter(name="Hafen", from_email="letter@example.org", language=language)
    return Phrases(Templates(own), kind, newsletter, **more)


def configured(folder: Path, language: str, templates: str = "own") -> Path:
    file = folder / "rapport.toml"
    file.write_text(
        f'[newsletter]\nname = "A"\nfrom_email = "letter@example.org"\nlanguage = "{language}"\n'
        f'[theme]\ntemplates = "{templates}"\n[[feeds]]\nurl = "https://example.org/feed"\n'
    )
    return file


def test_a_table_comes_filled_in_with_the_names_that_are_always_known() -> None:
    assert phrases().table("both", date="1 May") == {"until": "The link is good until 1 May."}
    assert phrases().table("subscribe")["subject"] == "Confirm your subscription to Hafen"


def test_a_table_that_is_not_there_is_empty() -> None:
    assert phrases().table("nothing_of_that_name") == {}


def test_the_letters_phrases_stand_in_no_table() -> None:
    assert phrases(kind="letter", language="de").say("read_on") == "Weiterlesen"


def test_the_operators_file_may_say_one_phrase_of_a_table(tmp_path: Path) -> None:
    own = spoken(tmp_path, "en", '[mail.subscribe]\nsubject = "Ahoy, {newsletter}"\n')
    table = phrases(own).table("subscribe")
    assert (table["subject"], table["greeting"]) == ("Ahoy, Hafen", "Confirm your subscription")


def test_a_region_may_have_words_of_its_own_over_those_of_its_language(tmp_path: Path) -> None:
    own = spoken(tmp_path, "de-AT", '[letter]\nread_on = "Weiter lesen"\n')
    austrian, german = (phrases(own, language, "letter") for language in ("de-AT", "de"))
    assert (austrian.say("read_on"), german.say("read_on")) == ("Weiter lesen", "Weiterlesen")
    assert austrian.say("unsubscribe") == german.say("unsubscribe")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    own = spoken(tmp_path, "en", '[letter]\nread_on = "More"\n')
    assert phrases(own, kind="letter").say("read_on") == "More"
    spoken(tmp_path, "en", '[letter]\nread_on = "And on"\n')
    assert phrases(own, kind="letter").say("read_on") == "And on"


@pytest.mark.parametrize("phrase", ["{oops}", "{", "{0}", "{sender.x}", "{sender:9999999999}", "{sender!r}"])
def test_a_phrase_that_cannot_be_filled_in_is_named_with_its_file(tmp_path: Path, phrase: str) -> None:
    own = spoken(tmp_path, "en", f'[mail.subscribe]\nbutton = "{phrase}"\n')
    with pytest.raises(LetterError, match=r"words/en\.toml: mail\.subscribe\.button") as told:
        phrases(own).table("subscribe")
    assert "templates/words/en.toml" in told.value.remedy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[letter\n", "words/en.toml: "),
        ('read_on = "x"\n', "read_on is no phrase"),
        ("[letter]\nread_on = 1\n", "letter.read_on is no phrase"),
        ('[letter]\nreading.one = "x"\n', "letter.reading does not hold the forms"),
        ('[letter]\nreading = {other = "x", tow = "y"}\n', "letter.reading does not hold the forms"),
    ],
)
def test_a_file_that_holds_no_phrases_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(LetterError, match=says):
        phrases(spoken(tmp_path, "en", text))


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [("en", 1, "one"), ("en", 0, "0 other"), ("fr", 0, "one"), ("pl", 3, "3 few"), ("pl", 1200, "1200 many")],
)
def test_a_phrase_takes_the_form_of_its_number(tmp_path: Path, language: str, number: int, said: str) -> None:
    forms = {"one": "one", "few": "{n} few", "many": "{n} many", "other": "{n} other"}
    text = "[letter]\n" + "".join(f'posts.{form} = "{phrase}"\n' for form, phrase in forms.items())
    found = phrases(spoken(tmp_path, language, text), language, "letter").say("posts", n=number)
    assert found.replace("\xa0", "") == said


def test_a_number_is_grouped_as_the_language_does() -> None:
    counted = [phrases(language=tag).say("notice_refused.subject", edition="w-1", number=1200, total=1300)
               for tag in ("en", "de")]  # fmt: skip
    assert ["1,200 of 1,300" in counted[0], "1.200 von 1.300" in counted[1]] == [True, True]


@pytest.mark.parametrize(
    ("language", "day", "said"),
    [
        ("en", date(2026, 12, 1), "December 1, 2026"),
        ("en-GB", date(2026, 12, 1), "1 December 2026"),
        ("de", date(2026, 12, 1), "1. Dezember 2026"),
        ("es", date(2026, 12, 1), "1 de diciembre de 2026"),
        ("fr", date(2026, 12, 1), "1er décembre 2026"),
        ("fr-CA", date(2026, 12, 11), "11 décembre 2026"),
        ("tlh", date(2026, 12, 1), "December 1, 2026"),  # CLDR has no Klingon
    ],
)
def test_a_date_is_written_as_the_language_does(language: str, day: date, said: str) -> None:
    assert date_in_words(day, language) == said


@pytest.mark.parametrize("language", ["en-GB", "de-AT", "de", "DE"])
def test_a_region_of_a_language_that_has_words_is_fine(tmp_path: Path, language: str) -> None:
    assert load(configured(tmp_path, language, ""), {})[0].newsletter.language == language


def test_a_language_without_words_is_refused_with_those_that_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        load(configured(tmp_path, "nl", ""), {})
    assert 'rapport.toml:4: newsletter.language: there are no words in "nl"' in told.value.message
    assert "en, de" in told.value.message
    assert "words/nl.toml" in told.value.remedy


def test_an_operators_language_is_taken_and_said_in_english_where_it_lacks_a_phrase(tmp_path: Path) -> None:
    own = spoken(tmp_path / "own", "nl", '[letter]\nread_on = "Lees verder"\n')
    assert load(configured(tmp_path, "nl-BE"), {})[0].newsletter.language == "nl-BE"
    dutch = phrases(own, "nl-BE", "letter")
    assert (dutch.say("read_on"), dutch.say("unsubscribe")) == ("Lees verder", "Unsubscribe")


def test_an_offer_that_is_left_out_is_made_in_the_newsletters_language(tmp_path: Path) -> None:
    file = configured(tmp_path, "fr-CA", "")
    assert load(file, {})[0].match.heading.startswith("Vous cherchez")
    file.write_text(file.read_text() + '[match]\nheading = "À deux ?"\n')
    match = load(file, {})[0].match
    assert (match.heading, match.button) == ("À deux ?", "Nous écrire")
    assert load(configured(tmp_path, "en-GB", ""), {})[0].match.button == "Get matched"


@pytest.mark.parametrize("former", ["letter/words.txt", "mail/words/nl.toml", "pages/words/en.toml"])
def test_words_where_they_stood_before_are_refused_with_their_new_place(tmp_path: Path, former: str) -> None:
    file = tmp_path / "own" / former
    file.parent.mkdir(parents=True)
    file.write_text("")
    with pytest.raises(ConfigError, match=f"{former} is not read any more") as told:
        load(configured(tmp_path, "en"), {})
    assert "words/LANGUAGE.toml" in told.value.remedy
