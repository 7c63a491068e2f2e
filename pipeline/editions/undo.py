"""What an edition said before each change by staff, newest last: they take one back after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from pipeline.core.tables.editions import edit_steps
from pipeline.editions.edition import EditionStatus
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from pipeline.editions.edition import Edition

MOST = 100
"""Steps that are kept of an edition: nobody goes back further."""

TYPED = ("subject", "preheader", "intro", "offer")
PAUSE = timedelta(seconds=20)
"""What one person goes on typing in one place, without a longer pause, is one step."""


_NEWEST = (
    select(edit_steps)
    .where(edit_steps.c.edition_id == bindparam("edition"))
    .order_by(edit_steps.c.id.desc())
    .limit(1)
)


class Step(NamedTuple):
    """The edition before a change. ``what`` was changed: one of TYPED, `posts`, or `several` of them."""

    id: int
    actor: str
    what: str
    edits: Mapping[str, Any]
    intro: str
    posts: Sequence[int]


def keep(connection: Connection, before: Edition, what: str, actor: str) -> bool:
    """Keep what an edition says before it is changed; False when the change goes on with the last one.

    The first change of what was approved never does: it withdraws the approval, and is to be told of."""
    now = clock.now()
    newest = connection.execute(_NEWEST, {"edition": before.id}).first()
    goes_on = before.status != EditionStatus.APPROVED and what in TYPED
    if newest and goes_on and (newest.what, newest.actor) == (what, actor) and now - newest.at < PAUSE:
        connection.execute(update(edit_steps).where(edit_steps.c.id == newest.id).values(at=now))
        return False
    said = {
        "edits": dict(before.edits),
        "intro": before.intro,
        "posts": [post["id"] for post in before.posts],
    }
    connection.execute(
        insert(edit_steps).values(edition_id=before.id, at=now, actor=actor, what=what, **said)
    )
    kept = (
        select(edit_steps.c.id).where(edit_steps.c.edition_id == before.id).order_by(edit_steps.c.id.desc())
    )
    connection.execute(
        delete(edit_steps).where(
            edit_steps.c.edition_id == before.id, edit_steps.c.id.not_in(kept.limit(MOST).scalar_subquery())
        )
    )
    return True


def last(connection: Connection, edition: int) -> Step | None:
    """The change that can be taken back next, if there is one."""
    row = connection.execute(_NEWEST, {"edition": edition}).first()
    return Step(row.id, row.actor, row.what, row.edits, row.intro, row.posts) if row is not None else None


def taken_back(connection: Connection, step: Step) -> None:
    """The edition says again what it said before this change."""
    connection.execute(delete(edit_steps).where(edit_steps.c.id == step.id))


def forget(connection: Connection, edition: int) -> None:
    """Forget every step of an edition."""
    connection.execute(delete(edit_steps).where(edit_steps.c.edition_id == edition))
