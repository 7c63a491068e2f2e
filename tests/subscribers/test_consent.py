"""The proof that someone asked for mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import consent, directory, leaving, suppression
from subscribers.consent import Action, Consent
from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from pipeline.core.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_what_was_agreed_to_is_kept_in_its_order(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False):
        ann = directory.add(
            connection, "ann@example.org", digests=["weekly"], wording="asked by phone", source="cli"
        )
        assert ann.id is not None
        consent.record(
            connection,
            ann.id,
            Action.UNSUBSCRIBED,
            digest="weekly",
            source="link",
            network_address="192.0.2.1",
        )
        found = consent.history(connection, ann.id)
    assert found == (
        Consent(NOON, Action.ADDED, "weekly", "asked by phone", "cli", None),
        Consent(NOON, Action.UNSUBSCRIBED, "weekly", "", "link", "192.0.2.1"),
    )


def test_nobody_is_added_without_evidence(database: Database) -> None:
    with pytest.raises(SubscriberError, match="without evidence"), database.write() as connection:
        directory.add(connection, "ann@example.org", digests=["weekly"], wording="  ", source="cli")
    with database.read() as connection:
        assert directory.person(connection, "ann@example.org") is None


def test_no_reason_keeps_an_address_which_may_be_of_somebody_else_who_is_erased(database: Database) -> None:
    ann = "ann@example.org"
    with database.write() as connection:
        person = directory.add(connection, ann, digests=["weekly"], wording="by phone", source="cli")
        assert person.id is not None
        directory.suppress(connection, ann, reason="<Jane@Example.net> said so", source="cli")
        kept = suppression.find(connection, ann)
        directory.lift(connection, ann, reason="jane@example.net was wrong", source="cli")
        for reason in ("I read jane%40example.net's", "jane@example.net " * 500):
            leaving.leave(connection, person.id, digest="weekly", source="page", reason=reason)
        found = [one.wording for one in consent.history(connection, person.id)]
    assert kept
    assert kept.source == "cli: <[address]> said so"
    assert found[1:3] == ["<[address]> said so", "manual: [address] was wrong"]
    assert "jane" not in repr(found).lower()
    assert max(map(len, found)) <= consent.LONGEST_REASON


def test_a_long_reason_is_looked_through_in_no_time() -> None:
    assert consent.staffs_reason("x" * 1_000_000) == "x" * 1_000_000
