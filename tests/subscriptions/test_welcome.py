"""The first mail of who confirmed: the newest letter, once a person and digest for ever, by one ledger."""

from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from email import policy
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select, update

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions
from pipeline.core.tables.feeds import posts
from pipeline.core.tables.ledger import batches, events, recipients
from pipeline.delivery.again import failed_again, joined_again
from pipeline.delivery.send import send
from pipeline.editions import after_restore, find, renaming
from pipeline.editions.archive import Archive
from pipeline.editions.ledger import claims, doubt, outcomes, readers
from pipeline.editions.ledger import welcome as ledger
from pipeline.editions.notes import write
from pipeline.letter.note import Note
from pipeline.mail.welcome import above
from pipeline.providers import Message
from pipeline.providers.outbox import Outbox
from pipeline.schedule.maintenance import maintain
from pipeline.subscriptions.erase import forget
from pipeline.subscriptions.unsubscribe import in_flight, leave_by_link
from pipeline.subscriptions.welcome import is_coming, send_welcomes
from subscribers import directory, moving, welcomes
from subscribers.suppression import Reason, suppress
from subscribers.tables import welcomes as table
from subscribers.tokens import Purpose
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe
from tests.subscriptions.joining import ADA, confirm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from tests.beginnings import Begun

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="module")
def served() -> Iterator[Blog]:
    with Blog() as blog:
        yield blog


@pytest.fixture
def blog(served: Blog) -> Blog:
    served.begin_anew([Item("A calm morning", MONDAY - timedelta(days=1), guid="calm")])
    return served


@pytest.fixture
def unsent(begun: Begun, tmp_path: Path, blog: Blog) -> Installation:
    """Two readers, and no letter yet."""

    def make(database: Database, folder: Path) -> None:
        subscribe(database, 2)
        run_one(installation(database, folder, blog.url))

    return installation(begun("unsent", make), tmp_path, blog.url)


@pytest.fixture
def installed(begun: Begun, tmp_path: Path, blog: Blog, clock: time_machine.Traveller) -> Installation:
    """The same an hour after their first letter went to the outbox."""

    def make(database: Database, folder: Path) -> None:
        subscribe(database, 2)
        made = installation(database, folder, blog.url)
        run_one(made)
        clock.move_to(DUE)
        assert run_one(made).outcome == "sent"

    database = begun("sent", make)
    clock.move_to(DUE + timedelta(hours=1))
    return installation(database, tmp_path, blog.url)


