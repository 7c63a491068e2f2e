"""The letter in each of its languages, with no word of another."""

from __future__ import annotations

from html import unescape
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.templates import Templates
from tests.languages import MARKED, marked, shown, unmarked
from tests.letter.samples import Picture, config, letter, post

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.letter.render import Letter

LAYOUTS, PLACES = ("digest", "plain"), ("end", "after_lead", "both")

# A blog and a practice that say all in Chinese: no Latin letter is theirs.
PRACTICE: dict[str, Any] = {
    "name": "海港來信",
    "from_name": "海港診所",
    "postal_address": "海港路十二號",
    "notice": "這封信不是治療。",
    "signed_by": "王美麗, 海港診所",
    "country": "US",
}
LINE = ("988 Lifeline", "988lifeline.org")
"""What the country's crisis line calls itself."""

OFFER = {
    "heading": "在找治療師嗎？",
    "text": "告訴我們您需要什麼。",
    "button": "寫信給我們",
    "read_by": "王美麗讀每一封信。",
    "answered": "兩天內回覆。",
    "costs": "免費。",
    "variants": [],
}


def in_marks(own: Path, layout: str, place: str = "both", intro: str = "", **practice: Any) -> Letter:
    """A letter in which everything is."""
    settings = config(
        newsletter=PRACTICE | {"language": MARKED} | practice,
        match=OFFER | {"place": place},
        digest={"layout": layout},
    )
    excerpt = "人們常常在幾週之後告訴我們，他們做了什麼。" * 3
    posts = [
        post(
            n,
            f"第{n}篇",
            excerpt,
            author="王美麗" if n == 1 else "李四",
            image_url="https://harbourlane.example/a.jpg",
        )
        for n in range(1, 8)
    ]
    pictures = {one.id: Picture(one.image_url, alt="兩個杯子" if one.id % 2 else "") for one in posts}
    return letter(posts, settings, own=marked(own), intro=intro, images=pictures)


@pytest.mark.parametrize(("layout", "place"), [*product(LAYOUTS, PLACES)])
def test_whatever_a_letter_says_of_itself_is_a_phrase(tmp_path: Path, layout: str, place: str) -> None:
    for intro in ("", "上週的信，謝謝您的回覆。"):
        made = in_marks(tmp_path, layout, place, intro)
        assert unmarked(shown(made.html), LINE) == []
        assert unmarked(made.text, LINE) == []
        assert unmarked(f"{made.subject} {made.preheader}") == []
        for part in (shown(made.html), made.text):
            assert all(f"⟦{said}⟧" in part for said in ("Unsubscribe", "Dear reader,"))


def test_a_word_that_is_no_phrase_would_be_seen(tmp_path: Path) -> None:
    own = marked(tmp_path)
    layout = (Templates().file("letter/digest.mjml")).read_text()
    (own / "letter" / "digest.mjml").write_text(
        layout.replace("{{ edition.date }}", "From {{ edition.date }}")
    )
    assert unmarked(shown(in_marks(tmp_path, "digest").html), LINE) == ["From"]


def test_french_has_a_space_before_a_colon() -> None:
    settings = config(newsletter={"language": "fr-CA"})
    made = letter([post(1, "Un", "Deux. " * 40)], settings)
    assert "Lire la suite\xa0:\n" in made.text
    assert "Se désabonner\xa0:\n" in made.text
    assert 'aria-label="Lire la suite\xa0: Un"' in unescape(made.html)
    assert "\xa0:" not in letter([post(1, "Eins", "Zwei. " * 40)], config()).text


GREETINGS = {"en": "Dear reader,", "de": "Guten Tag!", "es": "Hola:", "fr": "Bonjour,"}
DATES = {
    "en": "November 20, 2025",
    "de": "20. November 2025",
    "es": "20 de noviembre de 2025",
    "fr": "20 novembre 2025",
}


@pytest.mark.parametrize(("layout", "language"), [*product(LAYOUTS, GREETINGS)])
def test_a_letter_speaks_its_language(layout: str, language: str) -> None:
    settings = config(newsletter={"language": language, "signed_by": "Ines"}, digest={"layout": layout})
    made = letter([post(1, "Eins", "Zwei. " * 40, words=1500)], settings)
    for part in (shown(made.html), made.text):
        assert GREETINGS[language] in part
        assert DATES[language] in part
        for other in GREETINGS.keys() - {language}:
            assert GREETINGS[other] not in part
