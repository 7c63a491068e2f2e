"""Where the letter says it: before the first offer, in both parts of both layouts, wherever offers stand."""

from __future__ import annotations

import html
import re
from itertools import product
from typing import TYPE_CHECKING

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.languages import spoken
from tests.letter.cases import WORDS
from tests.letter.samples import config, letter, post

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.letter.render import Letter

LAYOUTS, PLACES = ("digest", "plain"), ("end", "after_lead", "both")
POSTS = [post(1, "The first", WORDS), post(2, "The second", WORDS)]
NOTICE = "This letter is not therapy. In an emergency call your local emergency number."


def made(
    layout: str,
    place: str = "end",
    language: str = "en",
    country: str = "US",
    notice: str = NOTICE,
    own: Path | None = None,
) -> Letter:
    newsletter = {"country": country, "language": language, "notice": notice}
    settings = config(newsletter=newsletter, match={"place": place}, digest={"layout": layout})
    return letter(POSTS, settings, own=own)


@pytest.mark.parametrize(("layout", "place"), [*product(LAYOUTS, PLACES)])
def test_help_stands_once_and_before_the_first_offer(layout: str, place: str) -> None:
    one = made(layout, place)
    for part, number in ((one.html, 'href="tel:911"'), (one.text, "call 911")):
        assert part.count(number) == 1
        offers = [part.find("https://harbourlane.example/contact"), part.find("Looking for")]
        assert 0 < part.find("The first") < part.find(number) < min(at for at in offers if at >= 0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_are_real_text_that_dials(layout: str) -> None:
    tree = LexborHTMLParser(made(layout, language="de", country="DE").html)
    dialled = {link.attributes["href"]: link.text() for link in tree.css('a[href^="tel:"]')}
    assert dialled["tel:112"] == "112"
    assert dialled["tel:08001110111"] == "0800 111 0 111"


@pytest.mark.parametrize(("layout", "country"), [*product(LAYOUTS, ("US", "SE"))])
def test_both_parts_say_the_same_and_the_rest_of_the_notice_stays(layout: str, country: str) -> None:
    one = made(layout, country=country)
    words = LexborHTMLParser(one.html).body.text()  # type: ignore[union-attr]
    for part in (words, one.text):
        said = " ".join(part.split())
        assert "is not watched for emergencies, nor are replies to it." in said
        assert "This letter is not therapy." in said
        assert said.count("In an emergency call your local") == (0 if country == "US" else 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_bears_its_language_where_that_is_not_the_letters(tmp_path: Path, layout: str) -> None:
    own = spoken(tmp_path, "nl")
    assert re.search(
        r'<p lang="en" dir="ltr"[^>]*>Netherlands: ', made(layout, language="nl", country="NL", own=own).html
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_a_country_the_notice_stands_as_it_is_written(layout: str) -> None:
    one = made(layout, "after_lead", country="")
    assert NOTICE in html.unescape(one.html)
    assert "tel:" not in one.html
    assert one.text.find("Looking for") < one.text.find(NOTICE[:40])
