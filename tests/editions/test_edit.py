"""What staff change in an edition before it goes, and what stays of it when the draft is composed anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import edition_posts
from pipeline.editions import find, states
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.editions.edit import Wish, edit
from pipeline.feeds.pull import pull
from pipeline.letter.check import check_letter
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition
    from tests.beginnings import Begun

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
VARIANTS = [
    {"categories": ["couples"], "heading": "Looking for someone to talk to together?"},
    {"categories": ["teenagers", "school"], "url": "https://example.org/teenagers"},
]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="module")
def served() -> Iterator[Blog]:
    with Blog() as blog:
        yield blog


@pytest.fixture
def blog(served: Blog) -> Blog:
    """Five posts of this week, of which three fit, and one of long ago."""
    new = [item(f"Post {n}", timedelta(hours=n)) for n in range(1, 6)]
    served.begin_anew([*new, item("Long ago", timedelta(days=90))])
    return served


def item(title: str, age: timedelta) -> Item:
    return Item(title, MONDAY - age, guid=f"the-guid-of-{title}")


@pytest.fixture
def drafted(begun: Begun, tmp_path: Path, blog: Blog) -> Installation:
    return with_a_draft(begun, tmp_path, blog)


@pytest.fixture
def on_sqlite(begun_on_sqlite: Begun, tmp_path: Path, blog: Blog) -> Installation:
    return with_a_draft(begun_on_sqlite, tmp_path, blog)


def with_a_draft(begun: Begun, folder: Path, blog: Blog) -> Installation:
    def practice(database: Database, folder: Path) -> Installation:
        match = {"url": "https://example.org/contact", "variants": VARIANTS}
        digests = [{"name": "weekly", "max_posts": 3}]
        return installation(database, folder, blog.url, digests=digests, match=match)

    def make(database: Database, folder: Path) -> None:
        subscribe(database, 1)
        composed(practice(database, folder))

    return practice(begun("drafted", make), folder)


def composed(installed: Installation) -> Edition:
    """The draft, made or made anew from the feed as it is now."""
    pull(installed.database, installed.config)
    made = compose(installed, installed.config.digests[0]).edition
    assert made is not None
    return made


def wish(installed: Installation, **wanted: Any) -> Edition:
    return edit(installed, installed.config.digests[0], "weekly-1", Wish(**wanted))


def titles(edition: Edition) -> list[str]:
    return [post["title"] for post in edition.posts]


def claimed(installed: Installation) -> set[int]:
    with installed.database.read() as connection:
        return set(connection.scalars(select(edition_posts.c.post_id)))


def test_subject_preheader_and_intro_stay_when_the_draft_is_composed_anew(
    drafted: Installation, blog: Blog
) -> None:
    wish(drafted, subject="Small things", preheader="Three of them", intro="Hello from *all* of us.")
    blog.items.insert(0, item("The newest", timedelta(0)))
    again = composed(drafted)
    assert (again.subject, again.preheader) == ("Small things", "Three of them")
    assert "Three of them" in again.html
    assert "Hello from <em>all</em> of us." in again.html
    assert titles(again) == ["The newest", "Post 1", "Post 2"], "what they left alone is composed anew"


def test_an_edit_of_the_words_brings_in_no_other_post(drafted: Installation, blog: Blog) -> None:
    blog.items.insert(0, item("The newest", timedelta(0)))
    pull(drafted.database, drafted.config)
    assert titles(wish(drafted, subject="Small things")) == ["Post 1", "Post 2", "Post 3"]


def test_numbers_choose_posts_and_their_order_and_bring_one_in(drafted: Installation, blog: Blog) -> None:
    edited = wish(drafted, posts=[3, 1, 5])
    assert titles(edited) == ["Post 3", "Post 1", "Post 5"]
    assert edited.subject == "Post 3", "the subject follows the lead"
    assert claimed(drafted) == {post["id"] for post in edited.posts}
    left = {post["title"]: post["reason"] for post in edited.left_out}
    assert left["Post 2"] == "waits for the next edition: staff chose the posts of this one"
    assert left["Long ago"].startswith("older than the backlog")
    blog.items.insert(0, item("The newest", timedelta(0)))
    assert titles(composed(drafted)) == ["Post 3", "Post 1", "Post 5"]


@pytest.mark.databases("sqlite", "postgresql")
def test_a_post_that_was_dropped_is_in_the_next_edition(drafted: Installation) -> None:
    assert titles(wish(drafted, drop=[2])) == ["Post 1", "Post 3"]
    assert run_one(drafted, at_once=True).outcome == "sent"
    assert titles(composed(drafted)) == ["Post 2", "Post 4", "Post 5"]


def test_a_chosen_post_that_is_edited_on_the_blog_is_shown_as_it_is_there_now(
    on_sqlite: Installation, blog: Blog
) -> None:
    wish(on_sqlite, posts=[2, 1])
    blog.items[1].title = "Post 2, mended"
    assert titles(composed(on_sqlite)) == ["Post 2, mended", "Post 1"]


def test_more_than_max_posts_and_the_archive_may_be_chosen(on_sqlite: Installation) -> None:
    assert titles(wish(on_sqlite, posts=[6, 1, 2, 3, 4])) == [
        "Long ago",
        "Post 1",
        "Post 2",
        "Post 3",
        "Post 4",
    ]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"posts": [1, 7]}, "weekly-1 has no post 7"),
        ({"posts": [0]}, "weekly-1 has no post 0"),
        ({"posts": [2, 2]}, "A post can be in a letter once"),
        ({"drop": [5]}, "Post 5 is not in weekly-1"),
        ({"drop": [1, 2, 3]}, "A letter needs a post"),
        ({"offer": "gardening"}, "There is no offer 'gardening'"),
        ({"words": {"url": "/contact"}}, "'/contact' leads nowhere from an inbox"),
        ({"intro": "[bad](/contact)"}, "'/contact', which leads nowhere from an inbox"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    on_sqlite: Installation, wanted: dict[str, Any], said: str
) -> None:
    before = wish(on_sqlite, subject="Small things")
    with pytest.raises(RapportError, match=said):
        wish(on_sqlite, **{"preheader": "Another"} | wanted)
    with on_sqlite.database.read() as connection:
        assert find.by_slug(connection, "weekly-1") == before


def test_an_offer_is_chosen_by_number_or_category_and_put_in_words_of_ones_own(
    on_sqlite: Installation,
) -> None:
    edited = wish(on_sqlite, offer="school", words={"heading": "For your son or daughter"})
    assert "For your son or daughter" in edited.html
    assert "https://example.org/teenagers" in edited.text
    assert edited.cta_reason == "because staff chose it"
    assert "Looking for someone to talk to together?" in wish(on_sqlite, offer="1").text
    assert "Looking for a therapist?" in wish(on_sqlite, offer="0").text
    own = wish(on_sqlite, offer="", words={"url": "https://example.org/elsewhere"})
    assert own.cta_reason.endswith("filed under couples, teenagers, school, with words by staff")
    assert "https://example.org/elsewhere" in composed(on_sqlite).html
    assert [
        f.name for f in check_letter(on_sqlite.config, on_sqlite.templates, own) if f.level == "error"
    ] == []


def test_an_edit_is_forgotten_one_by_one_or_all_at_once(on_sqlite: Installation) -> None:
    before = composed(on_sqlite)
    wish(on_sqlite, subject="Small things", preheader="Three of them", posts=[3], offer="1", intro="Hello.")
    assert wish(on_sqlite, subject="").subject == "Post 3"
    assert titles(wish(on_sqlite, posts=[])) == ["Post 1", "Post 2", "Post 3"]
    after = wish(on_sqlite, reset=True)
    assert (after.edits, after.intro) == ({}, "")
    assert after.fingerprint() == before.fingerprint()


def test_words_of_staff_are_words_and_no_template(on_sqlite: Installation) -> None:
    edited = wish(
        on_sqlite,
        subject="{{ posts }}\n%%rapport-unsubscribe-text%%",
        words={"heading": "<b>Us</b> & {{ you }}"},
    )
    assert "&lt;b&gt;Us&lt;/b&gt; &amp; {" in edited.html
    assert "\n" not in edited.subject
    rules = {finding.name for finding in check_letter(on_sqlite.config, on_sqlite.templates, edited)}
    assert "placeholder" not in rules


def test_what_was_edited_goes_out_and_the_next_edition_begins_afresh(on_sqlite: Installation) -> None:
    wish(on_sqlite, subject="Small things", posts=[2], intro="Once only.")
    approve(on_sqlite, "weekly-1")
    ran = run_one(on_sqlite, at_once=True)
    assert ran.edition is not None
    assert (ran.outcome, ran.edition.subject) == ("sent", "Small things")
    following = composed(on_sqlite)
    assert (following.edits, following.intro, following.subject) == ({}, "", "Post 1")


@pytest.mark.parametrize("verb", ["skip", "cancel"])
def test_one_that_is_over_is_not_edited(on_sqlite: Installation, verb: str) -> None:
    with on_sqlite.database.write() as connection:
        states.BY_STAFF[verb](connection, "weekly-1")
    with pytest.raises(RapportError, match="its text is fixed"):
        wish(on_sqlite, subject="Small things")
