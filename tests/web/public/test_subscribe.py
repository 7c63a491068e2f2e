"""Signing up by the form, and by its copy on another site."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.subscriptions.confirm import send_questions
from subscribers import clock, directory, mail_limits, suppression
from subscribers.suppression import Reason
from subscribers.tokens import Purpose
from tests.web.public.visitor import Shape, Visitor, confirm_links, everything, hidden

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.database import Database

ADA = {"email": "ada@example.org", "name": "Ada"}


def person(database: Database, email: str) -> directory.Person | None:
    with database.read() as connection:
        return directory.person(connection, email)


def test_who_signs_up_gets_one_mail_and_is_not_on_the_list_before_they_confirm(
    visitor: Visitor, practice: Installation
) -> None:
    page = visitor.get("/subscribe").text
    later = clock.now() + timedelta(seconds=20)
    with time_machine.travel(later, tick=False):
        answer = visitor.post("/subscribe", ADA | {"stamp": hidden(page, "stamp")})
    assert answer.status_code == 200
    assert "Nobody was mailed" in answer.text  # the practice has the outbox
    assert len(confirm_links(practice.folder)) == 1
    ada = person(practice.database, "ada@example.org")
    assert ada
    assert [s.status for s in ada.subscriptions] == ["pending"]


def test_the_evidence_is_the_sentence_of_the_form_as_it_was_shown(
    visitor: Visitor, practice: Installation
) -> None:
    shown = re.search(r'<p class="agree">(.*?)</p>', visitor.get("/subscribe").text)
    assert shown
    for part in ("The Weekly Letter", "Willow Practice", "every Thursday", "unsubscribe at any time"):
        assert part in shown[1]
    visitor.post("/subscribe", ADA)
    ada = person(practice.database, "ada@example.org")
    assert ada
    (asked,) = ada.consent
    assert asked.wording == unescape(shown[1])
    assert asked.network_address == "203.0.113.7"


def test_known_unknown_and_suppressed_addresses_get_the_same_answer(
    visitor: Visitor, practice: Installation
) -> None:
    with practice.database.write() as connection:
        suppression.suppress(connection, "gone@example.net", Reason.BOUNCED, "test")
        suppression.suppress(connection, "reader3@example.net", Reason.COMPLAINED, "test")
    known = ("new@example.net", "reader1@example.net", "reader3@example.net", "gone@example.net")
    answers = [visitor.post("/subscribe", {"email": email}) for email in known]
    assert len({(a.status_code, a.content, str(a.headers)) for a in answers}) == 1
    # One of the four may not be asked; a bounce may be disproved.
    assert len(confirm_links(practice.folder)) == 3


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("", "missing"),
        ("ada.example.org", "no @-sign"),
        ("ada@", "nothing after"),
        ("jürgen@example.org", "letters before the @-sign"),
        ("a da@example.org", "space"),
        ("ada@example", "delivered"),
        ("ada\x00@example.org", "@-sign"),
    ],
)
def test_an_address_that_cannot_be_mailed_is_refused_with_the_reason_beside_its_field(
    visitor: Visitor, practice: Installation, email: str, reason: str
) -> None:
    before = everything(practice.database)
    answer = visitor.post("/subscribe", {"email": email, "name": 'A "quoted" <name>'})
    assert answer.status_code == 422
    error = re.search(r'<p class="error" id="email-error">(.*?)</p>', answer.text)
    assert error
    assert reason in error[1]
    assert 'aria-describedby="email-error" aria-invalid="true"' in answer.text
    assert "<title>Please correct: " in answer.text
    assert 'value="A &#34;quoted&#34; &lt;name&gt;"' in answer.text
    assert everything(practice.database) == before


def test_an_internationalised_domain_is_kept_as_punycode(visitor: Visitor, practice: Installation) -> None:
    assert visitor.post("/subscribe", {"email": "Ada@Bücher.example"}).status_code == 200
    assert person(practice.database, "ada@xn--bcher-kva.example")


def test_who_fills_in_the_hidden_field_is_asked_to_press_once_more_and_nothing_is_done(
    visitor: Visitor, practice: Installation
) -> None:
    """A robot, or a person whose browser fills in what it takes for an address of theirs."""
    before = everything(practice.database)
    answer = visitor.post("/subscribe", ADA | {"website": "https://spam.example"})
    assert answer.status_code == 422
    assert "press the button once more" in answer.text
    assert 'name="website" value=""' in answer.text
    assert 'value="ada@example.org"' in answer.text
    assert "spam.example" not in answer.text
    assert everything(practice.database) == before


@pytest.mark.parametrize("hidden_field", ["", "https://spam.example"])
def test_neither_the_hidden_field_nor_haste_hides_what_is_wrong(chooser: Visitor, hidden_field: str) -> None:
    with time_machine.travel(clock.now(), tick=False):
        stamp = hidden(chooser.get("/subscribe").text, "stamp")
        form = {"email": "ada@", "name": "Ada", "stamp": stamp, "website": hidden_field}
        page = chooser.post("/subscribe", form).text
    assert "once more" not in page
    assert 'id="email-error">The address has nothing after the @-sign.' in page
    assert 'id="digest-error">Choose at least one letter.' in page  # both at once
    assert re.findall(r'<input[^>]* id="(\w+)"[^>]* autofocus', page) == ["email"]
    assert page.count(" autofocus") == 1
    for kept in ('value="ada@"', 'value="Ada"', f'value="{stamp}"'):
        assert kept in page


def test_where_only_the_choice_is_missing_it_has_the_focus(chooser: Visitor) -> None:
    page = chooser.post("/subscribe", ADA).text
    assert page.count(" autofocus") == 1
    assert 'value="weekly" aria-invalid="true" autofocus' in page
    assert '<div class="wrong">\n<fieldset aria-describedby="digest-error">' in page


def test_no_person_meets_the_hidden_field(visitor: Visitor) -> None:
    trap = next(dict(a) for t, a in Shape(visitor.get("/subscribe").text).tags if ("name", "website") in a)
    assert trap["tabindex"] == "-1"
    assert trap["autocomplete"] == "off"
    assert '<div class="trap" aria-hidden="true">' in visitor.get("/subscribe").text


def test_whoever_is_quicker_than_two_seconds_is_asked_to_press_once_more(
    visitor: Visitor, practice: Installation
) -> None:
    with time_machine.travel(clock.now(), tick=False) as clock_hand:
        stamp = hidden(visitor.get("/subscribe").text, "stamp")
        clock_hand.shift(1)
        early = visitor.post("/subscribe", ADA | {"stamp": stamp})
        assert early.status_code == 422
        assert "press the button once more" in early.text
        assert 'value="ada@example.org"' in early.text
        assert hidden(early.text, "stamp") == stamp
        assert person(practice.database, "ada@example.org") is None
        clock_hand.shift(2)
        assert visitor.post("/subscribe", ADA | {"stamp": stamp}).status_code == 200
        assert person(practice.database, "ada@example.org")


@pytest.mark.parametrize("stamp", ["", "x", "A" * 44])
def test_a_form_without_a_stamp_of_ours_is_taken(
    visitor: Visitor, practice: Installation, stamp: str
) -> None:
    assert visitor.post("/subscribe", ADA | {"stamp": stamp}).status_code == 200
    assert person(practice.database, "ada@example.org")


def test_a_form_opened_last_week_is_taken(visitor: Visitor, practice: Installation) -> None:
    with time_machine.travel(clock.now() - timedelta(days=7), tick=False):
        stamp = hidden(visitor.get("/subscribe").text, "stamp")
    assert visitor.post("/subscribe", ADA | {"stamp": stamp}).status_code == 200


def test_with_several_letters_one_chooses_and_none_is_ticked_before(
    chooser: Visitor, two_letters: Installation
) -> None:
    page = chooser.get("/subscribe").text
    assert page.count('type="checkbox"') == 2
    assert " checked" not in page
    assert "once a month" in page
    none = chooser.post("/subscribe", ADA)
    assert none.status_code == 422
    assert "Choose at least one letter." in none.text
    assert chooser.post("/subscribe", ADA | {"digest": ["groups", "elsewhere"]}).status_code == 200
    ada = person(two_letters.database, "ada@example.org")
    assert ada
    assert [s.digest for s in ada.subscriptions] == ["groups"]


class _Form(HTMLParser):
    """What a browser would do with a form: where it posts to, and its fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.add(tag)
        if tag == "form":
            self.action = known["action"] or ""
        if tag == "input":
            self.fields[known["name"] or ""] = known.get("value") or ""


