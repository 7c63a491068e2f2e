"""An archive may bring a stranger's rapport.toml: however long its lines and values are, the answer comes
soon and shows none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.child_process import interrupted_after
from tests.core.suggest.test_configuration import told

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 100_000
"""Characters. What costs their square takes minutes, what does not a fraction of a second."""
SECONDS = 10.0
"""Of the processor's time."""

LINES = {
    "a text and spaces": 'notice = "a"' + " " * LENGTH + "!",
    "a remark": ";" + " " * LENGTH + "= a",
    "the end of a remark": "// " + " " * LENGTH + "*",
    "addresses": 'notice = "' + "://x:" * (LENGTH // 5),
    "headers": "[" * LENGTH,
}
VALUES = {
    "newsletter.reply_to": ('reply_to = "{}"', "x"),
    "with spaces": ('reply_to = "{}@"', " "),
    "web": ('public_url = "{}!"', "a."),
    "colour": ('[theme]\ncolour = "rgb(1{}1"\n', " "),
    "schedule": ('[[digests]]\nname = "weekly"\nschedule = "{}"\n', "x "),
    "hold window": ('[[digests]]\nname = "weekly"\nhold_window = "{}"\n', "1"),
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_long_line_that_is_no_toml_is_told_by_its_length(tmp_path: Path, line: str) -> None:
    with interrupted_after(SECONDS):
        said = told(tmp_path, line)
    assert "rapport.toml:4: line 4 is not valid TOML" in said
    assert f"it has {len(line):,} characters" in said
    assert len(said) < 400


@pytest.mark.parametrize(("form", "run"), VALUES.values(), ids=VALUES)
def test_what_a_long_value_was_meant_for_costs_no_more_than_its_length(
    tmp_path: Path, form: str, run: str
) -> None:
    written = form.format(run * (LENGTH // len(run)))
    with interrupted_after(SECONDS):
        said = told(tmp_path, more=written) if form.startswith("[") else told(tmp_path, written)
    assert "rapport.toml:" in said


def test_a_number_of_too_many_digits_is_told_by_its_line(tmp_path: Path) -> None:
    assert "rapport.toml:4: line 4 is not valid TOML" in told(tmp_path, "notice = " + "1" * 5_000)
