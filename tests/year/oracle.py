"""Which letters must go, worked out from the script with a calendar. Nothing of Rapport is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.year.script import BACKLOG, CATEGORIES, ZONE, days, local

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.year.script import Entry, Reader, Script

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Letter:
    """One that went out; ``went`` is local, ``posts`` are titles, newest first."""

    digest: str
    went: str
    posts: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Passed:
    """A due time, local, without a letter; ``missed``: for want of time, not of posts."""

    digest: str
    due: str
    missed: bool


def due_on(digest: str, day: date) -> datetime | None:
    """When the digest is due on a day, if it is."""
    if digest == "weekly" and day.strftime("%A") == "Thursday":
        return local(day, "09:00")
    if digest == "couples" and day.day == 1 and day.month in (2, 5, 8, 11):
        return local(day, "01:30")
    if digest == "groups" and day.day == 8 and day.month in (3, 6, 9, 12):
        return local(day, "02:30")
    return None


def due_times(script: Script, digest: str) -> list[datetime]:
    every = [due_on(digest, day) for day in days(script.begins.date(), script.ends.date())]
    return [due for due in every if due and script.begins < due <= script.ends]


def shown(moment: datetime) -> str:
    """By the wall clock, with how far it is from UTC: of an hour that comes twice, which."""
    return moment.astimezone(ZONE).isoformat(timespec="minutes")


class Oracle:
    """``letters`` in the order they go, and the due times that pass without one."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.letters: list[Letter] = []
        self.passed: list[Passed] = []
        self._mailed: dict[str, set[str]] = {}
        self._bounced: set[str] = set()
        dues = [(due, digest) for digest in ("weekly", *CATEGORIES) for due in due_times(script, digest)]
        for due, digest in sorted(dues):
            self._come(digest, due)

    def _come(self, digest: str, due: datetime) -> None:
        begun = next((span.end for span in self.script.off if due in span), due)
        if begun - due > A_DAY:
            self.passed.append(Passed(digest, shown(due), missed=True))
            self._letter(digest, self.script.by_hand)
        elif not self._letter(digest, begun):
            # With a feed broken the posts may be behind it: it is tried for a day.
            self.passed.append(Passed(digest, shown(due), missed=begun in self.script.broken))

    def _letter(self, digest: str, begun: datetime) -> bool:
        mailed = self._mailed.setdefault(digest, set())
        fresh = [entry for entry in self._seen(digest, begun) if entry.title not in mailed]
        if not fresh:
            return False
        fresh.sort(key=lambda entry: entry.dated, reverse=True)
        gone = self.script.refusing.end if begun in self.script.refusing else begun
        readers = [
            r for r in self.script.readers if self._gets(r, digest, begun) and self._gets(r, digest, gone)
        ]
        self._bounced |= {r.name for r in readers if r.dies and r.dies <= gone}
        mailed |= {entry.title for entry in fresh}
        titles = tuple(entry.title for entry in fresh)
        self.letters.append(Letter(digest, shown(gone), titles, tuple(sorted(r.address for r in readers))))
        return True

    def _seen(self, digest: str, at: datetime) -> list[Entry]:
        script = self.script
        # What stood behind the broken feed has been seen if it was there before.
        until = {"partners": script.broken.start if at in script.broken else at}
        return [
            entry
            for entry in script.entries
            if entry.stands(until.get(entry.blog, at))
            and entry.shown >= script.begins - BACKLOG
            and (digest not in CATEGORIES or digest in entry.categories)
        ]

    def _gets(self, reader: Reader, digest: str, at: datetime) -> bool:
        return (
            (reader.joins is None or reader.joins <= at)
            and not (digest == "weekly" and reader.leaves is not None and reader.leaves <= at)
            and reader.name not in self._bounced
            and not (reader.complains is not None and reader.complains <= at)
        )