def test_the_copy_for_other_sites_signs_up_without_script(visitor: Visitor, practice: Installation) -> None:
    answer = visitor.get("/subscribe/embed")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("<!-- Sign-up form of The Weekly Letter.")
    form = _Form(answer.text)
    assert "script" not in form.tags
    assert form.action == "https://letter.example.org/subscribe"
    assert set(form.fields) == {"email", "name", "digest", "website"}
    headers = {"Origin": "https://blog.example", "Referer": "https://blog.example/contact"}
    done = visitor.post("/subscribe", form.fields | ADA, headers=headers)
    assert done.status_code == 200
    ada = person(practice.database, "ada@example.org")
    assert ada
    assert ada.consent[0].source == "sign-up form on another site"


def test_a_multipart_form_signs_up_as_well(visitor: Visitor, practice: Installation) -> None:
    files = {"email": (None, "ada@example.org"), "name": (None, "Ada Çelik")}
    assert visitor.ask("POST", "/subscribe", files=files).status_code == 200
    assert len(confirm_links(practice.folder)) == 1


def test_no_more_than_a_hundred_an_hour_from_one_network(visitor: Visitor, practice: Installation) -> None:
    with time_machine.travel(clock.now(), tick=False):
        taken = [
            visitor.post("/subscribe", {"email": "ada@example.org"}, address=f"198.51.100.{n % 250}")
            for n in range(101)
        ]
        assert [a.status_code for a in taken] == [200] * 100 + [429]
        assert 0 < int(taken[-1].headers["retry-after"]) <= 2 * 3600
        assert "A little too fast" in taken[-1].text
        assert visitor.post("/subscribe", ADA, address="198.51.99.1").status_code == 200
    # However often a mailbox is named, it gets only a few mails.
    assert len(confirm_links(practice.folder)) == 3


