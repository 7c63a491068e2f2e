"""Sessions, tries and passkeys as both kinds of database keep them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import clock
from subscribers.staff import (
    accounts,
    attempts,
    links,
    own_account,
    passkeys,
    sessions,
    sign_out,
    signing_in,
)
from subscribers.staff.attempts import MOST, Kind, Verdict
from subscribers.staff.links import Purpose
from subscribers.staff.passkeys import RelyingParty
from subscribers.staff.roles import Role
from tests.web.signing_in.device import ORIGIN, Device, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.database import Database

ADA, BROWSER = "ada@example.org", "b" * 43
HERE = RelyingParty("letter.example.org", ORIGIN)


@pytest.fixture
def ada(database: Database) -> int:
    with database.write() as connection:
        account = accounts.invite(connection, "ada@example.org", Role.ADMIN)
        accounts.join(connection, account)
    return account.id


def test_a_session_is_found_by_its_value_used_and_ended(database: Database, ada: int) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        with database.write() as connection:
            first, second = (sessions.begin(connection, ada) for _ in range(2))
            assert sessions.counted(connection) == {ada: 2}
        traveller.shift(timedelta(hours=11))
        with database.write() as connection:
            found = sessions.find(connection, first)
            assert found is not None
            assert (found.email, found.role, found.is_recent, found.is_to_be_noted) == (
                "ada@example.org", Role.ADMIN, False, True,
            )  # fmt: skip
            sessions.seen(connection, first)
        traveller.shift(timedelta(hours=2))
        with database.write() as connection:
            assert sessions.counted(connection) == {ada: 1}
            attempts.clear_away(connection)
            assert sessions.end_all(connection, ada, but=second) == 1
            assert sessions.find(connection, first) is None


def test_tries_count_for_an_hour_by_account_and_by_network(database: Database) -> None:
    most = MOST[Kind.LINK]

    def tried(address: str, network: str) -> Verdict:
        with database.write() as connection:
            return attempts.count(connection, Kind.LINK, address, network)

    with time_machine.travel(clock.now(), tick=False) as traveller:
        spelled = ("ada@example.org", " Ada@Example.ORG")
        verdicts = [tried(spelled[n % 2], f"203.0.{n}.1") for n in range(most.account + 1)]
        assert verdicts == [Verdict.GO_ON] * most.account + [Verdict.PRETEND]
        assert tried("eve@example.org", "203.0.0.1") is Verdict.GO_ON
        many = [tried(f"{n}@example.org", f"198.51.100.{n}") for n in range(most.network + 1)]
        assert (many[-2], many[-1]) == (Verdict.GO_ON, Verdict.REFUSE)
        traveller.shift(attempts.WINDOW)
        assert tried("ada@example.org", "198.51.100.7") is Verdict.GO_ON


def challenge(database: Database, bearer: str) -> dict[str, str]:
    with database.write() as connection:
        return {"challenge": text(passkeys.challenge(connection, bearer))}


def test_a_passkey_is_kept_used_and_removed(database: Database, ada: int) -> None:
    device = Device()
    made = device.adds(challenge(database, "a cookie"))
    with database.write() as connection:
        assert passkeys.add(connection, ada, HERE, made, "a cookie")
        assert not passkeys.add(connection, ada, HERE, made, "a cookie")
    signed = device.signs(challenge(database, "a cookie"))
    with database.write() as connection:
        account = passkeys.used(connection, HERE, signed, "a cookie")
        assert account is not None
        assert account.id == ada
        (kept,) = passkeys.of_account(connection, ada)
        assert kept.used_at is not None
        assert passkeys.remove(connection, ada, kept.id)
        assert not passkeys.remove(connection, ada, kept.id)


@pytest.mark.parametrize(
    "end",
    [
        lambda connection: accounts.remove(connection, ADA),
        lambda connection: sign_out.of_address(connection, ADA),
        sign_out.of_all,
    ],
    ids=["removed", "signed out", "everybody signed out"],
)
@pytest.mark.parametrize("by_link", [True, False], ids=["by a link", "by a password"])
def test_who_signs_in_at_that_moment_is_not_signed_in_afterwards(
    database: Database, end: Callable[[Connection], object], *, by_link: bool
) -> None:
    with database.write() as connection:
        account = accounts.invite(connection, ADA, Role.EDITOR)
        accounts.join(connection, account)
        link = links.make(connection, account.id, Purpose.SIGN_IN, browser=BROWSER)
        former = sessions.begin(connection, account.id)
    failed: list[Exception] = []

    def other() -> None:
        try:
            with database.write() as connection:
                end(connection)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=other)
    with database.write() as connection:
        if by_link:
            assert links.use(connection, Purpose.SIGN_IN, link.value, BROWSER)
        else:
            session = sessions.begin(connection, account.id, instead_of=former)
        thread.start()
        thread.join(0.3)  # it waits for this transaction, or would be done by then
        if by_link:
            session = sessions.begin(connection, account.id, instead_of=former)
    thread.join()
    assert failed == []
    with database.read() as connection:
        assert sessions.find(connection, session) is None


@pytest.mark.parametrize("removed_first", [True, False], ids=["the key is removed", "it is used"])
def test_a_passkey_that_is_removed_at_that_moment_leaves_nobody_signed_in(
    database: Database, ada: int, *, removed_first: bool
) -> None:
    with database.write() as connection:
        mine = sessions.begin(connection, ada)
    device = Device()
    made = device.adds(challenge(database, mine))
    with database.write() as connection:
        assert own_account.add_passkey(connection, mine, HERE, made)
    signed, began = device.signs(challenge(database, BROWSER)), list[str | None]()

    def remove(connection: Connection) -> None:
        assert own_account.remove_passkey(connection, mine, device.id)

    def sign_in(connection: Connection) -> None:
        began.append(signing_in.by_passkey(connection, HERE, signed, browser=BROWSER, instead_of=""))

    failed: list[Exception] = []

    def other() -> None:
        try:
            with database.write() as connection:
                (sign_in if removed_first else remove)(connection)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=other)
    with database.write() as connection:
        (remove if removed_first else sign_in)(connection)
        thread.start()
        thread.join(0.3)  # it waits for this transaction, or would be done by then
    thread.join()
    assert failed == []
    assert len(began) == 1
    with database.read() as connection:
        assert sessions.find(connection, mine) is not None
        assert sessions.find(connection, began[0] or "") is None


def test_a_password_is_changed_by_who_signed_in_lately_and_ends_what_was_mailed(
    database: Database, ada: int
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller, database.write() as connection:
        mine = sessions.begin(connection, ada)
        link = links.make(connection, ada, Purpose.SIGN_IN, browser=BROWSER)
        before = accounts.by_id(connection, ada)
        assert before is not None
        assert own_account.set_password(connection, mine, "kept")
        assert links.look(connection, Purpose.SIGN_IN, link.value, BROWSER) is None
        # One that was compared with what is another by now signs nobody in.
        assert signing_in.by_password(connection, before, instead_of="") is None
        traveller.shift(sessions.RECENT + timedelta(seconds=1))
        assert not own_account.set_password(connection, mine, None)
        assert not own_account.remove_passkey(connection, mine, "x")
        kept = accounts.by_id(connection, ada)
        assert kept is not None
        assert kept.password == "kept"
