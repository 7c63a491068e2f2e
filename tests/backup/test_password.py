"""No backup holds the password of a database, wherever its address has it."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from pipeline.backup.archive import PASSWORD
from pipeline.backup.make import backup, without_password
from pipeline.backup.restore import restore
from pipeline.core.errors import RapportError
from tests.installations import installation, subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ('"postgresql://letter@db/letter?application_name=a:b@c"',) * 2,
        ('"postgresql://letter:hunter2@db.example/letter"', '"postgresql://letter@db.example/letter"'),
        ("'postgres://letter:hunter2@db/letter'", "'postgres://letter@db/letter'"),
        ('"postgresql+psycopg://:hunter2@db/letter"', '"postgresql+psycopg://@db/letter"'),
        ('"postgresql://letter:hun/@ter2@db/letter"', '"postgresql://letter@db/letter"'),
        ('"postgresql://letter:hunter\\u0032@db/letter"', '"postgresql://letter@db/letter"'),
        ('"postgresql://letter@db/letter?password=hunter2"', '"postgresql://letter@db/letter?"'),
        (
            '"postgresql://db/letter?user=letter&sslpassword=hunter2&sslmode=require"',
            '"postgresql://db/letter?user=letter&sslmode=require"',
        ),
        (
            '"sqlite:///rapport.db"  # was postgresql://a:hunter2@db/b',
            '"sqlite:///rapport.db"  # was postgresql://a@db/b',
        ),
    ],
)
def test_it_is_taken_out_and_nothing_else(url: str, left: str) -> None:
    text = '# Ours: see https://example.org/a:b@c\n[database]\nurl = {}\n[newsletter]\nname = "Grüße: @"\n'
    assert without_password(text.format(url)) == text.format(left)


@pytest.mark.parametrize(
    "url",
    ["'postgresql://letter:hun\"ter2@db/letter'", '"postgresql://letter@db/letter?pass\\u0077ord=hunter2"'],
)
def test_a_file_in_which_it_cannot_be_told_from_the_rest_is_left_out(url: str) -> None:
    assert without_password(f"[database]\nurl = {url}\n") is None


def test_the_backup_says_so_and_a_restore_says_how_to_give_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    installed = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    subscribe(sqlite_database, 1)
    config, file, clone = tmp_path / "rapport.toml", tmp_path / "kept.tar.gz", tmp_path / "clone"
    clone.mkdir()
    config.write_text(
        '[newsletter]\nname = "A"\nfrom_email = "a@example.org"\n[[feeds]]\nurl = "http://127.0.0.1:1/feed"\n'
        '[database]\nurl = "postgresql://letter:hunter2@127.0.0.1:1/letter"\n'
    )
    assert backup(installed, config, file, who="test").left_out == [PASSWORD]
    with tarfile.open(file) as tar:
        assert not [one for one in tar if b"hunter2" in tar.extractfile(one).read()]  # type: ignore[union-attr]
    named = {"RAPPORT_DATABASE__URL": "postgresql://letter@127.0.0.1:1/letter"}
    with pytest.raises(RapportError, match="cannot be opened") as refused:
        restore(file, clone / "rapport.toml", named, agree=lambda proposed: True)
    assert "PGPASSWORD" in refused.value.remedy
    assert list(clone.iterdir()) == []
