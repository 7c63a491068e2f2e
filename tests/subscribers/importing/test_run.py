"""Lists in and out."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from subscribers import directory, suppression
from subscribers.errors import SubscriberError
from subscribers.importing import run
from subscribers.importing.answers import read_answers
from subscribers.importing.run import ImportResult, import_csv
from subscribers.suppression import Reason
from subscribers.tables import consents, forgotten, metadata, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from pipeline.core.database import Database

WORDING = "ticked the box at the front desk"
EXPORTS = Path(__file__).parent / "exports"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def bring_in(database: Database, path: Path, *digests: str, **options: Any) -> ImportResult:
    return import_csv(
        database.write, path, digests=digests or ("weekly",), wording=WORDING, source="import", **options
    )


def statuses(database: Database, email: str) -> dict[str, str]:
    with database.read() as connection:
        person = directory.person(connection, email)
    return {s.digest: s.status for s in person.subscriptions} if person else {}


def everything(database: Database) -> list[Any]:
    with database.read() as connection:
        return [sorted(map(repr, connection.execute(select(t)))) for t in metadata.sorted_tables]


def test_everyone_of_a_list_is_active_with_the_evidence(database: Database, listed: Path) -> None:
    listed.write_text("email,name\nAnn@Example.org,Ann\nben@example.org,\n")
    assert bring_in(database, listed, "weekly", "monthly") == ImportResult(2, 2, 0, 0, 0, None)
    with database.read() as connection:
        ann = directory.person(connection, "ann@example.org")
    assert ann is not None
    assert ann.name == "Ann"
    assert statuses(database, "ben@example.org") == {"weekly": "active", "monthly": "active"}
    assert [(c.action, c.digest, c.wording, c.source) for c in ann.consent] == [
        ("imported", "weekly", WORDING, "import"),
        ("imported", "monthly", WORDING, "import"),
    ]


def test_a_second_import_changes_nothing_at_all(
    database: Database, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 3)
    lines = [f"{n % 7}@example.org,{'Name' if n % 2 else ''}" for n in range(12)]
    listed.write_text("\n".join(["email,name", *lines, "nobody"]))
    first = bring_in(database, listed)
    assert (first.read, first.added, first.refused) == (13, 7, 1)
    before = everything(database)
    second = bring_in(database, listed)
    assert (second.added, second.changed, second.refused) == (0, 0, 1)
    assert second.unchanged == second.read - second.refused
    assert everything(database) == before


@pytest.mark.parametrize("chunk", [1, 2, 2000])
def test_a_person_who_stands_there_twice_is_one_whatever_the_spelling(
    database: Database, listed: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(run, "CHUNK", chunk)
    listed.write_text("ann@example.org\n ANN@example.org\nann@EXAMPLE.org\n")
    for dry_run in (True, False):
        assert bring_in(database, listed, dry_run=dry_run) == ImportResult(3, 1, 0, 2, 0, None)


def test_a_missing_name_is_filled_in_and_another_digest_begun(database: Database, listed: Path) -> None:
    listed.write_text("ann@example.org\nben@example.org\n")
    bring_in(database, listed)
    listed.write_text("email,name\nann@example.org,Ann\nben@example.org,\n")
    assert bring_in(database, listed) == ImportResult(2, 0, 1, 1, 0, None)
    assert bring_in(database, listed, "monthly") == ImportResult(2, 0, 2, 0, 0, None)
    assert statuses(database, "ann@example.org") == {"weekly": "active", "monthly": "active"}


def test_who_left_stays_away_and_is_named_in_the_refused_file(database: Database, listed: Path) -> None:
    with database.write() as connection:
        for name in ("left", "gone"):
            directory.add(
                connection, f"{name}@example.org", digests=["weekly"], wording=WORDING, source="cli"
            )
        directory.unsubscribe(connection, "left@example.org", digests=["weekly"], source="link")
        directory.unsubscribe(connection, "gone@example.org", source="link")
        suppression.suppress(connection, "bounced@example.org", Reason.BOUNCED, "event")
    listed.write_text(
        'email,name\nleft@example.org,=cmd()\nann@example.org,Ann\n"GONE@example.org",\n'
        "bounced@example.org,B\nwrong,W\n"
    )
    result = bring_in(database, listed)
    refused = listed.with_name("list.csv.refused.csv")
    assert result == ImportResult(5, 1, 0, 0, 4, str(refused))
    assert refused.read_text() == (
        '"line","reason","email","name"\n'
        '"2","unsubscribed","left@example.org","\'=cmd()"\n'
        '"4","suppressed: unsubscribed","GONE@example.org",""\n'
        '"5","suppressed: bounced","bounced@example.org","B"\n'
        '"6","The address has no @-sign.","wrong","W"\n'
    )
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600
    assert statuses(database, "left@example.org") == {"weekly": "unsubscribed"}


def test_the_refused_file_can_be_put_right_and_imported(database: Database, listed: Path) -> None:
    listed.write_text("ann.example.org,Ann\nben@example.org,Ben\n".replace("ann.example", "ann@@example"))
    refused = bring_in(database, listed).refused_file
    assert refused is not None
    again = listed.with_name("list.csv.refused.csv")
    again.chmod(0o644)
    again.write_text(again.read_text().replace("@@", "@"))
    assert bring_in(database, again) == ImportResult(1, 1, 0, 0, 0, None)


def test_a_list_is_not_overwritten_by_its_own_refused_rows(database: Database, listed: Path) -> None:
    listed.write_text("email\nwrong\n")
    with pytest.raises(SubscriberError, match="is the list itself"):
        bring_in(database, listed, refused_path=listed)
    with pytest.raises(SubscriberError, match="cannot be written"):
        bring_in(database, listed, refused_path=listed.with_name("nowhere") / "refused.csv")


def test_a_dry_run_says_the_same_and_changes_nothing(database: Database, listed: Path) -> None:
    listed.write_text("email\nann@example.org\nwrong\n")
    before = everything(database)
    tried = bring_in(database, listed, dry_run=True)
    assert everything(database) == before
    assert tried == bring_in(database, listed)


def test_progress_is_told_in_bytes_once_a_chunk(
    sqlite_database: Database, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 2)
    listed.write_text("email\n" + "".join(f"{n}@example.org\n" for n in range(5)))
    heard: list[tuple[int, int]] = []
    bring_in(sqlite_database, listed, progress=lambda done, whole: heard.append((done, whole)))
    assert len(heard) == 3
    assert heard[-1] == (listed.stat().st_size, listed.stat().st_size)


@pytest.mark.parametrize("content", ["", "\n\n", ",,,\n"])
def test_an_empty_list_is_told(sqlite_database: Database, listed: Path, content: str) -> None:
    listed.write_text(content)
    with pytest.raises(SubscriberError, match=r"list\.csv is empty"):
        bring_in(sqlite_database, listed)


def test_a_list_without_evidence_is_not_imported(sqlite_database: Database, listed: Path) -> None:
    listed.write_text("ann@example.org\n")
    with pytest.raises(SubscriberError, match="without evidence"):
        import_csv(sqlite_database.write, listed, digests=["weekly"], wording=" ", source="import")


def test_a_person_exported_for_one_digest_is_not_put_on_another(database: Database, listed: Path) -> None:
    listed.write_text(
        "email,digest,status\nann@example.org,weekly,active\nann@example.org,monthly,unsubscribed\n"
    )
    result = bring_in(database, listed, "weekly", "monthly")
    assert (result.added, result.changed) == (1, 1)
    assert statuses(database, "ann@example.org") == {"weekly": "active", "monthly": "unsubscribed"}


def test_a_list_that_says_someone_left_ends_the_subscription(database: Database, listed: Path) -> None:
    listed.write_text("ann@example.org\n")
    bring_in(database, listed)
    listed.write_text("email,status\nann@example.org,unsubscribed\n")
    assert bring_in(database, listed).changed == 1
    assert bring_in(database, listed).unchanged == 1
    assert statuses(database, "ann@example.org") == {"weekly": "unsubscribed"}
    with database.read() as connection:
        actions = list(connection.scalars(select(consents.c.action).order_by(consents.c.id)))
        assert actions == ["imported", "unsubscribed"]
        assert connection.scalar(select(func.count()).select_from(subscribers)) == 1


@pytest.mark.parametrize(
    ("rows", "seconds", "following"),
    [
        (1000, 0.04, 1000),
        (1000, 0.08, 500),
        (1000, 0.02, 2000),
        (1000, 0.001, 2000),
        (1000, 9, 100),
        (1, 0, 2000),
    ],
)
def test_a_transaction_holds_fewer_rows_where_they_take_longer(
    rows: int, seconds: float, following: int
) -> None:
    assert run.rows_next(rows, seconds) == following


def wiped(database: Database) -> None:
    with database.write() as connection:
        for table in (consents, subscriptions, subscribers, suppressions, forgotten):
            connection.execute(delete(table))


def standing(database: Database, email: str) -> str:
    """How a person stands after the import of another tool's list, in one word."""
    with database.read() as connection:
        person = directory.person(connection, email)
    if person is None:
        return "unknown"
    return person.suppression or person.subscriptions[0].status.value


