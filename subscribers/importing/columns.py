"""Reading a row by what its columns hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from subscribers.addresses import clean_name
from subscribers.csv_cells import unguard
from subscribers.errors import SubscriberError
from subscribers.importing.answers import column_name
from subscribers.importing.mailboxes import read_mailbox
from subscribers.importing.moments import UNREADABLE, read_moment
from subscribers.importing.rows import Applicant
from subscribers.importing.signs import ACTIVE, LEFT, PENDING
from subscribers.importing.words import refuses_mail
from subscribers.suppression import Reason, to_tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from subscribers.importing.csv_reader import Record
    from subscribers.importing.signs import Sign, Standing

_NONE: Mapping[str, str] = {}

NEVER_AGREED = "The list has no time at which this person agreed."
_WAY = re.compile(r"[A-Za-z][\w .:/-]{0,99}")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a list, by number.

    ``headed``: the first row names them and holds no person. ``tool`` is the tool that wrote the list, if it
    can be recognised. ``unused`` are those of which nothing is read, ``unknown`` those of them of which
    nobody has said that they mean nothing. ``agreed``: nobody is mailed of whom no moment is known at which
    they agreed. ``again``: these are the rows that an earlier import refused.
    """

    header: tuple[str, ...]
    headed: bool
    emails: tuple[int, ...]
    names: tuple[int, ...]
    tool: str = ""
    digest: int | None = None
    signs: tuple[tuple[int, Sign], ...] = ()
    moments: tuple[tuple[int, str], ...] = ()
    agreed: bool = False
    again: bool = False
    paused: int | None = None
    origin: int | None = None
    unused: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()

    def unused_names(self) -> tuple[str, ...]:
        """The columns of which nothing is read, as the list calls them."""
        return tuple(column_name(self.header, column) for column in self.unused)

    def applicant(
        self, record: Record, digests: Sequence[str], renamed: Mapping[str, str] = _NONE
    ) -> Applicant | str:
        """What the row asks for, or the reason why it is refused.

        If the row itself says which digest it is for, or that the person left, that counts: else moving a
        list would put people on digests that they never asked for. It may be older than the digest's name:
        ``renamed`` has by former names the present ones, by which ``digests`` are called.
        """
        problem = record.problem or self._misfit(record)
        if problem:
            return problem
        left, reason, proof, certain = False, None, "", True
        if self.signs or self.digest is not None:
            digest = self._cell(record, self.digest).strip()
            digest = renamed.get(digest, digest)
            if digest and digest not in digests:
                return "It is for another digest than this import."
            digests = (digest,) if digest else digests
            found = self._standings(record)
            if None in found:
                return "Its status is not one that Rapport knows."
            # `is` and not `==`: a status and a reason may both be "unsubscribed", and are equal then.
            left = any(one is LEFT for one in found)
            reasons = [one for one in found if isinstance(one, Reason)]
            reason = to_tell(reasons) if reasons else None
            if PENDING in found and not left and reason is None:
                return "This person has not confirmed."
        if self.never_agreed(record):
            return NEVER_AGREED
        try:
            email, name = self._mailbox(record)
        except SubscriberError as error:
            return error.message
        try:
            pause = self._cell(record, self.paused).strip()
            paused_until = date.fromisoformat(pause) if pause else None
        except ValueError:
            return "The day until which they want no mail cannot be read."
        if self.tool:
            proof, certain = self._proof(record)
        name = " ".join([self._cell(record, column) for column in self.names]).strip() or name
        if name and not left and reason is None and refuses_mail(name):
            return "Its name says something about mail: keep the name alone."
        return Applicant(email, clean_name(name), digests, left, reason, proof, certain, paused_until)

    def never_agreed(self, record: Record) -> bool:
        """Whether the list would have somebody mailed of whom it knows no time at which they agreed."""
        if not self.agreed or any(one is not ACTIVE for one in self._standings(record)):
            return False
        said = {read_moment(self._cell(record, column))[0] for column, _ in self.moments}
        return said <= {"", UNREADABLE}

    def _misfit(self, record: Record) -> str:
        """Why the row cannot be read by the header: then what a cell says of the person may be missed."""
        cells = record.cells
        if len(cells) > len(self.header) and any(cells[len(self.header) :]):
            return f"It has more cells than the {'header' if self.headed else 'first row'}."
        for column, _ in self.signs:
            if column >= len(cells):
                return f"It ends before the column {column_name(self.header, column)}."
        return ""

    def _mailbox(self, record: Record) -> tuple[str, str]:
        """The address and the name beside it, by all columns of addresses that are filled in. A number among
        them is how a program counts its people ("Email ID")."""
        cells = [self._cell(record, column) for column in self.emails]
        if len(cells) > 1:
            cells = [cell for cell in cells if cell.strip() and not cell.strip().isdigit()] or cells[:1]
        email, name = read_mailbox(cells[0])
        if any(read_mailbox(cell)[0] != email for cell in cells[1:]):
            raise SubscriberError("It has two addresses, in two columns.", code="address")
        return email, name

    def _standings(self, record: Record) -> list[Standing | None]:
        """The person's standing by each column that tells it; None for an unknown word."""
        return [sign.standing(self._cell(record, column)) for column, sign in self.signs]

    def _proof(self, record: Record) -> tuple[str, bool]:
        """When and how they agreed, as the tool knows it, and whether all dates are certain:
        (Mailchimp: opted in 2021-03-04 10:11).

        Of the way only what looks like the name or address of a page is repeated: the cell is a stranger's
        text, and the address of a page may have somebody's address behind a question mark.
        """
        said, certain = [], True
        for column, what in self.moments:
            moment, sure = read_moment(self._cell(record, column))
            certain &= sure
            if moment:
                said.append(f"{what} {moment}")
        way = self._cell(record, self.origin).partition("?")[0].strip()
        if _WAY.fullmatch(way):
            said.append(f"by {way}")
        return (f"({self.tool}: {', '.join(said)})" if said else f"({self.tool})"), certain

    @staticmethod
    def _cell(record: Record, column: int | None) -> str:
        if column is None or column >= len(record.cells):
            return ""
        cell = record.cells[column]
        return unguard(cell) if "'" in cell else cell
