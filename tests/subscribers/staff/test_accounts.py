"""Accounts: one for each address, and always somebody who may say who else may sign in."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import staff_log
from subscribers.errors import SubscriberError
from subscribers.staff import accounts, invitations, links, sessions, sign_out
from subscribers.staff.accounts import Account
from subscribers.staff.roles import Role

if TYPE_CHECKING:
    from pipeline.core.database import Database

NOW, MINUTE = datetime(2026, 11, 26, 14, tzinfo=UTC), timedelta(minutes=1)


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


def test_every_change_of_an_account_is_on_record_with_who_made_it(sqlite_database: Database) -> None:
    ada = "ada@example.org"
    with sqlite_database.write() as connection:
        account = invitations.invite(connection, ada, Role.EDITOR, actor="root").account
        invitations.invite(connection, ada, Role.EDITOR, actor="eve@example.org")
        accounts.join(connection, account)
        needless = invitations.invite(connection, ada, Role.EDITOR, actor="root")
        assert needless.link is None, "who has joined needs no invitation"
        assert accounts.invite(connection, ada, Role.VIEWER, actor="root").role is Role.VIEWER
        accounts.remove(connection, ada, actor="eve@example.org")
        log = [(one.action, one.about, one.detail, one.actor) for one in staff_log.entries(connection)]
    assert log[::-1] == [
        ("invite", ada, "as editor", "root"),
        ("invite", ada, "as editor, once more", "eve@example.org"),
        ("join", ada, "as editor", ada),
        ("role", ada, "viewer instead of editor", "root"),
        ("remove", ada, "", "eve@example.org"),
    ]


def test_an_account_says_when_they_were_invited_joined_and_last_signed_in(sqlite_database: Database) -> None:
    with time_machine.travel(NOW, tick=False) as traveller, sqlite_database.write() as connection:
        eve = accounts.invite(connection, "eve@example.org", Role.VIEWER)
        ada = accounts.invite(connection, "ada@example.org", Role.ADMIN)
        assert ada == Account(2, "ada@example.org", Role.ADMIN, NOW, None, None, None)
        traveller.shift(60)
        accounts.join(connection, ada)
        traveller.shift(60)
        sessions.begin(connection, ada.id)
        accounts.set_password(connection, ada.id, "$argon2id$")
        then = Account(
            2, "ada@example.org", Role.ADMIN, NOW, *(NOW + n * MINUTE for n in (1, 2)), "$argon2id$"
        )
        assert accounts.all_of_them(connection) == [then, eve], "by their addresses"
        assert accounts.by_id(connection, 2) == accounts.named(connection, " Ada@example.org") == then
        assert (accounts.anybody(connection), accounts.admins(connection)) == (True, 1)
        accounts.set_password(connection, ada.id, None)
        assert accounts.all_of_them(connection) == [then._replace(password=None), eve]


def test_what_is_changed_of_one_account_leaves_the_others(sqlite_database: Database) -> None:
    ada = joined(sqlite_database, "ada@example.org", Role.ADMIN)
    eve = joined(sqlite_database, "eve@example.org", Role.EDITOR)
    with sqlite_database.write() as connection:
        before, value = accounts.by_id(connection, ada), sessions.begin(connection, ada)
        link = links.make(connection, ada, links.Purpose.INVITATION)
        before = accounts.by_id(connection, ada)
        accounts.invite(connection, "eve@example.org", Role.VIEWER)
        accounts.remove(connection, "eve@example.org")
        assert accounts.by_id(connection, eve) is None
        assert accounts.all_of_them(connection) == [before]
        assert sessions.find(connection, value) is not None
        assert links.look(connection, links.Purpose.INVITATION, link.value) is not None


def test_an_editor_who_is_the_only_one_left_to_join_may_be_removed(sqlite_database: Database) -> None:
    joined(sqlite_database, "eve@example.org", Role.EDITOR)
    with sqlite_database.write() as connection:
        accounts.invite(connection, "ada@example.org", Role.ADMIN)
        assert accounts.remove(connection, "ada@example.org").email == "ada@example.org"
        assert accounts.remove(connection, "eve@example.org").role is Role.EDITOR


def test_whom_there_is_no_account_of_is_told_and_what_is_no_address(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for call, code in (
            (lambda: accounts.named(connection, "ada@example.org"), "unknown_account"),
            (lambda: accounts.remove(connection, "ada@example.org"), "unknown_account"),
            (lambda: accounts.invite(connection, "ada", Role.ADMIN), "address"),
        ):
            with pytest.raises(SubscriberError) as told:
                call()
            assert told.value.code == code
        assert accounts.by_address(connection, "ada@example.org") is None
        assert not accounts.anybody(connection)


def test_a_link_is_good_for_its_time_and_an_invitation_for_one_more_only(sqlite_database: Database) -> None:
    ada = joined(sqlite_database, "ada@example.org", Role.ADMIN)
    eve = joined(sqlite_database, "eve@example.org", Role.EDITOR)
    sign_in, invitation = links.Purpose.SIGN_IN, links.Purpose.INVITATION
    with time_machine.travel(NOW, tick=False) as traveller, sqlite_database.write() as connection:
        by_mail = [links.make(connection, ada, sign_in, browser="b", onward="/letters") for _ in range(2)]
        others = links.make(connection, eve, invitation)
        first, second = (links.make(connection, ada, invitation) for _ in range(2))
        assert {link.until - NOW for link in by_mail} == {15 * MINUTE}
        assert second.until - NOW == timedelta(days=7)
        assert links.look(connection, invitation, first.value) is None
        assert links.look(connection, sign_in, second.value) is None
        for link in (second, others):
            assert links.look(connection, invitation, link.value) is not None
        used = links.use(connection, sign_in, by_mail[0].value, "b")
        assert used is not None
        assert (used.account.id, used.onward) == (ada, "/letters")
        assert links.look(connection, sign_in, by_mail[1].value) is None
        traveller.move_to(by_mail[1].until - timedelta(microseconds=1))
        assert links.look(connection, sign_in, by_mail[1].value, "b") is not None
        traveller.move_to(by_mail[1].until)
        assert links.look(connection, sign_in, by_mail[1].value, "b") is None
        assert links.look(connection, invitation, second.value, "any browser") is not None
        assert links.use(connection, invitation, "another value") is None
    assert [str(purpose) for purpose in links.Purpose] == ["invitation", "sign-in"], (
        "as the database has them"
    )


def test_a_link_that_another_used_a_moment_before_is_used(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(sqlite_database, "ada@example.org", Role.ADMIN)
    with sqlite_database.write() as connection:
        ada = accounts.named(connection, "ada@example.org")
        monkeypatch.setattr(links, "look", lambda *given: ada)  # it was there when it was looked at
        assert links.use(connection, links.Purpose.SIGN_IN, "a value", "b") is None


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


def test_ones_own_account_is_changed_or_removed_only_by_who_says_that_they_mean_it(
    sqlite_database: Database,
) -> None:
    ada, bea = "ada@example.org", "bea@example.org"
    for address in (ada, bea):
        joined(sqlite_database, address, Role.ADMIN)
    with sqlite_database.write() as connection:
        for attempt in (
            lambda: accounts.invite(connection, ada, Role.EDITOR, actor=ada),
            lambda: accounts.remove(connection, ada, actor=ada),
        ):
            with pytest.raises(SubscriberError, match="This is your own account") as told:
                attempt()
            assert told.value.code == "own_account"
        assert accounts.named(connection, ada).role is Role.ADMIN
        accounts.invite(connection, ada, Role.EDITOR, actor=ada, own=True)
        assert accounts.named(connection, ada).role is Role.EDITOR
        accounts.invite(connection, ada, Role.VIEWER, actor=bea)
        assert accounts.remove(connection, ada, actor=ada, own=True).role is Role.VIEWER


def test_links_to_sign_in_end_of_one_account_or_of_all_and_invitations_stay(
    sqlite_database: Database,
) -> None:
    ada, eve = (joined(sqlite_database, f"{name}@example.org", Role.ADMIN) for name in ("ada", "eve"))
    sign_in, invitation = links.Purpose.SIGN_IN, links.Purpose.INVITATION
    with sqlite_database.write() as connection:
        made = [
            (purpose, links.make(connection, who, purpose).value)
            for who in (ada, eve)
            for purpose in (sign_in, invitation)
        ]

        def good() -> list[bool]:
            return [links.look(connection, purpose, value) is not None for purpose, value in made]

        links.end_to_sign_in(connection, ada)
        assert good() == [False, True, True, True]
        links.end_to_sign_in(connection)
        assert good() == [False, True, False, True]
