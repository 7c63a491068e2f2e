"""Editing an edition with the command, before it goes out."""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pipeline.core.database import Database
from pipeline.editions.lock import lock
from tests.doubles.blog import Item

if TYPE_CHECKING:
    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _a_draft(blog: Blog, project: Project) -> None:
    blog.items = [Item(f"Post {n}", NOW - timedelta(hours=n)) for n in (1, 2, 3)]
    project.configure(blog.url, digest="max_posts = 2")
    project.rapport("pull")
    project.rapport("compose", "weekly")


def test_the_numbers_that_are_shown_are_those_to_edit_by_and_the_preview_shows_it(project: Project) -> None:
    shown = project.rapport("editions", "show", "weekly-1")
    assert "   1 post: Post 1\n   2 post: Post 2\n   3 left out: Post 3 (waits" in shown
    (project.folder / "intro.md").write_text("Hello from *all* of us.")
    said = project.rapport(
        "editions", "edit", "weekly-1", "--posts", "3,1", "--intro", "intro.md", "--cta-button", "Write to us"
    )
    assert "   1 post: Post 3\n   2 post: Post 1\n   3 left out: Post 2" in said
    assert "edited by staff: posts, cta, intro" in said
    project.rapport("preview", "--out", "preview")
    letter = (project.folder / "preview" / "edition.txt").read_text()
    assert letter.index("Hello from *all*") < letter.index("Post 3") < letter.index("Post 1")
    assert "Write to us:" in letter
    assert project.json("check")["findings"] == []


def test_an_approved_edition_is_a_draft_again_and_the_command_says_so(project: Project) -> None:
    project.rapport("editions", "approve", "weekly-1")
    said = project.rapport("editions", "edit", "weekly-1", "--subject", "Small things")
    assert "weekly-1: draft" in said
    assert "`rapport editions approve weekly-1` lets it go when it is due." in said
    assert project.json("editions", "show", "weekly-1")["edition"]["edited"] == ["subject"]
    project.rapport("editions", "approve", "weekly-1")
    said = project.rapport("compose", "weekly", "--intro-text", "Too late.", status=1)
    assert "Change it with `rapport editions edit weekly-1`" in said


@pytest.mark.parametrize(
    "command",
    [
        ("editions", "edit", "weekly-1", "--subject", "Small things"),
        ("compose", "weekly"),
        ("send", "weekly-1"),
    ],
    ids=["edit", "compose", "send"],
)
def test_a_command_waits_a_moment_for_whoever_else_is_at_the_digest(
    project: Project, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """As a scheduler is that only looks whether it is due, or a preview that composes."""
    if command[0] == "send":
        project.rapport("editions", "approve", "weekly-1")
    with (
        closing(Database(f"sqlite:///{project.folder / 'rapport.db'}")) as another,
        ExitStack() as held,
    ):
        held.enter_context(lock(another, "weekly"))
        clock = SimpleNamespace(sleep=lambda seconds: held.close())
        monkeypatch.setattr("pipeline.editions.lock.time", clock)
        project.rapport(*command)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Say what to change."),
        (("--posts", "one,two"), "write it like 3,1,2"),
        (("--no-intro", "--intro", "intro.md"), "Give one of"),
    ],
)
def test_what_it_does_not_understand_is_wrong_usage(
    project: Project, options: tuple[str, ...], said: str
) -> None:
    assert said in project.rapport("editions", "edit", "weekly-1", *options, status=2)
