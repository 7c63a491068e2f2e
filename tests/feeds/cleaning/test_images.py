"""Which pictures of a post are kept, and in which order: what is declared counts, and no file's name."""

from __future__ import annotations

import pytest

from pipeline.feeds.cleaning.images import FeedImage, images, lead_image
from pipeline.feeds.cleaning.srcset import widest
from tests.feeds.quirk import FEED_URL

SITE = "https://practice.example"


def kept(html: str, *named: FeedImage, thumbnails: tuple[FeedImage, ...] = ()) -> list[str]:
    """The files that are kept, without the site."""
    found = images(named, (html,), thumbnails, FEED_URL, FEED_URL)
    return [image.url.removeprefix(SITE) for image in found]


@pytest.mark.parametrize(
    "address",
    [
        "/beacon-hill-office.jpg",
        "/reading-room-1x1.jpg",
        "/email.jpg",
        "/red-button.jpg",
        "/scout-badge.png",
        "/tracking-deer.jpg",
        "/spacer-lounge.jpg",
        "/transparent.jpg",
        "https://pixel.example/lake.jpg",
        "https://ads.practice.example/lake.jpg",
        "https://analytics.example/lake.jpg",
    ],
)
def test_a_picture_is_not_passed_over_for_its_name(address: str) -> None:
    for size in ('width="900" height="600"', ""):
        assert kept(f'<img src="{address}" {size}>') == [address]


@pytest.mark.parametrize(
    "attributes",
    [
        'src="/lake.jpg" width="1" height="1"',
        'src="/lake.jpg" height="40px"',
        'src="/lake.jpg" style="width: 20px"',
        'src="/blank.gif"',
        'src="/assets/1x1.png"',
        'src="/favicon-192x192.png"',
        'src="https://pixel.wp.com/b.gif?v=1"',
        'src="https://www.facebook.com/tr?id=1"',
        'src="data:image/gif;base64,R0lGOD"',
        'src="/lake.jpg" hidden',
        'src="/lake.jpg" style="visibility:hidden"',
        'src="/lake.jpg" style="opacity: 0"',
        'src="/lake.jpg" class="author-avatar"',
        'src="/lake.jpg" class="share-icon"',
        'src="https://px.ads.linkedin.com/collect/?pid=1"',
    ],
)
def test_what_is_declared_small_or_counts_readers_is_none(attributes: str) -> None:
    assert kept(f"<img {attributes}>") == []


@pytest.mark.parametrize("name", ["social-anxiety", "wp-image-4 share-moment", "badge-course", "pixel-art"])
def test_a_class_that_only_begins_like_a_tracker_is_none(name: str) -> None:
    assert kept(f'<img class="{name}" src="/lake.jpg">') == ["/lake.jpg"]


@pytest.mark.parametrize(
    "attribute",
    [
        "data-wpfc-original-src",
        "data-breeze",
        "nitro-lazy-src",
        "data-opt-src",
        "data-echo",
        "data-litespeed-src",
    ],
)
def test_a_late_loader_of_no_table_is_known_by_what_its_attribute_holds(attribute: str) -> None:
    picture = f'<img src="data:image/svg+xml,x" {attribute}="/lake.jpg" data-caption="/no.jpg">'
    assert kept(picture) == ["/lake.jpg"]
    assert kept(f'<img src="data:image/svg+xml,x" {attribute}="A lake at night">') == []


def test_pictures_of_amp_and_of_films_are_found() -> None:
    assert kept('<amp-img src="/lake.jpg" width="900"></amp-img>') == ["/lake.jpg"]
    assert kept('<video src="/lake.mp4" poster="/lake.jpg"></video>') == ["/lake.jpg"]


def test_of_a_srcset_that_holds_src_too_the_widest_comes_first() -> None:
    html = '<img src="/lake-300.jpg" srcset="/lake-300.jpg 300w, /lake-1200.jpg 1200w">'
    assert kept(html) == ["/lake-1200.jpg", "/lake-300.jpg"]


def test_a_class_says_nothing_against_a_declared_size() -> None:
    assert kept('<img class="icon" src="/lake.jpg" width="900">') == ["/lake.jpg"]
    assert kept('<img class="icon" src="/lake.jpg">') == []


