"""The pages' phrases: whole in every language, the operator's over ours, cadence in words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import subscribers.addresses
from pipeline.core.config import Digest, Newsletter
from pipeline.core.errors import LetterError
from pipeline.core.templates import PACKAGED, Templates
from pipeline.mail.phrases import OUTBOX_TWIN
from pipeline.web.public.pages import ERRORS
from pipeline.web.public.phrases import PagePhrases
from tests.installations import installation
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from pipeline.core.database import Database

WORDS = PACKAGED / "pages" / "words"
FEED = "http://127.0.0.1:1/feed"


def said(language: str, own: Path | None = None) -> PagePhrases:
    newsletter = Newsletter(name="Hafen", from_email="letter@example.org", language=language)
    return PagePhrases(Templates(own), newsletter)


def phrases(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((WORDS / f"{language}.toml").read_text())


def test_every_language_has_every_phrase_with_the_same_names_in_braces() -> None:
    english = phrases("en")
    for file in WORDS.glob("*.toml"):
        theirs = phrases(file.stem)
        assert theirs.keys() == english.keys()
        for table, expected in english.items():
            if table == "address":
                continue
            assert theirs[table].keys() == expected.keys(), (file.stem, table)
            for key, phrase in expected.items():
                names = set(re.findall(r"{\w+}", phrase)) - {"{newsletter}", "{sender}"}
                found = set(re.findall(r"{\w+}", theirs[table][key])) - {"{newsletter}", "{sender}"}
                assert found == names, (file.stem, table, key)


def test_every_phrase_is_used_somewhere() -> None:
    folders = (PACKAGED / "pages", Path(subscribers.__file__).parents[1] / "pipeline" / "web" / "public")
    files = [f for folder in folders for f in folder.iterdir() if f.suffix in (".html", ".py", ".css")]
    source = "\n".join(file.read_text() for file in files)
    # Of these the code makes the name: the message pages, and what is said of each status and verb.
    named = {"gone", "nothing", "nothing_to_pause", "erased", "staff", "staff_gone", *ERRORS.values()}
    for table, keys in phrases("en").items():
        for key in keys:
            if key.endswith(OUTBOX_TWIN):
                assert key.removesuffix(OUTBOX_TWIN) in keys  # in whose place it is said
                continue
            base = re.sub(r"_(address|allow_move|moved|erase|digest|all|none)$", "", key)
            assert table in named or f"{table}.{key}" in source or f'"{table}.{base}{{' in source, (
                table,
                key,
            )


def test_every_reason_against_an_address_is_said_in_german() -> None:
    source = Path(subscribers.addresses.__file__).read_text().replace('"\n            "', "")
    reasons = set(re.findall(r'"(The address [^"]+\.)"', source))
    assert len(reasons) >= 8
    assert reasons == phrases("de")["address"].keys()


@pytest.mark.parametrize(
    ("language", "tag", "button", "direction"),
    [
        ("en", "en", "Subscribe", "ltr"),
        ("de", "de", "Anmelden", "ltr"),
        ("de-AT", "de-AT", "Anmelden", "ltr"),
        ("en-GB", "en-GB", "Subscribe", "ltr"),
        ("he", "en", "Subscribe", "ltr"),
    ],
)
def test_a_region_speaks_its_language_and_an_unknown_one_english(
    language: str, tag: str, button: str, direction: str
) -> None:
    found = said(language)
    assert (found.language, found.say("subscribe.button"), found.direction) == (tag, button, direction)


def test_the_pages_say_their_language_and_direction(sqlite_database: Database, tmp_path: Path) -> None:
    def page(language: str) -> str:
        newsletter = {"name": "Brief", "from_email": "letter@example.org", "language": language}
        templates = {"theme": {"templates": "own"}}
        made = installation(sqlite_database, tmp_path, FEED, newsletter=newsletter, **templates)
        visitor = Visitor(made)
        answer = visitor.post("/subscribe", {"email": "ada"})
        visitor.close()
        return answer.text

    own = tmp_path / "own" / "pages" / "words"
    own.mkdir(parents=True)
    (own / "he.toml").write_text('[subscribe]\nbutton = "הרשמה"\n')
    assert '<html lang="de" dir="ltr">' in page("de")
    assert "In der Adresse fehlt das @-Zeichen." in page("de")
    assert "jede Woche am Donnerstag" in page("de")
    hebrew = page("he")
    assert '<html lang="he" dir="rtl">' in hebrew
    assert "<button>הרשמה</button>" in hebrew


def test_the_operators_phrase_counts_before_ours_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "pages" / "words").mkdir(parents=True)
    (tmp_path / "pages" / "words" / "en.toml").write_text('[subscribe]\nbutton = "Count me in"\n')
    found = said("en", tmp_path)
    assert found.say("subscribe.button") == "Count me in"
    assert found.say("left.title") == "You are unsubscribed"


@pytest.mark.parametrize("phrase", ["{oops}", "{", "{0}", "{newsletter.x}"])
def test_a_phrase_that_cannot_be_filled_in_is_an_error_that_names_it(tmp_path: Path, phrase: str) -> None:
    (tmp_path / "pages" / "words").mkdir(parents=True)
    (tmp_path / "pages" / "words" / "en.toml").write_text(f'[left]\ntitle = "{phrase}"\n')
    with pytest.raises(LetterError, match=r"left\.title"):
        said("en", tmp_path).say("left.title")


@pytest.mark.parametrize(
    ("items", "listed"), [([], ""), (["a"], "a"), (["a", "b"], "a und b"), (list("abc"), "a, b und c")]
)
def test_lists_are_spoken(items: list[str], listed: str) -> None:
    assert said("de").listed(items) == listed


@pytest.mark.parametrize(
    ("schedule", "english", "german"),
    [
        ("0 9 * * thu", "every Thursday", "jede Woche am Donnerstag"),
        ("30 7 * * 0", "every Sunday", "jede Woche am Sonntag"),
        ("0 9 * * *", "every day", "täglich"),
        ("0 9 1 * *", "once a month", "einmal im Monat"),
        ("0 9 * * mon,thu", "", ""),
        ("0 9 1 1 *", "", ""),
        ("0 9,17 * * *", "", ""),
    ],
)
def test_how_often_a_letter_comes_is_said_where_it_can_be(schedule: str, english: str, german: str) -> None:
    digest: Any = Digest(name="weekly", schedule=schedule)
    assert said("en").every(digest) == english
    assert said("de-AT").every(digest) == german
