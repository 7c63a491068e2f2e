"""A practice as it is after four years: 100,000 readers, and 200 letters that went out to those of then.

Its rows are put into the same tables in bulk, which takes seconds where the ways of the product, which other
benches measure, would take hours. The list grew evenly, so that the ledger of the letters has half of
READERS x LETTERS rows. Of the oldest letters what the provider reported is left out but for the bad news:
with a million events more nothing is looked up otherwise.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text

from pipeline.core.tables.ledger import batches
from pipeline.editions.compose import compose
from pipeline.editions.edition import EditionStatus
from pipeline.editions.store import create
from pipeline.feeds.first_seen import register
from pipeline.feeds.pull import pull
from subscribers import clock
from subscribers.staff import accounts, sessions
from subscribers.staff.roles import Role
from subscribers.tables import consents, forgotten, subscribers, subscriptions, suppressions
from tests.letter.samples import INTRO, letter, sample_blog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

READERS, LETTERS = 100_000, 200
BATCH = 1000
REPORTED = 4
"""The newest letters, of which every reader's delivery was reported."""

FIRSTS = ("Ada", "Ben", "Chloé", "Dora", "Emil", "Fatima", "Georg", "Hanna", "Ines", "Jamal", "Lena", "Maria")
LASTS = ("Abel", "Bauer", "Cohen", "Diaz", "Engel", "Fischer", "Garcia", "Huber", "Ito", "Jensen", "Khan")
ENDS = ("", "son", "mann", "ski", "ova", "is")
DOMAINS = ("example.net", "mail.example.org", "post.example.com")

_LEDGER = """
INSERT INTO recipients (edition_id, subscriber_id, email, batch, state, reason)
SELECT e.id, s.id, s.email, (s.id - 1) / {batch} + 1,
       CASE WHEN s.id % 211 = 0 THEN 'failed' END, CASE WHEN s.id % 211 = 0 THEN 'no such mailbox' END
FROM editions e CROSS JOIN subscribers s WHERE s.id <= e.number * {step} ORDER BY e.id, s.id
"""
_EVENTS = """
INSERT INTO events (id, at, kind, subscriber_id, edition)
SELECT '{kind} ' || e.number || ' ' || s.id, e.snapshot_at, '{kind}', s.id, e.slug
FROM editions e CROSS JOIN subscribers s
WHERE s.id <= e.number * {step} AND e.number > {after} AND s.id % {each} = 0
"""


def fill(installation: Installation, readers: int = READERS) -> None:
    """The practice's past. This week's draft is not made yet."""
    database, step = installation.database, readers // LETTERS
    now = clock.now()
    began = now - timedelta(weeks=LETTERS)
    with _in_bulk(database) as connection:
        _list(connection, readers, lambda number: began + (now - began) * ((number - 1) / readers))
        register(connection, installation.config, now)
        made = letter(sample_blog(), intro=INTRO)
        digest, zone = installation.config.digests[0], installation.config.newsletter.zone
        for number in range(1, LETTERS + 1):
            at = now - timedelta(weeks=LETTERS - number, hours=1)
            one = create(
                connection, digest, f"{at:%Y-%m-%d}T09:00", zone, status=EditionStatus.SENT, snapshot_at=at,
                finished_at=at, provider="sendgrid", html=made.html, text=made.text,
                subject=f"{made.subject} {number}",
            )  # fmt: skip
            _batches(connection, one.id, step * number, at)
        connection.execute(text(_LEDGER.format(batch=BATCH, step=step)))
        for kind, each in (("delivered", 1), ("deferred", 97), ("bounce", 997), ("spamreport", 4999)):
            after = LETTERS - REPORTED if kind == "delivered" else 0
            connection.execute(text(_EVENTS.format(kind=kind, each=each, after=after, step=step)))


def draft(installation: Installation) -> str:
    """This week's letter of what the blog has; its slug."""
    pull(installation.database, installation.config)
    composed = compose(installation, installation.config.digests[0]).edition
    assert composed is not None
    return composed.slug


