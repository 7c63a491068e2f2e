"""A colour of the brand that cannot be read is shown as another, and whoever chose it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.theme import Theme, replaced

if TYPE_CHECKING:
    from tests.letter.check.conftest import Sample


@pytest.mark.parametrize(
    ("key", "colour", "shown", "behind"),
    [
        ("colour", "#ffcc00", "#806b1a", "#f4f1ec"),
        ("colour", "#ff6600", "#b15010", "#f4f1ec"),
        ("colour_dark", "#1a4b8c", "#7891b1", "#1e272f"),
    ],
)
def test_a_colour_that_was_replaced_is_told_with_the_nearest_that_will_do(
    key: str, colour: str, shown: str, behind: str, sample: Sample
) -> None:
    (found,) = sample.configured(theme={key: colour}).findings()
    assert (found.name, found.level, found.where) == ("colour", "warning", f"configuration: theme.{key}")
    assert f"theme.{key} {colour} has a contrast of " in found.message
    assert f"on {behind}, and links need 4.6: they are shown in {shown} instead." in found.message
    nearest = found.remedy.partition(f'Set {key} = "')[2].partition('"')[0]
    assert sample.configured(theme={key: nearest}).findings() == []


def test_a_colour_that_can_be_read_is_told_of_only_where_the_dark_scheme_takes_it() -> None:
    assert replaced(Theme()) == []
    (dark,) = replaced(Theme(colour="#1a4b8c"))
    assert (dark.key, dark.own, dark.shown) == ("colour_dark", False, "#7891b1")
    assert replaced(Theme(colour="#1a4b8c", colour_dark=dark.nearest)) == []
