"""A reader's whole way, in Chromium: signing up, confirming, a letter, leaving; a page of their own; erased.

The mails stand in the outbox, the pages are `rapport serve`'s, and the browser reaches them under the address
that is in the mails.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pipeline.core.app import Installation
from pipeline.subscriptions.confirm import send_questions
from tests.browser import faults, needs_chromium, window
from tests.doubles.blog import Blog, Item
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from playwright.sync_api import Page, Request, Route

pytestmark = needs_chromium

SITE = "https://letter.example.org"
ELSEWHERE = "https://practice.example"
LONG = "couples_families_and_everybody_who_is_in_between"
"""As long as the name of a digest may be."""

MORE = f"""
[[digests]]
name = "{LONG}"
schedule = "0 9 1 * *"
"""
OF_WHOLE_PAGES = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}
"""What a mail, which its client shows inside its own page, need not have."""

WORDING = (
    "By pressing the button I ask Willow Practice to send me by email those letters of The Weekly Letter"
    f" that I have ticked out of these: weekly (every Thursday) and {LONG} (once a month)."
    " I can unsubscribe at any time with the link in every letter."
)


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with Blog() as served:
        yield served


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, blog: Blog) -> Project:
    made = Project(tmp_path_factory.mktemp("practice"), installed=False)
    made.configure(blog.url, more=MORE)
    made.subscribe(1)
    return made


@pytest.fixture(scope="module")
def served(project: Project) -> Iterator[str]:
    process = project.start("serve", "--no-scheduler", "--port", "0", "--json")
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["address"]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=LONGEST)
    assert errors == ""


@dataclass
class Reader:
    """Somebody at a browser, and what the practice knows of them."""

    page: Page
    project: Project
    blog: Blog
    hosts: set[str] = field(default_factory=set)
    slug: str = ""
    """The edition that went out last."""

    def opens(self, address: str) -> Reader:
        self.page.goto(address)
        return self

    def presses(self, button: str) -> Reader:
        # The answer may look like the page it follows: it is waited for, with its style sheet.
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("button", name=button, exact=True).click()
        return self

    def finds(self, heading: str) -> Reader:
        """The page with that heading; at 320 px nothing is out of sight, in letters twice as large either."""
        assert self.page.get_by_role("heading", level=1).inner_text() == heading
        for size in ("200%", ""):
            self.page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            assert self.fits()
        return self

    def fits(self) -> bool:
        shown = self.page.viewport_size
        assert shown
        return bool(self.page.evaluate("document.documentElement.scrollWidth") <= shown["width"])

    def reads(self, mail: EmailMessage, link: str) -> str:
        """Where the link with these words leads, in the HTML that the mail shows."""
        html = mail.get_body(("html",))
        assert html is not None
        self.page.goto("about:blank")
        self.page.set_content(html.get_content())
        assert self.fits()
        found = self.page.get_by_role("link", name=link, exact=True).get_attribute("href")
        assert found
        return found

    def mails(self, edition: str, to: str | None = None) -> list[EmailMessage]:
        """Mails of one edition in the outbox, oldest first."""
        digest, _, number = edition.rpartition("-")
        return self._filed(f"{digest}-{int(number):06d}-*.eml", to)

    def _filed(self, named: str, to: str | None) -> list[EmailMessage]:
        files = sorted((self.project.folder / "outbox").glob(named))
        found = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [mail for mail in found if to in (None, mail["To"])]  # type: ignore[misc]

    def question(self, to: str, about: str = "Confirm your") -> EmailMessage:
        """The mail that asks somebody to confirm."""
        (mail,) = self.questions(to, about)
        return mail

    def questions(self, to: str, about: str = "Confirm your", number: int = 1) -> list[EmailMessage]:
        """That many at least; mailed here, if the server has not come to it yet."""

        def found() -> list[EmailMessage]:
            return [mail for mail in self._filed("confirmation-*.eml", to) if about in mail["Subject"]]

        with Installation.open(self.project.folder / "rapport.toml", {}) as installation:
            end = time.monotonic() + LONGEST
            while len(mails := found()) < number:
                assert time.monotonic() < end, f"{to} was never asked"
                send_questions(installation)
        return mails

    def edition(self, title: str) -> list[str]:
        """A new post goes out; who got it in `weekly`."""
        self.blog.items.append(Item(title, datetime.now(UTC)))
        ran = self.project.json("run", "--now")["digests"]
        assert ran[0]["outcome"] == "sent"
        self.slug = ran[0]["edition"]["slug"]
        return sorted(str(mail["To"]) for mail in self.mails(self.slug))

    def known(self, address: str) -> Known:
        return Known(self.project.json("subscribers", "show", address)["subscriber"])


@dataclass(frozen=True)
class Known:
    """What `subscribers show --json` says of a person."""

    document: dict[str, Any]

    @property
    def statuses(self) -> dict[str, str]:
        return {one["digest"]: one["status"] for one in self.document["subscriptions"]}

    @property
    def history(self) -> list[tuple[str, str | None, str]]:
        return [(one["action"], one["digest"], one["source"]) for one in self.document["consent"]]

    def agreed(self) -> list[dict[str, Any]]:
        return [one for one in self.document["consent"] if one["action"] in ("requested", "confirmed")]


@contextmanager
def at_a_browser(served: str, project: Project, blog: Blog, *, script: bool) -> Iterator[Reader]:
    """A reader on a phone, for whom the practice's address leads to the server of this test."""

    def onward(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        route.fulfill(response=route.fetch(url=served + path, max_redirects=0))

    def note(asked: Request) -> None:
        made.hosts.add(urlsplit(asked.url).netloc)

    with window(320, script=script) as page:
        made = Reader(page, project, blog)
        page.route(f"{SITE}/**", onward)
        page.on("request", note)
        yield made
        page.remove_listener("request", note)
        assert made.hosts <= {urlsplit(SITE).netloc, urlsplit(ELSEWHERE).netloc, ""}
        assert page.context.cookies() == []


@pytest.fixture
def reader(served: str, project: Project, blog: Blog) -> Iterator[Reader]:
    with at_a_browser(served, project, blog, script=True) as made:
        yield made


@pytest.fixture
def reader_without_script(served: str, project: Project, blog: Blog) -> Iterator[Reader]:
    with at_a_browser(served, project, blog, script=False) as made:
        yield made


def judged(page: Page) -> list[str]:
    """What axe-core has against the mail shown, on a phone by day and on a desk by night."""
    found = []
    for width, scheme in ((320, "light"), (1200, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += faults(page, rules=OF_WHOLE_PAGES)
    page.set_viewport_size({"width": 320, "height": 800})
    return found


def test_from_the_form_to_a_letter_and_out_again(reader: Reader) -> None:
    reader.opens(f"{SITE}/subscribe").finds("Get The Weekly Letter by email")
    page, ada = reader.page, "ada@example.org"
    page.get_by_label("Your email address").fill("Ada@Example.org")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("weekly").check()
    while page.get_by_label("Your email address").count():
        reader.presses("Subscribe")  # quicker than people are: the form asks for another press meanwhile
    reader.finds("Nobody was mailed")
    asked = reader.known(ada)
    assert asked.statuses == {"weekly": "pending"}
    assert asked.history == [("requested", "weekly", "sign-up form")]

    question = reader.question(ada)
    assert (question["To"], question["List-Unsubscribe"]) == (ada, None)
    link = reader.reads(question, "Yes, send it to me")
    assert "Get matched" not in page.content()
    assert judged(page) == []
    reader.opens(link).finds("Confirm your subscription").presses("Yes, send it to me")
    reader.finds("Thank you: you are on the list")
    confirmed = reader.known(ada)
    assert confirmed.statuses == {"weekly": "active"}
    assert confirmed.history[1:] == [("confirmed", "weekly", "confirmation page")]
    for record in confirmed.agreed():
        assert record["wording"] == WORDING
        assert re.fullmatch("[0-9a-f]{8}", record["version"])
        assert record["network_address"] == "127.0.0.1"

    assert reader.edition("A calm morning") == [ada, "reader1@example.net"]
    (letter,) = reader.mails(reader.slug, ada)
    link = reader.reads(letter, "Unsubscribe")
    assert letter["List-Unsubscribe"] == f"<{link}>"
    reader.opens(link).finds("Unsubscribe from “weekly”?").presses("Unsubscribe from “weekly”")
    reader.finds("You are unsubscribed")
    assert reader.known(ada).statuses == {"weekly": "unsubscribed"}
    reader.presses("Undo").finds("Undone")
    assert reader.known(ada).statuses == {"weekly": "active"}
    reader.opens(link).presses("Unsubscribe from “weekly”").finds("You are unsubscribed")
    gone = reader.known(ada)
    assert gone.statuses == {"weekly": "unsubscribed"}
    assert gone.history[2:] == [
        ("unsubscribed", "weekly", "unsubscribe page"),
        ("resubscribed", "weekly", "unsubscribe page"),
        ("unsubscribed", "weekly", "unsubscribe page"),
    ]
    assert reader.edition("A quiet noon") == ["reader1@example.net"]


def test_a_page_of_ones_own_another_address_and_erased(reader_without_script: Reader) -> None:
    reader = reader_without_script
    page, bob, new = reader.page, "bob@example.org", "robert@example.com"
    snippet = reader.opens(f"{SITE}/subscribe/embed").page.locator("pre").inner_text()
    page.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(body=snippet, content_type="text/html"))
    reader.opens(f"{ELSEWHERE}/letter")
    assert reader.fits()
    page.get_by_label("Your email address").fill(bob)
    for box in page.get_by_role("checkbox").all():
        box.check()
    reader.presses("Subscribe").finds("Nobody was mailed")
    link = reader.reads(reader.question(bob), "Yes, send it to me")
    reader.opens(link).presses("Yes, send it to me").finds("Thank you: you are on the list")
    known = reader.known(bob)
    assert known.statuses == {"weekly": "active", LONG: "active"}
    assert {record["source"] for record in known.agreed()} == {
        "sign-up form on another site",
        "confirmation page",
    }
    assert reader.edition("A slow evening") == [bob, "reader1@example.net"]
    (letter,) = reader.mails(reader.slug, bob)
    own = reader.reads(letter, "Change what you get")

    reader.opens(own).finds("What you get")
    until = (datetime.now(UTC) + timedelta(days=14)).date().isoformat()
    page.get_by_label(LONG).uncheck()
    page.get_by_label("Pause all letters until").fill(until)
    reader.presses("Save").finds("What you get")
    known = reader.known(bob)
    assert known.statuses == {"weekly": "active", LONG: "unsubscribed"}
    assert known.document["subscriptions"][-1]["paused_until"] == until
    assert {action for action, _, _ in known.history} >= {"paused", "unsubscribed"}
    assert reader.edition("A windy night") == ["reader1@example.net"]

    page.get_by_label("Pause all letters until").fill("")
    page.get_by_label(LONG).check()
    reader.presses("Save").finds("What you get")  # letters get forwarded: the mailbox is asked first
    assert not page.get_by_label(LONG).is_checked()
    assert reader.known(bob).statuses == {"weekly": "active", LONG: "unsubscribed"}
    (link,) = {reader.reads(one, "Yes, send it to me") for one in reader.questions(bob, number=2)} - {link}
    reader.opens(link).presses("Yes, send it to me").finds("Thank you: you are on the list")
    assert reader.known(bob).statuses == {"weekly": "active", LONG: "active"}
    reader.opens(own)
    page.get_by_text("Another address").click()
    page.get_by_label("Your new email address").fill(new)
    reader.presses("Send the mail").finds("What you get")
    link = reader.reads(reader.question(bob, "Confirm: The Weekly"), "Yes, I want to move")
    reader.opens(link).finds("Confirm your move").presses("Yes, I want to move")
    reader.finds("Now the new address")
    link = reader.reads(reader.question(new), "Yes, use this address")
    assert reader.known(bob).document["suppression"] is None
    reader.opens(link).finds("Confirm your new address").presses("Yes, use this address")
    reader.finds("Done: your new address is in use")
    known = reader.known(new)
    assert known.statuses == {"weekly": "active", LONG: "active"}
    assert known.history[-1] == ("moved", None, "confirmation page")
    assert reader.known(bob).document["suppression"] == "unsubscribed"
    told = reader.reads(reader.question(bob, "The Weekly Letter now goes"), "Back to this address")
    reader.opens(told).finds("Back to this address?")
    assert reader.edition("A clear dawn") == ["reader1@example.net", new]

    reader.opens(own).page.get_by_text("Erase my data", exact=True).click()
    reader.presses("Send the mail that erases my data").finds("What you get")
    link = reader.reads(reader.question(new, "Erase your data"), "Erase my data")
    reader.opens(link).finds("Erase all your data?")
    reader.presses("Yes, erase my data").finds("Your data is erased")
    for address in (bob, new):
        left = reader.known(address).document
        assert (left["id"], left["name"], left["suppression"]) == (None, "", "forgotten")
        assert left["subscriptions"] == left["consent"] == left["editions"] == []
    assert {mail["To"] for mail in every_mail(reader)} <= {"reader1@example.net", "ada@example.org"}
    assert reader.edition("A last light") == ["reader1@example.net"]


def every_mail(reader: Reader) -> list[EmailMessage]:
    files = reader.project.outbox()
    return [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files]  # type: ignore[misc]
