"""Clicks on the offer of an edition: where its links lead, and how many clicks there were by link and day.

Programs that look for malice fetch every link of a mail before its reader sees it, some by a real browser.
Nobody knows here who clicked, so they cannot be told from people by that. They can by the moment: they come
when mail arrives. So what comes within SCANNED after a part of the edition was handed over is taken for
theirs, and what says itself that it is no person (web/public/scanners.py). The rest is an estimate.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from pipeline.core.tables.clicks import clicks
from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches
from pipeline.editions.edition import BEFORE_SENDING
from pipeline.editions.ledger.batch_states import BatchState
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

SCANNED = timedelta(minutes=10)
"""Scanners fetch links before they deliver (github.com/gophish/gophish/issues/2446), or some seconds after it
(12 in github.com/resend/resend-node/issues/901). The rest is for mail that takes minutes on its way."""

_LOOKED_AT = 20
"""How many of the newest editions may be without such a link: notes that make no offer have none."""

# Not by the snapshot alone: an approved edition that has one can still be changed, or thrown away.
_BEGUN = (editions.c.snapshot_at.is_not(None), editions.c.status.not_in(BEFORE_SENDING))


class Click(NamedTuple):
    """What is counted together. ``day``: where the newsletter is."""

    edition: int
    link: str
    day: date


@dataclass(frozen=True, slots=True)
class Count:
    """How many clicks were ``counted``, and how many of these taken for ``scanners``."""

    counted: int = 0
    scanners: int = 0

    @property
    def people(self) -> int:
        """The rest: an estimate."""
        return self.counted - self.scanners

    def __add__(self, other: Count) -> Count:
        return Count(self.counted + other.counted, self.scanners + other.scanners)


@dataclass(frozen=True, slots=True)
class OfDay:
    day: date
    link: str
    count: Count


@dataclass(frozen=True, slots=True)
class Redirects:
    """Where the links of an edition lead, by name. ``handed_over``: when a part of it was last."""

    edition: int
    targets: Mapping[str, str]
    handed_over: datetime | None

    def is_scanned(self, at: datetime) -> bool:
        """Whether mail programs' scanners are likely to be at it."""
        return self.handed_over is not None and at < self.handed_over + SCANNED


def redirects(connection: Connection, slug: str) -> Redirects | None:
    """Those of an edition whose hand-over has begun; None for any other, and where none are counted."""
    query = select(editions.c.id, editions.c.links).where(editions.c.slug == slug, *_BEGUN)
    row = connection.execute(query).one_or_none()
    if row is None or not row.links:
        return None
    # Not the welcomes: each is for one person, and would have everybody's clicks taken for scanners'.
    last = select(func.max(batches.c.at)).where(
        batches.c.edition_id == row.id, batches.c.state != BatchState.WAITING, ~batches.c.welcome
    )
    targets = {link["name"]: link["target"] for link in row.links}
    return Redirects(row.id, targets, connection.scalar(last))


def newest_link(connection: Connection) -> str | None:
    """The address of a counted link in the newest letter that has any."""
    query = select(editions.c.links).where(*_BEGUN).order_by(editions.c.id.desc()).limit(_LOOKED_AT)
    found = (links[0]["address"] for links in connection.scalars(query) if links)
    return next(found, None)


def add(connection: Connection, counted: Mapping[Click, Count]) -> None:
    """Add to what was counted before."""
    filling = insert(connection, clicks)
    adding = filling.on_conflict_do_update(
        index_elements=["edition_id", "link", "day"],
        set_={
            "counted": clicks.c.counted + filling.excluded.counted,
            "scanners": clicks.c.scanners + filling.excluded.scanners,
        },
    )
    # In one order: two processes that lock rows in two orders wait for each other.
    for click, count in sorted(counted.items()):
        row = {"edition_id": click.edition, "link": click.link, "day": click.day}
        connection.execute(adding, row | asdict(count))


def by_day(connection: Connection, edition: int) -> list[OfDay]:
    """What was counted of an edition, the first day first."""
    query = select(clicks).where(clicks.c.edition_id == edition).order_by(clicks.c.day, clicks.c.link.desc())
    return [OfDay(row.day, row.link, Count(row.counted, row.scanners)) for row in connection.execute(query)]


def total(counted: Sequence[OfDay]) -> Count:
    return sum((one.count for one in counted), Count())


def document(counted: Sequence[OfDay]) -> dict[str, Any]:
    """As ``--json`` prints them."""
    links: dict[str, Count] = defaultdict(Count)
    for one in counted:
        links[one.link] += one.count
    return _figures(total(counted)) | {
        "links": {name: _figures(count) for name, count in links.items()},
        "days": [{"day": one.day.isoformat(), "link": one.link} | _figures(one.count) for one in counted],
    }


def _figures(count: Count) -> dict[str, int]:
    return {"counted": count.counted, "scanners": count.scanners, "estimate": count.people}
