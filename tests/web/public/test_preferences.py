"""A reader's own page."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.subscriptions.erase import forget
from subscribers import clock, directory, mail_limits, suppression
from subscribers.suppression import Reason
from subscribers.tables import subscribers
from tests.installations import installation, subscribe
from tests.web.public.visitor import Addresses, Visitor, confirm_links, edition, everything

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from subscribers.people import Person

TODAY = date(2026, 11, 20)


def person(installation: Installation, email: str = "reader1@example.net") -> Person | None:
    with installation.database.read() as connection:
        return directory.person(connection, email)


def ticked(page: str) -> list[str]:
    return re.findall(r'name="digest" value="(\w+)" checked', page)


def notice(page: str) -> str:
    """What the page says of what was just done; it has the focus."""
    found = re.search(r'<div class="notice" role="status" tabindex="-1" autofocus>(.*?)</div>', page, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


def test_it_shows_how_things_stand_and_no_whole_address(chooser: Visitor, both: Addresses) -> None:
    page = chooser.get(both.preferences()).text
    assert ticked(page) == ["weekly", "groups"]
    assert "every Thursday" in page
    assert "once a month" in page
    assert "r…\u2060@example.net" in page
    assert "reader1" not in page


def test_saving_leaves_letters_and_pauses_at_once_and_says_so(chooser: Visitor, both: Addresses) -> None:
    until = (clock.now() + timedelta(days=20)).date().isoformat()
    form = {"do": "save", "digest": ["groups"], "pause": until}
    page = chooser.post(both.preferences(), form).text
    assert "Saved. Your letters: groups. Paused until " in notice(page)
    assert ticked(page) == ["groups"]
    assert f'value="{until}"' in page
    reader = person(both.installation)
    assert reader
    assert {(s.digest, str(s.status)) for s in reader.subscriptions} == {
        ("weekly", "unsubscribed"),
        ("groups", "active"),
    }
    kept = {s.digest: s.paused_until for s in reader.subscriptions}
    assert str(kept["groups"]) == until
    assert ticked(chooser.get(both.preferences()).text) == ["groups"]
    again = chooser.post(both.preferences(), {"do": "save", "digest": ["groups"]}).text
    assert 'name="pause" value=""' in again


def test_what_is_agreed_to_by_ticking_stands_on_the_page(chooser: Visitor, both: Addresses) -> None:
    chooser.post(both.preferences(), {"do": "save"})
    page = chooser.post(both.preferences(), {"do": "save", "digest": ["weekly"]}).text
    reader = person(both.installation)
    assert reader
    assert str(reader.consent[-1].action) == "requested"
    assert reader.consent[-1].wording
    assert reader.consent[-1].wording in page


def test_who_may_not_ask_for_more_leaves_all_the_same(
    chooser: Visitor, both: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a network that has asked too often for now."""
    monkeypatch.setattr(mail_limits, "ASKS", 3)
    chooser.post(both.preferences(), {"do": "save", "digest": ["groups"]})
    for number in range(4):
        form = {"email": f"a{number}@example.org", "digest": "weekly"}
        status = chooser.post("/subscribe", form).status_code
    assert status == 429
    answer = chooser.post(both.preferences(), {"do": "save", "digest": ["weekly"]})
    assert answer.status_code == 429
    reader = person(both.installation)
    assert reader
    assert {str(s.status) for s in reader.subscriptions} == {"unsubscribed"}


def test_the_same_is_said_whatever_becomes_of_the_question(chooser: Visitor, both: Addresses) -> None:
    """No answer tells whether the address complained, or was asked too often for a mail to go out."""
    pages = []
    for number in (1, 2):
        chooser.post(both.preferences(number), {"do": "save"})
    with both.installation.database.write() as connection:
        suppression.suppress(connection, "reader2@example.net", Reason.COMPLAINED, "event")
    for number in (1, 2, 2, 2, 2):
        page = chooser.post(both.preferences(number), {"do": "save", "digest": ["weekly"]})
        pages.append((page.status_code, page.content))
    assert len(set(pages)) == 1


