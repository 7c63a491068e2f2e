"""How many mails strangers can cause: of one mailbox, of one network, and of all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from subscribers import directory, mail_limits, own_mailbox, questions, signup
from subscribers.networks import around, client
from subscribers.tables import asked, confirmations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOME = "203.0.113.7"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as now:
        yield now


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten mails an hour, of one network five; twelve asks of a network; twenty wait."""
    for name, number in {"MAILS": 10, "MAILS_OF_ONE": 5, "ASKS": 12, "WAITING": 20}.items():
        monkeypatch.setattr(mail_limits, name, number)


def ask(connection: Connection, name: str, network: str | None = HOME) -> int | None:
    return signup.ask(
        connection, f"{name}@example.org", digests=["weekly"], wording="I ask for it", source="form",
        network_address=network,
    )  # fmt: skip


def mailed(connection: Connection) -> list[str]:
    """Mail what may go now, as the confirmation mails are sent; to whom."""
    found = questions.next_ones(connection, datetime.now(UTC))
    for one in found:
        mail_limits.count_mail(connection, one.id, datetime.now(UTC))
        questions.mailed(connection, one)
    return [one.email.partition("@")[0] for one in found]


def rotating(number: int, what: str) -> list[str]:
    return [what.format(n) for n in range(number)]


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("networks", [rotating(15, "2001:db8:{:x}::1"), rotating(15, "10.0.{}.9")])
def test_rotating_networks_cause_so_many_mails_in_an_hour_and_the_rest_come_later(
    database: Database, clock: time_machine.Traveller, networks: list[str]
) -> None:
    with database.write() as connection:
        for number, network in enumerate(networks):
            assert ask(connection, f"victim{number}", network)
        assert len(mailed(connection)) == 10
        assert mailed(connection) == []
    # Another process, or the same after a restart, knows nothing but what is in the database.
    again = type(database)(database.url)
    with again.write() as connection:
        clock.shift(timedelta(minutes=59))
        assert mailed(connection) == []
        clock.shift(timedelta(minutes=2))
        assert mailed(connection) == [f"victim{number}" for number in range(10, 15)]
        assert mailed(connection) == []
    again.close()


@pytest.mark.parametrize(
    "networks",
    [
        [HOME] * 8,
        rotating(8, "203.0.113.{}"),
        rotating(8, "2001:db8:7::{:x}"),
        rotating(8, "2001:db8:7:{:x}::1"),
        rotating(8, "::ffff:203.0.113.{}"),
        rotating(8, "64:ff9b::cb00:71{:02x}"),
        rotating(8, "nonsense {}"),
        [None] * 8,
    ],
)
def test_one_network_however_written_has_half_of_it_and_keeps_nobody_else_waiting(
    database: Database, networks: list[str]
) -> None:
    with database.write() as connection:
        for number, network in enumerate(networks):
            assert ask(connection, f"victim{number}", network)
        assert ask(connection, "ann", "198.51.100.1")
        assert ask(connection, "ben", "64:ff9b::198.51.101.1")
        assert mailed(connection) == [f"victim{number}" for number in range(5)] + ["ann", "ben"]


def test_whose_network_has_caused_the_fewest_mails_goes_first(
    database: Database, clock: time_machine.Traveller
) -> None:
    with database.write() as connection:
        for number in range(8):
            ask(connection, f"a{number}", "10.0.1.1")
            ask(connection, f"b{number}", "10.0.2.1")
        assert len(mailed(connection)) == 10
        clock.shift(timedelta(minutes=30))
        ask(connection, "ann", "10.0.3.1")
        assert mailed(connection) == []
        clock.shift(timedelta(minutes=31))
        assert mailed(connection) == ["a5", "b5", "a6", "b6", "a7", "b7", "ann"]


def test_a_network_that_asks_too_often_is_refused_for_an_hour_and_with_it_its_neighbours(
    database: Database, clock: time_machine.Traveller
) -> None:
    with database.write() as connection:
        for number in range(12):
            assert not mail_limits.are_reached(connection, f"2001:db8:7:{number}::1")
            ask(connection, f"victim{number}", f"2001:db8:7:{number}::1")
        assert mail_limits.are_reached(connection, "2001:db8:7:ffff::1")
        assert not mail_limits.are_reached(connection, "2001:db8:8::1")
        clock.shift(timedelta(hours=1))
        assert not mail_limits.are_reached(connection, "2001:db8:7:ffff::1")


@pytest.mark.databases("sqlite", "postgresql")
def test_naming_one_address_over_and_over_counts_though_it_is_asked_three_times(database: Database) -> None:
    with database.write() as connection:
        assert sum(ask(connection, "victim") is not None for _ in range(12)) == 3
        assert len(mailed(connection)) == 3
        # What others asked of the mailbox before must not show in how often a network may ask.
        assert mail_limits.are_reached(connection, HOME)


def test_when_too_many_wait_nobody_may_ask_until_some_were_mailed(database: Database) -> None:
    with database.write() as connection:
        for number in range(20):
            ask(connection, f"victim{number}", f"10.0.{number}.1")
        assert mail_limits.are_reached(connection, "198.51.100.1")
        mailed(connection)
        assert not mail_limits.are_reached(connection, "198.51.100.1")


def test_moving_counts_and_what_staff_ask_for_does_not(database: Database) -> None:
    with database.write() as connection:
        directory.add(connection, "ann@example.org", digests=["weekly"], wording="Yes", source="test")
        for number in range(12):
            signup.ask(
                connection, f"staff{number}@example.org", digests=["weekly"], wording="Yes", source="staff",
                by_staff=True,
            )  # fmt: skip
        assert len(mailed(connection)) == 12
        for number in range(5):
            assert ask(connection, f"victim{number}")
        assert len(mailed(connection)) == 5
        assert own_mailbox.ask_to_move(connection, 1, "new@example.org", source="page", network_address=HOME)
        assert mailed(connection) == []
        assert mail_limits.due(connection, datetime.now(UTC)).held_back == 1


def test_networks_are_kept_as_keyed_hashes_and_for_an_hour(
    database: Database, clock: time_machine.Traveller
) -> None:
    def kept(connection: Connection) -> set[str | None]:
        columns = (confirmations.c.network, asked.c.network)
        return {found for column in columns for found in connection.scalars(select(column))}

    with database.write() as connection:
        ask(connection, "ann")
        ask(connection, "ann")
        (code,) = kept(connection)
        assert code is not None
        assert len(code) == 64
        clock.shift(timedelta(minutes=61))
        mail_limits.forget_networks(connection, datetime.now(UTC))
        assert kept(connection) == {code, None}, "while the mail waits"
        mailed(connection)
        clock.shift(timedelta(minutes=61))
        mail_limits.forget_networks(connection, datetime.now(UTC))
        assert kept(connection) == {None}


@pytest.mark.parametrize(
    ("address", "found", "around_it"),
    [
        ("203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("64:ff9b::203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::1", "fe80::/48"),
        ("nonsense", "None", "unknown"),
        ("", "None", "unknown"),
    ],
)
def test_an_ipv4_address_counts_as_one_wherever_it_is_written(
    address: str, found: str, around_it: str
) -> None:
    assert str(client(address)) == found
    assert around(address, ipv6=48) == around_it
