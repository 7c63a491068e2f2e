"""Approval: drafts are mailed to staff, and what was approved is what goes out, or it is approved again."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select, text, update

from pipeline.core import migrations
from pipeline.core.database import Database
from pipeline.core.errors import RapportError
from pipeline.core.schema import migrate
from pipeline.core.tables.editions import editions as table
from pipeline.core.tables.ledger import recipients
from pipeline.delivery.send import send
from pipeline.editions import approval, find, states, store
from pipeline.editions.approval import (
    ApprovalResult,
    ChangedError,
    DecidedError,
    approve,
    decide,
    links_decide,
)
from pipeline.editions.compose import compose
from pipeline.editions.edit import Wish, edit
from pipeline.editions.lock import lock
from pipeline.feeds.pull import pull
from pipeline.schedule.drafts import LINKS_VALID_FOR
from pipeline.schedule.maintenance import maintain
from subscribers import staff_log
from subscribers.staff import accounts
from subscribers.staff.roles import Role
from subscribers.tokens import Purpose
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import StrictSendGrid
from tests.installations import installation, run_one, subscribe
from tests.ledgers import handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.app import Installation
    from pipeline.editions.edition import Edition
    from tests.beginnings import Begun

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
STAFF = {"emails": ["editor@example.org", "head@example.org"]}
SITE = "https://letter.example.org"


@pytest.fixture(scope="module")
def served() -> Iterator[Blog]:
    with Blog() as blog:
        yield blog


@pytest.fixture
def blog(served: Blog) -> Blog:
    served.begin_anew(
        Item(f"Post {n}", MONDAY - timedelta(days=n), guid=f"the-guid-of-post-{n}") for n in (1, 2, 3)
    )
    return served


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def practice(
    database: Database, folder: Path, blog: Blog, *, sections: dict[str, Any] | None = None, **digest: Any
) -> Installation:
    weekly = {"name": "weekly", "approval": "required"} | digest
    sections = {"staff": STAFF, "digests": [weekly]} | (sections or {})
    return installation(database, folder, blog.url, **sections)


def made(database: Database, folder: Path, blog: Blog, **more: Any) -> Installation:
    subscribe(database, 2)
    installed = practice(database, folder, blog, **more)
    assert run_one(installed).outcome == "not_due"  # Rapport sees the digest first
    return installed


def put_up(
    installed: Installation, clock: time_machine.Traveller, before: timedelta = timedelta(days=1)
) -> Any:
    clock.move_to(DUE - before)
    ran = run_one(installed)
    assert ran.edition is not None
    assert (ran.edition.status, ran.edition.announced_at is not None) == ("draft", True)
    return ran.edition


@pytest.fixture
def waiting(
    begun_on_sqlite: Begun, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> Installation:
    """Where a draft was put up a day before it is due, and staff must approve it."""
    database = begun_on_sqlite("waiting", lambda made_of, folder: put_up(made(made_of, folder, blog), clock))
    clock.move_to(DUE - timedelta(days=1))
    return practice(database, tmp_path, blog)


def wish(installed: Installation, **wanted: Any) -> Edition:
    digest = installed.config.digests[0]
    with lock(installed.database, digest.name):
        return edit(installed, digest, "weekly-1", Wish(**wanted))


def now_is(installed: Installation, slug: str = "weekly-1") -> Edition:
    with installed.database.read() as connection:
        return find.by_slug(connection, slug)


def letters(folder: Path) -> list[Any]:
    return [mail for mail in mails(folder) if mail["To"].startswith("reader")]


def mails(folder: Path, to: str = "") -> list[Any]:
    files = sorted((folder / "outbox").glob("*.eml"))
    read = [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in read if to in ("", mail["To"])]


def drafts(folder: Path) -> list[Any]:
    """The mails to one of staff, oldest first."""
    return mails(folder, "editor@example.org")


def said(mail: Any, kind: str = "plain") -> str:
    return " ".join(mail.get_body((kind,)).get_content().split())


# The mail


def test_a_draft_is_mailed_to_all_of_staff_once(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, max_posts=2)
    edition = put_up(installed, clock)
    for _ in range(3):
        maintain(installed)
    assert sorted(mail["To"] for mail in mails(tmp_path)) == STAFF["emails"]
    mail = drafts(tmp_path)[0]
    assert mail["Subject"] == "Draft of weekly-1: Post 1"
    text = said(mail)
    assert "It waits until somebody approves it. On Thursday, November 26, 2026 at 9:00" in text
    assert "it is then written to the outbox: nobody is mailed." in text
    assert "Preview line: Also: Post 2" in text
    assert "Not in it: - Post 3: waits for the next edition: this one has its 2 posts" in text
    assert (
        text.index("Approve: it is written to the outbox as it stands here")
        < text.index("Not in it")
        < text.rindex("Post 1")
    )
    letter = edition.html.partition("<body")[2].partition(">")[2]
    before = letter.partition("%%rapport-")[0]
    assert before in mail.get_body(("html",)).get_content().replace("\r\n", "\n")


def test_nothing_in_it_is_of_a_reader_and_its_personal_links_do_nothing(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    put_up(made(sqlite_database, tmp_path, blog), clock)
    (mail,) = drafts(tmp_path)
    assert not [name for name in mail if name.lower().startswith("list-")]
    for kind in ("plain", "html"):
        content = mail.get_body((kind,)).get_content()
        assert "%%rapport-" not in content
        assert set(re.findall(rf"{SITE}/(?:unsubscribe|preferences)/([\w-]+)", content)) == {"preview"}


def test_what_check_warns_of_stands_in_it(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    long = "A very long subject " * 5
    put_up(made(sqlite_database, tmp_path, blog, subject=long), clock)
    assert "Worth a look: - The subject has 99 characters" in said(drafts(tmp_path)[0])


@pytest.mark.parametrize(
    ("digest", "told"),
    [
        ({"approval": "auto", "hold_window": "6h"}, "On Thursday, November 26, 2026"),
        ({"approval": "auto"}, None),
    ],
)
def test_it_is_mailed_where_there_is_something_to_decide(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    digest: dict[str, Any],
    told: str | None,
) -> None:
    installed = made(sqlite_database, tmp_path, blog, **digest)
    clock.move_to(DUE - timedelta(hours=5))
    run_one(installed)
    clock.move_to(DUE + timedelta(hours=2))
    run_one(installed)
    assert len(letters(tmp_path)) == 2
    assert [told in said(mail) for mail in drafts(tmp_path) if told] == [True] * (told is not None)


def test_without_pages_it_names_the_commands(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    newsletter = {"name": "Letter", "from_email": "letter@example.org", "postal_address": "1 Main Street"}
    installed = made(sqlite_database, tmp_path, blog, sections={"newsletter": newsletter})
    put_up(installed, clock)
    text = said(drafts(tmp_path)[0])
    assert "/staff/" not in text
    for verb in ("approve", "hold", "skip"):
        assert f"rapport editions {verb} weekly-1" in text


def test_a_draft_that_keeps_changing_is_mailed_again_once_an_hour(
    waiting: Installation, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    for minute in range(1, 121, 20):
        clock.move_to(DUE - timedelta(days=1) + timedelta(minutes=minute))
        wish(waiting, subject=f"At {minute} minutes")
        maintain(waiting)
    subjects = [mail["Subject"] for mail in drafts(tmp_path)]
    assert subjects == ["Draft of weekly-1: Post 1", "Changed draft of weekly-1: At 61 minutes"]
    clock.shift(timedelta(hours=1))
    maintain(waiting)
    (*_, last) = drafts(tmp_path)
    assert last["Subject"] == "Changed draft of weekly-1: At 101 minutes"
    assert "It has changed since the last mail about it" in said(last)


def test_one_that_went_back_to_what_it_was_is_mailed_again(
    waiting: Installation, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    for subject in ("Another", ""):
        clock.shift(timedelta(hours=2))
        wish(waiting, subject=subject)
        maintain(waiting)
    assert [mail["Subject"].partition(": ")[2] for mail in drafts(tmp_path)] == [
        "Post 1",
        "Another",
        "Post 1",
    ]


def test_one_that_staff_have_decided_about_is_mailed_no_more(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, sections={"staff": {}})
    put_up(installed, clock)
    approve(installed, "weekly-1")
    again = installation(sqlite_database, tmp_path, blog.url, staff=STAFF, digests=[{"name": "weekly"}])
    clock.shift(timedelta(hours=2))
    maintain(again)
    assert drafts(tmp_path) == []


# What was approved is what goes out


def test_an_edit_ends_an_approval_and_the_late_one_after_it_sends_at_once(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog)
    put_up(installed, clock)
    approve(installed, "weekly-1")
    clock.shift(timedelta(hours=3))
    edited = wish(installed, subject="Another subject")
    assert (edited.status, edited.approved, edited.approved_at) == ("draft", None, None)
    assert edited.announced_at == DUE - timedelta(hours=21)
    clock.move_to(DUE + timedelta(hours=5))
    assert run_one(installed).outcome == "awaiting_approval"
    assert drafts(tmp_path)[-1]["Subject"] == "Changed draft of weekly-1: Another subject"
    approve(installed, "weekly-1")
    assert run_one(installed).outcome == "sent"
    assert [mail["Subject"] for mail in letters(tmp_path)] == ["Another subject"] * 2


def test_an_edit_that_changes_nothing_leaves_the_approval(
    waiting: Installation, clock: time_machine.Traveller
) -> None:
    approve(waiting, "weekly-1")
    assert wish(waiting, subject="Post 1").status == "approved"
    clock.move_to(DUE)
    assert run_one(waiting).outcome == "sent"


def test_an_edit_in_the_hold_window_moves_the_letter_to_no_other_hour(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, approval="auto", hold_window="6h")
    put_up(installed, clock, timedelta(hours=6))
    clock.move_to(DUE - timedelta(hours=1))
    wish(installed, preheader="Three things to read")
    run_one(installed)
    assert [mail["Subject"].partition(" of")[0] for mail in drafts(tmp_path)] == ["Draft", "Changed draft"]
    clock.move_to(DUE)
    assert run_one(installed).outcome == "sent"


def test_an_edition_held_and_edited_is_a_draft_when_it_is_resumed(waiting: Installation) -> None:
    approve(waiting, "weekly-1")
    with waiting.database.write() as connection:
        states.hold(connection, "weekly-1")
    assert wish(waiting, subject="Another subject").status == "held"
    with waiting.database.write() as connection:
        assert states.resume(connection, "weekly-1").status == "draft"


@pytest.mark.databases("sqlite")
def test_what_a_send_that_died_had_taken_is_thrown_away_with_the_approval(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog)
    edition = put_up(installed, clock)
    approve(installed, "weekly-1")
    with database.write() as connection:
        store.change(connection, edition.id, snapshot_at=DUE)
        person = {"edition_id": edition.id, "subscriber_id": 1, "email": "reader1@example.net", "batch": 0}
        connection.execute(recipients.insert().values(person))
    assert wish(installed, subject="Another subject").snapshot_at is None
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(recipients)) == 0


@pytest.mark.parametrize("part", ["subject", "html", "text"])
def test_bytes_that_nobody_approved_are_not_handed_over(
    waiting: Installation, tmp_path: Path, clock: time_machine.Traveller, part: str
) -> None:
    edition = now_is(waiting)
    approve(waiting, "weekly-1")
    changed = getattr(edition, part).replace("Post 1", "Post 0")
    with waiting.database.write() as connection:
        connection.execute(update(table).values({part: changed}))
    clock.move_to(DUE)
    ran = run_one(waiting)
    assert (ran.outcome, "weekly-1 is not what was approved" in ran.reason) == ("failed", True)
    with pytest.raises(RapportError, match="not what was approved"):
        send(waiting, "weekly-1", lambda done, total: None)
    assert letters(tmp_path) == []


def test_a_draft_that_changes_while_it_is_approved_is_not_approved(
    waiting: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.editions import approval as module

    monkeypatch.setattr(module, "must_pass", lambda *_: wish(waiting, subject="Another subject"))
    with pytest.raises(ChangedError):
        approve(waiting, "weekly-1")
    assert now_is(waiting).status == "draft"


# Deciding by a link


def seen(installed: Installation) -> tuple[int, bytes]:
    edition = now_is(installed)
    return edition.id, edition.fingerprint()


@pytest.mark.parametrize(("verb", "status"), [("approve", "approved"), ("hold", "held"), ("skip", "skipped")])
def test_a_decision_is_made_once_however_often_it_is_asked_for(
    waiting: Installation, verb: str, status: str
) -> None:
    edition, content = seen(waiting)
    outcomes = [decide(waiting, edition, verb, content)[0] for _ in range(3)]
    assert outcomes == [ApprovalResult.DONE, ApprovalResult.ALREADY, ApprovalResult.ALREADY]
    assert now_is(waiting).status == status


def test_what_nobody_saw_is_held_but_neither_approved_nor_skipped(waiting: Installation) -> None:
    edition, content = seen(waiting)
    wish(waiting, subject="Another subject")
    for verb in ("approve", "skip"):
        assert decide(waiting, edition, verb, content)[0] is ApprovalResult.CHANGED
    assert now_is(waiting).status == "draft"
    assert decide(waiting, edition, "hold", content)[0] is ApprovalResult.DONE


def test_a_decision_about_a_draft_that_is_gone(waiting: Installation) -> None:
    edition, content = seen(waiting)
    with waiting.database.write() as connection:
        store.discard(connection, edition)
    assert decide(waiting, edition, "approve", content) == (ApprovalResult.GONE, None)


def test_the_links_in_the_mail_are_good_for_two_weeks_and_for_that_version(
    waiting: Installation, tmp_path: Path
) -> None:
    text = drafts(tmp_path)[0].get_body(("plain",)).get_content()
    links = dict(re.findall(rf"{SITE}/staff/(\w+)/([\w-]+)", text))
    assert list(links) == ["approve", "hold", "skip"]
    for verb, token in links.items():
        told = waiting.tokens.read_deciding(Purpose(verb), token)
        assert told is not None
        assert (told.about, told.content) == seen(waiting)
        assert told.until == DUE - timedelta(days=1) + LINKS_VALID_FOR
        others = [purpose for purpose in Purpose if purpose != verb]
        assert not any(waiting.tokens.read_deciding(purpose, token) for purpose in others)


def test_composing_anew_puts_a_changed_draft_up_again_and_leaves_an_approved_one(
    waiting: Installation, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(hours=2))
    digest = waiting.config.digests[0]
    compose(waiting, digest)
    assert now_is(waiting).announced_at == DUE - timedelta(days=1)
    blog.items.insert(0, Item("The newest", DUE - timedelta(hours=23), guid="the-guid-of-the-newest"))
    pull(waiting.database, waiting.config)
    compose(waiting, digest)
    assert now_is(waiting).announced_at == DUE - timedelta(hours=22)
    maintain(waiting)
    assert [mail["Subject"] for mail in drafts(tmp_path)][1:] == ["Changed draft of weekly-1: The newest"]
    approve(waiting, "weekly-1")
    before = now_is(waiting)
    blog.items.insert(0, Item("Later still", DUE - timedelta(hours=22), guid="the-guid-of-later-still"))
    pull(waiting.database, waiting.config)
    compose(waiting, digest)
    assert now_is(waiting) == before


BEFORE = """
INSERT INTO digests (name, first_seen) VALUES ('weekly', '2026-01-01 00:00:00');
INSERT INTO editions
    (digest, number, slug, status, due, due_at, approved_at, subject, html, text, posts, left_out)
  VALUES ('weekly', 1, 'weekly-1', 'approved', '2026-01-08', '2026-01-08 09:00:00', '2026-01-08 08:00:00',
          'Grün', '<p>', 'Grün und grau', '[]', '[]')
