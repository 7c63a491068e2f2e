"""The letter read by axe-core in Chromium: no violation in either layout, scheme, or direction."""

from __future__ import annotations

from typing import Literal

import pytest

from pipeline.core.theme import THEMES
from tests.browser import faults, needs_chromium, show, window
from tests.languages import HEBREW as IN_HEBREW
from tests.letter.cases import HEBREW, cases
from tests.letter.samples import INTRO, config, letter

# A letter is shown inside a mail program's page, which has the landmarks; a <main> of ours would be a second.
OF_WHOLE_PAGES = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

pytestmark = needs_chromium


def violations(html: str, width: int = 600) -> list[str]:
    """What axe finds in the letter as it is shown, in the light and then in the dark."""
    found: list[str] = []
    with window(width) as page:
        show(page, html)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("scheme => matchMedia(`(prefers-color-scheme: ${scheme})`).matches", scheme)
            found += [f"{fault} ({scheme})" for fault in faults(page, rules=OF_WHOLE_PAGES)]
    return found


@pytest.mark.parametrize(
    ("theme", "layout"), [(theme, "digest") for theme in THEMES] + [(next(iter(THEMES)), "plain")]
)
def test_axe_finds_nothing_in_the_sample_letter(theme: str, layout: str) -> None:
    posts, pictures = cases()["sample"]
    settings = config(digest={"layout": layout}, theme={"name": theme}, match={"place": "both"})
    made = letter(posts, settings, intro=INTRO, images=pictures)
    assert violations(made.html) == []


@pytest.mark.parametrize("case", ["long", "right_to_left", "odd_pictures", "bare"])
def test_axe_finds_nothing_in_difficult_posts(case: str) -> None:
    posts, pictures = cases()[case]
    assert violations(letter(posts, images=pictures).html, 320) == []


def test_axe_finds_nothing_in_a_letter_from_right_to_left() -> None:
    posts, pictures = cases()["right_to_left"]
    settings = config(newsletter={"language": "he", "name": HEBREW})
    made = letter(posts, settings, images=pictures, own=IN_HEBREW)
    assert violations(made.html) == []


def test_axe_finds_nothing_in_a_letter_with_logos() -> None:
    logos = {name: f"https://harbourlane.example/images/{name}.png" for name in ("logo", "logo_dark")}
    posts, pictures = cases()["one"]
    assert violations(letter(posts, config(theme=logos), images=pictures).html) == []


def test_axe_would_find_a_fault() -> None:
    posts, pictures = cases()["one"]
    broken = letter(posts, images=pictures).html.replace(' lang="en-GB"', "").replace("alt=", "data-alt=")
    assert {found.partition(":")[0] for found in violations(broken)} >= {
        "html-has-lang",
        "image-alt",
    }