WORDS = {"left": "unsubscribed", "pending": "unknown"}


@pytest.mark.parametrize("file", sorted(EXPORTS.glob("*.csv")), ids=lambda file: file.stem)
def test_the_lists_of_other_tools_are_read_and_nobody_is_mailed_who_was_not_there(
    sqlite_database: Database, tmp_path: Path, file: Path
) -> None:
    refused = tmp_path / "refused.csv"
    answers = read_answers(mailable=["status=enabled"]) if file.stem == "listmonk" else None
    result = bring_in(sqlite_database, file, refused_path=refused, answers=answers)
    people = [line for line in file.read_text().splitlines()[1:] if "@" in line]
    assert result.read == len(people)
    # Everyone's address begins with how they stood in the tool.
    named = [next(cell for cell in line.split(",") if "@" in cell) for line in people]
    for email in named:
        word = email.lower().partition(".")[0]
        assert standing(sqlite_database, email) == WORDS.get(word, word), word
    expected = {
        "This person has not confirmed.": len([e for e in named if e.startswith("pending")]),
        "Its status is not one that Rapport knows.": len([e for e in named if e.startswith("unknown")]),
    }
    rows = list(csv.reader(refused.read_text().splitlines()))[1:] if refused.exists() else []
    reasons = [row[1] for row in rows]
    assert {reason: reasons.count(reason) for reason in {*reasons, *expected}} == expected
    assert result.refused == len(reasons)
    again = bring_in(sqlite_database, file, refused_path=refused, answers=answers)
    assert (again.added, again.changed, again.refused) == (0, 0, result.refused)
    assert "203.0.113" not in repr(everything(sqlite_database))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("mailchimp-subscribed", "(Mailchimp: opted in 2021-03-04 10:11, confirmed 2021-03-04 10:15)"),
        ("substack", "(Substack: signed up 2021-03-04 10:11)"),
        ("ghost", "(Ghost: signed up 2021-03-04 10:11)"),
        ("kit", "(Kit: signed up 2021-03-04 10:11, by https://example.org/welcome)"),
        ("buttondown", "(Buttondown: signed up 2021-03-04 10:11, by embedded_form)"),
        ("beehiiv", "(beehiiv: signed up 2021-03-04 10:11)"),
        ("listmonk", "(listmonk: signed up 2021-03-04 10:11)"),
    ],
)
def test_the_evidence_says_when_and_how_the_person_agreed_as_the_tool_knows_it(
    sqlite_database: Database, tmp_path: Path, file: str, source: str
) -> None:
    answers = read_answers(mailable=["status=enabled"]) if file == "listmonk" else None
    refused = tmp_path / "refused.csv"
    bring_in(sqlite_database, EXPORTS / f"{file}.csv", refused_path=refused, answers=answers)
    with sqlite_database.read() as connection:
        ada = directory.person(connection, "active.ada@example.org")
    assert ada is not None
    assert [(c.wording, c.source) for c in ada.consent] == [(WORDING, f"import {source}")]


