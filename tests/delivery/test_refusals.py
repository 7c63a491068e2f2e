"""What a server's refusal of us means: for whom it is their own, and for whom everybody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import ProviderError
from pipeline.delivery.refusals import RateLimited, judge, raise_if_ended
from pipeline.editions import find
from pipeline.editions.ledger.claims import Claim
from pipeline.editions.ledger.outcomes import REFUSED_US
from pipeline.providers import BatchResult, Result
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database

NO = "550 relay not permitted"
WAITS = (None, f"{REFUSED_US}: {NO}")
CLAIM = Claim(1, 1, "attempt-1-1", [(5, "e@example.net"), (6, "f@example.net")])
"""Of an edition that 1 to 4 have, a batch of two whom the server refuses us for."""


def judged(
    database: Database, outcome: BatchResult, *, before: Any = (5, 6), have_it: int = 4
) -> BatchResult:
    """What an outcome of the batch means, if the server refused us for these people ``before``."""
    apart = {place: WAITS for place, who in enumerate((5, 6, 7, 8)) if who in before}
    state = dict.fromkeys(range(have_it, 4), ("failed", "no"))
    with database.write() as connection:
        lots = [Left(people=4, apart=state), Left("sending", 2, apart=apart)]
        lots.append(Left("waiting", 2, apart={place - 2: apart[place] for place in (2, 3) if place in apart}))
        handed_over(connection, 1, lots, status="sending")
        return judge(connection, CLAIM, outcome)


def stop(*denied: int, **more: Any) -> BatchResult:
    return BatchResult(Result.STOP, NO, denied=dict.fromkeys(denied, NO), stopped="a word", **more)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def test_who_is_refused_for_the_first_time_waits_with_everybody(database: Database) -> None:
    assert judged(database, stop(5, 6), before=()) == stop(5, 6)


def test_who_is_refused_again_is_refused_for_themselves_and_keeps_it_from_nobody(database: Database) -> None:
    again = judged(database, stop(5))
    assert again == BatchResult(Result.ACCEPTED, rejected={5: NO}, untried={6: NO})


def test_of_those_who_were_taken_beside_them_nothing_else_is_said(database: Database) -> None:
    taken = BatchResult(Result.ACCEPTED, denied={5: NO}, rejected={6: "no such user"}, stopped="a word")
    again = judged(database, taken)
    assert again == BatchResult(Result.ACCEPTED, rejected={5: NO, 6: "no such user"})


def test_beside_one_who_is_refused_for_the_first_time_that_one_still_stops_it(database: Database) -> None:
    again = judged(database, stop(5, 6), before=(5,))
    assert again == BatchResult(Result.STOP, NO, rejected={5: NO}, denied={6: NO}, stopped="a word")


@pytest.mark.parametrize(
    ("have_it", "before", "theirs"),
    [(4, (5, 6), True), (3, (5, 6), False), (4, (5, 6, 7), False), (2, (5,), True), (1, (5,), False)],
    ids=[
        "half as many as have it",
        "more than half",
        "one of another batch waits, too",
        "one of two",
        "one of one",
    ],
)
def test_it_is_their_own_only_while_they_are_few_beside_those_who_have_the_letter(
    database: Database, have_it: int, before: tuple[int, ...], theirs: bool
) -> None:
    denied = [who for who in before if who in (5, 6)]
    outcome = stop(*denied)
    again = judged(database, outcome, before=before, have_it=have_it)
    assert (again == outcome) is not theirs
    assert set(again.rejected) == (set(denied) if theirs else set())


def test_who_waits_because_the_rate_is_limited_is_told_so(database: Database) -> None:
    refused = BatchResult(Result.REFUSED, "450 too much", limited="450 too much")
    why = "the provider limits the rate: 450 too much"
    assert judged(database, refused) == BatchResult(Result.REFUSED, why, limited=why)


def test_of_a_batch_that_was_taken_in_part_the_rest_is_told_so(database: Database) -> None:
    taken = BatchResult(Result.ACCEPTED, "", untried={6: "450"}, limited="450 too much")
    why = "the provider limits the rate: 450 too much"
    assert judged(database, taken) == BatchResult(Result.ACCEPTED, "", untried={6: why}, limited=why)


@pytest.mark.parametrize(
    ("status", "outcome", "kind", "said"),
    [
        ("sent", BatchResult(Result.STOP, NO), ProviderError, "^weekly-1: 550 relay not permitted"),
        ("paused", BatchResult(Result.STOP, NO), ProviderError, "^weekly-1 is paused: 550 relay"),
        ("sent", BatchResult(Result.ACCEPTED, stopped=NO), ProviderError, "^weekly-1 is paused: 550 relay"),
        (
            "sending",
            BatchResult(Result.ACCEPTED, limited=NO),
            RateLimited,
            "^weekly-1 goes out in parts: 550",
        ),
    ],
)
def test_what_ends_it_is_told_with_what_becomes_of_the_edition(
    database: Database, status: str, outcome: BatchResult, kind: type[ProviderError], said: str
) -> None:
    with database.write() as connection:
        handed_over(connection, 1, status=status)
        edition = find.by_id(connection, 1)
    with pytest.raises(ProviderError, match=said) as told:
        raise_if_ended(edition, outcome)
    assert type(told.value) is kind
    raise_if_ended(edition, BatchResult(Result.ACCEPTED))