def signed_in(installation: Installation, who: str = "staff@example.org") -> str:
    """The cookie of an admin."""
    assert installation.config.newsletter.staff_pages == "https"
    with installation.database.write() as connection:
        account = accounts.invite(connection, who, Role.ADMIN)
        accounts.join(connection, account)
        return f"__Host-rapport-staff={sessions.begin(connection, account.id)}"


def _list(connection: Connection, readers: int, at: Callable[[int], datetime]) -> None:
    """Of ten, one has left; of a hundred, two never confirmed and two bounce; six in ten have a name."""
    people, held, said, gone = [], [], [], []
    ends = list(itertools.product(ENDS, DOMAINS))
    for number in range(1, readers + 1):
        first, last = FIRSTS[number % len(FIRSTS)], LASTS[number // 7 % len(LASTS)]
        end, domain = ends[number % len(ends)]
        email = f"{first}.{last}{end}{number * 7919 % readers}@{domain}".lower().replace("é", "e")
        name = f"{first} {last}{end}" if number % 10 < 6 else ""
        since = at(number)
        status = "unsubscribed" if number % 10 == 9 else "pending" if number % 50 == 3 else "active"
        people.append({"id": number, "email": email, "name": name, "created_at": since})
        held.append({"subscriber_id": number, "digest": "weekly", "status": status, "since": since})
        said += _proof(number, since, status)
        if number % 50 == 7:
            gone.append({"email": email, "reason": "bounced", "at": since, "source": "sendgrid"})
    hashes = [{"hash": f"{n:064x}", "reason": "forgotten", "at": at(n)} for n in range(1, 51)]
    _put(connection, subscribers, people)
    _put(connection, subscriptions, held)
    _put(connection, consents, said)
    _put(connection, suppressions, gone)
    _put(connection, forgotten, hashes)
    if connection.dialect.name == "postgresql":  # numbers of our own were given
        top = select(func.setval("subscribers_id_seq", readers))
        connection.execute(top)


def _proof(number: int, since: datetime, status: str) -> Iterator[dict[str, Any]]:
    """The consent records of somebody who signed up, or was imported."""
    imported = number % 3 == 0
    did = ["imported"] if imported else ["requested"] if status == "pending" else ["requested", "confirmed"]
    source = "import of readers.csv" if imported else "the form at letter.example.org"
    about = {"subscriber_id": number, "digest": "weekly"}
    wording = "I agree to get the weekly letter by mail. " * 3
    for day, action in enumerate(did):
        at = since + timedelta(hours=day)
        yield about | {"at": at, "action": action, "source": source, "wording": wording}
    if status == "unsubscribed":
        at = since + timedelta(days=30)
        yield about | {"at": at, "action": "unsubscribed", "source": "link", "wording": ""}


def _batches(connection: Connection, edition: int, readers: int, at: datetime) -> None:
    _put(
        connection,
        batches,
        [
            {"edition_id": edition, "number": first // BATCH + 1, "state": "sent", "first": first + 1}
            | {"last": min(first + BATCH, readers), "size": min(BATCH, readers - first), "at": at}
            | {"attempt": f"{edition} {first}", "owner": "bench"}
            for first in range(0, readers, BATCH)
        ],
    )


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


@contextmanager
def _in_bulk(database: Database) -> Iterator[Connection]:
    """One transaction; on SQLite without its journal, which would write everything twice."""
    database.engine.dispose()  # of another connection's journal SQLite would keep the way
    with database.engine.connect() as connection:
        if database.sqlite:
            driver = connection.connection.driver_connection
            assert driver is not None
            for setting in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
                driver.execute(f"PRAGMA {setting}")
        with connection.begin():
            if not database.sqlite:  # of ten million rows each would be looked up in another table
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection
        connection.invalidate()  # others must not go on with these settings
    if not database.sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
