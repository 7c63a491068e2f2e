"""This week's page: what the bar says and does, what the panel changes, all of it by forms without script."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.editions import course
from pipeline.editions.approval import approve
from pipeline.editions.ledger.recipients import take
from subscribers import clock, staff_log
from tests.doubles.blog import Blog, Item
from tests.installations import subscribe
from tests.web.dashboard.office import CONFIG, Office, day, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

UP = ".order .in li:nth-child(%d) form"


@pytest.fixture
def week(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    """A practice with three posts and three readers; a fourth post is older than the backlog."""
    ages = {"A calm morning": 1, "A quiet noon": 2, "A long evening": 3, "An old story": 400}
    with Blog([Item(title, day(ago)) for title, ago in ages.items()]) as blog:
        (tmp_path / "rapport.toml").write_text(CONFIG.format(feed=blog.url))
        (tmp_path / "own").mkdir()
        with opened(tmp_path, blog) as made:
            subscribe(database(made), 3)
            yield made


def database(office: Office) -> Database:
    assert office.session.installation
    return office.session.installation.database


def text_of(answer: Response | str, css: str) -> str:
    page = LexborHTMLParser(answer if isinstance(answer, str) else answer.text)
    found = page.css_first(css)
    return " ".join(unescape(found.text()).split()) if found is not None else ""


def titles(edition: Edition) -> list[str]:
    return [post["title"] for post in edition.posts]


def log(office: Office) -> list[tuple[str, str, str]]:
    with database(office).read() as connection:
        return [(one.actor, one.action, one.detail) for one in staff_log.latest(connection, "weekly-1", 99)]


def buttons(answer: Response | str) -> set[str | None]:
    page = LexborHTMLParser(answer if isinstance(answer, str) else answer.text)
    return {button.attributes.get("value") for button in page.css(".next button[name=verb]")}


class TestTheBar:
    def test_a_draft_says_when_it_goes_to_whom_and_is_approved(self, week: Office) -> None:
        page = week.page()
        assert "3 readers" in text_of(page, ".next h1")
        assert "Nothing sends it by itself yet" in text_of(page, ".next"), "no run was ever made"
        assert buttons(page) == {"approve", "hold", "skip"}
        approved = week.submit("#decide", "approve")
        assert week.edition().status == "approved"
        assert "Approved by preview" in text_of(approved, ".next")
        assert log(week) == [("preview", "approve", "")]

    def test_a_draft_that_staff_must_approve_waits_for_them(self, week: Office) -> None:
        week.configure(old='name = "weekly"', new='name = "weekly"\napproval = "required"')
        assert text_of(week.page(), ".next h1") == "Waits for your approval"
        week.submit("#decide", "approve")
        assert "3 readers" in text_of(week.page(), ".next h1")

    def test_hold_and_back_to_a_draft(self, week: Office) -> None:
        held = week.submit("#decide", "hold")
        assert "Held: it goes to nobody" in text_of(held, ".next h1")
        assert buttons(held) == {"approve", "resume", "skip"}
        week.submit("#decide", "resume")
        assert week.edition().status == "draft"
        assert [action for _, action, _ in log(week)] == ["resume", "hold"]

    def test_skip_frees_the_posts_for_the_next(self, week: Office) -> None:
        skipped = week.submit("#more-menu form", "skip")
        assert text_of(skipped, ".next h1") == "Skipped"
        week.session.templates_changed()
        assert week.edition().slug == "weekly-2"
        assert titles(week.edition()) == ["A calm morning", "A quiet noon", "A long evening"]

    def test_a_test_copy_goes_to_the_address_that_is_named_and_is_on_record(self, week: Office) -> None:
        week.page()
        copy = week.submit("#test-menu form", address="me@example.org")
        assert "A marked copy was written" in text_of(copy, "[data-part=notices]")
        (written,) = (week.folder / "outbox").glob("*.eml")
        assert b"To: me@example.org" in written.read_bytes()
        assert log(week) == [("preview", "test", "")]
        assert "me@example.org" not in str(copy.url)

    def test_an_address_that_is_none_is_refused_with_a_sentence(self, week: Office) -> None:
        refused = week.submit("#test-menu form", address="nonsense")
        assert refused.status_code == 409
        assert "no @-sign" in text_of(refused, "#wrong")

    def test_what_is_on_its_way_shows_how_far_it_is_and_can_be_paused(self, week: Office) -> None:
        sending(week)
        page = week.page()
        assert "0 of 3" in text_of(page, ".next h1")
        assert 'value="0"' in page.partition("<progress")[2].partition(">")[0]
        assert buttons(page) == {"pause", "cancel", "write"}
        paused = week.submit("#decide", "pause")
        assert text_of(paused, ".next h1") == "Paused at 0 of 3"
        assert week.submit("#decide", "resume").status_code == 200
        assert week.edition().status == "sending"

    def test_what_was_sent_stays_on_the_page_that_sent_it(self, week: Office) -> None:
        week.submit("#decide", "approve")
        gone = week.submit("#decide", "write")
        assert "Written for 3 readers" in text_of(gone, ".next h1")
        assert "Nobody was mailed" in text_of(gone, "[data-part=notices]")
        assert buttons(gone) == set()

    def test_without_a_letter_it_says_when_the_next_is_due(self, week: Office) -> None:
        week.submit("#decide", "approve")
        week.submit("#decide", "write")
        assert "The next letter is due" in text_of(week.page(), ".next h1")
        assert "No new post waits for it" in text_of(week.page(), ".next")

    def test_two_buttons_pressed_by_two_are_one_decision(self, week: Office) -> None:
        page = LexborHTMLParser(week.page())
        hidden = page.css("#decide input[type=hidden]")
        form = {str(field.attributes["name"]): field.attributes["value"] or "" for field in hidden}
        origin = {"origin": "http://127.0.0.1:8001"}
        assert week.browser.post("/decide", data=form | {"verb": "hold"}, headers=origin).status_code == 200
        second = week.browser.post("/decide", data=form | {"verb": "approve"}, headers=origin)
        assert second.status_code == 409
        assert "Somebody has decided about weekly-1 meanwhile" in text_of(second, "#wrong")
        assert week.edition().status == "held"

    def test_what_changed_since_the_page_was_made_is_not_approved(self, week: Office) -> None:
        page = LexborHTMLParser(week.page())
        hidden = page.css("#decide input[type=hidden]")
        form = {str(field.attributes["name"]): field.attributes["value"] or "" for field in hidden}
        week.submit("#words", subject="Another")
        answer = week.browser.post(
            "/decide", data=form | {"verb": "approve"}, headers={"origin": "http://127.0.0.1:8001"}
        )
        assert answer.status_code == 409
        assert "changed meanwhile" in text_of(answer, "#wrong")
        assert week.edition().status == "draft"

    @pytest.mark.parametrize(
        "more", [{"verb": "erase"}, {"verb": ""}, {"seen": "x"}, {"mark": "zz"}, {"edition": "weekly-9"}]
    )
    def test_a_form_that_makes_no_sense_does_nothing(self, week: Office, more: dict[str, str]) -> None:
        seen = {"seen": week_seen(week), "mark": "00", "edition": "weekly-1", "verb": "approve"}
        answer = week.post("/decide", **seen | more)
        assert answer.status_code == 409
        assert week.edition().status == "draft"


class TestThePanel:
    def test_words_are_changed_and_the_letter_says_them(self, week: Office) -> None:
        week.page()
        week.submit("#words", subject="Small things", intro="Hello from *all* of us.\r\n\r\nYours")
        assert week.edition().subject == "Small things"
        assert week.edition().intro == "Hello from *all* of us.\n\nYours"
        assert "Hello from <em>all</em> of us." in week.browser.get("/frame").text
        assert "Small things" in text_of(week.page(), ".locked")
        assert log(week) == [("preview", "edit", "several")]

    def test_every_open_page_is_told_at_once(self, week: Office) -> None:
        week.page()
        seen = [week.session.reload.version]
        for change in ({"subject": "Small things"}, {"preheader": "Three of them"}):
            week.submit("#words", **change)
            seen.append(week.session.reload.version)
        week.submit("#decide", "hold")
        assert len({*seen, week.session.reload.version}) == 4

    def test_a_greeting_in_any_script_may_be_as_long_as_it_may_be(self, week: Office) -> None:
        longest = "你们好，" * 990
        week.submit("#words", intro=longest)
        assert week.submit("#words", intro=longest.replace("你", "我")).status_code == 200
        assert "我们好" in week.edition().intro

    def test_an_empty_field_gives_a_thing_back_to_what_rapport_makes_of_it(self, week: Office) -> None:
        week.submit("#words", subject="Small things")
        week.submit("#words", subject="")
        assert week.edition().subject == "A calm morning"

    def test_what_was_not_touched_is_not_sent_back_over_what_another_changed(self, week: Office) -> None:
        form = {"subject": "A calm morning", "was-subject": "A calm morning", "edition": "weekly-1"}
        week.submit("#words", subject="By another")
        week.post("/edit", **form, preheader="Mine", **{"was-preheader": ""})
        assert (week.edition().subject, week.edition().preheader) == ("By another", "Mine")

    def test_a_suggestion_becomes_the_subject(self, week: Office) -> None:
        assert week.page().count('form="suggest-') == 3
        week.submit("#suggest-1")
        assert week.edition().subject == "A quiet noon"

    def test_posts_go_up_down_out_and_in(self, week: Office) -> None:
        week.page()
        week.submit(UP % 1, "down")
        assert titles(week.edition()) == ["A quiet noon", "A calm morning", "A long evening"]
        assert week.edition().subject == "A quiet noon", "the lead names the letter"
        week.submit(UP % 3, "up")
        week.submit(UP % 1, "out")
        assert titles(week.edition()) == ["A long evening", "A calm morning"]
        week.submit(".order .out li:nth-child(1) form", "in")
        assert titles(week.edition()) == ["A long evening", "A calm morning", "A quiet noon"]

    def test_a_dragged_post_lies_where_it_was_dropped(self, week: Office) -> None:
        week.page()
        first, _, third = (str(post["id"]) for post in week.edition().posts)
        assert week.post("/edit", edition="weekly-1", post=third, to=f"before-{first}").status_code == 303
        assert titles(week.edition()) == ["A long evening", "A calm morning", "A quiet noon"]

    def test_the_offer_and_its_words(self, week: Office) -> None:
        week.submit("#offer-form", offer="0")
        assert week.edition().edits["cta"]["heading"] == "Looking for a therapist?"
        week.submit("#offer-form", heading="Come as you are")
        assert "Come as you are" in week.browser.get("/frame").text
        assert text_of(week.page(), "#offer option[selected]") == "In your own words"
        week.submit("#offer-form", offer="")
        assert "cta" not in week.edition().edits

    def test_an_address_that_leads_nowhere_is_refused_and_what_was_typed_stays(self, week: Office) -> None:
        refused = week.submit("#offer-form", url="nowhere")
        assert refused.status_code == 409
        assert "leads nowhere from an inbox" in text_of(refused, "#wrong")
        assert LexborHTMLParser(refused.text).css_first("#offer-url").attributes["value"] == "nowhere"
        refused = week.submit("#words", intro="[here](about)")
        assert text_of(refused, "#intro") == "[here](about)"
        assert week.edition().intro == ""

    def test_undo_takes_back_one_change_after_the_other(self, week: Office) -> None:
        assert text_of(week.page(), "#undo") == ""
        week.submit("#words", subject="Small things")
        week.submit(UP % 3, "out")
        assert text_of(week.page(), "#undo") == "Undo posts"
        week.submit("[data-part=undo] form")
        assert text_of(week.page(), "#undo") == "Undo subject"
        week.submit("[data-part=undo] form")
        assert (week.edition().subject, week.edition().edits) == ("A calm morning", {})
        assert text_of(week.page(), "#undo") == ""

    def test_what_was_approved_and_changed_since_asks_again(self, week: Office) -> None:
        week.submit("#decide", "approve")
        changed = week.submit("#words", subject="Another")
        assert "The approval is withdrawn." in text_of(changed, "[data-part=notices]")
        assert "changed since by preview" in text_of(changed, "[data-part=notices]")
        assert "approve" in buttons(changed)
        again = week.submit("#decide", "approve")
        assert "withdrawn" not in text_of(again, "[data-part=notices]")

    def test_a_letter_that_is_on_its_way_can_only_be_looked_at(self, week: Office) -> None:
        sending(week)
        page = week.page()
        assert "What is in it" in text_of(page, ".panel")
        assert LexborHTMLParser(page).css(".panel form") == []
        week.post("/edit", edition="weekly-1", subject="Too late")
        assert week.edition().subject == "A calm morning"

    @pytest.mark.parametrize(
        "fields",
        [
            {"post": "x", "to": "up"},
            {"post": "1", "to": "before-x"},
            {"post": "999", "to": "in"},
            {"post": "1", "to": "<script>"},
            {"edition": "nowhere-1", "subject": "x"},
        ],
    )
    def test_what_makes_no_sense_changes_nothing(self, week: Office, fields: dict[str, str]) -> None:
        week.page()
        before = week.edition()
        answer = week.post("/edit", **{"edition": "weekly-1"} | fields)
        assert answer.status_code == 409
        assert "<script>" not in answer.text
        assert week.edition() == before

    def test_a_digests_lock_that_another_holds_is_waited_for_and_then_said(
        self, week: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pipeline.web.dashboard.editing.PATIENCE", 0.05)
        week.page()
        with database(week).lock("digest-weekly"):
            refused = week.submit("#words", subject="Small things")
        assert "Another process is at weekly" in text_of(refused, "#wrong")
        assert week.edition().subject == "A calm morning"


def test_several_digests_are_one_click_apart(week: Office) -> None:
    week.configure('\n[[digests]]\nname = "groups"\nschedule = "0 9 1 * *"\n')
    assert text_of(week.page(), ".digests") == "weekly groups"
    week.page("?digest=groups")
    assert "groups-1" in text_of(week.page("?digest=groups"), ".next")


def test_a_hostile_name_is_text_in_every_field(week: Office) -> None:
    hostile = "\"><script>alert(1)</script>'{{ 7*7 }}"
    week.submit("#words", subject=hostile, preheader=hostile, intro=hostile)
    page = week.page()
    assert page.count("<script") == 2
    assert LexborHTMLParser(page).css_first("#subject").attributes["value"] == hostile
    assert "49" not in text_of(page, ".locked")


def week_seen(office: Office) -> str:
    office.page()
    return office.edition().fingerprint().hex()


def sending(office: Office) -> None:
    """The letter on its way, with nobody handed it yet."""
    office.page()
    assert office.session.installation
    edition = approve(office.session.installation, "weekly-1")
    now = clock.now()
    assert take(database(office), edition, now.date(), 1000, now, course.begin_sending)
