"""An archive that somebody else made: it writes in one folder, runs nothing, and is refused in time."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import sqlite3
import subprocess
import tarfile
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.backup.archive import member, pack
from pipeline.backup.copy import Sum, sums_of
from pipeline.backup.manifest import Manifest
from pipeline.backup.restore import check, restore
from pipeline.cli import main
from pipeline.core.database import Database
from pipeline.core.errors import RapportError
from pipeline.core.schema import HEAD, migrate, schema_state
from tests import commands
from tests.backup.test_backup import CONFIG
from tests.installations import subscribe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[sqlite3.Connection], object]

TEMPLATE = "mail/notice.txt"


@pytest.fixture
def made(sqlite_template: Path, tmp_path: Path) -> Path:
    """A folder from which `packed` makes an archive: a database of three readers."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    with closing(
        Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'rapport.db')}")
    ) as database:
        subscribe(database, 3)
    with closing(sqlite3.connect(folder / "rapport.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return folder


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    return folder


def packed(folder: Path, config: str = CONFIG, template: str = "{{ subject }}", schema: str = HEAD) -> Path:
    """The archive, with a manifest that agrees with everything in it."""
    (folder / "templates" / "mail").mkdir(parents=True, exist_ok=True)
    (folder / "templates" / TEMPLATE).write_text(template)
    (folder / "rapport.toml").write_text(config)
    (folder / "rapport.secret").write_text("a secret of a stranger's choosing")
    try:
        with (
            closing(Database(f"sqlite:///{folder / 'rapport.db'}")) as database,
            database.read() as connection,
        ):
            sums = sums_of(connection)
    except Exception:
        sums = {"subscribers": Sum(3, "")}
    with closing(sqlite3.connect(folder / "rapport.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    names = ["rapport.db", "rapport.toml", "rapport.secret", f"templates/{TEMPLATE}"]
    members = {name: member(folder / name) for name in names}
    file = folder.parent / "stranger.tar.gz"
    with file.open("wb") as out:
        pack(out, folder, Manifest("0.1.0", schema, datetime.now(UTC), sums, members, []))
    return file


def there(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# The database


ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS id FROM r"


def replaced(connection: sqlite3.Connection, name: str, sql: str) -> None:
    connection.executescript(f"PRAGMA foreign_keys=OFF; DROP TABLE {name}; {sql}")


def respelt(connection: sqlite3.Connection, table: str, said: str, now: str) -> None:
    connection.execute("PRAGMA writable_schema=ON")
    change = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ? AND instr(sql, ?)"
    assert connection.execute(change, (said, now, table, said)).rowcount == 1


def one_more(connection: sqlite3.Connection, person: str, given: int | str = 3) -> None:
    connection.executescript(
        "INSERT INTO subscribers (id, email, name, created_at) "
        f"VALUES ({person}, 'a@example.org', '', '2026-11-30 00:00:00.000000'); "
        f"UPDATE sqlite_sequence SET seq = {given} WHERE name = 'subscribers'"
    )


PICTURE = "INSERT INTO image_sources (url, address, checked_at, width, transparent) VALUES ('x', 'x', "

CHANGES: dict[str, Change] = {
    "a view that never ends": lambda c: replaced(c, "asked", f"CREATE VIEW asked AS {ENDLESS}"),
    "a view beside": lambda c: c.execute(f"CREATE VIEW more AS {ENDLESS}"),
    "a trigger": lambda c: c.execute(
        "CREATE TRIGGER more AFTER INSERT ON subscribers BEGIN DELETE FROM suppressions; END"
    ),
    "a table": lambda c: c.execute("CREATE TABLE more (a)"),
    "a virtual table": lambda c: c.execute("CREATE VIRTUAL TABLE more USING fts5(a)"),
    "a computed column": lambda c: c.execute(
        "ALTER TABLE asked ADD COLUMN more TEXT AS (hex(zeroblob(1000000000)))"
    ),
    "a column": lambda c: c.execute("ALTER TABLE subscribers ADD COLUMN more TEXT"),
    "a default": lambda c: replaced(
        c, "asked", "CREATE TABLE asked (id INTEGER PRIMARY KEY, mailbox DEFAULT (randomblob(9)), at)"
    ),
    "an index over an expression": lambda c: c.execute("CREATE INDEX more ON asked (hex(mailbox))"),
    "no trigger that guards consent": lambda c: c.execute("DROP TRIGGER consents_are_final"),
    "no index": lambda c: c.execute("DROP INDEX ix_asked_mailbox"),
    "another schema": lambda c: c.execute("UPDATE alembic_version SET version_num = '0004'"),
    "two schemas": lambda c: c.execute("INSERT INTO alembic_version VALUES ('0001')"),
    "a moment that is none": lambda c: c.execute("UPDATE subscribers SET created_at = 'never'"),
    "a rule that is part of a type": lambda c: respelt(
        c, "subscribers", "created_at DATETIME NOT NULL", "created_at DATETIMENOT NULL"
    ),
    "a space that is a letter": lambda c: respelt(
        c, "subscribers", "created_at DATETIME NOT NULL", "created_at DATETIME\u00a0NOT NULL"
    ),
    "another word for nothing": lambda c: respelt(c, "editions", "DEFAULT ''", "DEFAULT ' '"),
    "a word for a number": lambda c: c.execute(f"{PICTURE}'2026-11-30 00:00:00.000000', 'wide', 0)"),
    "a word for yes": lambda c: c.execute(f"{PICTURE}'2026-11-30 00:00:00.000000', 1, 'yes')"),
    "a number for a moment": lambda c: c.execute(f"{PICTURE}5, 1, 0)"),
    "an id after which there are few": lambda c: one_more(c, "9223372036850000000"),
    "an id below zero": lambda c: one_more(c, "-3"),
    "a next id after which there are few": lambda c: one_more(c, "4", 9223372036850000000),
    "a next id that is none": lambda c: one_more(c, "4", "'x'"),
    "bytes for a name": lambda c: c.execute("UPDATE subscribers SET name = x'ff00' WHERE id = 1"),
    "a row too large for memory": lambda c: c.execute("UPDATE subscribers SET name = hex(zeroblob(600000))"),
    "a value too large for memory": lambda c: c.execute(
        "UPDATE subscribers SET name = zeroblob(20000001) WHERE id = 1"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_database_that_is_not_made_as_ours_is_refused(made: Path, clone: Path, change: Change) -> None:
    with closing(sqlite3.connect(made / "rapport.db")) as connection:
        change(connection)
        connection.commit()
    begun = time.monotonic()
    file = packed(made)
    for attempt in (lambda: check(file), lambda: restore(file, clone / "rapport.toml", {})):
        with pytest.raises(RapportError, match=r"database in .* is not what its manifest says"):
            attempt()
    assert time.monotonic() - begun < 60
    assert there(clone) == set()


@pytest.mark.parametrize("schema", ["", "0000", "0004", "0012+1", "base", "-1", "0016; DROP", "٠٠٠٤"])
def test_a_schema_that_is_none_of_ours_or_not_that_of_the_database(made: Path, schema: str) -> None:
    with pytest.raises(RapportError, match=r"is not what its manifest says|newer Rapport"):
        check(packed(made, schema=schema))


def test_what_is_forged_below_the_schema_is_found(made: Path) -> None:
    """Two tables that share their pages: whoever writes to one writes to the other."""
    with closing(sqlite3.connect(made / "rapport.db")) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'asked') "
            "WHERE name = 'exports'"
        )
        connection.commit()
    with pytest.raises(RapportError, match="is not what its manifest says"):
        check(packed(made))


def test_what_the_manifest_says_of_itself_is_shown_on_a_terminal() -> None:
    for more in (
        {"rapport": "1\x1b[2J"}, {"schema": "9999\x1b[2J"}, {"left_out": ["a\nb"]}, {"left_out": ["a"] * 99},
        {"tables": {}}, {"tables": {"subscribers": {"rows": 3, "sum": "\x1b[2J"}}},
    ):  # fmt: skip
        manifest = Manifest("0.1.0", HEAD, datetime.now(UTC), {"subscribers": Sum(3, "")}, {}, [])
        document = json.loads(manifest.text()) | more
        with pytest.raises(ValueError):
            Manifest.read(json.dumps(document).encode())


# Templates and configuration


def test_without_a_terminal_they_are_not_put_in_place_and_the_result_says_so(
    made: Path, clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115
    monkeypatch.delenv("RAPPORT_SECRET", raising=False)
    monkeypatch.chdir(clone)
    assert main(["restore", str(packed(made)), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["wrote"], done["not_placed"]) == ([], ["rapport.toml", f"templates/{TEMPLATE}"])
    assert there(clone) >= {"rapport.db", "rapport.secret"}
    assert not any(name.startswith(("rapport.toml", "templates")) for name in there(clone))


def test_on_request_they_are_and_what_was_there_is_kept_beside(made: Path, clone: Path) -> None:
    own = clone / "templates" / TEMPLATE
    own.parent.mkdir(parents=True)
    own.write_text("Mine")
    (clone / "rapport.toml").write_text(CONFIG.replace("Weekly", "Other"))
    with time_machine.travel(datetime(2026, 11, 30, 9, tzinfo=UTC), tick=False):
        file = packed(made)
    done = restore(file, clone / "rapport.toml", {}, agree=lambda proposed: True)
    assert (done.wrote, done.kept) == ([str(own)], [str(clone / "rapport.toml")])
    assert own.read_text() == "{{ subject }}"
    assert own.with_name("notice.txt.before-20261130T090000").read_text() == "Mine"
    assert "Other" in (clone / "rapport.toml").read_text()


def test_on_a_terminal_what_differs_is_shown_and_asked_about(made: Path, clone: Path, tmp_path: Path) -> None:
    file = packed(made, template="{{ subject }}\n\x1b[2J and more")
    for answer, placed in ((b"n\n", False), (b"y\n", True)):
        shutil.rmtree(clone)
        clone.mkdir()
        master, slave = pty.openpty()
        restore_it = [commands.command(), "restore", file]
        ran = subprocess.Popen(restore_it, stdin=slave, stdout=slave, stderr=slave, cwd=clone)
        os.write(master, answer)
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # the other end is closed
            pass
        assert ran.wait(60) == 0
        os.close(master)
        assert b"+{{ subject }}" in shown
        assert b"+public_url = " in shown
        assert b"\x1b[2J" not in shown
        assert (clone / "rapport.toml").exists() == (clone / "templates" / TEMPLATE).exists() == placed


OUTSIDE = {
    "templates above": '[theme]\ntemplates = "../elsewhere"\n',
    "templates anywhere": '[theme]\ntemplates = "{elsewhere}"\n',
    "templates by a link": '[theme]\ntemplates = "link"\n',
    "a database above": '[database]\nurl = "sqlite:///../elsewhere/rapport.db"\n',
    "a database anywhere": '[database]\nurl = "sqlite:////{elsewhere}/rapport.db"\n',
    "a database by a link": '[database]\nurl = "sqlite:///link/rapport.db"\n',
    "a database by a uri": '[database]\nurl = "sqlite:///file:{elsewhere}/rapport.db?uri=true"\n',
    "a database on a server": '[database]\nurl = "postgresql://stranger@127.0.0.1:1/list"\n',
}


@pytest.mark.parametrize("config", OUTSIDE.values(), ids=OUTSIDE)
def test_nothing_is_written_outside_the_folder_whatever_its_configuration_says(
    made: Path, clone: Path, tmp_path: Path, config: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (clone / "link").symlink_to(elsewhere)
    file = packed(made, CONFIG + config.format(elsewhere=elsewhere))
    with pytest.raises(RapportError, match="inside"):
        restore(file, clone / "rapport.toml", {}, agree=lambda proposed: True)
    assert there(clone) == there(elsewhere) == set()
    done = restore(file, clone / "rapport.toml", {})
    assert there(elsewhere) == set()
    assert done.database == str(clone / "rapport.db")


def test_a_link_in_the_way_of_a_template_is_not_followed(made: Path, clone: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (clone / "templates").mkdir()
    (clone / "templates" / "mail").symlink_to(elsewhere)
    with pytest.raises(RapportError, match="not a file inside"):
        restore(packed(made), clone / "rapport.toml", {}, agree=lambda proposed: True)
    assert there(elsewhere) == there(clone) == set()


def test_the_operators_own_word_counts_wherever_it_leads(made: Path, clone: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    url = f"sqlite:///{tmp_path / 'elsewhere' / 'rapport.db'}"
    evil = CONFIG + '[database]\nurl = "postgresql://stranger@127.0.0.1:1/list"\n'
    named = {"RAPPORT_DATABASE__URL": url}
    done = restore(packed(made, evil), clone / "rapport.toml", named, agree=lambda proposed: True)
    assert done.database == str(tmp_path / "elsewhere" / "rapport.db")


def test_a_configuration_that_cannot_be_read_stops_only_who_wants_it(made: Path, clone: Path) -> None:
    for config in ("x = " + "[" * 100_000, "[newsletter]\nname = 3\n", "\0"):
        file = packed(made, config)
        with pytest.raises(RapportError):
            restore(file, clone / "rapport.toml", {}, agree=lambda proposed: True)
        assert there(clone) == set()
    assert restore(file, clone / "rapport.toml", {}).not_placed[0] == "rapport.toml"


def test_a_secret_that_is_none(made: Path, clone: Path) -> None:
    file = packed(made)
    (made / "rapport.secret").write_bytes(b"\xff" * 40)
    names = ["rapport.db", "rapport.secret"]
    with closing(Database(f"sqlite:///{made / 'rapport.db'}")) as database, database.read() as connection:
        sums = sums_of(connection)
    members = {name: member(made / name) for name in names}
    with file.open("wb") as out:
        pack(out, made, Manifest("0.1.0", HEAD, datetime.now(UTC), sums, members, []))
    with pytest.raises(RapportError):
        restore(file, clone / "rapport.toml", {})
    assert there(clone) == set()


@pytest.mark.parametrize("where", [".", ".venv/lib", "venv/lib", ".ssh", "new/.config"])
def test_templates_come_to_lie_among_nothing_that_is_run(made: Path, clone: Path, where: str) -> None:
    for folder in (".venv/lib", "venv/lib"):
        (clone / folder).mkdir(parents=True)
    with pytest.raises(RapportError, match="no new folder inside"):
        restore(
            packed(made, f'{CONFIG}[theme]\ntemplates = "{where}"\n'), clone / "rapport.toml", {},
            agree=lambda proposed: True,
        )  # fmt: skip
    assert there(clone) == set()


def test_a_new_folder_for_templates_is_made(made: Path, clone: Path) -> None:
    file = packed(made, f'{CONFIG}[theme]\ntemplates = "letters/own"\n')
    restore(file, clone / "rapport.toml", {}, agree=lambda proposed: True)
    assert (clone / "letters" / "own" / TEMPLATE).is_file()


def test_the_operators_own_folder_for_templates_may_be_there(made: Path, clone: Path) -> None:
    (clone / "own").mkdir()
    named = {"RAPPORT_THEME__TEMPLATES": "own"}
    restore(packed(made), clone / "rapport.toml", named, agree=lambda proposed: True)
    assert (clone / "own" / TEMPLATE).is_file()


def test_a_header_that_contradicts_itself(made: Path) -> None:
    file = packed(made)
    with tarfile.open(file, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size, entry.pax_headers = 1, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        tar.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(RapportError, match="is no backup of Rapport, or is damaged"):
        check(file)


def test_a_moment_beyond_the_calendar_in_a_manifest() -> None:
    manifest = Manifest("0.1.0", HEAD, datetime.now(UTC), {"subscribers": Sum(3, "")}, {}, [])
    document = json.loads(manifest.text())
    for made in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(OverflowError):
            Manifest.read(json.dumps(document | {"made": made}).encode())


def test_a_number_that_is_none_is_said_of_the_archive(made: Path, clone: Path) -> None:
    with closing(sqlite3.connect(made / "rapport.db")) as connection:
        connection.execute("INSERT INTO marks VALUES ('numbers', 'x', '2026-11-30 00:00:00')")
        connection.commit()
    with pytest.raises(RapportError, match="is no backup of Rapport, or is damaged"):
        restore(packed(made), clone / "rapport.toml", {})
    assert there(clone) == set()


def test_a_list_of_an_older_rapport_that_is_in_the_way_stays_as_it_is(made: Path, clone: Path) -> None:
    with closing(Database(f"sqlite:///{clone / 'rapport.db'}")) as database:
        migrate(database, "0008")
        with database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO subscribers (email, name, created_at) VALUES ('a@example.org', '', '2026-01-01')"
            )
        with pytest.raises(RapportError, match="is not empty"):
            restore(packed(made), clone / "rapport.toml", {})
        assert schema_state(database).revision == "0008"
