"""Cron beside the scheduler beside `send` by hand: all at once on one edition, and one hand-over each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.torture.practice import SLUG
from tests.torture.provider import MoodySendGrid

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.torture.practice import Place, Practice

pytest_plugins = ["tests.torture.fixture"]

EVERYBODY = (("run", "--now"), ("send", SLUG), ("run",), ("run", "--now"), ("send", SLUG), ("run", "--now"))


@pytest.mark.parametrize("approved", [True, False], ids=["approved", "from the feed on"])
def test_all_at_once_hand_everyone_over_once(
    practice: Callable[..., Practice], place: Place, chance: random.Random, approved: bool
) -> None:
    many = practice(place, readers=30, batch=2, approved=approved)
    with many.case(MoodySendGrid(chance, pace=0.01)) as case:
        crowd = [case.start(*arguments) for arguments in EVERYBODY]
        for one in crowd:
            assert one.end() in (0, 1), one.err
            assert "Traceback" not in one.err
        case.until_sent()  # whoever was turned away comes again
        verdict = case.verdict()
        assert verdict.right, verdict.faults
        assert verdict.states == {"sent": 30}
        assert case.provider.attempts == case.provider.requests == 15
