"""`rapport preview` as staff use it: the installed command, a browser, files that change."""

from __future__ import annotations

import json
import re
import select
import shutil
import signal
import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser import faults, needs_chromium, window
from tests.doubles.blog import Blog, Item
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST, get, until
from tests.web.dashboard.reload import reload_times

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from playwright.sync_api import Dialog, Page

ROOT = Path(__file__).parents[2]
# All of them, because they share a running preview.
pytestmark = pytest.mark.xdist_group("chromium")

OWN = '[theme]\ntemplates = "own"'


@contextmanager
def previewing(project: Project, *arguments: str, end: signal.Signals = signal.SIGINT) -> Iterator[str]:
    """The preview, running; gives its address, and holds it to a clean end."""
    process = project.start("preview", *arguments, "--port", "0", "--json")
    try:
        yield json.loads(_line(process))["address"]
        process.send_signal(end)
        out, err = process.communicate(timeout=LONGEST)
        assert process.returncode == 0, err
        assert (out, err) == ("", "")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert select.select([process.stdout], [], [], LONGEST)[0], "the preview said nothing"
    line = process.stdout.readline()
    if not line:
        pytest.fail(f"the preview ended: {process.communicate()[1]}")
    return line


def soon(url: str, words: str) -> str:
    """The page at an address as soon as it holds the words."""
    return until(lambda: words in (text := get(url).text) and text, f"{url} never says {words!r}")


def two_posts(project: Project, blog: Blog) -> Path:
    """The operator's own copy of the letter's templates, in use; the blog has two posts."""
    now = datetime.now(UTC)
    blog.items = [Item("A calm morning", now - timedelta(days=1)), Item("An old story", now - timedelta(300))]
    project.configure(blog.url, more=OWN)
    shutil.copytree(ROOT / "templates" / "letter", project.folder / "own" / "letter")
    return project.folder / "own" / "letter" / "digest.mjml"


@pytest.fixture
def own(project: Project, blog: Blog) -> Path:
    """The letter's layout, of a project whose preview the test starts itself."""
    return two_posts(project, blog)


