"""The picture of who writes: a small square of the operator's file, served like every picture of a letter."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from pipeline.letter.images import store
from pipeline.letter.images.portrait import portrait, refresh_portrait
from tests.letter.images.photographs import jpeg

if TYPE_CHECKING:
    from tests.letter.images.publisher import Publisher

pytest_plugins = ["tests.letter.images.fixture"]


def shown(publisher: Publisher, **newsletter: str) -> str:
    """The address that a letter would show, with these keys of [newsletter]."""
    installation = publisher.installation
    changed = installation.config.newsletter.model_copy(update=newsletter)
    installation.config = installation.config.model_copy(update={"newsletter": changed})
    refresh_portrait(installation)
    with installation.database.read() as connection:
        return portrait(connection, installation.config)


def test_a_file_is_served_as_a_square_of_its_upper_middle(publisher: Publisher) -> None:
    (publisher.installation.folder / "me.jpg").write_bytes(jpeg(900, 1200))
    address = shown(publisher, portrait="me.jpg")
    assert address.startswith("https://letter.example.org/images/")
    with publisher.installation.database.read() as connection:
        copy = store.served(connection, address.rpartition("/")[2])
    assert copy is not None
    assert (copy.width, copy.height) == (168, 168)
    assert Image.open(BytesIO(copy.content)).size == (168, 168)
    assert len(copy.content) < 30_000


def test_another_picture_in_the_file_is_another_one_in_the_next_letter(publisher: Publisher) -> None:
    file = publisher.installation.folder / "me.jpg"
    file.write_bytes(jpeg(300, 300))
    first = shown(publisher, portrait="me.jpg")
    assert shown(publisher) == first
    file.write_bytes(jpeg(400, 200))
    assert shown(publisher) not in ("", first)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xd8\xff no picture"])
def test_without_a_picture_the_letter_goes_without(
    publisher: Publisher, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    if content is not None:
        (publisher.installation.folder / "me.jpg").write_bytes(content)
    assert shown(publisher, portrait="me.jpg") == ""
    assert ("The letter goes without." in caplog.text) is (content in (None, b""))


def test_where_nobody_reaches_us_no_file_is_shown(publisher: Publisher) -> None:
    (publisher.installation.folder / "me.jpg").write_bytes(jpeg(300, 300))
    assert shown(publisher, portrait="me.jpg", public_url="") == ""


def test_an_address_is_shown_as_it_is(publisher: Publisher) -> None:
    address = "https://willow.example/me.jpg"
    assert shown(publisher, portrait=address) == address
    assert shown(publisher, portrait="") == ""
