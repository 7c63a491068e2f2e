"""Why people of an edition are not simply sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.editions.ledger import outcomes
from pipeline.editions.ledger.reasons import NO_ANSWER, reasons
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database


def test_they_are_counted_by_state_and_agree_with_the_counts(database: Database) -> None:
    lots = [
        Left("sent", 5, apart={0: ("failed", "550 no"), 1: ("failed", "550 no"), 2: ("withheld", "removed")}),
        Left("uncertain", 4, "timed out", apart={3: ("withheld", "unsubscribed")}),
        Left("uncertain", 2, "reset", apart={0: ("sent", None), 1: ("failed", "no such host")}),
        Left("waiting", 3, "fault 429"),
        Left("waiting", 3),
        Left("sending", 2),
        Left("sent", 2, "taken at the second try", apart={0: ("withheld", None)}),
        Left("uncertain", 3, "cut off", apart={0: ("failed", "550 no"), 2: ("withheld", "removed")}),
    ]
    others = [Left("uncertain", 4, "timed out", apart={0: ("failed", "of another letter")})]
    with database.write() as connection:
        handed_over(connection, 2, others)
        handed_over(connection, 1, lots)
        found, counts = reasons(connection, 1), outcomes.counts(connection, 1)
    assert found == {
        "waiting": {"fault 429": 3},
        "failed": {"550 no": 3, "no such host": 1},
        "uncertain": {"timed out": 3, NO_ANSWER: 2, "cut off": 1},
        "withheld": {"removed": 2, "unsubscribed": 1},
    }
    assert list(found["failed"]) == ["550 no", "no such host"], "the most frequent first"
    for state in ("failed", "uncertain"):
        assert sum(found[state].values()) == counts[state]
    assert sum(found["withheld"].values()) == counts["withheld"] - 1, "who has no reason is not in it"


def test_of_very_many_the_most_frequent_are_told(database: Database) -> None:
    apart: dict[int, tuple[str, str | None]] = {
        n: ("failed", "too full" if n % 2 else f"queued as {n:03}") for n in range(100)
    }
    with database.write() as connection:
        handed_over(connection, lots=[Left("sent", 100, apart=apart)])
        found = reasons(connection, 1)["failed"]
    assert len(found) == 20
    assert next(iter(found.items())) == ("too full", 50)


def test_those_that_are_as_frequent_are_told_by_the_alphabet(sqlite_database: Database) -> None:
    lots = [Left("uncertain", 1, "timed out"), Left("sent", 2, apart={0: ("uncertain", "cut off")})]
    with sqlite_database.write() as connection:
        handed_over(connection, lots=lots)
        assert list(reasons(connection, 1)["uncertain"].items()) == [("cut off", 1), ("timed out", 1)]


def test_an_edition_without_trouble_has_none(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection)
        assert reasons(connection, 1) == {}
