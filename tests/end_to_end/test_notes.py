"""A note and a correction, from the file to the outbox and to a strict SendGrid, by the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.sendgrid import StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

NOTE = '---\nsubject = "Winter hours"\noffer = false\n---\n# Closed\n\nWe are *closed* on Friday.\n'
CORRECTION = '---\nsubject = "A mistake"\n---\nOn Thursday, not on Friday.\n'


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server


def write(project: Project, name: str, text: str) -> None:
    (project.folder / name).write_text(text)


def test_a_note_in_the_outbox(project: Project) -> None:
    project.subscribe(2)
    write(project, "note.md", NOTE)
    said = project.rapport("write", "weekly", "note.md")
    assert "weekly-1, a note: draft" in said
    assert "It goes out by itself with the next `rapport run`." in said
    assert project.json("editions", "show", "weekly-1")["edition"]["kind"] == "note"
    assert "nothing to mend" in project.rapport("check", "weekly")
    project.rapport("preview", "--out", "look")
    assert "We are <em>closed</em> on Friday." in (project.folder / "look" / "edition.html").read_text()
    project.rapport("editions", "approve", "weekly-1")
    project.rapport("send", "weekly-1")
    letters = [file.read_text() for file in project.outbox()]
    assert len(letters) == 2
    assert all("Subject: Winter hours" in letter for letter in letters)
    assert not any("get-matched" in letter for letter in letters)


def test_a_note_from_stdin_and_what_is_wrong_with_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    stdin = io.TextIOWrapper(io.BytesIO(b"---\nsubject: From a pipe\n---\nHello.\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert project.json("write", "weekly", "-")["edition"]["subject"] == "From a pipe"
    write(project, "bad.md", "---\nsubejct: x\n---\nHello.\n")
    error = project.json("write", "weekly", "bad.md", status=1)["error"]
    assert error["message"] == "bad.md:2: 'subejct' is not a known key."
    assert "Did you mean subject?" in error["remedy"]
    assert "cannot be read" in project.rapport("write", "weekly", "gone.md", status=2)
    write(project, "note.md", NOTE)
    assert "Did you mean weekly?" in project.rapport("write", "wekly", "note.md", status=2)


def test_a_correction_by_sendgrid_goes_to_who_was_handed_the_edition(
    project: Project, blog: Blog, sendgrid: StrictSendGrid
) -> None:
    project.configure(
        blog.url,
        more=(
            '[delivery]\nprovider = "sendgrid"\nprobe_public_url = false\n'
            f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\n'
        ),
    )
    project.environment["SENDGRID_API_KEY"] = sendgrid.key
    project.subscribe(3)
    write(project, "note.md", NOTE)
    write(project, "oops.md", CORRECTION)
    project.rapport("write", "weekly", "note.md")
    project.rapport("editions", "approve", "weekly-1")
    project.rapport("send", "weekly-1")
    project.rapport("subscribers", "unsubscribe", "reader1@example.net")
    project.rapport("subscribers", "add", "reader4@example.net", "--consent", "Signed up on paper")

    said = project.rapport("write", "weekly", "oops.md", "--readers-of", "weekly-1")
    assert "a correction: only for who was handed weekly-1" in said
    project.rapport("editions", "approve", "weekly-2")
    project.rapport("send", "weekly-2")
    corrected = [d for d in sendgrid.deliveries if d.subject == "A mistake"]
    assert sorted(d.address for d in corrected) == ["reader2@example.net", "reader3@example.net"]
    assert {d.custom_args["edition"] for d in corrected} == {"weekly-2"}

    project.rapport("editions", "again", "weekly-1", "--joined")
    project.rapport("run")
    again = [d for d in sendgrid.deliveries if d.address == "reader4@example.net"]
    assert [d.subject for d in again] == ["Winter hours"]
