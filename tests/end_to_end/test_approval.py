"""Staff's whole way, in Chromium: the draft in the outbox, its links, the page, a decision, what is sent."""

from __future__ import annotations

import email
import email.policy
import json
import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.app import Installation
from tests.browser import faults, needs_chromium, window
from tests.doubles.blog import Blog, Item
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST
from tests.web.public.visitor import everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from playwright.sync_api import Page, Route

pytestmark = needs_chromium

SITE = "https://letter.example.org"
EDITOR = "editor@example.org"
MORE = f"""
[staff]
emails = ["{EDITOR}"]
"""
OF_WHOLE_PAGES = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}
"""What a mail, which its client shows inside its own page, need not have."""


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with Blog([Item("Long ago", datetime(2020, 1, 1, tzinfo=UTC))]) as served:
        yield served


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, blog: Blog) -> Project:
    made = Project(tmp_path_factory.mktemp("practice"), installed=False)
    made.configure(blog.url, digest='approval = "required"', more=MORE)
    made.subscribe(2)
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
class Editor:
    """Somebody of staff at a browser, for whom the practice's address leads to the server of this test."""

    page: Page
    served: str
    project: Project
    blog: Blog

    def gets_a_draft(self, title: str) -> tuple[str, EmailMessage]:
        """A new post is put up for approval: the edition's slug, and the mail about it."""
        self.blog.items.append(Item(title, datetime.now(UTC)))
        (ran,) = self.project.json("run", "--now")["digests"]
        assert ran["outcome"] == "awaiting_approval"
        slug = ran["edition"]["slug"]
        (mail,) = self.drafts(slug)
        return slug, mail

    def drafts(self, slug: str) -> list[EmailMessage]:
        """The mails about an edition, the oldest first."""
        return [mail for mail in self.mails(EDITOR) if f"raft of {slug}" in mail["Subject"]]

    def mails(self, to: str) -> list[EmailMessage]:
        read = email.message_from_bytes
        found = [read(file.read_bytes(), policy=email.policy.default) for file in self.project.outbox()]
        return [mail for mail in found if mail["To"] == to]  # type: ignore[misc]

    def reads(self, mail: EmailMessage, link: str) -> str:
        """Where the link with these words leads, in the HTML that the mail shows."""
        self.page.goto("about:blank")
        self.page.set_content(part(mail, "html"))
        found = self.page.get_by_role("link", name=link, exact=True).get_attribute("href")
        assert found
        return found

    def opens(self, address: str) -> Editor:
        self.page.goto(address)
        return self

    def presses(self, button: str) -> Editor:
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("button", name=button, exact=True).click()
        return self

    def finds(self, said: str) -> Editor:
        assert said in self.page.locator("main").inner_text()
        return self

    def buttons(self) -> list[str]:
        return self.page.get_by_role("button").all_inner_texts()

    def judged(self, rules: dict[str, Any]) -> list[str]:
        """What axe-core has against what is shown: on a desk by day, on a phone by night."""
        found = []
        for width, scheme in ((1200, "light"), (320, "dark")):
            self.page.set_viewport_size({"width": width, "height": 800})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += faults(self.page, rules=rules)
        return found

    def runs(self) -> str:
        (ran,) = self.project.json("run")["digests"]
        return str(ran["outcome"])

    def status(self, slug: str) -> str:
        return str(self.project.json("editions", "show", slug)["edition"]["status"])


