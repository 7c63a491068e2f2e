"""The dashboard in a browser, whole ways: a letter is paused and goes on, a list and a post are let in."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, update

from pipeline.core.tables.feeds import posts
from tests.browser import needs_chromium, window
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import Normal, Slow, StrictSendGrid
from tests.end_to_end.conftest import Project
from tests.end_to_end.test_preview import previewing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = needs_chromium

LIST = b"""Email,Standing,Name
new@example.net,fine,New
old@example.net,gone,Old
"""


@dataclass
class Running:
    """A practice with six readers that sends by SendGrid, two a request, and its preview."""

    project: Project
    sendgrid: StrictSendGrid
    url: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    now = datetime.now(UTC)
    items = [
        Item("A calm morning", now - timedelta(days=1)),
        Item("Was it there?", now - timedelta(days=2), categories=("no-letter",)),
    ]
    with Blog(items) as blog, StrictSendGrid() as sendgrid:
        project = Project(tmp_path_factory.mktemp("dashboard"), installed=False)
        more = (
            '[[digests]]\nname = "monthly"\n'
            '[delivery]\nprovider = "sendgrid"\nprobe_public_url = false\nbatch_size = 2\nconnections = 1\n'
            f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\ntimeout = 300\n'
        )
        project.configure(blog.url, more=more)
        project.environment["SENDGRID_API_KEY"] = sendgrid.key
        project.rapport("pull")
        project.rapport("compose", "weekly")
        rows = "".join(f"reader{n}@example.net\n" for n in range(6))
        (project.folder / "readers.csv").write_text("email\n" + rows)
        project.rapport("subscribers", "import", "readers.csv", "--consent", "On paper", "--digest", "weekly")
        project.rapport("editions", "approve", "weekly-1")
        with previewing(project) as url:
            yield Running(project, sendgrid, url)


@pytest.fixture
def page() -> Iterator[Page]:
    with window(1200, 900) as page:
        yield page


def test_a_letter_under_way_is_watched_paused_and_goes_on_and_each_reader_has_it_once(
    running: Running, page: Page
) -> None:
    second = threading.Event()
    running.sendgrid.faults.extend([Normal(), Slow(second)])
    page.goto(running.url)
    page.get_by_text("Live: changes show by themselves").wait_for()
    page.evaluate("window.stayed = true")
    with sending(running.project):
        page.locator("h1", has_text="Going out: 2 of 6").wait_for()
        assert page.evaluate("window.stayed")

        page.goto(f"{running.url}letters/weekly-1")
        page.locator("tr", has_text="Waiting").locator("td", has_text="2").wait_for()
        page.get_by_role("button", name="Pause").click()
        page.locator("h2", has_text="Paused at 2 of 6").wait_for()
        page.get_by_text("Live: changes show by themselves").wait_for()
        page.evaluate("window.stayed = true")
        second.set()
        page.locator("h2", has_text="Paused at 4 of 6").wait_for()
    assert len(running.sendgrid.deliveries) == 4

    page.get_by_role("button", name="Go on").click()
    page.locator("h2", has_text="Going out: 4 of 6").wait_for()
    page.get_by_text("Live: changes show by themselves").wait_for()
    page.evaluate("window.stayed = true")
    with sending(running.project):
        page.locator("[data-status=sent]").wait_for()
    page.locator("tr", has_text="Handed over").locator("td", has_text="6").wait_for()
    page.get_by_role("status").filter(has_text="weekly-1, sent").wait_for(state="attached")
    assert page.evaluate("window.stayed")
    assert page.get_by_role("button").count() == 0
    reached = [one.address for one in running.sendgrid.deliveries]
    assert sorted(reached) == [f"reader{n}@example.net" for n in range(6)]


@contextmanager
def sending(project: Project) -> Iterator[None]:
    """`rapport send`, at work meanwhile; held to a clean end."""
    process = project.start("send", "weekly-1")
    try:
        yield
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.communicate()


def test_a_list_with_a_column_nobody_knows_is_asked_about_and_imported(running: Running, page: Page) -> None:
    page.goto(running.url)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Import a list").click()
    list_file = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST}
    page.get_by_label("List").set_input_files(list_file)  # type: ignore[arg-type]
    page.get_by_label("What they agreed to").fill("At the desk, on paper")
    page.get_by_label("weekly").uncheck()
    page.get_by_role("button", name="Try it").click()
    asked = page.get_by_role("group", name="Standing")
    asked.get_by_label("It says who may be mailed").check()
    asked.get_by_label("Those with one of these values").fill("fine")
    page.get_by_role("button", name="Try it again").click()
    page.get_by_text("2 added, 0 changed").wait_for()
    page.get_by_text("a trial, nothing was changed").wait_for()
    page.get_by_role("button", name="Import it").click()
    page.get_by_role("heading", name="Imported").wait_for()
    for address, status in (("new", "active"), ("old", "unsubscribed")):
        shown = running.project.json("subscribers", "show", f"{address}@example.net")["subscriber"]
        assert [(one["digest"], one["status"]) for one in shown["subscriptions"]] == [("monthly", status)]


def test_a_post_that_nobody_can_tell_is_let_in(running: Running, page: Page) -> None:
    engine = create_engine(f"sqlite:///{running.project.folder / 'rapport.db'}")
    with engine.begin() as connection:
        doubt = update(posts).where(posts.c.title == "Was it there?").values(decision="unsure")
        connection.execute(doubt)
    engine.dispose()
    page.goto(running.url)
    page.get_by_role("link", name="How it is").click()
    page.get_by_text("nobody can tell whether readers had it").wait_for()
    page.get_by_role("button", name="Let it in").click()
    page.get_by_text("nobody can tell whether readers had it").wait_for(state="detached")
    (post,) = [one for one in running.project.json("posts")["posts"] if one["title"] == "Was it there?"]
    assert post["state"] == "new"
