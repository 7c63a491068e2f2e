"""What the operator says of columns that Rapport does not know."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from subscribers.errors import SubscriberError
from subscribers.importing.words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


UNKNOWN_COLUMN = "unknown_status_column"
"""The code of what is said of a column that only the operator can explain."""


class UnknownColumnsError(SubscriberError):
    """Columns that only the operator can explain, by their names in the file. ``examples``: of each some of
    what stands there. It is not in the message, which goes into logs: it is somebody's data."""

    code = UNKNOWN_COLUMN

    def __init__(
        self, message: str, remedy: str, columns: Sequence[str], examples: Sequence[Sequence[str]]
    ) -> None:
        super().__init__(message, remedy)
        self.columns = tuple(columns)
        self.examples = tuple(examples)


def column_name(header: Sequence[str], column: int) -> str:
    """How a column is called in what Rapport says of a file and is told of it."""
    return header[column].strip() or f"column {column + 1}"


@dataclass(frozen=True, slots=True)
class Answers:
    """By column, as `plain` writes it: those that say nothing of who may be mailed, and of those that do the
    values that mean "may be mailed"."""

    ignored: frozenset[str] = frozenset()
    mailable: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def check(self, header: Sequence[str], path: Path) -> None:
        """Raise SubscriberError for a column that the file does not have: a slip would go unnoticed."""
        there = {plain(column_name(header, column)) for column in range(len(header))}
        for name in sorted(self.ignored | self.mailable.keys()):
            if name not in there:
                raise SubscriberError(
                    f"{path} has no column {name}.",
                    f"It has: {', '.join(column_name(header, n) for n in range(min(len(header), 50)))}.",
                    code="file",
                )


def read_answers(ignored: Sequence[str] = (), mailable: Sequence[str] = ()) -> Answers:
    """Answers as they are typed: names of columns, and ``NAME=VALUE,VALUE``, where a value with a comma is
    quoted and none at all means an empty cell. Raises SubscriberError for what is neither."""
    said: dict[str, frozenset[str]] = {}
    for answer in mailable:
        name, equals, values = answer.partition("=")
        if not equals or not name.strip():
            raise SubscriberError(
                f'"{answer}" does not say which values mean "may be mailed".',
                'Write the column and those values: --status-column "Status=active,confirmed"',
                code="usage",
            )
        column = plain(name)
        said[column] = said.get(column, frozenset()) | read_values(values)
    both = sorted(set(map(plain, ignored)) & said.keys())
    if both:
        raise SubscriberError(
            f"The column {both[0]} is both left aside and asked for its values.",
            "Say one of both.",
            code="usage",
        )
    return Answers(frozenset(map(plain, ignored)), said)


def read_values(text: str) -> frozenset[str]:
    """Values as they are typed, between commas; a value with a comma is quoted, and none means an empty
    cell."""
    return frozenset(next(csv.reader([text], skipinitialspace=True), []) or [""])


def answers_by_column(said: Mapping[str, str | None]) -> Answers:
    """Answers by the column's name in the file: the values, as they are typed, that mean "may be mailed";
    None for a column that says nothing of that."""
    ignored = frozenset(plain(name) for name, values in said.items() if values is None)
    mailable = {plain(name): read_values(values) for name, values in said.items() if values is not None}
    return Answers(ignored, mailable)
