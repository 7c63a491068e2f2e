"""Who must get nothing, and why."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from subscribers import suppression
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from pipeline.database import Database

ANN = "ann@example.org"


def test_a_stronger_reason_replaces_a_weaker_one_and_never_the_other_way(database: Database) -> None:
    order = list(Reason)
    assert order == ["bounced", "unsubscribed", "manual", "complained", "forgotten"]
    with database.write() as connection:
        for first, second in itertools.product(order, repeat=2):
            address = f"{first}.{second}@example.org"
            assert suppression.suppress(connection, address, first, "test")
            replaced = suppression.suppress(connection, address, second, "test")
            assert replaced == (order.index(second) > order.index(first))
            assert suppression.reason_for(connection, address) == max(first, second, key=order.index)


def test_the_same_reason_again_keeps_the_first_date(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "first")
        before = suppression.find(connection, ANN)
        assert not suppression.suppress(connection, ANN, Reason.BOUNCED, "second")
        assert suppression.find(connection, ANN) == before


@pytest.mark.parametrize("spelling", ["ANN@example.org", " ann@EXAMPLE.org "])
def test_it_holds_for_every_spelling_of_an_address(database: Database, spelling: str) -> None:
    with database.write() as connection:
        suppression.suppress(connection, spelling, Reason.MANUAL, "staff")
        assert suppression.reason_for(connection, ANN) == Reason.MANUAL
        assert suppression.reason_for(connection, "someone.else@example.org") is None


def test_every_reason_is_counted_also_at_none(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        suppression.suppress(connection, "ben@example.org", Reason.BOUNCED, "event")
        assert suppression.counts(connection) == {
            "bounced": 2, "unsubscribed": 0, "manual": 0, "complained": 0, "forgotten": 0,
        }  # fmt: skip