@pytest.fixture
def editor(served: str, project: Project, blog: Blog) -> Iterator[Editor]:
    def onward(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        route.fulfill(response=route.fetch(url=served + path, max_redirects=0))

    with window(1200) as page:
        page.route(f"{SITE}/**", onward)
        yield Editor(page, served, project, blog)
        assert page.context.cookies() == []


def part(mail: EmailMessage, kind: str) -> str:
    """A part of the mail, without what stands for a line's end on the way."""
    found = mail.get_body((kind,))
    assert found is not None
    return "\n".join(found.get_content().splitlines())


def impersonal(letter: str) -> str:
    """With what stands for a reader's own links in the preview in place of theirs."""
    return re.sub(r"/(unsubscribe|preferences)/[\w-]{44}", r"/\1/preview", letter)


def test_what_was_approved_from_the_mail_is_what_is_sent(editor: Editor, project: Project) -> None:
    slug, mail = editor.gets_a_draft("A calm morning")
    assert mail["List-Unsubscribe"] is mail["List-Id"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "is then written to the outbox" in part(mail, "plain")
    link = editor.reads(mail, "Approve")
    assert editor.judged(OF_WHOLE_PAGES) == []
    editor.opens(link).finds("This letter waits until somebody approves it.")
    assert editor.buttons() == ["Approve this letter"]
    assert editor.judged({"target-size": {"enabled": True}}) == []
    letter = editor.page.frame_locator("iframe")
    assert letter.get_by_role("link", name="A calm morning", exact=True).first.is_visible()
    assert editor.runs() == "awaiting_approval"

    editor.presses("Approve this letter").finds("This letter is approved.")
    assert editor.buttons() == ["Hold it", "Skip it this time"]
    assert editor.judged({"target-size": {"enabled": True}}) == []
    project.rapport("preview", "--out", "preview")
    assert editor.runs() == "sent"
    editor.opens(link).finds("This letter was written to the outbox")
    assert editor.buttons() == []
    for number in (1, 2):
        (sent,) = editor.mails(f"reader{number}@example.net")
        for kind, ending in (("html", "html"), ("plain", "txt")):
            file = project.folder / "preview" / f"edition.{ending}"
            seen = "\n".join(file.read_text().splitlines())
            assert impersonal(part(sent, kind)) == seen
            assert (seen.partition("<body")[2].partition(">")[2] or seen) in part(mail, kind)
    assert editor.status(slug) == "sent"


def test_a_held_letter_stays_until_staff_let_it_go_on_and_approve_it_by_a_new_mail(
    editor: Editor, project: Project
) -> None:
    slug, mail = editor.gets_a_draft("A quiet noon")
    editor.opens(editor.reads(mail, "Hold")).presses("Hold it").finds("This letter is held.")
    assert editor.runs() == "held"
    editor.opens(editor.reads(mail, "Approve"))
    assert editor.buttons() == [], "a link does nothing after another decision"
    project.rapport("editions", "resume", slug)
    assert editor.runs() == "awaiting_approval"
    again = editor.drafts(slug)[-1]
    editor.opens(editor.reads(again, "Approve")).presses("Approve this letter").finds(
        "This letter is approved."
    )
    assert editor.runs() == "sent"


def test_an_edit_after_an_approval_needs_another_and_the_old_link_gives_none(
    editor: Editor, project: Project
) -> None:
    slug, mail = editor.gets_a_draft("A slow evening")
    link = editor.reads(mail, "Approve")
    editor.opens(link).presses("Approve this letter").finds("This letter is approved.")
    project.rapport("editions", "edit", slug, "--subject", "What evenings are for")
    assert editor.status(slug) == "draft"
    assert editor.runs() == "awaiting_approval"
    # A page that was open all the while, pressed once more.
    answer = editor.page.request.post(link.replace(SITE, editor.served))
    assert "It changes nothing any more" in answer.text()
    assert editor.status(slug) == "draft"
    editor.opens(link)
    assert editor.buttons() == []
    editor.opens(editor.reads(editor.drafts(slug)[-1], "Approve")).finds("What evenings are for")
    editor.presses("Approve this letter").finds("This letter is approved.")
    assert editor.runs() == "sent"
    assert editor.mails("reader1@example.net")[-1]["Subject"] == "What evenings are for"


def test_a_scanner_that_opens_every_link_and_runs_what_is_there_changes_nothing(
    editor: Editor, project: Project
) -> None:
    slug, mail = editor.gets_a_draft("A windy night")
    with Installation.open(project.folder / "rapport.toml", {}) as installation:
        before = everything(installation.database)
        links = re.findall(rf"{SITE}/staff/\S+", part(mail, "plain"))
        assert len(links) == 3
        for link in links:
            editor.opens(link).page.wait_for_load_state("networkidle")
            inside = editor.page.locator("iframe").get_attribute("src")
            assert editor.page.request.head(editor.served + str(inside)).ok
        assert everything(installation.database) == before
    assert editor.status(slug) == "draft"
