"""The pages in Chromium, as `rapport serve` serves them, used like a reader would."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pipeline.core.app import Installation
from subscribers import directory
from tests.browser import needs_chromium, window
from tests.end_to_end.conftest import Project
from tests.letter.samples import INTRO, letter, sample_blog
from tests.waiting import LONGEST, until
from tests.web.public.test_archive import sent
from tests.web.public.visitor import Addresses, confirm_links, edition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

pytestmark = needs_chromium

MORE = """
[[digests]]
name = "groups"
schedule = "0 9 1 * *"

[theme]
name = "meadow"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("practice"), installed=False)
    made.configure("http://127.0.0.1:1/feed", more=MORE)
    made.subscribe(3)
    return made


@pytest.fixture(scope="module")
def served(project: Project) -> Iterator[str]:
    process = project.start("serve", "--no-scheduler", "--port", "0", "--json")
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["address"]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=LONGEST)
    assert errors == ""


@pytest.fixture(scope="module")
def practice(project: Project) -> Iterator[Installation]:
    with Installation.open(project.folder / "rapport.toml", {}) as opened:
        yield opened


@pytest.fixture(scope="module")
def addresses(practice: Installation) -> Addresses:
    return Addresses(practice, edition(practice))


@dataclass
class Reader:
    """Somebody at a browser; ``hosts`` are those that the pages asked anything of."""

    page: Page
    site: str
    hosts: set[str] = field(default_factory=set)

    def opens(self, path: str) -> Reader:
        self.page.goto(self.site + path)
        return self

    def presses(self, button: str) -> Reader:
        self.page.get_by_role("button", name=button, exact=True).click()
        return self

    def finds(self, heading: str) -> Reader:
        assert self.page.get_by_role("heading", level=1).inner_text() == heading
        return self

    def tabs_to(self, what: str) -> Reader:
        """Come to what a selector names by the Tab key alone, and see that it shows where one is."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if self.page.locator(f"{what}:focus-visible").count():
                return self
        raise AssertionError(f"the Tab key never came to {what}")

    def types(self, text: str) -> Reader:
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        return self

    def enters(self) -> Reader:
        """Press Enter where that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        return self

    def says(self) -> str:
        return self.page.get_by_role("status").inner_text()


@pytest.fixture
def reader(served: str) -> Iterator[Reader]:
    def note(asked: Request) -> None:
        made.hosts.add(urlsplit(asked.url).netloc)

    with window(320) as page:
        made = Reader(page, served)
        page.on("request", note)
        yield made
        page.remove_listener("request", note)
        assert made.hosts == {urlsplit(served).netloc}
        assert page.context.cookies() == []


def active(practice: Installation, email: str) -> list[str]:
    with practice.database.read() as connection:
        person = directory.person(connection, email)
    assert person
    return [s.digest for s in person.subscriptions if s.status == "active"]


def test_signing_up_from_the_form_to_the_list(reader: Reader, practice: Installation) -> None:
    reader.opens("/subscribe").finds("Get The Weekly Letter by email")
    page = reader.page
    page.get_by_label("Your email address").fill("ada@example")
    page.get_by_label("weekly").check()
    page.evaluate("document.querySelector('[name=stamp]').value = ''")
    reader.presses("Subscribe").finds("Get The Weekly Letter by email")
    wrong = page.get_by_label("Your email address")
    assert wrong.evaluate("field => field === document.activeElement")
    assert wrong.get_attribute("aria-invalid") == "true"
    assert page.get_by_label("weekly").is_checked()
    wrong.fill("ada@example.org")
    reader.presses("Subscribe").finds("Nobody was mailed")
    reader.opens(_mailed(practice)).finds("Confirm your subscription")
    assert active(practice, "ada@example.org") == []
    reader.presses("Yes, send it to me").finds("Thank you: you are on the list")
    assert active(practice, "ada@example.org") == ["weekly"]
    page.get_by_role("link", name="Choose what you get").click()
    reader.finds("What you get")


def _mailed(practice: Installation) -> str:
    """The path in the mail of the one sign-up, sent if it was not yet."""
    from pipeline.subscriptions.confirm import send_questions

    while not (links := confirm_links(practice.folder)):
        send_questions(practice)
    return links[0]


def test_leaving_and_coming_back(reader: Reader, practice: Installation, addresses: Addresses) -> None:
    reader.opens(addresses.unsubscribe(1)).finds("Unsubscribe from “weekly”?")
    reader.presses("Unsubscribe from “weekly”").finds("You are unsubscribed")
    assert active(practice, "reader1@example.net") == ["groups"]
    reader.page.get_by_label("Would you tell us why?").fill("Too many")
    reader.presses("Send").finds("You are unsubscribed")
    reader.presses("Unsubscribe from all mail").finds("You are unsubscribed")
    assert active(practice, "reader1@example.net") == []
    reader.presses("Undo").finds("Undone")
    assert active(practice, "reader1@example.net") == ["groups", "weekly"]


