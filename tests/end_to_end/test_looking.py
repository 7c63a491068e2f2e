"""A draft that was put up for approval, and those who only look at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.app import Installation
from pipeline.editions import find
from pipeline.editions.compose import compose
from pipeline.web.dashboard import preview
from pipeline.web.dashboard.preview import PreviewSession
from tests.doubles.blog import Item
from tests.waiting import until

if TYPE_CHECKING:
    from pipeline.editions.edition import Edition
    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def draft(project: Project) -> Edition:
    with (
        Installation.open(project.folder / "rapport.toml") as installed,
        installed.database.read() as connection,
    ):
        return find.by_slug(connection, "weekly-1")


@pytest.fixture
def put_up(project: Project, blog: Blog) -> Edition:
    """The draft as it was put up; since then the blog has something new."""
    more = '[staff]\nemails = ["editor@example.org"]\n'
    project.configure(blog.url, digest='hold_window = "6h"\napproval = "required"', more=more)
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.subscribe(1)
    project.rapport("run", "--now")
    made = draft(project)
    assert made.announced_at is not None
    blog.items.insert(0, Item("A later post", datetime.now(UTC)))
    return made


def test_preview_and_check_leave_it_as_staff_were_mailed_it(project: Project, put_up: Edition) -> None:
    shown = project.json("preview", "--out", "preview")["edition"]
    checked = project.json("check")["edition"]
    assert shown["subject"] == checked["subject"] == "A calm morning"
    assert draft(project) == put_up
    assert "A later post" not in (project.folder / "preview" / "edition.html").read_text()


def test_so_does_the_preview_in_the_browser(project: Project, put_up: Edition) -> None:
    session = PreviewSession(project.folder / "rapport.toml")
    session.open()
    session.pull()
    seen = session.look("weekly", None)
    session.close()
    assert seen is not None
    assert (seen.edition, seen.fault) == (put_up, None)
    assert "put up" in seen.outcome.reason


def test_what_changes_while_the_browsers_first_letter_is_composed_is_not_missed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = PreviewSession(project.folder / "rapport.toml")
    session.open()
    looked: list[str] = []

    def slowly(*given: Any, **how: Any) -> Any:
        made = compose(*given, **how)
        looked.append(made.reason)
        if len(looked) == 1:
            session.templates_changed()  # after they were read
        return made

    monkeypatch.setattr(preview, "compose", slowly)
    session.look("weekly", None)
    until(lambda: len(looked) == 2)
    session.close()


def test_who_composes_it_by_hand_changes_it_and_puts_it_up_anew_if_it_says_something_else(
    project: Project, put_up: Edition
) -> None:
    project.rapport("compose", "weekly")  # nothing new was pulled
    assert draft(project).announced_at == put_up.announced_at
    project.rapport("pull")
    assert project.json("compose", "weekly")["edition"]["subject"] == "A later post"
    assert draft(project).announced_at > put_up.announced_at
