"""Being told to stop by a signal, in the middle of what must clean up after itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.core.signals import Stop, ended_by_signals

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


@pytest.mark.parametrize(
    ("number", "ends", "status"),
    [
        (signal.SIGINT, KeyboardInterrupt, ()),
        (signal.SIGTERM, SystemExit, (143,)),
        (signal.SIGHUP, SystemExit, (129,)),
    ],
)
def test_it_ends_once_and_cleans_up_undisturbed(
    number: int, ends: type[BaseException], status: tuple[int, ...]
) -> None:
    before = [signal.getsignal(one) for one in NUMBERS]
    cleaned = False
    with pytest.raises(ends) as ended, ended_by_signals():  # noqa: PT012
        try:
            tell(number)
        finally:
            for another in NUMBERS:
                tell(another)
            cleaned = True
    assert cleaned
    assert ended.value.args == status
    assert [signal.getsignal(one) for one in NUMBERS] == before


def test_what_is_to_be_finished_is_finished() -> None:
    before, finished = [signal.getsignal(one) for one in NUMBERS], 0
    with ended_by_signals() as finish:
        finish()
        for number in NUMBERS:
            tell(number)
            finished += 1
    assert finished == len(NUMBERS)
    assert [signal.getsignal(one) for one in NUMBERS] == before


def test_what_nohup_keeps_away_stays_away() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    went_on = False
    with ended_by_signals():
        tell(signal.SIGHUP)
        went_on = True
    assert went_on
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_who_sleeps_is_woken_by_being_told_to_stop() -> None:
    stop = Stop()
    began, teller = time.monotonic(), threading.Timer(0.05, stop.ask, (15,))
    teller.start()
    stop.sleep(60)
    assert (stop(), stop.signal) == (True, 15)
    assert 0.05 <= time.monotonic() - began < 30
    teller.join()
