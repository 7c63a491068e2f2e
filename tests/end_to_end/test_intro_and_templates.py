"""What staff put into a letter with the command: an intro, another layout, templates of their own."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item

if TYPE_CHECKING:
    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _one_post(blog: Blog, project: Project) -> None:
    blog.items = [Item("A calm morning", NOW - timedelta(days=1))]
    project.rapport("pull")


def written(project: Project, ending: str) -> str:
    project.rapport("preview", "--out", "preview")
    return (project.folder / "preview" / f"edition.{ending}").read_text()


def test_an_intro_from_a_file_stays_with_its_edition_when_the_draft_is_refreshed(
    project: Project, blog: Blog
) -> None:
    (project.folder / "intro.md").write_text("Hello from *all* of us.\n", encoding="utf-8-sig")
    project.rapport("compose", "weekly", "--intro", "intro.md")
    blog.items.append(Item("Another post", NOW - timedelta(days=2)))
    for ending, said in (("html", "Hello from <em>all</em> of us."), ("txt", "Hello from *all* of us.")):
        part = written(project, ending)
        assert said in part
        assert part.index(said) < part.index("A calm morning", part.index(said))
        assert "Another post" in part


def test_an_intro_goes_out_with_its_edition_and_not_with_the_next(project: Project, blog: Blog) -> None:
    project.subscribe(1)
    project.rapport("compose", "weekly", "--intro-text", "Once only.")
    project.rapport("run", "--now")
    assert "Once only." in project.outbox()[0].read_text()
    blog.items.append(Item("Another post", NOW - timedelta(hours=2)))
    project.rapport("run", "--now")
    assert "Once only." not in project.outbox()[1].read_text()


def test_an_intro_is_taken_out_again(project: Project) -> None:
    project.rapport("compose", "weekly", "--intro-text", "On second thoughts.")
    project.rapport("compose", "weekly", "--no-intro")
    assert "On second thoughts." not in written(project, "txt")


def test_an_intro_for_a_letter_whose_text_is_fixed_is_refused(project: Project) -> None:
    project.rapport("compose", "weekly")
    project.rapport("editions", "approve", "weekly-1")
    said = project.rapport("compose", "weekly", "--intro-text", "Too late.", status=1)
    assert "weekly-1 is approved: its text is fixed." in said


def test_an_intro_with_a_bad_link_changes_nothing(project: Project) -> None:
    project.rapport("compose", "weekly", "--intro-text", "Good.")
    said = project.rapport("compose", "weekly", "--intro-text", "[bad](/contact)", status=1)
    assert "'/contact', which leads nowhere from an inbox" in said
    assert "Good." in written(project, "txt")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--intro", "gone.md"), "The intro gone.md cannot be read"),
        (("--intro-text", "x", "--no-intro"), "Give one of --intro, --intro-text and --no-intro."),
    ],
)
def test_options_that_make_no_sense_are_refused(
    project: Project, options: tuple[str, ...], says: str
) -> None:
    assert says in project.rapport("compose", "weekly", *options, status=2)


def test_a_digest_can_be_plain(project: Project, blog: Blog) -> None:
    project.configure(blog.url, digest='layout = "plain"')
    html = written(project, "html")
    assert "<img" not in html
    assert "A calm morning" in html
    assert project.json("check")["edition"]["slug"] == "weekly-1"


def test_templates_are_copied_changed_and_used(project: Project, blog: Blog) -> None:
    said = project.rapport("init", "--templates")
    assert 'Set theme.templates = "templates" in rapport.toml.' in said
    layout = project.folder / "templates" / "letter" / "digest.txt"
    layout.write_text(layout.read_text().replace('say("read_on")', '"The whole post"'))
    assert "The whole post" not in written(project, "txt")
    project.configure(blog.url, more='[theme]\ntemplates = "templates"')
    assert "The whole post" in written(project, "txt")
    again = project.json("init", "--templates", "templates")
    assert again["copied"] == []
    assert "letter/digest.txt" in again["kept"]
    assert '"The whole post"' in layout.read_text()


def test_templates_can_go_into_a_folder_of_another_name(project: Project) -> None:
    made = project.json("init", "--templates", f"my{os.sep}own")
    assert "letter/digest.mjml" in made["copied"]
    assert (project.folder / "my" / "own" / "letter" / "digest.mjml").is_file()


def test_a_text_without_end_is_refused(project: Project) -> None:
    for command in (("write", "weekly", "/dev/zero"), ("compose", "weekly", "--intro", "/dev/zero")):
        assert "is larger than 1,000,000 bytes" in project.rapport(*command, status=2)
