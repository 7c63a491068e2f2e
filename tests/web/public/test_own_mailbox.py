"""Moving, erasing and more letters: a letter's link asks for it, and only the mailbox itself can do it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.subscriptions.confirm import send_questions
from subscribers import clock, directory
from subscribers.tables import subscribers
from tests.web.public.visitor import everything

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from subscribers.people import Person
    from tests.web.public.visitor import Addresses, Visitor

READER, NEW = "reader1@example.net", "ada@example.org"


def person(installation: Installation, email: str) -> Person | None:
    with installation.database.read() as connection:
        return directory.person(connection, email)


def gets_it(installation: Installation, email: str) -> bool:
    found = person(installation, email)
    return bool(
        found and not found.suppression and any(one.status == "active" for one in found.subscriptions)
    )


def link(installation: Installation, to: str, said: str) -> str:
    """The path in the mail to an address with these words."""
    send_questions(installation)
    files = sorted((installation.folder / "outbox").glob("confirmation-*.eml"))
    mails = [file.read_text().replace("=\n", "") for file in files]
    found = [mail for mail in mails if f"To: {to}" in mail and said in mail]
    assert found, (to, said)
    match = re.search(r"/confirm/[\w-]{44}", found[-1])
    assert match
    return match[0]


def test_a_move_asks_here_then_there_and_tells_the_former_address_how_to_undo_it(
    visitor: Visitor, addresses: Addresses, practice: Installation
) -> None:
    answer = visitor.post(addresses.preferences(), {"do": "move", "email": NEW})
    assert "the mail that asks your present address was written to that folder" in answer.text
    steps = (
        (READER, "Yes, I want to move", "Confirm your move", "Now the new address"),
        (NEW, "Yes, use this address", "Confirm your new address", "your new address is in use"),
        (READER, "Back to this address", "Back to this address?", "Back as it was"),
    )
    for number, (to, button, asks, done) in enumerate(steps):
        path = link(practice, to, button)
        before = everything(practice.database)
        page = visitor.get(path).text
        assert asks in page
        assert everything(practice.database) == before  # programs that look through mail open every link
        assert ("a…@example.org" in page) == (number != 1)
        assert READER not in page
        assert gets_it(practice, READER) == (number < 2)
        assert done in visitor.post(path).text
    assert gets_it(practice, READER)
    assert person(practice, NEW) is None
    assert visitor.post(path).status_code == 410  # it works once


def test_the_mail_that_tells_it_names_the_day_until_which_it_can_be_undone(
    visitor: Visitor, addresses: Addresses, practice: Installation
) -> None:
    visitor.post(addresses.preferences(), {"do": "move", "email": NEW})
    for to, button in ((READER, "Yes, I want to move"), (NEW, "Yes, use this address")):
        visitor.post(link(practice, to, button))
    path = link(practice, READER, "Back to this address")
    for days, status in ((6.9, 200), (7.1, 410)):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            assert visitor.get(path).status_code == status
    with time_machine.travel(clock.now() + timedelta(days=7.1), tick=False):
        assert visitor.post(path).status_code == 410
    assert gets_it(practice, NEW)


def test_erasing_asks_the_mailbox_and_a_letter_alone_erases_nobody(
    visitor: Visitor, addresses: Addresses, practice: Installation
) -> None:
    for button in ("ask-erase", "erase"):
        visitor.post(addresses.preferences(), {"do": button})
    assert gets_it(practice, READER)
    path = link(practice, READER, "Erase my data")
    assert "Erase all your data?" in visitor.get(path).text
    assert gets_it(practice, READER)
    with time_machine.travel(clock.now() + timedelta(days=1.1), tick=False):
        assert visitor.post(path).status_code == 410
    assert "Your data is erased" in visitor.post(path).text
    gone = person(practice, READER)
    assert gone
    assert (gone.id, str(gone.suppression)) == (None, "forgotten")
    assert visitor.post(path).status_code == 410


def test_an_old_letter_never_undoes_a_no_and_the_mailbox_itself_does(
    visitor: Visitor, addresses: Addresses, practice: Installation
) -> None:
    visitor.post(addresses.unsubscribe(), {"do": "leave-all"})
    said_no = person(practice, READER)
    page = visitor.post(addresses.preferences(), {"do": "save", "digest": "weekly", "name": "Mallory"}).text
    assert "The mail that asks you was written to that folder" in page
    for form in ({"do": "undo"}, {"do": "leave-all"}, {"do": "reason", "reason": ""}):
        visitor.post(addresses.unsubscribe(), form)
    asked = person(practice, READER)
    assert said_no
    assert asked
    assert (asked.suppression, asked.name) == ("unsubscribed", said_no.name)
    assert [str(one.action) for one in asked.consent[len(said_no.consent) :]] == ["requested"]
    path = link(practice, READER, "Yes, send it to me")
    before = everything(practice.database)
    assert "Confirm your subscription" in visitor.get(path).text
    assert everything(practice.database) == before  # programs that look through mail open every link
    assert "you are on the list" in visitor.post(path).text
    assert gets_it(practice, READER)
    # A "no" after it is one again, whatever of all that is opened or pressed.
    visitor.post(addresses.unsubscribe(), {"do": "leave-all"})
    assert visitor.post(path).status_code == 410
    assert not gets_it(practice, READER)


def test_the_letters_of_who_moved_ask_at_the_address_that_they_have_now(
    visitor: Visitor, addresses: Addresses, practice: Installation
) -> None:
    visitor.post(addresses.preferences(), {"do": "move", "email": NEW})
    visitor.post(link(practice, READER, "Yes, I want to move"))
    visitor.post(link(practice, NEW, "Yes, use this address"))
    visitor.post(addresses.unsubscribe(), {"do": "leave-all"})
    visitor.post(addresses.preferences(), {"do": "save", "digest": "weekly"})
    assert not gets_it(practice, NEW)
    visitor.post(link(practice, NEW, "Yes, send it to me"))
    assert gets_it(practice, NEW)
    assert not gets_it(practice, READER)


@pytest.mark.parametrize("known", ["reader2@example.net", "nobody@example.org"])
def test_no_answer_tells_whether_the_new_address_is_known(
    visitor: Visitor, addresses: Addresses, practice: Installation, known: str
) -> None:
    answer = visitor.post(addresses.preferences(), {"do": "move", "email": known}).text
    assert answer == visitor.post(addresses.preferences(), {"do": "move", "email": NEW}).text
    assert known not in answer


def test_an_old_letter_shows_no_name_of_whoever_it_leads_to_by_now(
    visitor: Visitor, addresses: Addresses, practice: Installation
) -> None:
    """They moved to the address of another reader, who has a name."""
    with practice.database.write() as connection:
        connection.execute(subscribers.update().where(subscribers.c.id == 2).values(name="Beatrix"))
    visitor.post(addresses.preferences(), {"do": "move", "email": "reader2@example.net"})
    visitor.post(link(practice, READER, "Yes, I want to move"))
    visitor.post(link(practice, "reader2@example.net", "Yes, use this address"))
    for number in (1, 2):
        assert "Beatrix" not in visitor.get(addresses.preferences(number)).text
