"""Cells of the CSV files that Rapport writes."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.csv_cells import CsvWriter, guard, guard_json, unguard

CELLS = st.text("'\"=+-@,;| \t\r\n＝aé", max_size=8)


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        *((f"{sign}1", f"'{sign}1") for sign in "=+-@\r\n＝＋－＠"),
        ("\t1", "'\t1"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        (" =1", "' =1"),
        ("x;=1+1;", "x;'=1+1;"),
        ("x; =1+1", "x;' =1+1"),
        ("x,@sum(A1)", "x,'@sum(A1)"),
        ("x|-1", "x|'-1"),
        ("x\n=1", "x\n'=1"),
        ("x\t=1", "x\t'=1"),
        ("x;＝1", "x;'＝1"),
        # Where semicolons separate, the quotation marks belong to the next cell and vanish.
        ('x;"=1+1', "x;'\"=1+1"),
        *((cell, cell) for cell in ("o'neil@example.org", "'ann'", "ann", "", "a=b", "Smith, Ann", "x;1-1")),
    ],
)
def test_no_part_of_a_cell_is_left_that_a_spreadsheet_would_run(cell: str, guarded: str) -> None:
    assert guard(cell) == guarded
    assert unguard(guarded) == cell


@given(CELLS)
def test_guarding_a_cell_loses_nothing(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@given(st.lists(CELLS, min_size=1, max_size=3))
def test_whatever_separates_the_readers_cells_none_of_them_is_a_formula(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    CsvWriter(out).row(cells)
    (read,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert [unguard(cell) for cell in read] == cells
    for separator in ",;|\t":
        for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=separator):
            assert not [cell for cell in row if cell.lstrip(" ")[:1] in tuple("=+-@＝＋－＠")]


@given(st.lists(CELLS, max_size=3))
def test_a_document_means_the_same_after_it_was_guarded(texts: list[str]) -> None:
    guarded = guard_json(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))
    assert json.loads(guarded) == texts
    assert guard(guarded) == guarded


@pytest.mark.parametrize("cell", [", " * 500_000, "'" * 1_000_000, ",=" * 500_000])
def test_a_long_cell_is_guarded_as_any_other(cell: str) -> None:
    assert unguard(guard(cell)) == cell


def test_every_cell_is_quoted() -> None:
    out = io.StringIO()
    CsvWriter(out).row([1, "a", ""])
    assert out.getvalue() == '"1","a",""\n'
