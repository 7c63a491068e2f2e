"""The welcome of who confirmed, killed between click and hand-over: at random, and at every point."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.torture.crashes import A_BAD_DAY, Tally, ended_well, provider
from tests.torture.launcher import KILLED
from tests.torture.provider import MoodySendGrid
from tests.waiting import LONGEST

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.torture.launcher import Process
    from tests.torture.practice import Case, Practice

STEP = timedelta(hours=1)
"""So much later, by its own clock, is each run than the one before: what was put off is tried again."""

MOST_A_CASE = 30
"""Kills of one case. Its clock must not pass the week after which nobody is welcomed any more."""


def at_random(
    practice: Practice,
    chance: random.Random,
    kills: int,
    *,
    faults: bool,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Kill the run that welcomes so often, at moments spread over all its time, while people confirm."""
    tally = Tally()
    span = _undisturbed(practice, chance)
    while tally.kills < kills:
        with practice.case(provider(chance, faults=faults)) as case:
            coming, killed, runs = sorted(practice.addresses), 0, 0
            while coming or case.welcomes_left():
                process = _run(case, runs)
                runs += 1
                some, coming = coming[:2], coming[2:]
                case.confirm(some)  # beside it
                alive = killed < MOST_A_CASE and tally.kills < kills
                if alive and process.wait(chance.uniform(0, span)) is None and process.kill():
                    tally.kills += 1
                    tally.resumes += 1
                    killed += 1
                else:
                    ended_well(process)
            tally.add(case.verdict(through_the_door=tally.editions % 5 == 0), f"kill {tally.kills}")
        progress(tally)
    return tally


def at_every_point(
    practice: Practice,
    chance: random.Random,
    *,
    faults: bool,
    every: int = 1,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Kill right before and right after each commit that writes, and each request's last byte (or of each
    ``every``-th)."""
    tally = Tally()
    for at, number in _points(practice, chance, faults=faults)[::every]:
        for after in (False, True):
            where = f"{'after' if after else 'before'} {at} {number}"
            with practice.case(MoodySendGrid(chance)) as case:
                case.provider.faults.extend(A_BAD_DAY if faults else ())
                case.confirm(sorted(practice.addresses))
                death = {"at": at, "after": after, "number": number}
                status = _run(case, 0, death=death).end()
                assert status == KILLED or (faults and status == 0), f"not killed {where}: exit {status}"
                tally.kills += status == KILLED
                tally.resumes += _until_none_is_left(case)
                tally.add(case.verdict(), where)
        progress(tally)
    return tally


def _run(case: Case, number: int, **more: object) -> Process:
    return case.start("run", clock=datetime.now(UTC) + (number + 1) * STEP, **more)


def _until_none_is_left(case: Case) -> int:
    runs = 0
    while case.welcomes_left():
        runs += 1
        assert runs < 60, "welcomes wait for ever"
        ended_well(_run(case, runs))
    return runs


def _undisturbed(practice: Practice, chance: random.Random) -> float:
    """Seconds that a whole run takes."""
    with practice.case(provider(chance, faults=False)) as case:
        case.confirm(sorted(practice.addresses))
        began = datetime.now(UTC)
        assert _until_none_is_left(case) == 1
        taken = (datetime.now(UTC) - began).total_seconds()
        verdict = case.verdict(through_the_door=True)
        assert verdict.right, verdict
        # On a machine that is that slow the short time-out may leave somebody in doubt.
        assert verdict.states == {"sent": practice.readers} or practice.timeout < LONGEST
        return taken


def _points(practice: Practice, chance: random.Random, *, faults: bool) -> list[tuple[str, int]]:
    """Every point of a whole run: ("commit", 1), …, ("request", 1), …"""
    with practice.case(MoodySendGrid(chance)) as case:
        case.provider.faults.extend(A_BAD_DAY if faults else ())
        case.confirm(sorted(practice.addresses))
        counts = case.folder / "counts.json"
        process = _run(case, 0, counts=counts)
        assert process.end() == 0, process.err
        seen: dict[str, int] = json.loads(counts.read_text())
    assert seen["commit"] > seen["request"] >= 1
    return [(at, number) for at in ("commit", "request") for number in range(1, seen[at] + 1)]
