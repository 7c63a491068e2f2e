"""GET /healthz, /readyz and /metrics: what a machine that looks after the process is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from pipeline.core.sections.digest import Digest
from pipeline.core.tables.feeds import feeds
from pipeline.core.tables.installation import marks
from pipeline.schedule import history
from pipeline.schedule.result import RunResult
from pipeline.web.app import make_app
from subscribers import clock, suppression
from subscribers.suppression import Reason
from tests.installations import installation, subscribe
from tests.ledgers import AT, Left, handed_over
from tests.web.public.visitor import Addresses, Visitor, edition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

FEED = "https://blog.example.org/private/a-key-of-the-feed"


@pytest.fixture
def practice(database: Database, tmp_path: Path) -> Installation:
    return installation(database, tmp_path, FEED)


@pytest.fixture
def visitor(practice: Installation) -> Iterator[Visitor]:
    made = Visitor(practice, "10.0.0.7")
    yield made
    made.close()


def ran(database: Database, *of: RunResult) -> None:
    with database.write() as connection:
        history.remember(connection, "a1", of, [Digest(name=one.digest) for one in of])


class Stub:
    """A scheduler as /readyz sees it."""

    def __init__(self, trouble: str | None) -> None:
        self._trouble = trouble

    def problem(self) -> str | None:
        return self._trouble


# Readiness


@pytest.mark.databases("sqlite", "postgresql")
def test_it_is_ready_with_a_current_database_and_says_how_the_last_runs_ended(
    visitor: Visitor, database: Database
) -> None:
    answer = visitor.get("/readyz")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "ready": True,
        "database": {"ok": True, "trouble": None},
        "scheduler": None,
        "last_run": {"weekly": None},
    }
    ran(database, RunResult("weekly", "failed", None, f"{FEED} answered 500", "", went_wrong=True))
    answer = visitor.get("/readyz")
    last = answer.json()["last_run"]["weekly"]
    assert answer.status_code == 200, "the pages stay reachable"
    assert (last["outcome"], last["last_good"]) == ("failed", None)
    assert last["failing_since"]
    assert "a-key-of-the-feed" not in answer.text


def test_a_scheduler_in_trouble_is_not_ready(practice: Installation) -> None:
    for trouble, status in ((None, 200), ("letters on db.example cannot be opened", 503)):
        visitor = Visitor(practice)
        visitor.app.state.scheduler = Stub(trouble)
        answer = visitor.get("/readyz")
        visitor.close()
        assert answer.status_code == status
        assert answer.json()["scheduler"] == {"ok": trouble is None}
        assert "db.example" not in answer.text


def test_the_scheduler_of_the_process_is_handed_to_the_application(practice: Installation) -> None:
    scheduler = Stub(None)
    app = make_app(practice, scheduler)
    app.state.writer.close()
    assert app.state.scheduler is scheduler


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "its schema is 0001, not"),
        ("DROP TABLE alembic_version", "its schema is missing, not"),
        (marks.insert().values(name="moved", value="letters on db.example", at=AT), "moved to another"),
        (marks.insert().values(name="moving", value="letters on db.example", at=AT), "on its way"),
    ],
)
def test_a_database_of_another_age_or_moved_away_is_not_ready(
    visitor: Visitor, database: Database, change: Any, trouble: str
) -> None:
    with database.write() as connection:
        connection.execute(text(change) if isinstance(change, str) else change)
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert trouble in answer.json()["database"]["trouble"]
    assert "db.example" not in answer.text
    assert visitor.get("/healthz").text == "ok\n", "it lives all the same"


def test_a_database_that_cannot_be_read_is_not_ready_and_says_nothing_of_where_it_is(
    sqlite_database: Database, tmp_path: Path
) -> None:
    visitor = Visitor(installation(sqlite_database, tmp_path, FEED))
    assert visitor.get("/readyz").status_code == 200
    sqlite_database.close()
    assert sqlite_database.path is not None
    sqlite_database.path.write_bytes(b"no database")
    answer = visitor.get("/readyz")
    measured = samples(visitor)
    visitor.close()
    assert answer.status_code == 503
    assert answer.json()["database"]["trouble"] == "it cannot be reached"
    assert str(tmp_path) not in answer.text
    assert measured["rapport_database_up"] == 0


# Numbers


def samples(visitor: Visitor) -> dict[str, float]:
    """The measurements by name and labels, as Prometheus reads them."""
    answer = visitor.get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name + (json.dumps(list(sample.labels.values())) if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.databases("sqlite", "postgresql")
def test_it_counts_the_list_editions_recipients_runs_and_feeds(visitor: Visitor, database: Database) -> None:
    now = clock.now()
    subscribe(database, 3)
    with database.write() as connection:
        suppression.suppress(connection, "reader1@example.net", Reason.BOUNCED, source="test")
        lots = [
            Left("sent", 5, apart={0: ("failed", "no such mailbox")}),
            Left("uncertain", 3),
            Left("waiting", 2),
        ]
        handed_over(connection, 1, lots, status="paused", finished_at=None)
        handed_over(connection, 2, finished_at=now - timedelta(days=8))
        connection.execute(
            feeds.insert().values(
                url=FEED, first_seen=AT, fetched_at=AT, failing_since=AT, error="it answered 500"
            )
        )
    ran(database, RunResult("weekly", "sent", None, "", ""))
    found = samples(visitor)
    expected = {
        "rapport_database_up": 1,
        'rapport_subscriptions["weekly", "active"]': 3,
        'rapport_suppressions["bounced"]': 1,
        'rapport_editions["weekly", "paused"]': 1,
        'rapport_editions["weekly", "sent"]': 1,
        'rapport_recipients["weekly-1", "sent"]': 4,
        'rapport_recipients["weekly-1", "failed"]': 1,
        'rapport_recipients["weekly-1", "uncertain"]': 3,
        'rapport_recipients["weekly-1", "waiting"]': 2,
        'rapport_uncertain_batches["weekly-1"]': 1,
        'rapport_run_failing["weekly"]': 0,
        'rapport_feed_failing["1", "blog.example.org"]': 1,
        'rapport_feed_fetched_timestamp_seconds["1", "blog.example.org"]': AT.timestamp(),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found['rapport_last_good_run_timestamp_seconds["weekly"]'] == pytest.approx(
        now.timestamp(), abs=60
    )
    assert not [name for name in found if "weekly-2" in name], "long over"


def test_requests_are_counted_by_the_route_and_never_by_what_stands_in_the_address(
    practice: Installation, visitor: Visitor
) -> None:
    subscribe(practice.database, 1)
    addresses = Addresses(practice, edition(practice))
    visitor.get(addresses.unsubscribe())
    visitor.post(addresses.unsubscribe())
    visitor.get("/unsubscribe/forged")
    visitor.get("/nowhere/at/all")
    visitor.ask("BREW", "/subscribe")
    written = visitor.get("/metrics").text
    counted = {name: value for name, value in samples(visitor).items() if "requests_total" in name}
    assert counted == {
        'rapport_http_requests_total["GET", "/unsubscribe/{token}", "200"]': 1,
        'rapport_http_requests_total["POST", "/unsubscribe/{token}", "200"]': 1,
        'rapport_http_requests_total["GET", "/unsubscribe/{token}", "404"]': 1,
        'rapport_http_requests_total["GET", "none", "404"]': 1,
        'rapport_http_requests_total["other", "/subscribe", "405"]': 1,
        'rapport_http_requests_total["GET", "/metrics", "200"]': 1,
    }
    assert addresses.unsubscribe().rpartition("/")[2] not in written


def test_strangers_are_not_told(visitor: Visitor) -> None:
    """They could sign an address up and see from the numbers whether it was on the list."""
    nowhere = visitor.get("/nowhere")
    through_the_web_server = {"X-Forwarded-For": "10.0.0.7"}
    for answer in (
        visitor.ask("GET", "/metrics", address="8.8.8.8"),
        visitor.ask("GET", "/metrics", address="2001:4860:4860::8888"),
        visitor.get("/metrics", headers=through_the_web_server),
    ):
        assert (answer.status_code, answer.content) == (404, nowhere.content)
    for address in ("127.0.0.1", "::1", "192.168.1.4", "fd00::7"):
        assert visitor.ask("GET", "/metrics", address=address).status_code == 200


@pytest.mark.databases("sqlite", "postgresql")
def test_however_often_it_is_asked_the_database_is_counted_once_in_a_while(
    visitor: Visitor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [1000.0]
    monkeypatch.setattr("pipeline.web.monitoring.metrics.clock.uptime", lambda: at[0])
    queries: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda c, cursor, statement, *rest: queries.append(statement),
    )
    samples(visitor)
    once = len(queries)
    assert once
    samples(visitor)
    assert len(queries) == once
    at[0] += 6
    samples(visitor)
    assert len(queries) == 2 * once


def test_neither_are_those_who_ask_through_somebody_or_by_a_name_that_is_not_ours(visitor: Visitor) -> None:
    nowhere = visitor.get("/nowhere")
    passed_on = "Forwarded X-Forwarded-For X-FORWARDED-HOST X-Forwarded-Proto Via X-Real-IP CF-Connecting-IP"
    strange = """evil.example evil.example:8000 8.8.8.8 [2001:4860::1]:80 letter.example.org.evil.example [::1
        127.0.0.1.evil.example 10.0.0.7@evil.example localhost.evil.example evil.example."""
    sent = [{name: "10.0.0.7"} for name in passed_on.split()]
    sent += [{"Host": host} for host in ("", *strange.split())]
    for headers in sent:
        answer = visitor.get("/metrics", headers=headers)
        assert (answer.status_code, answer.content) == (404, nowhere.content), headers
    for host in ("127.0.0.1:8000", "[::1]:8000", "localhost", "rapport:8000", "10.0.0.2", "rapport.internal"):
        assert visitor.get("/metrics", headers={"Host": host}).status_code == 200, host
