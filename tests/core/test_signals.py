"""Being told to stop by a signal, in the middle of what must clean up after itself."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from pipeline.core.signals import ended_by_signals

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Whoever runs the tests may keep signals away (nohup, a shell's `&`): here they are heard."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def tell(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", NUMBERS)
def test_it_ends_once_and_cleans_up_undisturbed(number: int) -> None:
    before = [signal.getsignal(one) for one in NUMBERS]
    cleaned = False
    with pytest.raises((KeyboardInterrupt, SystemExit)) as ended, ended_by_signals():  # noqa: PT012
        try:
            tell(number)
        finally:
            for another in NUMBERS:
                tell(another)
            cleaned = True
    assert cleaned
    assert isinstance(ended.value, KeyboardInterrupt) or ended.value.code == 128 + number
    assert [signal.getsignal(one) for one in NUMBERS] == before


def test_what_is_to_be_finished_is_finished() -> None:
    with ended_by_signals() as finish:
        finish()
        for number in NUMBERS:
            tell(number)


def test_what_nohup_keeps_away_stays_away() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_by_signals():
        tell(signal.SIGHUP)
    signal.signal(signal.SIGHUP, before)
