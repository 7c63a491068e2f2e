"""RSS and Atom in, clean entries out: one small feed for each trouble met in real ones."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import FeedError
from pipeline.feeds import Entry
from pipeline.feeds.parsing import parse as parse_module
from pipeline.feeds.parsing import xmlfeed
from pipeline.feeds.parsing.limits import MOST_ENTRIES
from pipeline.feeds.parsing.parse import parse
from tests.feeds.quirk import FEED_URL, QUIRKS, entries

if TYPE_CHECKING:
    from pathlib import Path


def one(name: str, **options: str) -> Entry:
    (entry,) = entries(name, **options)
    return entry


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


# Bytes and encodings


@pytest.mark.parametrize(
    "name",
    [
        "bad-xml-truncated.xml",
        "bad-xml-warning-before.xml",
        "blank-before-declaration.xml",
        "utf16-le-without-mark.xml",
        "utf16-be-without-mark.xml",
        "no-guid.xml",
    ],
)
def test_a_damaged_feed_gives_all_its_entries(name: str) -> None:
    assert [entry.title for entry in entries(name)] == ["A walk before breakfast", "On naming feelings"]
    assert [entry.guid for entry in entries(name)] == [None, None]


def test_a_bare_ampersand_stays_in_title_and_link() -> None:
    first, second = entries("bad-xml-bare-ampersand.xml")
    assert (first.title, first.link) == ("Sleep & rest", "https://practice.example/?p=1&q=2")
    assert second.title == "Second"


def test_a_prefix_that_was_never_declared_does_no_harm() -> None:
    assert one("bad-xml-undeclared-prefix.xml").title == "A walk before breakfast"


def test_control_characters_are_taken_out() -> None:
    assert one("bad-xml-control-character.xml").title == "A walk before breakfast"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("encoding-latin1-undeclared.xml", "Café, déjà vu"),
        ("encoding-utf8-said-latin1.xml", "Café “at noon”"),
        ("encoding-windows1251.xml", "Тихое утро"),
        ("encoding-one-broken-byte.xml", "Größe, Wärme, Höhe und Ärger"),
    ],
)
def test_a_wrong_or_missing_encoding_is_seen_through(name: str, title: str) -> None:
    assert one(name).title == title


def test_the_server_names_the_encoding_when_the_feed_does_not() -> None:
    body = "<rss><channel><item><title>Ёлка</title></item></channel></rss>".encode("koi8-r")
    assert parse(body, url=FEED_URL, content_type="text/xml; charset=koi8-r").entries[0].title == "Ёлка"


# What a feed is, and what it is not


def test_an_empty_feed_has_no_entries() -> None:
    assert entries("empty.xml") == ()


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"<note><to>x</to></note>", b"\x89PNG\r\n\x1a\n\0\0", b"%PDF-1.4"]
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError, match="not a feed") as error:
        parse(body, url="https://user:secret@practice.example/feed?token=abc&format=rss")
    assert error.value.remedy
    assert "secret" not in str(error.value)
    assert "abc" not in str(error.value)


def test_a_web_page_is_refused_and_the_feed_it_names_is_told() -> None:
    with pytest.raises(FeedError, match="web page") as error:
        entries("page.html", url="https://practice.example/blog")
    assert "https://practice.example/blog?format=rss" in error.value.remedy


def test_a_feed_wrapped_in_a_page_is_read() -> None:
    assert one("html-wrapped-atom.xml").title == "Inside a page"


# Attacks


@pytest.mark.parametrize(
    "name",
    [
        "entity-bomb.xml",
        "entity-quadratic.xml",
        "entity-external.xml",
        "entity-parameter.xml",
        "entity-external-utf16.xml",
    ],
)
def test_dangerous_entities_are_refused(name: str) -> None:
    with pytest.raises(FeedError, match="entities"):
        entries(name)


def test_the_character_entities_of_old_document_types_are_read() -> None:
    assert one("netscape-dtd.xml").title == "Café (C)"


def test_a_post_about_entities_is_no_attack() -> None:
    body = rss(
        '<item><title>XXE</title><description><![CDATA[<!ENTITY x SYSTEM "file:///">]]></description></item>'
    )
    assert parse(body, url=FEED_URL).entries[0].title == "XXE"


@pytest.mark.parametrize(
    "body",
    [
        b"<rss>" + b"<a>" * 200_000,
        rss("<item><title>t</title><description>" + "&lt;div&gt;" * 100_000 + "</description></item>"),
        rss(
            "<item><title>t</title><description>"
            + "".join(f"&lt;b id={n}&gt;" for n in range(20_000))
            + "&lt;p&gt;x" * 20_000
            + "</description></item>"
        ),
        rss("<item><title>t</title><description>" + "word " * 400_000 + "</description></item>"),
        rss("<item><title>a</title></item>" * 30_000),
        rss("<item><title>x</title><author>" + "a." * 100_000 + "</author></item>"),
        rss("<item>" + "".join(f"<category>c{n}</category>" for n in range(5_000)) + "</item>"),
        b"<!-- -->" * 100_000 + b"<rss/>",
        b"<!DOCTYPE a [" + b"<!--" * 100_000,
        b"\n" * 1_000_000 + b"<rss/>",
        b'{"items":' + b"[" * 200_000,
    ],
    ids=[
        "nesting",
        "divs",
        "formatting",
        "text",
        "items",
        "name",
        "labels",
        "comments",
        "doctype",
        "blank",
        "json",
    ],
)
def test_hostile_feeds_are_read_or_refused_in_bounded_time(body: bytes) -> None:
    begun = time.process_time()
    with suppress(FeedError):
        assert len(parse(body, url=FEED_URL).entries) <= MOST_ENTRIES
    assert time.process_time() - begun < 8


def test_of_very_many_entries_the_newest_stay_whichever_way_they_are_sorted() -> None:
    dates = [datetime.fromtimestamp(1_500_000_000 + n * 86_400, UTC) for n in range(1_500)]
    items = [
        f"<item><title>{n}</title><pubDate>{at.isoformat()}</pubDate></item>" for n, at in enumerate(dates)
    ]
    for body in (rss("".join(items)), rss("".join(reversed(items)))):
        found = parse(body, url=FEED_URL).entries
        assert sorted(int(entry.title) for entry in found) == list(range(1_000, 1_500))


def test_one_broken_entry_never_loses_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = parse_module.entry

    def failing(raw: object, **where: str) -> Entry | None:
        if "walk" in getattr(raw, "title", ""):
            raise RuntimeError("no test has reached this corner")
        return whole(raw, **where)  # type: ignore[arg-type]

    monkeypatch.setattr(parse_module, "entry", failing)
    assert all_but_one() == ["On naming feelings"]


def all_but_one() -> list[str]:
    """The titles of the posts that can be read; the other one is counted."""
    found = parse((QUIRKS / "no-guid.xml").read_bytes(), url=FEED_URL)
    assert (found.unread, found.sound) == (1, False)
    return [entry.title for entry in found.entries]


def test_what_feedparser_makes_of_an_entry_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = xmlfeed._raw

    def failing(found: dict[str, Any], names: tuple[str, ...]) -> object:
        if "walk" in found["title"]:
            raise KeyError("no test has reached this corner")
        return whole(found, names)

    monkeypatch.setattr(xmlfeed, "_raw", failing)
    assert all_but_one() == ["On naming feelings"]


def test_when_the_parser_itself_fails_the_items_are_tried_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import feedparser

    whole = feedparser.parse

    def failing(stream: object, **options: object) -> object:
        body = stream.read()  # type: ignore[attr-defined]
        if b"breakfast" in body:
            raise AssertionError("unexpected")
        import io

        return whole(io.BytesIO(body), **options)

    monkeypatch.setattr(feedparser, "parse", failing)
    assert all_but_one() == ["On naming feelings"]


def test_items_nested_in_one_another_are_read_as_far_as_they_can_be() -> None:
    assert [entry.title for entry in entries("nested-items.xml")] == ["Note 1", "Note 2", "Note 3"]


# Titles


def test_html_in_titles_becomes_plain_text() -> None:
    titles = [entry.title for entry in entries("title-with-html.xml")]
    assert titles == ["Slow mornings help", "Rest and be thankful", "Calm day"]


def test_double_escapes_are_resolved_and_comparison_signs_stay() -> None:
    titles = [entry.title for entry in entries("title-double-escaped.xml")]
    assert titles == ["Sleep & rest", "Mind & body", "When 3 < 5 and Vec‹T› > x"]


def test_invisible_characters_go_and_those_with_a_meaning_stay() -> None:
    assert one("title-abuse.xml").title == "Agnp walk 👩‍⚕️ می‌روم"


def test_a_titleless_entry_takes_the_start_of_its_text_or_the_words_of_its_link() -> None:
    of_text, of_path, of_host = entries("titleless.xml")
    assert (
        of_text.title
        == "A note without any title that goes on for a good while and then some more words until it…"
    )
    assert of_path.title == "A quiet hour"
    assert of_host.title == "practice.example"


def test_a_title_is_bounded() -> None:
    (entry,) = parse(rss(f"<item><title>{'long ' * 500}</title></item>"), url=FEED_URL).entries
    assert len(entry.title) <= 250
    assert entry.title.endswith("long…")


def test_atom_says_what_is_plain_text() -> None:
    entry = one("feed-author.xml")
    assert entry.title == "1 < 2"
    assert entry.excerpt == "Whole words."


# Links


def test_relative_links_with_a_relative_channel_link_stand_to_the_feed() -> None:
    entry = one("relative-links.xml")
    assert entry.link == "https://practice.example/2026/walk/"
    assert (entry.image_url, entry.image_alt) == ("https://practice.example/img/park.jpg", "A park")


def test_relative_links_stand_to_the_blog_and_images_to_the_post() -> None:
    entry = one("relative-links-absolute-channel.xml", url="https://proxy.example/feed")
    assert entry.link == "https://blog.example/home/notes/walk.html"
    assert entry.image_url == "https://blog.example/home/notes/park.jpg"


def test_localhost_gives_way_to_the_feeds_own_host() -> None:
    entry = one("localhost-links.xml")
    assert entry.link == "https://practice.example/walk/"
    assert entry.image_url == "https://practice.example/content/park.jpg"


def test_localhost_stays_when_the_feed_is_there_too() -> None:
    assert one("localhost-links.xml", url="http://127.0.0.1:2368/rss/").link == "http://localhost:2368/walk/"


def test_a_guid_is_a_link_only_when_it_is_an_address() -> None:
    links = [(entry.guid, entry.link) for entry in entries("guid-as-link.xml")]
    assert links == [
        ("https://practice.example/only-guid", "https://practice.example/only-guid"),
        ("tag:practice.example,2026:b", None),
        ("urn:x:c", None),
        ("12345", None),
    ]


def test_a_guid_that_all_items_share_does_not_merge_them() -> None:
    assert [entry.link for entry in entries("shared-guid.xml")] == [
        "https://practice.example/walk",
        "https://practice.example/other",
    ]


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("javascript:alert(1)", None),
        ("mailto:a@b.example", None),
        ("//", FEED_URL),  # relative to the feed, and all that it says
        ("http://", None),
        ("https://[bad/", None),
    ],
)
def test_only_http_addresses_are_links(link: str, kept: str | None) -> None:
    (entry,) = parse(rss(f"<item><title>x</title><link>{link}</link></item>"), url=FEED_URL).entries
    assert entry.link == kept


# Dates, names, labels


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("no-date.xml", None),
        ("future-date.xml", datetime(2099, 1, 1, 9, tzinfo=UTC)),
        ("unix-date.xml", datetime(2018, 2, 12, 23, 42, 14, tzinfo=UTC)),
        ("feed-author.xml", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ],
)
def test_dates_are_utc_and_unreadable_ones_are_none(name: str, published: datetime | None) -> None:
    assert one(name).published == published


def test_unset_dates_are_none() -> None:
    assert [entry.published for entry in entries("year-one.xml")] == [None, None]


def test_an_author_is_a_name_and_never_an_address() -> None:
    assert [entry.author for entry in entries("authors.xml")] == ["Jane Roe", None, "Dr. Ada Lo"]


def test_the_feeds_author_stands_in_for_the_entrys() -> None:
    assert one("feed-author.xml").author == "Ada Lo"


def test_labels_differ_by_more_than_case() -> None:
    assert one("categories.xml").categories == ("Sleep", "Mind & Body")


# Whole entries


def test_a_bare_squarespace_entry_is_kept() -> None:
    entry = one("squarespace-bare.xml")
    assert (entry.title, entry.excerpt, entry.words) == ("Spring hours", "", 0)


def test_an_entry_with_neither_title_nor_text_nor_link_is_dropped() -> None:
    assert "nothing-at-all" not in [entry.guid for entry in entries("titleless.xml")]


def test_markup_in_cdata_becomes_text() -> None:
    entry = one("cdata.xml")
    assert (entry.excerpt, entry.words) == ("One & two. Three four.", 4)


def test_html_that_was_escaped_twice_becomes_text() -> None:
    assert one("double-escaped-html.xml").excerpt == "First thought. Second thought."


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=300).map(str.encode)))
def test_any_bytes_give_entries_or_a_feed_error(body: bytes) -> None:
    for candidate in (body, rss("") + body, b"<rss><channel><item><title>" + body, b"{" + body):
        with suppress(FeedError):
            found = parse(candidate, url=FEED_URL).entries
            assert [entry for entry in found if not (isinstance(entry, Entry) and entry.title)] == []


@settings(max_examples=60)
@given(st.sampled_from(sorted(QUIRKS.iterdir())), st.data())
def test_a_damaged_feed_never_raises_anything_else(path: Path, data: st.DataObject) -> None:
    body = path.read_bytes()
    at = data.draw(st.integers(0, len(body)))
    junk = data.draw(st.binary(max_size=12))
    damaged = body[:at] + junk + body[at + data.draw(st.integers(0, 20)) :]
    try:
        found: object = parse(damaged, url=FEED_URL).entries
    except Exception as error:
        found = error
    assert isinstance(found, (tuple, list, FeedError))
