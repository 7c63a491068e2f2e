"""A look through a whole list before anybody is added: whether a column that is not used may say who left."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from subscribers.errors import SubscriberError
from subscribers.importing.answers import UNKNOWN_COLUMN, UnknownColumnsError, column_name
from subscribers.importing.words import (
    NOTHING,
    fold,
    may_speak,
    name_speaks,
    name_speaks_of_mail,
    speaks,
    tells_of_leaving,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from subscribers.importing.columns import Columns
    from subscribers.importing.csv_reader import Record
    from subscribers.importing.table import Table

EXAMPLES, EXAMPLE = 6, 60
"""How many examples are given of what stands in a column, and how many characters of each."""

BLOCK = 1000
"""Rows looked at together: nearly all blocks of nearly all columns hold no word of leaving."""


def survey(columns: Columns, table: Table, path: Path, digests: Sequence[str]) -> None:
    """Raise SubscriberError for columns of which Rapport does not know what they say of people, by their name
    or by what stands in them, for a list of people who never agreed, and for one that by its own name or
    title holds those who left, and has no column that says so of each."""
    if "nonsubscribed" in fold(path.name).replace(" ", ""):
        raise _never_agreed(path)
    if not columns.signs and any(map(tells_of_leaving, (path.stem, *table.above))):
        raise _by_its_name(path)
    named = frozenset(map(fold, digests))
    found = {column for column in columns.unknown if _name_speaks(columns, column)}
    rest = [column for column in columns.unknown if column not in found]
    asked = {column for column in rest if name_speaks_of_mail(columns.header[column], named)}
    said = set[int]()
    silent, any_rows = columns.agreed, False
    first: list[Record] = []
    while block := list(itertools.islice(table.rows, BLOCK)):
        any_rows = True
        first = first or block
        _refuse_sections(columns, block, path)
        silent = silent and all(map(columns.never_agreed, block))
        for column in rest:
            cells = [record.cells[column] for record in block if column < len(record.cells)]
            if column not in found and may_speak("\n".join(cells)) and any(map(speaks, cells)):
                found.add(column)
            if column in asked:
                words = set(map(fold, cells)) - NOTHING
                said |= {column} if words else set()
                asked -= set() if all(map(yes_or_no, words)) else {column}
    found |= asked & said
    if found:
        raise _unknown(columns, sorted(found), path, first)
    if silent and any_rows:
        raise _never_agreed(path)


def _refuse_sections(columns: Columns, block: Sequence[Record], path: Path) -> None:
    """Of a list in sections the heading of one, in whatever column, may say that those below it left."""
    for record in block:
        addresses = [record.cells[column] for column in columns.emails if column < len(record.cells)]
        if not any("@" in cell for cell in addresses):
            filled = [cell for cell in record.cells if cell.strip()]
            if any(map(speaks, addresses)) or (len(filled) == 1 and speaks(filled[0])):
                raise SubscriberError(
                    f"{path}, line {record.line}: where an address should be stands a word about who may be "
                    "mailed. Nobody was added.",
                    "If those below it left, give them a file of their own, with a column status that says "
                    "unsubscribed. Else delete that line.",
                    code=UNKNOWN_COLUMN,
                )


def _name_speaks(columns: Columns, column: int) -> bool:
    return columns.headed and name_speaks(columns.header[column])


def _unknown(columns: Columns, found: Sequence[int], path: Path, first: Sequence[Record]) -> SubscriberError:
    # Names are the operator's own; no cell is repeated, which is somebody's data.
    called = [column_name(columns.header, column) for column in found]
    names = [f'"{name}"' for name in called]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    several = len(names) > 1
    return UnknownColumnsError(
        f"{path}: the column{'s' if several else ''} {listed} may say who must get no mail, and Rapport "
        f"does not know {'them' if several else 'it'}. Nobody was added.",
        f"Look at what stands {'in each' if several else 'there'}. If it says who may be mailed, name the "
        f'values that mean yes: --status-column {names[0][:-1]}=VALUE,…". If it has nothing to do with this '
        f"letter: {' '.join(f'--ignore-column {name}' for name in names)}",
        called,
        [_examples(first, column) for column in found],
    )


def _examples(rows: Sequence[Record], column: int) -> list[str]:
    """Some of what stands in a column, each once."""
    cells = (record.cells[column].strip()[:EXAMPLE] for record in rows if column < len(record.cells))
    return list(itertools.islice(dict.fromkeys(filter(None, cells)), EXAMPLES))


def _by_its_name(path: Path) -> SubscriberError:
    return SubscriberError(
        f"{path}: by its name or title this is a list of people who get no mail, and no column says so of "
        "each of them. Nobody was added.",
        "Give it a column named status that says unsubscribed, bounced or complained of each. If they may be "
        "mailed after all, give the file another name, or delete the title.",
        code=UNKNOWN_COLUMN,
    )


def _never_agreed(path: Path) -> SubscriberError:
    return SubscriberError(
        f"{path} is a list of people who never agreed to get mail: Mailchimp's nonsubscribed contacts, "
        "without a time at which they opted in or confirmed.",
        "Import the files subscribed, unsubscribed and cleaned. One of these people can be asked with "
        "rapport subscribers add ADDRESS --confirm",
        code="never_agreed",
    )
