"""How a stage is measured, and the line that says what it took beside its floor."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 9


def median(work: Callable[[], object]) -> float:
    """Median seconds of RUNS runs, after one that does not count."""
    work()
    taken = []
    for _ in range(RUNS):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return statistics.median(taken)


def show(what: str, ours: float, floor: float, of: str) -> None:
    print(f"{what:<44}{ours * 1000:>7.1f} ms{floor * 1000:>7.1f} ms{ours / floor:>7.1f}×   {of}")
