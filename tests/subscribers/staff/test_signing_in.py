"""Sessions, tries and passkeys as both kinds of database keep them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import clock, mail_limits, staff_log
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
from subscribers.staff.sessions import Session
from subscribers.staff.tables import attempts as tries
from subscribers.staff.tables import challenges
from subscribers.staff.tables import links as link_table
from tests.web.signing_in.device import ORIGIN, Device, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.database import Database

ADA, BROWSER = "ada@example.org", "b" * 43
NOW = datetime(2026, 11, 26, 14, tzinfo=UTC)
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


def test_a_session_ends_when_left_alone_for_long_or_after_two_weeks(sqlite_database: Database) -> None:
    moment = timedelta(microseconds=1)
    with sqlite_database.write() as connection:
        ada = accounts.invite(connection, ADA, Role.ADMIN)
        accounts.join(connection, ada)
        eve = accounts.invite(connection, "eve@example.org", Role.VIEWER)
        accounts.join(connection, eve)
    with time_machine.travel(NOW, tick=False) as traveller, sqlite_database.write() as connection:
        idle, used, others = (sessions.begin(connection, one.id) for one in (ada, ada, eve))

        def known() -> tuple[list[bool], dict[int, int]]:
            found = [sessions.find(connection, value) is not None for value in (idle, used, others)]
            return found, sessions.counted(connection)

        traveller.move_to(NOW + sessions.IDLE - moment)
        sessions.seen(connection, used)
        assert known() == ([True, True, True], {ada.id: 2, eve.id: 1})
        traveller.move_to(NOW + sessions.IDLE)
        assert known() == ([False, True, False], {ada.id: 1})
        attempts.clear_away(connection)
        assert rows(connection) == 1
        traveller.move_to(NOW + sessions.LONGEST - moment)
        sessions.seen(connection, used)
        assert known() == ([False, True, False], {ada.id: 1})
        traveller.move_to(NOW + sessions.LONGEST)
        assert known() == ([False, False, False], {})
        attempts.clear_away(connection)
        assert rows(connection) == 0
        assert (timedelta(hours=12), timedelta(days=14)) == (sessions.IDLE, sessions.LONGEST)


def rows(connection: Connection) -> int:
    return connection.exec_driver_sql("SELECT count(*) FROM staff_sessions").scalar() or 0


def test_what_a_session_knows_and_how_long_it_is_recent(sqlite_database: Database) -> None:
    minute = timedelta(minutes=1)
    with time_machine.travel(NOW, tick=False) as traveller, sqlite_database.write() as connection:
        ada = accounts.invite(connection, ADA, Role.EDITOR)
        accounts.join(connection, ada)
        former = sessions.begin(connection, ada.id)
        value = sessions.sign_in(connection, ada, "password", instead_of=former)
        assert value != former
        assert sessions.find(connection, former) is None
        assert sessions.find(connection, "") is None
        session = sessions.find(connection, value)
        assert session == Session(ada.id, ADA, Role.EDITOR, NOW, NOW)
        (last, *_) = staff_log.entries(connection)
        assert (last.action, last.detail, last.actor) == ("sign-in", "by password", ADA)
        for after, recent, noted in ((5, True, False), (5, True, True), (10, True, True), (11, False, True)):
            traveller.move_to(NOW + after * minute - (0 if noted else 1) * timedelta(microseconds=1))
            assert (session.is_recent, session.is_to_be_noted) == (recent, noted)
        sessions.seen(connection, value)
        assert sessions.find(connection, value) == session._replace(seen_at=NOW + 11 * minute)


def test_all_sessions_end_of_one_or_of_everybody_or_all_but_one(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        ids = [accounts.invite(connection, address, Role.EDITOR).id for address in (ADA, "eve@example.org")]
        mine, other, eves = (sessions.begin(connection, one) for one in (ids[0], *ids))
        assert sessions.end_all(connection, ids[0], but=mine) == 1
        assert sessions.counted(connection) == {ids[0]: 1, ids[1]: 1}
        assert sessions.end_all(connection, ids[0]) == 1
        assert sessions.counted(connection) == {ids[1]: 1}
        sessions.begin(connection, ids[0])
        assert sessions.end_all(connection, but=eves) == 1
        sessions.begin(connection, ids[0])
        sessions.end(connection, other)
        assert sessions.end_all(connection) == 2


@pytest.mark.parametrize(
    ("kind", "account", "network", "everybody"),
    [(Kind.PASSWORD, 10, 40, 400), (Kind.LINK, 6, 30, 300), (Kind.PASSKEY, 1000, 60, 1000)],
    ids=lambda one: str(one),
)
def test_how_often_one_may_try_in_an_hour(
    sqlite_database: Database, kind: Kind, account: int, network: int, everybody: int
) -> None:
    """Tries of before are written down as many tries would be; each of the three limits lets one more go."""
    with time_machine.travel(NOW, tick=False), sqlite_database.write() as connection:
        of_ada = attempts._account(connection, ADA)
        here = mail_limits.network(connection, "203.0.113.1")
        for column, value, most, verdict in (
            ("network", here, network, Verdict.REFUSE),
            ("account", of_ada, account, Verdict.PRETEND),
            (None, None, everybody, Verdict.PRETEND),
        ):
            for number in (most - 1, most):
                tried_before(connection, kind, number, **({column: value} if column and value else {}))
                found = attempts.count(connection, kind, ADA, "203.0.113.1")
                assert found is (Verdict.GO_ON if number < most else verdict)


def tried_before(connection: Connection, kind: Kind, number: int, **values: str) -> None:
    """So many tries, of others from elsewhere but for ``values``; some more of another kind and too old."""
    connection.execute(tries.delete())
    other = Kind.LINK if kind is not Kind.LINK else Kind.PASSWORD
    made = [{"kind": kind.value, "at": NOW - attempts.WINDOW + timedelta(microseconds=1)}] * number
    made += [{"kind": other.value, "at": NOW}, {"kind": kind.value, "at": NOW - attempts.WINDOW}] * 2
    every = [{"account": f"a{n}", "network": f"n{n}"} | one | values for n, one in enumerate(made)]
    connection.execute(tries.insert(), every)


def test_who_signed_in_has_tried_no_more_and_others_have(sqlite_database: Database) -> None:
    with time_machine.travel(NOW, tick=False) as traveller, sqlite_database.write() as connection:
        for kind, address in ((Kind.PASSWORD, ADA), (Kind.PASSWORD, "eve"), (Kind.LINK, ADA)):
            attempts.count(connection, kind, address, "203.0.113.1")
        attempts.succeeded(connection, Kind.PASSWORD, " Ada@example.org")
        left = connection.execute(tries.select().order_by(tries.c.id)).all()
        accounts_of = [attempts._account(connection, address) for address in ("EVE ", ADA)]
        assert [(one.kind, one.account) for one in left] == [
            ("password", accounts_of[0]),
            ("link", accounts_of[1]),
        ]
        assert ADA not in str(left)
        traveller.shift(attempts.WINDOW - timedelta(microseconds=1))
        attempts.clear_away(connection)
        assert len(connection.execute(tries.select()).all()) == 2
        assert timedelta(hours=1) == attempts.WINDOW
        traveller.shift(timedelta(microseconds=1))
        attempts.clear_away(connection)
        assert connection.execute(tries.select()).all() == []


def test_links_and_challenges_are_kept_until_they_end(sqlite_database: Database) -> None:
    with time_machine.travel(NOW, tick=False) as traveller, sqlite_database.write() as connection:
        ada = accounts.invite(connection, ADA, Role.EDITOR)
        link = links.make(connection, ada.id, Purpose.INVITATION)
        passkeys.challenge(connection, "a cookie")
        until = connection.scalar(challenges.select().with_only_columns(challenges.c.until))
        assert until is not None
        for table, ends in ((challenges, until), (link_table, link.until)):
            traveller.move_to(ends - timedelta(microseconds=1))
            attempts.clear_away(connection)
            assert len(connection.execute(table.select()).all()) == 1
            traveller.move_to(ends)
            attempts.clear_away(connection)
            assert connection.execute(table.select()).all() == []


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
