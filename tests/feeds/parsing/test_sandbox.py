"""Feeds are read in a child process: what hangs or grows ends the child, and one feed, and nothing else."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pipeline.core import child_process
from pipeline.core.config import Config
from pipeline.core.errors import FeedError
from pipeline.feeds.parsing import sandbox, sandbox_child
from pipeline.feeds.parsing.parse import parse
from pipeline.feeds.pull import pull
from tests.doubles.blog import Blog
from tests.feeds.parsing import small_limits
from tests.feeds.quirk import FEED_URL, QUIRKS
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.database import Database

HANGS = "tests.feeds.parsing.hanging_child"
"""A child that does with a document what its text says."""


@pytest.fixture(autouse=True)
def _as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a child is the process it is for who installed it, not a fork (tests/commands)."""
    monkeypatch.setattr(sandbox, "command", child_process.command)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[sandbox.Children]:
    """Children of this test alone."""
    made = sandbox.Children()
    monkeypatch.setattr(sandbox, "_children", made)
    # Of time, the processor's counts here: by the clock it may be a busy machine's.
    monkeypatch.setattr(sandbox, "CLOCK_SECONDS", LONGEST)
    yield made
    made.end()


@pytest.fixture
def hanging(children: sandbox.Children, monkeypatch: pytest.MonkeyPatch) -> sandbox.Children:
    monkeypatch.setattr(sandbox, "CHILD", HANGS)
    return children


def read(said: str) -> int:
    return len(sandbox.read(said.encode(), url=FEED_URL).entries)


@pytest.mark.usefixtures("children")
@pytest.mark.parametrize("name", ["categories.xml", "json-feed.json", "media-content.xml", "future-date.xml"])
def test_what_comes_back_is_what_parsing_gives(name: str) -> None:
    body = (QUIRKS / name).read_bytes()
    assert sandbox.read(body, url=FEED_URL) == parse(body, url=FEED_URL)


@pytest.mark.usefixtures("children")
def test_what_is_no_feed_is_refused_in_the_same_words() -> None:
    with pytest.raises(FeedError, match="not a feed") as refused:
        sandbox.read(b"hello", url="https://user:secret@practice.example/feed")
    with pytest.raises(FeedError) as expected:
        parse(b"hello", url="https://user:secret@practice.example/feed")
    assert (refused.value.message, refused.value.remedy) == (expected.value.message, expected.value.remedy)


def test_one_child_reads_one_feed_after_another(children: sandbox.Children) -> None:
    body = (QUIRKS / "categories.xml").read_bytes()
    for _ in range(3):
        sandbox.read(body, url=FEED_URL)
    assert len(children.pids) == 1


