"""Every page, in every state, in each language, with no word of another."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.database import Database
from pipeline.web.public import pages
from pipeline.web.public.phrases import PagePhrases
from tests.browser import needs_chromium, window
from tests.installations import installation
from tests.languages import ASTRAY, HEBREW, MARKED, marked, shown, unmarked
from tests.letter.samples import letter, sample_blog
from tests.web.public import states
from tests.web.public.visitor import SITE, Visitor
from tests.web.public.window import show_each

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.public.states import Site

KINDS = {"single": states.single, "several": states.several}


def walked(kind: str, template: Path, folder: Path, language: str, own: Path | None = None) -> Site:
    """All states of the pages in a language."""
    database = Database(f"sqlite:///{shutil.copy(template, folder / 'rapport.db')}")
    theme = {"theme": {"templates": str(own)}} if own else {}
    # A thread of its own: the browser's driver lets no other event loop run in this one.
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(partial(KINDS[kind], database, folder, language, **theme)).result()
    database.close()
    return made


def own_words() -> Iterator[str]:
    """What is the practice's, the blog's, or a letter's of theirs."""
    made = letter(sample_blog())
    titles = (states.TITLE, "The next letter")
    titles += tuple(f"A quiet week in the garden, number {number}" for number in (2, 3, 40, 60))
    yield from (made.subject, made.preheader, *titles, *(f"About {title}" for title in titles))
    yield from (
        "Letters from Harbour Lane",
        "Harbour Lane Counselling",
        "4 Harbour Lane, Fallow Bay, ME 04500",
    )
    yield from (
        "This letter is not therapy. In an emergency call your local emergency number.",
        "Ines Calloway",
    )
    yield from ("The Weekly Letter", "Willow Practice", "1 Willow Street, Springfield")
    yield from ("weekly", "groups", "couples-and-families-who-live-together")
    yield from ("RSS", "JSON Feed")


LETTER = re.compile(r'<div class="letter">.*?</article>|<pre>.*?</pre>', re.DOTALL)
"""A past letter within its page, or a draft's text: they speak as they were sent."""


@pytest.mark.parametrize("mails", [False, True], ids=["outbox", "mailed"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_page_says_is_a_phrase(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, mails: bool
) -> None:
    def phrases(*known: Any, **_: bool) -> PagePhrases:
        return PagePhrases(*known, mails=mails)

    monkeypatch.setattr(pages, "PagePhrases", phrases)
    known = list(own_words())
    for state in walked(kind, sqlite_template, tmp_path, MARKED, marked(tmp_path / "own")).states:
        assert '<html lang="ja" dir="ltr">' in state.answer.text, state.name
        assert unmarked(shown(LETTER.sub(" ", state.answer.text)), known) == [], state.name


def test_the_form_for_other_sites_and_the_feeds_speak_the_language(
    sqlite_database: Database, tmp_path: Path
) -> None:
    newsletter = {
        "name": "海港來信",
        "from_email": "letter@example.org",
        "language": MARKED,
        "public_url": SITE,
    }
    own = {"theme": {"templates": str(marked(tmp_path / "own"))}, "match": {"url": ""}}
    visitor = Visitor(installation(sqlite_database, tmp_path, states.FEED, newsletter=newsletter, **own))
    form = visitor.get("/subscribe/embed").text
    rss, feed = visitor.get("/archive/feed.xml").text, visitor.get("/archive/feed.json").json()
    visitor.close()
    assert (
        '<form action="https://letter.example.org/subscribe" method="post" accept-charset="utf-8" lang="ja"'
        in form
    )
    comment, _, rest = form.partition("-->")
    assert unmarked(comment) == unmarked(shown(rest)) == []
    for said in (re.findall("<description>(.*)</description>", rss)[0], feed["description"]):
        assert said.startswith("⟦")
        assert unmarked(said) == []
    assert (re.findall("<language>(.*)</language>", rss), feed["language"]) == ([MARKED], MARKED)


class TestFromRightToLeft:
    pytestmark = needs_chromium

    def test_the_pages_in_hebrew_run_and_stand_from_the_right(
        self, sqlite_template: Path, tmp_path: Path
    ) -> None:
        site = walked("single", sqlite_template, tmp_path, "he", HEBREW)
        with window(320) as page:
            for state in show_each(page, site):
                direction, width, astray = page.evaluate(
                    f"[document.documentElement.dir, document.documentElement.scrollWidth, ({ASTRAY})()]"
                )
                assert direction == "rtl", state.name
                assert width <= 320, state.name
                assert astray == [], state.name
