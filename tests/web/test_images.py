"""Copies of images over HTTP, and `rapport serve` with a whole letter."""

from __future__ import annotations

import email
import email.policy
import json
import re
import signal
import socket
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from pipeline.web.app import make_app
from tests.doubles.blog import Blog, Item
from tests.end_to_end.conftest import Project
from tests.letter.images.photographs import exif, file, jpeg, picture, seen_through
from tests.serving import serving
from tests.waiting import LONGEST, get

pytest_plugins = ["tests.letter.images.fixture"]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.letter.images.gallery import Gallery
    from tests.letter.images.publisher import Publisher

MISSING = "0" * 64


@pytest.fixture
def client(publisher: Publisher) -> Iterator[httpx.Client]:
    """A client of the application, which runs in a thread of this process."""
    app = make_app(publisher.installation)
    with serving(app) as url, httpx.Client(base_url=url, timeout=LONGEST) as made:
        yield made


@pytest.fixture
def hosted(publisher: Publisher, gallery: Gallery) -> str:
    """The path of a copy that is served."""
    post = publisher.post(gallery.show("/a.webp", file(picture(), "WEBP"), "image/webp"))
    return urlsplit(publisher.picture(post).src).path


def test_a_copy_is_served_for_ever_under_its_type(client: httpx.Client, hosted: str) -> None:
    answer = client.get(hosted)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(BytesIO(answer.content)).size == (600, 400)


def test_a_png_is_served_as_one(client: httpx.Client, publisher: Publisher, gallery: Gallery) -> None:
    post = publisher.post(gallery.show("/b.webp", file(seen_through(), "WEBP")))
    path = urlsplit(publisher.picture(post).src).path
    assert path.endswith(".png")
    assert client.get(path).headers["content-type"] == "image/png"


def test_head_says_the_same_without_the_bytes(client: httpx.Client, hosted: str) -> None:
    head, whole = client.head(hosted), client.get(hosted)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"] == str(len(whole.content))


def test_who_has_the_copy_is_told_so(client: httpx.Client, hosted: str) -> None:
    etag = client.get(hosted).headers["etag"]
    again = client.get(hosted, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        f"/images/{MISSING}.jpg",
        f"/images/{MISSING}",
        "/images/",
        "/images/..%2f..%2frapport.toml",
        "/images/%00",
        "/images/a'--.jpg",
        f"/images/{'9' * 5000}.jpg",
        "/nowhere",
    ],
)
def test_every_wrong_address_gets_one_and_the_same_answer(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    reference = client.get(f"/images/{MISSING}.png")
    assert (answer.status_code, answer.content) == (404, reference.content)
    assert _steady(answer) == _steady(reference)


def _steady(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


def test_a_copy_is_not_served_under_another_ending(client: httpx.Client, hosted: str) -> None:
    assert client.get(hosted.replace(".jpg", ".png")).status_code == 404


def test_nothing_can_be_put_there(client: httpx.Client, hosted: str) -> None:
    assert client.post(hosted).status_code == 405
    assert client.delete(hosted).status_code == 405


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog() as served:
        yield served


@pytest.fixture
def project(tmp_path: Path, blog: Blog, gallery: Gallery, sqlite_url: str) -> Project:
    """A blog of two posts, one with a turned photograph in WebP, one with a JPEG that needs no help."""
    made = Project(tmp_path, installed=False)
    made.configure(blog.url)
    gallery.show("/turned.webp", file(picture(), "WEBP", exif=exif(6)), "image/webp")
    gallery.show("/plain.jpg", jpeg())
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for title, image in (("A walk", "/turned.webp"), ("A rest", "/plain.jpg")):
        body = f'<p><img src="{gallery.site}{image}" alt="{title} in pictures"></p><p>Some words to read.</p>'
        blog.items.append(Item(title, yesterday, body=body))
    return made


@pytest.fixture
def served(project: Project) -> Iterator[str]:
    """The address where `rapport serve` says it listens."""
    process = project.start("serve", "--no-scheduler", "--port", "0", "--json")
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["address"]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=LONGEST)
    assert "Traceback" not in errors


def mailed_html(project: Project) -> str:
    """The HTML as it would go out: in edition.html the pictures are those beside it."""
    mail = email.message_from_bytes(
        (project.folder / "preview" / "edition.eml").read_bytes(), policy=email.policy.default
    )
    return str(mail.get_body(("html",)).get_content())


def test_an_image_of_a_composed_letter_is_fetched_from_rapport_serve(
    project: Project, served: str, gallery: Gallery
) -> None:
    project.rapport("pull")
    project.rapport("compose", "weekly")
    project.rapport("preview", "--out", "preview")
    sources = re.findall(r'<img[^>]*\ssrc="([^"]+)"', mailed_html(project))
    assert all(source.startswith("https://letter.example.org/images/") for source in sources)
    assert not any("webp" in source for source in sources)
    shown = []
    for source in sources:
        answer = get(served + urlsplit(source).path)
        assert answer.headers["content-type"] == "image/jpeg"
        shown.append(Image.open(BytesIO(answer.content)))
    # The lead's picture is turned upright; of the other post the letter shows a thumbnail.
    assert [image.size for image in shown] == [(400, 600), (533, 400)]
    assert not any(image.getexif() for image in shown)
    assert get(f"{served}/healthz").text == "ok\n"


def test_composing_goes_on_from_the_last_time_when_the_images_host_is_gone(
    project: Project, gallery: Gallery
) -> None:
    project.rapport("pull")
    project.rapport("compose", "weekly")
    asked = len(gallery.asked)
    gallery.answers.clear()
    edition = project.json("compose", "weekly")["edition"]
    assert len(edition["posts"]) == 2
    assert len(gallery.asked) == asked
    project.rapport("preview", "--out", "preview")
    assert "/images/" in mailed_html(project)


def test_a_port_that_is_taken_is_an_error_with_its_remedy(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = project.rapport("serve", "--port", str(other.getsockname()[1]), status=1)
    assert "cannot be listened on" in said
    assert "--port" in said


def test_serve_ends_at_ctrl_c_without_a_traceback(project: Project) -> None:
    process = project.start("serve", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Serving http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONGEST)
    assert "Traceback" not in errors
    assert process.returncode in (0, 130)
