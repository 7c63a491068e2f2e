"""From a post's image address to what the letter shows: over real HTTP, remembered in a real database."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import time_machine
from PIL import Image
from sqlalchemy import func, select

from pipeline.core.app import Installation
from pipeline.core.tables.images import images
from pipeline.letter.images import fetch, sandbox, store
from pipeline.letter.images import pictures as module
from pipeline.letter.images.pictures import hosted_logos, known, pictures, refresh
from tests.doubles.nobody import nobody
from tests.letter.images.photographs import bomb, file, jpeg, noise, picture, seen_through
from tests.letter.images.publisher import Publisher, config

pytest_plugins = ["tests.letter.images.fixture"]

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database
    from tests.letter.images.gallery import Gallery

HOSTED = r"https://letter\.example\.org/images/[0-9a-f]{64}\."


def copies(publisher: Publisher) -> int:
    with publisher.installation.database.read() as connection:
        return connection.execute(select(func.count()).select_from(images)).scalar_one()


def test_an_image_that_every_client_shows_is_linked_with_its_size_and_weight(
    publisher: Publisher, gallery: Gallery
) -> None:
    content = jpeg(640, 360)
    post = publisher.post(gallery.show("/a.jpg", content), alt="A path through high grass")
    shown = publisher.picture(post)
    assert (shown.src, shown.width, shown.height) == (post.image_url, 640, 360)
    assert (shown.weight, shown.media_type, shown.problem) == (len(content), "image/jpeg", "")
    assert shown.alt == "A path through high grass"


def test_a_post_without_an_image_has_no_picture(publisher: Publisher) -> None:
    assert pictures(publisher.installation, [publisher.post(None)]) == {}


def test_where_the_blog_says_nothing_of_a_picture_nothing_is_said(
    publisher: Publisher, gallery: Gallery
) -> None:
    post = publisher.post(gallery.show("/a.jpg", jpeg()), title="On beginning again")
    assert publisher.picture(post).alt == ""


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_what_outlook_cannot_show_is_hosted(publisher: Publisher, gallery: Gallery, kind: str) -> None:
    post = publisher.post(gallery.show("/a", file(picture(), kind), f"image/{kind.lower()}"))
    shown = publisher.picture(post)
    assert shown.problem == ""
    assert shown.media_type == "image/jpeg"
    with publisher.installation.database.read() as connection:
        copy = store.served(connection, shown.src.rpartition("/")[2])
    assert shown.src.startswith("https://letter.example.org/images/")
    assert copy is not None
    assert len(copy.content) == shown.weight
    assert Image.open(BytesIO(copy.content)).size == (shown.width, shown.height) == (600, 400)


def test_with_link_the_blogs_own_address_stays_and_the_problem_is_told(
    publisher: Publisher, gallery: Gallery
) -> None:
    publisher.use(images="link")
    post = publisher.post(gallery.show("/a.webp", file(picture(), "WEBP"), "image/webp"))
    shown = publisher.picture(post)
    assert (shown.src, shown.width, shown.media_type) == (post.image_url, 600, "image/webp")
    assert shown.problem == "The image is WebP, which Outlook does not show"
    assert copies(publisher) == 0


def test_without_a_public_address_images_are_linked(publisher: Publisher, gallery: Gallery) -> None:
    publisher.use(public_url="")
    post = publisher.post(gallery.show("/a.webp", file(picture(), "WEBP"), "image/webp"))
    assert publisher.picture(post).src == post.image_url


def test_going_from_link_to_host_copies_what_was_linked_and_back_links_it_again(
    publisher: Publisher, gallery: Gallery
) -> None:
    publisher.use(images="link")
    post = publisher.post(gallery.show("/a.webp", file(picture(), "WEBP"), "image/webp"))
    publisher.picture(post)
    publisher.use(images="host")
    assert publisher.picture(post).media_type == "image/jpeg"
    publisher.use(images="link")
    assert publisher.picture(post).src == post.image_url
    assert gallery.asked == ["/a.webp", "/a.webp"]


def test_one_copy_is_kept_of_an_image_that_stands_under_two_addresses(
    publisher: Publisher, gallery: Gallery
) -> None:
    content = file(picture(), "WEBP")
    shown = [publisher.picture(publisher.post(gallery.show(path, content))) for path in ("/a", "/b")]
    assert shown[0].src == shown[1].src
    assert shown[0].thumbnail == shown[1].thumbnail
    assert copies(publisher) == 2  # and its thumbnail


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        (b"<!doctype html><title>Sign in</title>", "text/html", 200, "is not an image but text/html"),
        (b"gone", "text/html", 404, "answered 404"),
        (jpeg()[:2_000], "image/jpeg", 200, "cut off"),
        (file(picture(1, 1), "GIF"), "image/gif", 200, "1 × 1 px"),
        (bomb(7_000), "image/png", 200, "too large"),
        (
            b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
            "image/svg+xml",
            200,
            "SVG",
        ),
    ],
    ids=["page", "missing", "cut", "pixel", "bomb", "svg"],
)
def test_what_cannot_be_shown_is_left_out_with_its_reason(
    publisher: Publisher, gallery: Gallery, body: bytes, content_type: str, status: int, said: str
) -> None:
    post = publisher.post(gallery.show("/a", body, content_type, status=status))
    shown = publisher.picture(post)
    assert (shown.src, shown.width, shown.weight) == ("", None, None)
    assert said in shown.problem


def test_a_file_past_the_size_limit_is_not_read_to_its_end(
    publisher: Publisher, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MOST_BYTES", 1_000_000)
    post = publisher.post(gallery.show("/a.bmp", file(noise(1000, 800), "BMP")))
    assert publisher.picture(post).problem.endswith("is larger than 1 MB")


def test_one_slow_and_one_broken_host_keep_no_other_image_from_the_letter(
    publisher: Publisher, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "TOTAL_SECONDS", 2.0)
    with nobody() as nowhere:
        addresses = [
            gallery.show("/drip.jpg", jpeg(), drip=0.2),
            gallery.show("/silent.jpg", jpeg(), wait=60),
            f"http://{nowhere}/a.jpg",
            gallery.show("/good.jpg", jpeg()),
        ]
        letter = [publisher.post(address) for address in addresses]
        begun = time.monotonic()
        shown = pictures(publisher.installation, letter)
    assert time.monotonic() - begun < 18
    assert [bool(shown[post.id].src) for post in letter] == [False, False, False, True]
    assert "within 2 seconds" in shown[letter[0].id].problem
    assert "no connection" in shown[letter[2].id].problem


def test_all_images_of_a_letter_together_have_a_deadline(
    publisher: Publisher, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOTAL_SECONDS", 1.5)
    letter = [publisher.post(gallery.show(f"/{n}.jpg", jpeg(), wait=60)) for n in range(20)]
    begun = time.monotonic()
    shown = pictures(publisher.installation, letter)
    assert time.monotonic() - begun < 18
    assert all(shown[post.id].problem for post in letter)


def test_what_is_known_is_not_fetched_again_within_half_a_day(publisher: Publisher, gallery: Gallery) -> None:
    post = publisher.post(gallery.show("/a.jpg", jpeg()))
    first = publisher.picture(post)
    assert publisher.picture(post) == first
    assert gallery.asked == ["/a.jpg"]


class TestLogos:
    def test_pages_have_a_copy_of_what_every_client_shows_as_of_what_it_does_not(
        self, publisher: Publisher, gallery: Gallery
    ) -> None:
        plain = file(seen_through(300, 60), "PNG")
        logo = gallery.show("/logo.png", plain, "image/png")
        dark = gallery.show("/dark.webp", file(seen_through(320, 64), "WEBP"), "image/webp")
        publisher.use(logo=logo, logo_dark=dark)
        for _ in range(2):
            refresh(publisher.installation, [])
        assert sorted(gallery.asked) == ["/dark.webp", "/logo.png"]
        with publisher.installation.database.read() as connection:
            found = hosted_logos(connection, publisher.installation.config)
            copy = store.served(connection, found[logo].src.removeprefix("images/"))
        assert [(one.width, one.height) for one in (found[logo], found[dark])] == [(300, 60), (320, 64)]
        assert copy
        assert (copy.media_type, copy.content) == ("image/png", plain)

    def test_one_of_a_kind_that_is_not_served_is_not_fetched_again_and_again(
        self, publisher: Publisher, gallery: Gallery
    ) -> None:
        publisher.use(logo=gallery.show("/logo.gif", file(picture(), "GIF"), "image/gif"))
        for _ in range(2):
            refresh(publisher.installation, [])
        assert gallery.asked == ["/logo.gif"]
        with publisher.installation.database.read() as connection:
            assert hosted_logos(connection, publisher.installation.config) == {}

    def test_one_that_is_at_our_own_address_or_may_not_be_copied_is_not_fetched(
        self, publisher: Publisher, gallery: Gallery
    ) -> None:
        elsewhere = gallery.show("/logo.png", file(picture(), "PNG"), "image/png")
        for settings in (
            {"logo": "https://letter.example.org/logo.png"},
            {"logo": elsewhere, "images": "link"},
            {"logo": elsewhere, "public_url": ""},
        ):
            publisher.use(**settings)
            refresh(publisher.installation, [])
        assert gallery.asked == []


def test_later_the_host_is_asked_whether_the_image_changed(publisher: Publisher, gallery: Gallery) -> None:
    post = publisher.post(gallery.show("/a.webp", file(picture(), "WEBP"), "image/webp"))
    first = publisher.picture(post)
    with time_machine.travel(datetime.now().astimezone() + timedelta(hours=13), tick=True):
        assert publisher.picture(post) == first
        assert publisher.picture(post) == first
    assert len(gallery.asked) == 2
    assert "if-none-match" in gallery.headers[1]
    with time_machine.travel(datetime.now().astimezone() + timedelta(days=3), tick=True):
        gallery.show("/a.webp", file(picture(900, 500), "WEBP"), "image/webp")
        changed = publisher.picture(post)
    assert (changed.width, changed.height) == (900, 500)
    assert changed.src != first.src
    assert copies(publisher) == 4  # letters that went out still show the first, and its thumbnail


def test_a_failure_is_tried_again_after_some_minutes(publisher: Publisher, gallery: Gallery) -> None:
    post = publisher.post(f"{gallery.site}/a.jpg")
    assert publisher.picture(post).src == ""
    gallery.show("/a.jpg", jpeg())
    assert publisher.picture(post).src == ""
    with time_machine.travel(datetime.now().astimezone() + timedelta(minutes=6), tick=True):
        assert publisher.picture(post).src == post.image_url


def test_offline_the_letter_shows_what_was_seen_before(publisher: Publisher, gallery: Gallery) -> None:
    linked = publisher.post(gallery.show("/a.jpg", jpeg()))
    hosted = publisher.post(gallery.show("/b.webp", file(picture(), "WEBP")))
    before = pictures(publisher.installation, [linked, hosted])
    gallery.answers.clear()
    with time_machine.travel(datetime.now().astimezone() + timedelta(days=1), tick=True):
        after = pictures(publisher.installation, [linked, hosted])
    assert after[hosted.id] == before[hosted.id]
    assert after[linked.id].src == linked.image_url
    assert after[linked.id].width == 600
    assert "answered 404" in after[linked.id].problem


def test_what_is_known_is_given_without_any_request(publisher: Publisher, gallery: Gallery) -> None:
    post = publisher.post(gallery.show("/a.jpg", jpeg()))
    with publisher.installation.database.read() as connection:
        unseen = known(connection, publisher.installation.config, [post])[post.id]
    assert (unseen.src, unseen.problem) == ("", "The image has not been fetched yet")
    assert gallery.asked == []


def test_a_redirect_is_followed(publisher: Publisher, gallery: Gallery) -> None:
    gallery.show("/real.jpg", jpeg())
    post = publisher.post(gallery.show("/a.jpg", b"", status=302, headers={"Location": "/real.jpg"}))
    assert publisher.picture(post).width == 600


def test_an_image_on_a_private_network_is_refused_to_a_public_feed(
    publisher: Publisher, gallery: Gallery
) -> None:
    publisher.feed = "http://192.0.2.1.invalid/feed"  # resolves nowhere here: a stranger's, for all we know
    for address in (
        gallery.show("/a.jpg", jpeg()),
        "http://169.254.169.254/latest/a.jpg",
        "http://[::1]/a.jpg",
    ):
        assert "private network address" in publisher.picture(publisher.post(address)).problem
    assert gallery.asked == []


def test_a_public_host_cannot_redirect_to_a_private_network(
    publisher: Publisher, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy stands in for the public net: http://public.invalid is answered by the gallery.
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, gallery.site)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    inside = {"Location": "http://10.0.0.1/router.jpg"}
    gallery.show("http://public.invalid/a.jpg", b"", status=302, headers=inside)
    shown = publisher.picture(publisher.post("http://public.invalid/a.jpg"))
    assert "redirects to a private network address" in shown.problem
    assert gallery.asked == ["http://public.invalid/a.jpg"]


def test_squarespace_is_asked_for_the_size_a_letter_needs(
    publisher: Publisher, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, gallery.site)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    address = "http://images.squarespace-cdn.com/content/v1/5f9/a.jpg"
    gallery.show(f"{address}?format=750w", jpeg(750, 500))
    shown = publisher.picture(publisher.post(f"{address}?format=1500w"))
    assert shown.src == f"{address}?format=750w"
    assert shown.width == 750
    assert "webp" not in gallery.headers[0]["accept"]


def test_where_the_smaller_copy_is_missing_the_blogs_own_address_is_used(
    publisher: Publisher, gallery: Gallery
) -> None:
    ghost = publisher.post(gallery.show("/content/images/2024/05/a.jpg", jpeg()))
    assert publisher.picture(ghost).src == ghost.image_url
    thumbnail = gallery.show("/wp-content/uploads/b-300x200.jpg", jpeg(300, 200))
    gallery.show("/wp-content/uploads/b.jpg", b"<html>Not found</html>", "text/html")
    wordpress = publisher.post(thumbnail)
    assert publisher.picture(wordpress).src == wordpress.image_url
    gallery.asked.clear()
    with time_machine.travel(datetime.now().astimezone() + timedelta(days=1), tick=True):
        assert publisher.picture(ghost).problem == ""
    assert gallery.asked == ["/content/images/size/w1000/2024/05/a.jpg", "/content/images/2024/05/a.jpg"]


def test_where_the_smaller_copy_is_there_it_is_linked(publisher: Publisher, gallery: Gallery) -> None:
    smaller = gallery.show("/wp-content/uploads/a.jpg", jpeg(900, 600))
    post = publisher.post(gallery.show("/wp-content/uploads/a-300x200.jpg", jpeg(300, 200)))
    shown = publisher.picture(post)
    assert (shown.src, shown.width) == (smaller, 900)


def test_images_are_remembered_on_both_databases(
    database: Database, gallery: Gallery, tmp_path: Path
) -> None:
    feed = f"{gallery.site}/feed"
    publisher = Publisher(Installation(config(feed), tmp_path, database), feed)
    post = publisher.post(gallery.show("/a.webp", file(picture(), "WEBP")))
    first = publisher.picture(post)
    with time_machine.travel(datetime.now().astimezone() + timedelta(days=1), tick=True):
        gallery.show("/a.webp", file(picture(700, 400), "WEBP"))
        assert publisher.picture(post).width == 700
    with database.read() as connection:
        assert store.served(connection, first.src.rpartition("/")[2]) is not None


def test_what_is_remembered_of_failures_holds_no_secret_of_an_address(
    publisher: Publisher, gallery: Gallery
) -> None:
    shown = publisher.picture(publisher.post(f"{gallery.site}/a.jpg?token=s3cret"))
    assert "s3cret" not in shown.problem
    assert "answered 404" in shown.problem


def test_opening_images_takes_no_memory_of_this_process(
    publisher: Publisher, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "look", sandbox.look)
    letter = [
        publisher.post(gallery.show(f"/{n}.png", file(Image.new("RGB", (5_000, 4_000 + n), "teal"), "PNG")))
        for n in range(2)
    ]
    before = _resident()
    shown = pictures(publisher.installation, letter)
    assert {shown[post.id].width for post in letter} == {5_000}
    assert _resident() - before < 60_000_000  # one of them is 60 MB of pixels


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# One of several


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"gone", "text/html", 404),
        (b"<!doctype html><title>Sign in</title>", "text/html", 200),
        (file(picture(1, 1), "GIF"), "image/gif", 200),
        (file(picture(60, 60), "PNG"), "image/png", 200),
        (file(picture(240, 60), "PNG"), "image/png", 200),
        (file(picture(1_000, 90), "PNG"), "image/png", 200),
    ],
    ids=["missing", "page", "pixel", "portrait", "logo", "strip"],
)
def test_what_is_no_picture_of_the_post_gives_way_to_the_next_that_is_one(
    publisher: Publisher, gallery: Gallery, body: bytes, content_type: str, status: int
) -> None:
    first = gallery.show("/first", body, content_type, status=status)
    good = gallery.show("/good.jpg", jpeg())
    shown = publisher.picture(publisher.post(first, good, gallery.show("/third.jpg", jpeg())))
    assert (shown.src, shown.problem) == (good, "")
    assert gallery.asked == ["/first", "/good.jpg"]


def test_the_largest_is_shown_where_none_fills_the_column(publisher: Publisher, gallery: Gallery) -> None:
    portrait = gallery.show("/portrait.jpg", jpeg(60, 60))
    logo = gallery.show("/logo.jpg", jpeg(240, 60))
    assert publisher.picture(publisher.post(portrait, logo)).src == logo


def test_where_none_can_be_had_the_first_says_why(publisher: Publisher, gallery: Gallery) -> None:
    shown = publisher.picture(publisher.post(f"{gallery.site}/a.jpg", f"{gallery.site}/b.jpg"))
    assert shown.src == ""
    assert "/a.jpg" in shown.problem


def test_a_good_picture_is_the_only_one_that_is_fetched(publisher: Publisher, gallery: Gallery) -> None:
    publisher.picture(publisher.post(gallery.show("/a.jpg", jpeg()), gallery.show("/b.jpg", jpeg())))
    assert gallery.asked == ["/a.jpg"]


# Thumbnails


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1_200, 800), (608, 456)),
        ((1_000, 100), (133, 100)),
        ((300, 900), (300, 225)),
        ((60, 60), (60, 45)),
        ((5_000, 4_000), (608, 456)),
    ],
)
def test_thumbnails_have_one_shape_and_are_never_blown_up(
    publisher: Publisher, gallery: Gallery, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    thumbnail = publisher.picture(
        publisher.post(gallery.show("/a.png", file(picture(*size), "PNG", compress_level=1)))
    ).thumbnail
    assert thumbnail is not None
    assert (thumbnail.width, thumbnail.height) == expected
    with publisher.installation.database.read() as connection:
        copy = store.served(connection, thumbnail.src.rpartition("/")[2])
    assert copy is not None
    assert Image.open(BytesIO(copy.content)).size == expected
    assert len(copy.content) < 100_000


def test_of_what_stands_upright_a_thumbnail_shows_the_upper_part(
    publisher: Publisher, gallery: Gallery
) -> None:
    thumbnail = publisher.picture(publisher.post(gallery.show("/a.jpg", jpeg(600, 1_800)))).thumbnail
    assert thumbnail is not None
    with publisher.installation.database.read() as connection:
        copy = store.served(connection, thumbnail.src.rpartition("/")[2])
    assert copy is not None
    assert Image.open(BytesIO(copy.content)).convert("RGB").getpixel((300, 200))[1] > 180  # light above


def test_where_images_are_linked_there_are_no_thumbnails(publisher: Publisher, gallery: Gallery) -> None:
    publisher.use(images="link")
    assert publisher.picture(publisher.post(gallery.show("/a.jpg", jpeg()))).thumbnail is None


def test_what_the_ground_shows_through_is_told(publisher: Publisher, gallery: Gallery) -> None:
    clear = publisher.picture(publisher.post(gallery.show("/a.png", file(seen_through(), "PNG"))))
    solid = publisher.picture(publisher.post(gallery.show("/b.png", file(picture(mode="RGBA"), "PNG"))))
    assert (clear.transparent, solid.transparent) == (True, False)
