"""`rapport subscribers unsubscribe --mailbox`: a Maildir and an mbox worked off, and no mail lost."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update

from pipeline.subscriptions.mailbox import Counts, process_mailbox
from pipeline.subscriptions.mailbox.maildir import Maildir
from subscribers import directory
from subscribers.people import Status
from subscribers.tables import subscriptions, suppressions
from subscribers.tokens import Purpose, Tokens
from tests.end_to_end.conftest import Project
from tests.subscriptions.mailbox.mails import mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.core.database import Database

TOKENS = Tokens([b"a secret long enough"])


class Readers:
    """Ada, Bob and Cleo on the list."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as connection:
            for name in ("ada", "bob", "cleo"):
                directory.add(
                    connection, f"{name}@example.org", digests=["weekly"], wording="Yes", source="test"
                )

    def token(self, name: str) -> str:
        with self._database.read() as connection:
            person = directory.person(connection, f"{name}@example.org")
        assert person is not None
        assert person.id is not None
        return TOKENS.sign(Purpose.LETTER, person.id, 1)

    def remaining(self) -> set[str]:
        with self._database.read() as connection:
            people = [directory.person(connection, f"{name}@example.org") for name in ("ada", "bob", "cleo")]
        return {
            person.email.partition("@")[0]
            for person in people
            if person and person.subscriptions[0].status is Status.ACTIVE
        }


@pytest.fixture
def readers(sqlite_database: Database) -> Readers:
    return Readers(sqlite_database)


def mails(readers: Readers) -> list[bytes]:
    return [
        mail("ada@example.org", "unsubscribe"),
        mail("Bob at Work <bob@work.example>", f"unsubscribe {readers.token('bob')}"),
        mail("cleo@example.org", "A question", "When is the next letter?"),
        mail("cleo@example.org", "Out of office: unsubscribe", "unsubscribe", Auto_Submitted="auto-replied"),
        mail("stranger@example.net", "stop"),
        b"\xff\xfe broken \x00\n" * 40,
    ]


FIRST = Counts(read=6, unsubscribed=2, unknown=1, ignored=1, left=2)
AGAIN = Counts(read=2, left=2)


def maildir(folder: Path, *contents: bytes) -> Path:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents):
        (folder / "new" / f"1700000000.M{number}P1.host,S=1").write_bytes(content)
    return folder


def mbox(file: Path, *contents: bytes) -> Path:
    with file.open("ab") as opened:
        for content in contents:
            body = content.replace(b"\nFrom ", b"\n>From ")
            opened.write(b"From someone@example.net Thu Nov 26 09:00:00 2026\n" + body + b"\n")
    return file


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def worked_off(database: Database, path: Path) -> Counts:
    return process_mailbox(database, TOKENS, path, silent)


@pytest.mark.parametrize("made", [maildir, mbox])
def test_who_asked_is_gone_and_a_second_run_finds_what_is_left_only(
    sqlite_database: Database, readers: Readers, tmp_path: Path, made: Callable[..., Path]
) -> None:
    path = made(tmp_path / "leave", *mails(readers))
    assert worked_off(sqlite_database, path) == FIRST
    assert readers.remaining() == {"cleo"}
    assert worked_off(sqlite_database, path) == AGAIN


@pytest.mark.parametrize("made", [maildir, mbox])
def test_who_signed_up_anew_is_not_unsubscribed_again_by_the_old_mail(
    sqlite_database: Database, readers: Readers, tmp_path: Path, made: Callable[..., Path]
) -> None:
    path = made(tmp_path / "leave", mail("bob@work.example", f"unsubscribe {readers.token('bob')}"))
    worked_off(sqlite_database, path)
    assert "bob" not in readers.remaining()
    _sign_up_anew(sqlite_database, "bob@example.org")
    assert worked_off(sqlite_database, path) == Counts()
    assert "bob" in readers.remaining()


def _sign_up_anew(database: Database, email: str) -> None:
    with database.write() as connection:
        person = directory.person(connection, email)
        assert person is not None
        connection.execute(delete(suppressions).where(suppressions.c.email == email))
        connection.execute(
            update(subscriptions).where(subscriptions.c.subscriber_id == person.id).values(status="active")
        )


