"""Exporting the list as CSV: everyone with the proof that they asked; and a record of every export."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from sqlalchemy import exists, func, select, update

from subscribers import clock, staff_log, suppression, times
from subscribers.consent import Consent
from subscribers.csv_cells import CsvWriter, guard_json
from subscribers.tables import consents, exports, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection

PAGE = 1000

A_BACKUP = "a backup,"
"""How the record of a backup begins: it holds the whole list, so it is an export."""
"""People a transaction. Each transaction only reads, and ends before its rows are printed: a slow reader (a
pager, a slow disk) keeps no snapshot of the database open.
"""

LONGEST_TEXT = 2000
"""Characters of one text of a consent record that an export holds; the database has all of it."""

LONGEST_HISTORY = 20_000
"""Characters of consent records in a cell, about: the import reads them back, and spreadsheets (which take
32,767) show them.
"""

COLUMNS = ("id", "email", "name", "digest", "status", "since", "paused_until", "suppression", "consent")

_Row = tuple[object, ...]
_Last = TypeVar("_Last", int, str)


@dataclass(frozen=True, slots=True)
class Export:
    """The record of an export. ``people`` is None if it did not end."""

    at: datetime
    who: str
    what: str
    people: int | None


def export_csv(
    read: Callable[[], AbstractContextManager[Connection]],
    write: Callable[[], AbstractContextManager[Connection]],
    out: TextIO,
    *,
    who: str,
    what: str,
) -> int:
    """Write everyone, one row a subscription, in the order of ids; then every other address that is
    suppressed. The number of rows.

    ``consent`` holds the person's consent records for that digest and for all digests, as JSON. Network
    addresses are left out: the database forgets them in time, and a file does not. That the list was
    exported, by ``who`` and to ``what``, is on record before the first row is written.
    """
    with write() as connection:
        record = begin(connection, who=who, what=what)
    writer = CsvWriter(out)
    writer.row(COLUMNS)
    rows = people = 0
    for page in itertools.chain(_pages(read, _people), _pages(read, _suppressed)):
        for row in itertools.chain.from_iterable(page):
            writer.row(row)
        rows += sum(map(len, page))
        people += len(page)
    out.flush()
    with write() as connection:
        end(connection, record, people)
    return rows


def begin(connection: Connection, *, who: str, what: str) -> int:
    """Record that an export begins; the record's id."""
    what = staff_log.plain(what)
    made = exports.insert().values(at=clock.now(), who=who, what=what).returning(exports.c.id)
    record: int = connection.execute(made).scalar_one()
    staff_log.record(connection, "export", detail=what, actor=who)
    return record


def end(connection: Connection, record: int, people: int) -> None:
    """Record that an export ended, with everyone."""
    connection.execute(update(exports).where(exports.c.id == record).values(people=people))


def history(connection: Connection) -> list[Export]:
    """Every export, the newest first."""
    rows = connection.execute(select(exports).order_by(exports.c.id.desc()))
    return [Export(row.at, row.who, row.what, row.people) for row in rows]


def last_backup(connection: Connection) -> datetime | None:
    """When a backup was last made from this database; None where none was."""
    made = select(func.max(exports.c.at)).where(exports.c.what.startswith(A_BACKUP))
    last: datetime | None = connection.scalar(made)
    return last


def _pages(
    read: Callable[[], AbstractContextManager[Connection]],
    page: Callable[[Connection, _Last | None], tuple[list[list[_Row]], _Last | None]],
) -> Iterator[list[list[_Row]]]:
    """The rows of each person, page by page. ``page`` reads one page and says where it ends."""
    last: _Last | None = None
    while True:
        with read() as connection:
            people, last = page(connection, last)
        if not people:
            return
        yield people


def _people(connection: Connection, last: int | None) -> tuple[list[list[_Row]], int | None]:
    query = select(subscribers.c.id, subscribers.c.email, subscribers.c.name)
    if last is not None:
        query = query.where(subscribers.c.id > last)
    people = connection.execute(query.order_by(subscribers.c.id).limit(PAGE)).all()
    if not people:
        return [], last
    first, last = people[0].id, people[-1].id
    held = defaultdict(list)
    for row in connection.execute(
        select(subscriptions)
        .where(subscriptions.c.subscriber_id.between(first, last))
        .order_by(subscriptions.c.subscriber_id, subscriptions.c.digest)
    ):
        held[row.subscriber_id].append(row)
    said = defaultdict(list)
    for row in connection.execute(
        select(consents).where(consents.c.subscriber_id.between(first, last)).order_by(consents.c.id)
    ):
        said[row.subscriber_id].append(row)
    reasons = suppression.strongest(connection, [person.email for person in people])
    return [
        _rows_of(person, held[person.id], said[person.id], reasons.get(person.email, "")) for person in people
    ], last


def _rows_of(person: Any, held: Sequence[Any], said: Sequence[Any], reason: str) -> list[_Row]:
    whom = (person.id, person.email, person.name)
    if not held:
        return [(*whom, "", "", "", "", reason, _consent(said))]
    digests = {one.digest for one in held}
    return [
        (
            *whom,
            one.digest,
            one.status,
            times.iso(one.since),
            one.paused_until.isoformat() if one.paused_until else "",
            reason,
            # Records of a digest that the person no longer has are in all their rows.
            _consent([record for record in said if record.digest not in digests - {one.digest}]),
        )
        for one in held
    ]


def _consent(records: Sequence[Any]) -> str:
    """The records as a JSON list. If no cell has room for them, the middle ones are left out and counted."""
    told = [_told(Consent.of(row)) for row in records]
    if sum(map(len, told)) > LONGEST_HISTORY:
        first = max(1, _fitting(told, LONGEST_HISTORY // 2))  # what they agreed to is always told
        last = _fitting(told[:first:-1], LONGEST_HISTORY // 2)
        left_out = _json({"left_out": len(told) - first - last})
        told[first : len(told) - last] = [left_out]
    return guard_json(f"[{','.join(told)}]")


def _fitting(told: Sequence[str], room: int) -> int:
    """How many of the first ones fit."""
    ends = itertools.accumulate(map(len, told))
    return sum(1 for end in itertools.takewhile(lambda end: end <= room, ends))


def _told(one: Consent) -> str:
    return _json(
        {
            "at": times.iso(one.at),
            "action": one.action.value,
            "digest": one.digest,
            "wording": _shortened(one.wording),
            "version": one.version,
            "source": _shortened(one.source),
        }
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _suppressed(connection: Connection, last: str | None) -> tuple[list[list[_Row]], str | None]:
    """Suppressed addresses of nobody on the list: another tool that imports the file must mail none of
    them."""
    query = (
        select(suppressions.c.email)
        .distinct()
        .where(~exists().where(subscribers.c.email == suppressions.c.email))
    )
    if last is not None:
        query = query.where(suppressions.c.email > last)
    emails = connection.scalars(query.order_by(suppressions.c.email).limit(PAGE)).all()
    reasons = suppression.strongest(connection, emails)
    nobody: list[list[_Row]] = [
        [("", email, "", "", "", "", "", reasons[email].value, "[]")] for email in emails
    ]
    return nobody, emails[-1] if emails else last