def test_a_readers_own_page(reader: Reader, practice: Installation, addresses: Addresses) -> None:
    reader.opens(addresses.preferences(2)).finds("What you get")
    page = reader.page
    page.get_by_label("groups").uncheck()
    reader.presses("Save").finds("What you get")
    assert page.get_by_role("status").inner_text().split() == ["Saved.", "Your", "letters:", "weekly."]
    assert active(practice, "reader2@example.net") == ["weekly"]
    before = set(confirm_links(practice.folder))
    page.get_by_label("groups").check()
    reader.presses("Save").finds("What you get")
    assert "Still waiting for your yes: groups." in page.get_by_role("status").inner_text()
    (path,) = new_links(practice, before)
    assert active(practice, "reader2@example.net") == ["weekly"]
    reader.opens(path).finds("Confirm your subscription").presses("Yes, send it to me").finds(
        "Thank you: you are on the list"
    )
    assert active(practice, "reader2@example.net") == ["groups", "weekly"]
    reader.opens(addresses.preferences(2))
    page.get_by_label("Pause all letters until").fill("2020-02-02")
    page.evaluate("document.forms[0].noValidate = true")
    reader.presses("Save").finds("What you get")
    assert page.get_by_label("Pause all letters until").get_attribute("aria-invalid") == "true"
    before = set(confirm_links(practice.folder))
    page.get_by_text("Erase my data", exact=True).click()
    reader.presses("Send the mail that erases my data").finds("What you get")
    (path,) = new_links(practice, before)
    reader.opens(path).finds("Erase all your data?")
    reader.presses("Yes, erase my data").finds("Your data is erased")
    reader.opens(addresses.preferences(2)).finds("There is nothing here any more")


def new_links(practice: Installation, before: set[str]) -> set[str]:
    """The links of mails that went out since, which is after the answer."""
    return until(lambda: set(confirm_links(practice.folder)) - before)


def test_every_form_is_filled_in_and_sent_by_the_keyboard_alone(
    reader: Reader, practice: Installation
) -> None:
    seen = set(confirm_links(practice.folder))
    press = reader.page.keyboard.press
    reader.opens("/subscribe").tabs_to("#email").types("zoe@example").tabs_to("[value=weekly]")
    press("Space")
    reader.tabs_to("button").enters()
    reader.types("zoe@example.org").enters()  # what is wrong has the focus
    while reader.page.locator("#email").count():
        reader.enters()  # quicker than a person: the button has the focus for another press
    (path,) = new_links(practice, seen)
    reader.finds("Nobody was mailed").opens(path).tabs_to("button").enters()
    reader.finds("Thank you: you are on the list").tabs_to("[href^='/preferences']").enters()
    own = urlsplit(reader.finds("What you get").page.url).path
    day = datetime.now(UTC) + timedelta(days=20)
    reader.tabs_to("#pause").page.keyboard.type(f"{day:%m%d%Y}")
    assert "Paused until" in reader.tabs_to("[value=save]").enters().says()
    reader.tabs_to("summary")
    press("Enter")
    reader.tabs_to("#email").types("zoe@a").enters()
    assert "waits for your yes" in reader.types("zoe@example.net").enters().says()

    leaving = own.replace("preferences", "unsubscribe")
    reader.opens(leaving).tabs_to("[value=pause]").enters()
    assert reader.page.title().startswith("Paused until")
    reader.opens(leaving).tabs_to("[value=leave]").enters().finds("You are unsubscribed")
    reader.tabs_to("textarea").types("Too many").tabs_to("[value=reason]").enters()
    reader.tabs_to("[value=undo]").enters().finds("Undone")
    assert active(practice, "zoe@example.org") == ["weekly"]


def test_every_page_of_a_move(reader: Reader, practice: Installation, addresses: Addresses) -> None:
    seen = set(confirm_links(practice.folder))
    reader.opens(addresses.preferences(3))
    reader.page.get_by_text("Another address").click()
    reader.page.get_by_label("Your new email address").fill("grace@a-rather-long-name.example.org")
    reader.presses("Send the mail").finds("What you get")
    for button, done in (
        ("Yes, I want to move", "Now the new address"),
        ("Yes, use this address", "Done: your new address is in use"),
        ("Yes, back to this address", "Back as it was"),
    ):
        (path,) = new_links(practice, seen)
        seen.add(path)
        reader.opens(path)
        reader.presses(button).finds(done)


def test_from_the_front_page_to_a_past_letter(reader: Reader, practice: Installation) -> None:
    made = letter(sample_blog(), intro=INTRO)
    slug = sent(practice, made.subject, html=made.html, preheader=made.preheader, weeks_ago=1)
    reader.opens("/").finds("The Weekly Letter")
    reader.page.get_by_role("link", name="All letters").click()
    reader.finds("All letters")
    reader.page.get_by_role("link", name=made.subject).click()
    reader.finds(made.subject)
    assert reader.page.url.endswith(f"/archive/{slug}")
    reader.page.get_by_role("link", name="The Weekly Letter", exact=True).click()
    reader.finds("The Weekly Letter")
    reader.opens("/nowhere").finds("This link leads nowhere")


def test_nothing_moves_while_a_page_loads(browser: Browser, served: str, practice: Installation) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 800})  # which has nothing at hand
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "one => { window.moved += one.value })).observe({type: 'layout-shift', buffered: true})"
    )
    sent(practice, weeks_ago=2)
    for path in ("/", "/archive", "/archive/weekly-1", "/subscribe"):
        page.goto(served + path, wait_until="networkidle")
        assert page.evaluate("window.moved") == 0
    page.close()


def test_the_form_copied_to_another_site_works_there(reader: Reader, served: str) -> None:
    snippet = reader.page.request.get(f"{served}/subscribe/embed").text()
    reader.page.set_content(snippet.replace("https://letter.example.org", served))
    reader.page.get_by_label("Your email address").fill("bob@example.org")
    reader.page.get_by_label("weekly (every Thursday)").check()
    reader.presses("Subscribe").finds("Nobody was mailed")
