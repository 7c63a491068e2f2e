"""By what a service knows a repeat: these keys stand with the services, so they never change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.delivery.channels.keys import record_key, repeat_key

if TYPE_CHECKING:
    from pipeline.core.sections.channel import Channel

DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
SIGNS = "234567abcdefghijklmnopqrstuvwxyz"


def config(*channels: dict[str, Any], pages: str = "https://letter.example.org") -> Config:
    newsletter = {"name": "x", "from_email": "letter@example.org", "public_url": pages}
    feeds = [{"url": "https://example.org/feed"}]
    return Config.model_validate({"newsletter": newsletter, "feeds": feeds, "channels": list(channels)})


def channel(**values: Any) -> Channel:
    given = {"name": "one", "kind": "mastodon", "url": "https://social.example"} | values
    return config(given).channels[0]


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "de2cb7ff55bc8a86403556ee64924952"),
        ({"kind": "webhook"}, "msg_56eec6a0cc57d180cb7d6dea7abc6e60"),
        ({"kind": "bluesky", "account": "practice.bsky.social"}, "3n37ti2palj5q"),
    ],
    ids=["mastodon", "webhook", "bluesky"],
)
def test_a_key_is_the_same_for_ever(values: dict[str, Any], key: str) -> None:
    assert repeat_key(config(), channel(**values), "weekly-1", DUE, 0) == key


def test_every_edition_channel_newsletter_and_new_attempt_has_a_key_of_its_own() -> None:
    other = config(pages="https://other.example.org")
    keys = [
        repeat_key(config(), channel(), "weekly-1", DUE, 0),
        repeat_key(config(), channel(), "weekly-2", DUE, 0),
        repeat_key(config(), channel(), "weekly-1", DUE, 1),
        repeat_key(config(), channel(url="https://other.example"), "weekly-1", DUE, 0),
        repeat_key(config(), channel(kind="webhook"), "weekly-1", DUE, 0),
        repeat_key(other, channel(), "weekly-1", DUE, 0),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("slug", ["weekly-1", "weekly-2", "monatlich-12", "a"])
def test_a_record_key_says_the_second_of_the_due_time_and_fills_the_rest_by_the_name(slug: str) -> None:
    """atproto.com/specs/tid: 53 bits of microseconds since 1970, then 10 bits of a clock's id."""
    number = 0
    for sign in record_key(DUE, slug):
        number = number * 32 + SIGNS.index(sign)
    assert number < 1 << 63
    assert datetime.fromtimestamp((number >> 10) / 1e6, UTC).replace(microsecond=0) == DUE
    assert record_key(DUE, slug) < record_key(DUE + timedelta(seconds=1), "weekly-1")


def test_a_record_key_has_thirteen_signs_however_late_it_is() -> None:
    late = record_key(datetime(2300, 1, 1, tzinfo=UTC), "weekly-1")
    assert len(late) == 13
    assert late[0] in SIGNS[:8], "the first bit of a TID is 0"
