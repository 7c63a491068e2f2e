"""Numbers of an installation for monitoring, read from the database; nothing about a person.

Counting a long list takes a while. So what was read is used for some seconds, and for at least a hundred
times as long as the reading took: however often somebody asks, the database spends at most a hundredth of its
time on this.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.core.tables.editions import editions
from pipeline.core.tables.feeds import feeds, posts
from pipeline.core.tables.ledger import batches
from pipeline.editions.edition import UNDER_WAY, EditionKind
from pipeline.editions.ledger import outcomes
from pipeline.editions.ledger.batch_states import BatchState, RecipientState
from pipeline.schedule import history
from subscribers import clock, directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.core.database import Database

FRESH = 5.0
"""Seconds for which what was read is used, at least."""

SHARE = 100
"""What was read is used for this many times as long as it took to read."""

RECENT = timedelta(days=7)
MOST = 20
"""Editions whose recipients are counted, at most: those on their way or sent lately."""


class Measurements(Collector):
    """A collector of prometheus_client over one database."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._config = config
        self._lock = threading.Lock()
        self._families: list[GaugeMetricFamily] = []
        self._good_until = 0.0

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._lock:
            begun = clock.uptime()
            if begun >= self._good_until:
                self._families = self._read()
                ended = clock.uptime()
                self._good_until = ended + max(FRESH, SHARE * (ended - begun))
            return self._families

    def _read(self) -> list[GaugeMetricFamily]:
        up = GaugeMetricFamily("rapport_database_up", "Whether the database could be read.", value=1)
        try:
            with self._database.read() as connection:
                return [
                    up,
                    *_editions(connection),
                    *_list(connection, self._config),
                    *_runs(connection, self._config),
                    *_feeds(connection, self._config),
                ]
        except SQLAlchemyError:
            return [GaugeMetricFamily(up.name, up.documentation, value=0)]


def _editions(connection: Connection) -> Iterator[GaugeMetricFamily]:
    counted = GaugeMetricFamily("rapport_editions", "Editions by status.", labels=["digest", "status"])
    by_status = select(editions.c.digest, editions.c.status, func.count()).where(
        editions.c.kind != EditionKind.WELCOME
    )
    for digest, status, number in connection.execute(
        by_status.group_by(editions.c.digest, editions.c.status)
    ):
        counted.add_metric([digest, status], number)
    yield counted
    people = GaugeMetricFamily(
        "rapport_recipients",
        "Recipients by state, of editions on their way or sent in the last 7 days.",
        labels=["edition", "state"],
    )
    doubtful = GaugeMetricFamily(
        "rapport_uncertain_batches",
        "Batches handed over without an answer, of the same editions.",
        labels=["edition"],
    )
    lately = and_(editions.c.snapshot_at.is_not(None), editions.c.finished_at > clock.now() - RECENT)
    recent = (
        select(editions.c.id, editions.c.slug)
        .where(or_(editions.c.status.in_(UNDER_WAY), lately))
        .order_by(editions.c.id.desc())
        .limit(MOST)
    )
    for edition in connection.execute(recent).all():
        counts = outcomes.counts(connection, edition.id)
        for state in RecipientState:
            people.add_metric([edition.slug, state], counts[state])
        uncertain = select(func.count()).where(
            batches.c.edition_id == edition.id, batches.c.state == BatchState.UNCERTAIN
        )
        doubtful.add_metric([edition.slug], connection.scalar(uncertain) or 0)
    yield people
    yield doubtful


def _list(connection: Connection, config: Config) -> Iterator[GaugeMetricFamily]:
    stats = directory.stats(connection, [digest.name for digest in config.digests])
    subscriptions = GaugeMetricFamily(
        "rapport_subscriptions", "Subscriptions by status.", labels=["digest", "status"]
    )
    for counted in stats.digests:
        for status in ("active", "pending", "unsubscribed"):
            subscriptions.add_metric([counted.digest, status], getattr(counted, status))
    yield subscriptions
    suppressed = GaugeMetricFamily(
        "rapport_suppressions", "Addresses that get no mail, by reason.", labels=["reason"]
    )
    for reason, number in stats.suppressed.items():
        suppressed.add_metric([reason], number)
    yield suppressed


def _runs(connection: Connection, config: Config) -> Iterator[GaugeMetricFamily]:
    last = GaugeMetricFamily(
        "rapport_last_run_timestamp_seconds", "When the last run ended.", labels=["digest", "outcome"]
    )
    good = GaugeMetricFamily(
        "rapport_last_good_run_timestamp_seconds",
        "When the last run that went well ended.",
        labels=["digest"],
    )
    failing = GaugeMetricFamily("rapport_run_failing", "Whether the last run went badly.", labels=["digest"])
    for digest, run in history.last(connection, config.digests).items():
        if run is not None:
            last.add_metric([digest, run.outcome], run.at.timestamp())
            failing.add_metric([digest], run.failing_since is not None)
            if run.good_at is not None:
                good.add_metric([digest], run.good_at.timestamp())
    yield from (last, good, failing)


def _feeds(connection: Connection, config: Config) -> Iterator[GaugeMetricFamily]:
    labels = ["feed", "host"]  # not the whole address: that of a private feed holds a key
    fetched = GaugeMetricFamily(
        "rapport_feed_fetched_timestamp_seconds", "When the feed was last read.", labels=labels
    )
    newest = GaugeMetricFamily(
        "rapport_feed_newest_post_timestamp_seconds", "When its newest post appeared.", labels=labels
    )
    failing = GaugeMetricFamily("rapport_feed_failing", "Whether it could not be read last.", labels=labels)
    date = func.coalesce(posts.c.published, posts.c.first_seen)
    until_now = select(posts.c.feed_id, func.max(date)).where(date <= clock.now()).group_by(posts.c.feed_id)
    last_post = {row[0]: row[1] for row in connection.execute(until_now)}
    configured = select(feeds).where(feeds.c.url.in_([feed.url for feed in config.feeds]))
    for feed in connection.execute(configured):
        named = [str(feed.id), urlsplit(feed.url).hostname or ""]
        failing.add_metric(named, feed.failing_since is not None)
        if feed.fetched_at is not None:
            fetched.add_metric(named, feed.fetched_at.timestamp())
        if feed.id in last_post:
            newest.add_metric(named, last_post[feed.id].timestamp())
    yield from (fetched, newest, failing)
