"""A list into the database: in short transactions, so that a send and the pages go on meanwhile."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers import consent
from subscribers.importing.columns import find_layout
from subscribers.importing.csv_reader import empty, open_sheet
from subscribers.importing.dry_run import Rehearsal
from subscribers.importing.judge import Intake
from subscribers.importing.rejects import Refused
from subscribers.importing.rows import Applicant, ImportOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from subscribers.importing.csv_reader import Record

CHUNK = 2000
"""Rows a transaction, at most."""

LONGEST = 0.04
"""Seconds a transaction is to take, for while it is open nobody else can write to SQLite: on a slow or busy
machine the next ones hold fewer rows.
"""

FEWEST = 100
"""Rows a transaction, at least: below that its own cost is the most of it."""

PAUSE = 0.002
"""Seconds between two transactions. Who waits for SQLite's lock asks again every few milliseconds, and would
ask in vain for as long as the import takes it back at once.
"""


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

    Every ``CHUNK`` rows are a transaction that ``begin`` opens (for a dry run one that only reads will do);
    after an interruption the same file can be imported again, which changes nothing for who is in already.
    Refused rows go to ``refused_path`` (default: beside the file) with their reasons. ``progress`` hears of
    bytes read, and bytes in all. A dry run counts and writes the refused rows, and leaves the list as it is.
    """
    wording = consent.evidence(wording)
    size = path.stat().st_size if path.is_file() else 0
    counted: Counter[ImportOutcome] = Counter()
    with open_sheet(path) as sheet, Rehearsal() if dry_run else nullcontext() as rehearsal:
        records = sheet.records()
        first = next(records, None)
        if first is None:
            raise empty(path)
        layout = find_layout(first, path)
        if not layout.headed:
            records = itertools.chain([first], records)
        aside = refused_path or path.with_name(f"{path.name}.refused.csv")
        with Refused(aside, path, layout.header) as refused:
            most = CHUNK
            while chunk := list(itertools.islice(records, most)):
                # Reading and understanding, the longer half, is done before the lock is taken.
                rows = [(record, layout.applicant(record, digests)) for record in chunk]
                emails = [who.email for _, who in rows if isinstance(who, Applicant)]
                with begin() as connection:
                    begun = time.perf_counter()
                    intake = Intake(connection, emails, rehearsal)
                    judged = _judged(intake, rows)
                    intake.write(wording=wording, source=source)
                taken = time.perf_counter() - begun
                for outcome in judged:
                    if isinstance(outcome, ImportOutcome):
                        counted[outcome] += 1
                    else:
                        refused.write(*outcome)
                if progress is not None:
                    progress(sheet.position(), size)
                most = rows_next(len(chunk), taken)
                time.sleep(PAUSE)
    return ImportResult(
        read=counted.total() + refused.number,
        added=counted[ImportOutcome.ADDED],
        changed=counted[ImportOutcome.CHANGED],
        unchanged=counted[ImportOutcome.UNCHANGED],
        refused=refused.number,
        refused_file=str(refused.path) if refused.number else None,
    )


def rows_next(rows: int, seconds: float) -> int:
    """How many rows the next transaction may hold, if ``rows`` took ``seconds``."""
    return min(CHUNK, max(FEWEST, int(rows * LONGEST / max(seconds, 1e-6))))


def _judged(
    intake: Intake, rows: Sequence[tuple[Record, Applicant | str]]
) -> list[ImportOutcome | tuple[Record, str]]:
    """What becomes of each row; of one that is refused, the row and the reason."""
    judged: list[ImportOutcome | tuple[Record, str]] = []
    for record, who in rows:
        if isinstance(who, str):
            judged.append((record, who))
            continue
        outcome, reason = intake.judge(who)
        judged.append((record, reason) if reason else outcome)
    return judged
