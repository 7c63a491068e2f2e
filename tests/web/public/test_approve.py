"""Where the links of a draft lead that was mailed to staff."""

from __future__ import annotations

import html
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from pipeline.core.database import Database
from pipeline.core.sections.installation import Staff
from pipeline.editions import by_staff, find, store
from pipeline.editions.approval import VERBS, approve
from pipeline.editions.edit import Wish, edit
from pipeline.schedule.drafts import decision_links
from subscribers import staff_log
from subscribers.tokens import holder_of
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe
from tests.web.public.visitor import Shape, Visitor, everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
UNTIL = DUE + timedelta(days=13)
EDITOR = holder_of("editor@example.org")
SECTIONS: dict[str, Any] = {
    "digests": [{"name": "weekly", "approval": "required"}],
    "staff": {"emails": ["editor@example.org"]},
}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with Blog([Item("A calm morning", MONDAY - timedelta(days=1), guid="the-guid-of-it")]) as served:
        yield served


def put_up(
    database: Database, folder: Path, blog: Blog, clock: time_machine.Traveller, **sections: Any
) -> Installation:
    subscribe(database, 2)
    installed = installation(database, folder, blog.url, **(SECTIONS | sections))
    run_one(installed)
    clock.move_to(DUE - timedelta(days=1))
    run_one(installed)
    return installed


@pytest.fixture(scope="module")
def waiting(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, blog: Blog) -> Path:
    """The folder of a practice whose draft waits, to be copied: making it takes longer than most tests."""
    folder = tmp_path_factory.mktemp("waiting")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'rapport.db')}"
    with closing(Database(url)) as database, time_machine.travel(MONDAY, tick=False) as clock:
        put_up(database, folder, blog, clock)
    return folder


