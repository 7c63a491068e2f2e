"""A forgotten person is gone everywhere, down to the free pages of the database's files."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from pipeline.core.database import Database
from pipeline.core.tables.ledger import events
from pipeline.editions.ledger import outcomes
from pipeline.subscriptions.confirm import send_questions
from pipeline.subscriptions.erase import forget
from subscribers import clock, directory, leaving, own_mailbox, signup, suppression
from subscribers.erasing import erase
from subscribers.errors import SubscriberError
from subscribers.importing.judge import ImportChunk
from subscribers.importing.rows import Applicant
from subscribers.suppression import Reason
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe
from tests.subscribers import moves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from tests.beginnings import Begun

READER = "reader2@example.net"


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with Blog([Item("A calm morning", clock.now() - timedelta(days=1))]) as served:
        yield served


@pytest.fixture
def sent(begun: Begun, tmp_path: Path, blog: Blog) -> Installation:
    """Three readers who got an edition, one of whom did everything that leaves a trace."""
    database = begun("sent", lambda database, folder: make(installation(database, folder, blog.url)))
    return installation(database, tmp_path, blog.url)


def make(installed: Installation) -> None:
    database = installed.database
    subscribe(database, 3)
    with database.write() as connection:
        signup.ask(connection, READER, name="Reader", digests=["weekly"], wording="I ask", source="form")
        suppression.suppress(connection, READER, Reason.BOUNCED, "event")
        suppression.lift(connection, READER, [Reason.BOUNCED])
        own_mailbox.ask_to_move(connection, 2, "elsewhere@example.net", source="page")
        assert moves.asked(connection, 1, READER) is not None
        connection.execute(events.insert().values(id="e1", at=clock.now(), kind="delivered", subscriber_id=2))
    send_questions(installed)
    assert run_one(installed, at_once=True).outcome == "sent"


def test_nothing_of_the_person_is_left_and_everybody_else_stays(sent: Installation, tmp_path: Path) -> None:
    letters = tmp_path / "outbox"
    assert list(letters.glob("*-0000000002-*"))
    assert forget(sent, READER) == (1, True, False)
    assert not list(letters.glob("*-0000000002-*"))
    assert len(list(letters.glob("weekly-*"))) == 2
    with sent.database.read() as connection:
        (person,) = [p for p in outcomes.people(connection, 1) if p["subscriber"] == 2]
        assert (person["email"], person["state"]) == (None, "sent")
        assert connection.execute(select(events)).all() == []
        for table in ("subscribers", "subscriptions", "consents", "confirmations", "suppressions"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert READER not in str(rows)
        assert directory.person(connection, "reader1@example.net") is not None


def test_addresses_the_person_moved_away_from_are_forgotten_with_them(sent: Installation) -> None:
    with sent.database.write() as connection:
        for address in ("new@example.org", "newer@example.org"):
            assert moves.moved(connection, 2, address) is not None
        assert suppression.reason_for(connection, READER) is Reason.UNSUBSCRIBED
    forget(sent, "newer@example.org")
    with sent.database.read() as connection:
        for address in (READER, "new@example.org", "newer@example.org"):
            assert suppression.reason_for(connection, address) is Reason.FORGOTTEN
            for table in ("subscribers", "consents", "confirmations", "suppressions"):
                rows = connection.execute(text(f"SELECT * FROM {table}")).all()
                assert address not in str(rows)


def test_only_a_hash_stays_so_that_only_they_can_come_back(sent: Installation) -> None:
    forget(sent, READER)
    with sent.database.write() as connection:
        with pytest.raises(SubscriberError, match="forgotten"):
            directory.add(connection, READER, digests=["weekly"], wording="On paper", source="staff")
        assert not leaving.leave(connection, 2, digest="weekly", source="one-click")
        number = signup.ask(connection, READER, digests=["weekly"], wording="I ask", source="form")
        assert number is not None
        assert signup.confirm(connection, number, source="page") is not None
        assert suppression.reason_for(connection, READER) is None


def test_forgetting_can_be_repeated_and_holds_for_an_address_nobody_knows(sent: Installation) -> None:
    assert forget(sent, READER).people == 1
    assert forget(sent, READER).people == 0
    assert forget(sent, 4711).people == 0
    assert forget(sent, "nobody@example.net").people == 0
    with sent.database.read() as connection:
        assert suppression.reason_for(connection, "nobody@example.net") == Reason.FORGOTTEN


def test_who_moved_is_forgotten_with_the_address_they_had(sent: Installation) -> None:
    with sent.database.write() as connection:
        assert moves.moved(connection, 3, "reader1@example.net") is not None
    assert forget(sent, "reader1@example.net").people == 2
    with sent.database.read() as connection:
        for gone in ("reader1@example.net", "reader3@example.net"):
            assert suppression.reasons(connection, gone) >= {Reason.FORGOTTEN}
            assert "example.net" not in str(connection.execute(text("SELECT * FROM suppressions")).all())


def test_no_byte_of_the_address_is_left_in_any_file_of_the_database(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Free pages, rearranged pages and the write-ahead log too, while another process keeps reading."""
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    people = [Applicant(f"reader{n * 7919 % 2000}@example.net", f"Name {n}", ["weekly"]) for n in range(2000)]
    for start in range(0, 2000, 50):  # in disorder, so that pages are split and rearranged
        with sqlite_database.write() as connection:
            some = people[start : start + 50]
            chunk = ImportChunk(connection, [one.email for one in some])
            for one in some:
                chunk.judge(one)
            chunk.write(wording="On paper", source="import")
    others = {"reader3@example.net", "reader1999@example.net"}
    erased = [f"reader{n}@example.net" for n in (7, 1234, 1500)]
    for address in erased:
        assert forget(installed, address) == (1, True, False)
    files = [file for file in tmp_path.iterdir() if file.name.startswith("rapport.db")]
    content = b"".join(file.read_bytes() for file in files)
    for address in erased:
        assert address.encode() not in content
    for address in others:
        assert address.encode() in content


