"""The front page, and what the pages around signing up say of the letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.core.errors import ConfigError
from pipeline.letter.images import store
from pipeline.letter.images.sandbox import Copy
from pipeline.letter.images.store import Seen
from pipeline.subscriptions.confirm import send_questions
from pipeline.web.public import logos
from subscribers import clock
from tests.installations import installation
from tests.web.public.test_archive import FEED, sent
from tests.web.public.visitor import Addresses, Shape, Visitor, confirm_links, edition, hidden

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

NAMED = {
    "name": "The Weekly Letter",
    "from_email": "letter@example.org",
    "from_name": "Willow Practice",
    "public_url": "https://letter.example.org",
    "timezone": "America/New_York",
}
PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff\xe0 and so on"


def text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def page_of(database: Database, folder: Path, path: str = "/", **sections: Any) -> str:
    visitor = Visitor(installation(database, folder, FEED, **sections))
    answer = visitor.get(path)
    visitor.close()
    assert answer.status_code == 200
    return answer.text


def test_it_says_what_the_letter_is_how_often_it_comes_and_how_long_it_takes(
    visitor: Visitor, practice: Installation
) -> None:
    words = "word " * 660
    sent(practice, html=f"<p>{words}</p>")
    for path in ("/", "/subscribe"):
        said = text(visitor.get(path).text)
        assert "The Weekly Letter is the letter of Willow Practice" in said
        assert "It comes every Thursday." in said
        assert "It takes about 3 minutes to read." in said


def test_how_long_it_takes_is_not_said_before_a_letter_was_sent(
    visitor: Visitor, practice: Installation
) -> None:
    sent(practice, status="draft")
    assert "to read." not in text(visitor.get("/").text)
    sent(practice, status="sent", weeks_ago=1)
    assert "about a minute to read." in text(visitor.get("/").text)


def test_of_several_letters_each_is_named_with_how_often_it_comes(chooser: Visitor) -> None:
    assert "weekly (every Thursday) and groups (once a month)" in text(chooser.get("/").text)
    assert chooser.get("/").text.count('type="checkbox"') == 2


def test_the_last_three_letters_lead_to_the_archive(visitor: Visitor, practice: Installation) -> None:
    slugs = [sent(practice, f"Week {weeks}", weeks_ago=weeks) for weeks in (3, 2, 1, 0)]
    found = re.findall(r'href="/archive/(weekly-\d+)"', visitor.get("/").text)
    assert found == [slugs[3], slugs[2], slugs[1]]


def test_the_form_is_the_one_of_the_sign_up_page_and_signs_up(
    visitor: Visitor, practice: Installation
) -> None:
    def form(path: str) -> list[Any]:
        page = visitor.get(path).text
        tags = Shape(page[page.index("<form") : page.index("</form>")]).tags
        return [(tag, tuple(a for a in pairs if a[0] != "value")) for tag, pairs in tags]

    assert form("/") == form("/subscribe")
    stamp = hidden(visitor.get("/").text, "stamp")
    assert visitor.post("/subscribe", {"email": "ada@example.org", "stamp": stamp}).status_code == 422
    with time_machine.travel(datetime.now(UTC).replace(year=2031), tick=False):
        assert visitor.post("/subscribe", {"email": "ada@example.org", "stamp": stamp}).status_code == 200


def test_it_has_a_head_and_a_card_of_its_own(visitor: Visitor) -> None:
    page = visitor.get("/").text
    assert "<title>The Weekly Letter</title>" in page
    assert '<link rel="canonical" href="https://letter.example.org/">' in page
    assert 'og:image" content="https://letter.example.org/card.png"' in page
    card = visitor.get("/card.png")
    assert (card.status_code, card.headers["content-type"]) == (200, "image/png")
    assert visitor.get("/card.png", headers={"If-None-Match": card.headers["etag"]}).status_code == 304
    assert re.search(r'<meta name="description" content="The Weekly Letter is [^"]+every Thursday', page)
    assert "noindex" not in page
    assert [tag for tag, _ in Shape(page).tags].count("h1") == 1


def test_every_page_leads_home(visitor: Visitor, practice: Installation) -> None:
    sent(practice)
    for path in ("/", "/subscribe", "/archive", "/archive/weekly-1", "/nowhere"):
        assert '<header>\n  <p><a href="/">' in visitor.get(path).text


def test_a_wrong_address_leads_on(visitor: Visitor) -> None:
    page = visitor.get("/nowhere").text
    for link in (
        '<a href="/">To the front page</a>',
        '<a href="/subscribe">To the sign-up form</a>',
        '<a href="/archive">All letters</a>',
    ):
        assert link in page


def test_a_slash_too_many_does_no_harm(
    visitor: Visitor, practice: Installation, addresses: Addresses
) -> None:
    slug = sent(practice, weeks_ago=1)
    paths = ["/archive", f"/archive/{slug}", addresses.unsubscribe(), addresses.preferences()]
    for path in paths:
        assert visitor.get(f"{path}/").content == visitor.get(path).content
    assert "<h1>Get The Weekly Letter by email</h1>" in visitor.get("/subscribe/").text
    assert visitor.post("/subscribe/", {"email": "ada@"}).status_code == 422
    for path in ("/subscribe//", "/archive/feed.xml/", "/nowhere/", "/unsubscribe/x/"):
        assert visitor.get(path).status_code == 404
    answer = visitor.post(f"{addresses.unsubscribe()}/", {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.text) == (200, "Unsubscribed.\n")


def test_the_logo_keeps_its_place_before_it_is_there(sqlite_database: Database, tmp_path: Path) -> None:
    theme = {"logo": "https://letter.example.org/logo.png"}
    page = page_of(sqlite_database, tmp_path, theme=theme)
    pictures = [dict(pairs) for tag, pairs in Shape(page).tags if tag == "img"]
    assert pictures
    assert all(picture["width"] and picture["height"] for picture in pictures)


def test_a_logo_that_lies_elsewhere_is_shown_as_our_copy_once_there_is_one(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logos, "EVERY", 0.0)
    theme = {"logo": "https://www.example.org/logo.png", "logo_dark": "https://www.example.org/dark.png"}
    visitor = Visitor(installation(sqlite_database, tmp_path, FEED, theme=theme))
    pages = ("/", "/subscribe", "/nowhere")
    assert not [path for path in pages if "<img" in visitor.get(path).text]
    with sqlite_database.write() as connection:
        for number, address in enumerate(theme.values()):
            copy = Copy("image/png", 300 + number, 60, PNG + bytes([number]))
            seen = Seen(address, address, width=300, height=60, copy=copy)
            store.keep(connection, seen, clock.now())
    for path in pages:
        page = visitor.get(path).text
        (shown,) = [dict(pairs) for tag, pairs in Shape(page).tags if tag == "img"]
        (dark,) = [dict(pairs) for tag, pairs in Shape(page).tags if tag == "source"]
        assert (shown["width"], shown["height"], dark["width"]) == ("300", "60", "301")
        assert "plate" not in page
        assert visitor.get(str(shown["src"])).content == PNG + b"\0"
        assert visitor.get(str(dark["srcset"])).content == PNG + b"\1"
        assert "www.example.org" not in page
    visitor.close()


class TestWhoWrites:
    def test_they_are_named_with_their_picture(self, sqlite_database: Database, tmp_path: Path) -> None:
        (tmp_path / "me.jpg").write_bytes(JPEG)
        newsletter = NAMED | {"signed_by": "Ines Calloway, Willow Practice", "portrait": "me.jpg"}
        visitor = Visitor(installation(sqlite_database, tmp_path, FEED, newsletter=newsletter))
        page = visitor.get("/").text
        assert "Written by Ines Calloway, Willow Practice" in text(page)
        assert '<img src="/portrait" alt="" width="64" height="64">' in page
        answer = visitor.get("/portrait")
        visitor.close()
        assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")

    def test_nobody_is_named_unless_the_practice_does(self, visitor: Visitor) -> None:
        assert "Written by" not in visitor.get("/").text
        assert visitor.get("/portrait").status_code == 404

    @pytest.mark.parametrize(
        ("address", "shown"),
        [("https://letter.example.org/me.jpg", True), ("https://elsewhere.example/me.jpg", False)],
    )
    def test_a_picture_at_another_host_is_not_asked_for(
        self, sqlite_database: Database, tmp_path: Path, address: str, shown: bool
    ) -> None:
        newsletter = NAMED | {"signed_by": "Ines Calloway", "portrait": address}
        assert (address in page_of(sqlite_database, tmp_path, newsletter=newsletter)) is shown

    @pytest.mark.parametrize("content", [None, b"<svg/>", JPEG + b"x" * 1_000_000])
    def test_a_file_that_is_no_picture_is_told_at_the_start(
        self, sqlite_database: Database, tmp_path: Path, content: bytes | None
    ) -> None:
        if content is not None:
            (tmp_path / "me.jpg").write_bytes(content)
        made = installation(sqlite_database, tmp_path, FEED, newsletter=NAMED | {"portrait": "me.jpg"})
        with pytest.raises(ConfigError, match=r"newsletter\.portrait"):
            Visitor(made)


class TestAfterSigningUp:
    def asked(self, visitor: Visitor, **more: Any) -> str:
        return visitor.post("/subscribe", {"email": "ada@example.org"} | more).text

    def confirmed(self, visitor: Visitor) -> str:
        send_questions(visitor.installation)
        (path,) = confirm_links(visitor.installation.folder)
        return visitor.post(path).text

    # A Wednesday in New York, but Thursday in UTC; after that day's letter.
    @pytest.mark.parametrize(
        ("now", "day"),
        [
            (datetime(2026, 12, 3, 1, tzinfo=UTC), "Thursday, December 3, 2026"),
            (datetime(2026, 12, 3, 14, 1, tzinfo=UTC), "Thursday, December 10, 2026"),
        ],
    )
    def test_both_pages_say_when_the_next_letter_comes_and_lead_to_the_newest(
        self, visitor: Visitor, practice: Installation, now: datetime, day: str
    ) -> None:
        slug = sent(practice, "A calm week")
        with time_machine.travel(now, tick=False):
            for page in (self.asked(visitor), self.confirmed(visitor)):
                assert f"The next letter is due on {day}." in text(page)
                assert f'<a href="/archive/{slug}">Read the newest letter: A calm week</a>' in page

    def test_a_letter_that_went_out_ahead_is_not_the_next(
        self, visitor: Visitor, practice: Installation
    ) -> None:
        with time_machine.travel(datetime(2026, 11, 24, tzinfo=UTC), tick=False):
            assert "November 26" in text(self.asked(visitor))
            assert edition(practice)  # that of 26 November
            assert "Thursday, December 3, 2026" in text(self.asked(visitor))

    def test_of_several_letters_the_one_that_was_chosen_counts(self, chooser: Visitor) -> None:
        with time_machine.travel(datetime(2026, 12, 2, 12, tzinfo=UTC), tick=False):
            self.asked(chooser, digest="groups")
            assert "Friday, January 1, 2027" in text(self.confirmed(chooser))

    def test_what_is_not_public_is_not_shown_to_strangers(
        self, sqlite_database: Database, tmp_path: Path
    ) -> None:
        visitor = Visitor(installation(sqlite_database, tmp_path, FEED, archive={"public": False}))
        sent(visitor.installation, "A calm week")
        for page in (self.asked(visitor), self.confirmed(visitor)):
            assert "A calm week" not in page
            assert "The next letter is due on" in page
        visitor.close()

    def test_in_german_the_day_is_german(self, sqlite_database: Database, tmp_path: Path) -> None:
        newsletter = NAMED | {"language": "de-AT", "timezone": "Europe/Vienna"}
        visitor = Visitor(installation(sqlite_database, tmp_path, FEED, newsletter=newsletter))
        with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
            assert "Der nächste Brief ist für Donnerstag, 3. Dezember 2026 vorgesehen." in text(
                self.asked(visitor)
            )
        visitor.close()