@pytest.fixture
def practice(
    waiting: Path, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> Iterator[Installation]:
    clock.move_to(DUE - timedelta(days=1))
    shutil.copytree(waiting, tmp_path, dirs_exist_ok=True)
    with closing(Database(f"sqlite:///{tmp_path / 'rapport.db'}")) as database:
        yield installation(database, tmp_path, blog.url, **SECTIONS)


def link(practice: Installation, verb: str = "approve") -> str:
    with practice.database.read() as connection:
        return f"/{decision_links(practice, find.by_slug(connection, 'weekly-1'), UNTIL, EDITOR)[verb]}"


def status(practice: Installation) -> str:
    with practice.database.read() as connection:
        return str(find.by_slug(connection, "weekly-1").status)


def change(practice: Installation, subject: str) -> None:
    edit(practice, practice.config.digests[0], "weekly-1", Wish(subject=subject))


def forms(page: str) -> dict[str, str]:
    """What each button says, and where it posts."""
    found = re.findall(r'<form method="post" action="([^"]+)">\s*<button[^>]*>([^<]+)<', page)
    return {said: address for address, said in found}


def test_a_page_shows_the_letter_with_one_button_and_changes_nothing(visitor: Visitor) -> None:
    practice = visitor.installation
    before = everything(practice.database)
    for verb, button in (
        ("approve", "Approve this letter"),
        ("hold", "Hold it"),
        ("skip", "Skip it this time"),
    ):
        page = visitor.get(link(practice, verb))
        assert page.status_code == 200
        assert forms(page.text) == {button: link(practice, verb)}
        assert "On Thursday, November 26, 2026 at 9:00" in page.text
        assert "it is then written to the outbox: nobody is mailed." in page.text
        assert "A calm morning" in page.text
        assert visitor.ask("HEAD", link(practice, verb)).status_code == 200
    assert everything(practice.database) == before


def test_the_letter_is_shown_as_it_goes_out_where_no_script_can_run(visitor: Visitor) -> None:
    page = visitor.get(link(visitor.installation))
    (frame,) = re.findall(r"<iframe ([^>]+)>", page.text)
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    letter = visitor.get(re.findall(r'src="([^"]+)"', frame)[0])
    policy = letter.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    with visitor.installation.database.read() as connection:
        edition = find.by_slug(connection, "weekly-1")
    begin = edition.html.partition("<body")[2].partition("%%rapport")[0]
    assert begin in letter.text
    assert edition.text.partition("%%rapport")[0] in html.unescape(page.text)
    assert "%%rapport" not in letter.text + page.text


def test_the_usual_headers_and_no_cookie(visitor: Visitor) -> None:
    path = link(visitor.installation)
    for answer in (visitor.get(path), visitor.get(f"{path}/letter"), visitor.post(path)):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
    assert 'name="robots" content="noindex"' in visitor.get(path).text


def test_a_decision_is_said_and_what_is_still_possible_is_offered(visitor: Visitor) -> None:
    practice = visitor.installation
    for _ in range(2):
        page = visitor.post(link(practice))
        assert page.status_code == 200
        assert "This letter is approved. On Thursday, November 26, 2026" in page.text
        assert list(forms(page.text)) == ["Hold it", "Skip it this time"]
    assert status(practice) == "approved"
    page = visitor.post(forms(page.text)["Hold it"])
    assert "This letter is held." in page.text
    assert list(forms(page.text)) == ["Skip it this time"]
    page = visitor.post(forms(page.text)["Skip it this time"])
    assert "This letter is skipped" in page.text
    assert forms(page.text) == {}
    assert forms(visitor.post(link(practice)).text) == {}
    assert status(practice) == "skipped"


def test_a_late_approval_says_that_it_goes_out_at_once(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    path = link(visitor.installation)
    clock.move_to(DUE + timedelta(days=2))
    assert "It is then written to the outbox with the next run" in visitor.get(path).text
    assert "It is written to the outbox with the next run, within minutes" in visitor.post(path).text
    assert run_one(visitor.installation).outcome == "sent"
    assert "This letter was written to the outbox: nobody was mailed" in visitor.get(path).text


def test_a_link_to_an_older_version_shows_the_new_one_and_approves_nothing(visitor: Visitor) -> None:
    practice = visitor.installation
    old = link(practice)
    change(practice, "What mornings are for")
    page = visitor.get(old)
    assert "This draft has changed since the mail" in page.text
    assert "What mornings are for" in page.text
    pressed = visitor.post(old)
    assert pressed.status_code == 409
    assert "Nothing was decided." in pressed.text
    assert status(practice) == "draft"
    seen = forms(pressed.text)["Approve this letter"]
    change(practice, "What evenings are for")
    assert visitor.post(seen).status_code == 409
    assert status(practice) == "draft"
    assert visitor.post(link(practice)).status_code == 200
    assert status(practice) == "approved"


def test_it_is_held_by_an_older_link_too(visitor: Visitor) -> None:
    practice = visitor.installation
    old = link(practice, "hold")
    change(practice, "What mornings are for")
    assert "This letter is held." in visitor.post(old).text
    assert status(practice) == "held"


def test_what_check_finds_keeps_it_from_being_approved(visitor: Visitor) -> None:
    practice = visitor.installation
    with practice.database.write() as connection:
        row = find.by_slug(connection, "weekly-1")
        store.change(connection, row.id, text="No way out.")
    page = visitor.post(link(practice))
    assert page.status_code == 409
    assert "It cannot go out as it is, and nothing was changed." in page.text
    assert "The text part has no unsubscribe link." in page.text
    assert list(forms(page.text)) == ["Approve this letter"]
    assert status(practice) == "draft"


def test_a_link_ends_after_its_time_and_its_page_makes_no_longer_one(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    practice = visitor.installation
    path = link(practice)
    offered = re.findall(r"/staff/[\w/-]+", visitor.get(path).text)
    clock.move_to(UNTIL + timedelta(seconds=1))
    (letter,) = [old for old in offered if old.endswith("/letter")]
    assert visitor.get(letter).status_code == 404
    for old in {path, *offered} - {letter}:
        for answer in (visitor.get(old), visitor.post(old)):
            assert answer.status_code == 410
            assert "This link is no longer good" in answer.text
    assert status(practice) == "draft"


def test_what_nobody_signed_for_this_is_answered_like_any_wrong_address(visitor: Visitor) -> None:
    practice = visitor.installation
    good = link(practice).rpartition("/")[2]
    nowhere = visitor.get("/nowhere")
    flipped = good[:9] + ("A" if good[9] != "A" else "B") + good[10:]
    for verb, token in (
        ("hold", good), ("cancel", good), ("approve", flipped), ("approve", good[:-1]), ("approve", "x"),
    ):  # fmt: skip
        # Of what is no link's verb the dashboard says by which name it answers (web/dashboard/guard.py).
        for method in ("GET", "POST") if verb in VERBS else ("GET",):
            answer = visitor.ask(method, f"/staff/{verb}/{token}")
            assert (answer.status_code, answer.content) == (404, nowhere.content)
        assert visitor.get(f"/staff/{verb}/{token}/letter").status_code == 404
    assert visitor.get("/staff/approve").status_code == 404
    assert status(practice) == "draft"


def test_it_is_said_in_german_and_under_a_prefix(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    newsletter = {
        "name": "Hafenbrief",
        "from_email": "brief@example.org",
        "postal_address": "Hafen 1",
        "public_url": "https://example.org/brief",
        "timezone": "Europe/Berlin",
        "language": "de",
    }
    practice = put_up(sqlite_database, tmp_path, blog, clock, newsletter=newsletter)
    visitor = Visitor(practice)
    page = visitor.get(link(practice))
    assert "Diesen Brief freigeben" in page.text
    assert forms(page.text) == {"Diesen Brief freigeben": f"/brief{link(practice)}"}
    decided = visitor.post(f"/brief{link(practice)}")
    assert "freigegeben. Am Donnerstag, 26. November 2026 um 09:00 Uhr wird er in" in decided.text
    assert Shape(decided.text).tags
    visitor.close()


# Once, and not after another decision


def deciding(page: str) -> list[str]:
    """Every verb that a link of the page leads to, the letter's own frame aside."""
    found = re.findall(r'(?:href|action|src)="[^"]*/staff/(\w+)/[\w-]+(/letter)?"', page)
    return sorted({verb for verb, frame in found if not frame})


def tokens(page: str) -> set[tuple[str, str]]:
    return set(re.findall(r"/staff/(\w+)/([\w-]+)", page))


def test_a_link_does_one_thing_once(visitor: Visitor) -> None:
    practice = visitor.installation
    path = link(practice)
    decided = visitor.post(path)
    assert list(forms(decided.text)) == ["Hold it", "Skip it this time"]
    (letter,) = re.findall(r'<iframe .*src="([^"]+)"', decided.text)
    assert "A calm morning" in visitor.get(letter).text
    before = everything(practice.database)
    for page in (visitor.post(path), visitor.get(path)):
        assert page.status_code == 200
        assert "This letter is approved." in page.text
        assert "Somebody decided about this letter after this link was made" in page.text
        assert deciding(page.text) == []
    assert everything(practice.database) == before


@pytest.mark.parametrize(("verb", "said"), [("approve", "approved"), ("hold", "held"), ("skip", "skipped")])
def test_a_link_from_before_a_decision_says_what_was_decided_and_shows_no_letter(
    visitor: Visitor, verb: str, said: str
) -> None:
    practice = visitor.installation
    old = {of: link(practice, of) for of in ("approve", "hold", "skip")}
    assert "A calm morning" in visitor.get(f"{old['hold']}/letter").text
    visitor.post(link(practice, verb))
    for path in old.values():
        page = visitor.get(path)
        assert f"This letter is {said}" in page.text
        assert "calm morning" not in page.text
        assert visitor.get(f"{path}/letter").status_code == 404


def test_the_page_of_a_letter_that_went_out_by_itself_shows_no_letter_either(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    practice = visitor.installation
    with practice.database.write() as connection:
        edition = find.by_slug(connection, "weekly-1")
        store.change(connection, edition.id, status="sent")
    page = visitor.get(link(practice))
    assert "nothing is left to decide here" in page.text
    assert "calm morning" not in page.text
    assert visitor.get(f"{link(practice)}/letter").status_code == 404


@pytest.mark.parametrize("old", ["approve", "hold", "skip"])
@pytest.mark.parametrize("decision", ["approve", "hold", "skip", "hold and resume", "approve and edit"])
def test_an_old_link_does_nothing_after_another_decision_and_hands_out_no_other(
    visitor: Visitor, old: str, decision: str
) -> None:
    practice = visitor.installation
    path = link(practice, old)
    with practice.database.write() as connection:
        if "approve" not in decision:
            by_staff.decide(connection, decision.partition(" ")[0], "weekly-1", "head@example.org")
        if "resume" in decision:
            by_staff.decide(connection, "resume", "weekly-1", "head@example.org")
    if "approve" in decision:
        approve(practice, "weekly-1", actor="head@example.org")
    if "edit" in decision:
        change(practice, "What mornings are for")
    before = everything(practice.database)
    for page in (visitor.get(path), visitor.post(path), visitor.get(path)):
        assert page.status_code == 200
        assert deciding(page.text) == []
        for verb, token in tokens(page.text):  # also that of the letter's frame
            visitor.post(f"/staff/{verb}/{token}")
    assert everything(practice.database) == before


def test_no_page_but_that_of_approving_hands_out_a_link_that_approves(visitor: Visitor) -> None:
    practice = visitor.installation
    for verb in ("hold", "skip"):
        path = link(practice, verb)
        assert "approve" not in deciding(visitor.get(path).text)
        assert "approve" not in {verb for verb, _ in tokens(visitor.get(path).text)}
    change(practice, "What mornings are for")
    page = visitor.post(path)  # skip what nobody saw
    assert page.status_code == 409
    assert "approve" not in {verb for verb, _ in tokens(page.text)}
    held = visitor.post(link(practice, "hold"))
    assert "approve" not in {verb for verb, _ in tokens(held.text)}


def test_a_decision_is_on_record_as_whose_link_it_was(visitor: Visitor) -> None:
    practice = visitor.installation
    staff = Staff(emails=["editor@example.org", "Head@Example.org"])
    practice.config = practice.config.model_copy(update={"staff": staff})
    with practice.database.read() as connection:
        edition = find.by_slug(connection, "weekly-1")
    heads = decision_links(practice, edition, UNTIL, holder_of("head@example.org"))
    page = visitor.post(f"/{heads['approve']}")
    visitor.post(forms(page.text)["Hold it"])
    strangers = decision_links(practice, edition, UNTIL, holder_of("gone@example.org"))
    for path in strangers.values():
        assert visitor.post(f"/{path}").status_code == visitor.get(f"/{path}").status_code == 410
        assert visitor.get(f"/{path}/letter").status_code == 404
    with practice.database.read() as connection:
        logged = [(one.actor, one.action, one.about) for one in staff_log.entries(connection)]
        said = [one for one in logged if one[1] != "add"]
    assert said == [("Head@example.org", "hold", "weekly-1"), ("Head@example.org", "approve", "weekly-1")]
