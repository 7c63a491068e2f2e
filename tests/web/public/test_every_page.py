"""What all pages have in common, in every state: judged one by one, without and with a browser."""

from __future__ import annotations

import io
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from pipeline.core.database import Database
from tests.browser import faults, needs_chromium, window
from tests.web.public import states
from tests.web.public.visitor import SITE, Shape
from tests.web.public.window import shape, show, show_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.public.states import Site, State


@pytest.fixture(scope="module")
def sites(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Site]:
    # A thread of its own: the browser's driver lets no other event loop run in this one.
    with ThreadPoolExecutor(1) as thread:
        return list(thread.map(lambda kind: _made(kind, sqlite_template, tmp_path_factory), KINDS))


KINDS = (states.single, states.several)


def _made(kind: Callable[..., Site], template: Path, folders: pytest.TempPathFactory) -> Site:
    folder = folders.mktemp(kind.__name__)
    database = Database(f"sqlite:///{shutil.copy(template, folder / 'rapport.db')}")
    try:
        return kind(database, folder)
    finally:
        database.close()


@pytest.fixture(scope="module")
def every(sites: list[Site]) -> list[State]:
    return [state for site in sites for state in site.states]


def tags(state: State, *names: str) -> list[dict[str, Any]]:
    return [dict(pairs) for tag, pairs in Shape(state.answer.text).tags if tag in names]


def meta(state: State, name: str) -> str:
    found = [tag["content"] for tag in tags(state, "meta") if name in (tag.get("name"), tag.get("property"))]
    return str(found[0]) if found else ""


def test_every_page_has_a_language_a_title_a_description_and_one_first_heading(every: list[State]) -> None:
    for state in every:
        (html,) = tags(state, "html")
        assert html == {"lang": "en", "dir": "ltr"}, state.name
        (title,) = re.findall(r"<title>(.*?)</title>", state.answer.text)
        assert 10 < len(unescape(title)) < 150, state.name
        assert 20 < len(meta(state, "description")) < 400, state.name
        assert meta(state, "viewport") == "width=device-width, initial-scale=1", state.name
        levels = [int(level) for level in re.findall(r"<h([1-6])", state.answer.text)]
        assert levels[0] == 1, state.name
        assert levels.count(1) == 1, state.name
        # None is left out on the way down.
        assert all(after - before <= 1 for before, after in pairwise(levels)), state.name


def test_every_picture_has_its_size_and_its_words(every: list[State]) -> None:
    pictures = [(state, tag) for state in every for tag in tags(state, "img")]
    assert pictures
    for state, tag in pictures:
        assert {"width", "height", "alt"} <= tag.keys(), (state.name, tag)


def test_every_id_is_one_and_what_describes_a_field_is_there(every: list[State]) -> None:
    for state in every:
        found = [dict(pairs) for _, pairs in Shape(state.answer.text).tags]
        ids = [tag["id"] for tag in found if "id" in tag]
        assert len(ids) == len(set(ids)), state.name
        for tag in found:
            assert set((tag.get("aria-describedby") or "").split()) <= set(ids), state.name
        assert sum("autofocus" in tag for tag in found) <= 1, state.name


def test_what_is_wrong_stands_beside_its_field_and_has_the_focus(every: list[State]) -> None:
    wrong = [
        state for state in every if state.answer.status_code == 422 and 'class="error"' in state.answer.text
    ]
    assert len(wrong) >= 6
    for state in wrong:
        assert "<title>Please correct: " in state.answer.text, state.name
        marked = [tag for tag in tags(state, "input") if tag.get("aria-invalid") == "true"]
        assert "autofocus" in marked[0], state.name
        assert state.answer.text.count('class="error"') == len({tag["name"] for tag in marked}), state.name


def test_every_link_leads_to_a_page(sites: list[Site]) -> None:
    for site in sites:
        assert len(site.links) > 5
        assert {path: status for path, status in site.links.items() if status != 200} == {}
        assert {path for path, asset in site.assets.items() if asset.status_code != 200} == set()


def test_what_all_may_read_says_so_to_search_engines_and_what_is_one_readers_does_not(
    every: list[State],
) -> None:
    public = {"/", "/subscribe", "/archive"}
    for state in every:
        is_public = state.path in public or state.path.startswith("/archive/")
        is_private = meta(state, "robots") == "noindex"
        if state.path == "/subscribe" and state.name == "asked":
            assert is_private
            continue
        assert is_private != is_public, state.name
        if is_public:
            (canonical,) = [tag for tag in tags(state, "link") if tag.get("rel") == "canonical"]
            assert canonical["href"] == meta(state, "og:url") == SITE + state.path
            assert meta(state, "og:title")
            assert meta(state, "og:description") == meta(state, "description")


