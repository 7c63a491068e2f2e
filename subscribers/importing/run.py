"""Importing a list in short transactions, so that sending and the public pages go on meanwhile."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from subscribers import consent, digest_names, staff_log
from subscribers.importing.csv_reader import open_csv, open_list
from subscribers.importing.dry_run import DryRun
from subscribers.importing.finding import find_columns
from subscribers.importing.judge import ImportChunk
from subscribers.importing.rejects import Rejects
from subscribers.importing.rows import Applicant, ImportOutcome
from subscribers.importing.survey import survey
from subscribers.importing.table import find_table, names_addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from sqlalchemy import Connection

    from subscribers.importing.answers import Answers
    from subscribers.importing.columns import Columns
    from subscribers.importing.csv_reader import Record

CHUNK = 2000
"""Rows a transaction, at most."""

LONGEST = 0.04
"""Seconds that a transaction should take at most: while it is open nobody else can write to SQLite. On a slow
or busy machine the next ones hold fewer rows.
"""

FEWEST = 100
"""Rows a transaction, at least: with fewer, most of the time goes into the transaction itself."""

PAUSE = 0.002
"""Seconds between two transactions. Others who wait for SQLite's lock ask for it every few milliseconds, and
would never get it if the import took it back at once.
"""

_NEWS = (ImportOutcome.ADDED, ImportOutcome.CHANGED)


@dataclass(frozen=True, slots=True)
class ImportResult:
    read: int
    added: int
    changed: int
    unchanged: int
    refused: int
    refused_file: str | None
    unused_columns: tuple[str, ...] = ()
    uncertain_dates: int = 0
    """People whose proof holds a date as the list has it, because its day is not certain."""


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
    answers: Answers | None = None,
    actor: str = "",
) -> ImportResult:
    """Put everyone of a list on ``digests``, with the evidence that they agreed.

    The whole list is looked through first: a column that may say who left, and that Rapport does not know,
    ends the import before anybody is added, until ``answers`` say what it is. Every ``CHUNK`` rows are a
    transaction that ``begin`` opens (for a dry run one that only reads will do). After an interruption the
    same file can be imported again, which changes nothing for whoever is in already. Refused rows go to
    ``refused_path`` (default: beside the file) with their reasons. ``progress`` hears of bytes read, and of
    bytes in all. A dry run counts and writes the refused rows, and leaves the list as it is.
    """
    wording, source = consent.evidence(wording), staff_log.plain(source)
    with open_list(path) as opened, DryRun() if dry_run else nullcontext() as kept:
        columns = _columns(opened, path, digests, answers)
        with begin() as connection:
            renamed = digest_names.former(connection)
        wanted = list(dict.fromkeys(renamed.get(name, name) for name in digests))
        refused = refused_path or path.with_name(f"{path.name}.refused.csv")
        with (
            Rejects(refused, path, columns.header, again=columns.again) as rejects,
            open_csv(opened, path, names_addresses) as file,
        ):
            work = _Import(begin, kept, wording, source, rejects, actor)
            records = find_table(file, path).rows
            size = path.stat().st_size if path.is_file() else 0
            most = CHUNK
            while some := list(itertools.islice(records, most)):
                # Reading and interpreting, the longer half, is done before the lock is taken.
                rows = [(record, columns.applicant(record, wanted, renamed)) for record in some]
                taken = work.take(rows)
                if progress is not None:
                    progress(file.position(), size)
                most = rows_next(len(some), taken)
                time.sleep(PAUSE)
    return work.result(columns.unused_names())


@dataclass(slots=True)
class _Import:
    """An import under way: its transactions, and what has come of the rows so far."""

    begin: Callable[[], AbstractContextManager[Connection]]
    kept: DryRun | None
    wording: str
    source: str
    rejects: Rejects
    actor: str
    counted: Counter[ImportOutcome] = field(default_factory=Counter)
    uncertain: int = 0
    noted: bool = False
    """Whether it stands on record that staff imported."""

    def take(self, rows: Sequence[tuple[Record, Applicant | str]]) -> float:
        """Put some rows on the list, in one transaction; the seconds that it took."""
        people = [who for _, who in rows if isinstance(who, Applicant)]
        with self.begin() as connection:
            begun = time.perf_counter()
            chunk = ImportChunk(connection, [who.email for who in people], self.kept)
            judged = _judged(chunk, rows)
            chunk.write(wording=self.wording, source=self.source)
            if self.kept is None and not self.noted and any(one in _NEWS for one in judged):
                staff_log.record(connection, "import", detail=self.source, actor=self.actor)
                self.noted = True
        taken = time.perf_counter() - begun
        self.uncertain += sum(not who.certain for who in people)
        for outcome in judged:
            if isinstance(outcome, ImportOutcome):
                self.counted[outcome] += 1
            else:
                self.rejects.write(*outcome)
        return taken

    def result(self, unused: tuple[str, ...]) -> ImportResult:
        counted, refused = self.counted, self.rejects
        return ImportResult(
            read=counted.total() + refused.number,
            added=counted[ImportOutcome.ADDED],
            changed=counted[ImportOutcome.CHANGED],
            unchanged=counted[ImportOutcome.UNCHANGED],
            refused=refused.number,
            refused_file=str(refused.path) if refused.number else None,
            unused_columns=unused,
            uncertain_dates=self.uncertain,
        )


def _columns(file: BinaryIO, path: Path, digests: Sequence[str], answers: Answers | None) -> Columns:
    """The columns of a list that was looked through whole."""
    with open_csv(file, path, names_addresses) as read:
        table = find_table(read, path)
        columns = find_columns(table, path, answers)
        survey(columns, table, path, digests)
    return columns


def rows_next(rows: int, seconds: float) -> int:
    """How many rows the next transaction may hold, if ``rows`` took ``seconds``."""
    return min(CHUNK, max(FEWEST, int(rows * LONGEST / max(seconds, 1e-6))))


def _judged(
    chunk: ImportChunk, rows: Sequence[tuple[Record, Applicant | str]]
) -> list[ImportOutcome | tuple[Record, str]]:
    """The outcome of each row; for a refused one, the row and the reason."""
    judged: list[ImportOutcome | tuple[Record, str]] = []
    for record, who in rows:
        if isinstance(who, str):
            judged.append((record, who))
            continue
        outcome, reason = chunk.judge(who)
        judged.append((record, reason) if reason else outcome)
    return judged
