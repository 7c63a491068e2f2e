"""When Rapport first saw each digest and feed: what is older is the past, and is not made up for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from pipeline.core.locks import one_at_a_time
from pipeline.core.tables import digests, feeds

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config


def register(connection: Connection, config: Config, at: datetime) -> None:
    """Note the digests and feeds of the configuration that are new, as first seen now."""
    one_at_a_time(connection, "register")
    known = set(connection.execute(select(digests.c.name)).scalars())
    for name in {digest.name for digest in config.digests} - known:
        connection.execute(insert(digests).values(name=name, first_seen=at))
    fetched = set(connection.execute(select(feeds.c.url)).scalars())
    for url in {feed.url for feed in config.feeds} - fetched:
        connection.execute(insert(feeds).values(url=url, first_seen=at))


def first_seen(connection: Connection, digest: str, otherwise: datetime) -> datetime:
    """When Rapport first saw the digest; ``otherwise`` if it has not yet."""
    found = connection.execute(select(digests.c.first_seen).where(digests.c.name == digest)).scalar()
    return found or otherwise
