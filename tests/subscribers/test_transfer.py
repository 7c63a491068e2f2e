"""Lists in and out."""

from __future__ import annotations

import csv
import io
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from subscribers import directory, suppression, transfer
from subscribers.errors import SubscriberError
from subscribers.export import export_csv
from subscribers.suppression import Reason
from subscribers.tables import consents, metadata, subscribers, subscriptions
from subscribers.transfer import ImportResult, import_csv

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.database import Database

WORDING = "ticked the box at the front desk"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def bring_in(database: Database, path: Path, *digests: str, **options: Any) -> ImportResult:
    return import_csv(
        database.write, path, digests=digests or ("weekly",), wording=WORDING, source="import", **options
    )


def exported(database: Database) -> str:
    out = io.StringIO()
    export_csv(database.read, database.write, out, who="nobody", what="a test")
    return out.getvalue()


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
    monkeypatch.setattr(transfer, "CHUNK", 3)
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
    monkeypatch.setattr(transfer, "CHUNK", chunk)
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
        "line,reason,email,name\n"
        "2,unsubscribed,left@example.org,'=cmd()\n"
        "4,suppressed: unsubscribed,GONE@example.org,\n"
        "5,suppressed: bounced,bounced@example.org,B\n"
        "6,The address has no @-sign.,wrong,W\n"
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
    monkeypatch.setattr(transfer, "CHUNK", 2)
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


def test_the_export_has_one_row_a_subscription_and_runs_no_formula(database: Database, listed: Path) -> None:
    listed.write_text('email,name\n=1+1@example.org,"@SUM(A1)"\nann@example.org,"Smith, Ann"\n')
    bring_in(database, listed, "weekly", "monthly")
    with database.write() as connection:
        directory.unsubscribe(connection, "ann@example.org", digests=["weekly"], source="link")
    found = list(csv.reader(io.StringIO(exported(database))))
    assert found[0] == ["id", "email", "name", "digest", "status", "since"]
    assert [row[1:5] for row in found[1:]] == [
        ["'=1+1@example.org", "'@SUM(A1)", "monthly", "active"],
        ["'=1+1@example.org", "'@SUM(A1)", "weekly", "active"],
        ["ann@example.org", "Smith, Ann", "monthly", "active"],
        ["ann@example.org", "Smith, Ann", "weekly", "unsubscribed"],
    ]
    assert all(row[5].endswith("+00:00") for row in found[1:])


PEOPLE = st.dictionaries(
    st.text("ab'=+-", min_size=1, max_size=4).map("{}@example.org".format),
    st.tuples(
        st.text("aé\"',;=+-@\t\r\n ", max_size=8),
        st.dictionaries(st.sampled_from(["weekly", "-x"]), st.booleans(), min_size=1),
    ),
    max_size=5,
)


@given(PEOPLE)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_exported_comes_back_as_it_was(
    sqlite_database: Database, listed: Path, people: dict[str, tuple[str, dict[str, bool]]]
) -> None:
    empty(sqlite_database)
    with sqlite_database.write() as connection:
        for email, (name, held) in people.items():
            directory.add(connection, email, name=name, digests=sorted(held), wording=WORDING, source="cli")
            left = sorted(digest for digest, active in held.items() if not active)
            directory.unsubscribe(connection, email, digests=left, source="link")
    before = exported(sqlite_database)
    empty(sqlite_database)
    listed.write_text(before, newline="")
    result = bring_in(sqlite_database, listed, "weekly", "-x")
    assert result.refused == 0
    assert result.added == len(people)
    assert without_ids(exported(sqlite_database)) == without_ids(before)
    assert bring_in(sqlite_database, listed, "weekly", "-x").unchanged == result.read


def empty(database: Database) -> None:
    with database.write() as connection:
        for table in (consents, subscriptions, subscribers):
            connection.execute(delete(table))


def without_ids(text: str) -> list[list[str]]:
    return sorted(row[1:5] for row in csv.reader(io.StringIO(text)))


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
