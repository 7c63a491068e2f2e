"""Which column of a list holds what, and reading a row by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers.addresses import clean_name, normalise
from subscribers.csv_cells import unguard
from subscribers.errors import SubscriberError
from subscribers.importing.rows import Applicant
from subscribers.importing.tools import TOOLS, UNKNOWN, plain
from subscribers.people import Status
from subscribers.suppression import Reason, to_tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from subscribers.importing.csv_reader import Record
    from subscribers.importing.tools import Sign, Standing, Tool

EMAIL = ("email", "emailaddress")
NAMES = (("name",), ("fullname",), ("firstname", "lastname"), ("firstname",))

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?")
_WAY = re.compile(r"[A-Za-z][\w .:/-]{0,99}")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a list, by number.

    ``headed``: the first row names them and holds no person. ``tool`` is the tool that wrote the list, if it
    can be recognised.
    """

    header: tuple[str, ...]
    headed: bool
    email: int
    names: tuple[int, ...]
    tool: str = ""
    digest: int | None = None
    signs: tuple[tuple[int, Sign], ...] = ()
    moments: tuple[tuple[int, str], ...] = ()
    origin: int | None = None

    def applicant(self, record: Record, digests: Sequence[str]) -> Applicant | str:
        """What the row asks for, or the reason why it is refused.

        If the row itself says which digest it is for, or that the person left, that counts: else moving a
        list would put people on digests that they never asked for.
        """
        if record.problem:
            return record.problem
        left, reason, proof = False, None, ""
        if self.signs or self.digest is not None:
            digest = self._cell(record, self.digest).strip()
            if digest and digest not in digests:
                return "It is for another digest than this import."
            digests = (digest,) if digest else digests
            found = self._standings(record)
            if None in found:
                return "Its status is not one that Rapport knows."
            # `is` and not `==`: a status and a reason may both be "unsubscribed", and are equal then.
            left = any(one is Status.UNSUBSCRIBED for one in found)
            reasons = [one for one in found if isinstance(one, Reason)]
            reason = to_tell(reasons) if reasons else None
            if Status.PENDING in found and not left and reason is None:
                return "This person has not confirmed."
        try:
            email = normalise(self._cell(record, self.email))
        except SubscriberError as error:
            return error.message
        if self.tool:
            proof = self._proof(record)
        name = " ".join([self._cell(record, column) for column in self.names])
        return Applicant(email, clean_name(name), digests, left, reason, proof)

    def _standings(self, record: Record) -> list[Standing | None]:
        """The person's standing by each column that tells it; None for an unknown word."""
        found = []
        for column, sign in self.signs:
            word = self._cell(record, column).strip().lower()
            found.append(sign.words.get(word, sign.otherwise))
        return found

    def _proof(self, record: Record) -> str:
        """When and how they agreed, as the tool knows it: (Mailchimp: opted in 2021-03-04 10:11).

        Only what looks like a date, or like the name or address of a page, is repeated: the cell is a
        stranger's text, and the address of a page may have somebody's address behind a question mark.
        """
        said = []
        for column, what in self.moments:
            if moment := _MOMENT.match(self._cell(record, column).strip()):
                said.append(f"{what} {' '.join(part for part in moment.groups() if part)}")
        way = self._cell(record, self.origin).partition("?")[0].strip()
        if _WAY.fullmatch(way):
            said.append(f"by {way}")
        return f"({self.tool}: {', '.join(said)})" if said else f"({self.tool})"

    @staticmethod
    def _cell(record: Record, column: int | None) -> str:
        if column is None or column >= len(record.cells):
            return ""
        cell = record.cells[column]
        return unguard(cell) if "'" in cell else cell


def find_columns(first: Record, path: Path) -> Columns:
    """Find the columns by their names in the first row, or, without names, by the address that it holds."""
    names = [plain(cell) for cell in first.cells]
    email = next((names.index(name) for name in EMAIL if name in names), None)
    if email is not None:
        tool = _tool(frozenset(names), first, path)
        return Columns(
            header=tuple(first.cells),
            headed=True,
            email=email,
            names=next((tuple(map(names.index, some)) for some in NAMES if set(some) <= set(names)), ()),
            tool=tool.name,
            digest=names.index("digest") if "digest" in names and not tool.name else None,
            signs=tuple((names.index(sign.column), sign) for sign in tool.signs if sign.column in names),
            moments=tuple((names.index(column), what) for column, what in tool.moments if column in names),
            origin=names.index(tool.origin) if tool.origin in names else None,
        )
    email = next((column for column, cell in enumerate(first.cells) if "@" in cell), None)
    if email is None:
        # The message does not repeat the first row: without a header it is somebody's data.
        raise SubscriberError(
            f"{path}, line {first.line}: no column is named email, and no address stands there.",
            "Name the columns in the first line, for example: email,name",
            code="file",
        )
    # Of more than two columns without names, only that of the addresses can be recognised.
    name = 1 - email if len(first.cells) == 2 else None
    header = tuple("email" if n == email else "name" if n == name else "" for n in range(len(first.cells)))
    return Columns(header, headed=False, email=email, names=() if name is None else (name,))


def _tool(columns: frozenset[str], first: Record, path: Path) -> Tool:
    fitting = [tool for tool in TOOLS if tool.fits(columns)]
    if len(fitting) > 1:
        # Their words differ (`inactive` means "gone" in one tool and "not yet" in another): a guess could
        # mail people who left.
        among = " and ".join(sorted({tool.name or "Rapport" for tool in fitting}))
        raise SubscriberError(
            f"{path}, line {first.line}: the columns are those of {among}.",
            "Export the list again without columns of your own, or keep only email, name and status.",
            code="file",
        )
    return fitting[0] if fitting else UNKNOWN
