"""Which of the pictures that a site names can stand at the top of a letter."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from pipeline.letter.images import logo as module
from pipeline.letter.images.logo import logo
from tests.doubles.site import PNG, Site

if TYPE_CHECKING:
    from collections.abc import Iterator


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#2f5d62").save(out, kind)
    return out.getvalue()


@pytest.fixture
def site() -> Iterator[Site]:
    pages: dict[str, tuple[str, str | bytes]] = {
        "/wide.png": (PNG, picture(300, 80)),
        "/tiny.png": (PNG, picture(32, 32)),
        "/tall.png": (PNG, picture(200, 400)),
        "/modern.webp": ("image/webp", picture(300, 80, "WEBP")),
        "/page": ("text/html", "<html>no picture</html>"),
    }
    with Site(pages) as served:
        yield served


@pytest.mark.parametrize(
    ("named", "taken"),
    [
        (("wide.png",), "wide.png"),
        (("tiny.png", "wide.png"), "wide.png"),
        (("tall.png", "page"), None),
        (("modern.webp",), None),
        (("gone.png",), "gone.png"),
        (("gone.png", "wide.png"), "wide.png"),
        ((), None),
    ],
)
def test_a_wide_picture_that_every_client_shows_is_taken(
    site: Site, named: tuple[str, ...], taken: str | None
) -> None:
    found = logo((f"{site.url}/{name}", site.url) for name in named)
    assert found == (f"{site.url}/{taken}" if taken else "")


def test_a_page_of_the_public_net_names_no_picture_in_a_private_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_outside", lambda url: "public" in url)
    assert logo([(f"{site.url}/wide.png", "https://public.example/")]) == ""
    assert site.asked == []
