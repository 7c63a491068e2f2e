"""What keeps a post out, lets one in, and chooses the offer: categories, all compared alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.core.sections.digest import Digest
from pipeline.editions.compose import compose
from pipeline.editions.post_list import every_post
from pipeline.feeds import categories
from pipeline.feeds.pull import pull
from pipeline.letter.cta import call_to_action, offer_named
from subscribers import clock
from tests.doubles.blog import Blog, Item
from tests.installations import installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

WRITTEN = ["Für Paare", "fu\u0308r paare", "FÜR  PAARE", " für paare "]


@pytest.mark.parametrize("one", WRITTEN)
@pytest.mark.parametrize("other", WRITTEN)
def test_case_spaces_and_ways_to_write_an_accent_make_no_other_category(one: str, other: str) -> None:
    assert categories.shared([one], ["Other", other]) == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Men's groups", "Men’s groups"),
        ("Self-care", "self‑care"),
        ("Anxiety", "anxiety\u200b"),
        ("İzmir", "izmir"),
    ],
)
def test_nor_do_signs_that_programs_write_in_several_ways(one: str, other: str) -> None:
    assert categories.shared([one], [other]) == other


def test_other_words_do() -> None:
    assert categories.shared(["couples"], ["Couple", "Groups"]) is None
    assert categories.shared([], ["Couples"]) is None


def day(ago: float) -> datetime:
    from datetime import timedelta

    return clock.now() - timedelta(days=ago)


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog(
        [
            Item("Of couples", day(1), categories=("Fu\u0308r  PAARE",)),
            Item("Of nobody's business", day(2), categories=("News", " No-Letter ")),
            Item("Of groups", day(3), categories=("Groups",)),
        ]
    ) as served:
        yield served


def made(database: Database, folder: Path, blog: Blog, **digest: Any) -> Installation:
    made = installation(database, folder, blog.url, digests=[{"name": "weekly", **digest}])
    pull(made.database, made.config)
    return made


def chosen(practice: Installation) -> list[str]:
    edition = compose(practice, practice.config.digests[0]).edition
    return [post["title"] for post in edition.posts] if edition is not None else []


def test_a_post_filed_under_no_letter_stays_on_the_blog(
    sqlite_database: Database, tmp_path: Path, blog: Blog
) -> None:
    practice = made(sqlite_database, tmp_path, blog)
    assert chosen(practice) == ["Of couples", "Of groups"]
    with practice.database.read() as connection:
        (kept,) = [
            one for one in every_post(connection, practice.config, clock.now()) if one.state == "kept_out"
        ]
    assert (kept.title, kept.reason) == ("Of nobody's business", "filed under No-Letter (exclude_categories)")


def test_exclusion_wins_over_inclusion(sqlite_database: Database, tmp_path: Path, blog: Blog) -> None:
    practice = made(
        sqlite_database,
        tmp_path,
        blog,
        include_categories=["news", "für paare"],
        exclude_categories=["NO-LETTER"],
    )
    assert chosen(practice) == ["Of couples"]


def test_with_no_exclusion_it_is_mailed(sqlite_database: Database, tmp_path: Path, blog: Blog) -> None:
    practice = made(sqlite_database, tmp_path, blog, exclude_categories=[])
    assert len(chosen(practice)) == 3


def test_the_offer_is_chosen_by_the_same_rule(sqlite_database: Database, tmp_path: Path, blog: Blog) -> None:
    match = {"url": "https://example.org", "variants": [{"categories": ["für paare"], "heading": "For two"}]}
    practice = installation(sqlite_database, tmp_path, blog.url, match=match)
    pull(practice.database, practice.config)
    with practice.database.read() as connection:
        from sqlalchemy import select

        from pipeline.core.tables.feeds import posts
        from pipeline.feeds.posts import Post

        known = [Post.of(row) for row in connection.execute(select(posts).order_by(posts.c.id))]
    assert call_to_action(practice.config, known).heading == "For two"
    assert offer_named(practice.config, "FÜR PAARE")["heading"] == "For two"


def test_no_letter_is_the_default() -> None:
    assert Digest(name="weekly").exclude_categories == ["no-letter"]
    assert Config.model_fields["feeds"]
