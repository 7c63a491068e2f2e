"""Which column of a list holds what, and what a row of it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers.addresses import clean_name, normalise
from subscribers.errors import SubscriberError
from subscribers.intake import Applicant
from subscribers.people import Status
from subscribers.sheet import unguard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from subscribers.sheet import Record

EMAIL = ("email", "emailaddress")
NAMES = (("name",), ("fullname",), ("firstname", "lastname"), ("firstname",))
STATUSES = {
    "": Status.ACTIVE,
    "active": Status.ACTIVE,
    "subscribed": Status.ACTIVE,
    "unsubscribed": Status.UNSUBSCRIBED,
    "pending": Status.PENDING,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Numbers of columns. ``headed``: the first row names them and holds nobody."""

    header: tuple[str, ...]
    headed: bool
    email: int
    names: tuple[int, ...]
    digest: int | None = None
    status: int | None = None

    def applicant(self, record: Record, digests: Sequence[str]) -> Applicant | str:
        """What the row asks for, or the reason it cannot be taken.

        A row that says itself which digest it is for, or that its person left, is taken at its word: else
        moving a list would put people on digests they never asked for.
        """
        if record.problem:
            return record.problem
        digest = self._cell(record, self.digest).strip()
        if digest and digest not in digests:
            return "It is for another digest than this import."
        status = STATUSES.get(self._cell(record, self.status).strip().lower())
        if status is None:
            return "Its status is not one that Rapport knows."
        if status == Status.PENDING:
            return "This person has not confirmed."
        try:
            email = normalise(self._cell(record, self.email))
        except SubscriberError as error:
            return error.message
        name = " ".join([self._cell(record, column) for column in self.names])
        return Applicant(
            email, clean_name(name), (digest,) if digest else digests, status == Status.UNSUBSCRIBED
        )

    @staticmethod
    def _cell(record: Record, column: int | None) -> str:
        if column is None or column >= len(record.cells):
            return ""
        return unguard(record.cells[column])


def find_layout(first: Record, path: Path) -> Layout:
    """Read the columns' names off the first row, or their meaning, if it names none but holds an address."""
    names = [_plain(cell) for cell in first.cells]
    email = next((names.index(name) for name in EMAIL if name in names), None)
    if email is not None:
        return Layout(
            header=tuple(first.cells),
            headed=True,
            email=email,
            names=next((tuple(map(names.index, some)) for some in NAMES if set(some) <= set(names)), ()),
            digest=names.index("digest") if "digest" in names else None,
            status=names.index("status") if "status" in names else None,
        )
    email = next((column for column, cell in enumerate(first.cells) if "@" in cell), None)
    if email is None:
        # The names found are not repeated: without a header they would be somebody's data.
        raise SubscriberError(
            f"{path}, line {first.line}: no column is named email, and no address stands there.",
            "Name the columns in the first line, for example: email,name",
            code="file",
        )
    # Of more than two columns without names, only the addresses can be told.
    name = 1 - email if len(first.cells) == 2 else None
    header = tuple("email" if n == email else "name" if n == name else "" for n in range(len(first.cells)))
    return Layout(header, headed=False, email=email, names=() if name is None else (name,))


def _plain(cell: str) -> str:
    return re.sub(r"[\s_-]", "", cell).casefold()
