"""The names of digests: a digest that was renamed is meant by each name that it ever had.

A page that was open meanwhile, a form on another site and a process that has not read the new configuration
yet send the old name. A former name means the digest that had it until it is given to a new digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, literal, select, update

from subscribers import clock
from subscribers.audience import lock_audience
from subscribers.consent import AGREED, Action
from subscribers.tables import confirmations, consents, former_digests, subscriptions, welcomes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection


def former(connection: Connection) -> dict[str, str]:
    """By each former name the present one."""
    return {row.name: row.present for row in connection.execute(select(former_digests))}


def present(connection: Connection, names: Iterable[str]) -> list[str]:
    """The present names of these digests, each once, in their order."""
    renamed = former(connection)
    return list(dict.fromkeys(renamed.get(name, name) for name in names))


def meant(connection: Connection, offered: Iterable[str], named: Iterable[str]) -> list[str]:
    """Those of ``offered`` that somebody chose who named them by their present or a former name."""
    renamed = former(connection)
    chosen = {renamed.get(name, name) for name in named}
    return [name for name in offered if renamed.get(name, name) in chosen]


def give_anew(connection: Connection, name: str) -> None:
    """Let a former name mean a new digest from now on."""
    connection.execute(delete(former_digests).where(former_digests.c.name == name))


def rename(connection: Connection, old: str, new: str, *, source: str) -> None:
    """Take the readers of ``old``, their questions and their proof along to ``new``, which nobody ever had.

    The records of consent stay as they are. Whoever had agreed gets one more, which says what the digest was
    called then.
    """
    # Alone: somebody who leaves at this moment leaves either before it, or under the new name.
    lock_audience(connection)
    _record(connection, old, new, source)
    for table in (subscriptions, welcomes):
        connection.execute(update(table).where(table.c.digest == old).values(digest=new))
    for row in connection.execute(select(confirmations.c.id, confirmations.c.digests)).all():
        if old in row.digests:
            names = list(dict.fromkeys(new if name == old else name for name in row.digests))
            connection.execute(
                update(confirmations).where(confirmations.c.id == row.id).values(digests=names)
            )
    connection.execute(update(former_digests).where(former_digests.c.present == old).values(present=new))
    give_anew(connection, new)  # back to a name that it had
    connection.execute(former_digests.insert().values(name=old, present=new, at=clock.now()))


def _record(connection: Connection, old: str, new: str, source: str) -> None:
    agreed = exists().where(
        and_(
            consents.c.subscriber_id == subscriptions.c.subscriber_id,
            consents.c.digest == old,
            consents.c.action.in_([action.value for action in AGREED]),
        )
    )
    said = select(
        subscriptions.c.subscriber_id,
        literal(clock.now(), consents.c.at.type),
        literal(Action.DIGEST_RENAMED.value, consents.c.action.type),
        literal(new, consents.c.digest.type),
        literal(f"The digest was called {old} until now", consents.c.wording.type),
        literal(source, consents.c.source.type),
    ).where(subscriptions.c.digest == old, agreed)
    columns = ["subscriber_id", "at", "action", "digest", "wording", "source"]
    connection.execute(consents.insert().from_select(columns, said))


def readers(connection: Connection) -> dict[str, int]:
    """How many subscriptions of any status each digest has, for those that have any."""
    counted = select(subscriptions.c.digest, func.count()).group_by(subscriptions.c.digest)
    return {row[0]: row[1] for row in connection.execute(counted)}
