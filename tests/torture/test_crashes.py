"""A send killed anywhere, resumed: nobody twice, nobody lost. All of the matrix: `make torture`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture import crashes
from tests.torture.practice import TIMEOUT

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.torture.practice import Place, Practice

pytest_plugins = ["tests.torture.fixture"]


def test_killed_at_random_moments_nobody_is_mailed_twice_or_lost(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    tally = crashes.at_random(practice(place, readers=40, batch=2, connections=4), chance, 10, faults=False)
    assert tally.faults == []
    assert tally.kills == 10


def test_nor_when_the_provider_has_a_bad_day(
    practice: Callable[..., Practice], sqlite_place: Place, chance: random.Random
) -> None:
    tally = crashes.at_random(
        practice(sqlite_place, readers=40, batch=2, connections=4, timeout=TIMEOUT), chance, 10, faults=True
    )
    assert tally.faults == []


def test_nor_when_killed_before_or_after_any_commit_or_request(
    practice: Callable[..., Practice], sqlite_place: Place, chance: random.Random
) -> None:
    tiny = practice(sqlite_place, readers=2, batch=1, approved=False)
    tally = crashes.at_every_point(tiny, chance, faults=False, both=False)
    assert tally.faults == []
