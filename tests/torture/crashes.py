"""A send that is killed: at random moments, at every commit, at every request; alone or as one of many."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.doubles.sendgrid import Answer, Hang, Normal, Reset
from tests.torture.launcher import KILLED
from tests.torture.practice import SLUG
from tests.torture.provider import HANGS, MoodySendGrid
from tests.waiting import LONGEST

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tests.doubles.sendgrid.faults import Fault
    from tests.torture.launcher import Process
    from tests.torture.practice import Case, Practice, Verdict

PACE = 0.004
SHARE = 0.15
ASLEEP = {
    "pipeline.delivery.batch_sender.LEASE": 1.0,
    "pipeline.core.database.IDLE_LIMIT": 0.5,
    "pipeline.delivery.workers.process.IDLE_LIMIT": 0.5,
    "pipeline.delivery.workers.process.SILENCE": 1.5,
}
"""Constants of the product, by which a worker that is stopped for some seconds slept past all of them."""

PATIENCE = 180.0
"""Seconds that a fleet may take over one edition."""

A_BAD_DAY: tuple[Fault, ...] = (
    Answer(429, {"Retry-After": "0"}),
    Normal(),
    Hang(HANGS, accept=True),
    Answer(502, body=b"<html>Bad gateway</html>", accept=True),
    Reset(read=False),
    Reset(accept=True),
)
"""What happens to the first requests where kills are not left to chance and faults must not be either."""


@dataclass
class Tally:
    """The counts of one cell of the matrix."""

    editions: int = 0
    kills: int = 0
    resumes: int = 0
    accepted: int = 0
    states: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict, where: str) -> None:
        self.editions += 1
        self.accepted += verdict.accepted
        self.states += verdict.states
        self.duplicates += verdict.duplicates
        self.lost += verdict.lost
        self.faults += [f"{where}: {fault}" for fault in verdict.faults]


def provider(chance: random.Random, *, faults: bool) -> MoodySendGrid:
    """A SendGrid for one edition, of which it takes a share in its moods, and refuses one reader for good."""
    made = MoodySendGrid(chance, pace=PACE, share=SHARE if faults else 0.0)
    if faults:
        made.refused_addresses = {"reader3@example.net"}
    return made


def at_random(
    practice: Practice,
    chance: random.Random,
    kills: int,
    *,
    faults: bool,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Kill the one process so often, at moments spread over all the time that it takes."""
    tally = Tally()
    span = _undisturbed(practice, chance)
    while tally.kills < kills:
        with practice.case(provider(chance, faults=faults)) as case:
            while case.status() != "sent":
                process = case.start(*_command(case, chance))
                if tally.kills < kills and process.wait(chance.uniform(0, span)) is None and process.kill():
                    tally.kills += 1
                    tally.resumes += 1
                else:
                    ended_well(process)
            tally.add(case.verdict(through_the_door=tally.editions % 5 == 0), f"kill {tally.kills}")
        progress(tally)
    return tally


def _undisturbed(practice: Practice, chance: random.Random) -> float:
    """Seconds that a whole run takes."""
    with practice.case(provider(chance, faults=False)) as case:
        began = time.monotonic()
        assert case.until_sent() == 1
        taken = time.monotonic() - began
        verdict = case.verdict(through_the_door=True)
        assert verdict.right, verdict
        # On a machine that is that slow the short time-out may leave somebody in doubt.
        assert verdict.states == {"sent": practice.readers} or practice.timeout < LONGEST
        return taken


def _command(case: Case, chance: random.Random) -> Sequence[str]:
    known = case.status() in ("approved", "sending")
    return ("send", SLUG) if known and chance.random() < 0.5 else ("run", "--now")


def ended_well(process: Process, *also: int) -> None:
    status = process.end()
    assert status in (0, 1, *also), f"exit {status}\n{process.out}\n{process.err}"
    assert "Traceback" not in process.err, process.err