def test_a_list_that_says_who_bounced_or_complained_suppresses_them(database: Database, listed: Path) -> None:
    with database.write() as connection:
        for name in ("dan", "gone"):
            email = f"bounced.{name}@example.org"
            directory.add(connection, email, digests=["weekly"], wording=WORDING, source="cli")
        suppression.forget(connection, "complained.eve@example.org")
    listed.write_text((EXPORTS / "kit.csv").read_text())
    tried = bring_in(database, listed, dry_run=True)
    result = bring_in(database, listed)
    assert tried == result
    assert (result.added, result.changed, result.refused) == (2, 2, 1)
    with database.read() as connection:
        dan = directory.person(connection, "bounced.dan@example.org")
        assert dan is not None
        assert (dan.suppression, dan.subscriptions[0].status) == ("bounced", "active")
        assert [(c.action, c.wording) for c in dan.consent] == [("added", WORDING), ("suppressed", "bounced")]
        # Of the erased no more is kept than before: the complaint joins their hash.
        assert "complained.eve" not in repr(connection.execute(select(suppressions)).all())
        assert suppression.reasons(connection, "complained.eve@example.org") == {
            Reason.COMPLAINED,
            Reason.FORGOTTEN,
        }
    assert bring_in(database, listed).changed == 0


def test_an_erased_person_does_not_come_back_not_even_as_someone_who_left(
    database: Database, listed: Path
) -> None:
    with database.write() as connection:
        suppression.forget(connection, "ann@example.org")
    listed.write_text("email,status\nann@example.org,active\nann@example.org,unsubscribed\n")
    assert bring_in(database, listed).refused == 2
    assert "ann@example.org" not in repr(everything(database))
    assert "suppressed: forgotten" in listed.with_name("list.csv.refused.csv").read_text()