@pytest.mark.parametrize("made", [maildir, mbox])
def test_mail_that_comes_later_is_found(
    sqlite_database: Database, readers: Readers, tmp_path: Path, made: Callable[..., Path]
) -> None:
    path = made(tmp_path / "leave", mail("ada@example.org", "unsubscribe"))
    worked_off(sqlite_database, path)
    later = mail("cleo@example.org", "unsubscribe")
    if made is maildir:
        (path / "new" / "1700000001.M1P1.host").write_bytes(later)
    else:
        made(path, later)
    assert worked_off(sqlite_database, path) == Counts(read=1, unsubscribed=1)


@pytest.mark.parametrize("made", [maildir, mbox])
def test_progress_is_told_mail_by_mail(
    sqlite_database: Database, readers: Readers, tmp_path: Path, made: Callable[..., Path]
) -> None:
    seen: list[tuple[int, int]] = []
    path = made(tmp_path / "leave", *mails(readers))
    process_mailbox(sqlite_database, TOKENS, path, lambda done, total: seen.append((done, total)))
    assert seen == [(number, 6) for number in range(1, 7)]


def test_a_handled_mail_of_a_maildir_is_shown_read_and_answered_and_unchanged(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    contents = mails(readers)
    path = maildir(tmp_path / "leave", *contents)
    worked_off(sqlite_database, path)
    assert sorted(file.name for file in (path / "new").iterdir()) == [
        "1700000000.M2P1.host,S=1",
        "1700000000.M5P1.host,S=1",
    ]
    handled = sorted((path / "cur").iterdir())
    assert [file.name for file in handled] == [f"1700000000.M{n}P1.host,S=1:2,RS" for n in (0, 1, 3, 4)]
    assert [file.read_bytes() for file in handled] == [contents[n] for n in (0, 1, 3, 4)]


def test_a_request_that_staff_have_opened_still_counts_and_keeps_its_flags(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    path = maildir(tmp_path / "leave")
    (path / "cur" / "1.host:2,FS").write_bytes(mail("ada@example.org", "unsubscribe"))
    assert worked_off(sqlite_database, path) == Counts(read=1, unsubscribed=1)
    assert [file.name for file in (path / "cur").iterdir()] == ["1.host:2,FRS"]


@pytest.mark.parametrize("flag", ["R", "T", "D"])
def test_what_staff_answered_threw_away_or_only_drafted_is_not_read(
    sqlite_database: Database, readers: Readers, tmp_path: Path, flag: str
) -> None:
    path = maildir(tmp_path / "leave")
    (path / "cur" / f"1.host:2,{flag}").write_bytes(mail("ada@example.org", "unsubscribe"))
    assert worked_off(sqlite_database, path) == Counts()


def test_no_mail_is_written_over_by_another_of_the_same_name(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    path = maildir(tmp_path / "leave")
    (path / "new" / "1.host").write_bytes(mail("ada@example.org", "unsubscribe"))
    (path / "cur" / "1.host:2,RS").write_bytes(b"something else")
    assert worked_off(sqlite_database, path).unsubscribed == 1
    assert (path / "cur" / "1.host:2,RS").read_bytes() == b"something else"
    assert (path / "new" / "1.host").exists()


def test_a_mail_that_another_program_moves_meanwhile_stops_nothing(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    path = maildir(tmp_path / "leave", *mails(readers))
    with Maildir(path) as box:
        seen = box.mails()
        first = next(seen)
        assert first is not None
        for file in (path / "new").iterdir():
            file.rename(path / "cur" / f"{file.name}:2,S")
        box.done(first[0])
        assert list(seen) == [None] * 5
    assert len(list((path / "cur").iterdir())) == 6


def test_folders_and_hidden_files_in_a_maildir_are_no_mails(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    path = maildir(tmp_path / "leave")
    (path / "new" / "folder").mkdir()
    (path / "new" / ".hidden").write_bytes(mail("ada@example.org", "unsubscribe"))
    os.mkfifo(path / "new" / "pipe")
    assert worked_off(sqlite_database, path) == Counts()


def test_an_mbox_is_never_written(sqlite_database: Database, readers: Readers, tmp_path: Path) -> None:
    path = mbox(tmp_path / "leave", *mails(readers))
    before, changed = path.read_bytes(), path.stat().st_mtime_ns
    worked_off(sqlite_database, path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, changed)
    kept = (tmp_path / "leave.handled").read_text()
    assert len(kept.splitlines()) == 4
    assert "@" not in kept
    assert not (tmp_path / "leave.lock").exists()


def test_a_mail_program_that_notes_its_status_in_the_mbox_makes_no_mail_new(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    path = mbox(tmp_path / "leave", *mails(readers))
    worked_off(sqlite_database, path)
    noted = path.read_bytes().replace(b"\nTo: leave@", b"\nStatus: RO\nX-UID: 12\nTo: leave@")
    path.write_bytes(noted)
    assert worked_off(sqlite_database, path) == AGAIN


def test_whoever_is_stopped_before_the_mark_was_made_does_it_again_to_no_harm(
    sqlite_database: Database, readers: Readers, tmp_path: Path
) -> None:
    path = mbox(tmp_path / "leave", *mails(readers))
    worked_off(sqlite_database, path)
    (tmp_path / "leave.handled").unlink()
    assert worked_off(sqlite_database, path) == Counts(read=6, already=2, unknown=1, ignored=1, left=2)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, installed=False, environment={"RAPPORT_SECRET": "a secret long enough"})
    made.configure("http://127.0.0.1:1/feed")
    made.subscribe(2)
    return made


def test_the_command_counts_and_names_nobody(project: Project, tmp_path: Path) -> None:
    maildir(tmp_path / "leave", mail("reader1@example.net", "unsubscribe"), mail("x@example.net", "Hello"))
    expected = {"read": 2, "unsubscribed": 1, "already": 0, "unknown": 0, "ignored": 0, "left": 1}
    assert project.json("subscribers", "unsubscribe", "--mailbox", "leave") == expected
    said = project.rapport("subscribers", "unsubscribe", "--mailbox", "leave")
    assert said == (
        "1 mail read: 0 unsubscribed, 0 had left before, 0 not on the list, 0 automatic, 1 left for you\n"
    )
    assert _status(project, 1) == "unsubscribed"
    assert _status(project, 2) == "active"


def _status(project: Project, number: int) -> Any:
    shown = project.json("subscribers", "show", f"reader{number}@example.net")
    return shown["subscriber"]["subscriptions"][0]["status"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("reader1@example.net", "--mailbox", "."),
        ("--mailbox", ".", "--digest", "weekly"),
        ("--mailbox", "nowhere"),
    ],
)
def test_an_address_and_a_mailbox_exclude_one_another(project: Project, arguments: tuple[str, ...]) -> None:
    project.rapport("subscribers", "unsubscribe", *arguments, status=2)
    assert _status(project, 1) == "active"


def test_what_is_no_mailbox_is_told_with_the_remedy(project: Project) -> None:
    assert "cur, new and tmp" in project.rapport("subscribers", "unsubscribe", "--mailbox", ".", status=1)
    said = project.rapport("subscribers", "unsubscribe", "--mailbox", "rapport.toml", status=1)
    assert "neither a Maildir nor an mbox" in said


def test_a_locked_mbox_is_told_and_left_alone(project: Project, tmp_path: Path) -> None:
    mbox(tmp_path / "leave", mail("reader1@example.net", "unsubscribe"))
    (tmp_path / "leave.lock").touch()
    printed = project.rapport("subscribers", "unsubscribe", "--mailbox", "leave", "--json", status=1)
    error = json.loads(printed.splitlines()[0])["error"]
    assert error["code"] == "busy"
    assert "leave.lock" in error["remedy"]
    assert _status(project, 1) == "active"
    (tmp_path / "leave.lock").unlink()
    assert project.json("subscribers", "unsubscribe", "--mailbox", "leave")["unsubscribed"] == 1
