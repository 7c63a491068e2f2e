"""Handing an edition over: in which batches, what is told of it, who is waited for, what is settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.core.errors import StoppedError
from pipeline.core.signals import Stop
from pipeline.delivery.edition import LOST, Delivery
from pipeline.editions.ledger import claims, outcomes
from pipeline.letter.personal import Links
from pipeline.providers import BatchResult, Result
from subscribers import clock
from subscribers.tokens import Tokens
from tests.delivery.test_batch_sender import CONFIG, Taker, delivery, orphaned, reread
from tests.editions.ledger.moves import AT, counted, taken

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition
    from pipeline.providers import Batch, Message


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def sizes(provider: Taker) -> list[int]:
    return [len(batch.recipients) for batch in provider.taken]


def configured(database: Database, provider: Any, **settings: Any) -> Delivery:
    config = Config.model_validate(CONFIG.model_dump() | {"delivery": settings})
    links = Links(config, Tokens([b"a secret of a test"]), "weekly")
    return Delivery(database, config, provider, links, lambda done, total: None)


@pytest.mark.parametrize(
    ("settings", "most", "wanted"),
    [
        ({"batch_size": 4}, 1000, [4, 1]),
        ({"batch_size": 1000}, 3, [3, 2]),
        ({"batch_size": 1000, "rate": 1000.0}, 1000, [5]),
        ({"batch_size": 1000, "rate": 200.0}, 2, [2, 2, 1]),
    ],
    ids=[
        "as configured",
        "as the provider takes them",
        "no more than a second's worth",
        "the smallest of all",
    ],
)
def test_batches_are_as_large_as_all_of_them_allow(
    database: Database, edition: Edition, settings: dict[str, Any], most: int, wanted: list[int]
) -> None:
    provider = Taker()
    provider.max_batch = most
    assert configured(database, provider, **settings).run(edition).status == "sent"
    assert sizes(provider) == wanted


@pytest.mark.parametrize(("rate", "first"), [(3.0, 3), (2.9, 2), (0.5, 1)])
def test_no_batch_is_more_than_a_seconds_worth(
    database: Database, edition: Edition, rate: float, first: int
) -> None:
    stop = Stop()
    provider = Taker(then=lambda: stop.ask(15))
    slow = configured(database, provider, batch_size=1000, rate=rate)
    slow.stop = stop
    with pytest.raises(StoppedError):
        slow.run(edition)
    assert sizes(provider) == [first]


def test_progress_counts_who_no_longer_waits_from_where_it_was_left(
    database: Database, edition: Edition
) -> None:
    stop, told = Stop(), []
    provider = Taker(then=lambda: stop.ask(15))
    first = delivery(database, provider, stop=stop)
    first.progress = lambda done, total: told.append((done, total))
    with pytest.raises(StoppedError, match="2 of 5"):
        first.run(edition)
    second = delivery(database, Taker())
    second.progress = lambda done, total: told.append((done, total))
    assert second.run(reread(database, edition)).status == "sent"
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_told_to_stop_with_the_last_batch_it_is_done_and_says_so(
    database: Database, edition: Edition
) -> None:
    stop = Stop()
    provider = Taker(then=lambda: len(provider.taken) == 3 and stop.ask(15))
    assert delivery(database, provider, stop=stop).run(edition).status == "sent"


class Clock(Stop):
    """Sleeps not, but moves the clock of the process; ``then`` happens after each sleep."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, then: Any = lambda: None) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._then = then
        monkeypatch.setattr(clock, "uptime", lambda: 1000.0 + sum(self.slept))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._then()


def test_who_has_a_batch_under_way_is_waited_for_twice_a_lease_at_most(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "_lives", lambda self, owner: True)
    orphaned(database, edition, "another")
    stop = Clock(monkeypatch)
    shared = delivery(database, Taker(), stop=stop).run(reread(database, edition))
    assert shared.status == "sending"
    assert stop.slept == [0.5] * 240
    assert counted(database, edition) == {"total": 5, "sent": 3, "uncertain": 2}
    hurried = Clock(monkeypatch)
    assert (
        delivery(database, Taker(), stop=hurried, patience=0).run(reread(database, edition)).status
        == "sending"
    )
    assert hurried.slept == []


def test_what_another_could_not_hand_over_is_gone_on_with(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "_lives", lambda self, owner: True)
    orphaned(database, edition, "another")

    def the_other_is_refused() -> None:
        with database.write() as connection:
            for claim in claims.under_way(connection, edition.id):
                claims.refused(connection, claim, AT, "busy")

    provider, stop = Taker(), Clock(monkeypatch, the_other_is_refused)
    assert delivery(database, provider, stop=stop).run(reread(database, edition)).status == "sent"
    assert sizes(provider) == [2, 1, 2]


class Knowing(Taker):
    """A provider that can tell afterwards who of a batch was handed over: reader 1, and nobody else."""

    def settle(self, message: Message, batch: Batch) -> frozenset[int]:  # type: ignore[override]
        return frozenset({1}) & {reader.subscriber for reader in batch.recipients}


def test_of_a_batch_whose_owner_is_gone_those_go_on_waiting_who_were_surely_not_handed_over(
    database: Database, edition: Edition
) -> None:
    orphaned(database, edition, "owner-gone")
    provider = Knowing()
    assert delivery(database, provider).run(reread(database, edition)).status == "sent"
    assert counted(database, edition) == {"total": 5, "sent": 5}
    mailed = [reader.subscriber for batch in provider.taken for reader in batch.recipients]
    assert sorted(mailed) == [2, 3, 4, 5], "reader 1 had it already"


def test_where_nobody_can_tell_who_was_handed_over_is_in_doubt_and_why(
    database: Database, edition: Edition
) -> None:
    orphaned(database, edition, "owner-gone")
    delivery(database, Taker()).run(reread(database, edition))
    with database.read() as connection:
        told = {person["reason"] for person in outcomes.people(connection, edition.id, "uncertain")}
    assert told == {LOST}


def test_what_is_proven_of_a_lost_batch_meanwhile_stands(database: Database, edition: Edition) -> None:
    orphaned(database, edition, "owner-gone")

    class Slow(Knowing):
        def settle(self, message: Message, batch: Batch) -> frozenset[int]:  # type: ignore[override]
            with database.write() as connection:
                (claim,) = claims.under_way(connection, edition.id)
                claims.sent(connection, claim, AT)
            return frozenset()

    provider = Slow()
    delivery(database, provider).run(reread(database, edition))
    assert sizes(provider) == [2, 1]
    assert counted(database, edition) == {"total": 5, "sent": 5}


def test_an_edition_whose_people_are_fixed_already_is_gone_on_with(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    provider = Taker(answer=BatchResult(Result.ACCEPTED, rejected={2: "550 no"}))
    assert delivery(database, provider).run(replace(edition)).status == "sent"
    assert sizes(provider) == [5]
    assert counted(database, edition) == {"total": 5, "sent": 4, "failed": 1}
