"""The sample blog's letter, byte for byte as a person last looked at it.

After a change that is meant: ``pytest tests/letter/test_golden.py --update``, then review the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.core.templates import Templates
from pipeline.letter.note import read_note
from pipeline.letter.render import Letter, render_note
from tests.letter.samples import INTRO, NOW, config, letter, sample_blog, sample_pictures

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_the_letter_is_the_one_that_was_reviewed(layout: str, request: pytest.FixtureRequest) -> None:
    posts = sample_blog()
    made = letter(posts, config(digest={"layout": layout}), intro=INTRO, images=sample_pictures(posts))
    _compare(layout, made, request)


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_a_note_is_the_one_that_was_reviewed(layout: str, request: pytest.FixtureRequest) -> None:
    settings = config(digest={"layout": layout})
    note = read_note((GOLDEN / "note.md").read_text(encoding="utf-8"), "note.md")
    made = render_note(settings, Templates(None), settings.digests[0], note, slug="weekly-2", due=NOW)
    _compare(f"{layout}-note", made, request)


def _compare(called: str, made: Letter, request: pytest.FixtureRequest) -> None:
    # MJML writes one long line; a difference is reviewed tag by tag.
    html = re.sub(r"(?<=>)(?=<)", "\n", made.html)
    inbox = f"Subject: {made.subject}\nPreheader: {made.preheader}\n\n"
    for name, content in ((f"{called}.html", html), (f"{called}.txt", inbox + made.text)):
        file = GOLDEN / name
        if request.config.getoption("--update"):
            file.write_text(content, encoding="utf-8")
        assert content == file.read_text(encoding="utf-8"), f"{name} has changed: see it with --update"
