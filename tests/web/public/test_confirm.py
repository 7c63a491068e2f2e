"""Where the mail that asks to confirm leads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine

from pipeline.subscriptions.erase import forget
from subscribers import clock, directory, suppression
from subscribers.suppression import Reason
from tests.web.public.visitor import Visitor, confirm_links, everything

if TYPE_CHECKING:
    from pipeline.core.app import Installation

ADA = {"email": "ada@example.org", "name": "Ada"}


def asked(visitor: Visitor) -> str:
    """The path in the one mail that a sign-up of Ada's sends."""
    visitor.post("/subscribe", ADA)
    (path,) = confirm_links(visitor.installation.folder)
    return path


def status(practice: Installation) -> str:
    with practice.database.read() as connection:
        ada = directory.person(connection, ADA["email"])
    return ada.subscriptions[0].status if ada else ""


def test_the_page_asks_and_only_its_button_confirms(visitor: Visitor, practice: Installation) -> None:
    path = asked(visitor)
    before = everything(practice.database)
    page = visitor.get(path)
    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert everything(practice.database) == before
    done = visitor.post(path)
    assert "Thank you: you are on the list" in done.text
    assert status(practice) == "active"


def test_the_page_after_leads_to_the_readers_own_page(visitor: Visitor) -> None:
    done = visitor.post(asked(visitor)).text
    own = done.partition('href="/preferences/')[2][:44]
    page = visitor.get(f"/preferences/{own}")
    assert "a…\u2060@example.org" in page.text
    assert "Ada" not in page.text  # letters get forwarded, and so do their links


def test_pressing_it_again_says_the_same(visitor: Visitor) -> None:
    path = asked(visitor)
    assert visitor.post(path).content == visitor.post(path).content


def test_an_old_mail_does_not_bring_back_who_left_meanwhile(visitor: Visitor, practice: Installation) -> None:
    path = asked(visitor)
    visitor.post(path)
    with practice.database.write() as connection:
        directory.unsubscribe(connection, ADA["email"], source="test")
    assert visitor.post(path).status_code == 410
    assert status(practice) == "unsubscribed"


def test_a_link_too_old_or_erased_or_of_an_address_that_bounced_is_no_longer_good(
    visitor: Visitor, practice: Installation
) -> None:
    path = asked(visitor)
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        late = [visitor.get(path), visitor.post(path)]
    with practice.database.write() as connection:
        suppression.suppress(connection, ADA["email"], Reason.BOUNCED, "test")
    bounced = visitor.post(path)
    forget(practice, ADA["email"])
    erased = [visitor.get(path), visitor.post(path)]
    for answer in (*late, bounced, *erased):
        assert answer.status_code == 410
        assert answer.content == late[0].content
        assert 'href="/subscribe"' in answer.text


def test_with_several_letters_the_page_names_those_asked_for(chooser: Visitor) -> None:
    chooser.post("/subscribe", ADA | {"digest": ["weekly", "groups"]})
    (path,) = confirm_links(chooser.installation.folder)
    assert "weekly (every Thursday) and groups (once a month)" in chooser.get(path).text
