"""Handing over by SMTP: what a mail server says of everyone is not written down against each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from pipeline.core.config import Config
from pipeline.core.errors import ProviderError
from pipeline.delivery.edition import Delivery
from pipeline.editions import states
from pipeline.letter.personal import Links
from pipeline.providers.smtp import Smtp
from pipeline.providers.smtp.connection import Server
from subscribers.tables import subscribers, subscriptions
from subscribers.tokens import Tokens
from tests.delivery.test_batch_sender import reread
from tests.doubles.smtp import Fault, StrictSmtp
from tests.editions.ledger.moves import AT, counted

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

CONFIG = Config.model_validate(
    {
        "newsletter": {
            "name": "x",
            "from_email": "letter@example.org",
            "postal_address": "1 Main Street",
            "public_url": "https://letter.example.org",
        },
        "feeds": [{"url": "https://example.org/feed"}],
        "delivery": {"provider": "smtp"},
    }
)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def many(database: Database, edition: Edition) -> Edition:
    """An approved edition for 400 readers: the five of any edition, and 395 more."""
    more = range(6, 401)
    with database.write() as connection:
        people = [{"id": n, "email": f"reader{n}@example.net", "created_at": AT} for n in more]
        connection.execute(insert(subscribers), people)
        of_all = {"digest": "weekly", "status": "active", "since": AT}
        connection.execute(insert(subscriptions), [{"subscriber_id": n, **of_all} for n in more])
    return edition


def hand_over(database: Database, edition: Edition, server: StrictSmtp) -> Edition:
    provider = Smtp(Server("127.0.0.1", server.port), 1)
    links = Links(CONFIG, Tokens([b"a secret of a test"]), "weekly")
    try:
        now = reread(database, edition)
        return Delivery(database, CONFIG, provider, links, lambda done, total: None).run(now)
    finally:
        provider.close()


def test_mail_that_is_passed_on_for_nobody_pauses_the_edition_and_all_of_it_waits(
    database: Database, many: Edition
) -> None:
    with StrictSmtp(faults=[Fault("rcpt", "550 relay not permitted", times=10)]) as server:
        with pytest.raises(ProviderError, match=r"is paused: .*relay not permitted"):
            hand_over(database, many, server)
        assert reread(database, many).status == "paused"
        assert counted(database, many) == {"total": 400, "waiting": 400}
        with database.write() as connection:
            states.resume(connection, "weekly-1")
        assert hand_over(database, many, server).status == "sent"
    assert counted(database, many) == {"total": 400, "sent": 400}
    assert len({delivery.address for delivery in server.deliveries}) == len(server.deliveries) == 400


def test_a_quota_that_is_used_up_is_waited_for_and_nobody_is_asked_for_again_and_again(
    database: Database, many: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.delivery.batch_sender.FIRST_WAIT", 0.0)
    quota = Fault("rcpt", "450 4.7.1 hourly quota exceeded", times=9999)
    with StrictSmtp(faults=[quota]) as server:
        with pytest.raises(ProviderError, match=r"keeps refusing: .*quota"):
            hand_over(database, many, server)
        assert quota.times > 9950
        assert reread(database, many).status == "sending"
        assert counted(database, many) == {"total": 400, "waiting": 400}
        quota.times = 0
        assert hand_over(database, many, server).status == "sent"
    assert counted(database, many) == {"total": 400, "sent": 400}


def test_a_list_of_dead_addresses_stops_soon_after_200_and_not_at_its_end(
    database: Database, many: Edition
) -> None:
    with StrictSmtp(faults=[Fault("rcpt", "550 5.1.1 no such user", times=9999)]) as server:
        ended = hand_over(database, many, server)
    assert (ended.status, ended.tripped_at is not None) == ("paused", True)
    assert "bounced" in ended.reason
    assert counted(database, many) == {"total": 400, "failed": 200, "waiting": 200}


def test_a_few_dead_addresses_stop_nothing(database: Database, many: Edition) -> None:
    dead = [Fault("rcpt", "550 5.1.1 no such user", to=f"reader{n}@") for n in range(1, 400, 25)]
    with StrictSmtp(faults=dead) as server:
        assert hand_over(database, many, server).status == "sent"
    assert counted(database, many) == {"total": 400, "sent": 384, "failed": 16}