def test_a_reader_of_the_log_only_puts_it_off(sqlite_database: Database, tmp_path: Path) -> None:
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    subscribe(sqlite_database, 3)
    with sqlite_database.read() as reading:
        reading.execute(text("SELECT count(*) FROM subscribers")).scalar()
        assert forget(installed, READER) == (1, False, False)
    assert forget(installed, READER) == (0, True, False)
    content = b"".join(file.read_bytes() for file in tmp_path.glob("rapport.db*"))
    assert READER.encode() not in content


def test_what_was_deleted_before_the_file_was_kept_clean_is_found_and_cleared(
    sqlite_database: Database, tmp_path: Path
) -> None:
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    with sqlite3.connect(tmp_path / "rapport.db") as old:  # as a program without secure_delete leaves it
        old.execute("PRAGMA secure_delete = OFF")
        for number in range(200):
            row = ("2026-01-01 00:00:00", f"{READER} {number}", "")
            old.execute("INSERT INTO exports (at, who, what) VALUES (?, ?, ?)", row)
        old.execute("DELETE FROM exports")
    old.close()
    assert forget(installed, READER) == (0, True, False)
    assert not any(READER.encode() in file.read_bytes() for file in tmp_path.glob("rapport.db*"))


def test_whoever_moved_is_forgotten_whole_by_any_of_their_links(sent: Installation) -> None:
    with sent.database.write() as connection:
        assert moves.moved(connection, 3, "reader1@example.net") is not None
    assert forget(sent, 3).people == 2
    with sent.database.read() as connection:
        assert directory.person(connection, "reader1@example.net").id is None  # type: ignore[union-attr]


def test_a_question_to_the_address_is_gone_from_the_outbox_whoever_asked_it(
    sent: Installation, tmp_path: Path
) -> None:
    letters = [file.read_text() for file in (tmp_path / "outbox").glob("*.eml")]
    assert sum(f"To: {READER}" in letter for letter in letters) == 4  # edition, sign-up, both moves
    forget(sent, READER)
    letters = [file.read_text() for file in (tmp_path / "outbox").glob("*.eml")]
    assert not any(READER in letter for letter in letters)


def test_who_is_added_while_being_erased_is_not_back_on_the_list(
    new_postgresql_database: Callable[[], str],
) -> None:
    database = Database(new_postgresql_database())
    subscribe(database, 1)

    def add() -> None:
        with database.write() as connection:
            directory.add(connection, "reader1@example.net", digests=["weekly"], wording="x", source="staff")

    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            erase(connection, "reader1@example.net")
            adding = pool.submit(add)
            with pytest.raises(TimeoutError):
                adding.result(timeout=0.3)  # it waits
        with pytest.raises(SubscriberError, match="forgotten"):
            adding.result()
    database.close()


def test_looking_into_the_file_loses_no_lock_on_it(sqlite_database: Database, tmp_path: Path) -> None:
    """Who opened the file by itself would: the next to close it then takes the log away from under us."""
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    subscribe(sqlite_database, 3)
    forget(installed, READER)
    count = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute(sys.argv[2]).fetchone())"
    command = [sys.executable, "-c", count, str(tmp_path / "rapport.db"), "SELECT count(*) FROM subscribers"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2\n"
    with sqlite_database.write() as connection:
        for address in ("dan@example.net", "eve@example.net"):
            directory.add(connection, address, digests=["weekly"], wording="On paper", source="staff")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "4\n"
