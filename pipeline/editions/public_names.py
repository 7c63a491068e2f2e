"""By what a newsletter is known in mail that is out: the List-Id of each digest, and the addresses that links
in letters name.

Both are written down with the first letter that is handed over. A List-Id never changes after that, also when
the digest is renamed or newsletter.public_url changes: readers' mail programs sort by it (RFC 2919, 5). And a
link must work for years, so every address that letters name must go on answering.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import select, update

from pipeline.core.private_networks import is_loopback
from pipeline.core.tables.editions import link_addresses, list_ids
from pipeline.letter.personal import new_list_id
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.database import Database


class Named(NamedTuple):
    """A public address in letters that are out, and when such a letter was first and last handed over."""

    url: str
    first: datetime
    last: datetime


def remember(database: Database, config: Config, digest: str) -> str:
    """The digest's List-Id, without brackets. Notes it, and the address that links name, before the first
    letter leaves; not while nobody else can reach that address, as in a trial on one machine."""
    with database.read() as connection:
        kept = list_id(connection, config, digest)
        if not _reachable(config) or (_is_kept(connection, digest) and _is_noted(connection, config)):
            return kept
    with database.write() as connection:
        if not config.delivery.hosted_unsubscribe:
            _note_address(connection, config.newsletter.pages)
        return _make(connection, config, digest)


def list_id(connection: Connection, config: Config, digest: str) -> str:
    """The digest's List-Id, or the one that it would get with its first letter."""
    kept = connection.scalar(select(list_ids.c.value).where(list_ids.c.digest == digest))
    return kept if kept is not None else _free(connection, config, digest)


def addresses(connection: Connection) -> list[Named]:
    """Every address that links in letters name, the latest first."""
    found = select(link_addresses).order_by(link_addresses.c.last_sent.desc())
    return [Named(row.url, row.first_sent, row.last_sent) for row in connection.execute(found)]


def _make(connection: Connection, config: Config, digest: str) -> str:
    made = insert(connection, list_ids).values(digest=digest, value=_free(connection, config, digest))
    connection.execute(made.on_conflict_do_nothing())  # another process may have made it a moment ago
    return list_id(connection, config, digest)


def _free(connection: Connection, config: Config, digest: str) -> str:
    """One that no other digest has: this name may have been another's, which keeps its own."""
    taken = set(connection.scalars(select(list_ids.c.value)))
    names = chain([digest], (f"{digest}-{number}" for number in count(2)))
    return next(made for name in names if (made := new_list_id(config, name)) not in taken)


def _is_kept(connection: Connection, digest: str) -> bool:
    return connection.scalar(select(list_ids.c.value).where(list_ids.c.digest == digest)) is not None


def _is_noted(connection: Connection, config: Config) -> bool:
    """Whether the address was noted within the hour: workers come here with every few batches."""
    if config.delivery.hosted_unsubscribe:
        return True
    noted = select(link_addresses.c.last_sent).where(link_addresses.c.url == config.newsletter.pages)
    last = connection.scalar(noted)
    return last is not None and last > clock.now() - timedelta(hours=1)


def _note_address(connection: Connection, url: str) -> None:
    now = clock.now()
    new = insert(connection, link_addresses).values(url=url, first_sent=now, last_sent=now)
    connection.execute(new.on_conflict_do_nothing(index_elements=["url"]))
    connection.execute(update(link_addresses).where(link_addresses.c.url == url).values(last_sent=now))


def _reachable(config: Config) -> bool:
    if config.delivery.hosted_unsubscribe:
        return True
    return not is_loopback(urlsplit(config.newsletter.public_url).hostname or "localhost")
