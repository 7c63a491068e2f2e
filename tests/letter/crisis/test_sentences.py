"""Help in a crisis as the letter says it: the number first, two sentences, only what is sure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import LetterError
from pipeline.core.sections.newsletter import Newsletter
from pipeline.core.templates import Templates
from pipeline.letter.check.listed import sensitive
from pipeline.letter.crisis.sentences import CrisisHelp, crisis_help
from pipeline.letter.crisis.table import FILE, read_table

if TYPE_CHECKING:
    from pathlib import Path

TABLE = read_table(Templates())
LANGUAGES = tuple(TABLE.words)
UNWATCHED = {
    "en": "this letter is not watched for emergencies",
    "de": "nicht auf Notfälle hin beobachtet",
    "es": "esta carta no se vigila por si hay emergencias",
    "fr": "cette lettre n’est pas surveillée pour les urgences",
}


def said(country: str, language: str = "en", own: Path | None = None, **keys: Any) -> CrisisHelp:
    values = {
        "name": "A Letter",
        "from_email": "letter@example.org",
        "country": country,
        "language": language,
    }
    found = crisis_help(Newsletter.model_validate(values | keys), Templates(own))
    assert found is not None
    return found


def own(folder: Path, text: str) -> Path:
    (folder / "letter").mkdir(exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("country", TABLE.countries)
def test_every_country_is_said_by_the_rules(country: str, language: str) -> None:
    told, entry = said(country, language), TABLE.countries[country]
    assert len(re.findall(r"[.!?](?= [A-ZÄÖÜ]|$)", told.text)) == 2, "two sentences"
    assert UNWATCHED[language] in told.text
    assert re.match(r"[^:,.]+: ", told.text), "the country's name comes first"
    # The emergency number before all others, and each number that is dialled is a link.
    dialled = [
        piece.href for sentence in told.sentences for piece in sentence if piece.href.startswith("tel:")
    ]
    calls = [number for line in entry.lines for number in line.call]
    first, others = dialled[: len(entry.emergency)], dialled[len(entry.emergency) :]
    assert first == [f"tel:{number}" for number in entry.emergency]
    assert others
    assert set(others) <= {f"tel:{number.replace(' ', '')}" for number in calls}
    # It may be the first thing on a locked screen.
    assert list(sensitive(told.text, Templates(), language)) == []


@pytest.mark.parametrize(
    ("country", "language", "says"),
    [
        ("US", "en", "United States: if anyone is in immediate danger, call 911, or elsewhere"),
        ("US", "en", "call or text 988 (988 Lifeline, free, day and night) or chat at 988lifeline.org."),
        ("GB", "en", "call 116 123 (Samaritans, free, day and night) or text 85258 (Shout, day and night)."),
        (
            "AU",
            "en",
            "call 13 11 14 (Lifeline, day and night), text 0477 13 11 14, or chat at lifeline.org.au.",
        ),
        ("IE", "en", "call 112 or 999, or elsewhere"),
        ("NO", "en", "call 113 (ambulance) or 112 (police), or elsewhere"),
        ("IT", "en", "daily from 9:00 to 24:00"),
        ("DE", "de", "Deutschland: Ist jemand in unmittelbarer Gefahr, wählen Sie 112, anderswo"),
        (
            "DE",
            "de",
            "Telefon 0800 111 0 111, 0800 111 0 222 oder 116 123 (TelefonSeelsorge, kostenlos, rund",
        ),
        ("CH", "de-CH", "Telefon 143 (Die Dargebotene Hand, rund um die Uhr) oder Chat auf 143.ch."),
        ("MX", "es-MX", "México: si alguien está en peligro inmediato, llame al 911, o en otro lugar"),
        ("ES", "es", "hay ayuda: por teléfono en el 024 (gratis, día y noche)."),
        ("US", "es", "por teléfono o SMS en el 988 (988 Lifeline, gratis, día y noche) o por chat en"),
        ("FR", "fr", "France\u202f: si quelqu’un est en danger immédiat, appelez le 112, ou ailleurs"),
        ("FR", "fr", "de l’aide existe\u202f: par téléphone au 3114 (gratuit, jour et nuit)."),
        ("CH", "fr", "par téléphone au 143 (La Main Tendue, jour et nuit) ou par chat sur 143.ch."),
    ],
)
def test_a_country_is_said_with_what_is_sure_of_it(country: str, language: str, says: str) -> None:
    assert says in said(country, language).text


@pytest.mark.parametrize("country", ["BR", "CA"])
def test_an_emergency_number_that_is_not_sure_is_not_said(country: str) -> None:
    assert "call your local emergency number; this letter" in said(country).text


@pytest.mark.parametrize(
    ("country", "language", "says", "says_not"),
    [
        ("DE", "en", "116 123 (TelefonSeelsorge, in German, free", ""),
        ("CA", "de", "988 (auf Englisch und Französisch, kostenlos", ""),
        ("BE", "en", "call 1813 (in Dutch, free, day and night) or call 0800 32 123 (in French,", ""),
        ("BE", "nl-BE", "call 1813 (free, day and night).", "0800 32 123"),
        ("BE", "fr", "au 0800 32 123 (gratuit, jour et nuit).", "1813"),
        ("IT", "fr", "02 2327 2327 (Telefono Amico Italia, en italien, tous les jours de 9 h à 24 h)", ""),
        ("IL", "es", "1201 (ERAN, gratis)", "español"),
        ("CH", "it", "143 (Telefono Amico, day and night)", "in Italian"),
        ("NO", "nb", "116 123 (Mental Helse Hjelpetelefonen, free", "in Norwegian"),
        ("IN", "en", "14416 (Tele MANAS, free", " in "),
    ],
)
def test_a_line_says_in_which_language_it_answers_where_that_is_not_the_letters(
    country: str, language: str, says: str, says_not: str
) -> None:
    help_ = said(country, language).text.partition("there is help:")[2] or said(country, language).text
    assert says in help_
    assert not says_not or says_not not in help_


def test_a_language_without_words_is_answered_in_english_and_says_so() -> None:
    assert said("FR", "it").lang == "en"
    assert said("AT", "de-AT").lang == "de"


def test_a_country_without_an_entry_has_the_plain_sentence() -> None:
    told = said("SE")
    assert told.text == (
        "In an emergency call your local emergency number. "
        "This letter is not watched for emergencies, nor are replies to it."
    )


def test_without_a_country_there_is_none() -> None:
    newsletter = Newsletter(name="A Letter", from_email="letter@example.org", notice="This is no therapy.")
    assert crisis_help(newsletter, Templates()) is None


@pytest.mark.parametrize(
    ("notice", "left"),
    [
        ("This letter is not therapy. In an emergency call your local emergency number.",
         "This letter is not therapy."),
        ("Im Notfall wählen Sie die örtliche Notrufnummer. Dieser Brief ist keine Therapie.",
         "Dieser Brief ist keine Therapie."),
        ("Call Ines on 555 0100 in office hours.", "Call Ines on 555 0100 in office hours."),
        ("", ""),
    ],
)  # fmt: skip
def test_the_notice_is_kept_but_for_the_sentence_that_the_help_is_said_instead_of(
    notice: str, left: str
) -> None:
    assert said("US", notice=notice).notice == left


def test_an_operators_words_go_over_ours_one_by_one(tmp_path: Path) -> None:
    folder = own(
        tmp_path, '[words.en]\nsupport = "Somebody is there: {ways}."\n[words.it]\nfree = "gratuito"\n'
    )
    assert "Somebody is there: call or text 988 (988 Lifeline, free" in said("US", own=folder).text
    assert "call 911, or elsewhere" in said("US", own=folder).text
    italian = said("FR", "it", folder)
    assert (italian.lang, "gratuito, day and night)" in italian.text) == ("it", True)


def test_an_operators_country_goes_over_ours_whole(tmp_path: Path) -> None:
    folder = own(
        tmp_path,
        '[countries.SE]\nemergency = { 112 = "" }\nsources = ["our own call"]\nas_of = "2026-11-30"\n'
        '[[countries.SE.lines]]\nname = "A line"\ncall = ["020 12 34"]\n',
    )
    told = said("SE", own=folder)
    assert "call 112, or elsewhere" in told.text
    assert "call 020 12 34 (A line)." in told.text
    assert "988" in said("US", own=folder).text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[words.en\n", "crisis.toml: "),
        ('[words.en]\nsupport = "Call {nobody}."\n', "words.en.support has something in braces"),
        ('[words.en]\nsupport = "Call {ways."\n', "words.en.support has something in braces"),
        ('[countries.US]\nlines = []\nsources = ["x"]\nas_of = "2026"\n', "countries.US.lines"),
        ('[countries.US]\nsources = ["x"]\nas_of = "2026"\n[[countries.US.lines]]\nname = "A"\n'
         'call = ["nine one one"]\n', "countries.US.lines.0.call.0"),
        ("[country.US]\n", "country: extra"),
    ],
)  # fmt: skip
def test_a_file_of_the_operators_that_cannot_be_used_is_named_with_its_key(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(LetterError) as caught:
        said("US", own=own(tmp_path, text))
    assert says in caught.value.message
    assert FILE in caught.value.message
    assert caught.value.remedy


def test_every_entry_has_its_source_and_day() -> None:
    for code, entry in TABLE.countries.items():
        assert all(source.startswith("http") for source in entry.sources), code
        assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", entry.as_of), code


def test_every_language_has_every_phrase() -> None:
    for language, words in TABLE.words.items():
        assert set(words) == set(TABLE.words["en"]), language
