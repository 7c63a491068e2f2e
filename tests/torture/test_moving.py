"""A move that is killed at any of its commits: never can both databases send, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pipeline.core.errors import RapportError
from pipeline.core.schema import open_database
from subscribers.tables import subscribers
from tests.torture.launcher import KILLED
from tests.torture.provider import MoodySendGrid

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.torture.practice import Case, Place, Practice

pytest_plugins = ["tests.torture.fixture"]

READERS = 4


@pytest.fixture(params=["to PostgreSQL", "to SQLite"])
def places(request: pytest.FixtureRequest, sqlite_place: Place, postgresql_place: Place) -> list[Place]:
    """From where, and to where."""
    there = [sqlite_place, postgresql_place]
    return there if request.param == "to PostgreSQL" else there[::-1]


def test_killed_at_any_commit_only_one_can_send_and_the_same_command_ends_it(
    practice: Callable[..., Practice], places: list[Place], chance: random.Random
) -> None:
    old, new = places
    made = practice(old, readers=READERS, batch=2)
    empty = new.base()
    status, number = KILLED, 0
    while status == KILLED:
        number += 1
        with made.case(MoodySendGrid(chance)) as case:
            target = new.copy(empty, case.folder)
            death = {"at": "commit", "number": number}
            status = case.start("migrate", "--to", target, death=death).end()
            assert able_to_send(case.url) + able_to_send(target) <= 1
            cron(case)  # nobody has told it yet
            if status == KILLED:
                again = case.start("migrate", "--to", target)
                moved_before = again.end() != 0
                assert ("was moved to" in again.err) is moved_before, again.err
            assert not able_to_send(case.url)
            case.url = target
            cron(case)
            assert Counter({email: n for (_, email), n in case.provider.accepted.items()}) == Counter(
                made.addresses
            )
    assert status == 0
    assert number > 3


def able_to_send(url: str) -> bool:
    """Whether a command would begin its work there, and find readers."""
    try:
        with closing(open_database(url)) as opened, opened.read() as connection:
            return connection.scalar(select(func.count()).select_from(subscribers)) == READERS
    except RapportError:
        return False


def cron(case: Case) -> None:
    process = case.start("run", "--now")
    assert process.end() in (0, 1), process.err
    assert "Traceback" not in process.err
