"""How far a letter is, on its page: as it loads, and by the connection on which an open page hears more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import update
from starlette.responses import Response

from pipeline.core.tables.ledger import batches
from pipeline.editions import progress
from pipeline.web.dashboard import events, letters
from pipeline.web.dashboard.actor import Actor, Role
from pipeline.web.dashboard.dashboard import Dashboard
from pipeline.web.dashboard.events import Streams
from pipeline.web.dashboard.letters import Letters
from subscribers import staff_log
from tests.ledgers import AT, Left, handed_over
from tests.web.dashboard.staff import ME, OURS, words
from tests.web.public.visitor import hidden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pipeline.core.app import Installation
    from tests.web.dashboard.staff import Staff
    from tests.web.public.visitor import Visitor

PAGE = "/staff/letters/weekly-11"


@pytest.fixture
def goes_out(visitor: Visitor) -> Iterator[Installation]:
    """A letter that goes out: five readers have it, for two the answer is not there yet, the others wait.
    The clock stands still."""
    now = AT
    with visitor.installation.database.write() as connection:
        handed_over(
            connection,
            11,
            [
                Left(people=5, at=now),
                Left("sending", people=2, at=now),
                Left("waiting", people=1240, at=now),
            ],
            status="sending",
            snapshot_at=now - timedelta(minutes=1),
            finished_at=None,
            provider="sendgrid",
        )
    with time_machine.travel(now, tick=False):
        yield visitor.installation


def decide(visitor: Visitor, verb: str) -> str:
    """Press a button of the page; the page afterwards."""
    page = visitor.get(PAGE).text
    assert f'name="verb" value="{verb}"' in page
    fields = {name: hidden(page, name) for name in ("edition", "seen", "mark")}
    answer = visitor.post(f"{PAGE}/decide", fields | {"csrf": "a-token", "verb": verb}, headers=OURS)
    assert answer.headers["location"] == PAGE
    return visitor.get(PAGE).text


def test_the_page_says_how_far_it_is_how_fast_and_what_is_left(
    visitor: Visitor, goes_out: Installation
) -> None:
    said = words(visitor.get(PAGE).text)
    assert "Going out: 5 of 1,247" in said
    assert "1,242 left, about 5" in said
    assert "hours more" in said
    assert "Under way the answer is not there yet 2" in said
    assert "In doubt handed over, and no answer came 0" in said
    assert "no answer yet" not in said
    assert "Look again how far it is" in said
    assert "1,242 left, about 5" in words(visitor.get("/staff/?edition=weekly-11").text)


def test_it_is_paused_with_who_did_it_and_let_go_on_by_the_buttons_beside(
    visitor: Visitor, goes_out: Installation
) -> None:
    said = words(decide(visitor, "pause"))
    assert "Paused at 5 of 1,247" in said
    assert f"Paused by {ME}" in said
    assert f"Paused by {ME}" in words(visitor.get("/staff/?edition=weekly-11").text)
    assert "Going out: 5 of 1,247" in words(decide(visitor, "resume"))
    with goes_out.database.read() as connection:
        done = [(one.action, one.actor) for one in staff_log.latest(connection, "weekly-11", 9)]
    assert done == [("resume", ME), ("pause", ME)]


def test_what_was_decided_meanwhile_is_said_and_not_done_again(
    visitor: Visitor, goes_out: Installation
) -> None:
    decide(visitor, "pause")
    fields = {"csrf": "a-token", "edition": "weekly-11", "verb": "resume", "seen": "", "mark": ""}
    answer = visitor.post(f"{PAGE}/decide", fields, headers=OURS)
    assert answer.status_code == 409
    assert "Paused at 5 of 1,247" in words(answer.text)
    other = visitor.post(f"{PAGE}/decide", fields | {"edition": "weekly-12"}, headers=OURS)
    assert other.status_code == 409


def test_a_viewer_watches_and_decides_nothing(
    visitor: Visitor, goes_out: Installation, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff.role = Role.VIEWER
    page = visitor.get(PAGE)
    assert "Going out: 5 of 1,247" in words(page.text)
    assert "<form" not in page.text
    assert visitor.post(f"{PAGE}/decide", {"csrf": "a-token"}, headers=OURS).status_code == 403
    monkeypatch.setattr(events, "AT_MOST", 2)
    assert "event: progress" in visitor.get("/staff/events").text


def test_however_many_watch_the_database_is_looked_into_once_and_each_hears_the_same(
    goes_out: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def counted(*given: object) -> list[progress.Progress]:
        looks.append(given)
        return under_way(*given)  # type: ignore[arg-type]

    under_way = progress.under_way
    monkeypatch.setattr(progress, "under_way", counted)
    monkeypatch.setattr(letters, "LOOK", 1e9)
    shown = Letters(goes_out)
    streams = Streams(dashboard(shown))

    async def hear() -> tuple[set[str], str]:
        open_ones = [streams.told("me", shown.reload.version, lambda: True) for _ in range(5)]
        first = {await progress_of(one) for one in open_ones}
        assert len(looks) == 1
        with goes_out.database.write() as connection:
            connection.execute(update(batches).where(batches.c.number == 1).values(state="sent"))
        monkeypatch.setattr(letters, "LOOK", -1)
        told = await progress_of(open_ones[0])
        for one in open_ones:
            await one.aclose()
        return first, told

    first, told = asyncio.run(hear())
    (line,) = first
    assert "<b>5</b> of 1,247" in line
    assert "\n\n" not in line.rstrip("\n")
    assert "<b>7</b> of 1,247" in told
    assert not any(word in line for word in ("<form", "csrf", "<script"))


def test_the_connection_ends_with_the_session_and_gives_its_place_back(
    visitor: Visitor, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "STILL_IN", 1)
    monkeypatch.setattr(events, "MOST_EACH", 1)
    monkeypatch.setattr(events, "AT_MOST", 3)
    me = staff.actor()
    for ended in (None, Actor("another@example.org", Role.ADMIN, "another-token")):
        whoever = iter([me, ended])
        monkeypatch.setattr(staff, "actor", lambda whoever=whoever: next(whoever))
        answer = visitor.get("/staff/events")
        assert answer.text == "retry: 500\n\n"
        assert answer.headers["x-accel-buffering"] == "no"  # else nginx keeps all of it until it ends


def test_whoever_comes_when_every_place_is_taken_is_asked_to_come_again(
    visitor: Visitor, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("MOST", "MOST_EACH"):
        with monkeypatch.context() as patch:
            patch.setattr(events, bound, 0)
            assert visitor.get("/staff/events").text == events.LATER


async def progress_of(lines: AsyncIterator[str]) -> str:
    """The next that is told of it."""
    return await anext(line async for line in lines if line.startswith("event: progress\ndata: "))


def dashboard(shown: Letters) -> Dashboard:
    return Dashboard(shown, (), lambda request: None, lambda request: Response())
