"""A year that nobody watches: the right letters, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.year.oracle import Oracle
from tests.year.practice import Practice
from tests.year.script import Script

if TYPE_CHECKING:
    from pathlib import Path


def test_a_year(tmp_path: Path, sqlite_url: str) -> None:
    script = Script()
    with (
        time_machine.travel(script.begins, tick=False) as clock,
        Practice(script, tmp_path, sqlite_url, clock) as practice,
    ):
        practice.live()
    oracle = Oracle(script)
    for n in practice.notices(): print(n)
    for c in practice.calls:
        if c.ran.outcome not in ("not_due","busy","sent"): print(c.at, c.by, c.ran.digest, c.ran.outcome, c.ran.reason)
    got = practice.letters()
    for a, b in zip(got, oracle.letters):
        if a != b: print("GOT", a); print("EXP", b); break
    print(len([l for l in got if l.digest=="weekly"]), len(got), len(oracle.letters))
    assert got == oracle.letters
