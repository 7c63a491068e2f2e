"""The numbers of editions: none is given twice, nor after a restore one that may have been given before it.

Slug and Message-ID are made of the number. Events of a letter that the backup does not know would be taken
for another's, and mail programs could take that one for the mail they have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

UNKNOWN = 1000
"""More editions than any digest gets between a backup and its restore."""

_MARK = "numbers"


def following(connection: Connection, digest: str) -> int:
    """The number of a digest's next edition."""
    newest = select(func.max(editions.c.number)).where(editions.c.digest == digest)
    # The name may have been another digest's, whose editions keep the slugs that are in mail that is out.
    others = select(editions.c.slug).where(
        editions.c.digest != digest, editions.c.slug.startswith(f"{digest}-", autoescape=True)
    )
    ends = (slug.removeprefix(f"{digest}-") for slug in connection.scalars(others))
    given = (int(end) for end in ends if end.isdecimal())
    return max(connection.scalar(newest) or 0, _given_before(connection), *given) + 1


def perhaps_given(connection: Connection) -> int:
    """The highest number that may have been given after the backup which this database is made of."""
    highest = connection.scalar(select(func.max(editions.c.number))) or 0
    return max(highest, _given_before(connection)) + UNKNOWN


def leave_out(connection: Connection, until: int, at: datetime) -> None:
    """Give no number up to this one again."""
    connection.execute(insert(marks).values(name=_MARK, value=str(until), at=at))


def _given_before(connection: Connection) -> int:
    """The highest number that may have been given before a restore; 0 if there was none."""
    return int(connection.scalar(select(marks.c.value).where(marks.c.name == _MARK)) or 0)
