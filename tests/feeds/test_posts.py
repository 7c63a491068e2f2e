"""Which entry is which post: edits, moves, shared guids, blogs without any name for their posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from pipeline.core.tables.feeds import feeds
from pipeline.core.tables.feeds import posts as table
from pipeline.feeds import Entry, posts
from pipeline.feeds.matching.names import canonical

if TYPE_CHECKING:
    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

AT = datetime(2026, 11, 23, tzinfo=UTC)


def entry(title: str = "A calm morning", **values: object) -> Entry:
    made = Entry(
        guid=None,
        link="https://example.org/blog/calm",
        title=title,
        published=AT - timedelta(days=1),
        author=None,
        categories=(),
        excerpt="It begins.",
        words=100,
        image_url=None,
        image_alt=None,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def stored(database: Database, *pulls: list[Entry]) -> list[tuple[int, int, int]]:
    """Store one pull after another; (new, changed, unchanged) of each."""
    counted = []
    for number, entries in enumerate(pulls):
        with database.write() as connection:
            if number == 0:
                connection.execute(insert(feeds).values(id=1, url="https://example.org/feed", first_seen=AT))
            counts = posts.store(connection, 1, entries, at=AT, initial=number == 0)
            counted.append((counts.new, counts.changed, counts.unchanged))
    return counted


def titles(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(table.c.title).order_by(table.c.id)).scalars())


@pytest.mark.databases("sqlite", "postgresql")
def test_the_same_feed_again_holds_nothing_new(database: Database) -> None:
    feed = [entry("One", guid="1", link="https://example.org/1"), entry("Two", link="https://example.org/2")]
    assert stored(database, feed, feed) == [(2, 0, 0), (0, 0, 2)]


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize(
    "edit",
    [
        {"title": "A calmer morning"},
        {"excerpt": "It begins otherwise."},
        {"link": "https://example.org/blog/renamed"},
        {"published": AT - timedelta(hours=2)},
        {"title": "A calmer morning", "link": "https://example.org/blog/renamed"},
    ],
    ids=lambda edit: "+".join(edit),
)
def test_an_edit_updates_the_post_its_guid_names(database: Database, edit: dict[str, object]) -> None:
    first = entry(guid="5b1f0a1c2b6a28d0c9a3e111")
    assert stored(database, [first], [replace(first, **edit)]) == [(1, 0, 0), (0, 1, 0)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "link",
    [
        "http://example.org/blog/calm",
        "https://www.example.org/blog/calm/",
        "https://EXAMPLE.org:443/blog/calm?utm_source=rss&utm_medium=feed",
        "https://example.org/blog/calm?source=rss-1234------2",
        "https://example.org/blog/calm?fbclid=abc",
    ],
)
@pytest.mark.parametrize("guid", [True, False], ids=["as guid too", "without guid"])
def test_a_changed_scheme_or_tracking_makes_no_new_post(database: Database, link: str, guid: bool) -> None:
    before = entry(guid="https://example.org/blog/calm" if guid else None)
    after = replace(before, link=link, guid=link if guid else None)
    assert stored(database, [before], [after])[1][0] == 0


def test_a_query_that_names_the_page_makes_another_post(database: Database) -> None:
    feed = [entry("One", link="https://example.org/?p=1"), entry("Two", link="https://example.org/?p=2")]
    assert stored(database, feed)[0] == (2, 0, 0)


def test_a_blog_that_moved_to_another_platform_is_not_mailed_again(database: Database) -> None:
    before = entry(guid="squarespace-5b1f0a1c2b6a28d0")
    after = replace(before, guid="ghost-63a1b2c3d4e5f6a7b8c9")
    assert stored(database, [before], [after]) == [(1, 0, 0), (0, 0, 1)]


@pytest.mark.databases("sqlite", "postgresql")
def test_items_that_share_one_guid_are_told_apart_by_link(database: Database) -> None:
    one = entry("One", guid="same-guid-for-everything", link="https://example.org/1")
    two = entry("Two", guid="same-guid-for-everything", link="https://example.org/2")
    assert stored(database, [one, two], [two], [one]) == [(2, 0, 0), (0, 0, 1), (0, 0, 1)]
    assert titles(database) == ["One", "Two"]


def test_a_guid_that_comes_to_be_shared_later_overwrites_nothing(database: Database) -> None:
    one = entry("One", guid="same-guid-for-everything", link="https://example.org/1")
    two = entry("Two", guid="same-guid-for-everything", link="https://example.org/2", published=AT)
    assert [new for new, _, _ in stored(database, [one], [two, one], [two])] == [1, 1, 0]
    assert titles(database) == ["One", "Two"]


def test_items_that_all_link_to_the_home_page_are_told_apart_by_guid(database: Database) -> None:
    feed = [
        entry(f"Item {n}", guid=f"item-number-{n}-of-many", link="https://example.org/") for n in (1, 2, 3)
    ]
    edited = [replace(feed[1], title="Item 2, corrected")]
    assert stored(database, feed, edited) == [(3, 0, 0), (0, 1, 0)]


def test_items_with_one_link_and_no_guid_are_told_apart_by_title(database: Database) -> None:
    feed = [entry(f"Item {n}", link="https://example.org/") for n in (1, 2, 3)]
    assert stored(database, feed, feed, feed[1:2]) == [(3, 0, 0), (0, 0, 3), (0, 0, 1)]


def test_a_title_that_recurs_on_one_link_is_another_post_each_time(database: Database) -> None:
    home = {"link": "https://example.org/"}
    first = entry("Open thread", published=AT - timedelta(days=14), **home)
    notes = entry("Notes", published=AT - timedelta(days=10), **home)
    second = entry("Open thread", published=AT - timedelta(days=7), **home)
    third = entry("Open  Thread", published=AT, **home)
    pulls = stored(database, [notes, first], [second, notes, first], [third, second])
    assert pulls == [(2, 0, 0), (1, 0, 2), (1, 0, 1)]
    assert titles(database) == ["Notes", "Open thread", "Open thread", "Open  Thread"]


def test_a_title_that_stands_on_two_links_is_two_posts(database: Database) -> None:
    feed = [entry("Open thread", link=f"https://example.org/{week}") for week in (1, 2)]
    assert stored(database, feed, feed[:1]) == [(2, 0, 0), (0, 0, 1)]


def test_posts_with_no_name_but_their_title_are_kept_apart(database: Database) -> None:
    feed = [entry("One", link=None), entry("Two", link=None, published=None)]
    assert stored(database, feed, feed) == [(2, 0, 0), (0, 0, 2)]


def test_short_guids_are_a_blogs_own(database: Database) -> None:
    feed = [
        entry("One", guid="1", link="https://a.example/x"),
        entry("Other", guid="1", link="https://b.example/y"),
    ]
    assert stored(database, feed)[0] == (2, 0, 0)


def test_the_same_post_in_two_feeds_is_one(database: Database) -> None:
    feed = [entry(guid="https://example.org/?p=17")]
    stored(database, feed)
    with database.write() as connection:
        connection.execute(insert(feeds).values(id=2, url="https://example.org/category/feed", first_seen=AT))
        counts = posts.store(connection, 2, feed, at=AT, initial=True)
    assert (counts.new, counts.unchanged) == (0, 1)


def test_a_date_once_given_is_not_lost(database: Database) -> None:
    first = entry(guid="a-guid-long-enough-to-be-one")
    assert stored(database, [first], [replace(first, published=None)])[1] == (0, 0, 1)


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_address_has_one_canonical_form(path: str, query: str) -> None:
    once = canonical(f"https://example.org/{path}?{query}")
    assert canonical(f"http://{once}") == once


@pytest.mark.parametrize("address", ["https://example.org:99999/x", "https://[::1/x", "https://[nonsense]/x"])
def test_an_address_that_is_none_is_a_name_all_the_same(address: str) -> None:
    assert canonical(address) == address


@pytest.mark.databases("sqlite", "postgresql")
def test_one_post_the_database_cannot_keep_loses_none_of_the_others(database: Database) -> None:
    feed = [
        entry("One", link="https://example.org/1"),
        entry("Two\ud800", link=None),
        entry("Three", link=None),
    ]
    assert stored(database, feed)[0][0] == 2
    assert titles(database) == ["One", "Three"]


@pytest.mark.databases("sqlite", "postgresql")
def test_names_of_any_length_are_kept(database: Database) -> None:
    long = "https://example.org/" + "é" * 1500
    feed = [entry("One", link=long, guid=long), entry("Two", link=long + "x", guid=long + "x")]
    assert stored(database, feed, feed) == [(2, 0, 0), (0, 0, 2)]


def test_short_guids_without_links_are_a_feeds_own(database: Database) -> None:
    stored(database, [entry("One", guid="1", link=None)])
    with database.write() as connection:
        connection.execute(insert(feeds).values(id=2, url="https://b.example/feed", first_seen=AT))
        counts = posts.store(connection, 2, [entry("Other", guid="1", link=None)], at=AT, initial=True)
    assert counts.new == 1
