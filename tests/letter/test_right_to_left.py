"""A letter in Hebrew, whole, in Chromium: everything runs and stands as its readers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import needs_chromium, show, window
from tests.languages import ASTRAY, HEBREW, unmarked
from tests.languages import shown as said
from tests.letter.cases import HEBREW as TITLE
from tests.letter.cases import HEBREW_WORDS, image, sized
from tests.letter.samples import config, letter, post

if TYPE_CHECKING:
    from pipeline.letter.render import Letter

pytestmark = needs_chromium

PRACTICE = {
    "language": "he",
    "name": "מכתב הנמל",
    "from_name": "מרפאת הנמל",
    "country": "IL",
    "signed_by": "דנה כהן, מרפאת הנמל",
    "postal_address": "רחוב הנמל 12, חיפה",
    "notice": "המכתב הזה אינו טיפול.",
}
OFFER = {
    "heading": "מחפשים מטפלת או מטפל?",
    "text": "ספרו לנו מה אתם צריכים.",
    "button": "לכתוב לנו",
    "read_by": "",
    "answered": "",
    "costs": "",
    "variants": [],
}


def made(layout: str) -> Letter:
    posts = [image(1, TITLE, HEBREW_WORDS, "lighthouse.jpg"), image(2, f"{TITLE}?", HEBREW_WORDS)]
    posts += [post(n, TITLE, HEBREW_WORDS, author="דנה כהן") for n in range(3, 8)]
    settings = config(newsletter=PRACTICE, match=OFFER, digest={"layout": layout})
    return letter(posts, settings, own=HEBREW, images=sized(posts))


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_all_of_a_letter_runs_from_right_to_left(layout: str) -> None:
    one = made(layout)
    with window(1200, 900) as page:
        show(page, one.html)
        assert page.evaluate(ASTRAY) == []
        if layout == "digest":  # the picture stands where a line begins
            picture = page.locator("img").nth(1).bounding_box()
            title = page.get_by_role("link", name=f"{TITLE}?", exact=True).first.bounding_box()
            assert picture is not None
            assert title is not None
            assert picture["x"] > title["x"] + title["width"]
    known = ("ERAN", "eran.org.il", "Ines Calloway", "Two mugs on a table")
    assert unmarked(f"{said(one.html)} {one.text}", known) == []