@dataclass
class Running:
    """A preview that runs, of a project with templates of its own."""

    project: Project
    blog: Blog
    own: Path
    url: str

    @property
    def letter(self) -> str:
        return self.url + "letter.html"

    @property
    def config(self) -> Path:
        return self.project.folder / "rapport.toml"

    def adds(self, more: str) -> None:
        """Put something at the end of the letter's template."""
        self.own.write_text(self.own.read_text().replace("</mj-body>", f"{more}</mj-body>"))

    def pulls(self) -> None:
        token = re.search(r'name="csrf" value="([^"]+)"', get(self.url).text)
        assert token
        origin = {"origin": self.url.rstrip("/")}
        assert (
            httpx.post(
                self.url + "pull", data={"csrf": token[1]}, headers=origin, timeout=LONGEST
            ).status_code
            == 303
        )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One process for every test that only needs it to run: to start takes it longer than any of them."""
    with Blog() as blog:
        project = Project(tmp_path_factory.mktemp("previewed"), installed=False)
        own = two_posts(project, blog)
        with previewing(project) as url:
            yield Running(project, blog, own, url)


@pytest.fixture
def running(started: Running) -> Iterator[Running]:
    """The running preview; its files are put back as they were, and it is waited for until it shows that."""
    letter = get(started.letter).text
    files = {file: file.read_text() for file in (started.own, started.config)}
    yield started
    changed = {file: text for file, text in files.items() if file.read_text() != text}
    for file, text in changed.items():
        file.write_text(text)
    if changed:
        soon(started.letter, letter)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_letter_and_ends_cleanly_and_at_once_though_a_page_is_open(
    project: Project, own: Path, end: signal.Signals
) -> None:
    with ExitStack() as pages, previewing(project, end=end) as url:
        assert url.startswith("http://127.0.0.1:")
        assert "A calm morning" in get(url).text
        letter = get(url + "letter.html").content
        page = pages.enter_context(httpx.stream("GET", url + "events?seen=", timeout=LONGEST))
        assert next(page.iter_lines())
    project.rapport("preview", "--out", "seen")
    assert (project.folder / "seen" / "edition.html").read_bytes() == letter


def test_a_changed_template_and_configuration_show_by_themselves(running: Running) -> None:
    soon(running.letter, "A calm morning")
    running.adds(_section("Kind regards"))
    soon(running.letter, "Kind regards")
    running.config.write_text(running.config.read_text().replace("1 Willow Street", "2 Side Street"))
    soon(running.letter, "2 Side Street")


def test_a_new_post_shows_by_itself_once_it_is_pulled(running: Running) -> None:
    soon(running.letter, "A calm morning")
    running.blog.items.append(Item("Hot off the press", datetime.now(UTC) - timedelta(days=2)))
    running.pulls()
    soon(running.letter, "Hot off the press")


def test_a_broken_file_is_shown_and_mending_it_brings_the_letter_back(running: Running) -> None:
    url = running.url
    good = running.own.read_text()
    running.adds("{{ nonsense }}")
    assert re.search(r"<mark>[^<]*\{\{ nonsense \}\}", soon(url, "A template is broken"))
    running.own.write_text(good)
    soon(url, "<iframe")
    good = running.config.read_text()
    running.config.write_text(good.replace("[[feeds]]", "[[feds]]"))
    assert "<mark>[[feds]]</mark>" in soon(url, "The configuration is broken")
    running.config.write_text(good)
    soon(url, "<iframe")


def test_a_template_that_comes_to_stand_before_ours_is_taken_at_once(project: Project, own: Path) -> None:
    shutil.rmtree(project.folder / "own" / "letter")
    with previewing(project) as url:
        (project.folder / "own" / "letter").mkdir()
        time.sleep(0.3)
        (project.folder / "own" / "letter" / "preheader.txt").write_text("A line of our own")
        soon(url + "letter.html", "A line of our own")
        shutil.rmtree(project.folder / "own" / "letter")
        project_templates = ROOT / "templates" / "letter" / "preheader.txt"
        assert project_templates.exists()
        until(lambda: "A line of our own" not in get(url + "letter.html").text)


def test_offline_it_shows_the_last_pull(project: Project, own: Path, blog: Blog) -> None:
    project.rapport("pull")
    blog.status = 503
    with previewing(project) as url:
        page = soon(url, "from the last pull")
        assert "<iframe" in page


def test_it_sends_and_approves_nothing(running: Running) -> None:
    running.project.subscribe(2)
    for view in ("letter", "inbox", "text", "headers", "source", "editions"):
        page = get(f"{running.url}?view={view}")
        assert page.status_code == 200
        assert "reader1@example.net" not in page.text
    assert running.project.outbox() == []
    assert [edition["status"] for edition in running.project.json("editions")["editions"]] == ["draft"]


def test_a_port_that_is_taken_is_said_with_its_remedy(project: Project, own: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = project.rapport("preview", "--port", str(port), status=1)
        assert f"port {port}: address already in use" in said
        assert "--port" in said.partition("already in use")[2]


def test_a_digest_or_a_configuration_that_is_not_there_is_wrong_usage(project: Project, own: Path) -> None:
    assert "There is no digest daily" in project.rapport("preview", "daily", "--port", "0", status=2)
    (project.folder / "rapport.toml").unlink()
    assert "There is no configuration" in project.rapport("preview", "--port", "0", status=2)


def _section(words: str) -> str:
    return f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"


@pytest.fixture
def page() -> Iterator[Page]:
    with window(1200, 900) as page:
        yield page


class TestInChromium:
    pytestmark = needs_chromium

    def test_each_new_letter_is_there_without_a_reload(self, running: Running, page: Page) -> None:
        page.goto(running.url)
        page.get_by_text("Live: changes show by themselves").wait_for()
        page.evaluate("window.stayed = true")
        assert len(list(reload_times(page, running.own, 2))) == 2  # how quick it is: `make bench`
        assert page.evaluate("window.stayed")

    def test_a_change_keeps_the_readers_place_in_the_letter(self, running: Running, page: Page) -> None:
        page.goto(running.url)
        page.get_by_text("Live: changes show by themselves").wait_for()
        letter = "document.querySelector('iframe').contentWindow"
        page.wait_for_function(f"{letter}.scrollTo(0, 120), {letter}.scrollY === 120")
        list(reload_times(page, running.own, 1))
        page.wait_for_function(f"{letter}.scrollY === 120")

    def test_fault_and_letter_take_each_others_place_without_a_reload(
        self, running: Running, page: Page
    ) -> None:
        page.goto(running.url)
        page.get_by_text("Live: changes show by themselves").wait_for()
        page.evaluate("window.stayed = true")
        good = running.own.read_text()
        running.own.write_text("{{ broken")
        page.get_by_role("heading", name="A template is broken").wait_for()
        running.own.write_text(good)
        page.frame_locator("iframe").get_by_role("heading", name="A calm morning").wait_for()
        assert page.title().startswith("A calm morning")
        assert page.evaluate("window.stayed")

    def test_no_script_of_a_letter_runs_in_the_frame(self, running: Running, page: Page) -> None:
        said: list[str] = []

        def note(dialog: Dialog) -> None:
            said.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", note)
        running.adds("<mj-raw><script>alert(1)</script><img src='x' onerror='alert(2)' alt=''></mj-raw>")
        soon(running.letter, "alert(2)")
        for path in ("letter.html", "frame", ""):
            page.goto(running.url + path)  # until all of it is loaded: what runs by itself has run
        page.get_by_text("Live: changes show by themselves").wait_for()
        page.goto("about:blank")
        page.remove_listener("dialog", note)
        assert said == []

    def test_without_javascript_everything_is_there(self, running: Running) -> None:
        with window(1200, script=False) as page:
            page.goto(running.url)
            page.frame_locator("iframe").get_by_role("heading", name="A calm morning").wait_for()
            for view, words in {
                "Plain text": "Unsubscribe",
                "Headers": "List-Unsubscribe",
                "Earlier letters": "this will be the first",
                "Inbox line": "Gmail on Android",
            }.items():
                page.get_by_role("link", name=view, exact=True).click()
                page.get_by_text(words).first.wait_for()
            page.get_by_role("link", name="Letter", exact=True).click()
            page.get_by_role("link", name="Dark").click()
            page.locator("iframe[src*='scheme=dark']").wait_for()

    def test_axe_finds_nothing_and_nothing_overflows(self, running: Running) -> None:
        running.adds(_section('<p><a href="about/us">Who we are</a></p>'))
        soon(running.letter, "Who we are")
        views = ["inbox", "text", "headers", "source", "editions"]
        queries = ["", "?scheme=dark&size=desktop&finding=1", *(f"?view={v}" for v in views)]
        with window(320, still=True) as page:
            for query in [*queries, "?edition=weekly-77"]:
                _read(page, running.url + query)
            running.own.write_text("{{ broken")
            soon(running.url, "A template is broken")
            _read(page, running.url)


def _read(page: Page, url: str) -> None:
    """On a phone by night and on a desk by day."""
    page.goto(url)
    for width, scheme in ((320, "dark"), (1200, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert faults(page) == [], (url, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url
