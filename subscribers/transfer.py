"""Lists in and out, as CSV: `email,name`, bare addresses, and what `export_csv` wrote."""

from __future__ import annotations

import csv
import itertools
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TextIO

from sqlalchemy import select

from subscribers import consent
from subscribers.errors import SubscriberError
from subscribers.intake import Applicant, Intake, Outcome
from subscribers.layout import find_layout
from subscribers.sheet import empty, guard, open_sheet, unguard
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from subscribers.layout import Layout
    from subscribers.sheet import Record

CHUNK = 2000
"""Rows a transaction: while it is open nobody else can write to SQLite."""

COLUMNS = ("id", "email", "name", "digest", "status", "since")


@dataclass(frozen=True, slots=True)
class ImportResult:
    read: int
    added: int
    changed: int
    unchanged: int
    refused: int
    refused_file: str | None


def import_csv(
    begin: Callable[[], AbstractContextManager[Connection]],
    path: Path,
    *,
    digests: Sequence[str],
    wording: str,
    source: str,
    refused_path: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    dry_run: bool = False,
) -> ImportResult:
    """Put everyone of a list on ``digests``, with the evidence that they agreed.

    Every ``CHUNK`` rows are a transaction that ``begin`` opens; after an interruption the same file can be
    imported again, which changes nothing for who is in already. Refused rows go to ``refused_path``
    (default: beside the file) with their reasons. ``progress`` hears of bytes read, and bytes in all.
    A dry run counts and writes the refused rows, and leaves the list as it is.
    """
    wording = consent.evidence(wording)
    size = path.stat().st_size if path.is_file() else 0
    counted: Counter[Outcome] = Counter()
    seen: set[int] | None = set() if dry_run else None
    with open_sheet(path) as sheet:
        records = sheet.records()
        first = next(records, None)
        if first is None:
            raise empty(path)
        layout = find_layout(first, path)
        if not layout.headed:
            records = itertools.chain([first], records)
        with _Refused(refused_path or path.with_name(f"{path.name}.refused.csv"), path, layout) as refused:
            while chunk := list(itertools.islice(records, CHUNK)):
                rows = [(record, layout.applicant(record, digests)) for record in chunk]
                with begin() as connection:
                    intake = Intake(connection, [who.email for _, who in rows if isinstance(who, Applicant)])
                    counted.update(_judged(intake, rows, refused, seen))
                    if not dry_run:
                        intake.write(wording=wording, source=source)
                if progress is not None:
                    progress(sheet.position(), size)
    return ImportResult(
        read=counted.total() + refused.number,
        added=counted[Outcome.ADDED],
        changed=counted[Outcome.CHANGED],
        unchanged=counted[Outcome.UNCHANGED],
        refused=refused.number,
        refused_file=str(refused.path) if refused.number else None,
    )


def export_csv(connection: Connection, out: TextIO) -> int:
    """Write everyone, one row a subscription, in the order of ids; returns the number of rows."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    everyone = (
        select(
            subscribers.c.id,
            subscribers.c.email,
            subscribers.c.name,
            subscriptions.c.digest,
            subscriptions.c.status,
            subscriptions.c.since,
        )
        .join_from(subscriptions, subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .order_by(subscriptions.c.subscriber_id, subscriptions.c.digest)
        .execution_options(yield_per=CHUNK)
    )
    number = 0
    for id_, email, name, digest, status, since in connection.execute(everyone):
        writer.writerow((id_, guard(email), guard(name), guard(digest), status, since.isoformat()))
        number += 1
    return number


def _judged(
    intake: Intake, rows: Iterable[tuple[Record, Applicant | str]], refused: _Refused, seen: set[int] | None
) -> Iterator[Outcome]:
    """What becomes of each row that is not refused. ``seen``: whom a dry run met in earlier chunks, since it
    leaves no trace in the database to tell; as hashes, to be small.
    """
    met = set()
    for record, who in rows:
        if isinstance(who, str):
            refused.write(record, who)
            continue
        outcome, reason = intake.judge(who)
        if reason:
            refused.write(record, reason)
            continue
        if seen is not None:
            key = hash(who.email)
            outcome = Outcome.UNCHANGED if key in seen else outcome
            met.add(key)
        yield outcome
    if seen is not None:
        seen |= met


class _Refused:
    """The file of refused rows, safe to open, for its owner alone; made only if there are any."""

    def __init__(self, path: Path, source: Path, layout: Layout) -> None:
        if path.exists() and source.exists() and path.samefile(source):
            raise SubscriberError(
                f"{path} is the list itself.", "Name another file for the refused rows.", code="file"
            )
        self.path = path
        self.number = 0
        self._header = layout.header
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, record: Record, reason: str) -> None:
        """Set one row aside; the file can be put right and imported in its turn."""
        if self._file is None:
            self._file = self._opened()
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(("line", "reason", *map(guard, self._header)))
        self._writer.writerow((record.line, reason, *(guard(unguard(cell)) for cell in record.cells)))
        self.number += 1

    def _opened(self) -> TextIO:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise SubscriberError(
                f"{self.path}, for the rows that are refused, cannot be written: {error.strerror}.",
                "Name another file, or make its folder writable. What was read so far is in.",
                code="file",
            ) from None
        os.fchmod(handle, 0o600)  # one that lay there before keeps its mode otherwise
        return os.fdopen(handle, "w", encoding="utf-8", newline="")
