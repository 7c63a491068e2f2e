"""The file of refused rows: made when there is one, for its owner's eyes, and good to be imported again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from subscribers.errors import SubscriberError
from subscribers.importing.csv_reader import Record
from subscribers.importing.rejects import Rejects

HEADER = ("email", "name")
ROW = Record(7, ["ann@example.org", "Ann"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "refused.csv"


def test_without_a_refused_row_there_is_no_file(file: Path) -> None:
    with Rejects(file, Path("list.csv"), HEADER) as rejects:
        pass
    assert (file.exists(), rejects.number, rejects.path) == (False, 0, file)


def test_each_row_stands_there_with_its_line_and_why(file: Path) -> None:
    with Rejects(file, Path("list.csv"), HEADER) as rejects:
        rejects.write(ROW, "She left.")
        rejects.write(Record(9, ['"Zoë'], "A mark is left open."), "A mark is left open.")
    assert rejects.number == 2
    assert file.read_text(encoding="utf-8") == (
        '"line","reason","email","name"\n"7","She left.","ann@example.org","Ann"\n'
        '"9","A mark is left open.","""Zoë"\n'
    )


def test_of_refused_rows_that_are_refused_again_line_and_reason_are_new(file: Path) -> None:
    with Rejects(file, Path("list.csv"), ("line", "reason", *HEADER), again=True) as rejects:
        rejects.write(Record(2, ["7", "Before.", "ann@example.org", "Ann"]), "Now.")
        rejects.write(Record(3, ["8,Before.,x"], "Broken."), "Broken.")
    assert file.read_text().splitlines() == [
        '"line","reason","email","name"', '"2","Now.","ann@example.org","Ann"', '"3","Broken.","8,Before.,x"',
    ]  # fmt: skip


def test_a_cell_that_a_spreadsheet_would_run_is_guarded_once(file: Path) -> None:
    with Rejects(file, Path("list.csv"), HEADER) as rejects:
        rejects.write(Record(2, ["=1+1", "'=1+1"]), "No.")
    assert file.read_text().splitlines()[1:] == ['"2","No.","\'=1+1","\'=1+1"']


def test_an_older_file_is_written_anew_and_is_for_its_owner_alone(file: Path) -> None:
    file.write_text("old\n" * 99)
    file.chmod(0o666)
    with Rejects(file, Path("list.csv"), HEADER) as rejects:
        rejects.write(ROW, "No.")
    assert "old" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_list_itself_is_not_written_over_by_whatever_name(tmp_path: Path, file: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("email\n")
    for other in (listed, tmp_path / "." / "list.csv"):
        with pytest.raises(SubscriberError, match="is the list itself") as told:
            Rejects(other, listed, HEADER)
        assert told.value.code == "file"
    file.write_text("another")
    assert Rejects(file, listed, HEADER).number == 0


@pytest.mark.parametrize("way", ["no folder", "a folder", "a link"])
def test_where_it_cannot_be_written_the_reason_is_told(tmp_path: Path, file: Path, way: str) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    if way == "no folder":
        file = tmp_path / "nowhere" / "refused.csv"
    elif way == "a folder":
        file.mkdir()
    else:
        file.symlink_to(target)
    with Rejects(file, Path("list.csv"), HEADER) as rejects, pytest.raises(SubscriberError) as told:
        rejects.write(ROW, "No.")
    assert f"{file}, for the rows that are refused, cannot be written" in told.value.message
    assert told.value.code == "file"
    assert target.read_text() == "kept"
    assert rejects.number == 0