def test_other_writers_get_in_between_two_chunks(
    sqlite_database: Database, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 1)
    monkeypatch.setattr("pipeline.core.database.BUSY_TIMEOUT", 0)
    listed.write_text("ann@example.org\nben@example.org\nann@example.org\n")

    def unsubscribe(done: int, whole: int) -> None:
        with sqlite_database.write() as connection:
            directory.unsubscribe(connection, "ann@example.org", source="link")

    result = bring_in(sqlite_database, listed, progress=unsubscribe)
    assert (result.added, result.refused) == (2, 1)
    assert statuses(sqlite_database, "ann@example.org") == {"weekly": "unsubscribed"}


def begin_again(database: Database) -> None:
    """Two people: one left, mail to the other bounced."""
    wiped(database)
    with database.write() as connection:
        for name in ("left", "bad"):
            email = f"{name}@example.org"
            directory.add(connection, email, digests=["weekly"], wording=WORDING, source="cli")
        directory.unsubscribe(connection, "left@example.org", digests=["weekly"], source="link")
        suppression.suppress(connection, "bad@example.org", Reason.BOUNCED, "event")


def told(database: Database) -> list[Any]:
    """All that can be asked of everyone, without ids and times."""
    with database.read() as connection:
        emails = connection.scalars(select(subscribers.c.email).order_by(subscribers.c.email)).all()
        people = [directory.person(connection, email) for email in emails]
        kept = connection.execute(select(suppressions.c.email, suppressions.c.reason))
        return [
            *(
                (
                    p.email,
                    p.name,
                    [(s.digest, s.status) for s in p.subscriptions],
                    [(c.action, c.digest, c.wording) for c in p.consent],
                )
                for p in people
                if p
            ),
            *sorted(map(tuple, kept)),
        ]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ann@example.org", " BEN@example.org", "left@example.org", "bad@example.org", "wrong"]
        ),
        st.sampled_from(["", "Ann", "Ann Smith"]),
        st.sampled_from(["", "weekly", "monthly", "daily"]),
        st.sampled_from(["active", "active", "unsubscribed", "pending", "odd"]),
        st.sampled_from(["", "", "", "bounced", "complained"]),
    ),
    max_size=9,
)


