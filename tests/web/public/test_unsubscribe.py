"""Leaving: by the button of a mail program, by the page, and back again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import insert, text, update

from pipeline.core.tables.ledger import batches, recipients
from pipeline.subscriptions import unsubscribe
from pipeline.web.app import make_app
from pipeline.web.public import network
from subscribers import clock, directory, suppression
from tests.installations import installation, subscribe
from tests.web.public.visitor import Addresses, Visitor, edition, everything, stamps

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from subscribers.consent import Consent

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def active(installation: Installation, number: int = 1) -> list[str]:
    """The digests that a reader still gets."""
    with installation.database.read() as connection:
        person = directory.person(connection, f"reader{number}@example.net")
    assert person
    if person.suppression:
        return []
    return [s.digest for s in person.subscriptions if s.status == "active"]


@dataclass
class _Reader:
    """``paused``: until when each digest is; ``last``: the newest of the proof."""

    paused: dict[str, date | None]
    last: Consent


def person(installation: Installation, number: int = 1) -> _Reader:
    with installation.database.read() as connection:
        found = directory.person(connection, f"reader{number}@example.net")
    assert found
    return _Reader({s.digest: s.paused_until for s in found.subscriptions}, found.consent[-1])


def is_bare(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 200
        and len(answer.content) < 32
        and not {"set-cookie", "location"} & set(answer.headers)
    )


def test_one_click_ends_the_digest_of_that_edition_and_no_other(chooser: Visitor, both: Addresses) -> None:
    assert is_bare(chooser.post(both.unsubscribe(), ONE_CLICK))
    assert active(both.installation) == ["groups"]
    assert active(both.installation, 2) == ["groups", "weekly"]


def test_gmail_posts_26_bytes_without_cookies(visitor: Visitor, addresses: Addresses) -> None:
    body = b"List-Unsubscribe=One-Click"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "", "Accept": ""}
    assert len(body) == 26
    assert is_bare(visitor.ask("POST", addresses.unsubscribe(), content=body, headers=headers))
    assert active(addresses.installation) == []


def test_multipart_as_rfc_8058_prefers_it(visitor: Visitor, addresses: Addresses) -> None:
    files = {"List-Unsubscribe": (None, "One-Click")}
    assert is_bare(visitor.ask("POST", addresses.unsubscribe(), files=files))
    assert active(addresses.installation) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""),
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"List-Unsubscribe=One-Click", "multipart/form-data"),
    ],
)
def test_whatever_the_body_a_post_with_the_link_of_a_letter_means_no_more(
    visitor: Visitor, addresses: Addresses, body: bytes, kind: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert is_bare(visitor.ask("POST", addresses.unsubscribe(), content=body, headers=headers))
    assert active(addresses.installation) == []


def test_any_number_of_times_with_one_and_the_same_answer(visitor: Visitor, addresses: Addresses) -> None:
    answers = [visitor.post(addresses.unsubscribe(), ONE_CLICK) for _ in range(4)]
    assert len({(a.status_code, a.content) for a in answers}) == 1


def test_a_reader_who_was_erased_is_answered_like_any(visitor: Visitor, addresses: Addresses) -> None:
    known, gone = (visitor.post(addresses.unsubscribe(n), ONE_CLICK) for n in (1, 987))
    assert (gone.status_code, gone.content, gone.headers) == (200, known.content, known.headers)
    pages = [visitor.get(addresses.unsubscribe(n)) for n in (2, 987)]
    assert pages[0].content == pages[1].content


def test_the_link_of_an_edition_nobody_knows_any_more_ends_all_mail(
    chooser: Visitor, two_letters: Installation
) -> None:
    assert is_bare(chooser.post(Addresses(two_letters, 4711).unsubscribe(), ONE_CLICK))
    assert active(two_letters) == []


def test_it_is_503_and_not_200_when_it_could_not_be_written(practice: Installation) -> None:
    with practice.database.write() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE UPDATE ON subscriptions "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        )
    addresses, visitor = Addresses(practice, edition(practice)), Visitor(practice)
    for form in (ONE_CLICK, {"do": "leave"}):
        answer = visitor.post(addresses.unsubscribe(), form)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
    visitor.close()
    assert active(practice) == ["weekly"]


def test_the_page_has_a_button_and_a_pause_beside_it_where_there_is_one_letter(
    visitor: Visitor, addresses: Addresses
) -> None:
    page = visitor.get(addresses.unsubscribe()).text
    assert re.findall(r"<button[^>]*>(.*?)</button>", page) == ["Unsubscribe", "Pause for four weeks"]
    assert "weekly" not in page


class TestPausing:
    def test_it_ends_by_itself_and_the_page_says_when(self, chooser: Visitor, both: Addresses) -> None:
        with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False):
            page = chooser.post(both.unsubscribe(), {"do": "pause"}).text
        assert "<h1>Paused until December 28, 2026</h1>" in page
        assert both.preferences() in page
        reader = person(both.installation)
        assert reader.paused == {"weekly": date(2026, 12, 28), "groups": date(2026, 12, 28)}
        assert (str(reader.last.action), reader.last.wording, reader.last.source) == (
            "paused",
            "until 2026-12-28",
            "unsubscribe page",
        )

    def test_a_longer_pause_stays(self, visitor: Visitor, addresses: Addresses) -> None:
        with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False):
            form = {"do": "save", "digest": "weekly", "pause": "2027-05-01"}
            visitor.post(addresses.preferences(), form)
            before = everything(addresses.installation.database)
            page = visitor.post(addresses.unsubscribe(), {"do": "pause"}).text
        assert "Paused until May 1, 2027" in page
        assert everything(addresses.installation.database) == before

    @pytest.mark.parametrize("number", [1, 987])
    def test_who_gets_no_letter_is_told_so_and_nothing_is_written(
        self, visitor: Visitor, addresses: Addresses, number: int
    ) -> None:
        visitor.post(addresses.unsubscribe(), ONE_CLICK)
        before = everything(addresses.installation.database)
        page = visitor.post(addresses.unsubscribe(number), {"do": "pause"}).text
        assert "<h1>There is nothing to pause</h1>" in page
        assert everything(addresses.installation.database) == before

    def test_no_mail_program_presses_it_so_it_is_limited(
        self, visitor: Visitor, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(network.REQUESTS, "amount", 2)
        asked = [visitor.post(addresses.unsubscribe(), {"do": "pause"}).status_code for _ in range(3)]
        assert asked == [200, 200, 429]
        for slash in ("", "/"):
            assert is_bare(visitor.post(addresses.unsubscribe() + slash, ONE_CLICK))


def test_that_it_is_done_stands_before_every_offer(chooser: Visitor, both: Addresses) -> None:
    page = chooser.post(both.unsubscribe(), {"do": "leave"}).text
    order = (
        "<h1>You are unsubscribed</h1>\n<p>“weekly” will not come any more.",
        'value="leave-all"',
        'value="reason"',
        'value="undo"',
    )
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert page.index("<form") > places[0]


def test_the_button_ends_it_and_the_page_after_offers_undo_reason_all_and_preferences(
    chooser: Visitor, both: Addresses
) -> None:
    page = chooser.get(both.unsubscribe()).text
    assert "Unsubscribe from “weekly”" in page
    assert "Unsubscribe from all mail" in page
    done = chooser.post(both.unsubscribe(), {"do": "leave"})
    assert done.status_code == 200
    assert "You are unsubscribed" in done.text
    assert active(both.installation) == ["groups"]
    for button in ("undo", "reason", "leave-all"):
        assert f'name="do" value="{button}"' in done.text
    assert both.preferences() in done.text


def test_all_mail_ends_everything(chooser: Visitor, both: Addresses) -> None:
    done = chooser.post(both.unsubscribe(), {"do": "leave-all"})
    assert "<p>No mail from us will come." in done.text
    assert active(both.installation) == []


def test_a_reason_is_kept_with_the_proof_and_no_line_of_it_breaks_anything(
    visitor: Visitor, addresses: Addresses
) -> None:
    visitor.post(addresses.unsubscribe(), {"do": "leave"})
    said = "Too <much>\r\nfor me\x00, " + "really " * 1000
    thanks = visitor.post(addresses.unsubscribe(), {"do": "reason", "reason": said})
    assert "Thank you for telling us why" in thanks.text
    with addresses.installation.database.read() as connection:
        person = directory.person(connection, "reader1@example.net")
    assert person
    kept = person.consent[-1].wording
    assert kept.startswith("Too <much>\r\nfor me\ufffd, really")
    assert len(kept) == 1000
    assert active(addresses.installation) == []


def test_no_reason_writes_nothing(visitor: Visitor, addresses: Addresses) -> None:
    visitor.post(addresses.unsubscribe(), {"do": "leave"})
    before = everything(addresses.installation.database)
    assert visitor.post(addresses.unsubscribe(), {"do": "reason", "reason": "  "}).status_code == 200
    assert everything(addresses.installation.database) == before


def test_undo_brings_back_what_was_ended_on_the_pages_before_it(chooser: Visitor, both: Addresses) -> None:
    first = chooser.post(both.unsubscribe(), {"do": "leave"}).text
    second = chooser.post(both.unsubscribe(), {"do": "leave-all", "undo": stamps(first)}).text
    assert active(both.installation) == []
    undone = chooser.post(both.unsubscribe(), {"do": "undo", "undo": stamps(second)})
    assert "These letters will come to you again: groups and weekly." in undone.text
    assert active(both.installation) == ["groups", "weekly"]


def test_undo_is_there_for_who_pressed_twice(visitor: Visitor, addresses: Addresses) -> None:
    with time_machine.travel(clock.now(), tick=False) as clock_hand:
        visitor.post(addresses.unsubscribe(), {"do": "leave"})
        clock_hand.shift(2)
        page = visitor.post(addresses.unsubscribe(), {"do": "leave"}).text
        undone = visitor.post(addresses.unsubscribe(), {"do": "undo", "undo": stamps(page)})
    assert "These letters will come to you again: The Weekly Letter." in undone.text
    assert active(addresses.installation) == ["weekly"]


def test_undo_is_for_minutes_and_for_that_person_only(visitor: Visitor, addresses: Addresses) -> None:
    (token,) = stamps(visitor.post(addresses.unsubscribe(1), {"do": "leave"}).text)
    visitor.post(addresses.unsubscribe(2), {"do": "leave"})
    before = everything(addresses.installation.database)
    other = visitor.post(addresses.unsubscribe(2), {"do": "undo", "undo": token})
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=False):
        late = visitor.post(addresses.unsubscribe(1), {"do": "undo", "undo": token})
    forged = visitor.post(addresses.unsubscribe(1), {"do": "undo", "undo": addresses.unsubscribe()[-44:]})
    none = visitor.post(addresses.unsubscribe(1), {"do": "undo"})
    for answer in (other, late, forged, none):
        assert "nothing to undo" in answer.text
    assert everything(addresses.installation.database) == before


def test_what_ended_before_the_page_is_not_brought_back(chooser: Visitor, both: Addresses) -> None:
    with time_machine.travel(clock.now() - timedelta(hours=1), tick=False):
        chooser.post(both.unsubscribe(), ONE_CLICK)
    page = chooser.post(both.unsubscribe(), {"do": "leave-all"}).text
    chooser.post(both.unsubscribe(), {"do": "undo", "undo": stamps(page)})
    assert active(both.installation) == ["groups"]


def test_who_presses_after_a_reader_left_or_before_gets_nothing_that_undoes_it(
    chooser: Visitor, both: Addresses
) -> None:
    """Somebody to whom a letter was forwarded presses the button, too, to be handed what undoes it."""
    with time_machine.travel(clock.now(), tick=False) as clock_hand:
        early = stamps(chooser.post(both.unsubscribe(), {"do": "leave"}).text)
        clock_hand.shift(60)
        chooser.post(both.unsubscribe(), {"do": "leave-all"})  # the reader
        clock_hand.shift(60)
        late = stamps(chooser.post(both.unsubscribe(), {"do": "leave-all", "undo": early}).text)
        for form in (early, late, [*early, *late] * 9):
            answer = chooser.post(both.unsubscribe(), {"do": "undo", "undo": form})
            assert "nothing to undo" in answer.text
    assert active(both.installation) == []


def test_the_answer_waits_for_a_batch_that_is_being_handed_over(
    practice: Installation, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsubscribe, "PATIENCE", 60.0)
    number = addresses.edition
    with practice.database.write() as connection:
        connection.execute(text("UPDATE editions SET status = 'sending'"))
        connection.execute(
            insert(batches).values(
                edition_id=number,
                number=0,
                state="sending",
                first=1,
                last=1,
                size=1,
                attempt="a",
                at=clock.now(),
            )
        )
        connection.execute(
            insert(recipients).values(
                edition_id=number, subscriber_id=1, email="reader1@example.net", batch=0
            )
        )
    looked = asyncio.Event()
    passed = unsubscribe.asyncio.sleep

    async def pause(seconds: float) -> None:
        looked.set()
        await passed(seconds)

    monkeypatch.setattr(unsubscribe.asyncio, "sleep", pause)

    async def leave() -> httpx.Response:
        import httpx

        transport = httpx.ASGITransport(make_app(practice))
        async with httpx.AsyncClient(transport=transport, base_url="https://letter.example.org") as client:
            asked = asyncio.create_task(client.post(addresses.unsubscribe(), data=ONE_CLICK))
            await looked.wait()
            assert active(practice) == []  # they have left already
            assert not asked.done()
            with practice.database.write() as connection:
                connection.execute(update(batches).values(state="sent"))
            return await asked

    assert is_bare(asyncio.run(leave()))


def test_it_is_so_on_either_database(database: Database, tmp_path: Path) -> None:
    practice = installation(database, tmp_path, "http://127.0.0.1:1/feed")
    subscribe(database, 1)
    addresses, visitor = Addresses(practice, edition(practice)), Visitor(practice)
    with database.read() as connection:
        person = directory.person(connection, "reader1@example.net")
    assert person
    assert person.id
    path = addresses.unsubscribe(person.id)
    assert "Paused until" in visitor.post(path, {"do": "pause"}).text
    assert is_bare(visitor.post(path, ONE_CLICK))
    assert visitor.post(path, {"do": "reason", "reason": "\x00\ud7ff🙂"}).status_code == 200
    page = visitor.post(path, {"do": "leave-all"}).text
    undone = visitor.post(path, {"do": "undo", "undo": stamps(page)})
    assert "These letters will come to you again" in undone.text
    assert active(practice) == ["weekly"]
    with database.read() as connection:
        assert suppression.reason_for(connection, "reader1@example.net") is None
    visitor.close()
