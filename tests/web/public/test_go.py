"""The offer's links: /go/EDITION/LINK leads on and counts a click of nobody, and can do nothing else."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from limits import RateLimitItemPerMinute
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches
from pipeline.editions import clicks
from pipeline.editions.clicks import Click, Count, OfDay
from pipeline.web.public import go, guard
from tests.installations import installation, subscribe
from tests.ledgers import AT, Left, handed_over
from tests.web.public.visitor import Addresses, Visitor, everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"
OFFER = "https://example.org/get-matched"
FOLLOWED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none"}
LATER = AT + timedelta(hours=12)
"""A Friday by UTC, still the Thursday where the newsletter is."""


def links(slug: str = "weekly-1", target: str = OFFER) -> list[dict[str, str]]:
    address = f"https://letter.example.org/go/{slug}"
    return [{"name": name, "address": f"{address}/{name}", "target": target} for name in ("offer", "end")]


def lead_to(database: Database, target: str) -> None:
    with database.write() as connection:
        connection.execute(update(editions).values(links=links(target=target)))


@pytest.fixture
def visit(sqlite_database: Database, tmp_path: Path) -> Iterator[Any]:
    """Visitors, hours after weekly-1 was handed over, of a practice with such keys under [match]."""
    subscribe(sqlite_database, 3)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left(people=3)], links=links())
    visitors = []

    def visitor(**match: Any) -> Visitor:
        match = {"url": OFFER, "count_clicks": True} | match
        visitors.append(Visitor(installation(sqlite_database, tmp_path, FEED, match=match)))
        return visitors[-1]

    with time_machine.travel(LATER, tick=False):
        yield visitor
    for one in visitors:
        one.close()


def counted(visitor: Visitor) -> list[OfDay]:
    """What is counted of weekly-1, once it is written."""
    assert visitor.app.state.clicks.write()
    with visitor.installation.database.read() as connection:
        return clicks.by_day(connection, 1)


def all_of(visitor: Visitor) -> Count:
    return clicks.total(counted(visitor))


def test_a_click_leads_to_the_offer_and_is_counted_by_link_and_day(visit: Any) -> None:
    visitor = visit()
    answers = [visitor.get(f"/go/weekly-1/{name}", headers=FOLLOWED) for name in ("offer", "offer", "end/")]
    assert {answer.status_code for answer in answers} == {302}
    assert {answer.headers["location"] for answer in answers} == {OFFER}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert {answer.headers["referrer-policy"] for answer in answers} == {"no-referrer"}
    assert all("set-cookie" not in answer.headers and not answer.content for answer in answers)
    day = date(2026, 11, 26)
    assert counted(visitor) == [OfDay(day, "offer", Count(2, 0)), OfDay(day, "end", Count(1, 0))]


def test_nothing_of_who_clicked_is_kept_or_logged(visit: Any, caplog: pytest.LogCaptureFixture) -> None:
    visitor = visit()
    caplog.set_level(logging.DEBUG, "pipeline")
    before = everything(visitor.installation.database)
    visitor.get("/go/weekly-1/offer", headers=FOLLOWED | {"user-agent": "me", "cookie": "a=b"})
    counted(visitor)
    after = everything(visitor.installation.database)
    assert [name for name in after if after[name] != before[name]] == ["clicks"]
    assert after["clicks"] == ["(1, 'offer', datetime.date(2026, 11, 26), 1, 0)"]
    assert caplog.text == ""


def test_a_head_is_answered_and_not_counted(visit: Any) -> None:
    visitor = visit()
    answer = visitor.ask("HEAD", "/go/weekly-1/offer", headers=FOLLOWED)
    assert (answer.status_code, answer.headers["location"]) == (302, OFFER)
    assert visitor.post("/go/weekly-1/offer").status_code == 405
    assert counted(visitor) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/146.0"},
        {"sec-fetch-mode": "navigate"},
        FOLLOWED | {"sec-fetch-mode": "no-cors"},
        FOLLOWED | {"sec-fetch-dest": "image"},
        FOLLOWED | {"sec-purpose": "prefetch;prerender"},
        FOLLOWED | {"purpose": "Prefetch"},
        FOLLOWED | {"x-purpose": "preview"},
        FOLLOWED | {"x-moz": "prefetch"},
    ],
    ids=repr,
)
def test_what_says_that_nobody_follows_the_link_is_taken_for_a_scanner(
    visit: Any, headers: dict[str, str]
) -> None:
    visitor = visit()
    assert visitor.get("/go/weekly-1/offer", headers=headers).headers["location"] == OFFER
    assert all_of(visitor) == Count(1, scanners=1)


def test_so_is_what_comes_right_after_a_part_of_the_letter_was_handed_over(visit: Any) -> None:
    visitor = visit()
    for seconds in (2, 599, 600):
        with time_machine.travel(AT + timedelta(seconds=seconds), tick=False):
            visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
    assert all_of(visitor) == Count(3, scanners=2)


def test_and_what_comes_right_after_a_letter_that_was_paused_goes_on(visit: Any) -> None:
    visitor = visit()
    for seconds in (0, 6):
        with time_machine.travel(LATER + timedelta(seconds=seconds), tick=False):
            visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
        with visitor.installation.database.write() as connection:
            connection.execute(update(batches).values(at=LATER + timedelta(seconds=1)))
    assert all_of(visitor) == Count(2, scanners=1)


@pytest.mark.parametrize(
    "path",
    [
        "weekly-2/offer",
        "weekly-9/offer",
        "weekly-3/offer",
        "weekly-4/offer",
        "weekly-1/",
        "weekly-1/quiet",
        "weekly-1/OFFER",
        "WEEKLY-1/offer",
        "weekly-١/offer",
        "weekly-01/offer",
        f"weekly-{'9' * 3000}/offer",
        "weekly-1/offer%2F..",
        "weekly-1/offer/x",
        "weekly-1%00/offer",
        "weekly-1/offer%0d%0aLocation:%20https://evil.example",
        "weekly-1'%20OR%201=1--/offer",
        "https:%2F%2Fevil.example/offer",
        "%ff%fe/offer",
    ],
)
def test_no_other_link_leads_anywhere_and_all_get_one_answer(visit: Any, path: str) -> None:
    visitor = visit()
    with visitor.installation.database.write() as connection:
        never = {"snapshot_at": None, "finished_at": None}
        handed_over(connection, 2, status="draft", links=links("weekly-2"), **never)
        handed_over(connection, 3, status="cancelled", links=links("weekly-3"), **never)
        handed_over(connection, 4)  # of which nothing is counted
    answer = visitor.get(f"/go/{path}", headers=FOLLOWED)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    nowhere = visitor.get("/nowhere")
    assert answer.content == nowhere.content
    assert dict(answer.headers) == dict(nowhere.headers)
    assert counted(visitor) == []


def test_where_it_leads_is_nothing_that_a_request_can_say(visit: Any) -> None:
    visitor = visit()
    told = {"host": "evil.example", "x-forwarded-host": "evil.example", "referer": "https://evil.example"}
    answer = visitor.get("/go/weekly-1/offer?url=https://evil.example&to=//evil", headers=FOLLOWED | told)
    assert answer.headers["location"] == OFFER


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("https://x.example/\r\nSet-Cookie: a=b", "https://x.example/%0D%0ASet-Cookie:%20a=b"),
        ("https://präxis.example/größe?ä=1", "https://xn--prxis-hra.example/gr%C3%B6%C3%9Fe?%C3%A4=1"),
        ("https://x.example/?a=1&b=%20c#d", "https://x.example/?a=1&b=%20c#d"),
    ],
)
def test_a_strange_address_of_the_offer_stays_within_its_header(
    visit: Any, target: str, location: str
) -> None:
    visitor = visit()
    lead_to(visitor.installation.database, target)
    answer = visitor.get("/go/weekly-1/offer")
    assert answer.headers["location"] == location
    assert "set-cookie" not in answer.headers


def test_letters_that_are_out_lead_where_they_did_whatever_the_configuration_says_later(visit: Any) -> None:
    visitor = visit(count_clicks=False, url="https://example.org/moved")
    assert visitor.get("/go/weekly-1/offer", headers=FOLLOWED).headers["location"] == OFFER
    assert counted(visitor) == []


def test_one_network_makes_no_figure_and_is_led_on_all_the_same(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go, "CLICKS", RateLimitItemPerMinute(3, namespace="clicks"))
    visitor = visit()
    answers = [visitor.get("/go/weekly-1/offer", headers=FOLLOWED) for _ in range(9)]
    assert {answer.headers["location"] for answer in answers} == {OFFER}
    visitor.ask("GET", "/go/weekly-1/offer", headers=FOLLOWED, address="198.51.100.4")
    assert all_of(visitor) == Count(4)


def test_in_a_flood_the_database_is_not_asked_and_what_is_known_leads_on(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (go, guard):
        monkeypatch.setattr(module, "REQUESTS", RateLimitItemPerMinute(2, namespace="requests"))
    visitor = visit()
    asked: list[str] = []
    ask = clicks.redirects
    monkeypatch.setattr(
        go, "redirects", lambda connection, slug: (asked.append(slug), ask(connection, slug))[1]
    )
    with time_machine.travel(LATER, tick=False) as now:
        visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
        visitor.get("/go/weekly-8/offer", headers=FOLLOWED)
        now.shift(40)  # what is known is no longer fresh
        flood = [visitor.get(f"/go/weekly-{number}/offer", headers=FOLLOWED) for number in (1, 7, 1, 6)]
    assert [answer.status_code for answer in flood] == [302, 429, 302, 429]
    assert asked == ["weekly-1", "weekly-8"]
    assert all_of(visitor) == Count(1)
    assert visitor.get("/archive").status_code == 429
    one = Addresses(visitor.installation, 1).unsubscribe()
    assert visitor.post(one, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_what_cannot_be_written_is_written_later(visit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = visit()
    visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
    with monkeypatch.context() as broken:

        def locked(*_: object) -> None:
            raise OperationalError("statement", {}, Exception("database is locked"))

        broken.setattr(clicks, "add", locked)
        assert not visitor.app.state.clicks.write()
    visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
    assert all_of(visitor) == Count(2)


def test_what_the_database_will_never_take_is_given_up(visit: Any) -> None:
    visitor = visit()
    visitor.app.state.clicks.count(Click(99, "offer", date(2026, 11, 26)), scanner=False)
    assert not visitor.app.state.clicks.write()
    visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
    assert all_of(visitor) == Count(1)


def test_a_database_that_is_gone_keeps_nobody_from_an_offer_that_is_known(
    visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("statement", {}, Exception("server closed the connection"))

    visitor = visit()
    with time_machine.travel(LATER, tick=False) as now:
        visitor.get("/go/weekly-1/offer", headers=FOLLOWED)
        now.shift(40)
        monkeypatch.setattr(go, "redirects", gone)
        assert visitor.get("/go/weekly-1/offer").headers["location"] == OFFER
        assert visitor.get("/go/weekly-2/offer").status_code == 503
    monkeypatch.undo()


def test_the_end_of_the_process_writes_what_was_counted(visit: Any) -> None:
    visitor = visit()
    visitor.get("/go/weekly-1/end", headers=FOLLOWED)
    visitor.app.state.clicks.close()
    with visitor.installation.database.read() as connection:
        assert clicks.total(clicks.by_day(connection, 1)) == Count(1)


def test_an_edition_that_is_handed_over_meanwhile_leads_on_at_once(visit: Any) -> None:
    visitor = visit()
    assert visitor.get("/go/weekly-5/offer").status_code == 404
    with visitor.installation.database.write() as connection:
        handed_over(connection, 5, status="sending", links=links("weekly-5"))
    assert visitor.get("/go/weekly-5/offer").headers["location"] == OFFER


def test_where_public_url_has_a_path_it_leads_on_below_it(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (go, guard):  # it is counted once there, too
        monkeypatch.setattr(module, "REQUESTS", RateLimitItemPerMinute(2, namespace="requests"))
    newsletter = {
        "name": "Letter",
        "from_email": "letter@example.org",
        "public_url": "https://example.org/letter",
    }
    match = {"url": OFFER, "count_clicks": True}
    with sqlite_database.write() as connection:
        handed_over(connection, 1, links=links())
    visitor = Visitor(installation(sqlite_database, tmp_path, FEED, newsletter=newsletter, match=match))
    for path in ("/letter/go/weekly-1/offer", "/go/weekly-1/offer"):
        assert visitor.get(path, headers=FOLLOWED).headers["location"] == OFFER
    assert all_of(visitor).counted == 2
    visitor.close()


def test_robots_are_asked_to_stay_away(visit: Any) -> None:
    assert "Disallow: /go/\n" in visit().get("/robots.txt").text
