"""Chromium for looking at letters and pages, and axe-core to judge them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import axe_playwright_python
import pytest

from pipeline.cli.sample.blog import IMAGES
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

CHROMIUM = Path("/usr/bin/chromium")
"""Debian's; a browser of playwright's own would have to be downloaded."""

PATIENCE = 1000 * LONGEST
"""Milliseconds."""

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")

JUDGED = """options => axe.run(document, options).then(found => found.violations.map(
    rule => `${rule.id}: ${rule.nodes[0].html.slice(0, 200)}`))"""
"""Axe tells of all that passed, too, which takes it longer to hand over than what is wrong."""

QUICKLY = {"resultTypes": ["violations"], "preload": False, "iframes": False}
"""What passed is not described; no style sheet is fetched once more, for rules about sound and film alone; no
frame is asked, which would wait for an answer: in none of ours may a script run."""

needs_chromium = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}: apt-get install chromium"),
    pytest.mark.xdist_group("chromium"),
]
"""For `pytestmark`: all such tests of a worker run one after another, in one Chromium."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


_shared = ExitStack()
_browsers: list[Browser] = []
_windows: dict[bool, Page] = {}


def shared() -> Browser:
    """The one Chromium of this process; it runs until `end_shared`."""
    if not _browsers:
        _browsers.append(_shared.enter_context(chromium()))
    return _browsers[0]


def end_shared() -> None:
    """End it: while it runs, its driver's event loop lets nothing else run another in this thread."""
    _windows.clear()
    _browsers.clear()
    _shared.close()


@contextmanager
def window(width: int, height: int = 800, *, script: bool = True, still: bool = False) -> Iterator[Page]:
    """A window of the shared Chromium, as if it were new: to open one costs as much as to load five pages.

    Whoever had it before left no page, cookie or route in it; what listens to it, they took away themselves.
    Without ``script`` it runs none; in a ``still`` one no colour is ever on its way to another.
    """
    page = _windows.pop(script, None) or shared().new_context(java_script_enabled=script).new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light", reduced_motion="reduce" if still else "no-preference")
    yield page
    page.goto("about:blank")
    page.unroute_all()
    page.context.unroute_all()
    page.context.clear_cookies()
    _windows[script] = page


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium of one's own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS, timeout=PATIENCE)
        for name in ("new_context", "new_page"):
            setattr(browser, name, _with_time(getattr(browser, name)))
        yield browser
        browser.close()


def _with_time(make: Callable[..., Any]) -> Callable[..., Any]:
    """By itself playwright gives a page, and what is looked for on it, half a minute."""

    def made(**options: Any) -> Any:
        one = make(**options)
        one.set_default_timeout(PATIENCE)
        return one

    return made


def faults(page: Page, **options: Any) -> list[str]:
    """What axe-core has against the page that is shown: the rules, each with the first element against it."""
    page.wait_for_load_state("load")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(JUDGED, QUICKLY | options)
    return found


def show(page: Page, html: str, *, images: bool = True) -> list[str]:
    """Show the letter with the sample blog's pictures; every address it asked for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        file = IMAGES / Path(urlsplit(route.request.url).path).name
        if images and file.is_file():
            route.fulfill(path=file)
        else:
            route.abort()

    page.route("**/*", answer)
    page.set_content(html, wait_until="load")
    page.unroute("**/*")
    return asked
