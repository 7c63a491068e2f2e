"""The address in a cell, in the forms in which people and programs write one."""

from __future__ import annotations

import re

from subscribers.addresses import normalise
from subscribers.errors import SubscriberError

_BETWEEN = re.compile(r"[\s,;|/&<>()\[\]\"]")
_AT_THE_ENDS = " \t\r\n,;"
_AROUND = (*map(tuple, ("''", '""', "“”", "‘’", "„“", "«»", "[]", "()")), ('="', '"'))
"""What stands around an address that was quoted once more; the last is how Excel keeps a cell a text."""


def read_mailbox(cell: str) -> tuple[str, str]:
    """The address in its one form, and the name beside it: of ``Jane Doe <jane@example.org>``,
    ``mailto:jane@example.org``, ``<jane@example.org>`` or a bare address.

    Raises SubscriberError, with a reason that does not repeat the cell, if there is none, or more than one.
    """
    if cell.count("@") == 1 and "<" not in cell and ":" not in cell and cell[-1].isalnum():
        return normalise(cell), ""
    cell = _unquoted(cell)
    found = {_bare(part).lower() for part in _BETWEEN.split(cell) if 0 < part.find("@") < len(part) - 1}
    if len(found) > 1:
        raise SubscriberError(
            "The cell holds more than one address.", "Give each address a row of its own.", code="address"
        )
    before, opening, rest = cell.strip(_AT_THE_ENDS).partition("<")
    address, closing, after = rest.partition(">")
    if opening and closing and not after.strip():
        name = before.strip(" \t\r\n\"'")
        return normalise(_bare(address)), "" if "@" in name else name
    return normalise(_bare(cell.strip(_AT_THE_ENDS))), ""


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    for opening, closing in _AROUND:
        if cell.startswith(opening) and cell.endswith(closing) and cell.count("@") == 1 and "<" not in cell:
            cell = cell[len(opening) : -len(closing)].strip()
            break
    return cell.removesuffix(".")  # of the root, or of a sentence


def _bare(address: str) -> str:
    address = address.strip()
    if address[:7].lower() != "mailto:":
        return address
    return address[7:].partition("?")[0].strip()