def mails(folder: Path, address: str = ADA) -> list[Any]:
    found = []
    for file in sorted((folder / "outbox").glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
        if mail["To"] == address:
            found.append(mail)
    return found


def text(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n")


def html(mail: Any) -> str:
    return str(mail.get_body(("html",)).get_content()).replace("\r\n", "\n")


def standing(installed: Installation, person: int) -> list[tuple[str, str, bool]]:
    with installed.database.read() as connection:
        held = readers.of_subscriber(connection, person)
    return [(one["slug"], one["state"], one["welcome"]) for one in held]


def waiting(installed: Installation, person: int, digest: str = "weekly") -> tuple[str, str | None]:
    with installed.database.read() as connection:
        row = connection.execute(
            select(table.c.state, table.c.reason).where(
                table.c.subscriber_id == person, table.c.digest == digest
            )
        ).one()
    return row.state, row.reason


@pytest.mark.databases("sqlite", "postgresql")
def test_who_confirmed_gets_the_newest_letter_with_words_of_welcome_and_links_of_their_own(
    installed: Installation, tmp_path: Path
) -> None:
    ada = confirm(installed)
    assert send_welcomes(installed) == 1
    (mail,) = mails(tmp_path)
    assert mail["Subject"] == "A calm morning"
    assert text(mail).startswith("Welcome, and thank you for signing up.")
    assert "The next letter comes on Thursday, December 3, 2026." in text(mail)
    assert html(mail).index("Welcome, and thank you") < html(mail).index("<h1")
    with installed.database.read() as connection:
        edition = find.by_slug(connection, "weekly-1")
    token = mail["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    claim = installed.tokens.read(Purpose.LETTER, token)
    assert claim is not None
    assert (claim.subscriber, claim.edition) == (ada, edition.id)
    assert text(mail).count(token) == 2
    assert standing(installed, ada) == [("weekly-1", "sent", True)]


def test_but_for_the_words_of_welcome_it_is_the_letter_that_was_approved(
    installed: Installation, tmp_path: Path
) -> None:
    confirm(installed)
    send_welcomes(installed)
    (mail,), (regular,) = mails(tmp_path), mails(tmp_path, "reader1@example.net")
    own = mail["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    theirs = regular["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    before, words, after = html(mail).replace(own, theirs).partition('<div class="page" lang="en" dir="ltr"')
    assert words
    rest = after.partition("</div>\n</div>")[2]
    assert before + rest == html(regular)
    assert text(mail).replace(own, theirs).endswith(text(regular))


@pytest.mark.databases("sqlite", "postgresql")
def test_before_the_first_letter_it_says_when_that_comes(unsent: Installation, tmp_path: Path) -> None:
    ada = confirm(unsent)
    send_welcomes(unsent)
    (mail,) = mails(tmp_path)
    assert mail["Subject"] == "Welcome to The Weekly Letter"
    assert "The first letter comes on Thursday, November 26, 2026." in text(mail)
    assert "first letter comes on Thursday" in html(mail)
    for part in (text(mail), html(mail)):
        assert "1 Willow Street, Springfield" in part
        assert "https://letter.example.org/unsubscribe/" in part
        assert "get-matched" not in part
        assert "%%" not in part
    assert standing(unsent, ada) == [("weekly-0", "sent", True)]
    with unsent.database.write() as connection:
        token = mail["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
        claim = unsent.tokens.read(Purpose.LETTER, token)
        assert claim is not None
        assert leave_by_link(connection, claim, everything=False, source="test").digest == "weekly"


def test_the_mail_before_the_first_letter_is_no_edition_that_anybody_sees_or_counts(
    unsent: Installation, clock: time_machine.Traveller
) -> None:
    clock.move_to(DUE + timedelta(minutes=1))  # the letter is due, and nobody has made it yet
    confirm(unsent)
    send_welcomes(unsent)
    with unsent.database.read() as connection:
        assert find.newest_first(connection) == []
        assert Archive(unsent).newest(connection) == []
        assert Archive(unsent).issue(connection, "weekly-0", "", "") is None
    ran = run_one(unsent)
    assert ran.edition is not None
    assert (ran.outcome, ran.edition.slug) == ("sent", "weekly-1")
    with unsent.database.write() as connection:
        connection.execute(update(editions).values(snapshot_at=DUE))
    with pytest.raises(RapportError, match="weekly-0 is the welcome"):
        joined_again(unsent, "weekly-0")


def test_who_was_welcomed_before_the_first_letter_gets_the_first_as_all_do(
    unsent: Installation, clock: time_machine.Traveller, tmp_path: Path
) -> None:
    ada = confirm(unsent)
    send_welcomes(unsent)
    clock.move_to(DUE)
    run_one(unsent)
    assert standing(unsent, ada) == [("weekly-1", "sent", False), ("weekly-0", "sent", True)]
    assert len(mails(tmp_path)) == 2


def test_words_of_the_first_mail_follow_the_templates(unsent: Installation, tmp_path: Path) -> None:
    confirm(unsent)
    send_welcomes(unsent)
    newsletter = unsent.config.newsletter.model_copy(update={"postal_address": "2 Oak Street"})
    object.__setattr__(unsent, "config", unsent.config.model_copy(update={"newsletter": newsletter}))
    confirm(unsent, "bea@example.org")
    send_welcomes(unsent)
    (mail,) = mails(tmp_path, "bea@example.org")
    assert "2 Oak Street" in text(mail)


@pytest.mark.databases("sqlite", "postgresql")
def test_there_is_one_for_ever(installed: Installation, tmp_path: Path) -> None:
    ada = confirm(installed)
    send_welcomes(installed)
    confirm(installed)  # twice
    with installed.database.write() as connection:
        directory.unsubscribe(connection, ada, source="test")
    confirm(installed)  # comes back
    assert waiting(installed, ada) == ("handed", None)
    with installed.database.write() as connection:
        moving.move(connection, ada, "ada@example.com", at=DUE, source="test")
    confirm(installed, "ada@example.com")
    assert send_welcomes(installed) == 0
    maintain(installed)
    assert len(mails(tmp_path)) == 1
    assert mails(tmp_path, "ada@example.com") == []


def test_who_was_added_imported_or_undid_their_leaving_is_not_welcomed(installed: Installation) -> None:
    subscribe(installed.database, 3)
    with installed.database.read() as connection:
        assert not welcomes.is_due(connection, DUE + timedelta(days=1))


def test_who_had_a_letter_before_is_not_new(installed: Installation, tmp_path: Path) -> None:
    with installed.database.write() as connection:
        directory.unsubscribe(connection, "reader1@example.net", source="test")
    one = confirm(installed, "reader1@example.net")
    with installed.database.read() as connection:
        assert not is_coming(connection, installed.config, one, ["weekly"])
    assert send_welcomes(installed) == 0
    assert waiting(installed, one) == ("dropped", "has had a letter already")
    assert len(mails(tmp_path, "reader1@example.net")) == 1


def test_at_an_address_that_had_the_letter_nobody_is_welcomed_with_it(installed: Installation) -> None:
    with installed.database.write() as connection:
        moving.move(connection, 1, "reader1@example.com", at=DUE, source="test")
        connection.execute(update(recipients).where(recipients.c.subscriber_id == 1).values(email=ADA))
    ada = confirm(installed)
    assert send_welcomes(installed) == 0
    assert waiting(installed, ada) == ("dropped", "has had a letter already")


def test_who_leaves_before_it_goes_gets_none_and_one_when_they_confirm_anew(
    installed: Installation, tmp_path: Path
) -> None:
    ada = confirm(installed)
    with installed.database.write() as connection:
        directory.unsubscribe(connection, ada, source="test")
    assert send_welcomes(installed) == 0
    assert waiting(installed, ada) == ("dropped", "unsubscribed")
    assert standing(installed, ada) == []
    confirm(installed)
    assert send_welcomes(installed) == 1
    assert len(mails(tmp_path)) == 1


def test_a_suppressed_address_gets_none(installed: Installation) -> None:
    ada = confirm(installed)
    with installed.database.write() as connection:
        suppress(connection, ADA, Reason.MANUAL, "test")
    assert send_welcomes(installed) == 0
    assert waiting(installed, ada) == ("dropped", "suppressed: manual")


@pytest.mark.databases("sqlite", "postgresql")
def test_who_moves_at_that_moment_gets_it_at_the_new_address(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.subscriptions import welcome

    ada = confirm(installed)
    kept = welcome.had_elsewhere

    def meanwhile(*given: Any) -> set[int]:
        monkeypatch.setattr(welcome, "had_elsewhere", kept)
        with installed.database.write() as connection:
            moving.move(connection, ada, "ada@example.com", at=DUE, source="test")
        return kept(*given)

    monkeypatch.setattr(welcome, "had_elsewhere", meanwhile)
    assert send_welcomes(installed) == 1
    assert mails(tmp_path) == []
    assert len(mails(tmp_path, "ada@example.com")) == 1


def test_without_a_postal_address_it_waits(installed: Installation, tmp_path: Path) -> None:
    ada = confirm(installed)
    newsletter = installed.config.newsletter.model_copy(update={"postal_address": ""})
    object.__setattr__(installed, "config", installed.config.model_copy(update={"newsletter": newsletter}))
    assert send_welcomes(installed) == 0
    assert waiting(installed, ada) == ("queued", "newsletter.postal_address is missing")


def test_it_can_be_turned_off(database: Database, tmp_path: Path, blog: Blog) -> None:
    quiet = installation(database, tmp_path, blog.url, digests=[{"name": "weekly", "welcome": "none"}])
    run_one(quiet)
    ada = confirm(quiet)
    with database.read() as connection:
        assert not is_coming(connection, quiet.config, ada, ["weekly"])
    assert send_welcomes(quiet) == 0
    assert mails(tmp_path) == []


def test_each_digest_has_its_own(database: Database, tmp_path: Path, blog: Blog) -> None:
    digests = [{"name": "weekly"}, {"name": "groups", "schedule": "0 9 1 * *"}]
    both = installation(database, tmp_path, blog.url, digests=digests)
    with time_machine.travel(MONDAY, tick=False):
        from tests.installations import run_all

        run_all(both)
        ada = confirm(both, ADA, "weekly", "groups")
        assert send_welcomes(both) == 2
    said = sorted(text(mail).partition("comes on ")[2].partition(".")[0] for mail in mails(tmp_path))
    assert said == ["Thursday, November 26, 2026", "Tuesday, December 1, 2026"]
    assert sorted(slug for slug, _, _ in standing(both, ada)) == ["groups-0", "weekly-0"]


# With --joined


def test_who_was_welcomed_with_an_edition_is_not_among_those_who_joined(installed: Installation) -> None:
    confirm(installed)
    send_welcomes(installed)
    assert joined_again(installed, "weekly-1").people == 0


def test_who_got_it_as_one_who_joined_is_not_welcomed_with_it(
    installed: Installation, tmp_path: Path
) -> None:
    ada = confirm(installed)
    assert joined_again(installed, "weekly-1").people == 1
    assert send_welcomes(installed) == 0
    send(installed, "weekly-1", lambda done, total: None)
    assert standing(installed, ada) == [("weekly-1", "sent", False)]
    assert len(mails(tmp_path)) == 1


# Which letter


def next_letter(installed: Installation, blog: Blog, clock: time_machine.Traveller) -> None:
    blog.items.append(Item("Another week", DUE + timedelta(days=1), guid="another"))
    clock.move_to(DUE + timedelta(days=7))
    assert run_one(installed).outcome == "sent"


@pytest.mark.parametrize("why", ["withdrawn", "corrected", "tripped", "gone", "changed", "its page is gone"])
def test_a_letter_that_is_not_for_new_readers_is_passed_over(
    installed: Installation, blog: Blog, clock: time_machine.Traveller, tmp_path: Path, why: str
) -> None:
    next_letter(installed, blog, clock)
    with installed.database.write() as connection:
        second = editions.c.slug == "weekly-2"
        if why == "withdrawn":
            connection.execute(update(posts).where(posts.c.title == "Another week").values(decision="out"))
        elif why == "tripped":
            connection.execute(update(editions).where(second).values(tripped_at=DUE))
        elif why == "gone":
            connection.execute(update(editions).where(second).values(gone=["https://x.example/"]))
        elif why == "changed":
            connection.execute(update(editions).where(second).values(subject="Other"))
    if why == "its page is gone":
        blog.pages["/blog/another-week"] = 404
    if why == "corrected":
        write(installed, installed.config.digests[0], Note("Oops", "", "No."), "x.md", readers_of="weekly-2")
    ada = confirm(installed)
    send_welcomes(installed)
    assert standing(installed, ada) == [("weekly-1", "sent", True)]


def test_a_note_is_no_welcome(installed: Installation, blog: Blog, clock: time_machine.Traveller) -> None:
    write(installed, installed.config.digests[0], Note("Closed", "", "On Friday."), "note.md")
    assert run_one(installed).outcome == "sent"
    ada = confirm(installed)
    send_welcomes(installed)
    assert standing(installed, ada) == [("weekly-1", "sent", True)]


def test_a_letter_of_the_trial_is_none_once_letters_go_to_readers(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.doubles.sendgrid import StrictSendGrid

    with StrictSendGrid() as sendgrid:
        monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
        delivery = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}}
        mailing = installation(installed.database, tmp_path, installed.config.feeds[0].url, delivery=delivery)
        ada = confirm(mailing)
        assert send_welcomes(mailing) == 1
        (mail,) = sendgrid.deliveries
        assert "The first letter comes on" in mail.text
        assert standing(mailing, ada) == [("weekly-0", "sent", True)]


# Outages and doubt


def test_what_the_provider_refuses_waits_and_leaves_no_trace(
    installed: Installation, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    ada = confirm(installed)
    outbox = tmp_path / "outbox"
    outbox.rename(tmp_path / "kept")
    outbox.write_text("in the way")
    with pytest.raises(RapportError):
        send_welcomes(installed)
    outbox.unlink()
    (tmp_path / "kept").rename(outbox)
    assert send_welcomes(installed) == 1
    assert standing(installed, ada) == [("weekly-1", "sent", True)]


def claimed(installed: Installation, person: int) -> claims.Claim:
    """A welcome whose process died right after its claim."""
    with installed.database.write() as connection:
        edition = find.by_slug(connection, "weekly-1")
        claim = ledger.claim(connection, edition.id, person, ADA, DUE + timedelta(hours=1), "gone")
        welcomes.handed(connection, person, "weekly", edition.id)
    return claim


@pytest.mark.databases("sqlite", "postgresql")
def test_a_process_that_died_before_handing_over_loses_nothing(
    installed: Installation, tmp_path: Path, clock: time_machine.Traveller
) -> None:
    ada = confirm(installed)
    claimed(installed, ada)
    assert send_welcomes(installed) == 0
    assert waiting(installed, ada)[0] == "queued"
    assert standing(installed, ada) == []
    clock.shift(timedelta(minutes=1))
    assert send_welcomes(installed) == 1
    assert len(mails(tmp_path)) == 1


@pytest.mark.databases("sqlite", "postgresql")
def test_one_that_died_after_handing_over_doubles_nothing(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = confirm(installed)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.subscriptions.welcome._Sender._record", died)
        with pytest.raises(KeyboardInterrupt):
            send_welcomes(installed)
    assert len(mails(tmp_path)) == 1
    assert standing(installed, ada) == [("weekly-1", "uncertain", True)]
    maintain(installed)
    assert standing(installed, ada) == [("weekly-1", "sent", True)]
    assert len(mails(tmp_path)) == 1


def died(*_: Any) -> None:
    raise KeyboardInterrupt


def test_where_nobody_can_know_it_stays_in_doubt_until_an_event_settles_it(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = confirm(installed)
    claim = claimed(installed, ada)
    monkeypatch.setattr(Outbox, "settle", lambda *_: None)
    maintain(installed)
    assert standing(installed, ada) == [("weekly-1", "uncertain", True)]
    with installed.database.write() as connection:
        # Of others of the edition was heard, so silence speaks: a batch of the letter would be sent again.
        other = connection.scalar(select(batches.c.attempt).where(~batches.c.welcome))
        heard = {"at": DUE, "kind": "delivered", "edition": "weekly-1", "batch": other}
        connection.execute(insert(events).values(id="heard", **heard))
        assert doubt.again(connection, claim.edition, DUE + timedelta(days=3)) == 0
        doubt.proven(connection, [claim.attempt], DUE)
    assert standing(installed, ada) == [("weekly-1", "sent", True)]


def test_whoever_sends_the_edition_leaves_a_welcome_under_way_alone(
    installed: Installation, tmp_path: Path
) -> None:
    ada = confirm(installed)
    with installed.database.write() as connection:
        directory.add(connection, "eve@example.org", digests=["weekly"], wording="x", source="test")
    claim = claimed(installed, ada)
    with installed.database.read() as connection:
        assert in_flight(connection, ada)
    joined_again(installed, "weekly-1")
    assert send(installed, "weekly-1", lambda done, total: None).status == "sent"
    assert standing(installed, ada) == [("weekly-1", "uncertain", True)]
    with installed.database.write() as connection:
        claims.sent(connection, claim, DUE)
        assert outcomes.counts(connection, claim.edition)["sent"] == 4
        assert not in_flight(connection, ada)


@pytest.mark.databases("sqlite", "postgresql")
def test_whoever_leaves_while_one_of_an_old_letter_is_under_way_is_answered_after_it(
    installed: Installation,
) -> None:
    ada = confirm(installed)
    claim = claimed(installed, ada)
    with installed.database.write() as connection:
        connection.execute(update(editions).values(finished_at=DUE - timedelta(days=60)))
        assert in_flight(connection, ada)
        claims.sent(connection, claim, DUE)
        assert not in_flight(connection, ada)


def test_one_that_was_refused_for_good_is_failed_and_not_tried_again(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.providers import BatchResult, Result

    ada = confirm(installed)
    no = BatchResult(Result.REJECTED, "no such mailbox", rejected={ada: "no such mailbox"})
    monkeypatch.setattr(Outbox, "send", lambda *_: no)
    assert send_welcomes(installed) == 0
    assert standing(installed, ada) == [("weekly-1", "failed", True)]
    assert waiting(installed, ada)[0] == "handed"
    monkeypatch.undo()
    assert send_welcomes(installed) == 0


def test_one_that_waited_for_a_week_is_given_up(
    installed: Installation, clock: time_machine.Traveller
) -> None:
    ada = confirm(installed)
    clock.shift(timedelta(days=7, seconds=1))
    assert send_welcomes(installed) == 0
    assert waiting(installed, ada) == ("dropped", "it waited for more than 7 days")


def test_a_restore_drops_what_waits(installed: Installation) -> None:
    ada = confirm(installed)
    with installed.database.write() as connection:
        after_restore.doubt(connection, DUE, DUE + timedelta(hours=2))
    assert send_welcomes(installed) == 0
    state, reason = waiting(installed, ada)
    assert (state, "it may have been handed over since" in (reason or "")) == ("dropped", True)


# The person and the digest


@pytest.mark.databases("sqlite", "postgresql")
def test_who_moves_to_an_address_on_the_list_takes_what_waits_along(
    installed: Installation, tmp_path: Path
) -> None:
    ada, other = confirm(installed), confirm(installed, "other@example.org")
    with installed.database.write() as connection:
        connection.execute(table.delete().where(table.c.subscriber_id == other))
        moving.join(connection, ada, other, at=DUE, source="test")
    assert send_welcomes(installed) == 1
    assert mails(tmp_path) == []
    assert len(mails(tmp_path, "other@example.org")) == 1


def test_who_was_welcomed_under_another_id_is_not_welcomed_again(installed: Installation) -> None:
    ada = confirm(installed)
    send_welcomes(installed)
    other = confirm(installed, "other@example.org")
    with installed.database.write() as connection:
        moving.join(connection, ada, other, at=DUE, source="test")
        # What stands in the ledger of a letter would do, too; a mail of its own stands in that of no letter.
        connection.execute(recipients.delete().where(recipients.c.subscriber_id == ada))
    assert send_welcomes(installed) == 0
    assert waiting(installed, other) == ("dropped", "welcomed at a former address")


@pytest.mark.databases("sqlite", "postgresql")
def test_forgetting_takes_the_row_and_the_mail(installed: Installation, tmp_path: Path) -> None:
    ada = confirm(installed)
    send_welcomes(installed)
    forget(installed, ADA)
    with installed.database.read() as connection:
        assert welcomes.of_person(connection, ada) == []
    assert mails(tmp_path) == []


def test_renaming_a_digest_takes_its_welcomes_along(installed: Installation, tmp_path: Path) -> None:
    ada = confirm(installed)
    renaming.rename(installed, "weekly", "letter")
    renamed = installation(
        installed.database, tmp_path, installed.config.feeds[0].url, digests=[{"name": "letter"}]
    )
    assert send_welcomes(renamed) == 1
    assert standing(renamed, ada) == [("weekly-1", "sent", True)]


def test_the_mail_before_the_first_letter_has_a_name_of_its_own_where_a_renamed_digest_left_its(
    unsent: Installation, tmp_path: Path
) -> None:
    confirm(unsent)
    send_welcomes(unsent)
    renaming.rename(unsent, "weekly", "letter")
    again = installation(
        unsent.database,
        tmp_path,
        unsent.config.feeds[0].url,
        digests=[{"name": "letter"}, {"name": "weekly"}],
    )
    from tests.installations import run_all

    run_all(again)
    bea = confirm(again, "bea@example.org", "weekly")
    assert send_welcomes(again) == 1
    assert standing(again, bea) == [("weekly-00", "sent", True)]


def test_a_letter_without_a_body_cannot_be_greeted_above() -> None:
    bare = Message("weekly-1", "weekly", "x", "a@x.example", "A", "a@x.example", "<p>Hello</p>", "Hello")
    with pytest.raises(RapportError, match="weekly-1 has no <body>"):
        above(bare)


def test_what_was_refused_is_let_wait_again_like_any(installed: Installation) -> None:
    ada = confirm(installed)
    send_welcomes(installed)
    with installed.database.write() as connection:
        connection.execute(
            update(recipients).where(recipients.c.subscriber_id == ada).values(state="failed", reason="no")
        )
    assert failed_again(installed, "weekly-1").people == 1
    send(installed, "weekly-1", lambda done, total: None)
    with installed.database.read() as connection:
        assert outcomes.counts(connection, find.by_slug(connection, "weekly-1").id)["total"] == 3
        assert connection.scalar(select(batches.c.size).where(batches.c.welcome)) == 0
