"""Handing over by SMTP: what a mail server says of everyone is not written down against each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from pipeline.core.config import Config
from pipeline.core.errors import ProviderError
from pipeline.delivery.edition import Delivery
from pipeline.delivery.refusals import RateLimited
from pipeline.editions import states
from pipeline.editions.ledger import claims, outcomes
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


def test_a_rate_that_is_limited_is_told_as_that_and_the_next_call_goes_on_by_itself(
    database: Database, many: Edition
) -> None:
    fifty = Fault("mail", "250 2.1.0 Ok", times=50)
    limit = Fault("mail", "450 4.7.1 Error: too much mail from 127.0.0.1", times=9999)
    with StrictSmtp(faults=[fifty, limit]) as server:
        with pytest.raises(RateLimited, match=r"limits the rate: .*too much mail.*delivery\.rate"):
            hand_over(database, many, server)
        assert limit.times >= 9998, "one refusal is enough"
        assert reread(database, many).status == "sending"
        assert counted(database, many) == {"total": 400, "sent": 50, "waiting": 350}
        limit.times = 0
        assert hand_over(database, many, server).status == "sent"
    assert counted(database, many) == {"total": 400, "sent": 400}
    assert len({delivery.address for delivery in server.deliveries}) == len(server.deliveries) == 400


SIX_WAYS = [
    ("rcpt", "550 relay not permitted"),
    ("rcpt", "550 Authentication is required for relay"),
    ("rcpt", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    ("mail", "530 5.7.0 Authentication required"),
    ("data", "554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org"),
    (
        "message",
        "550-5.7.26 This mail was blocked: the sender is unauthenticated.\r\n550 5.7.26 See",
    ),
]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_that_refuses_us_in_six_ways_and_then_accepts_gets_everyone_their_letter_once(
    database: Database, edition: Edition, *, pipelining: bool
) -> None:
    with StrictSmtp(pipelining=pipelining) as server:
        for stage, reply in SIX_WAYS:
            server.faults[:] = [Fault(stage, reply, times=99)]
            with pytest.raises(ProviderError, match=rf"is paused: .*{reply[:3]}.*\. [A-Z]") as refused:
                hand_over(database, edition, server)
            assert "rapport editions resume weekly-1" in refused.value.remedy
            assert reread(database, edition).status == "paused"
            assert counted(database, edition) == {"total": 5, "waiting": 5}
            with database.write() as connection:
                states.resume(connection, "weekly-1")
        server.faults.clear()
        assert hand_over(database, edition, server).status == "sent"
    assert server.addresses == [f"reader{n}@example.net" for n in range(1, 6)]
    assert counted(database, edition) == {"total": 5, "sent": 5}


def test_who_is_local_has_the_letter_and_the_others_wait_until_the_server_relays(
    database: Database, many: Edition
) -> None:
    with StrictSmtp() as server:
        for _ in range(6):  # staff resume it again and again without having mended anything
            local = [Fault("rcpt", "250 2.1.5 Ok", to=f"reader{n}@") for n in range(8, 401, 8)]
            server.faults[:] = [*local, Fault("rcpt", "550 relay not permitted", times=9999)]
            with pytest.raises(ProviderError, match=r"is paused: .*relay not permitted\. Have the mail"):
                hand_over(database, many, server)
            with database.write() as connection:
                told = {one["reason"] for one in outcomes.people(connection, many.id, "waiting")}
                states.resume(connection, "weekly-1")
            assert (
                "no fault of the reader's: the server refused the address (550): relay not permitted" in told
            )
            assert counted(database, many).keys() == {"total", "sent", "waiting"}
        server.faults.clear()
        assert hand_over(database, many, server).status == "sent"
    assert counted(database, many) == {"total": 400, "sent": 400}
    assert len({delivery.address for delivery in server.deliveries}) == len(server.deliveries) == 400


def test_one_whom_a_policy_refuses_again_after_staff_looked_keeps_the_letter_from_nobody(
    database: Database, edition: Edition
) -> None:
    policy = Fault("rcpt", "550 5.7.1 refused by policy", to="reader2@", times=99)
    with StrictSmtp(faults=[policy]) as server:
        with pytest.raises(ProviderError, match=r"is paused: .*refused by policy"):
            hand_over(database, edition, server)
        assert counted(database, edition) == {"total": 5, "sent": 4, "waiting": 1}
        with database.write() as connection:
            states.resume(connection, "weekly-1")
        assert hand_over(database, edition, server).status == "sent"
    assert counted(database, edition) == {"total": 5, "sent": 4, "failed": 1}


def test_many_whom_a_policy_refuses_again_are_few_among_more_and_many_among_fewer(
    database: Database, many: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "LATER", (timedelta(0),))
    policy = "550 5.7.1 refused by policy"
    refused = [Fault("rcpt", policy, to=f"reader{n}@", times=99) for n in range(1, 31)]
    with StrictSmtp(faults=refused) as server:
        for waiting in (10, 20, 30):  # ten alike in a row stop it
            with pytest.raises(ProviderError, match="is paused"):
                hand_over(database, many, server)
            assert counted(database, many)["waiting"] >= waiting
            with database.write() as connection:
                states.resume(connection, "weekly-1")
        assert hand_over(database, many, server).status == "sent"
    assert counted(database, many) == {"total": 400, "sent": 370, "failed": 30}


def test_a_batch_of_dead_addresses_and_of_one_refused_again_ends_as_each_deserves(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.delivery.batch_sender.LONGEST_WAIT", 0.0)
    faults = [
        Fault("rcpt", "550 5.7.1 refused by policy", to="reader2@", times=99),
        Fault("rcpt", "550 5.1.1 no such user", to="reader3@", times=99),
        Fault("rcpt", "450 4.2.0 greylisted", to="reader4@", times=99),
    ]
    with StrictSmtp(faults=faults) as server:
        with pytest.raises(ProviderError, match="is paused"):
            hand_over(database, edition, server)
        assert counted(database, edition) == {"total": 5, "sent": 2, "waiting": 2, "failed": 1}
        with database.write() as connection:
            states.resume(connection, "weekly-1")
        assert hand_over(database, edition, server).status == "sending", "one is greylisted"
    assert counted(database, edition) == {"total": 5, "sent": 2, "waiting": 1, "failed": 2}


def test_a_letter_that_nobody_was_handed_is_paused_and_not_sent(database: Database, edition: Edition) -> None:
    with StrictSmtp(faults=[Fault("rcpt", "550 5.1.1 no such user", times=99)]) as server:
        told = r"is paused: nobody was handed it: 5 of 5 were refused, most of them so: .*no such user\."
        with pytest.raises(ProviderError, match=told) as refused:
            hand_over(database, edition, server)
    assert "rapport editions again weekly-1 --failed" in refused.value.remedy
    assert reread(database, edition).status == "paused"
    assert counted(database, edition) == {"total": 5, "failed": 5}


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
