"""CSV files as other programs write them."""

from __future__ import annotations

import io
import os
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from subscribers.errors import SubscriberError
from subscribers.importing.csv_reader import CsvFile, Record, open_csv, open_list
from subscribers.importing.lines import MOST_LINES

if TYPE_CHECKING:
    from pathlib import Path


def records(file: Path) -> list[Record]:
    with open_list(file) as opened, open_csv(opened, file, lambda cells: "email" in cells) as read:
        return list(read.records())


def rows(tmp_path: Path, content: bytes) -> list[list[str]]:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    return [record.cells for record in records(file)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encoding_separator_and_line_ends_are_found_out(
    tmp_path: Path, encoding: str, delimiter: str, newline: str
) -> None:
    lines = [delimiter.join(row) for row in (["email", "name"], ["zoë@example.org", "Zoë Müller"], ["", ""])]
    found = rows(tmp_path, newline.join(lines).encode(encoding))
    assert found == [["email", "name"], ["zoë@example.org", "Zoë Müller"]]


def test_a_byte_that_is_not_utf_8_harms_only_itself(tmp_path: Path) -> None:
    content = "email,name\na@example.org,Zoë\n".encode() + b"b@example.org,Zo\xeb\n"
    assert [row[1] for row in rows(tmp_path, content)] == ["name", "Zoë", "Zoë"]


def test_a_quoted_cell_may_hold_lines_and_separators(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text('email;note\n\na@example.org;"one; ""two""\nthree"\nb@example.org;x\n')
    found = [(record.line, record.cells) for record in records(file)]
    assert found == [
        (1, ["email", "note"]),
        (3, ["a@example.org", 'one; "two"\nthree']),
        (5, ["b@example.org", "x"]),
    ]


@pytest.mark.parametrize("after", [0, 3, MOST_LINES * 3])
@pytest.mark.parametrize("broken", ['b@example.org,"Ben', 'b@example.org,"Ben"jamin'])
def test_a_quotation_mark_out_of_place_costs_one_row(tmp_path: Path, broken: str, after: int) -> None:
    file = tmp_path / "list.csv"
    good = [f"{n}@example.org,Number" for n in range(after)]
    file.write_text("\n".join(["a@example.org,Ann", broken, *good]) + "\n")
    found = records(file)
    assert [record.line for record in found] == list(range(1, after + 3))
    assert [record.cells for record in found if record.problem] == [[broken]]


def test_lines_are_numbered_through_blocks_with_and_without_quotation_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.importing.lines.BLOCK", 40)
    lines = [f"reader{n}@example.org,Number {n}" for n in range(1, 31)]
    for number in (7, 8, 21):
        lines[number - 1] = f'reader{number}@example.org,"Number {number}"'
    lines[14] = '"reader15@example.org","Number 15"'
    file = tmp_path / "list.csv"
    file.write_text("\n".join(lines) + "\n")
    found = [(record.line, record.cells) for record in records(file)]
    assert found == [(n, [f"reader{n}@example.org", f"Number {n}"]) for n in range(1, 31)]


def test_blank_rows_are_nobodys(tmp_path: Path) -> None:
    content = b'email,name\n,\n"",""\nann@example.org,"Ann"\n\n,\nben@example.org,\n'
    assert rows(tmp_path, content) == [["email", "name"], ["ann@example.org", "Ann"], ["ben@example.org", ""]]


def test_a_note_may_span_many_lines_and_an_open_mark_no_more_than_a_hundred(tmp_path: Path) -> None:
    note = "\n".join(['a@example.org,"one', *["more"] * 98, 'end"', "b@example.org,x"])
    assert [row[0] for row in rows(tmp_path, note.encode())] == ["a@example.org", "b@example.org"]
    longer = "\n".join(['a@example.org,"one', *["more"] * 99, 'end"', "b@example.org,x"])
    assert rows(tmp_path, longer.encode())[0] == ['a@example.org,"one']


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "list.csv is empty"),
        (b"\xef\xbb\xbf\n \n", "list.csv is empty"),
        (b"PK\x03\x04\x14\x00\x06\x00", "list.csv, line 1: this is a spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x01\x02", "list.csv, line 1: this is not a text file"),
        (b"email\n" + b"x" * (1 << 20), "list.csv, line 2: the line is too long"),
    ],
)
def test_what_is_no_list_is_refused_with_its_place_and_a_remedy(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(SubscriberError) as refused:
        rows(tmp_path, content)
    assert message in refused.value.message
    assert refused.value.remedy
    assert refused.value.code == "file"


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(SubscriberError, match="cannot be read") as told, open_list(path):
            pass
        assert told.value.code == "file"


def test_a_separator_that_the_file_names_and_one_that_its_header_shows(tmp_path: Path) -> None:
    wanted = [["email", "name"], ["ann@example.org", "Ann"]]
    assert rows(tmp_path, b"sep=;\nemail;name\nann@example.org;Ann\n") == wanted
    titled = rows(tmp_path, b"Readers, May, 2026\nemail;name\nann@example.org;Ann\n")
    assert titled == [["Readers, May, 2026"], *wanted]
    assert rows(tmp_path, b"\n" * 9 + b"Readers, May, 2026\nemail;name\nann@example.org;Ann\n") == titled


def test_half_a_character_of_utf_16_harms_only_itself(tmp_path: Path) -> None:
    content = "email,name\nann@example.org,Ann".encode("utf-16") + b"\x00\xd8"
    assert rows(tmp_path, content)[1][0] == "ann@example.org"


def test_a_row_with_an_empty_cell_is_no_blank_one(tmp_path: Path) -> None:
    assert rows(tmp_path, b"email,name\nann@example.org,\n,Ben\n") == [
        ["email", "name"], ["ann@example.org", ""], ["", "Ben"],
    ]  # fmt: skip


def test_after_a_broken_row_the_rows_go_on_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscribers.importing.lines.BLOCK", 60)
    lines = [f"reader{n}@example.org,Number {n}" for n in range(1, 31)]
    lines[9] = 'reader10@example.org,"Ten"th'
    file = tmp_path / "list.csv"
    file.write_text("\n".join(lines) + "\n")
    assert [record.line for record in records(file)] == list(range(1, 31))


def test_how_far_a_file_was_read_is_told_and_of_a_pipe_nothing_is(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(b"email\nann@example.org\n")
    with open_list(file) as opened, open_csv(opened, file, lambda cells: "email" in cells) as read:
        assert len(list(read.records())) == 2
        assert read.position() == 22
    pipe = io.BufferedReader(Unseekable(b"email\nann@example.org\n"))
    read = CsvFile(pipe, file, lambda cells: "email" in cells)
    assert (len(list(read.records())), read.position()) == (2, 0)


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("a pipe has no position")


@pytest.mark.parametrize(
    ("broken", "problem"),
    [('"x" y', "A quotation mark is left open"), ('"' + "x" * 200_000 + '"', "A cell is too long")],
    ids=["a mark", "too long"],
)
def test_of_a_broken_row_it_is_told_why_and_the_next_ones_are_read(
    tmp_path: Path, broken: str, problem: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f'email,name\nann@example.org,{broken}\nben@example.org,"Ben"\n"cleo@example.org",\n')
    found = records(file)
    assert [record.line for record in found] == [1, 2, 3, 4]
    assert [bool(record.problem) for record in found] == [False, True, False, False]
    assert found[1].problem.startswith(problem)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"ann@example.org;Ann;x\n", ";"),
        (b"ann@example.org\n", ","),
        (b"a\tb\n1,2,3,4\n", "\t"),
        (b"email\nann@example.org;Ann\n", ","),
        (b"email;x\n1,2,3\n", ";"),
        (b"sep=\t\nann@example.org;Ann\n", "\t"),
    ],
    ids=["the most", "none", "the first line's", "a header of one", "a header's", "named"],
)
def test_without_a_header_the_separator_is_what_the_first_line_has_most_of(
    tmp_path: Path, content: bytes, delimiter: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with open_list(file) as opened, open_csv(opened, file, lambda cells: "email" in cells) as read:
        assert read.delimiter == delimiter


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        (b"e\0m\0,\0", ["em", ""]),
        (b"\0e\0m\0,", ["em", ""]),
        (b"em,\x81\x93", ["em", "\ufffd\u201c"]),
    ],
    ids=["utf-16-le", "utf-16-be", "bytes that Windows-1252 has not"],
)
def test_bytes_are_read_as_what_they_must_be(tmp_path: Path, head: bytes, shown: list[str]) -> None:
    assert rows(tmp_path, head) == [shown]


def test_a_pipe_is_read_twice_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(b"email\nann@example.org\n",))
    writer.start()
    with open_list(pipe) as opened:
        for _ in range(2):
            with open_csv(opened, pipe, lambda cells: "email" in cells) as read:
                assert [record.cells for record in read.records()] == [["email"], ["ann@example.org"]]
    writer.join()
