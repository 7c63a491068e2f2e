"""Whatever is done with a stranger's text takes time that grows with its length, and no faster.

Each function gets runs of what is hostile. One that takes long is given a quarter of it, too: in time of n it
then takes a quarter as long, in time of n squared a sixteenth, and a search in every way does not end and is
interrupted. So the processor's time of this process is compared with itself, and with no clock.
"""

from __future__ import annotations

import random
import re
import sys
import time
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

import pytest

from pipeline.core.child_process import interrupted_after
from pipeline.core.errors import FeedError
from pipeline.feeds.cleaning import (
    boilerplate,
    clean,
    excerpt,
    mathml,
    shortcodes,
    srcset,
    superscript,
    tails,
    text,
)
from pipeline.feeds.fetching import address, page
from pipeline.feeds.parsing import dates, encoding
from pipeline.feeds.parsing.parse import parse
from tests.feeds.quirk import FEED_URL

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT, LONG = 2_000, 8_000
"""Characters."""
MOST_SECONDS = 5.0
"""Of the processor's time, for the long one; what is linear takes a twentieth of that at most."""
NOTICED = 0.04
"""Seconds. What is quadratic takes more at the long one, unless it needs less than a nanosecond a step."""
MOST_GROWTH = 9.0
"""Times, for four times the length: between four and sixteen."""


def document(body: str) -> None:
    with suppress(FeedError):
        parse(body.encode("utf-8", "replace"), url=FEED_URL)


def item(inside: str) -> None:
    document(f"<rss version='2.0'><channel><title>x</title><item>{inside}</item></channel></rss>")


def attributes(run: str) -> None:
    value = run.replace('"', "")
    image = f'<img src="{value[:2_000]}" srcset="{value}" alt="{value}" class="{value[:2_000]}">'
    item(f"<title>x</title><description>{escape(image)}</description>")


def fields(run: str) -> None:
    item("".join(f"<{name}>{escape(run)}</{name}>" for name in ("title", "author", "pubDate", "category")))


def json_feed(run: str) -> None:
    value = "".join(character for character in run if character not in '\\"' and character >= " ")
    document(f'{{"version": "jsonfeed.org", "items": [{{"id": "1", "content_html": "{value}"}}]}}')


def first_page(run: str) -> None:
    page.page_error(f"<html><head>{run}".encode("utf-8", "replace"), FEED_URL)


MARKUP = (
    *("<", "</", ">", "<a ", "<a>", "<b>", "<i><p>", "<p>", "<div>", "<table>", "<td>", "<s>", "<sup>"),
    *("<math>", "<a b=", "<a b='", "<x:", "<p<1", "<p a=1 ", "<p a ", "<html a=1>", "<body b=1>", "<svg>"),
    *("<br>", "<!--", "<!-- -->", "<![CDATA[", "]]>", "<!DOCTYPE ", "<!ENTITY a '", "<?", "<script>"),
    *("<template>", "<author>", "<author>a", "<name>", "<category>x", "<item>", "<item/>", "<link>"),
    *("<source>", "<rss>", "<img src=a>", "<img srcset='a ", "<picture><source srcset=a>"),
    *("<a href=#fn1>", "&", "&amp;", "&#", "&#x1;", "&lt;", "&lt;b&gt;", "&lt;img ", "\n", "a"),
)
WORDS = (
    *("…", ".", "...", "a.", " ", "\n", "a", "今", "。", "«", " »", "→", "=", "@", "1,", "-", "_", "*", "%"),
    *("{{", "a 1w,", "a, ", "a,b", "[", "[a", "[/a]", "[caption ", "[embed]", "[caption][/caption]"),
    *("[et_pb ", "[…]", "(", "(a", ")", "(@a) ", "\u0301", "\u200d", "👩\u200d", "\ue000", "\ue000x"),
    *("\ue000x\ue001", "\ue002", "\ue004", "12:", "2026-", "Nov ", "http://", "a@b.", "click to x "),
    *("share ", "read more ", "read more… ", "[Read more…] ", "previous next ", "previous: ", "By "),
    *("the post x first appeared on ", "x was originally published in ", "thanks for reading "),
    *(
        "$latex ",
        "\\(",
        "~~a",
        "{%",
        "calm[1",
        "[ref]",
        "[[gallery]",
        "$1\ue00099\ue001",
        "… \ue002A",
        "unsplash ",
    ),
    *("your browser does not support ", "(opens in new window) ", "already have an account? ", "Photo: "),
)

