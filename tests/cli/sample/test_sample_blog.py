"""The sample blog is what the demo and many tests read: it must be a well-behaved feed and site."""

from __future__ import annotations

import csv
import gzip
from calendar import timegm
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import feedparser
import httpx
import pytest

from pipeline.cli.sample.blog import SUBSCRIBERS, SampleBlog
from pipeline.cli.sample.posts import read_posts
from tests.waiting import LONGEST, get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.cli.sample.posts import SamplePost

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=ZoneInfo("America/New_York"))
POSTS = read_posts()


@pytest.fixture(scope="module")
def blog() -> Iterator[SampleBlog]:
    with SampleBlog(NOW) as served:
        yield served


@pytest.fixture(scope="module")
def feed(blog: SampleBlog) -> feedparser.FeedParserDict:
    return feedparser.parse(get(blog.feed_url).content)


def test_the_feed_is_well_formed_and_holds_nine_posts(feed: feedparser.FeedParserDict) -> None:
    assert not feed.bozo
    assert feed.version == "rss20"
    assert len(feed.entries) == 9


def test_dates_count_back_from_the_given_time(feed: feedparser.FeedParserDict) -> None:
    dates = [datetime.fromtimestamp(timegm(entry.published_parsed), UTC) for entry in feed.entries]
    assert dates == [post.published(NOW) for post in POSTS]
    assert dates == sorted(dates, reverse=True)
    assert [(NOW.date() - day.astimezone(NOW.tzinfo).date()).days for day in dates] == [
        1,
        2,
        3,
        5,
        6,
        9,
        16,
        30,
        60,
    ]
    assert sum(NOW - day <= timedelta(days=7) for day in dates) == 5
    assert dates[0].astimezone(NOW.tzinfo).strftime("%H:%M") == "08:30"


def test_one_of_the_weeks_posts_is_for_couples(feed: feedparser.FeedParserDict) -> None:
    assert any("couples" in [tag.term for tag in entry.tags] for entry in feed.entries[:5])


def test_guids_stay_the_same_wherever_and_whenever_it_is_served(feed: feedparser.FeedParserDict) -> None:
    with SampleBlog(NOW + timedelta(days=3)) as later:
        again = feedparser.parse(get(later.feed_url).content)
    guids = [entry.id for entry in feed.entries]
    assert guids == [entry.id for entry in again.entries]
    assert len(set(guids)) == 9


@pytest.mark.parametrize("post", POSTS, ids=lambda post: post.slug)
def test_a_title_fits_a_subject_line(post: SamplePost) -> None:
    assert 0 < len(post.title) <= 65


def test_every_image_is_served_as_the_jpeg_it_is(blog: SampleBlog, feed: feedparser.FeedParserDict) -> None:
    addresses = [media["url"] for entry in feed.entries for media in entry.get("media_content", [])]
    assert len(addresses) == sum(post.image is not None for post in POSTS) >= 7
    for address in addresses:
        answer = get(address)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8")
        assert len(answer.content) < 80_000
    logo = get(f"{blog.site_url}/images/logo.png")
    assert logo.headers["Content-Type"] == "image/png"


def test_an_unchanged_feed_is_not_sent_again(blog: SampleBlog) -> None:
    first = get(blog.feed_url)
    again = get(blog.feed_url, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = get(blog.feed_url, headers={"If-None-Match": '"something else"'})
    assert other.status_code == 200


def test_the_feed_is_gzipped_for_those_who_take_it(blog: SampleBlog) -> None:
    plain = get(blog.feed_url, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    with httpx.stream("GET", blog.feed_url, headers={"Accept-Encoding": "gzip"}, timeout=LONGEST) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content


def test_every_link_of_the_feed_leads_to_a_page(blog: SampleBlog, feed: feedparser.FeedParserDict) -> None:
    for entry in feed.entries:
        page = get(entry.link)
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.content == get(entry.link.rstrip("/") + "/").content
    for path in ("/", "/blog", "/contact"):
        assert httpx.head(blog.site_url + path, timeout=LONGEST).status_code == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/blog/nothing", "/images/../blog.py", "/images/%2e%2e/blog.py", "/images/"]
)
def test_any_other_address_is_not_found(blog: SampleBlog, path: str) -> None:
    assert get(blog.site_url + path).status_code == 404


def test_leaving_stops_the_server_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    with SampleBlog(NOW) as blog:
        address = blog.feed_url
        get(address)
    with pytest.raises(httpx.ConnectError):
        get(address)
    with pytest.raises(RuntimeError):
        _ = blog.site_url
    assert capfd.readouterr() == ("", "")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SampleBlog(datetime(2026, 11, 26, 9, 0))


def test_sample_subscribers_are_twelve_people_who_cannot_be_written_to() -> None:
    with SUBSCRIBERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["email"] for row in rows}) == len(rows) == 12
    assert {row["email"].partition("@")[2] for row in rows} == {"example.org", "example.com", "example.net"}
    assert all(row["name"] for row in rows)
