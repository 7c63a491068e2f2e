"""An announcement killed anywhere, among faults: once on each channel. A thousand kills: `make torture`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture.announcing import killed

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from tests.torture.launcher import Launcher
    from tests.torture.practice import Place

pytest_plugins = ["tests.torture.fixture"]


def test_an_edition_is_announced_once_on_each_channel_however_often_it_is_killed(
    launcher: Launcher, sqlite_place: Place, folder: Path, chance: random.Random
) -> None:
    tally = killed(launcher, sqlite_place, folder / "practice", chance, 12)
    assert tally.faults == []
    assert tally.kills >= 12
    assert tally.states["posted"] > 0