def test_several_are_kept_and_logos_and_portraits_come_last() -> None:
    html = (
        '<img src="/practice-logo.png"><img src="/jane.jpg" width="60" height="60"><img src="/lake.jpg">'
        '<img src="/avatars/jane.jpg"><img src="/hill.jpg" width="900">'
    )
    assert kept(html) == ["/lake.jpg", "/hill.jpg", "/practice-logo.png", "/jane.jpg", "/avatars/jane.jpg"]


def test_at_most_six_are_kept_and_none_twice() -> None:
    html = "".join(f'<img src="/{n}.jpg"><img src="/{n}.jpg">' for n in range(9))
    assert kept(html) == [f"/{n}.jpg" for n in range(6)]


def test_those_beside_the_text_come_first_and_thumbnails_are_better_than_none() -> None:
    cover = FeedImage("/cover.jpg", width=1_200)
    small = FeedImage("/s72-c/lake.jpg", width=72, height=72)
    found = kept('<img src="/lake.jpg">', cover, thumbnails=(small,))
    assert found == ["/cover.jpg", "/lake.jpg", "/s72-c/lake.jpg"]
    assert kept("", thumbnails=(small,)) == ["/s72-c/lake.jpg"]


@pytest.mark.parametrize(
    "attribute",
    [
        "data-src",
        "data-lazy-src",
        "data-lazyload",
        "data-original",
        "data-ezsrc",
        "data-srcset",
        "data-cfsrc",
    ],
)
def test_a_picture_that_is_loaded_late_is_found(attribute: str) -> None:
    assert kept(f'<img src="data:image/gif;base64,R0" {attribute}="/lake.jpg">') == ["/lake.jpg"]
    assert kept(f'<img src="/placeholder.png" {attribute}="/lake.jpg">') == ["/lake.jpg"]


def test_what_a_late_loader_names_wrongly_leaves_the_one_in_src() -> None:
    assert kept('<img src="/lake.jpg" data-orig-file="/gone.jpg">') == ["/gone.jpg", "/lake.jpg"]


def test_the_sources_of_a_picture_element_are_found() -> None:
    sources = '<source type="image/webp" srcset="/a.webp 400w, /b.webp 1200w">'
    assert kept(f"<picture>{sources}<img alt='Lake'></picture>") == ["/b.webp", "/a.webp"]
    late = sources.replace("srcset", "data-srcset")
    assert kept(f"<picture>{late}<img src='/blank.gif'></picture>") == ["/b.webp", "/a.webp"]
    assert kept(f"<picture>{sources}<img src='/lake.jpg'></picture>")[0] == "/lake.jpg"


def test_a_picture_in_html_that_was_escaped_twice_is_found() -> None:
    assert kept('&lt;p&gt;&lt;img src="/lake.jpg" alt="Lake"&gt; Words&lt;/p&gt;') == ["/lake.jpg"]
    assert kept('<p>Write <code>&lt;img src="/lake.jpg"&gt;</code></p>') == []


def test_the_text_describes_what_the_feed_names() -> None:
    found = lead_image((FeedImage("/lake.jpg"),), ('<img src="/lake.jpg" alt="A lake">',), FEED_URL, FEED_URL)
    assert found == (f"{SITE}/lake.jpg", "A lake")


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("/a.jpg 300w, /b.jpg 900w, /c.jpg 3000w", ["/b.jpg", "/a.jpg", "/c.jpg"]),
        ("/a.jpg 300w,/b.jpg 900w", ["/b.jpg", "/a.jpg"]),
        ("/a.jpg, /b.jpg 2x", ["/b.jpg", "/a.jpg"]),
        ("https://x.example/a,w_1/a.jpg 400w", ["https://x.example/a,w_1/a.jpg"]),
        (
            "https://x.example/a.jpg,https://x.example/b.jpg 2x",
            ["https://x.example/b.jpg", "https://x.example/a.jpg"],
        ),
        ("  ", []),
        (",,, ,", []),
        ("/a.jpg 300w 2x junk", ["/a.jpg"]),
    ],
)
def test_a_srcset_gives_the_widest_that_an_email_needs_first(srcset: str, expected: list[str]) -> None:
    assert widest(srcset) == expected
