"""A year that nobody watches: the right letters, each once."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch

import time_machine

from pipeline.delivery import batch_sender
from subscribers import clock
from tests.year.life import live
from tests.year.oracle import Oracle
from tests.year.practice import Practice
from tests.year.script import AUTUMN, BACKLOG, YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.year.script import Script

SPRING_GAP = datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
"""When the clock would have shown half past two, had it not jumped from two to three."""

AUTUMN_FIRST = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
"""When it shows half past one for the first time that night."""


@contextmanager
def lived(script: Script, folder: Path, database: str) -> Iterator[Practice]:
    uptime = clock.uptime

    def moved() -> float:
        return uptime() + (clock.now() - script.begins).total_seconds()

    with (
        time_machine.travel(script.begins, tick=False) as traveller,
        patch.object(clock, "uptime", moved),
        patch.object(batch_sender, "FIRST_WAIT", 0.0),
        Practice(folder, database) as practice,
    ):
        live(script, practice, traveller)
        yield practice


def goes_as_it_must(practice: Practice, script: Script) -> None:
    """The right letters, each at its time, with its posts, to its readers, once; and the ledger knows."""
    oracle = Oracle(script)
    assert practice.letters() == oracle.letters
    assert practice.passed() == oracle.passed
    assert practice.twice() == []
    copies = sum(len(letter.readers) for letter in oracle.letters)
    # One reader left while the letter to them could not be handed over.
    assert +practice.states() == {"sent": copies, "withheld": 1, "total": copies + 1}
    assert practice.sendgrid.problems == []


def staff_know(practice: Practice) -> None:
    """Of each trouble, in a handful of mails for the whole year."""
    notices = [subject.removeprefix("The Weekly Letter: ") for subject in practice.notices()]
    for began in (
        "Nothing new in a feed since March 1",
        "weekly: no letter on May 14, 2026, 9:00",
        "A feed cannot be read since June ",
        "weekly could not be sent",
        "weekly: no letter on June 25, 2026, 9:00",
    ):
        assert [subject for subject in notices if subject.startswith(began)], notices
    assert len(notices) <= 8, notices


def test_a_year_of_letters_through_outages_and_both_daylight_saving_sundays(
    tmp_path: Path, sqlite_url: str
) -> None:
    with lived(YEAR, tmp_path, sqlite_url) as practice:
        goes_as_it_must(practice, YEAR)
        staff_know(practice)
        letters = practice.letters()
        assert len([letter for letter in letters if letter.digest == "weekly"]) == 52
        assert SPRING_GAP in {m.at for m in practice.mailed if m.digest == "groups"}
        assert AUTUMN_FIRST in {m.at for m in practice.mailed if m.digest == "couples"}
        posts = [title for letter in letters if letter.digest == "weekly" for title in letter.posts]
        written = [entry for entry in YEAR.entries if entry.shown > YEAR.begins - BACKLOG]
        assert sorted(posts) == sorted(entry.title for entry in written if not entry.withdrawn)


def test_an_autumn_on_postgresql(tmp_path: Path, new_postgresql_database: Callable[[], str]) -> None:
    with lived(AUTUMN, tmp_path, new_postgresql_database()) as practice:
        goes_as_it_must(practice, AUTUMN)
        assert AUTUMN_FIRST in {m.at for m in practice.mailed if m.digest == "couples"}
