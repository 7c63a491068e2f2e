"""From a bare host to the blog's feed, on sites as each platform makes them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pipeline.core.errors import FeedError
from pipeline.feeds.discovery import visits
from pipeline.feeds.discovery.places import typed
from pipeline.feeds.discovery.search import discover
from tests.doubles.site import ATOM, HTML, JSON, RSS, Site

if TYPE_CHECKING:
    from collections.abc import Iterator


def rss(*titles: str, title: str = "Blog", sound: bool = False, year: int = 2026) -> str:
    heard = '<enclosure url="SITE/a.mp3" length="1" type="audio/mpeg"/>' if sound else ""
    items = "".join(
        f"<item><title>{one}</title><link>SITE/{one}</link>"
        f"<pubDate>Tue, 10 Nov {year} 0{number}:00:00 +0000</pubDate>"
        f"<description>Words.</description>{heard}</item>"
        for number, one in enumerate(titles, start=1)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><link>SITE/</link>'
        f"<description/><language>en-us</language>{items}</channel></rss>"
    )


def atom(*titles: str) -> str:
    entries = "".join(
        f"<entry><id>tag:{one}</id><title>{one}</title><updated>2026-11-10T01:00:00Z</updated>"
        f'<link href="SITE/{one}"/><content type="html">Words.</content></entry>'
        for one in titles
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Willow</title>{entries}</feed>'


JSON_FEED = (
    '{"version": "https://jsonfeed.org/version/1.1", "title": "Willow", '
    '"items": [{"id": "1", "title": "one", "content_text": "Words."}]}'
)


def html(head: str = "", body: str = "", title: str = "Willow") -> tuple[str, str]:
    return HTML, f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def alternate(href: str, title: str = "", kind: str = "rss") -> str:
    return f'<link rel="alternate" type="application/{kind}+xml" title="{title}" href="{href}">'


class Case(NamedTuple):
    name: str
    feed: str
    pages: dict[str, tuple[str, str | bytes]]
    typed: str = ""


POST = rss("one")
SITES = (
    Case("a page names its feed", "/my.xml", {"/": html(alternate("/my.xml")), "/my.xml": (RSS, POST)}),
    Case(
        "an Atom feed, relative to a base",
        "/sub/atom.xml",
        {
            "/": html('<base href="/sub/">' + alternate("atom.xml", kind="atom")),
            "/sub/atom.xml": (ATOM, atom("one")),
        },
    ),
    Case(
        "a JSON feed",
        "/feed.json",
        {"/": html(alternate("/feed.json").replace("rss+xml", "feed+json")), "/feed.json": (JSON, JSON_FEED)},
    ),
    Case("the feed's own address is typed", "/x/rss", {"/x/rss": ("text/html", POST)}, "/x/rss"),
    Case(
        "Squarespace: the home page is not the blog",
        "/journal?format=rss",
        {
            "/": html(body='<a href="/about">About</a><a href="/journal">Journal</a>'),
            "/journal": html(alternate("SITE/journal?format=rss")),
            "/journal?format=rss": (RSS, POST),
        },
    ),
    Case(
        "Squarespace: a blog that names nothing",
        "/our-blog?format=rss",
        {
            "/": html(body='<a href="/our-blog">Blog</a>'),
            "/our-blog": html(),
            "/our-blog?format=rss": (RSS, POST),
        },
    ),
    Case(
        "WordPress: comments first",
        "/feed/",
        {
            "/": html(
                alternate("SITE/comments/feed/", "Willow » Comments Feed")
                + alternate("SITE/feed/", "Willow » Feed")
            ),
            "/comments/feed/": (RSS, rss("Re: one")),
            "/feed/": (RSS, POST),
        },
    ),
    Case(
        "a link that says RSS",
        "/posts.php?as=rss",
        {"/": html(body='<a href="/posts.php?as=rss">RSS</a>'), "/posts.php?as=rss": (RSS, POST)},
    ),
    Case("WordPress that names nothing", "/feed/", {"/": html(), "/feed/": (RSS, POST)}),
    Case("Ghost", "/rss/", {"/": html(), "/rss/": (RSS, POST)}),
    Case("Wix", "/blog-feed.xml", {"/": html(), "/blog-feed.xml": (RSS, POST)}),
    Case("Jekyll", "/feed.xml", {"/": html(), "/feed.xml": ("application/xml", atom("one"))}),
    Case("Hugo", "/index.xml", {"/": html(), "/index.xml": ("application/xml", POST)}),
    Case("Blogger", "/feeds/posts/default", {"/": html(), "/feeds/posts/default": (ATOM, atom("one"))}),
    Case(
        "Webflow: a collection",
        "/insights/rss.xml",
        {
            "/": html(body='<a href="/insights">Insights</a>'),
            "/insights": html(),
            "/insights/rss.xml": (RSS, POST),
        },
    ),
    Case(
        "a podcast first",
        "/blog.xml",
        {
            "/": html(alternate("/cast.xml", "Podcast") + alternate("/blog.xml")),
            "/cast.xml": (RSS, rss("one", "two", sound=True)),
            "/blog.xml": (RSS, POST),
        },
    ),
    Case(
        "only a podcast on the home page",
        "/blog/feed/",
        {
            "/": html(alternate("/cast.xml"), '<a href="SITE/blog/">Our blog</a>'),
            "/cast.xml": (RSS, rss("one", sound=True)),
            "/blog/": html(),
            "/blog/feed/": (RSS, POST),
        },
    ),
    Case(
        "an empty feed first",
        "/b.xml",
        {
            "/": html(alternate("/a.xml") + alternate("/b.xml")),
            "/a.xml": (RSS, rss()),
            "/b.xml": (RSS, POST),
        },
    ),
    Case(
        "a section that was given up",
        "/blog.xml",
        {
            "/": html(alternate("/news.xml") + alternate("/blog.xml")),
            "/news.xml": (RSS, rss("old", year=2019)),
            "/blog.xml": (RSS, POST),
        },
    ),
    Case(
        "the category that was typed",
        "/category/grief/feed/",
        {
            "/category/grief": html(alternate("/feed/") + alternate("/category/grief/feed/")),
            "/feed/": (RSS, rss("one", "two")),
            "/category/grief/feed/": (RSS, POST),
        },
        "/category/grief",
    ),
    Case(
        "a page that redirects",
        "/blog.xml",
        {
            "/": ("redirect", "SITE/start"),
            "/start": html(alternate("/blog.xml")),
            "/blog.xml": (RSS, POST),
        },
    ),
    Case(
        "a feed without a type", "/my", {"/": html('<link rel="alternate" href="/my">'), "/my": (RSS, POST)}
    ),
    Case("a link of its own kind", "/my", {"/": html('<link rel="feed" href="/my">'), "/my": (RSS, POST)}),
    Case("a feed: address", "/my", {"/": html(alternate("feed:SITE/my")), "/my": (RSS, POST)}),
    Case(
        "a link that says RSS in a sentence",
        "/x",
        {"/": html(body='<a href="/x" aria-label="Subscribe via RSS"></a>'), "/x": (RSS, POST)},
    ),
    Case(
        "comments first, in Spanish",
        "/b",
        {
            "/": html(alternate("/a", "Willow: feed de los comentarios") + alternate("/b")),
            "/a": (RSS, rss("x")),
            "/b": (RSS, POST),
        },
    ),
    Case(
        "the language of the page",
        "/en",
        {
            "/": (
                HTML,
                '<html lang="en"><link rel="alternate" type="application/rss+xml" hreflang="de" href="/de">'
                '<link rel="alternate" type="application/rss+xml" hreflang="en-GB" href="/en"></html>',
            ),
            "/de": (RSS, rss("ein")),
            "/en": (RSS, POST),
        },
    ),
    Case(
        "a page that sends on",
        "/en/feed",
        {
            "/": html('<meta http-equiv="Refresh" content="0; URL=\'/en/\'">'),
            "/en/": html(alternate("/en/feed")),
            "/en/feed": (RSS, POST),
        },
    ),
    Case(
        "a page whose script sends on",
        "/en/feed",
        {
            "/": html('<script>window.location.href = "/en/";</script>'),
            "/en/": html(alternate("/en/feed")),
            "/en/feed": (RSS, POST),
        },
    ),
    Case(
        "many categories first",
        "/all.xml",
        {
            "/": html("".join(alternate(f"/category/{n}/feed") for n in range(8)) + alternate("/all.xml")),
            **{f"/category/{n}/feed": (RSS, rss(str(n))) for n in range(8)},
            "/all.xml": (RSS, POST),
        },
    ),
    Case(
        "a page that sends round and round, and has a feed where it may be",
        "/feed/",
        {"/": html('<meta http-equiv="refresh" content="0;url=/">'), "/feed/": (RSS, POST)},
    ),
    Case(
        "pages for everything, also for what is not there",
        "/blog-feed.xml",
        {"/": html(), **{f"/{path}": html() for path in ("feed/", "rss/")}, "/blog-feed.xml": (RSS, POST)},
    ),
)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as served:
        yield served


@pytest.mark.parametrize("case", SITES, ids=[case.name for case in SITES])
def test_the_feed_is_found(site: Site, case: Case) -> None:
    site.pages = case.pages
    found = discover(site.host + case.typed)
    assert found.feed == site.url + case.feed
    assert found.outline.posts > 0


def test_of_several_feeds_it_says_which_and_why_not_the_others(site: Site) -> None:
    names = ("main", "copy", "comments", "cast", "gone", "tag")
    urls = {name: f"/{name}.xml" for name in names} | {"comments": "/comments/feed", "tag": "/tag/grief/feed"}
    site.pages = {
        "/": html("".join(map(alternate, urls.values()))),
        "/main.xml": (RSS, rss("one", "two")),
        "/copy.xml": (ATOM, rss("one", "two")),
        "/comments/feed": (RSS, POST),
        "/cast.xml": (RSS, rss("a", sound=True)),
        "/tag/grief/feed": (RSS, rss("two")),
    }
    found = discover(site.host)
    assert (found.feed, found.why) == (
        f"{site.url}/main.xml",
        "it comes first, is kept up and is of the whole blog",
    )
    assert {url.removeprefix(site.url): reason for url, reason in found.others} == {
        "/copy.xml": "it has the same posts in another form",
        "/comments/feed": "it has readers' comments",
        "/cast.xml": "it is a podcast: sound, nothing to read",
        "/gone.xml": "it does not answer with a feed",
        "/tag/grief/feed": "it has a part of the blog only",
    }


def test_where_nothing_is_found_each_address_that_was_tried_is_told(site: Site) -> None:
    site.pages = {"/": html(alternate("/cast.xml")), "/cast.xml": (RSS, rss("one", sound=True))}
    with pytest.raises(FeedError) as caught:
        discover(site.host)
    said = caught.value.message
    assert f"{site.url} is a web page." in said
    assert f"{site.url}/feed/ answered 404." in said
    assert f"{site.url}/cast.xml was not taken: it is a podcast" in said
    assert all(site.url + path in said for path in set(site.asked) - {"/"})
    assert caught.value.remedy


def test_a_host_that_does_not_answer_is_told_for_http_and_https() -> None:
    with pytest.raises(FeedError) as caught:
        discover("127.0.0.1:1")
    assert "http://127.0.0.1:1 cannot be reached" in caught.value.message
    assert "https://127.0.0.1:1 cannot be reached" in caught.value.message


def test_what_the_site_says_is_gathered_from_home_page_blog_and_programs(site: Site) -> None:
    site.pages = {
        "/blog": html(
            alternate("/feed/")
            + '<meta name="theme-color" content="#ffe000"><link rel="https://api.w.org/" href="SITE/api/">',
            title="Blog | Willow Street Therapy",
        ),
        "/": html(
            '<meta name="theme-color" content="#fff">',
            '<header class="site-logo"><img class="logo" src="/logo.png"></header>'
            '<a href="/grief">What contact with nature does to grief</a><a href="/kontakt">Kontakt</a>',
            title="Home – Willow Street Therapy",
        ),
        "/feed/": (RSS, POST),
        "/api/?_fields=timezone_string": (JSON, r'{"timezone_string": "America\/Chicago"}'),
    }
    found = discover(f"{site.host}/blog")
    assert (found.name, found.language, found.timezone) == ("Willow Street Therapy", "en", "America/Chicago")
    assert (found.brand, found.contact) == ("#ffe000", f"{site.url}/kontakt")
    assert found.logos == ((f"{site.url}/logo.png", f"{site.url}/"),)


def test_a_site_is_asked_so_often_and_no_oftener(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST_REQUESTS", 10)
    links = "".join(f'<a href="/blog{n}">Blog</a>' for n in range(50))
    site.pages = {"/": html("".join(alternate(f"/{n}.xml") for n in range(50)), links)}
    with pytest.raises(FeedError):
        discover(site.host)
    assert len(site.asked) == 10
    assert len(set(site.asked)) == 10


def test_a_page_of_the_public_net_sends_nobody_into_a_private_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages = {
        "/": html(alternate("/feed"), '<a href="/blog">Blog</a>'),
        "/feed": (RSS, POST),
        "/blog": html(alternate("/feed")),
    }
    monkeypatch.setattr(visits, "is_outside", lambda url: True)
    with pytest.raises(FeedError) as caught:
        discover(site.host)
    assert "private network" in caught.value.message
    assert site.asked == ["/"]


@pytest.mark.parametrize(
    ("words", "addresses"),
    [
        ("willow.example", ["https://willow.example", "http://willow.example", "https://www.willow.example"]),
        ("blog.willow.example", ["https://blog.willow.example", "http://blog.willow.example"]),
        (
            "feed://willow.example/f",
            ["https://willow.example/f", "http://willow.example/f", "https://www.willow.example/f"],
        ),
        ("feed:https://willow.example/f", ["https://willow.example/f"]),
    ],
)
def test_what_is_typed_stands_for_these_addresses(words: str, addresses: list[str]) -> None:
    assert typed(words) == addresses


HOSTILE = {
    "many attributes": "<html " + "a=b " * 200_000,
    "open formatting": "<b><i><u><a href=x>" * 40_000 + "<p>" * 40_000,
    "deep": "<div>" * 300_000,
    "open comments": "<!--" * 300_000,
    "metas": "<meta content=x name=y>" * 50_000,
    "links": "<link rel=alternate type=application/rss+xml href=/a>" * 20_000,
    "custom properties": "<style>" + "--" * 400_000 + "</style>",
    "json": '<script type="application/ld+json">' + "[" * 190_000 + "</script>",
    "nested json": '<script type="application/ld+json">{"@type":'
    + "[" * 900
    + "]" * 900
    + ',"name":"x"}</script>',
    "zones": '"timezone":"' * 100_000,
    "a title": "<title>" + "| " * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_ends_nothing_but_the_search(site: Site, name: str) -> None:
    site.pages = {"/": (HTML, "<html>" + HOSTILE[name]), "/feed/": (RSS, POST)}
    # One that cannot be read within the limits is left; the feed is not where nobody would look.
    with contextlib.suppress(FeedError):
        assert discover(site.host).feed == f"{site.url}/feed/"
