"""A backup made mid-send, proven, damaged, and restored: nobody it can know of is mailed twice."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import signal
import stat
import tarfile
import tracemalloc
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select

import pipeline.delivery.send
from pipeline.backup.archive import SECRETS, member, pack
from pipeline.backup.copy import Sum, sums_of
from pipeline.backup.make import backup
from pipeline.backup.manifest import Manifest, Member
from pipeline.backup.restore import check, restore
from pipeline.core.database import Database
from pipeline.core.errors import RapportError
from pipeline.core.schema import HEAD, open_database
from pipeline.core.sections.delivery import Delivery
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches
from pipeline.delivery.events import take
from pipeline.editions import after_restore, states
from pipeline.editions.approval import approve
from pipeline.editions.ledger import doubt
from pipeline.providers.choice import provider
from pipeline.providers.events import Kind
from subscribers.export import history
from subscribers.signing_secrets import load_secrets
from subscribers.tables import subscribers
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import StrictSendGrid
from tests.installations import installation, run_one, subscribe
from tests.ledgers import AT, Left, attempt, event, handed_over, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation

CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
postal_address = "1 Willow Street, Springfield"
public_url = "https://letter.example.org"

[[feeds]]
url = "http://127.0.0.1:1/feed"
"""
SECRET = "a secret for the tests alone"


