"""The sample blog's letter, byte for byte as a person last looked at it.

After a change that is meant: ``pytest tests/letter/test_golden.py --update``, then review the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.letter.samples import INTRO, config, letter, sample_blog, sample_pictures

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_the_letter_is_the_one_that_was_reviewed(layout: str, request: pytest.FixtureRequest) -> None:
    posts = sample_blog()
    made = letter(posts, config(digest={"layout": layout}), intro=INTRO, images=sample_pictures(posts))
    # MJML writes one long line; a difference is reviewed tag by tag.
    html = re.sub(r"(?<=>)(?=<)", "\n", made.html)
    inbox = f"Subject: {made.subject}\nPreheader: {made.preheader}\n\n"
    for name, content in ((f"{layout}.html", html), (f"{layout}.txt", inbox + made.text)):
        file = GOLDEN / name
        if request.config.getoption("--update"):
            file.write_text(content, encoding="utf-8")
        assert content == file.read_text(encoding="utf-8"), f"{name} has changed: see it with --update"
