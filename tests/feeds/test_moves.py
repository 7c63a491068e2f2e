"""A blog that moves, through pull and run over HTTP: nobody gets anything twice, nothing old, and what is
new."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import time_machine
from sqlalchemy import func, select

from pipeline.core.tables.feeds import posts
from pipeline.editions.post_list import every_post
from pipeline.feeds.pull import pull
from subscribers import clock as time
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

MONDAY = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
A_WEEK = timedelta(days=7)

MAILED = (
    "Whose turn is it? Couples & chores",
    "When worry keeps you awake",
    "It's never too late — or is it?",
)
ARCHIVE = (
    "What happens in a first session",
    "Saying no without a speech",
    "Grief has no timetable",
    "Five ways to rest",
    "Talking to teenagers",
)
NEW = "Something that nobody has read yet"


def slug(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


class Moved(NamedTuple):
    """What a move makes of a blog: its posts, and where it is served."""

    items: list[Item]
    elsewhere: bool = False
    configured: bool = False


def day(moment: datetime | None) -> date | None:
    return moment and moment.date()


def each(items: list[Item], **how: Callable[[Item], Any]) -> list[Item]:
    return [replace(one, **{name: make(one) for name, make in how.items()}) for one in items]


def new_guids(items: list[Item]) -> list[Item]:
    return [replace(one, guid=f"63a1b2c3d4e5f6a7b8c9{n:04}") for n, one in enumerate(items)]


def retyped(one: Item) -> str:
    return one.title.replace("'", "’").replace("—", "-").replace("&", "and").title()


def on_host(one: Item, host: str) -> str:
    return f"https://{host}/blog/{slug(one.title)}/"


MOVES: dict[str, Callable[[list[Item]], Moved]] = {
    "a slug": lambda items: Moved(
        [replace(items[0], link=f"{items[0].link}-corrected", guid=f"{items[0].link}-corrected"), *items[1:]]
    ),
    "another domain": lambda items: Moved(
        each(
            items, link=lambda one: on_host(one, "new.invalid"), guid=lambda one: on_host(one, "new.invalid")
        )
    ),
    "a permanent redirect": lambda items: Moved(
        each(items, link=lambda one: on_host(one, "new.invalid"), guid=lambda one: None), elsewhere=True
    ),
    "the configured address": lambda items: Moved(items, elsewhere=True, configured=True),
    "the configured address, with all names new": lambda items: Moved(
        each(new_guids(items), link=lambda one: on_host(one, "new.invalid")), elsewhere=True, configured=True
    ),
    "all paths": lambda items: Moved(
        each(
            items,
            link=lambda one: f"https://blog.invalid/journal/{slug(one.title)}.html",
            guid=lambda one: f"https://blog.invalid/journal/{slug(one.title)}.html",
        )
    ),
    "guids numbered anew": lambda items: Moved([replace(one, guid=str(n)) for n, one in enumerate(items)]),
    "another platform with midnight dates": lambda items: Moved(
        each(new_guids(items), published=lambda one: day(one.published))
    ),
    "titles re-typed": lambda items: Moved(each(new_guids(items), title=retyped)),
    "every date that of the move": lambda items: Moved(
        each(
            new_guids(items),
            link=lambda one: on_host(one, "new.invalid"),
            published=lambda one: DUE + timedelta(days=2),
        )
    ),
    "everything but the days and the titles' words": lambda items: Moved(
        each(
            new_guids(items),
            link=lambda one: f"https://new.invalid/p/{len(one.title)}",
            published=lambda one: day(one.published),
            title=retyped,
        ),
        elsewhere=True,
        configured=True,
    ),
}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def blog(clock: time_machine.Traveller) -> Iterator[Blog]:
    """Three posts of the last week, and an archive of five."""
    ages = (1, 3, 5, 12, 20, 40, 80, 120)
    items = []
    for title, days in zip((*MAILED, *ARCHIVE), ages, strict=True):
        link = f"https://blog.invalid/blog/{slug(title)}"
        items.append(Item(title, MONDAY - timedelta(days=days, hours=days % 7), guid=link, link=link))
    with Blog(items) as served:
        yield served


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path, blog: Blog) -> Installation:
    subscribe(sqlite_database, 1)
    return installation(sqlite_database, tmp_path, blog.url, staff={"emails": ["editor@example.org"]})


def mailed(practice: Installation) -> list[str]:
    ran = run_one(practice)
    return [post["title"] for post in ran.edition.posts] if ran.edition is not None else []


def states(practice: Installation) -> dict[str, str]:
    with practice.database.read() as connection:
        return {one.title: str(one.state) for one in every_post(connection, practice.config, time.now())}


def notices(folder: Path) -> dict[str, str]:
    """What staff were mailed: by subject the text."""
    files = (folder / "outbox").glob("*.eml")
    mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return {
        mail["Subject"].partition(": ")[2]: " ".join(mail.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
        for mail in mails
        if mail["To"] == "editor@example.org"
    }


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_what_is_new_goes_out_and_nothing_else(
    practice: Installation,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    move: Callable[[list[Item]], Moved],
) -> None:
    run_one(practice)
    clock.move_to(DUE)
    assert mailed(practice) == list(MAILED)

    clock.move_to(DUE + timedelta(days=3))
    moved = move(blog.items)
    new = Item(NEW, DUE + timedelta(days=2, hours=3), guid="fresh", link="https://blog.invalid/fresh")
    with Blog([new, *moved.items]) as other:
        if moved.configured:
            practice = installation(practice.database, tmp_path, other.url)
            blog.status = 404
        elif moved.elsewhere:
            blog.status, blog.headers = 301, {"Location": other.url}
        else:
            blog.items = other.items
        run_one(practice)
        clock.move_to(DUE + A_WEEK)
        assert mailed(practice) == [NEW]
        clock.move_to(DUE + 2 * A_WEEK)
        assert mailed(practice) == []
    known = states(practice)
    assert len(known) == len(MAILED) + len(ARCHIVE) + 1, "no post is there twice"
    assert sorted(known.values()) == ["archive"] * len(ARCHIVE) + ["mailed"] * (len(MAILED) + 1)


def test_a_post_of_the_archive_that_is_published_anew_stays_in_the_archive(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    clock.move_to(DUE)
    run_one(practice)
    blog.items[5].published = DUE + timedelta(days=1)
    clock.move_to(DUE + A_WEEK)
    assert mailed(practice) == []


def test_a_letter_that_is_added_later_gets_no_past_by_a_move(
    practice: Installation, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    clock.move_to(DUE + timedelta(days=20))
    blog.items = MOVES["every date that of the move"](blog.items).items
    for one in blog.items:
        one.published = time.now()
    run_one(practice)
    both = [{"name": "weekly"}, {"name": "second"}]
    practice = installation(practice.database, tmp_path, blog.url, digests=both)
    pull(practice.database, practice.config)
    with practice.database.read() as connection:
        known = every_post(connection, practice.config, time.now())
    assert {str(one.state) for one in known} <= {"archive", "mailed", "new"}
    assert [one.title for one in known if one.state == "new"] == list(MAILED), "they were never mailed"


# What nobody can tell


def strange(days: tuple[float, ...]) -> list[Item]:
    return [
        Item(f"Unheard of {'abcdefg'[n] * 9}", MONDAY - timedelta(days=ago, minutes=n), guid=f"{n:032}")
        for n, ago in enumerate(days)
    ]


@pytest.fixture
def unsure(practice: Installation, blog: Blog, clock: time_machine.Traveller) -> Installation:
    """After a move that left nothing as it was, beside one post that is truly new."""
    run_one(practice)
    clock.move_to(DUE)
    run_one(practice)
    clock.move_to(DUE + timedelta(days=3))
    new = Item(NEW, DUE + timedelta(days=2), guid="fresh")
    blog.items = [new, *strange((1.1, 3.2, 200))]
    run_one(practice)
    return practice


def test_it_waits_and_staff_are_told_once_with_both_sides_shown(
    unsure: Installation, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    (text,) = [text for subject, text in notices(tmp_path).items() if "A blog has moved" in subject]
    _here, there = text.partition("Unheard of aaaaaaaaa")[2].split("≟")[:2]
    assert there.startswith(f" “{MAILED[0]}”, 2026-11-22")
    assert "weekly-1" in there
    assert "rapport posts keep-out" in text
    before = len(list((tmp_path / "outbox").glob("*.eml")))
    clock.shift(timedelta(hours=5))
    run_one(unsure)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == before


def test_what_is_new_goes_out_beside_it_and_the_archive_does_not(
    unsure: Installation, clock: time_machine.Traveller
) -> None:
    clock.move_to(DUE + A_WEEK)
    assert mailed(unsure) == [NEW]
    known = states(unsure)
    assert [known[one.title] for one in strange((1, 3, 200))] == ["unsure", "unsure", "archive"]
    assert "withdrawn" not in known.values()


# A feed that turns over


def in_a_week(number: int) -> list[Item]:
    gap = A_WEEK / number
    return [Item(f"Post {n}", DUE + gap * n, guid=f"post-number-{n:06}") for n in range(number)]


def shown(every: list[Item], number: int) -> list[Item]:
    out = [one for one in every if one.published and one.published <= time.now()]
    return sorted(out, key=lambda one: one.published or MONDAY, reverse=True)[:number]


def test_fourteen_posts_in_a_week_through_a_feed_of_ten_are_all_known(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    every = [*blog.items, *in_a_week(14)]
    clock.move_to(DUE)
    while time.now() < DUE + A_WEEK:
        blog.items = shown(every, 10)
        run_one(practice)
        clock.shift(timedelta(hours=6))
    with practice.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(posts)) == len(every)


def test_a_feed_that_turned_over_in_between_is_told_with_how_many_may_be_lost(
    practice: Installation, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    every = in_a_week(28)
    clock.move_to(DUE + timedelta(days=2))
    blog.items = shown(every, 4)
    pull(practice.database, practice.config)
    clock.move_to(DUE + timedelta(days=4))
    blog.items = shown(every, 4)
    (pulled,) = pull(practice.database, practice.config)
    assert (pulled.new, pulled.overlaps, pulled.may_be_lost) == (4, False, 4)
    run_one(practice)
    told = " ".join(notices(tmp_path)["Posts may have been missed"].split())
    assert "about 4 of its posts" in told
    assert "WordPress under Settings" in told
    assert pull(practice.database, practice.config)[0].overlaps


def test_run_reads_each_feed_as_often_as_it_says_and_no_more(
    practice: Installation, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    counted = []
    for minutes in (0, 10, 49, 2, 58):
        clock.shift(timedelta(minutes=minutes))
        run_one(practice)
        counted.append(blog.requests)
    assert counted == [1, 1, 2, 2, 3]
    often = installation(practice.database, tmp_path, blog.url, feeds=[{"url": blog.url, "every": "5m"}])
    clock.shift(timedelta(minutes=6))
    run_one(often)
    assert blog.requests == 4


def test_a_feed_that_is_broken_is_not_asked_at_every_run(
    practice: Installation, blog: Blog, clock: time_machine.Traveller
) -> None:
    run_one(practice)
    blog.status = 404
    clock.shift(timedelta(hours=1))
    for _ in range(3):
        run_one(practice)
        clock.shift(timedelta(minutes=5))
    assert blog.requests == 2