def test_a_letter_that_is_shared_shows_its_card(sites: list[Site]) -> None:
    cards = [(state, meta(state, "og:image")) for state in sites[0].states if meta(state, "og:image")]
    assert {state.name for state, _ in cards} >= {"front", "archive", "letter"}
    for state, card in cards:
        of_its_own = state.name.startswith("letter")
        assert card == SITE + (f"{state.path}/card.png" if of_its_own else "/card.png")
        assert (meta(state, "og:image:width"), meta(state, "og:image:height")) == ("1200", "630")
        assert meta(state, "og:image:alt")
        assert meta(state, "twitter:card") == "summary_large_image"


RULES = {"target-size": {"enabled": True}}
"""WCAG 2.2 AA, which axe leaves out unless asked."""

SPOIL = """
    document.documentElement.lang = '';
    document.querySelector('label').remove();
    document.querySelector('h1').style.color = '#999';
    document.querySelector('button').tabIndex = -1;
    document.querySelector('a').style.outline = 'none';
"""

WATCH = """() => {
    const all = document.querySelectorAll('a, button, summary, textarea, input');
    window.stops = new Set([...all].filter(
        one => one.type !== 'hidden' && !one.closest('[aria-hidden=true]') && one.checkVisibility()));
    document.addEventListener('focusin', event => {
        if (getComputedStyle(event.target).outlineStyle !== 'none') window.stops.delete(event.target);
    });
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
    return window.stops.size;
}"""
LEFT = "() => [...window.stops].map(one => `${one.tagName}: ${one.textContent.trim() || one.name}`)"


def wide(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def picture(size: tuple[int, int] | None) -> httpx.Response:
    if size is None:
        svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 40"><path d="M0 0h300v40H0z"/></svg>'
        return httpx.Response(200, text=svg, headers={"content-type": "image/svg+xml"})
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    return httpx.Response(200, content=out.getvalue(), headers={"content-type": "image/png"})


def unreached(page: Page) -> list[str]:
    """What the Tab key does not come to, or what does not show that it has the focus."""
    stops = page.evaluate(WATCH)
    for _ in range(stops + 3):  # a date has several within
        page.keyboard.press("Tab")
    # Into a frame and out of it the focus goes by way of other processes; a key that is pressed meanwhile is
    # lost. So the rest is asked for once more, from the beginning of the page on.
    left: list[str] = page.evaluate(LEFT)
    for _ in range(3 * stops):
        if left:
            page.keyboard.press("Tab")
            left = page.evaluate(LEFT)
    return left


class TestInChromium:
    pytestmark = needs_chromium

    @pytest.fixture
    def page(self) -> Iterator[Page]:
        with window(320) as page:
            yield page

    def test_axe_finds_nothing_nothing_overflows_and_the_keyboard_comes_everywhere(
        self, page: Page, sites: list[Site]
    ) -> None:
        judged: set[object] = set()
        page.emulate_media(color_scheme="light")
        for site in sites:
            for state in show_each(page, site):
                assert wide(page) <= 320, state.name
                if is_new := (made_of := shape(state)) not in judged:
                    judged.add(made_of)
                    assert faults(page, rules=RULES) == [], state.name
                    assert unreached(page) == [], state.name
                    page.emulate_media(color_scheme="dark")
                page.set_viewport_size({"width": 1200, "height": 800})
                assert wide(page) <= 1200, state.name
                if is_new:
                    assert faults(page, runOnly=["color-contrast"]) == [], state.name
                    page.emulate_media(color_scheme="light")
                page.set_viewport_size({"width": 320, "height": 800})

    # A strip, a tower, a favicon, a photograph, a drawing that names no size.
    @pytest.mark.parametrize("size", [(2400, 80), (120, 900), (16, 16), (4000, 3000), None])
    def test_a_logo_of_any_shape_fits_in_its_line_and_is_never_blown_up(
        self, page: Page, sites: list[Site], size: tuple[int, int] | None
    ) -> None:
        site = sites[1]._replace(assets=sites[1].assets | {states.LOGO: picture(size)})
        state = next(one for one in site.states if one.name == "several: sign-up")
        page.emulate_media(color_scheme="dark")
        for width in (320, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            show(page, site, state)
            shown = page.locator(".logo img").bounding_box()
            assert shown
            assert 0 < shown["height"] <= 64
            assert 0 < shown["width"] <= (288 if width == 320 else 544)
            assert size is None or shown["width"] <= size[0] + 20
            heading = page.locator("main").bounding_box()
            assert heading
            page.locator(".logo img").evaluate("one => one.remove()")
            assert page.locator("main").bounding_box() == heading

    def test_these_looks_would_find_a_fault(self, page: Page, sites: list[Site]) -> None:
        shown = {one.name: one for one in sites[0].states}
        show(page, sites[0], shown["asked"])
        show(page, sites[0], shown["sign-up"], write=True)
        assert faults(page, rules=RULES) == unreached(page) == []
        page.evaluate(SPOIL)
        found = {fault.partition(":")[0] for fault in faults(page, rules=RULES)}
        assert {"label", "html-has-lang", "color-contrast"} <= found
        assert unreached(page) == ["A: Letters from Harbour Lane", "BUTTON: Subscribe"]
