"""The lines of a file as csv.reader gets them: counted, put back, in blocks where no quotation mark is."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from subscribers.errors import SubscriberError
from subscribers.importing import lines as module
from subscribers.importing.lines import LONGEST_LINE, MOST_LINES, Lines

MARK = "\ufeff"


def of(content: str) -> Lines:
    text = io.TextIOWrapper(io.BytesIO(content.encode()), "utf-8", newline="")
    return Lines(text, Path("list.csv"))


def test_the_first_ten_lines_are_shown_and_read_again() -> None:
    lines = of("".join(f"{n}\n" for n in range(12)))
    assert lines.peek() == lines.peek() == [f"{n}\n" for n in range(10)]
    assert (lines.waiting, lines.number) == (True, 0)
    for n in range(12):
        assert (next(lines), lines.number) == (f"{n}\n", n + 1)
    assert next(lines, None) is None
    assert (lines.waiting, lines.number) == (False, 12)


@pytest.mark.parametrize("marks", [MARK, MARK * 3, "ï»¿", "ï»¿ï»¿", f"{MARK}ï»¿"])
def test_marks_before_the_first_line_are_taken_away_and_none_elsewhere(marks: str) -> None:
    lines = of(f"{marks}email{marks}\n{marks}ann\n")
    assert lines.peek() == [f"email{marks}\n", f"{marks}ann\n"]
    lines.drop(1)
    assert lines.peek() == [f"{marks}ann\n"]
    assert lines.number == 1


@pytest.mark.parametrize("blank", [0, 1, 9, 10, 11, 25])
def test_blank_lines_before_the_first_are_passed_over_and_counted(blank: int) -> None:
    lines = of(" \n" * blank + "email\nann\n" + "x\n" * 12)
    assert lines.peek() == ["email\n", "ann\n", *["x\n"] * 8]
    assert (lines.number, next(lines), lines.number) == (blank, "email\n", blank + 1)
    assert next(lines) == "ann\n"


@pytest.mark.parametrize("content", ["", "\n", " \n" * 30, MARK])
def test_a_file_of_nothing_is_empty(content: str) -> None:
    with pytest.raises(SubscriberError, match=r"list\.csv is empty") as told:
        of(content).peek()
    assert told.value.code == "file"


def test_what_is_dropped_is_counted() -> None:
    lines = of("1\n2\n3\n")
    lines.peek()
    lines.drop(2)
    assert (lines.number, next(lines), lines.number) == (2, "3\n", 3)


def test_of_a_broken_row_the_first_line_is_kept_and_the_others_are_read_again() -> None:
    lines = of("1\n2\n3\n4\n")
    for _ in range(3):
        next(lines)
    assert lines.keep_first() == "1\n"
    assert (lines.number, lines.waiting) == (1, True)
    lines.current.clear()
    assert [*lines] == ["2\n", "3\n", "4\n"]
    assert lines.number == 4


def test_a_row_spans_a_hundred_lines_and_no_more() -> None:
    lines = of("x\n" * (MOST_LINES + 1))
    assert MOST_LINES == 100
    for _ in range(MOST_LINES):
        next(lines)
    with pytest.raises(csv.Error):
        next(lines)
    lines.current.clear()
    assert next(lines) == "x\n"


@pytest.mark.parametrize(("size", "taken"), [(LONGEST_LINE - 1, True), (LONGEST_LINE, False)])
def test_a_line_is_shorter_than_a_million_characters(size: int, taken: bool) -> None:
    lines = of("1\n" + "x" * size)
    next(lines)
    if taken:
        assert len(next(lines)) == size
        return
    with pytest.raises(SubscriberError, match=r"list\.csv, line 2: the line is too long") as told:
        next(lines)
    assert told.value.code == "file"


@pytest.mark.parametrize(
    ("content", "block"),
    [
        ("12345\n789\n", ["12345\n", "789\n"]),
        ("12345\n78901234\nabc\n", ["12345\n", "78901234\n"]),
        ("1\r2\r\n3\n", ["1\r", "2\r\n", "3\n"]),
        ("1234567", ["1234567"]),
        ("", []),
    ],
    ids=["whole lines", "to the end of a line", "every kind of end", "no end", "nothing"],
)
def test_lines_without_quotation_marks_come_in_blocks_to_the_end_of_a_line(
    monkeypatch: pytest.MonkeyPatch, content: str, block: list[str]
) -> None:
    monkeypatch.setattr(module, "BLOCK", 10)
    lines = of(content)
    assert lines.block() == block
    assert (lines.number, lines.waiting) == (len(block), False)
    assert "".join([*block, *lines]) == content


@pytest.mark.parametrize(
    "content",
    ['1"\n3\n5\n7\n9\n', '123456\n890"\n3\n', "123456\n890" + "x" * 11 + "\n"],
    ids=["within", "in the line at its end", "a line that is longer than a block"],
)
def test_with_a_quotation_mark_or_a_very_long_line_they_are_read_one_by_one(
    monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(module, "BLOCK", 10)
    lines = of(content)
    assert lines.block() == []
    assert (lines.number, lines.waiting) == (0, True)
    assert "".join(lines) == content
