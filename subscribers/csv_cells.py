"""Cells of the CSV files that Rapport writes: quoted, and never a formula, whatever separates the reader's
cells.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable

_START = r"(?:\A|(?<=[;,|\t\r\n]))"
"""Where a cell may begin: in a spreadsheet that separates otherwise, also within one of ours."""

_FORMULA = r"""(?=[ '"]*[=+\-@\t\r\n＝＋－＠])"""
"""What OWASP names as the beginning of a formula, full-width signs included, behind what may stand before it
(a quotation mark is gone once such a spreadsheet has read the cell).
"""

_UNGUARDED = re.compile(_START + _FORMULA)
_GUARDED = re.compile(f"{_START}'{_FORMULA}")
_IN_JSON = re.compile(r"""(?<=[;,|])([ '"]*)([=+\-@＝＋－＠])""")


def guard(cell: str) -> str:
    """The cell, changed so that no spreadsheet takes it, or a part of it, for a formula."""
    return _UNGUARDED.sub("'", cell)


def unguard(cell: str) -> str:
    """The cell as it was before `guard` (many programs add the same apostrophe)."""
    return _GUARDED.sub("", cell)


def guard_json(document: str) -> str:
    """The same JSON document (without negative numbers), holding no formula for a spreadsheet."""
    return _IN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", document)


class CsvWriter:
    """Writes rows with every cell guarded and quoted."""

    def __init__(self, out: TextIO) -> None:
        self._writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def row(self, cells: Iterable[object]) -> None:
        self._writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in cells])
