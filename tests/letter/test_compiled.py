"""Templates are compiled once a process, and anew when they say something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.templates import Templates
from pipeline.letter.jinja import environment, render

if TYPE_CHECKING:
    from pathlib import Path

OWN = "letter/own.txt"


def test_an_edited_template_is_read_anew_and_one_that_stays_is_not_compiled_again(tmp_path: Path) -> None:
    file = tmp_path / OWN
    file.parent.mkdir()
    codes = []
    for written in ("One", "Two", "Two"):
        file.write_text(written)
        made = environment(Templates(tmp_path), markup=False)  # as for each letter
        assert render(made, OWN, {}) == written
        codes.append(made.get_template(OWN).root_render_func.__code__)
    assert codes[0] is not codes[1]
    assert codes[1] is codes[2]