RANGE = "Choose a day from November 21, 2026 to November 21, 2027."
EXAMPLE = "Write the day in numbers, like 12/4/2026."


@pytest.mark.parametrize(
    ("written", "kind", "said"),
    [
        ("2026-11-20", "date", RANGE),
        ("2026-11-19", "date", RANGE),
        ("2027-11-22", "date", RANGE),
        # A browser without date inputs; one that has them would not show such a value.
        ("11/20/2026", "text", RANGE),
        ("soon", "text", EXAMPLE),
        ("0000-00-00", "text", EXAMPLE),
        ("December 20", "text", EXAMPLE),
        ("9" * 99, "text", EXAMPLE),
        ("9" * 9999, "text", EXAMPLE),
    ],
)
def test_a_day_that_cannot_be_is_said_beside_its_field_which_keeps_it(
    visitor: Visitor, addresses: Addresses, written: str, kind: str, said: str
) -> None:
    with time_machine.travel(f"{TODAY}T18:00:00Z", tick=False):
        before = everything(addresses.installation.database)
        form = {"do": "save", "digest": [], "pause": written}
        answer = visitor.post(addresses.preferences(), form)
    assert answer.status_code == 422
    error = re.search(r'<p class="error" id="pause-error">(.*?)</p>', answer.text)
    assert error
    assert error[1] == said
    assert f'<input type="{kind}" id="pause" name="pause" value="{written}"' in answer.text
    assert 'aria-describedby="pause-error pause-hint" aria-invalid="true" autofocus' in answer.text
    assert ticked(answer.text) == []  # what was chosen is not lost
    assert everything(addresses.installation.database) == before


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("en", "12/20/2026", "Paused until December 20, 2026"),
        ("en", "20.12.26", "Paused until December 20, 2026"),
        ("en-GB", "5/12/2026", "Paused until 5 December 2026"),
        ("de", "5.12.2026", "Pause bis zum 5. Dezember 2026"),
    ],
)
def test_a_day_that_is_typed_is_read_as_its_language_writes_it(
    sqlite_database: Database, tmp_path: Path, language: str, written: str, said: str
) -> None:
    newsletter = {"name": "Letter", "from_email": "letter@example.org", "language": language}
    practice = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", newsletter=newsletter)
    subscribe(sqlite_database, 1)
    visitor, addresses = Visitor(practice), Addresses(practice, edition(practice))
    with time_machine.travel(f"{TODAY}T18:00:00Z", tick=False):
        page = visitor.post(
            addresses.preferences(), {"do": "save", "digest": "weekly", "pause": written}
        ).text
    visitor.close()
    assert said in notice(page)


def test_after_saving_the_page_says_what_is_so(chooser: Visitor, both: Addresses) -> None:
    def saved(**form: Any) -> str:
        return notice(chooser.post(both.preferences(), {"do": "save"} | form).text)

    assert saved(digest=["weekly", "groups"]) == "Saved. Your letters: weekly and groups."
    assert saved(digest=["groups"]) == "Saved. Your letters: groups."
    assert saved() == "Saved. No letter of ours comes to you."
    said = saved(digest=["weekly"])
    assert said.startswith("Saved. No letter of ours comes to you. Still waiting for your yes: weekly. ")
    assert notice(chooser.get(both.preferences()).text) == ""
    moving = chooser.post(both.preferences(), {"do": "move", "email": "ada@example.org"}).text
    assert notice(moving).startswith("Your new address waits for your yes: ")


def test_what_few_come_for_is_folded_until_something_is_wrong_with_it(
    visitor: Visitor, addresses: Addresses
) -> None:
    assert visitor.get(addresses.preferences()).text.count("<details>") == 3
    page = visitor.post(addresses.preferences(), {"do": "move", "email": "ada"}).text
    assert page.count("<details>") == 2
    assert page.index("<details open>") < page.index('id="email-error"')


