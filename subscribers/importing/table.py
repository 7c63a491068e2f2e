"""The table in a CSV file: its header, at the top or below a title, and its rows, also where a program has
quoted each line as a whole."""

from __future__ import annotations

import csv
import itertools
from typing import TYPE_CHECKING, NamedTuple

from subscribers.errors import SubscriberError
from subscribers.importing.csv_reader import DELIMITERS, Record
from subscribers.importing.lines import empty
from subscribers.importing.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from subscribers.importing.csv_reader import CsvFile

_ADDRESSES = """
email, email address, Email-Adresse, mail, Mailadresse, adresse email, adresse mail, courriel,
adresse courriel,
adresse de messagerie, adresse électronique, adresse de courriel, correo, correo electrónico,
dirección de correo electrónico, correu electrònic, indirizzo email, indirizzo mail, posta elettronica,
indirizzo di posta elettronica, emailadres, endereço de email, correio eletrónico, adres email,
adres poczty elektronicznej, emailová adresa, email cím, adresa de email, e-post, e-postadress, e-postadresse,
sähköposti, sähköpostiosoite, e-posta, e-posta adresi, email 1, email 1 value, email address 1, primary email,
contact email, customer email, subscriber email, user email, client email, patient email, member email,
recipient email, person email, email addr, mail address, email id,
электронная почта, адрес электронной почты, почта, електронна пошта, ηλεκτρονική διεύθυνση, メールアドレス,
メール, Eメール, 电子邮件, 电子邮箱, 邮箱, 電子郵件, 이메일, 이메일 주소, דואר אלקטרוני, البريد الإلكتروني
"""
EMAIL = frozenset(plain(name) for name in _ADDRESSES.split(","))
"""What the column of the addresses is called, in its plain form."""

WITHIN = 10
"""Rows from the top among which the header must be."""

MOST_COLUMNS = 2000
"""What no tool reaches, and a spreadsheet seldom."""


class Table(NamedTuple):
    """``first`` is the header, or without one the first row, which ``rows`` has as well if ``headed`` is not
    set. ``above`` is what stands over the header, such as a title."""

    first: Record
    headed: bool
    rows: Iterator[Record]
    above: tuple[str, ...] = ()


def names_addresses(cells: Sequence[str]) -> bool:
    """Whether a row is a header: a cell is what a column of addresses is called, and none holds one."""
    return any(plain(cell) in EMAIL for cell in cells) and not any(map(_holds_address, cells))


def find_table(file: CsvFile, path: Path) -> Table:
    """The table of an open file, from its beginning. Raises SubscriberError if there is none."""
    records = file.records()
    top = list(itertools.islice(records, WITHIN))
    if not top:
        raise empty(path)
    _check_width(top, path)
    end = next((n for n, row in enumerate(top) if any(map(_holds_address, row.cells))), len(top) - 1)
    for read in (_as_it_is, _as_one_cell):
        for number, record in enumerate(top[: end + 1]):
            for cells, delimiter in read(record, file.delimiter):
                if names_addresses(cells):
                    rows = _unwrapped(top[number + 1 :], records, len(cells), delimiter)
                    above = tuple(cell for row in top[:number] for cell in row.cells)
                    return Table(Record(record.line, cells), True, rows, above)
    first = top[0]
    for cells, delimiter in _as_one_cell(first, file.delimiter):
        if sum(map(_holds_address, cells)) == 1 and not any("<" in cell for cell in cells):
            return Table(Record(first.line, cells), False, _unwrapped(top, records, len(cells), delimiter))
    return Table(first, False, itertools.chain(top, records))


def _check_width(top: Sequence[Record], path: Path) -> None:
    for record in top:
        if len(record.cells) > MOST_COLUMNS:
            raise SubscriberError(
                f"{path}, line {record.line}: {len(record.cells):,} columns are too many "
                "for a list of people.",
                f"Export the list again, with no more than {MOST_COLUMNS:,} columns.",
                code="file",
            )


def _as_it_is(record: Record, delimiter: str) -> Iterator[tuple[list[str], str]]:
    yield record.cells, delimiter


def _as_one_cell(record: Record, _: str) -> Iterator[tuple[list[str], str]]:
    """The cells of a line that was quoted as a whole, by each separator that it may have."""
    if not record.problem and record.cells[0] and not any(record.cells[1:]):
        for delimiter in DELIMITERS:
            cells = _parsed(record.cells[0], delimiter)
            if len(cells) > 1:
                yield cells, delimiter


def _unwrapped(
    top: Sequence[Record], records: Iterator[Record], width: int, delimiter: str
) -> Iterator[Record]:
    """The rows; a line that is one quoted cell is read again, if it then has as many cells as the header."""
    for record in itertools.chain(top, records):
        if width > 1 and not record.problem and record.cells[0] and not any(record.cells[1:]):
            cells = _parsed(record.cells[0], delimiter)
            if len(cells) == width and sum(map(_holds_address, cells)) == 1:
                yield Record(record.line, cells)
                continue
        yield record


def _parsed(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _holds_address(cell: str) -> bool:
    """Whether a cell is an address, in whatever form, and no sentence with one in it."""
    before, _, after = cell.strip().rpartition("@")
    return bool(before and after) and ("<" in before or not any(sign.isspace() for sign in before + after))
