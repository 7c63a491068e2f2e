"""What happens in the year: who writes when, who reads, and what breaks. All times are New York's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")


def local(day: date | str, clock: str = "00:00") -> datetime:
    """A moment by the wall clock; the first passing of an hour that comes twice."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(day, time.fromisoformat(clock), ZONE).astimezone(UTC)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True)
class Span:
    """From a moment until just before another."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Entry:
    """A post: from when until when its blog shows it, and the date that it bears."""

    blog: str
    title: str
    shown: datetime
    dated: datetime
    categories: tuple[str, ...] = ()
    withdrawn: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Whether the blog has it, in its feed or only in its archive."""
        return self.shown <= at and (self.withdrawn is None or self.withdrawn > at)


@dataclass(frozen=True)
class Reader:
    """Somebody on the list from ``joins`` on (None: from the start), through the form or ``on_paper``.

    Who ``leaves`` leaves the weekly letter alone. From ``dies`` on the mailbox bounces, so that one more
    letter is the last; who ``complains`` reports the newest as spam.
    """

    name: str
    joins: datetime | None = None
    leaves: datetime | None = None
    dies: datetime | None = None
    complains: datetime | None = None
    on_paper: bool = False

    @property
    def address(self) -> str:
        return f"{self.name}@example.net"


SCHEDULES = {
    "weekly": "0 9 * * thu",
    "couples": "30 1 1 2,5,8,11 *",  # on 1 November 2026 half past one comes twice
    "groups": "30 2 8 3,6,9,12 *",  # on 8 March 2026 there is no half past two
}
CATEGORIES = ("couples", "groups")
"""Of posts; each has a digest of its name, that takes no others."""

BACKLOG = timedelta(days=7)


@dataclass(frozen=True)
class Script:
    """``off``: the machine is. ``refusing``: the provider takes nothing. ``broken``: the partners' feed,
    answering 500, from ``garbage`` on with no feed. ``quiet``: the practice writes nothing, and the first
    time the partners neither. ``by_hand``: staff send the weekly letter.
    """

    begins: datetime
    ends: datetime
    off: tuple[Span, ...]
    refusing: Span
    broken: Span
    garbage: datetime
    quiet: tuple[Span, ...]
    by_hand: datetime
    readers: tuple[Reader, ...]
    entries: tuple[Entry, ...] = field(init=False)

    def __post_init__(self) -> None:
        written = sorted(
            [*self._archive(), *self._practice(), *self._partners()], key=lambda entry: entry.shown
        )
        object.__setattr__(self, "entries", tuple(written))

    def _practice(self) -> list[Entry]:
        """A post each Tuesday, every third week one on Wednesday, too; one that is soon withdrawn, and one
        that shows up late."""
        found = []
        for week, day in enumerate(_each(self.begins, self.ends, weekday=1)):
            moment = local(day, "10:00")
            if any(moment in span for span in self.quiet):
                continue
            about = "groups" if week % 5 == 0 else "couples"
            found.append(Entry("practice", f"Practice tuesday {week}", moment, moment, (about,)))
            if week % 3 == 0:
                evening = moment + timedelta(days=1, hours=8)
                found.append(Entry("practice", f"Practice wednesday {week}", evening, evening))
        early, late = local("2026-10-13", "15:00"), local("2026-10-20", "11:00")
        rash = Entry("practice", "Practice rash 1", early, early, withdrawn=early + timedelta(hours=20))
        return [*found, rash, Entry("practice", "Practice drawer 1", late, late - timedelta(days=40))]

    def _partners(self) -> list[Entry]:
        """A post every other Wednesday."""
        moments = [local(day, "12:00") for day in _each(self.begins, self.ends, weekday=2)[::2]]
        return [
            Entry("partners", f"Partners guest {number}", moment, moment)
            for number, moment in enumerate(moments)
            if moment not in self.quiet[0]
        ]

    def _archive(self) -> list[Entry]:
        """What the practice had written before, most of it too long ago to be mailed."""
        moments = [self.begins - timedelta(days=3, weeks=n) for n in range(4)]
        return [Entry("practice", f"Practice early {n}", moment, moment) for n, moment in enumerate(moments)]


def _each(begins: datetime, ends: datetime, weekday: int) -> list[date]:
    return [day for day in days(begins.date(), ends.date()) if day.weekday() == weekday]


YEAR = Script(
    begins=local("2025-12-15", "10:00"),
    ends=local("2027-01-03", "12:00"),
    off=(
        Span(local("2026-02-12", "06:00"), local("2026-02-12", "13:40")),  # over a due time, for some hours
        Span(local("2026-05-13", "12:00"), local("2026-05-15", "20:00")),  # over another, for more than a day
    ),
    refusing=Span(local("2026-09-17", "08:00"), local("2026-09-17", "14:00")),  # over a third
    broken=Span(local("2026-06-04", "12:00"), local("2026-07-06", "16:00")),
    garbage=local("2026-06-20", "12:00"),
    quiet=(
        Span(local("2026-03-20"), local("2026-04-04")),
        Span(local("2026-06-19"), local("2026-06-26")),  # while what the partners write is out of sight
    ),
    by_hand=local("2026-05-15", "20:30"),
    readers=(
        Reader("alma"),
        Reader("bruno"),
        Reader("carla", leaves=local("2026-04-24", "18:00")),
        Reader("dario", dies=local("2026-07-20", "10:00")),
        Reader("edith", complains=local("2026-08-14", "19:00")),
        Reader("fritz", leaves=local("2026-09-17", "12:00")),  # with a letter to them under way
        Reader("greta", joins=local("2026-03-18", "21:00")),
        Reader("hanna", joins=local("2026-09-17", "12:30"), on_paper=True),  # too late for that letter
        Reader("ivo", joins=local("2026-10-05", "08:00")),
    ),
)

AUTUMN = replace(
    YEAR,
    begins=local("2026-09-07", "10:00"),
    ends=local("2026-11-09", "12:00"),
    readers=(
        Reader("alma"),
        Reader("bruno", dies=local("2026-10-14", "10:00")),
        Reader("fritz", leaves=local("2026-09-17", "12:00")),
        Reader("hanna", joins=local("2026-09-17", "12:30"), on_paper=True),
        Reader("ivo", joins=local("2026-10-05", "08:00")),
    ),
)