@pytest.mark.parametrize("said", ["hang", "sleep", "grow", "die", "babble", "flood"])
def test_what_passes_the_limits_is_refused_by_the_feeds_name(
    hanging: sandbox.Children, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    with monkeypatch.context() as patch:
        if said == "sleep":  # all others meet another limit
            patch.setattr(sandbox, "CLOCK_SECONDS", 1.0)
        with pytest.raises(
            FeedError, match=r"practice\.example/blog/feed\.xml could not be read within"
        ) as error:
            read(said)
    assert error.value.remedy
    assert read("go on") == 0
    assert len(hanging.pids) == 1


def test_a_post_that_passes_its_time_is_left_aside_and_counted(
    children: sandbox.Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CHILD", small_limits.__name__)
    found = sandbox.read(rss(small_limits.LONG + GOOD), url=FEED_URL)
    assert [entry.title for entry in found.entries] == ["A walk"]
    assert (found.unread, found.sound) == (1, False)
    assert len(children.pids) == 1


def test_a_document_that_hangs_keeps_no_other_waiting(
    hanging: sandbox.Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "PATIENCE", 0.05)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(read, "sleep")
        until(lambda: hanging.pids)
        assert read("go on") == 0
        assert not slow.done()
        for pid in hanging.pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(FeedError):
            slow.result()


def test_no_more_than_a_few_children_run_at_once(
    hanging: sandbox.Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "PATIENCE", 0.01)
    most = 0

    def watched(said: str) -> int:
        nonlocal most
        found = read(said)
        most = max(most, len(hanging.pids))
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(watched, ["go on"] * 24)) == [0] * 24
    assert 1 <= most <= sandbox.MOST_CHILDREN


def test_a_child_that_took_much_memory_is_replaced(hanging: sandbox.Children) -> None:
    assert read("go on") == 0
    assert len(hanging.pids) == 1
    assert read("last") == 0
    assert len(hanging.pids) == 0
    assert read("go on") == 0


def test_a_large_process_reads_with_one_child_too(children: sandbox.Children) -> None:
    large = b"x" * (sandbox_child.LARGE + 10_000_000)  # of which a child has nothing
    body = (QUIRKS / "categories.xml").read_bytes()
    sandbox.read(body, url=FEED_URL)
    first = children.pids
    sandbox.read(body, url=FEED_URL)
    assert children.pids == first != []
    assert large


def test_a_child_that_nobody_needs_is_ended(
    hanging: sandbox.Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "IDLE_SECONDS", 0.05)
    read("go on")
    until(lambda: not hanging.pids)
    assert read("go on") == 0


def test_the_child_knows_no_secret(hanging: sandbox.Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_SECRET", "s3cret")
    with pytest.raises(FeedError, match="PATH,PYTHONPATH"):
        read("environment")


def test_a_pull_reports_the_feed_that_passes_the_limits_and_reads_the_others(
    hanging: sandbox.Children, sqlite_database: Database
) -> None:
    with Blog(body=b"grow") as bad, Blog(body=b"go on") as good:
        config = Config.model_validate(
            {
                "newsletter": {"name": "x", "from_email": "a@example.org"},
                "feeds": [{"url": bad.url}, {"url": good.url}],
            }
        )
        broken, well = pull(sqlite_database, config)
    assert (broken.outcome, well.outcome) == ("failed", "fetched")
    assert bad.url in (broken.error or "")
    assert broken.remedy


# Documents made to do harm, through the real child


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


GOOD = "<item><title>A walk</title><description>Breathe in slowly.</description></item>"
CLICKS = "click to x " * 26 + "q " * 16
HOSTILE = {
    "clicks": lambda: rss(f"<item><title>t</title><description>{CLICKS}</description></item>"),
    "dots": lambda: rss(f"<item><title>t</title><description>{'.' * 500_000}x</description></item>"),
    "srcset": lambda: rss(f"<item><description>&lt;img srcset='{'a, ' * 200_000}'&gt;</description></item>"),
    "cdata": lambda: rss("<item>" + "<![CDATA[" * 100_000),
    "authors": lambda: rss("<item>" + "<author>" * 100_000),
    "attributes": lambda: rss("<item " + " ".join(f'a{n}="1"' for n in range(60_000)) + "/>"),
    "nesting": lambda: b"<rss>" + b"<a>" * 400_000,
    "blank": lambda: b"<?xml version='1.0'?>x" + b"\n" * 2_000_000 + b"<rss/>",
    "wide": lambda: "<rss><channel><item><title>😀</title><description>".encode() + b"word " * 1_500_000,
    "items": lambda: rss("<item><title>a</title><description>b</description></item>" * 100_000),
}


@pytest.mark.usefixtures("children")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_read_or_refused_within_the_limits(name: str) -> None:
    said = ""
    try:
        assert len(sandbox.read(HOSTILE[name](), url=FEED_URL).entries) <= 500
    except FeedError as error:
        said = error.message
    assert "could not be read within" not in said, "only the child's limits ended it"


@pytest.mark.usefixtures("children")
def test_a_good_post_beside_a_hostile_one_is_read() -> None:
    items = f"<item><title>t</title><description>{CLICKS}</description></item>{GOOD}"
    assert "Breathe in slowly." in [entry.excerpt for entry in sandbox.read(rss(items), url=FEED_URL).entries]


def test_this_process_takes_no_part_in_the_reading(children: sandbox.Children) -> None:
    document = HOSTILE["dots"]()
    before = time.process_time()
    sandbox.read(document, url=FEED_URL)
    assert os.getpid() not in children.pids
    assert time.process_time() - before < 0.5
