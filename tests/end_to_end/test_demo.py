"""The demo as who has just come sees it: its folder in a browser, and the draft of `demo --serve`."""

from __future__ import annotations

import re
import select
import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pipeline.cli.sample.blog import SampleBlog
from pipeline.editions.message import KINDS
from subscribers import clock
from tests.browser import needs_chromium, window
from tests.waiting import LONGEST, get

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from playwright.sync_api import Request

    from tests.end_to_end.conftest import Project

pytestmark = pytest.mark.xdist_group("chromium")

BACKGROUND = (
    '<mj-section background-url="{site}/images/lighthouse.jpg"><mj-column>'
    '<mj-text><a href="{site}/images/candle-and-chair.jpg">A picture to look at</a></mj-text>'
    "</mj-column></mj-section></mj-body>"
)
"""What an operator may add: a picture behind words, and a link to one, which is no picture of the letter."""


def pictures_offline(folder: Path) -> list[dict[str, Any]]:
    """The pictures of edition.html, opened from the file system without a network."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    with window(1200) as page:
        page.on("request", note)
        page.context.set_offline(True)
        page.goto((folder / "edition.html").resolve().as_uri(), wait_until="load")
        shown: list[dict[str, Any]] = page.evaluate(
            "[...document.images].map(one => ({src: one.getAttribute('src'), width: one.naturalWidth}))"
        )
        page.context.set_offline(False)
        page.remove_listener("request", note)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    return shown


class TestInChromium:
    pytestmark = needs_chromium

    def test_the_demos_letter_is_whole_from_the_file_system_with_the_network_off(
        self, project: Project
    ) -> None:
        made = project.json("demo")
        folder = project.folder / "demo" / "preview"
        assert made["files"][:3] == [f"demo/preview/edition.{kind}" for kind in KINDS]
        shown = pictures_offline(folder)
        assert len(shown) == len(made["files"][3:]) == 3
        assert [one for one in shown if not one["width"]] == []
        # The message names them where readers' programs will look.
        assert b"edition-pictures" not in (folder / "edition.eml").read_bytes()

    @pytest.mark.parametrize("pages", ["", 'public_url = "https://letter.example.org"'])
    def test_so_is_a_practices_own_with_a_logo_and_a_background(self, project: Project, pages: str) -> None:
        with SampleBlog(clock.now()) as blog:
            site = blog.site_url
            theme = f'[theme]\nlogo = "{site}/images/logo.png"\ntemplates = "own"\n'
            project.configure(blog.feed_url, more=theme)
            config = project.folder / "rapport.toml"
            config.write_text(re.sub("public_url = .*", pages, config.read_text()))
            project.rapport("init", str(project.folder), "--templates", "own")
            layout = project.folder / "own" / "letter" / "digest.mjml"
            layout.write_text(layout.read_text().replace("</mj-body>", BACKGROUND.format(site=site)))
            made = project.json("preview", "--out", "seen")
        shown = pictures_offline(project.folder / "seen")
        assert [one for one in shown if not one["width"]] == []
        assert {one.rpartition("-")[2] for one in made["files"]} >= {"logo.png", "lighthouse.jpg"}
        html = (project.folder / "seen" / "edition.html").read_text()
        assert f'href="{site}/images/candle-and-chair.jpg"' in html
        assert f"{site}/images/lighthouse.jpg" not in html


def test_a_picture_that_cannot_be_had_is_named_and_the_rest_is_written(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    with SampleBlog(clock.now()) as blog:
        site = blog.site_url
        project.configure(blog.feed_url, more=f'[theme]\nlogo = "{site}/images/gone.png"')
        project.rapport("preview", "--out", "seen")
        stale = project.folder / "seen" / "edition-pictures" / "77-of-an-earlier-letter.jpg"
        stale.write_bytes(b"")
        kept = stale.with_name("mine.jpg")
        kept.write_bytes(b"")
        made = project.json("preview", "--out", "seen")
    assert len(made["files"][3:]) == 3
    assert f"{site}/images/gone.png" in (project.folder / "seen" / "edition.html").read_text()
    assert "gone.png" in caplog.text
    assert (stale.exists(), kept.exists()) == (False, True)


def test_the_served_demo_goes_from_a_draft_to_the_outbox(project: Project) -> None:
    # On a production machine variables name the real list, which the page must not write to.
    project.environment["RAPPORT_DELIVERY__OUTBOX"] = str(project.folder / "outbox")
    process = project.start("demo", "--serve")
    try:
        url = _address(process)
        ours = ("--config", "demo/rapport.toml")
        project.environment.clear()
        assert [one["status"] for one in project.json(*ours, "editions")["editions"]] == ["draft"]
        assert 'value="approve"' in get(url).text

        seen = re.findall("event: change\ndata: (.*)", _events(url, ""))[-1]
        template = project.folder / "demo" / "templates" / "letter" / "digest.mjml"
        more = _section("Kind regards")
        template.write_text(template.read_text().replace("</mj-body>", f"{more}</mj-body>"))
        seen = re.findall("event: change\ndata: (.*)", _events(url, seen))[-1]
        assert "Kind regards" in get(url.replace("/?", "/letter.html?")).text
        old = _form(url)
        project.rapport(*ours, "editions", "edit", "weekly-1", "--subject", "A calmer week")
        _events(url, seen)
        assert "<title>A calmer week" in get(url).text

        changed = _pressed(url, old, "approve", status=409)
        assert "changed meanwhile" in changed  # what is approved is what was seen
        assert "approved" in _pressed(url, _form(url), "approve")
        assert project.json(*ours, "editions", "show", "weekly-1")["edition"]["status"] == "approved"
        assert not list((project.folder / "demo" / "outbox").glob("*"))
        page = _pressed(url, _form(url), "write")
        letters = sorted((project.folder / "demo" / "outbox").glob("*.eml"))
        assert len(letters) == 12
        assert "Nobody was mailed" in page
        assert str(letters[0]) in page
        assert 'value="write"' not in get(url).text
        assert project.outbox() == []
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST)
        assert (process.returncode, err) == (0, "")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    while select.select([process.stdout], [], [], LONGEST)[0] and (line := process.stdout.readline()):
        if found := re.search(r"The preview is at (\S+)", line):
            return found[1]
    raise AssertionError("the preview did not begin")


def _events(url: str, seen: str) -> str:
    """What an open page is told, as soon as it is told of a change."""
    told = ""
    with httpx.stream(
        "GET", f"{url.partition('?')[0]}events", params={"seen": seen}, timeout=LONGEST
    ) as answer:
        for line in answer.iter_lines():
            told += f"{line}\n"
            if line.startswith("data:"):
                return told
    raise AssertionError(told)


def _form(url: str) -> dict[str, str]:
    """What the page's buttons send along."""
    (form,) = re.findall(r'<form id="decide".*?</form>', get(url).text, re.DOTALL)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def _pressed(url: str, form: dict[str, str], verb: str, status: int = 200) -> str:
    """The page after a press of one of its buttons."""
    base = url.partition("/?")[0]
    answer = httpx.post(
        f"{base}/decide",
        data=form | {"verb": verb},
        headers={"origin": base},
        follow_redirects=True,
        timeout=LONGEST,
    )
    assert answer.status_code == status
    return answer.text


def _section(words: str) -> str:
    return f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"
