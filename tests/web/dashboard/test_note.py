"""A note written in the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.editions import find
from subscribers import staff_log
from tests.installations import subscribe

if TYPE_CHECKING:
    from httpx import Response

    from tests.web.dashboard.office import Office

WORDS = {"subject": "Closed in May", "text": "We are away.\n\nSee *you* [in June](https://example.org)."}


def text_of(answer: Response, css: str) -> str:
    found = LexborHTMLParser(answer.text).css_first(css)
    return " ".join(found.text().split()) if found is not None else ""


def write(office: Office, **typed: str) -> Response:
    return office.submit("#note", query="note?digest=weekly", **WORDS | typed)


def test_it_is_shown_as_a_letter_held_and_goes_out_once_approved(office: Office) -> None:
    office.page()
    assert office.session.installation
    subscribe(office.session.installation.database, 2)
    shown = write(office)
    edition = office.edition()
    assert (edition.slug, edition.status, edition.is_note) == ("weekly-1", "held", True)
    assert "Held: it goes to nobody" in text_of(shown, ".next h1")
    assert "we" in office.browser.get("/frame").text.lower()
    assert "See <em>you</em>" in office.browser.get("/frame").text
    office.submit("#decide", "approve")
    assert office.edition().status == "approved"
    office.submit("#decide", "write")
    assert len(list((office.folder / "outbox").glob("*.eml"))) == 2
    with office.session.installation.database.read() as connection:
        entries = staff_log.latest(connection, "weekly-1", 9)
    assert [(one.actor, one.action) for one in entries] == [
        ("preview", "approve"), ("preview", "hold"), ("preview", "write"),
    ]  # fmt: skip


def test_it_is_changed_on_the_same_page(office: Office) -> None:
    office.page()
    write(office)
    form = LexborHTMLParser(office.page("note?digest=weekly"))
    assert form.css_first("#subject").attributes["value"] == "Closed in May"
    assert form.css_first("#text").text().strip() == WORDS["text"]
    write(office, text="We are back.")
    assert (office.edition().slug, office.edition().intro) == ("weekly-1", "We are back.")
    assert 'href="/note?digest=weekly"' in office.page()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"text": "[here](about)"}, "leads nowhere from an inbox"),
        ({"subject": "  "}, "The note has no subject"),
        ({"text": "\n \n"}, "The note says nothing"),
    ],
)
def test_what_makes_no_note_is_said_and_nothing_typed_is_lost(
    office: Office, typed: dict[str, str], said: str
) -> None:
    office.page()
    answer = write(office, preheader="All of it", **typed)
    assert answer.status_code == 409
    assert said in text_of(answer, "#wrong")
    kept = LexborHTMLParser(answer.text)
    assert kept.css_first("#preheader").attributes["value"] == "All of it"
    assert not office.edition().is_note


def test_a_note_in_any_script_may_be_as_long_as_it_may_be(office: Office) -> None:
    office.page()
    assert write(office, text="Мы закрыты. " * 3300).status_code == 200
    assert office.edition().is_note


def test_a_letter_that_staff_edited_is_not_pushed_aside(office: Office) -> None:
    office.page()
    office.submit("#words", subject="Small things")
    answer = write(office)
    assert "a draft that staff edited" in text_of(answer, "#wrong")
    assert office.edition().subject == "Small things"


def test_a_strangers_markup_is_text_in_the_form_and_in_the_letter(office: Office) -> None:
    office.page()
    hostile = "</textarea><script>alert(1)</script>"
    write(office, text=hostile, subject=hostile)
    for path in ("note?digest=weekly", ""):
        assert "<script>alert" not in office.page(path)
    assert "<script>alert" not in office.browser.get("/frame").text


def test_nobody_writes_over_what_a_colleague_saved_meanwhile(office: Office) -> None:
    office.page()
    mine = LexborHTMLParser(office.page("note?digest=weekly")).css_first("[name=seen]").attributes["value"]
    write(office, text="A colleague's words.")
    typed = {**WORDS, "text": "My words.", "seen": str(mine), "readers_of": "", "offer": "yes"}
    refused = office.post("/note?digest=weekly", **typed)
    assert refused.status_code == 409
    assert "Somebody has saved or ended this note" in text_of(refused, "#wrong")
    assert text_of(refused, "#text") == "My words."
    assert office.edition().intro == "A colleague's words."
    shown = LexborHTMLParser(refused.text).css_first("[name=seen]").attributes["value"]
    office.post("/note?digest=weekly", **typed | {"seen": str(shown)})
    assert office.edition().intro == "My words."


def test_a_process_that_dies_while_it_saves_leaves_no_draft_that_goes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*given: object, **more: object) -> None:
        raise MemoryError("the process is gone")

    office.page()
    assert office.session.installation
    monkeypatch.setattr("pipeline.editions.by_staff.decide", dies)
    with pytest.raises(MemoryError):
        write(office)
    with office.session.installation.database.read() as connection:
        draft = find.open_one(connection, "weekly")
    assert draft is None or not draft.is_note