def at_every_point(
    practice: Practice,
    chance: random.Random,
    *,
    faults: bool,
    both: bool = True,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Kill right before and right after each commit that writes, and each request's last byte: an edition of
    its own for each.

    Without ``both`` only the last commit is also killed after: what is kept then is what is kept right before
    the next one, or on one of the two sides of the request that lies between."""
    tally = Tally()
    points = _points(practice, chance, faults=faults)
    last = max(number for at, number in points if at == "commit")
    for at, number in points:
        for after in (False, True) if both or at == "request" or number == last else (False,):
            where = f"{'after' if after else 'before'} {at} {number}"
            with practice.case(MoodySendGrid(chance)) as case:
                case.provider.faults.extend(A_BAD_DAY if faults else ())
                death = {"at": at, "after": after, "number": number}
                status = case.start("run", "--now", death=death).end()
                # A reset can be met while writing or while reading: so faults may save a commit.
                assert status == KILLED or (faults and status == 0), f"not killed {where}: exit {status}"
                tally.kills += status == KILLED
                tally.resumes += case.until_sent() if case.status() != "sent" else 0
                tally.add(case.verdict(), where)
        progress(tally)
    return tally


def _points(practice: Practice, chance: random.Random, *, faults: bool) -> list[tuple[str, int]]:
    """Every point of a whole run: ("commit", 1), …, ("request", 1), …"""
    with practice.case(MoodySendGrid(chance)) as case:
        case.provider.faults.extend(A_BAD_DAY if faults else ())
        counts = case.folder / "counts.json"
        process = case.start("run", "--now", counts=counts)
        assert process.end() == 0, process.err
        seen: dict[str, int] = json.loads(counts.read_text())
    assert seen["commit"] > seen["request"] >= practice.readers // practice.batch
    return [(at, number) for at in ("commit", "request") for number in range(1, seen[at] + 1)]


def fleet(
    practice: Practice,
    chance: random.Random,
    kills: int,
    *,
    faults: bool,
    workers: int = 4,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """So many `rapport worker` share each edition, and any of them is killed at any moment, a new one taking
    its place; `send` by hand begins it and dies as easily. In every fourth edition one of them is stopped
    for longer than its lease, and goes on."""
    tally = Tally()
    while tally.kills < kills:
        with practice.case(provider(chance, faults=faults)) as case:
            crew = [case.start("worker", constants=ASLEEP) for _ in range(workers)]
            hand = case.start("send", SLUG)
            until = time.monotonic() + PATIENCE
            sleepers = [crew.pop()] if tally.editions % 4 == 3 else []
            for one in sleepers:
                _stopped(one, chance)
            while case.status() != "sent":
                assert time.monotonic() < until, f"the fleet is stuck: {case.status()}\n{crew[0].err}"
                time.sleep(chance.uniform(0, 0.4))
                if tally.kills < kills:
                    tally.kills += _shot(case, crew, chance)
                if not hand.running and case.status() == "approved":
                    hand = case.start("send", SLUG)
                elif tally.kills < kills and chance.random() < 0.1:
                    tally.kills += hand.running and hand.kill()
                tally.resumes += _replaced(case, crew)
            for one in (*crew, hand):
                one.signal(signal.SIGTERM)
            for one in (*crew, hand, *sleepers):
                # Told to stop in the middle, or before it had come so far as to act on it.
                ended_well(one, 128 + signal.SIGTERM, -signal.SIGTERM, KILLED)
            tally.add(case.verdict(through_the_door=True), f"kill {tally.kills}")
        progress(tally)
    return tally


def _shot(case: Case, crew: list[Process], chance: random.Random) -> int:
    return int(chance.choice(crew).kill())


def _stopped(worker: Process, chance: random.Random) -> None:
    """Stop a worker some time soon, let it go on when all its time is over, and be done with it then."""

    def stop() -> None:
        worker.signal(signal.SIGSTOP)
        time.sleep(2 + chance.random())
        worker.signal(signal.SIGCONT)
        time.sleep(0.5)
        worker.signal(signal.SIGTERM)

    threading.Timer(chance.uniform(0.2, 0.8), stop).start()


def _replaced(case: Case, crew: list[Process]) -> int:
    """Start a new worker for each that is dead; how many."""
    fresh = 0
    for place, worker in enumerate(crew):
        if not worker.running:
            crew[place] = case.start("worker", constants=ASLEEP)
            fresh += 1
    return fresh
