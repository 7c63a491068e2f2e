"""When Rapport first saw each digest and feed: what is older is the past, and is not made up for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, insert, select

from pipeline.core.errors import ConfigError
from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.editions import digests
from pipeline.core.tables.feeds import feeds
from subscribers import digest_names

Otherwise = TypeVar("Otherwise", bound="datetime | None")

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config


def register(connection: Connection, config: Config, at: datetime) -> None:
    """Note the digests and feeds of the configuration that are new, as first seen now.

    A digest that the configuration still calls by a former name is none: it would mail again what was mailed.
    """
    one_at_a_time(connection, "register")
    known = set(connection.execute(select(digests.c.name)).scalars())
    configured = {digest.name for digest in config.digests}
    for name in configured - known:
        if (present := digest_names.former(connection).get(name)) is not None:
            if present not in configured:
                continue
            digest_names.give_anew(connection, name)
        connection.execute(insert(digests).values(name=name, first_seen=at))
    fetched = set(connection.execute(select(feeds.c.url)).scalars())
    for url in {feed.url for feed in config.feeds} - fetched:
        connection.execute(insert(feeds).values(url=url, first_seen=at))


def refuse_former(connection: Connection, digest: str) -> None:
    """Raise ConfigError, with the remedy, for a digest that `register` passed over."""
    present = digest_names.former(connection).get(digest)
    if present is not None and first_seen(connection, digest, None) is None:
        raise ConfigError(
            f"The digest {digest} was renamed: it is called {present}.",
            f'Write name = "{present}" in its [[digests]] of rapport.toml, and start `rapport serve` again.',
        )


def first_seen(connection: Connection, digest: str, otherwise: Otherwise) -> datetime | Otherwise:
    """When Rapport first saw the digest; ``otherwise`` if it has not yet."""
    found: datetime | None = connection.scalar(_FIRST_SEEN, {"digest": digest})
    return found or otherwise


_FIRST_SEEN = select(digests.c.first_seen).where(digests.c.name == bindparam("digest"))
