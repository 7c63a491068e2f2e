"""What happens to the list while a letter is on its way (promises 1, 2 and 4), seen from the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from subscribers import clock, directory, moving
from subscribers.tables import subscribers
from tests.torture.practice import SLUG
from tests.torture.provider import MoodySendGrid
from tests.waiting import LONGEST

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from sqlalchemy import Connection

    from tests.torture.practice import Case, Place, Practice

pytest_plugins = ["tests.torture.fixture"]

PACE = 0.05


def reader(number: int) -> str:
    return f"reader{number}@example.net"


def in_order(case: Case) -> list[str]:
    """The readers in the order in which they are sent to: by id."""
    with case.database() as database, database.read() as connection:
        return list(connection.scalars(select(subscribers.c.email).order_by(subscribers.c.id)))


def by_request(case: Case) -> list[set[str]]:
    """The addresses of each accepted request."""
    return [
        {person["email"] for part in payload["personalizations"] for person in part["to"]}
        for payload in case.provider.payloads
    ]


def states(case: Case) -> dict[str, str]:
    return {person["email"]: person["state"] for person in case.people()}


def id_of(connection: Connection, email: str) -> int:
    return connection.execute(select(subscribers.c.id).where(subscribers.c.email == email)).scalar_one()


def sent_while(
    practice: Callable[..., Practice],
    place: Place,
    chance: random.Random,
    happen: Callable[[Case, list[str]], None],
    judge: Callable[[Case, list[str]], None],
) -> None:
    """Send to 30 readers by fives; ``happen`` during the second request, ``judge`` when all is sent."""
    # What happens may take as long as it takes: the request is not to time out for it.
    with practice(place, readers=30, batch=5, timeout=LONGEST).case(MoodySendGrid(chance, pace=PACE)) as case:
        order = in_order(case)

        def meanwhile(number: int) -> None:
            if number == 2:
                happen(case, order)

        case.provider.meanwhile = meanwhile
        process = case.start("send", SLUG)
        assert process.end() == 0, process.err
        assert case.provider.troubles == []
        assert case.status() == "sent"
        assert set(case.provider.accepted.values()) == {1}
        judge(case, order)


def test_who_leaves_meanwhile_is_in_no_later_request(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    def leave(case: Case, order: list[str]) -> None:
        process = case.start("subscribers", "unsubscribe", order[12])
        assert process.end() == 0, process.err
        with case.database() as database, database.write() as connection:
            directory.unsubscribe(connection, order[29], source="test")
            directory.unsubscribe(connection, order[0], source="test")

    def judge(case: Case, order: list[str]) -> None:
        assert by_request(case)[2] == set(order[10:15]) - {order[12]}
        assert by_request(case)[5] == set(order[25:29])
        became = states(case)
        assert {email for email, state in became.items() if state == "withheld"} == {order[12], order[29]}
        assert became[order[0]] == "sent"

    sent_while(practice, place, chance, leave, judge)


def test_addresses_that_change_hands_meanwhile_are_each_mailed_once(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    def swap(case: Case, order: list[str]) -> None:
        with case.database() as database, database.write() as connection:
            # One who was sent to already, and one who waits.
            for one, other in ((order[1], order[28]), (order[15], order[20])):
                first, second = id_of(connection, one), id_of(connection, other)
                for who, email in ((first, "between@example.net"), (second, one), (first, other)):
                    changed = update(subscribers).where(subscribers.c.id == who).values(email=email)
                    connection.execute(changed)

    def judge(case: Case, order: list[str]) -> None:
        assert {email for _, email in case.provider.accepted} == set(order)
        assert states(case) == dict.fromkeys(order, "sent")

    sent_while(practice, place, chance, swap, judge)


def test_who_moves_to_another_address_meanwhile_gets_no_second_letter_there(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    def move(case: Case, order: list[str]) -> None:
        with case.database() as database, database.write() as connection:
            said: dict[str, Any] = {"at": clock.now(), "source": "test"}
            moving.move(connection, id_of(connection, order[2]), "elsewhere@example.net", **said)
            moving.move(connection, id_of(connection, order[27]), "new@example.net", **said)
            # To the address of somebody who is a reader as well.
            moving.move(connection, id_of(connection, order[3]), order[26], **said)

    def judge(case: Case, order: list[str]) -> None:
        mailed = {email for _, email in case.provider.accepted}
        assert mailed == set(order) - {order[27]}
        assert states(case)[order[27]] == "withheld"  # the address they left is shut; the other waits

    sent_while(practice, place, chance, move, judge)


def test_who_is_imported_meanwhile_waits_for_the_next_edition(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    def bring(case: Case, order: list[str]) -> None:
        (case.folder / "more.csv").write_text("email,name\nlate@example.net,\nREADER7@Example.NET,Again\n")
        process = case.start("subscribers", "import", "more.csv", "--consent", "Signed up on paper")
        assert process.end() == 0, process.err

    def judge(case: Case, order: list[str]) -> None:
        assert "late@example.net" in in_order(case)
        assert states(case) == dict.fromkeys(order, "sent")
        assert {email for _, email in case.provider.accepted} == set(order)

    sent_while(practice, place, chance, bring, judge)


def test_who_is_forgotten_meanwhile_is_in_no_later_request_and_in_no_ledger(
    practice: Callable[..., Practice], place: Place, chance: random.Random
) -> None:
    def forget(case: Case, order: list[str]) -> None:
        for gone in (order[4], order[25]):
            process = case.start("subscribers", "forget", gone, "--yes")
            assert process.end() == 0, process.err

    def judge(case: Case, order: list[str]) -> None:
        assert by_request(case)[5] == set(order[26:])
        rows = case.people()
        assert len(rows) == 30
        assert {row["email"] for row in rows} == {*order[:4], *order[5:25], *order[26:], None}
        assert sorted(row["state"] for row in rows if row["email"] is None) == ["sent", "withheld"]

    sent_while(practice, place, chance, forget, judge)
