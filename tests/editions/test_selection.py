"""Which posts an edition gets, as a table: the posts there are, those that go, and why the others do not.

Rapport first saw digest and feed on Monday; the edition is composed on Thursday.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import insert

from pipeline.core.sections.digest import Digest
from pipeline.core.tables.editions import digests, edition_posts, editions
from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions.eligibility import OUT, UNSURE, WITHDRAWN, Candidate
from pipeline.editions.selection import NOT_PICKED, Choice, choose, select_posts
from pipeline.feeds.posts import Post
from subscribers import times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from pipeline.core.database import Database

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
THURSDAY = datetime(2026, 11, 26, 14, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)

OLD = "older than the backlog of 7 days when Rapport first saw it"
UNDATED = "undated and in the feed from the start: taken for the archive after the first edition"


@pytest.fixture(autouse=True)
def _that_year() -> Iterator[None]:
    """Words show the year of a day in another one: here it is always 2026, and in no zone another."""
    with time_machine.travel(THURSDAY, tick=False):
        yield


def post(
    number: int,
    published: datetime | None = THURSDAY - DAY,
    *,
    seen: datetime = THURSDAY - HOUR,
    categories: Sequence[str] = (),
    **more: Any,
) -> Candidate:
    """A post that appeared after the first pull, unless said otherwise."""
    kept = Post(
        id=number,
        url=f"https://example.org/{number}",
        title=f"Post {number}",
        published=published or seen,
        author=None,
        categories=tuple(categories),
        excerpt="",
        words=100,
        image_url=None,
        image_alt=None,
    )
    candidate = Candidate(
        post=kept,
        dated=published is not None,
        first_seen=seen,
        feed_first_seen=MONDAY,
        initial=False,
        position=0,
        withdrawn=False,
        zone=UTC,
    )
    return replace(candidate, **more)


def archived(number: int, published: datetime | None, **more: Any) -> Candidate:
    """A post of the first pull."""
    return post(number, published, **{"seen": MONDAY, "initial": True} | more)


def chosen(
    *candidates: Candidate,
    first_seen: datetime = MONDAY,
    at: datetime = THURSDAY,
    previous: datetime | None = None,
    picked: Sequence[int] = (),
    **digest: Any,
) -> Choice:
    return select_posts(candidates, Digest(name="weekly", **digest), first_seen, at, previous, picked)


def ids(choice: Choice) -> list[int]:
    return [one.id for one in choice.posts]


def left_out(choice: Choice) -> dict[int, str]:
    return {one.id: one.reason for one in choice.left_out}


# The order


def test_the_newest_post_leads() -> None:
    choice = chosen(post(1, THURSDAY - 3 * DAY), post(2, THURSDAY - DAY), post(3, THURSDAY - 2 * DAY))
    assert ids(choice) == [2, 3, 1]


def test_posts_of_one_moment_are_in_the_order_of_their_feed() -> None:
    choice = chosen(post(2, position=1), post(9, position=0), post(3, position=2), post(1, position=2))
    assert ids(choice) == [9, 2, 1, 3]


def test_an_undated_post_is_as_new_as_it_was_first_seen() -> None:
    choice = chosen(post(1, None, seen=THURSDAY - 2 * DAY), post(2, THURSDAY - DAY))
    assert ids(choice) == [2, 1]
    choice = chosen(post(1, None, seen=THURSDAY - HOUR), post(2, THURSDAY - DAY))
    assert ids(choice) == [1, 2]


# Which one may go

GOES = ""

ALONE: dict[str, tuple[Candidate, dict[str, Any], str]] = {
    "a new post goes": (post(1), {}, GOES),
    "a withdrawn post does not": (post(1, withdrawn=True), {}, WITHDRAWN),
    "a post dated in the future waits": (
        post(1, THURSDAY + MOMENT),
        {},
        "waits for its date, Thu 26 Nov, 14:00 UTC",
    ),
    "one dated now goes": (post(1, THURSDAY), {}, GOES),
    "the archive does not": (archived(1, MONDAY - 7 * DAY - MOMENT), {}, OLD),
    "but its posts within the backlog": (archived(1, MONDAY - 7 * DAY), {}, GOES),
    "however long that is": (archived(1, MONDAY - 70 * DAY), {"backlog": "70d"}, GOES),
    "a post that appears later goes, however old its date": (post(1, MONDAY - 900 * DAY), {}, GOES),
    "not one that was there when Rapport first saw the digest": (
        post(1, MONDAY - 8 * DAY, seen=MONDAY),
        {},
        OLD,
    ),
    "but one seen a moment after": (post(1, MONDAY - 8 * DAY, seen=MONDAY + MOMENT), {}, GOES),
    "the archive of a feed added later is reckoned from then": (
        archived(1, THURSDAY - 7 * DAY - MOMENT, seen=THURSDAY, feed_first_seen=THURSDAY),
        {},
        OLD,
    ),
    "with its backlog": (
        archived(1, THURSDAY - 7 * DAY, seen=THURSDAY, feed_first_seen=THURSDAY),
        {},
        GOES,
    ),
    "the archive for a digest added later is reckoned from then": (
        archived(1, MONDAY - DAY),
        {"first_seen": MONDAY + 6 * DAY + MOMENT},
        OLD,
    ),
    "with its backlog, too": (archived(1, MONDAY - DAY), {"first_seen": MONDAY + 6 * DAY}, GOES),
    "an undated post of the first pull goes in the first edition": (archived(1, None), {}, GOES),
    "not in a later one": (archived(1, None), {"previous": MONDAY}, UNDATED),
    "but if it came after the last one": (archived(1, None), {"previous": MONDAY - MOMENT}, GOES),
    "a dated one in any": (archived(1, MONDAY - DAY), {"previous": MONDAY}, GOES),
    "an undated post that appeared later, too": (
        post(1, None, seen=MONDAY + DAY),
        {"previous": MONDAY + 2 * DAY},
        GOES,
    ),
    "a post in none of the categories does not": (
        post(1, categories=["Groups"]),
        {"include_categories": ["couples", "families"]},
        "in none of the categories couples, families",
    ),
    "nor one without any": (
        post(1),
        {"include_categories": ["couples"]},
        "in none of the categories couples",
    ),
    "one of a blog that moved waits for staff": (post(1, decision="unsure"), {}, UNSURE),
    "one that staff keep out does not go": (post(1, decision="out"), {}, OUT),
    "one filed where no letter is wanted does not": (
        post(1, categories=["No-Letter"]),
        {},
        "filed under No-Letter (exclude_categories)",
    ),
    "one that came late with the blog's past does not": (
        post(1, decision="archive"),
        {},
        "it came late with more of its blog's past",
    ),
    "staff may let any of them go": (
        archived(1, MONDAY - 90 * DAY, decision="in", categories=["no-letter"]),
        {"include_categories": ["couples"]},
        GOES,
    ),
    "but for one that is withdrawn": (post(1, decision="in", withdrawn=True), {}, WITHDRAWN),
    "one in any of them goes, however they are written": (
        post(1, categories=["Groups", "COUPLES"]),
        {"include_categories": ["families", "Couples"]},
        GOES,
    ),
}


@pytest.mark.parametrize(("one", "given", "reason"), ALONE.values(), ids=ALONE.keys())
def test_one_post(one: Candidate, given: dict[str, Any], reason: str) -> None:
    choice = chosen(one, **given)
    assert (ids(choice), left_out(choice)) == (([], {1: reason}) if reason else ([1], {}))


# A day without a time is that day in the newsletter's time zone

EAST = ("Pacific/Auckland", "Asia/Kolkata")
WEST = ("America/New_York",)
SANTIAGO = "America/Santiago"
"""Clocks went from 24:00 to 01:00 there on 6 September 2026."""


def of_day(number: int, day: str, zone: str, **more: Any) -> Candidate:
    """A post whose feed gives a day alone."""
    one = post(number, datetime.fromisoformat(day).replace(tzinfo=UTC), zone=ZoneInfo(zone), **more)
    return replace(one, post=replace(one.post, date_only=True), first_published=one.post.published)


def moment(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", [*EAST, *WEST, "UTC"])
def test_a_day_begins_at_midnight_where_the_newsletter_is(zone: str) -> None:
    midnight = moment("2026-11-26 00:00", zone)
    one = of_day(1, "2026-11-26", zone, seen=midnight - DAY)
    assert ids(chosen(one, at=midnight)) == [1]
    waits = chosen(one, at=midnight - MOMENT)
    assert left_out(waits) == {1: f"waits for its date, {times.day(THURSDAY, UTC)}"}


def test_where_clocks_change_at_midnight_the_day_begins_with_its_first_moment() -> None:
    one = of_day(1, "2026-09-06", SANTIAGO)
    first = moment("2026-09-06 01:00", SANTIAGO)
    assert ids(chosen(one, at=first)) == [1]
    assert ids(chosen(one, at=first - MOMENT)) == []


@pytest.mark.parametrize("zone", [*EAST, *WEST, "UTC"])
@pytest.mark.parametrize("hour", ["00:00", "09:30", "23:59"])
def test_the_backlog_is_counted_by_the_local_day(zone: str, hour: str) -> None:
    seen = moment(f"2026-11-23 {hour}", zone)
    old, new = (
        of_day(n, day, zone, seen=seen, feed_first_seen=seen, initial=True)
        for n, day in ((1, "2026-11-15"), (2, "2026-11-16"))
    )
    choice = chosen(old, new, first_seen=seen, at=seen + DAY)
    assert (ids(choice), left_out(choice)) == ([2], {1: OLD})


@pytest.mark.parametrize("zone", [*EAST, *WEST])
def test_days_and_moments_are_in_the_order_that_the_letter_shows(zone: str) -> None:
    there = [
        of_day(1, "2026-11-25", zone),
        post(2, moment("2026-11-24 21:00", zone), zone=ZoneInfo(zone)),
        post(3, moment("2026-11-25 00:01", zone), zone=ZoneInfo(zone)),
        of_day(4, "2026-11-24", zone),
    ]
    assert ids(chosen(*there)) == [3, 1, 2, 4]


# How many

FULL = "waits for the next edition: this one has its 2 posts (max_posts)"


def test_what_does_not_fit_waits_for_the_next_edition() -> None:
    choice = chosen(*(post(n, THURSDAY - n * HOUR) for n in (1, 2, 3, 4)), max_posts=2)
    assert (ids(choice), left_out(choice)) == ([1, 2], {3: FULL, 4: FULL})
    assert choice.reason == ""


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (0, "there are no new posts"),
        (1, "1 new post, fewer than min_posts = 3: waiting"),
        (2, "2 new posts, fewer than min_posts = 3: waiting"),
    ],
)
def test_with_too_few_posts_there_is_no_edition_and_they_wait(there: int, reason: str) -> None:
    old = archived(9, MONDAY - 90 * DAY)
    choice = chosen(old, *(post(n) for n in range(there)), min_posts=3)
    assert (choice.posts, choice.reason) == ((), reason)
    assert left_out(choice) == dict.fromkeys(range(there), reason) | {9: OLD}


def test_with_just_enough_there_is_one() -> None:
    choice = chosen(post(1), post(2), post(3), min_posts=3)
    assert (len(choice.posts), choice.reason) == (3, "")


# The post that waited longest

LAST_WEEK = THURSDAY - 7 * DAY


def busy(*waited: Candidate, **given: Any) -> Choice:
    """Three posts newer than the previous edition, and some that it had no place for."""
    new = [post(n, THURSDAY - n * HOUR, seen=LAST_WEEK + DAY) for n in (1, 2, 3)]
    return chosen(
        *new, *waited, **{"previous": LAST_WEEK, "first_seen": LAST_WEEK - 30 * DAY, "max_posts": 3} | given
    )


def test_the_last_place_is_kept_for_the_post_that_waited_longest() -> None:
    choice = busy(post(4, LAST_WEEK - DAY, seen=LAST_WEEK))
    assert ids(choice) == [1, 2, 4]
    assert list(left_out(choice)) == [3]


def test_of_several_it_is_the_first_that_was_seen_and_then_the_first_that_was_published() -> None:
    seen = LAST_WEEK - DAY
    waited = [
        post(4, LAST_WEEK - 5 * DAY, seen=LAST_WEEK),
        post(5, LAST_WEEK - 2 * DAY, seen=seen),
        post(6, LAST_WEEK - 3 * DAY, seen=seen),
    ]
    choice = busy(*waited)
    assert ids(choice) == [1, 2, 6]
    assert list(left_out(choice)) == [3, 5, 4]


@pytest.mark.parametrize(
    ("waited", "given"),
    [
        (post(4, LAST_WEEK - DAY, seen=LAST_WEEK + MOMENT), {}),
        (post(4, LAST_WEEK - DAY, seen=LAST_WEEK), {"previous": None}),
    ],
    ids=["it came after the previous edition", "there was no edition yet"],
)
def test_a_post_that_no_edition_passed_over_waits_like_any(waited: Candidate, given: dict[str, Any]) -> None:
    assert ids(busy(waited, **given)) == [1, 2, 3]


def test_where_the_last_place_is_one_of_those_already_nothing_is_moved() -> None:
    waited = [post(n, LAST_WEEK - n * HOUR, seen=LAST_WEEK) for n in (4, 5)]
    assert ids(busy(*waited, max_posts=4)) == [1, 2, 3, 4]


def test_the_only_place_of_a_letter_is_for_the_newest() -> None:
    assert ids(busy(post(4, LAST_WEEK - DAY, seen=LAST_WEEK), max_posts=1)) == [1]


def test_of_two_places_the_second_is_kept() -> None:
    assert ids(busy(post(4, LAST_WEEK - DAY, seen=LAST_WEEK), max_posts=2)) == [1, 4]


# What staff picked


def test_staff_get_the_posts_they_picked_in_their_order_and_no_others() -> None:
    choice = chosen(post(1), post(2), post(3, THURSDAY - 2 * DAY), picked=(3, 1))
    assert (ids(choice), left_out(choice)) == ([3, 1], {2: NOT_PICKED})


def test_they_may_pick_what_the_rules_leave_out_and_however_many() -> None:
    there = [
        post(1, THURSDAY + DAY),
        archived(2, MONDAY - 90 * DAY),
        post(3, categories=["groups"]),
        archived(4, MONDAY - 91 * DAY),
        post(5),
    ]
    given: dict[str, Any] = {"include_categories": ["couples"], "max_posts": 2}
    choice = chosen(*there, picked=(1, 2, 3), **given)
    assert ids(choice) == [1, 2, 3]
    assert left_out(choice) == {5: "in none of the categories couples", 4: OLD}
    assert ids(chosen(*there, picked=(5,), min_posts=3)) == [5]


def test_what_they_picked_and_is_gone_or_withdrawn_is_left_out() -> None:
    choice = chosen(post(1), post(2, withdrawn=True), picked=(7, 2, 1))
    assert (ids(choice), left_out(choice)) == ([1], {2: WITHDRAWN})


def test_with_nothing_left_of_it_the_rules_choose() -> None:
    assert ids(chosen(post(1), post(2, withdrawn=True), picked=(7, 2))) == [1]


# What is shown of it


def test_the_left_out_are_named_newest_first_and_fifty_at_the_most() -> None:
    there = [post(n, THURSDAY - n * HOUR) for n in range(1, 54)]
    assert list(left_out(chosen(*there, max_posts=2))) == list(range(3, 53))
    (first, *_) = chosen(*there, max_posts=2).left_out
    assert (first.title, first.url) == ("Post 3", "https://example.org/3")


# What the database knows


def kept(connection: Connection, *numbers: int, **values: Any) -> None:
    if 1 in numbers:
        connection.execute(
            insert(digests), [{"name": n, "first_seen": MONDAY} for n in ("weekly", "monthly")]
        )
        connection.execute(insert(feeds).values(id=1, url="https://example.org/feed", first_seen=MONDAY))
    content = {"categories": [], "excerpt": "", "words": 9, "initial": False, "position": 0, "feed_id": 1}
    for number in numbers:
        row = {"id": number, "title": f"Post {number}", "first_seen": THURSDAY - HOUR, "published": THURSDAY}
        connection.execute(insert(posts).values(content | row | values))


def composed(
    connection: Connection, number: int, status: str, *of: int, digest: str = "weekly", at: datetime = MONDAY
) -> None:
    fixed = {"id": number, "digest": digest, "number": number, "slug": f"{digest}-{number}", "posts": []}
    due = {"due": f"{number}", "due_at": MONDAY, "left_out": [], "status": status, "composed_at": at}
    connection.execute(insert(editions).values(fixed | due))
    for one in of:
        connection.execute(insert(edition_posts).values(digest=digest, post_id=one, edition_id=number))


def test_a_post_is_in_one_edition_of_a_digest_and_those_of_a_draft_are_free_for_it(
    sqlite_database: Database,
) -> None:
    digest = Digest(name="weekly")
    with sqlite_database.write() as connection:
        kept(connection, 1, 2, 3, 4)
        composed(connection, 1, "sent", 1)
        composed(connection, 2, "draft", 2)
        composed(connection, 3, "sent", 3, digest="monthly")
        assert ids(choose(connection, digest, UTC, MONDAY, THURSDAY)) == [3, 4]
        assert ids(choose(connection, digest, UTC, MONDAY, THURSDAY, draft=2)) == [2, 3, 4]
        assert ids(choose(connection, digest, UTC, MONDAY, THURSDAY, draft=2, picked=(4, 2))) == [4, 2]


def test_everything_the_rules_look_at_is_read(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        kept(connection, 1, published=None)
        kept(connection, 2, withdrawn_at=THURSDAY)
        kept(connection, 3, initial=True, published=MONDAY - 8 * DAY)
        kept(connection, 4, position=-1)
        kept(connection, 5, date_only=True, published=THURSDAY.replace(hour=0))
        honolulu = ZoneInfo("Pacific/Honolulu")
        choice = choose(connection, Digest(name="weekly"), honolulu, MONDAY - 30 * DAY, THURSDAY)
        early = choose(connection, Digest(name="weekly"), honolulu, MONDAY - 30 * DAY, THURSDAY - 5 * HOUR)
    assert ids(choice) == [4, 1, 5]
    assert left_out(choice) == {2: WITHDRAWN, 3: OLD}
    assert left_out(early)[5] == f"waits for its date, {times.day(THURSDAY, UTC)}"


@pytest.mark.parametrize(
    ("status", "went"),
    [
        ("draft", False),
        ("held", False),
        ("skipped", False),
        ("cancelled", False),
        ("approved", True),
        ("sending", True),
        ("paused", True),
        ("sent", True),
    ],
)
def test_the_previous_edition_is_the_newest_that_went_or_will(
    sqlite_database: Database, status: str, went: bool
) -> None:
    with sqlite_database.write() as connection:
        kept(connection, 1, initial=True, published=None, first_seen=MONDAY)
        composed(connection, 1, "sent", at=MONDAY - DAY)
        composed(connection, 2, status, at=MONDAY)
        composed(connection, 3, "sent", at=MONDAY + DAY, digest="monthly")
        choice = choose(connection, Digest(name="weekly"), UTC, MONDAY, THURSDAY)
    assert left_out(choice) == ({1: UNDATED} if went else {})
