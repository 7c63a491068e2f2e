"""From the button of the confirmation page to the first mail, and what the page says of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine

from subscribers import clock, directory
from tests.installations import installation
from tests.web.public.visitor import Visitor, confirm_links

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation

ADA = {"email": "ada@example.org"}


def confirmed(visitor: Visitor) -> list[str]:
    """What the page says to two presses of the button."""
    visitor.post("/subscribe", ADA)
    (path,) = confirm_links(visitor.installation.folder)
    return [visitor.post(path).text for _ in range(2)]


def test_the_button_sends_the_first_mail_and_the_page_says_so(
    visitor: Visitor, practice: Installation
) -> None:
    first, second = confirmed(visitor)
    assert "A first mail is written to that folder" in first
    assert first == second
    (mail,) = (practice.folder / "outbox").glob("weekly-000000-*.eml")
    assert "The first letter comes on" in mail.read_text()


def test_who_comes_back_later_is_promised_nothing(visitor: Visitor, practice: Installation) -> None:
    confirmed(visitor)
    (former,) = confirm_links(practice.folder)
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=False):
        with practice.database.write() as connection:
            directory.unsubscribe(connection, ADA["email"], source="test")
        visitor.post("/subscribe", ADA)
        (path,) = set(confirm_links(practice.folder)) - {former}
        said = visitor.post(path).text
    assert "The next letter will be written to that folder for you" in said, said
    assert len(list((practice.folder / "outbox").glob("weekly-000000-*.eml"))) == 1


def test_where_it_is_turned_off_the_page_promises_nothing(practice: Installation, tmp_path: Path) -> None:
    quiet = installation(
        practice.database,
        tmp_path,
        practice.config.feeds[0].url,
        digests=[{"name": "weekly", "welcome": "none"}],
    )
    visitor = Visitor(quiet)
    try:
        first, _ = confirmed(visitor)
    finally:
        visitor.close()
    assert "A first mail" not in first
    assert "The next letter will be written to that folder for you, too." in first
    assert not list((tmp_path / "outbox").glob("weekly-*.eml"))
