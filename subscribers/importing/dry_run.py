"""What a dry run of an import would have written: kept in a temporary file that ends with the process.

The file has no name, so nobody else can open it. SQLite keeps little of it in memory, however long the list.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Self

from subscribers.suppression import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from subscribers.importing.rows import Known


class DryRun:
    """The people whom the rows so far would have changed, and to what."""

    def __init__(self) -> None:
        # "" is a temporary database on disk, deleted when closed: sqlite.org/inmemorydb.html
        self._file = sqlite3.connect("")
        self._file.execute(
            "CREATE TABLE met (email TEXT PRIMARY KEY, name TEXT, statuses TEXT, reasons TEXT) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def load(self, people: Mapping[str, Known]) -> None:
        """Set each of ``people``, by address, to what the rows of earlier chunks made of them."""
        found = self._file.execute(
            "SELECT email, name, statuses, reasons FROM met WHERE email IN (SELECT value FROM json_each(?))",
            (json.dumps(list(people)),),
        )
        for email, name, statuses, reasons in found:
            known = people[email]
            known.name = known.name_before = name
            known.statuses = known.statuses_before = json.loads(statuses)
            known.reasons = known.reasons_before = frozenset(map(Reason, json.loads(reasons)))

    def store(self, people: Iterable[Known]) -> None:
        """Keep what the rows made of those whom they changed."""
        self._file.executemany(
            "REPLACE INTO met VALUES (?, ?, ?, ?)",
            (
                (known.email, known.name, json.dumps(dict(known.statuses)), json.dumps(list(known.reasons)))
                for known in people
                if known.statuses is not known.statuses_before
                or known.name != known.name_before
                or known.reasons != known.reasons_before
            ),
        )
