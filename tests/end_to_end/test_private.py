"""Whatever the commands leave behind is its owner's alone, under the umask that most machines have."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from pipeline.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_demo_a_backup_an_export_and_refused_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAPPORT_SECRET", raising=False)
    (tmp_path / "in").mkdir(mode=0o755)
    (tmp_path / "in" / "list.csv").write_text("email,name\nnobody,No address\n")
    ours = ["--config", "demo/rapport.toml"]
    for command in (
        ["demo"],
        [*ours, "backup", "kept.tar.gz"],
        [*ours, "subscribers", "export", "--out", "list.csv"],
        [*ours, "subscribers", "import", "in/list.csv", "--consent", "Signed up"],
        ["init", "mine"],
        ["init", "mine", "--templates"],
        ["--config", "demo/rapport.toml", "restore", "kept.tar.gz"],
        ["--config", "back/rapport.toml", "restore", "kept.tar.gz"],
    ):
        main(command)
        if command == ["demo"]:
            (tmp_path / "back").mkdir(mode=0o700)
    assert os.umask(0o022) == 0o022, "given back"
    theirs = {tmp_path / "in", tmp_path / "in" / "list.csv"}
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path not in theirs}
    names = " ".join(str(path.relative_to(tmp_path)) for path in found)
    expected = ["demo/rapport.db", "demo/outbox/", "demo/rapport.secret", "demo/preview/edition.eml"]
    expected += ["kept.tar.gz", "list.csv", "in/list.csv.refused.csv", "back/rapport.db", "mine/templates"]
    assert [name for name in expected if name not in names] == []
    assert {path: oct(mode) for path, mode in found.items() if mode & 0o077} == {}
