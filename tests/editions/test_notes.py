"""A note beside the letters that are due: it takes no due time and no posts, and goes out as they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, insert, select, update

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import digests, edition_posts, editions
from pipeline.core.tables.ledger import recipients
from pipeline.delivery.again import joined_again
from pipeline.delivery.send import send
from pipeline.editions import find, states
from pipeline.editions.approval import approve
from pipeline.editions.archive import Archive, key_of
from pipeline.editions.compose import compose
from pipeline.editions.document import document
from pipeline.editions.edit import Wish, edit
from pipeline.editions.edition import Edition, EditionKind
from pipeline.editions.notes import write
from pipeline.letter.note import Note
from pipeline.schedule.foresee import foresee
from subscribers import directory, suppression
from subscribers.suppression import Reason
from subscribers.tables import merged, subscriptions
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from tests.beginnings import Begun

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
HELLO = Note("Winter hours", "", "We are *closed* on Friday.")


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
    served.begin_anew([Item("A calm morning", MONDAY - timedelta(days=1))])
    return served


@pytest.fixture
def installed(begun: Begun, tmp_path: Path, blog: Blog) -> Installation:
    database = begun("seen", lambda database, folder: made(database, folder, blog))
    return practice(database, tmp_path, blog)


def practice(database: Database, folder: Path, blog: Blog, **digest: Any) -> Installation:
    return installation(database, folder, blog.url, digests=[{"name": "weekly"} | digest])


def made(database: Database, folder: Path, blog: Blog, **digest: Any) -> Installation:
    subscribe(database, 3)
    installed = practice(database, folder, blog, **digest)
    run_one(installed)  # Rapport sees the digest
    return installed


def written(installed: Installation, note: Note = HELLO, file: str = "note.md", **more: Any) -> Edition:
    return write(installed, installed.config.digests[0], note, file, **more)


def sent(installed: Installation, edition: Edition) -> Edition:
    approve(installed, edition.slug)
    ended = send(installed, edition.slug, lambda done, total: None)
    assert ended.status == "sent"
    return ended


def handed(installed: Installation, slug: str) -> list[int]:
    with installed.database.read() as connection:
        of = find.by_slug(connection, slug).id
        query = select(recipients.c.subscriber_id).where(recipients.c.edition_id == of)
        return sorted(connection.scalars(query.where(recipients.c.state.is_(None))))


def composed(installed: Installation) -> Edition:
    edition = compose(installed, installed.config.digests[0]).edition
    assert edition is not None
    return edition


@pytest.mark.databases("sqlite", "postgresql")
def test_a_note_is_a_draft_with_a_number_and_goes_to_everybody_of_the_digest(installed: Installation) -> None:
    edition = written(installed)
    assert (edition.slug, edition.status, edition.kind, edition.posts) == ("weekly-1", "draft", "note", [])
    assert "We are <em>closed</em> on Friday." in edition.html
    sent(installed, edition)
    assert handed(installed, "weekly-1") == [1, 2, 3]
    with installed.database.read() as connection:
        told = document(connection, find.by_slug(connection, "weekly-1"), installed.config.newsletter.zone)
    assert (told["kind"], told["readers_of"], told["edited"]) == ("note", None, [])


def test_it_uses_up_neither_the_due_time_nor_posts(
    installed: Installation, clock: time_machine.Traveller
) -> None:
    sent(installed, written(installed))
    assert run_one(installed).next_due == "2026-11-26T09:00:00-05:00"
    clock.move_to(DUE)
    ran = run_one(installed)
    assert ran.edition is not None
    assert (ran.outcome, ran.edition.slug, len(ran.edition.posts)) == ("sent", "weekly-2", 1)


def test_a_note_of_a_moment_after_the_due_time_does_not_stand_for_it(
    installed: Installation, clock: time_machine.Traveller
) -> None:
    clock.move_to(DUE + timedelta(seconds=5))
    sent(installed, written(installed))
    ran = run_one(installed)
    assert ran.edition is not None
    assert (ran.outcome, ran.edition.due) == ("sent", "2026-11-26T09:00")


def test_the_due_letter_waits_while_a_note_is_open_and_is_caught_up_then(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, approval="required")
    note = written(installed)
    clock.move_to(DUE)
    waiting = run_one(installed)
    assert (waiting.outcome, waiting.edition and waiting.edition.slug) == ("awaiting_approval", note.slug)
    assert "the letter due Thu 26 Nov, 9:00 New York waits for this note" in waiting.reason
    approve(installed, note.slug)
    assert run_one(installed).outcome == "sent"
    after = run_one(installed)
    assert after.edition is not None
    assert (after.outcome, after.edition.due) == ("awaiting_approval", "2026-11-26T09:00")


def test_with_approval_auto_a_run_sends_it_after_the_hold_window(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, hold_window="2h")
    written(installed)
    assert foresee(installed, installed.config.digests, at=MONDAY)[0].outcome == "not_due"
    assert run_one(installed).outcome == "not_due"
    clock.shift(timedelta(hours=2))
    ran = run_one(installed)
    assert ran.edition is not None
    assert (ran.outcome, ran.edition.kind) == ("sent", "note")


def test_the_same_file_again_replaces_its_draft(installed: Installation) -> None:
    first = written(installed)
    again = written(installed, Note("Summer hours", "", "We are open.", offer=False))
    assert (again.id, again.subject) == (first.id, "Summer hours")
    assert "get-matched" not in again.html
    with installed.database.write() as connection:
        states.hold(connection, "weekly-1")
    assert written(installed).status == "held"


def test_once_approved_it_says_what_to_do_first(installed: Installation) -> None:
    approve(installed, written(installed).slug)
    with pytest.raises(RapportError, match="weekly-1, the note of this file, is approved") as refused:
        written(installed)
    assert "editions hold weekly-1" in refused.value.remedy
    with installed.database.write() as connection:
        states.hold(connection, "weekly-1")
    changed = written(installed, Note("Summer hours", "", "We are open."))
    assert changed.approved is None


def test_another_file_waits_for_the_first(installed: Installation) -> None:
    written(installed)
    with pytest.raises(RapportError, match=r"weekly-1, the note note.md, is draft") as refused:
        written(installed, file="other.md")
    assert "editions skip weekly-1" in refused.value.remedy


def test_a_draft_that_nobody_was_shown_gives_way_with_its_posts(
    installed: Installation, clock: time_machine.Traveller
) -> None:
    assert composed(installed).slug == "weekly-1"
    sent(installed, written(installed))
    clock.move_to(DUE)
    ran = run_one(installed)
    assert ran.edition is not None
    assert (ran.outcome, len(ran.edition.posts)) == ("sent", 1)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"announced_at": MONDAY}, "weekly-1 is a draft that staff were shown"),
        ({"intro": "Hello"}, "weekly-1 is a draft that staff edited"),
        ({"edits": {"subject": "x"}}, "weekly-1 is a draft that staff edited"),
        ({"status": "approved"}, "weekly-1 is approved"),
        ({"status": "held"}, "weekly-1 is held"),
        ({"status": "sending"}, "weekly-1 is sending"),
        ({"status": "paused"}, "weekly-1 is paused"),
    ],
)
def test_a_letter_that_is_decided_on_or_on_its_way_does_not_give_way(
    installed: Installation, values: dict[str, Any], says: str
) -> None:
    composed(installed)
    with installed.database.write() as connection:
        connection.execute(update(editions).values(values))
    with pytest.raises(RapportError, match=f"{says}, and a digest has one open edition") as refused:
        written(installed)
    assert ("skip weekly-1" in refused.value.remedy) == (values.get("status") not in ("sending", "paused"))
    with installed.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(edition_posts)) == 1


def test_composing_and_editing_leave_a_note_alone(installed: Installation) -> None:
    note = written(installed)
    assert compose(installed, installed.config.digests[0]).edition == note
    with pytest.raises(RapportError, match=r"weekly-1 is a note: its text is that of note\.md"):
        compose(installed, installed.config.digests[0], intro="Hello")
    with pytest.raises(RapportError, match="weekly-1 is a note") as refused:
        edit(installed, installed.config.digests[0], "weekly-1", Wish(subject="Other"))
    assert "rapport write weekly note.md" in refused.value.remedy


def test_check_asks_a_note_for_no_offer_that_it_leaves_out_but_for_all_else(
    installed: Installation,
) -> None:
    approve(installed, written(installed, Note("Hello", "", "Words.", offer=False)).slug)
    newsletter = installed.config.newsletter.model_copy(update={"postal_address": ""})
    object.__setattr__(installed, "config", installed.config.model_copy(update={"newsletter": newsletter}))
    with installed.database.write() as connection:
        states.hold(connection, "weekly-1")
    written(installed, Note("Hello", "", "Words.", offer=False))
    with pytest.raises(RapportError, match="There is no postal address"):
        approve(installed, "weekly-1")


def test_a_note_counts_for_nothing_when_posts_are_chosen(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, max_posts=2)
    sent(installed, written(installed))
    clock.shift(timedelta(hours=1))
    # Had there been an edition before it, the last place were the post's that has waited longest.
    blog.items += [Item(f"Post {n}", MONDAY + timedelta(minutes=n)) for n in (1, 2)]
    clock.move_to(DUE)
    ran = run_one(installed)
    assert ran.edition is not None
    assert [post["title"] for post in ran.edition.posts] == ["Post 2", "Post 1"]


# A correction


@pytest.fixture
def corrected(installed: Installation) -> Installation:
    """weekly-1 was handed to 1, 2 and 3; 1 has left since, 2 may have it, 3 was refused; 4 and 5 are new."""
    sent(installed, written(installed))
    with installed.database.write() as connection:
        directory.unsubscribe(connection, 1, source="test")
        for who, state in ((2, "uncertain"), (3, "failed")):
            connection.execute(
                update(recipients).where(recipients.c.subscriber_id == who).values(state=state, reason="x")
            )
    with installed.database.write() as connection:
        for n in (4, 5):
            directory.add(
                connection, f"reader{n}@example.net", digests=["weekly"], wording="x", source="test"
            )
    return installed


def correct(installed: Installation) -> Edition:
    note = Note("A mistake", "", "Friday, not Thursday.")
    return written(installed, note, "oops.md", readers_of="weekly-1")


@pytest.mark.databases("sqlite", "postgresql")
def test_a_correction_goes_to_who_was_handed_the_edition_and_is_still_mailable(
    corrected: Installation,
) -> None:
    edition = sent(corrected, correct(corrected))
    assert handed(corrected, edition.slug) == [2]
    with corrected.database.read() as connection:
        told = document(connection, edition, corrected.config.newsletter.zone)
    assert told["readers_of"] == "weekly-1"


def test_a_correction_follows_who_moved_since(corrected: Installation) -> None:
    with corrected.database.write() as connection:
        connection.execute(insert(merged).values(old_id=2, new_id=4))
        connection.execute(
            update(subscriptions).where(subscriptions.c.subscriber_id == 2).values(status="unsubscribed")
        )
    assert handed(corrected, sent(corrected, correct(corrected)).slug) == [4]


def test_who_was_let_into_the_edition_later_can_be_let_into_its_correction(corrected: Installation) -> None:
    sent(corrected, correct(corrected))
    with corrected.database.write() as connection:
        suppression.suppress(connection, "reader5@example.net", Reason.MANUAL, "test")
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.subscriber_id == 4)
            .values(since=MONDAY + timedelta(1))
        )
    assert joined_again(corrected, "weekly-2").people == 0, "4 does not have weekly-1"
    assert joined_again(corrected, "weekly-1").people == 1
    send(corrected, "weekly-1", lambda done, total: None)
    assert joined_again(corrected, "weekly-2").people == 1
    send(corrected, "weekly-2", lambda done, total: None)
    assert handed(corrected, "weekly-2") == [2, 4]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"provider": "sendgrid"}, "went out with delivery.provider"),
        ({"digest": "daily"}, "weekly-1 is an edition of daily, not of weekly"),
    ],
)
def test_what_cannot_be_corrected_says_why(
    corrected: Installation, values: dict[str, str], says: str
) -> None:
    with corrected.database.write() as connection:
        connection.execute(insert(digests).values(name="daily", first_seen=MONDAY))
        connection.execute(update(editions).values(values))
    with pytest.raises(RapportError, match=says):
        correct(corrected)


def test_an_edition_that_nobody_was_handed_has_no_readers_to_correct(installed: Installation) -> None:
    written(installed)
    with installed.database.write() as connection:
        states.skip(connection, "weekly-1")
    with pytest.raises(RapportError, match="weekly-1 is skipped: nobody was handed it"):
        correct(installed)


@pytest.mark.databases("sqlite", "postgresql")
def test_a_note_is_in_the_archive_and_a_correction_opens_only_by_its_letters_link(
    corrected: Installation,
) -> None:
    edition = sent(corrected, correct(corrected))
    archive, key = Archive(corrected), key_of(corrected, edition.slug, secret=True)
    assert f"/archive/weekly-2?key={key}" in edition.text
    with corrected.database.read() as connection:
        assert [past.slug for past in archive.newest(connection)] == ["weekly-1"]
        assert archive.issue(connection, "weekly-2", "", "") is None
        assert archive.past(connection, "weekly-2", "wrong") is None
        assert archive.issue(connection, "weekly-2", key, "") is not None
        assert archive.issue(connection, "weekly-1", "", "") is not None


def test_kinds_are_the_words_of_the_database() -> None:
    assert [kind.value for kind in EditionKind] == ["posts", "note", "welcome"]
