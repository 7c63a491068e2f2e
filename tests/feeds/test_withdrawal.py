"""Posts that the blog takes back before they are mailed, and everything that only looks like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pipeline.core.tables.feeds import posts
from pipeline.editions import states
from pipeline.editions.compose import compose
from pipeline.editions.edit import Wish, edit
from pipeline.feeds.posts import Listed
from pipeline.feeds.pull import pull
from pipeline.feeds.withdrawal import reach
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

# A Monday; Thursday the 26th at nine in New York is 14:00 UTC.
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)

HELD = {"name": "weekly", "hold_window": "24h"}


def item(title: str, days: float, **values: Any) -> Item:
    """A post of so many days before the Monday."""
    return Item(title, MONDAY - timedelta(days=days), guid=f"the-guid-of-{title}", **values)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def blog(clock: time_machine.Traveller) -> Iterator[Blog]:
    with Blog([item("New", 1), item("Recent", 2), item("Older", 3), item("Old", 90)]) as served:
        yield served


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path, blog: Blog) -> Installation:
    subscribe(sqlite_database, 1)
    return installation(sqlite_database, tmp_path, blog.url)


@pytest.fixture
def held(sqlite_database: Database, tmp_path: Path, blog: Blog) -> Installation:
    """Of which staff see each draft a day before it goes out."""
    subscribe(sqlite_database, 1)
    return installation(sqlite_database, tmp_path, blog.url, digests=[HELD])


def read(practice: Installation) -> int:
    """Read the feeds; how many posts were withdrawn."""
    return sum(feed.withdrawn for feed in pull(practice.database, practice.config))


def withdrawn(practice: Installation) -> list[str]:
    with practice.database.read() as connection:
        query = select(posts.c.title).where(posts.c.withdrawn_at.is_not(None)).order_by(posts.c.id)
        return list(connection.scalars(query))


def composed(practice: Installation) -> Edition:
    edition = compose(practice, practice.config.digests[0]).edition
    assert edition is not None
    return edition


def titles(listed: list[dict[str, Any]]) -> list[str]:
    return [post["title"] for post in listed]


# What counts as withdrawn


@pytest.mark.parametrize("title", ["New", "Recent", "Older"])
def test_a_post_that_is_gone_while_older_ones_are_listed_was_withdrawn(
    database: Database, tmp_path: Path, blog: Blog, title: str
) -> None:
    practice = installation(database, tmp_path, blog.url)
    assert read(practice) == 0
    blog.items = [one for one in blog.items if one.title != title]
    assert read(practice) == 1
    assert withdrawn(practice) == [title]
    assert read(practice) == 0, "it is told once"
    assert title not in titles(composed(practice).posts)


def test_one_that_is_listed_again_counts_again(practice: Installation, blog: Blog) -> None:
    read(practice)
    new = blog.items.pop(0)
    read(practice)
    assert withdrawn(practice) == ["New"]
    blog.items.insert(0, new)
    read(practice)
    assert withdrawn(practice) == []
    assert titles(composed(practice).posts) == ["New", "Recent", "Older"]


def test_one_that_made_room_for_newer_ones_was_not(practice: Installation, blog: Blog) -> None:
    read(practice)
    blog.items = [item("Newest", 0), *blog.items[:3]]
    read(practice)
    blog.items = [item("Latest", -0.1), *blog.items[:3]]
    assert read(practice) == 0
    assert withdrawn(practice) == []


def test_one_that_made_room_below_an_old_one_pinned_on_top_was_not(
    practice: Installation, blog: Blog
) -> None:
    blog.items = [blog.items[3], *blog.items[:3]]
    read(practice)
    blog.items = [blog.items[0], item("Newest", 0), *blog.items[1:3]]
    assert read(practice) == 0
    del blog.items[1]
    read(practice)
    assert withdrawn(practice) == ["Newest"]


def broken(blog: Blog) -> None:
    blog.status = 404


def empty(blog: Blog) -> None:
    blog.items = []


def another(blog: Blog) -> None:
    blog.items = [item("Of another blog", 1.5), item("As well", 200)]


def without_dates(blog: Blog) -> None:
    for one in blog.items:
        one.published = None


@pytest.mark.parametrize("trouble", [broken, empty, another, without_dates], ids=lambda one: one.__name__)
def test_a_feed_in_trouble_withdraws_nothing_and_is_believed_again_after_it(
    practice: Installation, blog: Blog, trouble: Any
) -> None:
    read(practice)
    without_new = [replace(one) for one in blog.items[1:]]
    del blog.items[0]
    trouble(blog)
    assert read(practice) == 0
    assert withdrawn(practice) == []
    blog.status, blog.items = 200, without_new
    read(practice)
    assert {"New"} <= set(withdrawn(practice)) <= {"New", "Of another blog"}


def moved(blog: Blog, *new: Item) -> None:
    """The blog's feed at another platform: nothing of what it held, and more of its past."""
    blog.items = [*new, *(item(f"Of the past {n}", 100 + n) for n in range(3))]


