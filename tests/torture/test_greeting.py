"""A welcome killed anywhere, gone on with: each who confirmed has one or is in doubt, and nobody two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture import greeting

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.torture.practice import Place, Practice

pytest_plugins = ["tests.torture.fixture"]


def test_killed_before_or_after_a_commit_or_request_each_is_welcomed_once(
    practice: Callable[..., Practice], sqlite_place: Place, chance: random.Random
) -> None:
    tiny = practice(sqlite_place, readers=1, batch=1, listed=False, sent=True)
    tally = greeting.at_every_point(tiny, chance, faults=False, every=3)
    assert tally.faults == []
    assert tally.states["sent"] + tally.states["uncertain"] == tally.editions


def test_killed_at_random_while_people_confirm_each_is_welcomed_once(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    made = practice(place, readers=4, batch=2, listed=False, sent=True)
    tally = greeting.at_random(made, chance, 6, faults=False)
    assert tally.faults == []
    assert tally.kills == 6
