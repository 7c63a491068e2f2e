"""This week's page in a browser, whole ways: change the letter, take a change back, approve what one sees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.browser import faults, needs_chromium, window
from tests.doubles.blog import Blog, Item
from tests.end_to_end.conftest import Project
from tests.end_to_end.test_preview import previewing
from tests.waiting import get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = needs_chromium

TITLES = ["A calm morning", "A quiet noon", "A long evening"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, str]]:
    """A preview that runs, of a practice with three posts and two readers."""
    now = datetime.now(UTC)
    with Blog([Item(title, now - timedelta(days=n)) for n, title in enumerate(TITLES, 1)]) as blog:
        project = Project(tmp_path_factory.mktemp("this-week"), installed=False)
        project.configure(blog.url)
        project.subscribe(2)
        with previewing(project) as url:
            yield project, url


@pytest.fixture
def page(served: tuple[Project, str]) -> Iterator[Page]:
    """The page of a draft as it was composed."""
    project, url = served
    get(url)  # the first look composes it
    project.rapport("editions", "edit", "weekly-1", "--reset")
    with window(1200, 900) as page:
        page.goto(url)
        page.get_by_text("Live: changes show by themselves").wait_for()
        yield page


def order(page: Page) -> list[str]:
    return page.locator(".order .in .title a").all_inner_texts()


def saved(page: Page) -> None:
    page.locator("#saved", has_text="Saved").wait_for()


def test_change_see_undo_and_approve_what_goes_out(served: tuple[Project, str], page: Page) -> None:
    project, url = served
    page.evaluate("window.stayed = true")
    letter = page.frame_locator("iframe")
    page.get_by_label("Greeting").fill("Hello from *all* of us.")
    letter.get_by_text("Hello from all of us.").wait_for()
    page.get_by_label("Subject").fill("Small things")
    page.locator(".locked", has_text="Small things").wait_for()
    page.get_by_role("button", name="Up: A long evening").click()
    page.locator(".order .in li:nth-child(2)", has_text="A long evening").wait_for()
    page.locator(".order .in li:nth-child(3)").drag_to(
        page.locator(".order .in li:nth-child(1)"), target_position={"x": 60, "y": 3}
    )
    letter.get_by_role("heading", name="A quiet noon").first.wait_for()
    page.locator(".order .in li:nth-child(1)", has_text="leads").wait_for()
    assert order(page) == ["A quiet noon", "A calm morning", "A long evening"]
    page.get_by_role("button", name="Undo posts").click()
    page.locator(".order .in li:nth-child(2)", has_text="A long evening").wait_for()
    assert order(page) == ["A calm morning", "A long evening", "A quiet noon"]

    # What was typed a moment before the button is pressed is in the letter that is approved.
    page.get_by_label("Preheader").fill("Three of them")
    page.get_by_role("button", name="Approve").click()
    page.locator(".pill.approved").wait_for()
    shown = get(f"{url}letter.html").content
    assert b"Three of them" in shown
    assert b"Hello from <em>all</em> of us." in shown
    project.rapport("send", "weekly-1")
    (first, _) = project.outbox()
    page.locator(".next", has_text="Written for 2 readers").wait_for()
    assert get(f"{url}letter.html?edition=weekly-1").content == shown
    assert b"Subject: Small things" in first.read_bytes()


def test_with_the_keyboard_alone(served: tuple[Project, str]) -> None:
    project, _ = served
    now = datetime.now(UTC)
    with Blog([Item(title, now - timedelta(days=n)) for n, title in enumerate(TITLES, 1)]) as blog:
        other = Project(project.folder / "other", installed=False)
        other.folder.mkdir()
        other.configure(blog.url)
        with previewing(other) as own, window(1200, 900) as page:
            page.goto(own)
            page.get_by_text("Live: changes show by themselves").wait_for()
            tab_to(page, "#subject")
            page.keyboard.press("Control+A")
            page.keyboard.type("By keys")
            page.locator(".locked", has_text="By keys").wait_for()
            tab_to(page, ".order .in li:nth-child(2) [value=up]")
            page.keyboard.press("Enter")
            page.locator(".order .in li:nth-child(1)", has_text="A quiet noon").wait_for()
            page.locator("#saved", has_text="A quiet noon is 1 of 3").wait_for()
            # It cannot go up further; the focus stays with the post.
            assert "A quiet noon" in page.evaluate("document.activeElement.closest('li').innerText")
            page.keyboard.press("Control+Z")
            page.locator(".order .in li:nth-child(1)", has_text="A calm morning").wait_for()
            tab_to(page, "[value=approve]", back=True)
            page.keyboard.press("Enter")
            page.locator(".pill.approved").wait_for()
        (edition,) = other.json("editions")["editions"]
        assert (edition["status"], edition["subject"]) == ("approved", "By keys")
        assert [post["title"] for post in edition["posts"]] == TITLES


def tab_to(page: Page, css: str, *, back: bool = False) -> None:
    """Press Tab until the element has the focus, visibly."""
    for _ in range(80):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate("css => document.activeElement.matches(css)", css):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no way to {css} by Tab")


def test_axe_finds_nothing_in_any_state(served: tuple[Project, str]) -> None:
    _, url = served
    with window(768, 900, still=True) as page:
        for query in ("", "?edition=weekly-1"):
            page.emulate_media(color_scheme="light")
            page.goto(url + query)
            for menu in page.locator("details").all():
                menu.evaluate("one => one.open = true")
            assert faults(page) == [], query
            page.emulate_media(color_scheme="dark")  # changes nothing but colours
            assert faults(page, runOnly=["color-contrast"]) == [], query
