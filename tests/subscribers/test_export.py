"""The list out."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from subscribers import consent, digest_names, directory, export, suppression
from subscribers.consent import Action
from subscribers.export import export_csv, history
from subscribers.files import written_whole
from subscribers.importing.run import import_csv
from subscribers.people import Status
from subscribers.suppression import Reason
from subscribers.tables import consents, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

WORDING = 'ticked "the box", at the front desk'


def exported(database: Database) -> str:
    out = io.StringIO()
    export_csv(database.read, database.write, out, who="staff", what="the list")
    return out.getvalue()


def table(database: Database) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(database))))


def add(database: Database, email: str, *digests: str, name: str = "") -> None:
    with database.write() as connection:
        directory.add(connection, email, name=name, digests=digests, wording=WORDING, source="cli")


@pytest.mark.databases("sqlite", "postgresql")
def test_it_has_one_row_a_subscription_with_its_status(database: Database) -> None:
    add(database, "ann@example.org", "weekly", "monthly", name="Smith, Ann")
    with database.write() as connection:
        directory.unsubscribe(connection, "ann@example.org", digests=["weekly"], source="link")
    monthly, weekly = table(database)
    assert list(monthly) == list(export.COLUMNS)
    assert (monthly["email"], monthly["name"], monthly["digest"], monthly["status"]) == (
        "ann@example.org",
        "Smith, Ann",
        "monthly",
        "active",
    )
    assert (weekly["digest"], weekly["status"]) == ("weekly", "unsubscribed")
    assert weekly["since"].endswith("+00:00")


def test_it_holds_the_whole_history_of_each_digest_and_of_all_but_no_network_address(
    database: Database,
) -> None:
    add(database, "ann@example.org", "weekly", "monthly")
    with database.write() as connection:
        connection.execute(update(consents).values(network_address="203.0.113.7"))
        directory.unsubscribe(connection, "ann@example.org", source="link")
    monthly, weekly = (json.loads(row["consent"]) for row in table(database))
    assert [(one["action"], one["digest"]) for one in weekly] == [
        ("added", "weekly"),
        ("unsubscribed", "weekly"),
        ("unsubscribed", None),
    ]
    assert [one["digest"] for one in monthly] == ["monthly", "monthly", None]
    assert (weekly[0]["wording"], weekly[0]["source"]) == (WORDING, "cli")
    assert len(weekly[0]["version"]) == 8
    assert "203.0.113.7" not in exported(database)


def test_no_cell_runs_as_a_formula(database: Database) -> None:
    add(database, "=1+1@example.org", "-x", name="@SUM(A1)")
    with database.write() as connection:
        suppression.suppress(connection, "+2@example.org", Reason.MANUAL, "staff")
    rows = table(database)
    assert [(row["email"], row["name"], row["digest"]) for row in rows] == [
        ("'=1+1@example.org", "'@SUM(A1)", "'-x"),
        ("'+2@example.org", "", ""),
    ]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@\t\r＝")]


@pytest.mark.databases("sqlite", "postgresql")
def test_a_history_that_no_cell_has_room_for_is_told_from_both_ends_and_comes_back(
    database: Database, tmp_path: Path
) -> None:
    add(database, "ann@example.org", "weekly")
    with database.write() as connection:
        (ann,) = connection.scalars(select(subscribers.c.id))
        for n in range(400):
            said = f"{n}: {'so ' * 900}"
            consent.record(connection, ann, Action.PAUSED, digest="weekly", wording=said, source="page")
        directory.unsubscribe(connection, "ann@example.org", digests=["weekly"], source="link")
    (row,) = table(database)
    told = json.loads(row["consent"])
    assert len(row["consent"]) < 32_767
    assert (told[0]["wording"], told[-1]["action"]) == (WORDING, "unsubscribed")
    (gap,) = [one["left_out"] for one in told if "left_out" in one]
    assert len(told) - 1 + gap == 402
    assert all(len(one["wording"]) <= export.LONGEST_TEXT + 1 for one in told if "left_out" not in one)
    listed = tmp_path / "list.csv"
    listed.write_text(exported(database))
    result = import_csv(database.write, listed, digests=["weekly"], wording="Moved", source="import")
    assert (result.read, result.unchanged) == (1, 1)


@pytest.mark.databases("sqlite", "postgresql")
def test_who_must_get_no_mail_is_in_it_on_the_list_or_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    for n in range(3):
        add(database, f"{n}@example.org", "weekly")
    with database.write() as connection:
        for email in ("1@example.org", "x@example.org", "y@example.org", "z@example.org"):
            suppression.suppress(connection, email, Reason.BOUNCED, "event")
        suppression.suppress(connection, "y@example.org", Reason.COMPLAINED, "event")
        connection.execute(delete(subscriptions).where(subscriptions.c.subscriber_id == 3))
    rows = table(database)
    assert [(row["id"], row["email"], row["status"], row["suppression"]) for row in rows] == [
        ("1", "0@example.org", "active", ""),
        ("2", "1@example.org", "active", "bounced"),
        ("3", "2@example.org", "", ""),
        ("", "x@example.org", "", "bounced"),
        ("", "y@example.org", "", "complained"),
        ("", "z@example.org", "", "bounced"),
    ]


@pytest.mark.databases("sqlite", "postgresql")
def test_every_export_is_on_record_before_the_first_row_is_out(database: Database) -> None:
    add(database, "ann@example.org", "weekly", "monthly")
    exported(database)

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            with database.read() as connection:
                assert len(history(connection)) == 2
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        export_csv(database.read, database.write, Broken(), who="someone", what="the list, to a pipe")
    with database.read() as connection:
        found = history(connection)
    assert [(one.who, one.what, one.people) for one in found] == [
        ("someone", "the list, to a pipe", None),
        ("staff", "the list", 1),
    ]


def test_the_name_of_a_file_that_is_somebodys_address_is_not_kept(database: Database, tmp_path: Path) -> None:
    """It would outlive whoever is erased: in the record of exports, and in the proof of everyone else."""
    listed = tmp_path / "from jane@example.net.csv"
    listed.write_text("email\nbob@example.net\n")
    source = f"import of {listed.name}"
    import_csv(database.write, listed, digests=["weekly"], wording=WORDING, source=source)
    export_csv(
        database.read, database.write, io.StringIO(), who="staff", what="the list, to jane@example.net.csv"
    )
    with database.read() as connection:
        person = directory.person(connection, "bob@example.net")
        assert person
        assert person.consent[0].source == "import of from [address]"
        assert history(connection)[0].what == "the list, to [address]"


def test_a_file_is_written_whole_for_its_owner_alone_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before")
    path.chmod(0o644)

    def fail_midway() -> None:
        with written_whole(path) as file:
            file.write("half of")
            raise KeyError

    with pytest.raises(KeyError):
        fail_midway()
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("before", [path])
    with written_whole(path) as file:
        file.write("whole")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("whole", 0o600)


PEOPLE = st.dictionaries(
    st.text("ab'=+-", min_size=1, max_size=4).map("{}@example.org".format),
    st.tuples(
        st.text("aé\"',;=+-@\t\r\n ", max_size=8),
        st.dictionaries(
            st.sampled_from(["weekly", "-x"]), st.sampled_from(["active", "unsubscribed", "pending"])
        ),
        st.sampled_from([None, None, Reason.BOUNCED, Reason.MANUAL, Reason.UNSUBSCRIBED]),
    ),
    max_size=5,
)


def fill(database: Database, people: dict[str, Any]) -> None:
    empty(database)
    with database.write() as connection:
        for email, (name, held, reason) in people.items():
            id_ = directory.add(
                connection, email, name=name, digests=sorted(held), wording=WORDING, source="cli"
            ).id
            for digest, status in held.items():
                connection.execute(
                    update(subscriptions)
                    .where(subscriptions.c.subscriber_id == id_, subscriptions.c.digest == digest)
                    .values(status=status)
                )
            if reason is not None:
                suppression.suppress(connection, email, reason, "test")


def empty(database: Database) -> None:
    with database.write() as connection:
        for one in (consents, subscriptions, subscribers, suppressions):
            connection.execute(delete(one))


@pytest.mark.parametrize("configured", ["weekly", "letter"])
def test_what_was_exported_before_a_digest_got_another_name_comes_back(
    database: Database, tmp_path: Path, configured: str
) -> None:
    add(database, "ann@example.org", "weekly")
    add(database, "ben@example.org", "weekly")
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    before.write_text(exported(database), newline="")
    with database.write() as connection:
        digest_names.rename(connection, "weekly", "letter", source="test")
    after.write_text(exported(database).replace('"active"', '"unsubscribed"'), newline="")
    for path, changed in ((before, 0), (after, 2)):
        result = import_csv(database.write, path, digests=[configured], wording="Moved", source="import")
        assert (result.refused, result.changed) == (0, changed)
    assert {row["digest"]: row["status"] for row in table(database)} == {"letter": "unsubscribed"}


@given(PEOPLE)
@settings(max_examples=20)
def test_what_was_exported_comes_back_as_it_was(
    sqlite_database: Database, tmp_path: Path, people: dict[str, Any]
) -> None:
    fill(sqlite_database, people)
    listed = tmp_path / "list.csv"
    before = exported(sqlite_database)
    listed.write_text(before, newline="")

    def bring_in() -> tuple[int, int]:
        result = import_csv(
            sqlite_database.write, listed, digests=["weekly", "-x"], wording="Moved", source="import"
        )
        return result.added, result.changed

    # Into the same database it changes nothing at all;
    assert bring_in() == (0, 0)
    assert exported(sqlite_database) == before
    # into an empty one it brings everyone who may be mailed, and nobody else is mailed there.
    empty(sqlite_database)
    bring_in()
    again = list(csv.DictReader(io.StringIO(exported(sqlite_database))))
    assert mailed(again) == mailed(list(csv.DictReader(io.StringIO(before))))
    with sqlite_database.read() as connection:
        kept = {row.email for row in connection.execute(select(suppressions))}
    assert kept == {email for email, (_, _, reason) in people.items() if reason}
    assert bring_in() == (0, 0)


def test_a_pause_is_kept_where_the_list_is_brought(database: Database, tmp_path: Path) -> None:
    add(database, "ann@example.org", "weekly", "monthly")
    with database.write() as connection:
        until = date(2027, 1, 2)
        connection.execute(
            update(subscriptions).where(subscriptions.c.digest == "weekly").values(paused_until=until)
        )
    listed = tmp_path / "list.csv"
    listed.write_text(exported(database))
    empty(database)
    import_csv(database.write, listed, digests=["weekly", "monthly"], wording="Moved", source="import")
    assert [(row["digest"], row["paused_until"]) for row in table(database)] == [
        ("monthly", ""),
        ("weekly", "2027-01-02"),
    ]
    listed.write_text(listed.read_text().replace("2027-01-02", "soon"))
    empty(database)
    import_csv(database.write, listed, digests=["weekly", "monthly"], wording="Moved", source="import")
    assert [row["digest"] for row in table(database)] == ["monthly"]


ODD_NAMES = ["", "x;=1+1;", "@sum", "'=1", 'O"Neill', "Ann, -b", "＝1", "a|=b", "J <j@example.org>", "active"]
ODD_TEXTS = [WORDING, "=1;+2|-3\t@4", "unsubscribed; opted out", "line\nline", 'a "quote" \\', "x" * 90_000]


def test_thousands_of_people_with_every_oddity_come_back_unchanged(
    sqlite_database: Database, tmp_path: Path
) -> None:
    # Three pages out, two transactions in, and every meeting of the oddities: they return after 2,340 people.
    at, many = datetime(2026, 3, 1, tzinfo=UTC), range(2_500)
    email = [f"{'+=-|'[n % 4]}{n}@example.org" for n in many]
    digests = {n: ["weekly"] if n % 3 else ["-x", "weekly"] for n in many if n % 13}
    held = [
        {
            "subscriber_id": n,
            "digest": digest,
            "status": list(Status)[n % 5 % 3],
            "since": at,
            "paused_until": pause,
        }
        for n, some in digests.items()
        for digest, pause in zip(some, (None, at.date()), strict=False)
    ]
    said = [
        {
            "subscriber_id": n,
            "at": at,
            "action": action,
            "digest": digest,
            "wording": wording,
            "source": wording,
        }
        for n in many
        for digest, wording in (("weekly", ODD_TEXTS[n % 5 + (n < 50)]), (None, ODD_TEXTS[n % 4]))
        for action in (Action.ADDED, Action.UNSUBSCRIBED)
    ]
    stopped = [
        {"email": whose, "reason": list(Reason)[n % 4], "at": at, "source": "event"}
        for n, whose in enumerate([*email[::9], *(f"'={n}@example.org" for n in range(500))])
    ]
    with sqlite_database.write() as connection:
        people = [{"id": n, "email": email[n], "name": ODD_NAMES[n % 10], "created_at": at} for n in many]
        for into, rows in (
            (subscribers, people),
            (subscriptions, held),
            (consents, said),
            (suppressions, stopped),
        ):
            connection.execute(into.insert(), rows)
    listed = tmp_path / "list.csv"
    before = exported(sqlite_database)
    listed.write_text(before, newline="")
    for dry_run in (True, False):
        result = import_csv(
            sqlite_database.write, listed, digests=["weekly", "-x"], wording="W", source="s", dry_run=dry_run
        )
        assert (result.added, result.changed) == (0, 0)
        assert set(result.unused_columns) == {"id", "since", "consent"}
    assert exported(sqlite_database) == before
    # Whoever is refused may not be mailed, and that is the reason.
    with (tmp_path / "list.csv.refused.csv").open(newline="") as file:
        reasons = {row["reason"] for row in csv.DictReader(file)}
    assert reasons <= {
        "unsubscribed",
        "This person has not confirmed.",
        *(f"suppressed: {reason}" for reason in Reason),
    }


def mailed(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted(
        (row["email"], row["name"], row["digest"])
        for row in rows
        if row["status"] == "active" and not row["suppression"]
    )
