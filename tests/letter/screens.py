"""Pictures of the letter for people to look at: ``python -m tests.letter.screens OUTDIR [FEED ...]``.

Every case in both layouts, at three widths, light and dark, with images and without, and each theme; a
FEED (a file with RSS, Atom or JSON Feed) adds a letter of its newest six posts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.theme import THEMES, Theme
from pipeline.feeds.parsing.parse import parse
from tests.browser import chromium, show
from tests.languages import HEBREW
from tests.letter.cases import cases
from tests.letter.samples import INTRO, SITE, as_posts, config, letter, post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from pipeline.core.config import Config
    from tests.letter.cases import Case

PORTRAIT = f"{SITE}/images/lighthouse.jpg"
WIDTHS = (320, 600, 1200)
SCHEMES = ("light", "dark")
LAYOUTS = ("digest", "plain")


def main(folder: Path, feeds: list[Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, settings, case in _letters(feeds):
            intro = "" if name.endswith("opened") else INTRO
            made = letter(case[0], settings, intro=intro, images=case[1], portrait=PORTRAIT, own=HEBREW)
            (folder / f"{name}.html").write_text(made.html, encoding="ascii")
            (folder / f"{name}.txt").write_text(made.text, encoding="utf-8")
            for wider in _shoot(browser, folder, name, made.html):
                print(wider)
            print(f"{name}: {len(made.html):,} bytes of HTML")


def _letters(feeds: list[Path]) -> Iterator[tuple[str, Config, Case]]:
    every = cases()
    for layout in LAYOUTS:
        for name, case in every.items():
            yield f"{layout}-{name}", config(digest={"layout": layout}), case
        hebrew = config(
            digest={"layout": layout}, newsletter={"language": "he", "name": "מכתב הנמל", "country": "IL"}
        )
        yield f"{layout}-hebrew", hebrew, every["right_to_left"]
        for country, language in (("US", "en"), ("DE", "de")):
            keys = {"country": country, "language": language}
            helped = config(digest={"layout": layout}, newsletter=keys, match={"place": "after_lead"})
            yield f"{layout}-help-{country}", helped, every["sample"]
        yield f"{layout}-opened", config(digest={"layout": layout}), every["sample"]
        for place in ("end", "after_lead"):
            placed = config(digest={"layout": layout}, match={"place": place})
            yield f"{layout}-{place}", placed, every["sample"]
        unsigned = config(digest={"layout": layout}, newsletter={"signed_by": "", "reply_to": ""})
        yield f"{layout}-unsigned", unsigned, every["sample"]
        many = ([post(n, f"Post number {n} says something") for n in range(1, 16)], {})
        yield f"{layout}-many", config(digest={"layout": layout}), many
        for theme in THEMES:
            themed = config(digest={"layout": layout}, theme=Theme(name=theme).model_dump(exclude_unset=True))
            yield f"{layout}-{theme}", themed, every["sample"]
    for feed in feeds:
        posts = as_posts(parse(feed.read_bytes(), url=f"https://{feed.stem}.example/feed").entries)[:6]
        if posts:
            yield f"feed-{feed.stem}", config(), (posts, {})
        else:
            print(f"{feed.name}: no posts")


def _shoot(browser: Browser, folder: Path, name: str, html: str) -> Iterator[str]:
    """Take the pictures; says which of them had to be scrolled sideways."""
    for scheme in SCHEMES:
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        for images in (True, False):
            show(page, html, images=images)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 600})
                ending = f"{width}-{scheme}{'' if images else '-blocked'}"
                page.screenshot(path=folder / f"{name}-{ending}.png", full_page=True)
                if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
                    yield f"{name}-{ending}: {needed} pixels wide"
        page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(feed) for feed in sys.argv[2:]])