def test_in_a_flood_through_rotating_networks_the_answer_is_the_same_and_the_mail_comes_later(
    visitor: Visitor, practice: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_limits, "MAILS", 4)
    monkeypatch.setattr(mail_limits, "WAITING", 5)
    with time_machine.travel(clock.now(), tick=False) as now:
        answers = [
            visitor.post("/subscribe", {"email": f"victim{n}@example.org"}, address=f"2001:db8:{n:x}::1")
            for n in range(11)
        ]
        assert [a.status_code for a in answers] == [200] * 9 + [429] * 2
        assert len({a.content for a in answers[:9]}) == 1
        assert len(confirm_links(practice.folder)) == 4
        # Who sits at another process, or comes after a restart, finds the same.
        again = Visitor(practice)
        assert again.post("/subscribe", ADA, address="198.51.100.1").status_code == 429
        again.close()
        # Leaving is never refused.
        token = practice.tokens.sign(Purpose.LETTER, 1, 0)
        assert visitor.post(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"}).status_code == 200
        now.shift(timedelta(minutes=61))
        assert visitor.post("/subscribe", ADA, address="198.51.100.1").status_code == 429
        send_questions(practice)
        assert len(confirm_links(practice.folder)) == 8
        assert visitor.post("/subscribe", ADA, address="198.51.100.1").status_code == 200
