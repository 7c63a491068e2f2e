"""What became of the letters: figures of each, reasons in words, the list's growth; nobody's own figure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import time_machine
from sqlalchemy import insert

from pipeline.core.tables.ledger import events
from pipeline.editions import clicks
from pipeline.editions.clicks import Click, Count
from pipeline.web.dashboard import plot
from pipeline.web.dashboard.results import A_PAGE
from subscribers import clock, consent
from subscribers.consent import Action
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from tests.web.dashboard.office import Office


def installed(office: Office) -> Installation:
    office.page()
    assert office.session.installation
    return office.session.installation


def test_a_letters_page_has_its_figures_and_their_reasons(office: Office) -> None:
    with installed(office).database.write() as connection:
        people = handed_over(
            connection,
            11,
            [Left(people=5, apart={0: ("failed", "<b>no such mailbox</b>"), 1: ("uncertain", "cut off")})],
            subject="Rest & <i>calm</i>",
            provider="sendgrid",
        )
        for n, kind in enumerate(("delivered", "delivered", "deferred", "deferred", "bounce", "spamreport")):
            row = {
                "id": f"e{n}",
                "at": AT,
                "kind": kind,
                "edition": "weekly-11",
                "subscriber_id": people[2 + n % 2],
            }
            connection.execute(insert(events).values(row))
        for n, days in enumerate((1, 2, 9)):
            with time_machine.travel(AT + timedelta(days=days), tick=False):
                consent.record(connection, people[n], Action.UNSUBSCRIBED, digest="weekly", source="link")
        handed_over(connection, 12, [Left(people=5)], snapshot_at=AT + timedelta(days=7))
    page, words = office.page("letters/weekly-11"), office.words("letters/weekly-11")
    assert "Rest &amp; &lt;i&gt;calm&lt;/i&gt;" in page
    assert "Readers it was for 5" in words
    assert "Handed over the mail provider took it 3" in words
    assert "In doubt handed over, and no answer came 1" in words
    assert "<b>no such mailbox</b>: 1" in words
    assert "<b>no such" not in page
    assert "Delivered 2" in words
    assert "asked to wait; most arrive later 2" in words
    assert "Gmail reports none 1" in words
    assert "from this or an older letter 2" in words
    listed = office.words("letters")
    assert "Left until the next" in listed
    # Handed over, refused or bounced, in doubt, called spam, left until the next.
    assert listed.partition("weekly-11,")[2].endswith(" 3 2 1 1 2")
    assert office.browser.get("/letters/weekly-9").status_code == 404


def test_a_letter_in_the_outbox_is_written_and_nobody_was_mailed(office: Office) -> None:
    with installed(office).database.write() as connection:
        handed_over(connection, 11, provider="outbox")
    words = office.words("letters/weekly-11")
    assert "Written to outbox/ nobody was mailed 2" in words
    assert "Handed over" not in words
    assert "weekly-11, written" in office.words("letters")


def test_clicks_on_the_offer_stand_by_day_with_how_they_were_corrected(office: Office) -> None:
    counted = {
        Click(11, "offer", date(2026, 11, 26)): Count(1500, 1000),
        Click(11, "end", date(2026, 11, 26)): Count(300, 280),
        Click(11, "offer", date(2026, 11, 28)): Count(40, 0),
    }
    link = {
        "name": "offer",
        "address": "https://letter.example.org/go/weekly-11/offer",
        "target": "https://x",
    }
    with installed(office).database.write() as connection:
        handed_over(connection, 11, links=[link])
        handed_over(connection, 12, links=[link])
        handed_over(connection, 13)
        clicks.add(connection, counted)
    page, words = office.page("letters/weekly-11"), office.words("letters/weekly-11")
    assert "Counted 1,840" in words
    assert "before it is read 1,280" in words
    assert "an estimate of the clicks by people 560" in words
    assert (
        "2026-11-26 the offer 1,500 1,000 500 2026-11-26 the line at the end 300 280 20 2026-11-28" in words
    )
    assert "Clicks by day without those taken for scanners: about 560" in page
    assert "<title>2026-11-26: 520</title>" in page
    assert "within 10 minutes" in words
    assert page.count('<rect class="up"') == 3
    assert "None yet." in office.words("letters/weekly-12")
    assert "Clicks on the offer" not in office.words("letters/weekly-13")


def test_the_list_goes_back_page_by_page(office: Office) -> None:
    with installed(office).database.write() as connection:
        for number in range(11, A_PAGE + 14):
            handed_over(connection, number, snapshot_at=AT + timedelta(days=number))
    first = office.page("letters")
    assert f"weekly-{A_PAGE + 13}," in first
    assert "weekly-13," not in first
    older = office.page("letters?before=14")
    assert all(f"weekly-{number}," in older for number in (11, 12, 13))
    assert "Older letters" not in older


def test_growth_is_drawn_and_stands_in_a_table(office: Office) -> None:
    installation = installed(office)
    with installation.database.write() as connection:
        handed_over(connection, 11, [Left(people=3)])
        for person, action in ((1, Action.CONFIRMED), (2, Action.IMPORTED), (3, Action.UNSUBSCRIBED)):
            consent.record(connection, person, action, digest="weekly", source="sign-up form <x>")
    words, page = office.words("growth"), office.page("growth")
    assert f"{clock.now():%Y-%m} 2 1" in words
    assert "sign-up form &lt;x&gt;" in page
    assert "2 joined, 1 left" in page
    assert '<svg class="plot"' in page


def test_a_plot_keeps_its_proportions_and_escapes_names() -> None:
    drawn = plot.columns("A & B", ["<1>", "2"], [4, 2], [1, 0])
    heights = [float(part.split('"')[0]) for part in drawn.split('height="')[1:]]
    assert heights[0] == 2 * heights[2] == 4 * heights[1]
    assert heights[3] == 0
    assert "<1>" not in drawn
    assert plot.columns("nothing", [], [], []).startswith("<svg")
    assert "<title>1: 4</title>" in plot.columns("up alone", ["1"], [4])


def test_who_may_look_sees_no_person(office: Office) -> None:
    with installed(office).database.write() as connection:
        handed_over(connection, 11)
    assert "@" not in office.words("letters/weekly-11").replace("letter@example.org", "")