@pytest.mark.parametrize("days", [1, 366])
def test_tomorrow_and_a_year_from_now_can_be_chosen(
    visitor: Visitor, addresses: Addresses, days: int
) -> None:
    with time_machine.travel(f"{TODAY}T18:00:00Z", tick=False):
        day = (TODAY + timedelta(days=days)).isoformat()
        form = {"do": "save", "digest": ["weekly"], "pause": day}
        assert visitor.post(addresses.preferences(), form).status_code == 200


def test_today_is_today_where_the_newsletter_is(visitor: Visitor, addresses: Addresses) -> None:
    # Three in the morning in UTC is the evening before in New York.
    with time_machine.travel(f"{TODAY}T03:00:00Z", tick=False):
        assert f'min="{TODAY}"' in visitor.get(addresses.preferences()).text


def test_the_answer_does_not_tell_whether_the_new_address_is_known(
    visitor: Visitor, addresses: Addresses
) -> None:
    answers = [
        visitor.post(addresses.preferences(), {"do": "move", "email": email}).content
        for email in ("reader2@example.net", "nobody@example.org")
    ]
    assert answers[0] == answers[1]


def test_a_new_address_that_cannot_be_mailed_is_refused_with_the_reason(
    visitor: Visitor, addresses: Addresses
) -> None:
    answer = visitor.post(addresses.preferences(), {"do": "move", "email": "ada"})
    assert answer.status_code == 422
    assert 'id="email-error">The address has no @-sign.' in answer.text
    assert 'value="ada"' in answer.text


def test_a_sole_letter_goes_by_the_newsletters_name(visitor: Visitor, addresses: Addresses) -> None:
    page = visitor.get(addresses.preferences()).text
    assert "<span>The Weekly Letter <span" in page
    assert "Would you like this letter?" in page
    assert "<span>weekly" not in page


def test_all_mail_can_be_ended_and_the_way_back_is_there(chooser: Visitor, both: Addresses) -> None:
    page = chooser.post(both.preferences(), {"do": "leave-all"}).text
    assert "No mail from us will come." in page
    assert f'<a href="{both.preferences()}">Choose what you get</a>' in page
    assert ticked(chooser.get(both.preferences()).text) == []


def test_who_is_erased_finds_an_empty_page(visitor: Visitor, addresses: Addresses) -> None:
    forget(addresses.installation, 1)
    for answer in (
        visitor.get(addresses.preferences()),
        visitor.post(addresses.preferences(), {"do": "save"}),
        visitor.post(addresses.preferences(), {"do": "erase"}),
        visitor.get(addresses.preferences(4711)),
    ):
        assert answer.status_code == 200
        assert "There is nothing here any more" in answer.text
    assert visitor.post(addresses.unsubscribe()).status_code == 200


def test_no_page_shows_a_name_and_no_link_of_a_letter_changes_it(
    visitor: Visitor, addresses: Addresses
) -> None:
    with addresses.installation.database.write() as connection:
        connection.execute(subscribers.update().where(subscribers.c.id == 1).values(name="Ada"))
    page = visitor.get(addresses.preferences()).text
    assert 'name="name"' not in page
    assert "cannot be changed here" in page
    for digests in (["weekly"], [], ["weekly"]):
        form = {"do": "save", "digest": digests, "name": "Mallory"}
        page += visitor.post(addresses.preferences(), form).text
    for path in confirm_links(addresses.installation.folder):
        page += visitor.get(path).text + visitor.post(path).text
    reader = person(addresses.installation)
    assert reader
    assert reader.name == "Ada"
    assert "Ada" not in page
    assert "Mallory" not in page


def test_a_button_that_the_page_does_not_have_changes_nothing(visitor: Visitor, addresses: Addresses) -> None:
    before = everything(addresses.installation.database)
    assert visitor.post(addresses.preferences(), {"do": "promote"}).status_code == 200
    assert everything(addresses.installation.database) == before
