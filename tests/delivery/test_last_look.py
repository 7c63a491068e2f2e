"""The last look before a letter leaves: what the blog took back since stays back, and nothing else stops
it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from pipeline.core.tables.feeds import posts
from pipeline.delivery import last_look
from pipeline.delivery.edition import Delivery
from pipeline.delivery.send import send
from pipeline.editions import course, find, states, store
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.feeds.pull import pull
from pipeline.letter import ask
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
NEW, OTHER = "/blog/new", "/blog/other"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def blog(clock: time_machine.Traveller) -> Iterator[Blog]:
    items = [Item("New", MONDAY - timedelta(days=1)), Item("Other", MONDAY - timedelta(days=2))]
    with Blog([*items, Item("Old", MONDAY - timedelta(days=90))]) as served:
        yield served


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path, blog: Blog) -> Installation:
    """With an approved edition of the two new posts."""
    subscribe(sqlite_database, 2)
    made = installation(sqlite_database, tmp_path, blog.url, staff={"emails": ["editor@example.org"]})
    pull(made.database, made.config)
    assert compose(made, made.config.digests[0]).edition is not None
    approve(made, "weekly-1")
    return made


def sent(practice: Installation) -> Edition:
    return send(practice, "weekly-1", lambda done, total: None)


def letters(folder: Path) -> int:
    return sum("reader" in file.read_text() for file in (folder / "outbox").glob("*.eml"))


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("refuses_head", [False, True])
def test_a_post_whose_page_is_gone_holds_the_edition_and_staff_are_told(
    practice: Installation,
    blog: Blog,
    tmp_path: Path,
    clock: time_machine.Traveller,
    status: int,
    refuses_head: bool,
) -> None:
    blog.pages[NEW], blog.refuses_head = status, refuses_head
    clock.move_to(DUE)
    ran = run_one(practice)
    assert ran.outcome == "held"
    assert f"“New” is gone from {blog.site}{NEW}, which answers {status}" in ran.reason
    assert letters(tmp_path) == 0
    (mail,) = (tmp_path / "outbox").glob("*.eml")
    text = mail.read_text()
    assert "weekly-1 is held: the blog took a post back" in text
    run_one(practice)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1, "it is told once"


def test_it_goes_out_once_the_page_is_back_and_staff_approve_it(practice: Installation, blog: Blog) -> None:
    blog.pages[NEW] = 404
    assert sent(practice).status == "held"
    blog.pages.clear()
    approve(practice, "weekly-1")
    assert sent(practice).status == "sent"


def test_staff_who_know_that_a_page_is_gone_can_have_the_post_mailed_all_the_same(
    practice: Installation, blog: Blog
) -> None:
    blog.pages[NEW] = 404
    assert sent(practice).status == "held"
    approve(practice, "weekly-1")
    blog.pages[OTHER] = 410
    told = sent(practice)
    assert told.status == "held", "of that one they do not know"
    assert "“Other” is gone" in (told.reason or "")
    assert "“New”" not in (told.reason or "")
    approve(practice, "weekly-1")
    assert sent(practice).status == "sent"


def test_what_left_its_feed_stays_back_however_often_it_is_approved(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    blog.pages[NEW] = 404
    del blog.items[0]
    for _ in range(2):
        clock.shift(timedelta(hours=1))
        assert sent(practice).status == "held"
        approve(practice, "weekly-1")


@pytest.mark.parametrize("status", [401, 403, 429, 451, 500, 502, 503])
def test_a_blog_that_refuses_robots_or_is_down_holds_nothing(
    practice: Installation, blog: Blog, status: int
) -> None:
    blog.pages |= {NEW: status, OTHER: status}
    assert sent(practice).status == "sent"
    assert ("GET", NEW) in blog.asked, "a refused HEAD is asked again"


def test_a_head_that_lies_is_asked_again(practice: Installation, blog: Blog) -> None:
    blog.pages[NEW], blog.refuses_head = 200, True
    assert sent(practice).status == "sent"
    assert {("HEAD", NEW), ("GET", NEW)} <= set(blog.asked)


def test_a_blog_that_is_gone_from_the_net_holds_nothing(practice: Installation, blog: Blog) -> None:
    blog.__exit__(None, None, None)
    assert sent(practice).status == "sent"
    blog.__enter__()


def test_a_blog_that_never_answers_is_waited_for_a_little(
    practice: Installation, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_look, "SECONDS", 0.3)
    monkeypatch.setattr(ask, "_answer", _never)
    began = time.monotonic()
    assert sent(practice).status == "sent"
    assert time.monotonic() - began < 25


async def _never(*args: Any) -> Any:
    import asyncio

    await asyncio.sleep(3600)


def test_a_post_that_is_gone_from_its_feed_holds_it_though_its_page_answers(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    del blog.items[0]
    clock.shift(timedelta(hours=1))
    assert sent(practice).status == "held", "the feed is read once more"
    with practice.database.read() as connection:
        assert "“New” was withdrawn" in (find.by_slug(connection, "weekly-1").reason or "")


def test_a_post_that_staff_keep_out_holds_it(practice: Installation) -> None:
    from sqlalchemy import update

    with practice.database.write() as connection:
        connection.execute(update(posts).where(posts.c.title == "New").values(decision="out"))
    assert sent(practice).status == "held"


def test_a_post_that_got_a_category_that_keeps_it_out_holds_it(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    blog.items[0].categories = ("No-Letter",)
    clock.shift(timedelta(hours=1))
    assert sent(practice).status == "held"


def test_an_edition_that_somebody_has_is_not_looked_at_again(
    practice: Installation, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(monkeypatch, practice, course, "finish")
    blog.pages[NEW] = 404
    assert sent(practice).status == "sent"


def test_one_that_was_stopped_before_its_first_reader_is_looked_at_again(
    practice: Installation, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(monkeypatch, practice, Delivery, "_hand_over")
    blog.pages[NEW] = 404
    stopped = sent(practice)
    assert (stopped.status, str(stopped.reason)[:10]) == ("paused", "taken back")


def killed(monkeypatch: pytest.MonkeyPatch, practice: Installation, where: Any, step: str) -> None:
    """Send, and die at a step."""

    def dies(*args: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(where, step, dies)
        with pytest.raises(RuntimeError):
            sent(practice)


def test_a_private_address_that_no_feed_names_is_not_knocked_at(
    practice: Installation,
) -> None:
    with Blog(pages={"/secret": 404}) as inside:
        with practice.database.write() as connection:
            edition = find.by_slug(connection, "weekly-1")
            changed = [{**post, "url": f"{inside.site}/secret"} for post in edition.posts]
            store.change(connection, edition.id, posts=changed)
        assert sent(practice).status == "sent"
        assert inside.asked == []


def test_staff_who_decide_meanwhile_are_not_overruled(
    practice: Installation, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    blog.pages[NEW] = 404
    asked = ask.ask

    def cancelled_meanwhile(*args: Any, **kwargs: Any) -> Any:
        with practice.database.write() as connection:
            states.cancel(connection, "weekly-1")
        return asked(*args, **kwargs)

    monkeypatch.setattr(last_look, "ask", cancelled_meanwhile)
    assert sent(practice).status == "cancelled"


def test_a_draft_that_goes_out_by_itself_is_looked_at_too(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    subscribe(sqlite_database, 1)
    by_itself = installation(sqlite_database, tmp_path, blog.url)
    run_one(by_itself)
    clock.move_to(DUE)
    blog.pages[NEW] = 410
    assert run_one(by_itself).outcome == "held"
    with by_itself.database.read() as connection:
        assert list(connection.scalars(select(posts.c.withdrawn_at).where(posts.c.title == "New"))) == [None]


def test_a_draft_whose_post_moved_is_composed_anew_with_the_new_address(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    subscribe(sqlite_database, 1)
    held = installation(
        sqlite_database, tmp_path, blog.url, digests=[{"name": "weekly", "hold_window": "24h"}]
    )
    run_one(held)
    clock.move_to(DUE - timedelta(hours=24))
    assert run_one(held).outcome == "not_due"
    blog.items[0].link, blog.pages[NEW] = f"{blog.site}/journal/new", 404
    clock.move_to(DUE)
    ran = run_one(held)
    assert ran.outcome == "not_due"
    assert ran.edition is not None
    assert ran.edition.posts[0]["url"] == f"{blog.site}/journal/new"
    clock.move_to(DUE + timedelta(hours=24))
    assert run_one(held).outcome == "sent"