FUNCTIONS: dict[str, tuple[Callable[[str], object], tuple[str, ...]]] = {
    "html": (lambda run: item(f"<description>{escape(run)}</description>"), (*MARKUP, *WORDS)),
    "cdata": (lambda run: item(f"<description><![CDATA[{run}</description>"), MARKUP),
    "xml": (item, MARKUP),
    "document": (document, MARKUP),
    "before the root": (lambda run: document(f"<?xml version='1.0'?>{run}<rss><channel/></rss>"), MARKUP),
    "attributes": (attributes, (*WORDS, "<a ", "<img srcset=a ", "&lt;", "<s>")),
    "fields": (fields, (*WORDS, "<", "<sup>", "&amp;", "<s>")),
    "json": (json_feed, WORDS),
    "page": (first_page, MARKUP),
    "line": (clean.line, (*MARKUP, *WORDS)),
    "excerpt": (excerpt.excerpt, WORDS),
    "first words": (lambda run: excerpt.first_words(run, 90), WORDS),
    "without title": (lambda run: excerpt.without_title(run, run), WORDS),
    "boilerplate": (boilerplate.is_boilerplate, WORDS),
    "tail": (tails.without_tail, WORDS),
    "player": (boilerplate.without_player_notice, WORDS),
    "struck": (boilerplate.without_struck, WORDS),
    "short link": (tails.is_short_link, WORDS),
    "formula": (mathml.without_marks, WORDS),
    "paywall": (boilerplate.is_paywall, WORDS),
    "superscript": (superscript.resolved, WORDS),
    "shortcodes": (shortcodes.stripped, WORDS),
    "doubtful": (shortcodes.doubtful, WORDS),
    "srcset": (srcset.widest, WORDS),
    "date": (dates.read, WORDS),
    "address": (lambda run: address.absolute(run, FEED_URL), WORDS),
    "shown address": (address.shown, WORDS),
    "visible": (text.visible, WORDS),
    "one line": (text.one_line, (*MARKUP, *WORDS)),
    "words counted": (text.count_words, WORDS),
    "encoding": (lambda run: encoding.decode(run.encode("utf-16-le", "replace"), run), WORDS),
}


def seconds(function: Callable[[str], object], run: str) -> float:
    """Of the processor's time; MOST_SECONDS for what had to be interrupted."""
    before = time.process_time()
    try:
        with interrupted_after(MOST_SECONDS):
            function(run)
    except TimeoutError:
        return MOST_SECONDS
    return time.process_time() - before


def growth(function: Callable[[str], object], run: str) -> float:
    """How many times as long the long run takes as the short one; 0 when it takes next to nothing."""
    long = seconds(function, run * (LONG // len(run)))
    if long < NOTICED:
        return 0.0
    # Twice, as something else may be at work on the machine.
    short = max(seconds(function, run * (SHORT // len(run))) for _ in range(2))
    return min(long, seconds(function, run * (LONG // len(run)))) / short


def grows_too_fast(function: Callable[[str], object], run: str) -> bool:
    """What does so each time: the machine may do something else at one time and not at another."""
    return all(growth(function, run) > MOST_GROWTH for _ in range(3))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_length_and_no_faster(name: str) -> None:
    # Each run by itself: one that is hostile must not hide behind another.
    function, runs = FUNCTIONS[name]
    assert [run for run in runs if grows_too_fast(function, run)] == []


def test_nor_do_runs_of_several_things_in_turn_grow_faster() -> None:
    draw = random.Random(5)
    for _ in range(40):
        run = "".join(draw.choices((*MARKUP, *WORDS), k=draw.randint(2, 5)))
        assert not grows_too_fast(FUNCTIONS["html"][0], run), run


@pytest.mark.parametrize("ending", ["q " * 16, "", "x", "q " * 40])
def test_a_line_of_clicks_ends(ending: str) -> None:
    line = "click to x " * 26 + ending
    with interrupted_after(MOST_SECONDS):
        assert boilerplate.is_boilerplate(line) in (True, False)
        clean.read(f"<p>{line}</p>")


def test_what_grows_too_fast_is_found() -> None:
    # More often than it takes: one of them may meet something else at work.
    assert any(growth(lambda run: re.search(r"[ab]+c", run), "ab") > MOST_GROWTH for _ in range(9))


def test_what_does_not_end_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "MOST_SECONDS", 0.2)
    assert seconds(lambda run: re.search(r"(?:ab|ab)+c", run), "ab" * 40) == 0.2


def test_one_tag_with_very_many_attributes_says_what_follows_it() -> None:
    tag = "<p " + " ".join(f"a{n}='1'" for n in range(40_000)) + ">"
    with interrupted_after(MOST_SECONDS):
        assert clean.text(f"{tag}Breathe.</p><p>Rest.</p>").endswith("Rest.")