def test_a_feed_that_moved_to_another_past_withdraws_nothing_however_often_it_is_read(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    read(practice)
    moved(blog)
    for _ in range(3):
        clock.shift(timedelta(hours=1))
        assert read(practice) == 0
    assert withdrawn(practice) == []


def test_nor_when_something_new_comes_before_it_is_read_again(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    read(practice)
    moved(blog)
    for hours in (1, 2, 3):
        clock.shift(timedelta(hours=1))
        assert read(practice) == 0
        moved(blog, item("New since", -hours / 24))
    assert withdrawn(practice) == []


def test_a_feed_that_had_to_be_mended_withdraws_nothing(practice: Installation, blog: Blog) -> None:
    read(practice)
    del blog.items[0]
    whole = blog.feed()
    for bad in (whole.partition(b"</channel>")[0], whole.replace(b"<channel>", b"<channel><x:y>1</x:y>")):
        blog.body = bad
        assert read(practice) == 0
    blog.body = None
    assert read(practice) == 1


def test_an_undated_post_and_one_of_the_same_moment_stay(practice: Installation, blog: Blog) -> None:
    blog.items = [Item("Undated", guid="the-guid-of-no-date"), item("One", 1), item("Other", 1)]
    read(practice)
    blog.items = blog.items[1:2]
    assert read(practice) == 0


def test_a_post_of_two_feeds_is_withdrawn_once_neither_lists_it(
    sqlite_database: Database, tmp_path: Path, blog: Blog
) -> None:
    with Blog(list(blog.items)) as category:
        feeds = [{"url": blog.url}, {"url": category.url}]
        for one in blog.items:
            one.link = f"https://blog.example/{one.title}"
        practice = installation(sqlite_database, tmp_path, blog.url, feeds=feeds)
        read(practice)
        del blog.items[0]
        assert read(practice) == 0
        del category.items[0]
        assert read(practice) == 1
        assert withdrawn(practice) == ["New"]


def test_a_feed_that_is_no_longer_read_vouches_for_nothing(
    sqlite_database: Database, tmp_path: Path, blog: Blog
) -> None:
    for one in blog.items:
        one.link = f"https://blog.example/{one.title}"
    read(installation(sqlite_database, tmp_path, blog.url))
    moved = installation(sqlite_database, tmp_path, f"{blog.site}/new-address")
    assert read(moved) == 0
    del blog.items[0]
    assert read(moved) == 1


@settings(max_examples=50)
@given(st.sets(st.integers(0, 60), min_size=1), st.data())
def test_of_a_feed_of_the_newest_only_what_was_taken_out_is_past_its_reach(
    days: set[int], data: st.DataObject
) -> None:
    """However many it shows, whatever is new since, and wherever one old post is pinned on top."""
    shown = data.draw(st.integers(1, 12))
    blog = sorted(days, reverse=True)
    since = data.draw(st.integers(0, len(blog)))
    taken = data.draw(st.sets(st.sampled_from(blog)))
    pinned = data.draw(st.sampled_from([[], blog[-1:]]))

    def document(all_posts: list[int]) -> list[Listed]:
        window = all_posts[:shown]
        top = [day for day in pinned if day in all_posts and day not in window]
        return [Listed(day, MONDAY + timedelta(days=day)) for day in top + window]

    before = {place.post for place in document(blog[since:])}
    now = document([day for day in blog if day not in taken])
    past = reach(now, before)
    missing = before - {place.post for place in now}
    gone = {day for day in missing if day is not None and past and MONDAY + timedelta(days=day) > past}
    assert gone <= taken


# What becomes of letters


def test_a_draft_leaves_it_out_and_says_so(practice: Installation, blog: Blog) -> None:
    read(practice)
    assert titles(composed(practice).posts) == ["New", "Recent", "Older"]
    del blog.items[1]
    read(practice)
    draft = composed(practice)
    assert titles(draft.posts) == ["New", "Older"]
    (left_out,) = [post for post in draft.left_out if post["title"] == "Recent"]
    assert left_out["reason"] == "withdrawn: its feed lists it no longer"


def test_staff_who_picked_it_are_told_the_same(practice: Installation, blog: Blog) -> None:
    read(practice)
    draft = composed(practice)
    edit(practice, practice.config.digests[0], draft.slug, Wish(posts=[2, 1]))
    del blog.items[1]
    read(practice)
    draft = composed(practice)
    assert titles(draft.posts) == ["New"]
    reasons = {post["title"]: post["reason"] for post in draft.left_out}
    assert reasons["Recent"] == "withdrawn: its feed lists it no longer"
    assert "staff chose" in reasons["Older"]


@pytest.mark.databases("sqlite", "postgresql")
def test_a_draft_that_waits_is_put_up_anew_without_it(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    subscribe(database, 1)
    practice = installation(database, tmp_path, blog.url, digests=[{"name": "weekly", "hold_window": "24h"}])
    run_one(practice)
    clock.move_to(DUE - timedelta(hours=24))
    assert run_one(practice).outcome == "not_due"
    del blog.items[0]
    clock.move_to(DUE - timedelta(hours=20))
    read(practice)
    ran = run_one(practice)
    assert ran.outcome == "not_due"
    assert ran.edition is not None
    assert titles(ran.edition.posts) == ["Recent", "Older"]
    assert ran.edition.announced_at == DUE - timedelta(hours=20)
    assert ran.reason == "goes out Thu 26 Nov, 9:00 New York unless staff hold it"
    clock.move_to(DUE)
    assert run_one(practice).outcome == "sent"


def test_what_was_withdrawn_while_nobody_read_the_feed_is_noticed_before_it_goes_out_by_itself(
    held: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(held)
    clock.move_to(DUE - timedelta(hours=24))
    run_one(held)
    del blog.items[0]
    clock.move_to(DUE)
    ran = run_one(held)
    assert ran.outcome == "not_due"
    assert ran.edition is not None
    assert titles(ran.edition.posts) == ["Recent", "Older"]


def test_a_draft_of_which_all_was_withdrawn_is_given_up(
    held: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(held)
    clock.move_to(DUE - timedelta(hours=24))
    run_one(held)
    del blog.items[:3]
    clock.move_to(DUE)
    ran = run_one(held)
    assert (ran.outcome, ran.reason) == ("skipped", "there are no new posts")


def test_what_staff_approved_is_held_when_the_blog_takes_a_post_of_it_back(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    read(practice)
    draft = composed(practice)
    with practice.database.write() as connection:
        states.approve(connection, draft.slug)
    del blog.items[0]
    read(practice)
    clock.move_to(DUE)
    ran = run_one(practice)
    assert ran.outcome == "held"
    assert ran.edition is not None
    assert titles(ran.edition.posts) == ["New", "Recent", "Older"], "they see what they approved"
    assert "“New” was withdrawn" in ran.reason
