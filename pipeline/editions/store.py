"""Editions written: made with the next number, changed in what they say, or thrown away.

Which status one has is changed in states.py alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from pipeline.core.cron import moment_of
from pipeline.core.tables.editions import edition_posts, editions
from pipeline.core.tables.ledger import signers
from pipeline.editions import find, numbers, undo
from pipeline.editions.edition import Edition, EditionKind, EditionStatus
from subscribers import clock

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest


def create(
    connection: Connection,
    digest: Digest,
    due: str,
    zone: ZoneInfo,
    *,
    status: EditionStatus = EditionStatus.DRAFT,
    **values: Any,
) -> Edition:
    """A new edition with the next number. The constraints of the table keep it the only one."""
    number = numbers.following(connection, digest.name)
    fixed = {
        "digest": digest.name,
        "number": number,
        "slug": f"{digest.name}-{number}",
        "status": status,
        "due": due,
        "due_at": moment_of(due, zone),
    }
    made = insert(editions).values({"posts": [], "left_out": []} | values | fixed).returning(editions)
    return Edition.of(connection.execute(made).one())


def create_welcome(connection: Connection, config: Config, digest: Digest) -> Edition:
    """Edition 0 of a digest: what new readers get before there is a letter. It is `sent` from the beginning,
    for nobody decides on it and no list shows it."""
    at = clock.now()
    # The name may have been another digest's, whose edition 0 keeps its slug.
    slug = f"{digest.name}-0"
    while connection.execute(select(editions.c.id).where(editions.c.slug == slug)).first() is not None:
        slug += "0"
    made = insert(editions).values(
        digest=digest.name,
        number=0,
        slug=slug,
        kind=EditionKind.WELCOME,
        status=EditionStatus.SENT,
        due=find.free_moment(connection, digest.name, config.newsletter.zone, at),
        due_at=at,
        provider=config.delivery.provider,
        posts=[],
        left_out=[],
    )
    return Edition.of(connection.execute(made.returning(editions)).one())


def change(connection: Connection, edition: int, **values: Any) -> Edition:
    """Set columns of an edition and give it back."""
    connection.execute(update(editions).where(editions.c.id == edition).values(values))
    return find.by_id(connection, edition)


def free_posts(connection: Connection, edition: int) -> None:
    """Let the posts of an edition that reached nobody wait for another."""
    connection.execute(delete(edition_posts).where(edition_posts.c.edition_id == edition))


def discard(connection: Connection, edition: int) -> None:
    """Forget a draft that nobody was sent: its posts and its due time are free again."""
    free_posts(connection, edition)
    undo.forget(connection, edition)
    connection.execute(delete(signers).where(signers.c.edition_id == edition))  # approved once, then held
    connection.execute(delete(editions).where(editions.c.id == edition))