@pytest.fixture
def sendgrid(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        monkeypatch.setenv("SENDGRID_API_KEY", server.key)
        yield server
    assert server.problems == []


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog([Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]) as served:
        yield served


@pytest.fixture(scope="module")
def backed_up(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a backup of three readers, with a secret, rapport.toml and a template."""
    folder = tmp_path_factory.mktemp("practice")
    (folder / "templates" / "mail").mkdir(parents=True)
    (folder / "templates" / "mail" / "notice.txt").write_text("{{ subject }}")
    (folder / "rapport.toml").write_text(CONFIG)
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'rapport.db')}")
    installed = installation(database, folder, "http://127.0.0.1:1/feed", theme={"templates": "templates"})
    installed.environment = {}
    load_secrets({}, installed.secret_file)
    subscribe(database, 3)
    backup(installed, folder / "rapport.toml", folder / "kept.tar.gz", who="test")
    database.close()
    return folder


@pytest.fixture
def kept(backed_up: Path, sqlite_url: str, tmp_path: Path) -> Path:
    """The backup in a copy of its folder; `sqlite_database` is the practice's."""
    shutil.copytree(backed_up, tmp_path, dirs_exist_ok=True)
    return tmp_path / "kept.tar.gz"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The folder of another machine, with nothing in it."""
    folder = tmp_path / "clone"
    folder.mkdir()
    return folder


def readers_mailed(sendgrid: StrictSendGrid, subject: str) -> Counter[str]:
    return Counter(mail.address for mail in sendgrid.deliveries if mail.subject == subject)


class BackingUp:
    """The real provider, a batch at a time; before its second request a backup is made."""

    parallel = 1

    def __init__(self, chosen: Any, make: Callable[[], object]) -> None:
        self._chosen, self._make, self._sent = chosen, make, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chosen, name)

    def send(self, *what: Any) -> Any:
        self._sent += 1
        if self._sent == 2:
            self._make()
        return self._chosen.send(*what)


def practice(database: Database, folder: Path, blog: Blog, sendgrid: StrictSendGrid) -> Installation:
    return installation(
        database,
        folder,
        blog.url,
        delivery={
            "provider": "sendgrid",
            "batch_size": 2,
            "probe_public_url": False,
            "sendgrid": {"api_url": sendgrid.url},
        },
        staff={"emails": ["editor@example.org"]},
    )


def test_a_backup_from_the_middle_of_a_send_mails_nobody_twice(
    database: Database,
    clone: Path,
    tmp_path: Path,
    blog: Blog,
    sendgrid: StrictSendGrid,
    monkeypatch: pytest.MonkeyPatch,
    new_postgresql_database: Callable[[], str],
) -> None:
    installed = practice(database, tmp_path, blog, sendgrid)
    subscribe(database, 6)
    file = tmp_path / "kept.tar.gz"
    monkeypatch.setattr(
        pipeline.delivery.send,
        "provider",
        lambda config, folder: BackingUp(
            provider(config, folder), lambda: backup(installed, None, file, who="test")
        ),
    )
    assert run_one(installed, at_once=True).outcome == "sent"
    monkeypatch.undo()
    monkeypatch.setenv("SENDGRID_API_KEY", sendgrid.key)
    everyone = {f"reader{n}@example.net": 1 for n in range(1, 7)}
    assert readers_mailed(sendgrid, "A calm morning") == everyone

    assert check(file).tables["batches"].rows == 3
    # Into the other kind of database.
    (clone / "rapport.toml").write_text(CONFIG)
    url = f"sqlite:///{clone / 'rapport.db'}" if not database.sqlite else new_postgresql_database()
    done = restore(file, clone / "rapport.toml", {"RAPPORT_DATABASE__URL": url, "RAPPORT_SECRET": SECRET})
    assert done.stopped == ["weekly-1"]
    again = Database(url)
    with again.read() as connection:
        assert list(connection.execute(select(batches.c.state).order_by(batches.c.number)).scalars()) == [
            "sent",
            "uncertain",
            "waiting",
        ]
    there = practice(again, clone, blog, sendgrid)
    ran = run_one(there, at_once=True)
    assert ran.outcome == "paused"
    assert "may have been handed it since" in ran.reason
    (told,) = [mail for mail in sendgrid.deliveries if "Restored from a backup" in mail.subject]
    assert told.address == "editor@example.org"
    assert "weekly-1" in told.text
    # Staff saw at their provider that it went out. The next letter may have, too.
    with again.write() as connection:
        states.cancel(connection, "weekly-1")
    blog.items.insert(0, Item("A later post", datetime.now(UTC)))
    held = run_one(there, at_once=True)
    assert held.outcome == "held"
    assert held.edition is not None
    assert "may have been sent since" in held.reason
    assert run_one(there, at_once=True).outcome == "held"
    assert readers_mailed(sendgrid, "A later post") == {}
    approve(there, held.edition.slug)
    assert run_one(there, at_once=True).outcome == "sent"
    assert readers_mailed(sendgrid, "A later post") == everyone
    assert readers_mailed(sendgrid, "A calm morning") == everyone
    # That answered it for good.
    blog.items.insert(0, Item("The last post", datetime.now(UTC)))
    assert run_one(there, at_once=True).outcome == "sent"
    again.close()


def test_it_brings_back_everything_on_an_empty_machine(
    kept: Path, clone: Path, sqlite_database: Database
) -> None:
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert check(kept).tables["subscribers"].rows == 3
    done = restore(kept, clone / "rapport.toml", {}, agree=lambda proposed: True)
    assert sorted(done.wrote) == [str(clone / "rapport.toml"), str(clone / "templates/mail/notice.txt")]
    secret = clone / "rapport.secret"
    assert secret.read_bytes() == (kept.parent / "rapport.secret").read_bytes()
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    brought = Database(f"sqlite:///{clone / 'rapport.db'}")
    with sqlite_database.read() as before, brought.read() as after:
        assert set(after.execute(select(marks.c.name)).scalars()) == {"numbers", "restored"}
        different = {name for name, one in sums_of(after).items() if one != sums_of(before)[name]}
        # There it says now that the backup came to its end, and here that it was restored.
        assert different == {"marks", "exports", "staff_log"}
        (record,) = history(before)
        assert (record.who, record.what, record.people) == ("test", "a backup, to kept.tar.gz", 3)
    brought.close()
    assert sorted(path.name for path in kept.parent.glob(".*")) == []


def test_what_is_there_is_never_overwritten(kept: Path, clone: Path) -> None:
    (clone / "templates" / "mail").mkdir(parents=True)
    (clone / "templates" / "mail" / "notice.txt").write_text("Mine")
    (clone / "rapport.secret").write_text("another secret of this machine")
    (clone / "rapport.toml").write_text(CONFIG.replace("Weekly", "Other"))
    done = restore(kept, clone / "rapport.toml", {})
    assert (done.kept, done.not_placed) == ([str(clone / "rapport.toml")], ["templates/mail/notice.txt"])
    assert (clone / "templates" / "mail" / "notice.txt").read_text() == "Mine"
    assert "Other" in (clone / "rapport.toml").read_text()
    ours, theirs = (clone / "rapport.secret").read_text().strip().split(",")
    assert ours == "another secret of this machine"
    assert theirs == (kept.parent / "rapport.secret").read_text().strip()
    with pytest.raises(RapportError, match="not empty"):
        restore(kept, clone / "rapport.toml", {})


def test_where_the_environment_holds_the_secret_the_missing_one_is_put_in_a_file(
    kept: Path, clone: Path, new_postgresql_database: Callable[[], str]
) -> None:
    environment = {"RAPPORT_DATABASE__URL": new_postgresql_database(), "RAPPORT_SECRET": SECRET}
    done = restore(kept, clone / "rapport.toml", environment)
    assert done.by_hand
    assert done.secrets is not None
    assert stat.S_IMODE(done.secrets.stat().st_mode) == 0o600
    assert done.secrets.read_bytes() == (kept.parent / "rapport.secret").read_bytes()


def test_a_backup_makes_no_secret_and_says_that_there_was_none(
    database: Database, tmp_path: Path, clone: Path
) -> None:
    installed = installation(database, tmp_path, "http://127.0.0.1:1/feed")
    installed.environment = {}
    file = tmp_path / "kept.tar.gz"
    made = backup(installed, None, file, who="test")
    assert made == check(file)
    assert SECRETS in made.left_out
    assert "rapport.secret" not in made.members
    assert not (tmp_path / "rapport.secret").exists()
    (clone / "rapport.toml").write_text(CONFIG)
    assert restore(file, clone / "rapport.toml", {}).secrets is None
    assert not (clone / "rapport.secret").exists()


def test_a_backup_of_an_older_schema_is_brought_up(clone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    config = Config()
    config.set_main_option("script_location", "pipeline/core/migrations")
    with closing(Database(f"sqlite:///{folder / 'rapport.db'}")) as old, old.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for n in range(2):
            row = {"email": f"reader{n}@example.net", "created_at": AT}
            connection.execute(subscribers.insert().values(row))
    tables = {"subscribers": Sum(2, "")}
    (folder / "rapport.secret").write_text(SECRET)
    (folder / "rapport.toml").write_text(CONFIG)
    members = {path.name: member(path) for path in folder.iterdir()}
    with (tmp_path / "old.tar.gz").open("wb") as out:
        pack(out, folder, Manifest("0.0.9", "0004", datetime.now(UTC), tables, members, []))
    restore(tmp_path / "old.tar.gz", clone / "rapport.toml", {})
    with closing(open_database(f"sqlite:///{clone / 'rapport.db'}")) as new, new.read() as connection:
        assert sums_of(connection)["subscribers"].rows == 2


def test_after_a_restore_silence_does_not_send_again(sqlite_database: Database) -> None:
    later = AT + timedelta(hours=30)
    with sqlite_database.write() as connection:
        people = handed_over(connection, 1, [Left(), Left("uncertain"), Left("waiting")])
        batch = attempt(1, 0)
        take(connection, [event(Kind.DELIVERED, people[0], batch=batch)], "SendGrid", Delivery())
        after_restore.doubt(connection, AT, AT + timedelta(hours=1))
        assert [state_of(connection, 1, n) for n in range(3)] == ["sent", "uncertain", "uncertain"]
        assert doubt.again(connection, 1, later) == 0
        connection.execute(marks.delete())
        assert doubt.again(connection, 1, later) > 0


def test_a_backup_of_a_newer_rapport_is_refused(
    kept: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.core.schema.HEAD", "0004")
    with pytest.raises(RapportError, match="newer Rapport"):
        check(kept)


def changed(file: Path, name: str, content: bytes) -> None:
    """The archive with one more member."""
    with tarfile.open(file) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    extra = tarfile.TarInfo(name)
    extra.size = len(content)
    with tarfile.open(file, "w:gz") as tar:
        for member, data in [*members, (extra, content)]:
            tar.addfile(member, io.BytesIO(data))


def flipped(file: Path) -> None:
    """One bit of the database, in an archive whose own checksums are right."""
    raw = bytearray(gzip.decompress(file.read_bytes()))
    raw[raw.index(b"reader2@example.net")] ^= 1
    file.write_bytes(gzip.compress(bytes(raw)))


HUGE = 200_000_000


def bomb_of_headers(file: Path) -> None:
    """A few hundred kilobytes that unpack to a name of 200 MB, before anything else."""
    name = tarfile.TarInfo("name")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, HUGE
    with gzip.open(file, "wb") as zipped:
        zipped.write(name.tobuf(tarfile.GNU_FORMAT))
        zipped.write(bytes(HUGE))


def bomb_behind_the_end(file: Path) -> None:
    with gzip.open(file, "ab") as zipped:
        zipped.write(bytes(HUGE))


def bomb_of_nothing(file: Path) -> None:
    """A sparse file: of some bytes, and any size."""
    hole = tarfile.TarInfo("rapport.secret")
    hole.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.name": "rapport.secret",
        "GNU.sparse.size": str(HUGE),
        "GNU.sparse.map": f"{HUGE},0",
    }
    begun(file, {hole.name: Member("0", HUGE)}, hole)


def begun(file: Path, members: dict[str, Member], entry: tarfile.TarInfo) -> None:
    """An archive whose manifest names these, and that ends after the header of one."""
    text = Manifest("0", HEAD, datetime.now(UTC), {"subscribers": Sum(0, "")}, members, []).text().encode()
    manifest = tarfile.TarInfo("manifest.json")
    manifest.size = len(text)
    with gzip.open(file, "wb") as zipped:
        zipped.write(manifest.tobuf() + text + bytes(-len(text) % tarfile.BLOCKSIZE))
        zipped.write(entry.tobuf(tarfile.PAX_FORMAT) + bytes(tarfile.RECORDSIZE))


def test_what_an_archive_says_it_unpacks_to_is_held_against_the_disk(kept: Path, clone: Path) -> None:
    heavy = tarfile.TarInfo("rapport.db")
    heavy.size = shutil.disk_usage(clone).total
    begun(kept, {heavy.name: Member("0", heavy.size)}, heavy)
    with pytest.raises(RapportError, match=r"unpacks to [\d,]+ bytes") as refused:
        check(kept)
    assert "TMPDIR" in refused.value.remedy
    begun(kept, {heavy.name: Member("0", heavy.size), "rapport.secret": Member("0", -heavy.size)}, heavy)
    with pytest.raises(RapportError, match="its manifest cannot be read"):
        check(kept)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-2000]),
        lambda file: file.write_bytes(b"".join([(data := file.read_bytes())[:3000], b"\0", data[3001:]])),
        lambda file: file.write_bytes(b"no archive at all"),
        lambda file: file.write_bytes(b""),
        flipped,
        lambda file: changed(file, "../evil", b"x"),
        lambda file: changed(file, "templates/../../evil", b"x"),
        lambda file: changed(file, "rapport.db", b"another"),
        bomb_of_headers,
        bomb_behind_the_end,
        bomb_of_nothing,
    ],
    ids=[
        "cut",
        "byte",
        "none",
        "empty",
        "flipped",
        "outside",
        "outside-below",
        "twice",
        "headers",
        "behind",
        "sparse",
    ],
)
def test_a_damaged_archive_is_refused_and_nothing_is_written(
    kept: Path, clone: Path, damage: Callable[[Path], None]
) -> None:
    damage(kept)
    tracemalloc.start()
    with pytest.raises(RapportError, match="damaged"):
        restore(kept, clone / "rapport.toml", {})
    assert tracemalloc.get_traced_memory()[1] < HUGE / 10
    tracemalloc.stop()
    assert list(clone.iterdir()) == []
    assert not (kept.parent / "evil").exists()


@pytest.mark.parametrize("step", ["pipeline.backup.restore.skip_unknown_ids", "pipeline.backup.restore.copy"])
def test_a_restore_that_is_told_to_stop_leaves_nothing(
    kept: Path, clone: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (clone / "rapport.secret").write_text("another secret of this machine")
    monkeypatch.setattr("tempfile.tempdir", str(clone))
    monkeypatch.setattr(step, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        restore(kept, clone / "rapport.toml", {})
    monkeypatch.undo()
    assert [path.name for path in clone.rglob("*")] == ["rapport.secret"]
    assert (clone / "rapport.secret").read_text() == "another secret of this machine"
    restore(kept, clone / "rapport.toml", {})


def test_nor_does_one_that_cannot_be_committed(
    kept: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sqlalchemy.engine.default.DefaultDialect.do_commit", full)
    (clone / "rapport.secret").write_text("another secret of this machine")
    with pytest.raises(OSError, match="No space"):
        restore(kept, clone / "rapport.toml", {})
    monkeypatch.undo()
    assert [path.name for path in clone.rglob("*")] == ["rapport.secret"]
    assert (clone / "rapport.secret").read_text() == "another secret of this machine"


def test_a_backup_never_takes_another_file_s_place_and_leaves_nothing_of_a_failed_one(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(RapportError, match="not overwritten"):
        backup(installed, None, there, who="test")
    assert there.read_text() == "mine"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.backup.archive.pack", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RapportError, match="the disk is full"):
        backup(installed, None, tmp_path / "new", who="test")
    assert [path for path in sorted(tmp_path.iterdir()) if "rapport." not in path.name] == [
        path for path in before if "rapport." not in path.name
    ]
