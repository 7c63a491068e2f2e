"""The page on notes and the welcome: what it shows is written as it stands, and its commands are run."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.docs.blocks import blocks
from tests.docs.machine import SOURCE
from tests.end_to_end.conftest import blog, project

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Project

__all__ = ["blog", "project"]

PAGE = SOURCE / "docs" / "notes-and-welcome.md"


def test_the_note_that_the_page_shows_goes_out_by_its_commands(project: Project) -> None:
    project.subscribe(2)
    note = re.search(r"^```md\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert note is not None
    (project.folder / "note.md").write_text(note[1])
    (commands,) = (block.text for block in blocks(PAGE) if block.kind == "sh")
    for line in commands.splitlines():
        _, *words = shlex.split(line)
        project.rapport(*words)
    letters = [file.read_text() for file in project.outbox()]
    assert len(letters) == 2
    assert all("Subject: Closed until 2 January" in letter for letter in letters)