"""


def test_what_was_approved_before_fingerprints_were_kept_goes_out(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for statement in BEFORE.split(";"):
            connection.execute(text(statement))
    migrate(database)
    with database.read() as connection:
        assert find.by_slug(connection, "weekly-1").is_approved
    database.close()


def test_by_sendgrid_the_draft_says_nothing_of_a_list_and_hosts_no_way_out(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with StrictSendGrid() as sendgrid:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        hosted = {"api_url": sendgrid.url, "unsubscribe": "sendgrid"}
        delivery = {"provider": "sendgrid", "sendgrid": hosted}
        installed = made(sqlite_database, tmp_path, blog, sections={"delivery": delivery})
        put_up(installed, clock)
        assert [mail.address for mail in sendgrid.deliveries] == STAFF["emails"]
        for mail in sendgrid.deliveries:
            assert mail.subscriber == "0"
            assert not [name for name in mail.headers if name.lower().startswith("list-")]
            assert "%%rapport" not in mail.text + mail.html
            assert "https://unsubscribe.example/preview" in mail.text
        assert sendgrid.problems == []


def test_what_is_not_as_it_was_seen_has_a_code_of_its_own(waiting: Installation) -> None:
    with pytest.raises(ChangedError) as changed:
        approve(waiting, "weekly-1", b"something else")
    assert changed.value.code == "changed"


@pytest.mark.parametrize("status", ["draft", "held"])
def test_what_check_finds_an_error_in_is_not_approved_and_it_is_told_which(
    waiting: Installation, status: str
) -> None:
    with waiting.database.write() as connection:
        store.change(connection, 1, text="No way out.", status=status)
    edition, content = seen(waiting)
    for decision in (
        lambda: approve(waiting, "weekly-1"),
        lambda: decide(waiting, edition, "approve", content),
    ):
        with pytest.raises(RapportError, match=r"weekly-1 cannot go out\. .*no unsubscribe link") as refused:
            decision()
        assert "rapport check weekly" in refused.value.remedy
    assert now_is(waiting).status == status


def test_one_that_changes_between_the_look_at_it_and_its_approval_is_given_back_as_it_is(
    waiting: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.editions import approval as module

    edition, content = seen(waiting)
    monkeypatch.setattr(module, "must_pass", lambda *_: wish(waiting, subject="Another subject"))
    outcome, row = decide(waiting, edition, "approve", content)
    assert (outcome, row) == (ApprovalResult.CHANGED, now_is(waiting))
    assert now_is(waiting).subject == "Another subject"


@pytest.mark.parametrize(
    ("chosen", "somebody", "decide"),
    [(None, False, True), (None, True, False), (True, True, True), (False, False, False)],
)
def test_links_decide_until_somebody_can_sign_in_unless_it_is_said(
    sqlite_database: Database, tmp_path: Path, chosen: bool | None, somebody: bool, decide: bool
) -> None:
    staff = STAFF | ({"links_decide": chosen} if chosen is not None else {})
    config = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", staff=staff).config
    with sqlite_database.write() as connection:
        if somebody:
            accounts.join(connection, accounts.invite(connection, "ada@example.org", Role.ADMIN))
        assert links_decide(config, connection) is decide


def test_one_that_somebody_has_decided_about_is_not_approved_and_one_that_is_stands_in_the_log(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    monkeypatch.setattr(approval, "must_pass", lambda installed, edition: None)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, status="draft", finished_at=None)
        before = find.by_id(connection, 1)
    with pytest.raises(DecidedError, match="Somebody has decided about weekly-1") as told:
        approve(made, "weekly-1", mark=b"of another decision")
    assert told.value.code == "decided"
    approve(made, "weekly-1", mark=before.mark, actor="ada@example.org")
    with sqlite_database.read() as connection:
        assert find.by_id(connection, 1).status == "approved"
        (entry, *_) = staff_log.entries(connection)
    assert (entry.action, entry.about, entry.actor) == ("approve", "weekly-1", "ada@example.org")
