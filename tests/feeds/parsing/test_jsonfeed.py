"""JSON Feed in, the same clean entries out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.core.errors import FeedError
from pipeline.feeds.parsing.parse import parse
from tests.feeds.quirk import FEED_URL, entries


def test_a_json_feed_gives_clean_entries() -> None:
    walk, plain, by_id, pictured = entries("json-feed.json")
    assert (walk.guid, walk.link, walk.title) == ("1", "https://practice.example/walk", "A walk & a talk")
    assert walk.published == datetime(2026, 3, 2, 14, tzinfo=UTC)
    assert (walk.author, walk.categories) == ("Ada Lo", ("Sleep",))
    assert (walk.excerpt, walk.words) == ("Ten minutes outside. They help.", 5)
    assert walk.image_url == "https://practice.example/img/walk.jpg"
    assert (plain.guid, plain.author, plain.title) == ("2", "Bo", "Plain < text")
    assert plain.excerpt == "Plain < text. A second line."
    assert by_id.link == "https://practice.example/3"
    assert (pictured.image_url, pictured.excerpt) == ("https://practice.example/a.png", "In short.")


def test_fields_of_wrong_types_count_as_absent() -> None:
    (kept,) = entries("json-wrong-types.json")
    assert (kept.guid, kept.title, kept.author, kept.published) == ("3.5", "Kept", "Jo", None)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"[1, 2]",
        b'{"error": "not found"}',
        b'{"version": 1}',
        b'{"items": ' + b"[" * 100_000,
        b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"9" * 10_000 + b"]}",
    ],
)
def test_json_of_another_kind_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError, match="JSON"):
        parse(body, url=FEED_URL)


@pytest.mark.parametrize("items", ["[]", "null", '"x"', "{}"])
def test_a_json_feed_without_items_is_empty(items: str) -> None:
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "items": {items}}}'
    assert parse(body.encode(), url=FEED_URL).entries == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_before_the_json_does_no_harm(encoding: str) -> None:
    body = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "Ünter"}]}'
    assert parse(body.encode(encoding), url=FEED_URL).entries[0].title == "Ünter"
