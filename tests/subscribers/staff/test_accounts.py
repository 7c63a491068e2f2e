"""Accounts: one for each address, and always somebody who may say who else may sign in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from subscribers import staff_log
from subscribers.errors import SubscriberError
from subscribers.staff import accounts, invitations, links, sessions, sign_out
from subscribers.staff.roles import Role

if TYPE_CHECKING:
    from pipeline.core.database import Database


def joined(database: Database, address: str, role: Role) -> int:
    with database.write() as connection:
        account = accounts.invite(connection, address, role, actor="root")
        accounts.join(connection, account)
    return account.id


def test_one_person_under_two_spellings_has_one_account(database: Database) -> None:
    with database.write() as connection:
        first = accounts.invite(connection, "Ada@Example.org", Role.EDITOR)
        second = accounts.invite(connection, " ada@example.org", Role.EDITOR)
        assert first == second
        assert [one.email for one in accounts.all_of_them(connection)] == ["ada@example.org"]


def test_who_is_invited_can_do_nothing_yet(database: Database) -> None:
    with database.write() as connection:
        account = accounts.invite(connection, "ada@example.org", Role.ADMIN)
        value = sessions.begin(connection, account.id)
        assert sessions.find(connection, value) is None
        assert not accounts.anybody(connection)
        assert accounts.admins(connection) == 0


def test_the_last_admin_stays_and_stays_one(database: Database) -> None:
    joined(database, "ada@example.org", Role.ADMIN)
    joined(database, "eve@example.org", Role.EDITOR)
    with database.write() as connection:
        accounts.invite(connection, "invited@example.org", Role.ADMIN)  # who has not accepted is none
    for attempt in (
        lambda connection: accounts.remove(connection, "ada@example.org"),
        lambda connection: accounts.invite(connection, "ada@example.org", Role.VIEWER),
    ):
        with pytest.raises(SubscriberError, match="last account of an admin"), database.write() as connection:
            attempt(connection)
    joined(database, "bea@example.org", Role.ADMIN)
    with database.write() as connection:
        accounts.remove(connection, "ada@example.org")
        accounts.remove(connection, "invited@example.org")
        assert accounts.admins(connection) == 1


def test_of_two_admins_who_remove_each_other_at_once_one_stays(database: Database) -> None:
    both = ("ada@example.org", "bea@example.org")
    for address in both:
        joined(database, address, Role.ADMIN)
    start, refused = threading.Barrier(2), []

    def remove(address: str) -> None:
        start.wait()
        try:
            with database.write() as connection:
                accounts.remove(connection, address)
        except SubscriberError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=remove, args=(address,)) for address in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert accounts.admins(connection) == 1
    assert refused == ["last_admin"]


def test_who_is_removed_leaves_neither_session_nor_link(database: Database) -> None:
    joined(database, "ada@example.org", Role.ADMIN)
    eve = joined(database, "eve@example.org", Role.EDITOR)
    with database.write() as connection:
        value = sessions.begin(connection, eve)
        link = links.make(connection, eve, links.Purpose.SIGN_IN, browser="b")
        accounts.remove(connection, "eve@example.org")
        assert sessions.find(connection, value) is None
        assert links.look(connection, links.Purpose.SIGN_IN, link.value, "b") is None
        # Whoever is invited later with the same address is somebody new.
        assert accounts.invite(connection, "eve@example.org", Role.VIEWER).id > eve


def test_signing_everybody_out_leaves_their_accounts_and_invitations(database: Database) -> None:
    ada = joined(database, "ada@example.org", Role.ADMIN)
    with database.write() as connection:
        value = sessions.begin(connection, ada)
        invited = accounts.invite(connection, "eve@example.org", Role.EDITOR)
        link = links.make(connection, invited.id, links.Purpose.INVITATION)
        assert sign_out.of_all(connection, actor="root") == 1
        assert sessions.find(connection, value) is None
        assert links.look(connection, links.Purpose.INVITATION, link.value) is not None
        (last, *_) = staff_log.entries(connection)
    assert (last.action, last.detail) == ("sign-out", "everybody, everywhere")


def test_a_link_serves_its_purpose_alone(database: Database) -> None:
    ada = joined(database, "ada@example.org", Role.ADMIN)
    with database.write() as connection:
        link = links.make(connection, ada, links.Purpose.SIGN_IN, browser="b")
        assert links.use(connection, links.Purpose.INVITATION, link.value, "b") is None
        for browser in ("", "c"):
            assert links.use(connection, links.Purpose.SIGN_IN, link.value, browser) is None
        assert links.use(connection, links.Purpose.SIGN_IN, link.value, "b") is not None
        assert links.use(connection, links.Purpose.SIGN_IN, link.value, "b") is None


def test_of_two_who_use_a_link_at_once_one_signs_in(database: Database) -> None:
    ada = joined(database, "ada@example.org", Role.ADMIN)
    with database.write() as connection:
        link = links.make(connection, ada, links.Purpose.SIGN_IN, browser="b")
    start, used = threading.Barrier(2), []

    def use() -> None:
        start.wait()
        with database.write() as connection:
            used.append(links.use(connection, links.Purpose.SIGN_IN, link.value, "b") is not None)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(used) == [False, True]


def test_of_two_who_invite_the_same_person_at_once_one_has_a_link_to_mail(database: Database) -> None:
    def both(seen: str) -> list[bool]:
        start, mailed = threading.Barrier(2), []

        def invite() -> None:
            start.wait()
            with database.write() as connection:
                made = invitations.invite(connection, "eve@example.org", Role.EDITOR, actor="root", seen=seen)
                mailed.append(made.link is not None)

        threads = [threading.Thread(target=invite) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(mailed)

    assert both("") == [False, True]
    with database.read() as connection:
        (waiting,) = invitations.every_open(connection).values()
    assert both(waiting.mark) == [False, True]
    with database.read() as connection:
        assert len(invitations.every_open(connection)) == 1
        assert [one.detail for one in staff_log.part(connection).entries] == [
            "as editor, once more",
            "as editor",
        ]
