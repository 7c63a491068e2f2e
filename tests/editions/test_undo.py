"""Changes of an edition taken back one after the other, and posts moved one at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import edit_steps
from pipeline.core.tables.feeds import posts
from pipeline.editions import course, find, order, undo
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.editions.decided import stand
from pipeline.editions.edit import Wish, edit, take_back
from pipeline.editions.order import Move
from pipeline.feeds.pull import pull
from subscribers import staff_log
from tests.doubles.blog import Blog, Item
from tests.installations import installation, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition
    from tests.beginnings import Begun

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
ANNE, BEN = "anne@example.org", "ben@example.org"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with Blog(
        [Item(f"Post {n}", MONDAY - timedelta(hours=n), guid=f"guid-{n}") for n in range(1, 5)]
    ) as served:
        yield served


@pytest.fixture
def drafted(clock: time_machine.Traveller, begun: Begun, tmp_path: Path, blog: Blog) -> Installation:
    """A draft of three posts; a fourth is left out."""

    def practice(database: Database, folder: Path) -> Installation:
        return installation(database, folder, blog.url, digests=[{"name": "weekly", "max_posts": 3}])

    def make(database: Database, folder: Path) -> None:
        subscribe(database, 1)
        made = practice(database, folder)
        pull(made.database, made.config)
        compose(made, made.config.digests[0])

    return practice(begun("drafted", make), tmp_path)


def changed(installed: Installation, actor: str = ANNE, **wanted: Any) -> Edition:
    return edit(installed, installed.config.digests[0], "weekly-1", Wish(**wanted), actor)


def back(installed: Installation, actor: str = ANNE) -> Edition:
    return take_back(installed, installed.config.digests[0], "weekly-1", actor)


def edition(installed: Installation) -> Edition:
    with installed.database.read() as connection:
        return find.by_slug(connection, "weekly-1")


def titles(of: Edition) -> list[str]:
    return [post["title"] for post in of.posts]


def log(installed: Installation) -> list[tuple[str, str, str]]:
    with installed.database.read() as connection:
        entries = staff_log.latest(connection, "weekly-1", 99)
    return [(entry.actor, entry.action, entry.detail) for entry in entries]


@pytest.mark.databases("sqlite", "postgresql")
def test_changes_are_taken_back_one_after_the_other_to_the_letter_as_it_was(drafted: Installation) -> None:
    at_first = edition(drafted).fingerprint()
    changed(drafted, subject="Small things")
    one_post = changed(drafted, drop=[2, 3]).fingerprint()
    changed(drafted, intro="Hello.")
    assert back(drafted).fingerprint() == one_post
    back(drafted)
    assert titles(edition(drafted)) == ["Post 1", "Post 2", "Post 3"]
    last = back(drafted)
    assert (last.fingerprint(), last.edits) == (at_first, {})
    with pytest.raises(RapportError, match="no change of weekly-1 to take back"):
        back(drafted)


def test_what_one_types_without_a_pause_is_one_step_and_one_entry_of_the_log(
    drafted: Installation, clock: time_machine.Traveller
) -> None:
    for text in ("S", "Sm", "Small"):
        changed(drafted, subject=text)
        clock.shift(15)
    clock.shift(30)
    changed(drafted, subject="Smaller")
    assert log(drafted) == [(ANNE, "edit", "subject")] * 2
    assert back(drafted).subject == "Small"
    assert back(drafted).subject == "Post 1"


@pytest.mark.databases("sqlite", "postgresql")
def test_two_who_type_in_one_place_have_a_step_each(drafted: Installation) -> None:
    changed(drafted, subject="Anne's")
    changed(drafted, BEN, subject="Ben's")
    assert back(drafted).subject == "Anne's"
    assert log(drafted)[0] == (ANNE, "undo", "subject")


def test_moving_a_post_twice_is_two_steps(drafted: Installation) -> None:
    (first, *_) = (post["id"] for post in edition(drafted).posts)
    changed(drafted, move=Move(first, "down"))
    assert titles(changed(drafted, move=Move(first, "down"))) == ["Post 2", "Post 3", "Post 1"]
    assert titles(back(drafted)) == ["Post 2", "Post 1", "Post 3"]


def test_a_wish_that_changes_nothing_is_no_step(drafted: Installation) -> None:
    changed(drafted, subject="Small things")
    changed(drafted, subject="Small things")
    assert back(drafted).subject == "Post 1"
    assert len(log(drafted)) == 2


def test_a_change_of_what_was_approved_withdraws_the_approval_and_says_so(drafted: Installation) -> None:
    changed(drafted, subject="Small")
    approve(drafted, "weekly-1", actor=BEN)
    with drafted.database.read() as connection:
        approved = stand(connection, edition(drafted))
    assert approved is not None
    assert (approved.verb, approved.actor, approved.changed_since) == ("approve", BEN, False)
    assert changed(drafted, subject="Smaller").status == "draft"
    assert log(drafted)[0] == (ANNE, "edit", "subject, approval withdrawn"), "not taken for more of the same"
    with drafted.database.read() as connection:
        since = stand(connection, edition(drafted))
    assert since is not None
    assert (since.actor, since.changed_since, since.changed_by) == (BEN, True, ANNE)


def test_taking_back_asks_for_approval_anew_too(drafted: Installation) -> None:
    changed(drafted, subject="Small")
    approve(drafted, "weekly-1")
    assert back(drafted).status == "draft"


def test_what_is_being_sent_is_not_taken_back(drafted: Installation) -> None:
    changed(drafted, subject="Small")
    approve(drafted, "weekly-1")
    with drafted.database.write() as connection:
        course.begin_sending(connection, edition(drafted).id)
    with pytest.raises(RapportError, match="its text is fixed"):
        back(drafted)
    assert edition(drafted).subject == "Small"


def test_no_more_steps_are_kept_than_anybody_goes_back(
    drafted: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "MOST", 2)
    first = edition(drafted).posts[0]["id"]
    for to in ("down", "up", "down", "up"):
        changed(drafted, move=Move(first, to))
    with drafted.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(edit_steps)) == 2


@pytest.mark.databases("sqlite", "postgresql")
def test_a_draft_that_is_discarded_takes_its_steps_along(drafted: Installation) -> None:
    changed(drafted, subject="Small")
    digest = drafted.config.digests[0].model_copy(update={"min_posts": 9})
    changed(drafted, reset=True)
    assert compose(drafted, digest).edition is None
    with drafted.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(edit_steps)) == 0


@pytest.mark.parametrize(
    ("number", "to", "before", "then"),
    [
        (1, "up", 0, "123"),
        (3, "down", 0, "123"),
        (2, "up", 0, "213"),
        (2, "down", 0, "132"),
        (2, "out", 0, "13"),
        (4, "in", 0, "1234"),
        (4, "before", 2, "1423"),
        (3, "before", 1, "312"),
        (1, "before", 0, "231"),
        (1, "before", 99, "231"),
        (2, "before", 2, "132"),
    ],
)
def test_where_a_post_goes(drafted: Installation, number: int, to: str, before: int, then: str) -> None:
    known = edition(drafted)
    ids = {n: post["id"] for n, post in enumerate([*known.posts, *known.left_out], 1)}
    numbers = {post: n for n, post in ids.items()}
    found = order.moved(known, Move(ids[number], to, ids.get(before, before)))
    assert "".join(str(numbers[post]) for post in found) == then


def test_a_post_that_may_be_in_no_letter_is_not_brought_in_and_it_is_said_why(
    drafted: Installation,
) -> None:
    (out,) = edition(drafted).left_out
    with drafted.database.write() as connection:
        connection.execute(update(posts).where(posts.c.id == out["id"]).values(decision="out"))
    with pytest.raises(RapportError, match="“Post 4” cannot be in weekly-1: kept out"):
        changed(drafted, move=Move(out["id"], "in"))
    assert titles(edition(drafted)) == ["Post 1", "Post 2", "Post 3"]


@pytest.mark.parametrize(("number", "to"), [(4, "up"), (4, "out"), (77, "in"), (1, "sideways")])
def test_a_move_that_makes_no_sense_is_refused(drafted: Installation, number: int, to: str) -> None:
    known = edition(drafted)
    ids = {n: post["id"] for n, post in enumerate([*known.posts, *known.left_out], 1)}
    with pytest.raises(RapportError):
        order.moved(known, Move(ids.get(number, 99_999), to))
