"""The archive: which editions have a page, what it tells, its feeds and cards, and who may open it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import feedparser
import pytest
import time_machine

from pipeline.editions.edition import EditionStatus
from pipeline.editions.store import change, create
from pipeline.feeds.first_seen import register
from pipeline.feeds.parsing.parse import parse
from pipeline.letter.personal import HTML_TAGS
from subscribers import clock
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe
from tests.web.public.visitor import Shape, Visitor, everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"
SITE = "https://letter.example.org"
HANDED_OVER = datetime(2026, 11, 26, 14, 5, 9, tzinfo=UTC)


def sent(
    practice: Installation,
    title: str = "A calm week",
    *,
    weeks_ago: int = 0,
    status: str = "sent",
    **more: Any,
) -> str:
    """The slug of an edition that went out, or stands otherwise."""
    at = HANDED_OVER - timedelta(weeks=weeks_ago)
    body = (
        f'<h1>The Weekly Letter</h1><h2><a href="https://blog.example/{weeks_ago}">{title}</a></h2>'
        f"<p>What was written {weeks_ago} weeks ago.</p>"
        f'<p><a href="{HTML_TAGS.unsubscribe}">Unsubscribe</a></p>'
    )
    said: dict[str, Any] = {"subject": title, "preheader": f"About {title}", "html": body, "text": title}
    with practice.database.write() as connection:
        register(connection, practice.config, clock.now())
        digest, zone = practice.config.digests[0], practice.config.newsletter.zone
        made = create(connection, digest, f"{at:%Y-%m-%d}T09:00", zone, status=EditionStatus(status))
        change(connection, made.id, **{"snapshot_at": at, "finished_at": at} | said | more)
    return made.slug


@pytest.fixture
def visit(sqlite_database: Database, tmp_path: Path) -> Iterator[Any]:
    """Visitors of a practice with such a configuration."""
    visitors = []

    def visitor(**sections: Any) -> Visitor:
        visitors.append(Visitor(installation(sqlite_database, tmp_path, FEED, **sections)))
        return visitors[-1]

    yield visitor
    for one in visitors:
        one.close()


def test_the_newest_stand_first_by_year(visitor: Visitor, practice: Installation) -> None:
    slugs = [sent(practice, f"Week {weeks}", weeks_ago=weeks) for weeks in (60, 3, 0)]
    page = visitor.get("/archive").text
    assert re.findall(r'href="/archive/(weekly-\d+)"', page) == list(reversed(slugs))
    assert re.findall(r"<h2>(\d{4})</h2>", page) == ["2026", "2025"]
    assert "November 26, 2026" in page


@pytest.mark.parametrize("status", ["draft", "approved", "held", "skipped", "cancelled", "paused"])
def test_what_was_not_sent_has_no_page_and_stands_in_no_list(
    visitor: Visitor, practice: Installation, status: str
) -> None:
    slug = sent(practice, "Not for you", status=status)
    for path in (f"/archive/{slug}", f"/archive/{slug}/card.png"):
        assert visitor.get(path).status_code == 404
    for path in ("/archive", "/archive/feed.xml", "/archive/feed.json", "/"):
        assert "Not for you" not in visitor.get(path).text


def test_one_on_its_way_has_its_page_for_its_first_readers_and_is_not_listed_yet(
    visitor: Visitor, practice: Installation
) -> None:
    slug = sent(practice, "On its way", status="sending", finished_at=None)
    assert visitor.get(f"/archive/{slug}").status_code == 200
    assert "On its way" not in visitor.get("/archive").text


REAL = {"provider": "sendgrid"}


@pytest.mark.parametrize(
    ("delivery", "provider", "there"),
    [
        ({}, "outbox", True),
        ({}, "sendgrid", True),
        (REAL, "outbox", False),
        (REAL, "sendgrid", True),
        (REAL, None, True),
    ],
)
def test_what_only_went_to_the_outbox_counts_while_letters_go_there(
    visit: Any, delivery: dict[str, Any], provider: str | None, there: bool
) -> None:
    visitor = visit(delivery=delivery)
    slug = sent(visitor.installation, provider=provider)
    assert (slug in visitor.get("/archive").text) is there
    assert visitor.get(f"/archive/{slug}").is_success is there


def test_a_page_has_its_own_head_and_says_nothing_personal(visitor: Visitor, practice: Installation) -> None:
    slug = sent(practice, 'Rest & "quiet"')
    answer = visitor.get(f"/archive/{slug}")
    page = answer.text
    assert "<title>Rest &amp; &#34;quiet&#34; – The Weekly Letter</title>" in page
    assert '<meta name="description" content="About Rest &amp; &#34;quiet&#34;">' in page
    assert f'<link rel="canonical" href="{SITE}/archive/{slug}">' in page
    assert f'<meta property="og:image" content="{SITE}/archive/{slug}/card.png">' in page
    assert '<meta property="og:type" content="article">' in page
    assert "noindex" not in page
    assert "What was written 0 weeks ago." in page
    assert "rapport-" not in page
    assert "/unsubscribe" not in page
    tags = [tag for tag, _ in Shape(page).tags]
    assert tags.count("h1") == 1
    assert "script" not in tags
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_an_edition_without_text_of_its_own_is_no_failure(visitor: Visitor, practice: Installation) -> None:
    slug = sent(practice, "", html="", preheader="", snapshot_at=None, finished_at=None)
    assert "<h1>The Weekly Letter</h1>" in visitor.get(f"/archive/{slug}").text
    assert f'<a dir="auto" href="/archive/{slug}">The Weekly Letter</a>' in visitor.get("/archive").text
    assert json.loads(visitor.get("/archive/feed.json").content)["items"][0]["title"] == "The Weekly Letter"


@pytest.mark.parametrize(
    "path", ["/archive", "/archive/weekly-1", "/archive/feed.xml", "/archive/weekly-1/card.png"]
)
def test_search_engines_are_kept_out_where_the_practice_says_so(visit: Any, path: str) -> None:
    visitor = visit(archive={"robots": False})
    sent(visitor.installation)
    answer = visitor.get(path)
    assert answer.headers["x-robots-tag"] == "noindex"
    if answer.headers["content-type"].startswith("text/html"):
        assert '<meta name="robots" content="noindex">' in answer.text


PATHS = [
    "/archive",
    "/archive/weekly-1",
    "/archive/feed.xml",
    "/archive/feed.json",
    "/archive/weekly-1/card.png",
]


@pytest.mark.parametrize("path", PATHS)
def test_who_has_it_already_is_sent_nothing(visitor: Visitor, practice: Installation, path: str) -> None:
    sent(practice)
    first = visitor.get(path)
    assert first.headers["last-modified"] == "Thu, 26 Nov 2026 14:05:09 GMT"
    etag = first.headers["etag"]
    for headers in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": format_datetime(HANDED_OVER + timedelta(days=1), usegmt=True)},
    ):
        again = visitor.get(path, headers=headers)
        assert (again.status_code, again.content) == (304, b""), headers
        for name in ("etag", "last-modified", "cache-control"):
            assert again.headers[name] == first.headers[name]
    for headers in (
        {"If-None-Match": '"other"'},
        # RFC 9110, 13.1.3: ignored beside If-None-Match, and when it is no date.
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": format_datetime(HANDED_OVER - timedelta(seconds=1), usegmt=True)},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Thu, 26 Nov 2026 14:05:09"},
    ):
        assert visitor.get(path, headers=headers).content == first.content


def test_a_new_letter_changes_what_the_feeds_and_the_list_answer(
    visitor: Visitor, practice: Installation
) -> None:
    sent(practice, weeks_ago=1)
    before = {path: visitor.get(path) for path in ("/archive", "/archive/feed.xml", "/archive/feed.json")}
    sent(practice, "And another")
    for path, first in before.items():
        known = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
        again = visitor.get(path, headers=known)
        assert again.status_code == 200
        assert "And another" in again.text
        known.pop("If-None-Match")
        assert visitor.get(path, headers=known).status_code == 200


def test_the_rss_feed_is_what_the_specification_asks_for(visitor: Visitor, practice: Installation) -> None:
    sent(practice, "Ümlaut & <angle>\x0b", weeks_ago=1)
    sent(practice, "Newest")
    answer = visitor.get("/archive/feed.xml")
    assert answer.headers["content-type"] == "application/rss+xml"
    (channel,) = ElementTree.fromstring(answer.content)
    told = {child.tag for child in channel}
    atom = "{http://www.w3.org/2005/Atom}link"
    assert {"title", "link", "description", "language", "lastBuildDate", atom} <= told
    (own,) = channel.findall(atom)
    assert own.attrib == {"href": f"{SITE}/archive/feed.xml", "rel": "self", "type": "application/rss+xml"}
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo
    newest, other = parsed.entries
    assert (newest.title, newest.link, newest.id) == ("Newest", *[f"{SITE}/archive/weekly-2"] * 2)
    assert newest.published == "Thu, 26 Nov 2026 14:05:09 GMT"
    assert newest.summary == "About Newest"
    assert "What was written 0 weeks ago." in newest.content[0].value
    assert other.title == "Ümlaut & <angle>"


def test_the_json_feed_is_what_the_specification_asks_for(visitor: Visitor, practice: Installation) -> None:
    sent(practice, "Newest")
    answer = visitor.get("/archive/feed.json")
    assert answer.headers["content-type"] == "application/feed+json"
    feed = json.loads(answer.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["home_page_url"], feed["feed_url"]) == (f"{SITE}/archive", f"{SITE}/archive/feed.json")
    (item,) = feed["items"]
    assert isinstance(item["id"], str)
    assert (item["url"], item["title"]) == (f"{SITE}/archive/weekly-1", "Newest")
    assert item["date_published"] == "2026-11-26T14:05:09+00:00"
    assert "What was written 0 weeks ago." in item["content_html"]


def test_feeds_hold_no_relative_address_no_style_and_nothing_personal(
    visitor: Visitor, practice: Installation
) -> None:
    sent(practice)
    for path in ("/archive/feed.xml", "/archive/feed.json"):
        feed = visitor.get(path).text
        for bad in ("rapport-", "unsubscribe", 'href=\\"/', "href=&#34;/", "style="):
            assert bad not in feed.lower()


def test_empty_feeds_and_an_empty_archive_are_valid(visitor: Visitor) -> None:
    assert "There is no letter yet." in visitor.get("/archive").text
    parsed = feedparser.parse(visitor.get("/archive/feed.xml").content)
    assert (parsed.bozo, parsed.entries) == (False, [])
    assert json.loads(visitor.get("/archive/feed.json").content)["items"] == []
    assert "last-modified" not in visitor.get("/archive/feed.xml").headers


def test_both_feeds_read_by_rapport_itself_are_the_same_posts(
    visitor: Visitor, practice: Installation
) -> None:
    slugs = [sent(practice, f"Week {weeks}", weeks_ago=weeks) for weeks in (2, 1, 0)]
    rss, as_json = (
        parse(visitor.get(path).content, url=f"{SITE}{path}").entries
        for path in ("/archive/feed.xml", "/archive/feed.json")
    )
    assert [entry.link for entry in rss] == [f"{SITE}/archive/{slug}" for slug in reversed(slugs)]
    assert list(rss) == list(as_json)


def test_a_card_is_a_picture_of_the_size_that_is_shown_whole(
    visitor: Visitor, practice: Installation
) -> None:
    slug = sent(practice)
    answer = visitor.get(f"/archive/{slug}/card.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    size = [int.from_bytes(answer.content[at : at + 4]) for at in (16, 20)]
    assert size == [1200, 630]
    assert answer.headers["cache-control"] == "public, max-age=86400"


def test_the_whole_way_from_a_post_to_its_page(database: Database, tmp_path: Path) -> None:
    with Blog([Item("A quiet morning", clock.now() - timedelta(hours=3))]) as blog:
        made = installation(database, tmp_path, blog.url)
        keys = {"reply_to": "hello@example.org", "signed_by": "Ines Calloway, Practice Lead"}
        newsletter = made.config.newsletter.model_copy(update=keys)
        made.config = made.config.model_copy(update={"newsletter": newsletter})
        subscribe(database, 2)
        ran = run_one(made, at_once=True)
    assert ran.edition is not None
    assert "Or just reply to this letter." in ran.edition.text
    named = re.search(r"https://letter\.example\.org(/archive/\S+)", ran.edition.text)
    assert named
    visitor = Visitor(made)
    before = everything(database)
    answer = visitor.get(named[1])
    for path in ("/", "/archive", "/archive/feed.json"):
        assert "A quiet morning" in visitor.get(path).text
    visitor.close()
    assert answer.status_code == 200
    assert "A quiet morning" in answer.text
    assert everything(database) == before
    for signed in ("Dear reader,", "Ines Calloway", "Practice Lead"):
        assert signed in answer.text
    for personal in ("reader1", "You get this letter because", "Or just reply", "Unsubscribe", "%%"):
        assert personal not in answer.text


class TestNotPublic:
    """`public = false`: only who holds a letter's link."""

    def test_the_list_and_the_feeds_are_not_there(self, visit: Any) -> None:
        visitor = visit(archive={"public": False})
        sent(visitor.installation)
        missing = visitor.get("/nowhere")
        for path in ("/archive", "/archive/feed.xml", "/archive/feed.json", "/archive/weekly-1"):
            assert (visitor.get(path).status_code, visitor.get(path).content) == (404, missing.content)
        for path in ("/", "/subscribe", "/nowhere"):
            assert "archive" not in visitor.get(path).text
            assert "A calm week" not in visitor.get(path).text

    def test_the_link_in_the_letter_opens_it_and_names_nobody(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        with Blog([Item("A quiet morning", clock.now() - timedelta(hours=3))]) as blog:
            made = installation(sqlite_database, tmp_path, blog.url, archive={"public": False})
            subscribe(sqlite_database, 2)
            edition = run_one(made, at_once=True).edition
        assert edition is not None
        (link,) = set(re.findall(r"https://letter\.example\.org(/archive/[^\s\"]+)", edition.html))
        assert link in edition.text  # in the stored bytes: the same for every reader
        visitor = Visitor(made)
        answer = visitor.get(link)
        assert answer.status_code == 200
        assert "A quiet morning" in answer.text
        assert answer.headers["cache-control"] == "private, max-age=300"
        assert answer.headers["x-robots-tag"] == "noindex"
        card = re.search(r'og:image" content="https://letter.example.org([^"]+)"', answer.text)
        assert card
        assert visitor.get(card[1]).headers["content-type"] == "image/png"
        # Whoever shares the page shares what opens it.
        for own in ('rel="canonical" href="', 'og:url" content="'):
            assert f'{own}https://letter.example.org{link}"' in answer.text
        key = link.partition("?key=")[2]
        assert len(key) >= 22
        others = ["", f"?key={key[:-1]}", f"?key={key}A", "?key=%00", "?key=é", f"?key={key.swapcase()}"]
        for other in others:
            assert visitor.get(f"/archive/{edition.slug}{other}").status_code == 404
        assert visitor.get(f"/archive/weekly-2?key={key}").status_code == 404
        visitor.close()

    def test_the_same_link_goes_on_where_the_archive_becomes_public(self, visit: Any) -> None:
        slug = sent(visit().installation)
        assert visit().get(f"/archive/{slug}?key=anything").status_code == 200


def test_under_a_path_of_public_url_all_links_are_under_it(visit: Any) -> None:
    newsletter = {
        "name": "The Weekly Letter",
        "from_email": "letter@example.org",
        "public_url": "https://example.org/letter",
    }
    visitor = visit(newsletter=newsletter)
    slug = sent(visitor.installation)
    for path in ("/letter", "/letter/", "/"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert f'href="/letter/archive/{slug}"' in page.text
    assert (
        '<link rel="canonical" href="https://example.org/letter/archive'
        in visitor.get("/letter/archive").text
    )
    assert f"https://example.org/letter/archive/{slug}" in visitor.get("/archive/feed.xml").text


def test_pages_speak_german_where_the_newsletter_does(visit: Any) -> None:
    newsletter = {
        "name": "Hafenbrief",
        "from_email": "letter@example.org",
        "language": "de",
        "timezone": "Europe/Berlin",
    }
    visitor = visit(newsletter=newsletter)
    slug = sent(visitor.installation)
    assert "Alle Briefe" in visitor.get("/archive").text
    page = visitor.get(f"/archive/{slug}").text
    assert '<html lang="de"' in page
    assert "26. November 2026" in page


def test_the_time_of_a_page_is_never_later_than_its_answer(visitor: Visitor, practice: Installation) -> None:
    sent(practice)
    with time_machine.travel(HANDED_OVER - timedelta(hours=1), tick=False):
        assert visitor.get("/archive").headers["last-modified"] == "Thu, 26 Nov 2026 13:05:09 GMT"
