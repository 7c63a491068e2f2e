"""The pages' phrases: their language and direction, lists, cadence in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.sections.digest import Digest
from pipeline.core.sections.newsletter import Newsletter
from pipeline.core.templates import Templates
from pipeline.web.public.phrases import PagePhrases
from tests.installations import installation
from tests.web.public.visitor import Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"


def said(language: str, own: Path | None = None) -> PagePhrases:
    newsletter = Newsletter(name="Hafen", from_email="letter@example.org", language=language)
    return PagePhrases(Templates(own), newsletter)


def test_the_pages_say_their_language_and_direction(sqlite_database: Database, tmp_path: Path) -> None:
    def page(language: str) -> str:
        newsletter = {"name": "Brief", "from_email": "letter@example.org", "language": language}
        templates = {"theme": {"templates": "own"}}
        made = installation(sqlite_database, tmp_path, FEED, newsletter=newsletter, **templates)
        visitor = Visitor(made)
        answer = visitor.post("/subscribe", {"email": "ada"})
        visitor.close()
        return answer.text

    own = tmp_path / "own" / "words"
    own.mkdir(parents=True)
    (own / "he.toml").write_text('[pages.subscribe]\nbutton = "הרשמה"\n')
    assert '<html lang="de" dir="ltr">' in page("de")
    assert '<html lang="de-AT" dir="ltr">' in page("de-AT")
    assert "In der Adresse fehlt das @-Zeichen." in page("de")
    assert "jede Woche am Donnerstag" in page("de")
    hebrew = page("he")
    assert '<html lang="he" dir="rtl">' in hebrew
    assert "<button>הרשמה</button>" in hebrew


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