@given(rows=ROWS, chunk=st.integers(1, 4))
@settings(max_examples=25)
def test_rows_come_to_the_same_in_any_chunks_and_a_dry_run_knows_it(
    sqlite_database: Database, listed: Path, rows: list[tuple[str, ...]], chunk: int
) -> None:
    listed.write_text("\n".join(["email,name,digest,status,suppression", *map(",".join, rows)]))

    def brought_in(size: int, **options: Any) -> ImportResult:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "CHUNK", size)
            patch.setattr(run, "PAUSE", 0)
            return bring_in(sqlite_database, listed, "weekly", "monthly", **options)

    begin_again(sqlite_database)
    before = told(sqlite_database)
    tried = brought_in(chunk, dry_run=True)
    assert told(sqlite_database) == before
    result = brought_in(chunk)
    assert tried == result
    after = told(sqlite_database)
    again = brought_in(chunk)
    assert (again.added, again.changed) == (0, 0)
    assert told(sqlite_database) == after
    begin_again(sqlite_database)
    assert brought_in(1000) == result
    assert told(sqlite_database) == after


def test_who_left_one_of_the_digests_is_put_on_none_of_them(database: Database, listed: Path) -> None:
    with database.write() as connection:
        email = "ann@example.org"
        directory.add(connection, email, digests=["weekly", "monthly"], wording=WORDING, source="cli")
        directory.unsubscribe(connection, email, digests=["weekly"], source="link")
    listed.write_text("ann@example.org\n")
    assert bring_in(database, listed, "weekly", "monthly").refused == 1
    assert statuses(database, "ann@example.org") == {"monthly": "active", "weekly": "unsubscribed"}


def test_who_is_known_and_has_no_subscription_is_given_one_and_stays_one_person(
    database: Database, listed: Path
) -> None:
    with database.write() as connection:
        directory.add(connection, "ann@example.org", digests=["weekly"], wording=WORDING, source="cli")
        connection.execute(delete(subscriptions))
    listed.write_text("email,name\nann@example.org,Ann\n")
    result = bring_in(database, listed)
    assert (result.added, result.changed) == (0, 1)
    with database.read() as connection:
        assert connection.execute(select(subscribers.c.name)).scalars().all() == ["Ann"]
    assert statuses(database, "ann@example.org") == {"weekly": "active"}


def test_that_mail_to_somebody_without_a_subscription_bounced_stands_among_their_records(
    database: Database, listed: Path
) -> None:
    with database.write() as connection:
        directory.add(connection, "ann@example.org", digests=["weekly"], wording=WORDING, source="cli")
        connection.execute(delete(subscriptions))
    listed.write_text("email,digest,status,suppression\nann@example.org,weekly,active,bounced\n")
    assert bring_in(database, listed).changed == 1
    with database.read() as connection:
        actions = list(connection.scalars(select(consents.c.action).order_by(consents.c.id)))
    assert actions == ["added", "suppressed"]


def test_a_row_may_say_that_somebody_left_and_bounced(database: Database, listed: Path) -> None:
    header = "email,digest,status,suppression\n"
    listed.write_text(header + "ann@example.org,weekly,unsubscribed,bounced\n")
    first = bring_in(database, listed)
    assert (first.added + first.changed, first.refused) == (1, 0)
    assert statuses(database, "ann@example.org") == {"weekly": "unsubscribed"}
    with database.read() as connection:
        assert suppression.reasons(connection, "ann@example.org") == {Reason.BOUNCED}
    assert bring_in(database, listed).unchanged == 1
    listed.write_text(header + "ann@example.org,weekly,active,\n")
    assert bring_in(database, listed).refused == 1


def test_the_refused_rows_are_for_their_owner_alone_though_the_file_was_there_before(
    sqlite_database: Database, listed: Path
) -> None:
    refused = listed.with_name("list.csv.refused.csv")
    refused.write_text("of an earlier import")
    refused.chmod(0o644)
    listed.write_text("email,name\nwrong,Zoë\n")
    bring_in(sqlite_database, listed)
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600
    assert refused.read_text(encoding="utf-8").splitlines()[1].endswith('"wrong","Zoë"')


def test_what_is_wrong_with_a_file_has_a_code_for_programs(sqlite_database: Database, listed: Path) -> None:
    listed.write_text("email\nwrong\n")
    for path in (listed, listed.with_name("nowhere") / "refused.csv"):
        with pytest.raises(SubscriberError) as told:
            bring_in(sqlite_database, listed, refused_path=path)
        assert told.value.code == "file"
