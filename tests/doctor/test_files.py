"""What tells who reads the letter, and may be read by anybody."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

from pipeline.core.schema import open_database
from pipeline.doctor.files import NAMED, private
from tests.doctor.conftest import found, levels, only

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doctor.conftest import Make


def test_each_path_is_named_with_a_remedy_that_mends_it(make: Make, tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'rapport.db'}").close()
    (tmp_path / "outbox").mkdir(0o700)
    names = ["list.csv", "in.csv.refused.csv", "kept.tar.gz", "rapport.secret.restored"]
    names += ["outbox/weekly-1.eml", "rapport.db-wal", "rapport.db.weekly.lock"]
    for name in names:
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o600)
    context = make(database={"url": f"sqlite:///{tmp_path / 'rapport.db'}"})
    assert only(private, context).level == "ok"
    for name, mode in [("rapport.db", 0o644), ("outbox", 0o755), *((name, 0o640) for name in names)]:
        (tmp_path / name).chmod(mode)
        finding = only(private, context)
        assert (finding.level, finding.name) == ("warning", "files.private")
        assert str(tmp_path / name) in finding.message
        assert f"mode {mode:o}" in finding.message
        subprocess.run(shlex.split(finding.remedy), check=True)
        assert only(private, context).level == "ok"


def test_of_many_letters_some_are_named_and_all_are_mended(make: Make, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir(0o700)
    for number in range(NAMED + 5):
        (outbox / f"weekly-{number:03}.eml").touch()
        (outbox / f"weekly-{number:03}.eml").chmod(0o644)
    context = make()
    findings = found(private, context)
    assert levels(findings) == ["warning"] * (NAMED + 1)
    assert "5 more files" in findings[-1].message
    subprocess.run(shlex.split(findings[-1].remedy), check=True)
    assert only(private, context).level == "ok"
