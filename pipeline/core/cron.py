"""When a digest is due: standard cron lines on the wall clock of the newsletter's time zone.

A due time is identified by its local date and time without an offset ("2026-11-26T09:00"). So a change of
daylight saving can neither double nor skip it. An hour that comes twice in autumn has one name, and its first
passing counts. A time that the clock jumps over in spring is kept: it comes an hour later by that clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def check_schedule(schedule: str) -> None:
    """Raise ValueError, with an example, for what is no cron line or one that never comes due."""
    from cronsim import CronSim, CronSimError

    try:
        if len(schedule.split()) != 5:  # with a sixth field the library counts seconds; cron does not
            raise CronSimError("Wrong number of fields")
        next(CronSim(schedule, datetime(2026, 1, 1)))  # noqa: DTZ001  the wall clock, on purpose
    except CronSimError as error:
        raise ValueError(_explained(schedule, str(error))) from None
    except StopIteration:
        raise ValueError("this cron line never comes due") from None


def _explained(schedule: str, fault: str) -> str:
    from cronsim import CronSim, CronSimError

    from pipeline.core.suggest.schedule import schedule_meant, wrong

    meant = schedule_meant(schedule)
    try:
        CronSim(meant, datetime(2026, 1, 1))  # noqa: DTZ001
    except CronSimError:
        return f'"{schedule}" is {wrong(schedule, fault)}; "0 9 * * thu" is Thursdays at nine'
    return f'"{schedule}" is {wrong(schedule, fault)}; did you mean "{meant}"?'


def last_due(schedule: str, zone: ZoneInfo, moment: datetime) -> str:
    """The newest due time that is not after ``moment``, as local ISO text."""
    from cronsim import CronSim

    # In autumn the wall clock may show less than a due time that has passed already; in spring it may have
    # jumped over one. So look from a day ahead, back to the newest due time that has really come.
    wall = moment.astimezone(zone).replace(tzinfo=None)
    candidates = CronSim(schedule, wall + _DAY, reverse=True)
    return next(named for due in candidates if moment_of(named := _name(due), zone) <= moment)


def next_due(schedule: str, zone: ZoneInfo, moment: datetime, taken: Container[str] = ()) -> str:
    """The first due time after ``moment`` that is not ``taken`` already, as local ISO text."""
    from cronsim import CronSim

    wall = moment.astimezone(zone).replace(tzinfo=None)
    candidates = CronSim(schedule, wall - _DAY)
    return next(
        named for due in candidates if moment_of(named := _name(due), zone) > moment and named not in taken
    )


def due_between(schedule: str, zone: ZoneInfo, begin: datetime, end: datetime, most: int) -> list[str]:
    """The due times after ``begin`` and not after ``end``, as local ISO text; ``most`` of them."""
    found: list[str] = []
    due = next_due(schedule, zone, begin)
    while len(found) < most and moment_of(due, zone) <= end:
        found.append(due)
        due = next_due(schedule, zone, moment_of(due, zone))
    return found


def moment_of(due: str, zone: ZoneInfo) -> datetime:
    """When a due time comes, in UTC: the first passing where the clock shows it twice (PEP 495)."""
    return datetime.fromisoformat(due).replace(tzinfo=zone, fold=0).astimezone(UTC)


def _name(due: datetime) -> str:
    return due.isoformat(timespec="minutes")
