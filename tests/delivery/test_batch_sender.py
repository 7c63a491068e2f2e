"""Handing over: at a pace that all share, ended well, and never on behalf of who may be alive."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from pipeline.core.config import Config
from pipeline.core.errors import ProviderError, StoppedError
from pipeline.core.signals import Stop
from pipeline.core.tables.ledger import batches, events
from pipeline.delivery import batch_sender
from pipeline.delivery.batch_sender import BatchSender
from pipeline.delivery.edition import Delivery
from pipeline.editions import course, find, states
from pipeline.editions.ledger import claims, doubt, outcomes, rate
from pipeline.editions.ledger.reasons import reasons
from pipeline.letter.personal import Links
from pipeline.providers import BatchResult, Message, Result
from subscribers import clock
from subscribers.tokens import Tokens
from tests.editions.ledger.moves import AT, TODAY, claimed, counted, taken

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition
    from pipeline.providers import Batch

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

CONFIG = Config.model_validate(
    {
        "newsletter": {"name": "x", "from_email": "letter@example.org"},
        "feeds": [{"url": "https://example.org/feed"}],
        "delivery": {"batch_size": 2},
    }
)


class Taker:
    """A provider that takes everything, or says ``answer``, and knows nothing later; ``then`` is called after
    each batch."""

    max_batch = 1000
    parallel = 1

    def __init__(self, then: Any = lambda: None, answer: BatchResult | None = None) -> None:
        self.taken: list[Batch] = []
        self._then, self._answer = then, answer or BatchResult(Result.ACCEPTED)

    def send(self, message: Message, batch: Batch) -> BatchResult:
        self.taken.append(batch)
        self._then()
        return self._answer

    def settle(self, message: Message, batch: Batch) -> None:
        pass

    def close(self) -> None:
        pass


def delivery(database: Database, provider: Taker, **others: Any) -> Delivery:
    links = Links(CONFIG, Tokens([b"a secret of a test"]), "weekly")
    return Delivery(database, CONFIG, provider, links, lambda done, total: None, **others)


def reread(database: Database, edition: Edition) -> Edition:
    with database.read() as connection:
        return find.by_id(connection, edition.id)


@pytest.mark.databases("sqlite", "postgresql")
def test_told_to_stop_it_ends_after_the_batch_in_flight(database: Database, edition: Edition) -> None:
    stop = Stop()
    provider = Taker(then=lambda: stop.ask(15))
    with pytest.raises(StoppedError, match="2 of 5") as stopped:
        delivery(database, provider, stop=stop).run(edition)
    assert stopped.value.exit_status == 128 + 15
    assert counted(database, edition) == {"total": 5, "sent": 2, "waiting": 3}
    assert delivery(database, Taker()).run(reread(database, edition)).status == "sent"


@pytest.mark.databases("sqlite", "postgresql")
def test_a_request_may_begin_half_a_lease_after_its_claim_and_no_later(
    database: Database, edition: Edition
) -> None:
    before, provider = clock.uptime(), Taker()
    delivery(database, provider).run(edition)
    assert len(provider.taken) == 3
    assert all(before + 30 <= batch.start_by <= clock.uptime() + 30 for batch in provider.taken)
    assert not provider.taken[0].late


@pytest.mark.databases("sqlite", "postgresql")
def test_who_sleeps_between_a_claim_and_its_request_wakes_up_too_late(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, real = [1000.0], claims.claim

    def claimed_slowly(*given: Any) -> claims.Claim | None:
        found = real(*given)
        moment[0] += 31
        return found

    monkeypatch.setattr(clock, "uptime", lambda: moment[0])
    monkeypatch.setattr(claims, "claim", claimed_slowly)
    provider = Taker()
    delivery(database, provider).run(edition)
    assert [batch.late for batch in provider.taken[:1]] == [True]
    assert provider.taken[0].start_by == 1030


def orphaned(database: Database, edition: Edition, owner: str) -> None:
    taken(database, edition)
    with database.write() as connection:
        claims.claim(connection, edition, TODAY, AT, owner)


@pytest.mark.databases("sqlite", "postgresql")
def test_a_batch_whose_owner_is_gone_is_in_doubt_and_the_rest_goes_out(
    database: Database, edition: Edition
) -> None:
    orphaned(database, edition, "owner-gone")
    ended = delivery(database, Taker()).run(reread(database, edition))
    assert ended.status == "sent"
    assert counted(database, edition) == {"total": 5, "sent": 3, "uncertain": 2}


@pytest.mark.databases("postgresql")  # on SQLite one process hands over
def test_on_postgresql_a_batch_whose_owner_lives_is_left_to_them(
    database: Database, edition: Edition
) -> None:
    orphaned(database, edition, "owner-alive")
    with database.alive("owner-alive"):
        shared = delivery(database, Taker(), patience=0).run(reread(database, edition))
        assert shared.status == "sending"
        assert counted(database, edition) == {"total": 5, "sent": 3, "uncertain": 2}
    assert delivery(database, Taker()).run(reread(database, edition)).status == "sent"


@pytest.mark.databases("sqlite", "postgresql")
def test_the_pace_is_one_for_all_who_hand_over(database: Database) -> None:
    with database.write() as connection:
        assert rate.wait(connection, AT, 5) == 0
        rate.charge(connection, 10, 2.0, AT)
    with database.write() as connection:
        assert rate.wait(connection, AT, 5) == 5
        assert rate.wait(connection, AT + timedelta(seconds=6), 5) == 0


@pytest.mark.databases("sqlite", "postgresql")
def test_an_edition_that_is_cancelled_midway_stops_there(database: Database, edition: Edition) -> None:
    def cancel() -> None:
        with database.write() as connection:
            states.cancel(connection, "weekly-1")

    provider = Taker(then=cancel)
    assert delivery(database, provider).run(edition).status == "cancelled"
    assert len(provider.taken) == 1
    assert counted(database, edition) == {"total": 5, "sent": 2, "waiting": 3}


@pytest.mark.databases("sqlite", "postgresql")
def test_what_others_wrote_of_an_attempt_meanwhile_stands(database: Database, edition: Edition) -> None:
    def settled_by_events() -> None:
        with database.write() as connection:
            connection.execute(update(batches).where(batches.c.state == "sending").values(state="sent"))

    delivery(database, Taker(then=settled_by_events)).run(edition)
    assert counted(database, edition) == {"total": 5, "sent": 5}


def to_be_sent_again(database: Database, edition: Edition) -> Edition:
    """The edition once it is `sent`, with two batches that wait to be sent again."""
    taken(database, edition)
    made = [claimed(database, edition) for _ in range(3)]
    with database.write() as connection:
        for claim, state in zip(made, ("sent", "uncertain", "uncertain"), strict=True):
            assert claim is not None
            if state == "sent":
                claims.sent(connection, claim, AT)
                told = {"id": "e", "at": AT, "kind": "processed", "batch": claim.attempt}
                connection.execute(insert(events).values(told))
            else:
                claims.uncertain(connection, claim, AT, "no answer")
        course.finish(connection, edition.id)
        assert doubt.again(connection, edition.id, AT + doubt.SILENCE) == 2
    return reread(database, edition)


def test_a_letter_that_is_sent_and_refused_the_second_time_leaves_who_was_in_doubt_in_doubt(
    database: Database, edition: Edition
) -> None:
    edition = to_be_sent_again(database, edition)
    provider = Taker(answer=BatchResult(Result.STOP, "the key was refused"))
    with pytest.raises(ProviderError) as told:
        delivery(database, provider).run(edition)
    assert len(provider.taken) == 1, "no other batch would be taken"
    assert reread(database, edition).status == "sent"
    assert counted(database, edition) == {"total": 5, "sent": 2, "uncertain": 3}
    with database.read() as connection:
        assert reasons(connection, edition.id) == {"uncertain": {"the key was refused": 3}}
    said = f"{told.value.message} {told.value.remedy}"
    assert "the key was refused" in said
    assert "paused" not in said
    assert "resume" not in said


@pytest.mark.databases("sqlite", "postgresql")
def test_a_wait_that_a_clock_which_was_ahead_left_behind_is_none(database: Database) -> None:
    ahead = AT + timedelta(days=365)
    with database.write() as connection:
        rate.wait(connection, ahead, 5)
        rate.charge(connection, 10, 2.0, ahead)
        rate.hold(connection, 60, ahead)
        assert rate.wait(connection, AT, 5) == 0
        assert rate.told(connection, AT) == 0


class Sleepless(Stop):
    """Sleeps not, but travels in time, and remembers for how long it was to."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._traveller = traveller

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._traveller.shift(seconds)


@pytest.mark.parametrize(
    ("asked", "waited"), [(300.0, 300.0), (86_400.0, rate.LONGEST_TOLD)], ids=["as told", "but no day"]
)
def test_a_provider_that_says_how_long_to_wait_is_left_alone_for_so_long_by_later_runs_too(
    database: Database, edition: Edition, asked: float, waited: float
) -> None:
    with time_machine.travel(AT, tick=False) as traveller:
        stop = Sleepless(traveller)
        busy = Taker(answer=BatchResult(Result.REFUSED, "asks to wait (429)", asked))
        with pytest.raises(ProviderError, match="keeps refusing"):
            delivery(database, busy, stop=stop).run(edition)
        assert stop.slept == [waited] * (batch_sender.TRIES - 1)
        later = Sleepless(traveller)
        assert delivery(database, Taker(), stop=later).run(reread(database, edition)).status == "sent"
        assert later.slept == [waited]


@pytest.mark.parametrize("asked", [None, 0.0], ids=["nothing said", "told to come back at once"])
@pytest.mark.parametrize(("share", "slept"), [(0.0, [0, 0, 0, 0]), (1.0, [2, 4, 8, 16])])
def test_else_it_backs_off_for_a_random_part_of_a_time_that_doubles(
    database: Database,
    edition: Edition,
    monkeypatch: pytest.MonkeyPatch,
    asked: float | None,
    share: float,
    slept: list[float],
) -> None:
    monkeypatch.setattr(random, "uniform", lambda least, most: least + share * (most - least))
    with time_machine.travel(AT, tick=False) as traveller:
        stop = Sleepless(traveller)
        busy = Taker(answer=BatchResult(Result.REFUSED, "busy", asked))
        with pytest.raises(ProviderError, match="keeps refusing"):
            delivery(database, busy, stop=stop).run(edition)
    assert stop.slept == slept


class Answering(Taker):
    """A provider that gives these answers, one a batch, and takes everything after them."""

    def __init__(self, *answers: BatchResult) -> None:
        super().__init__()
        self._answers = list(answers)

    def send(self, message: Message, batch: Batch) -> BatchResult:
        self.taken.append(batch)
        return self._answers.pop(0) if self._answers else BatchResult(Result.ACCEPTED)


def people_of(provider: Taker) -> list[list[int]]:
    return [[reader.subscriber for reader in batch.recipients] for batch in provider.taken]


def told_of(database: Database, edition: Edition, state: str) -> dict[int, str]:
    with database.read() as connection:
        return {one["subscriber"]: one["reason"] for one in outcomes.people(connection, edition.id, state)}


def test_who_is_put_off_is_tried_once_more_after_a_minute(database: Database, edition: Edition) -> None:
    provider = Answering(BatchResult(Result.ACCEPTED, later={2: "greylisted"}, untried={1: "too late"}))
    with time_machine.travel(AT, tick=False) as traveller:
        stop = Sleepless(traveller)
        ended = delivery(database, provider, stop=stop).run(edition)
    assert (ended.status, stop.slept) == ("sent", [60.0])
    assert people_of(provider) == [[1, 2], [3, 4], [5], [2], [1]]
    assert [batch.tries for batch in provider.taken] == [0, 0, 0, 1, 0]


def test_those_in_doubt_one_by_one_keep_their_reason(database: Database, edition: Edition) -> None:
    provider = Answering(BatchResult(Result.ACCEPTED, doubtful={2: "no answer"}, rejected={1: "550 no"}))
    assert delivery(database, provider).run(edition).status == "sent"
    assert told_of(database, edition, "uncertain") == {2: "no answer"}
    assert told_of(database, edition, "failed") == {1: "550 no"}


@pytest.mark.databases("sqlite", "postgresql")
def test_of_a_batch_that_is_rejected_for_some_the_others_are_tried_again(
    database: Database, edition: Edition
) -> None:
    provider = Answering(BatchResult(Result.REJECTED, "one is bad", rejected={1: "no address"}))
    assert delivery(database, provider).run(edition).status == "sent"
    assert people_of(provider) == [[1, 2], [2], [3, 4], [5]]
    assert told_of(database, edition, "failed") == {1: "no address"}


def test_a_letter_that_is_too_large_even_for_one_fails_for_each_with_the_reason(
    database: Database, edition: Edition
) -> None:
    provider = Taker(answer=BatchResult(Result.TOO_LARGE, "too large"))
    with pytest.raises(ProviderError, match=r"is paused: nobody was handed it: 5 of 5 .*: too large\."):
        delivery(database, provider).run(edition)
    assert told_of(database, edition, "failed") == dict.fromkeys(range(1, 6), "too large")


def test_who_waits_for_another_try_is_told_why(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_sender, "FIRST_WAIT", 0.0)
    with pytest.raises(ProviderError, match="keeps refusing: busy"):
        delivery(database, Taker(answer=BatchResult(Result.REFUSED, "busy"))).run(edition)
    assert told_of(database, edition, "waiting") == {1: "busy", 2: "busy", 3: None, 4: None, 5: None}


def test_refusals_count_in_a_row_only(database: Database, edition: Edition) -> None:
    busy, fine = BatchResult(Result.REFUSED, "busy"), BatchResult(Result.ACCEPTED)
    provider = Answering(busy, busy, busy, busy, fine, busy, busy, busy, busy)
    with time_machine.travel(AT, tick=False) as traveller:
        stop = Sleepless(traveller)
        assert delivery(database, provider, stop=stop).run(edition).status == "sent"
    assert len(stop.slept) == 8


def test_at_a_rate_the_next_batch_waits_until_the_mails_before_it_are_paid_for(
    database: Database, edition: Edition
) -> None:
    config = CONFIG.model_copy(update={"delivery": CONFIG.delivery.model_copy(update={"rate": 2.0})})
    with time_machine.travel(AT, tick=False) as traveller:
        stop = Sleepless(traveller)
        with database.write() as connection:
            rate.wait(connection, AT + timedelta(seconds=3.5), 100)  # as a clock that was ahead wrote it
        slow = delivery(database, Taker(), stop=stop)
        slow.config = config
        assert slow.run(edition).status == "sent"
    assert stop.slept == [1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("answer", "level", "said"),
    [
        (BatchResult(Result.ACCEPTED), "INFO", "weekly-1, a batch of 2: accepted"),
        (
            BatchResult(Result.UNCERTAIN, "timed out"),
            "WARNING",
            "weekly-1, a batch of 2: uncertain: timed out",
        ),
    ],
)
def test_each_batch_is_a_line_in_the_log(
    database: Database,
    edition: Edition,
    caplog: pytest.LogCaptureFixture,
    answer: BatchResult,
    level: str,
    said: str,
) -> None:
    with caplog.at_level("INFO", "pipeline.delivery"):
        delivery(database, Taker(answer=answer)).run(edition)
    lines = [(line.levelname, line.message) for line in caplog.records if "batch of 2" in line.message]
    assert lines == [(level, said)] * 2


@pytest.mark.databases("sqlite", "postgresql")
def test_an_answer_that_a_failing_database_could_not_keep_is_written_down_where_others_hand_over_too(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = claims.claim, [0]

    def fails_at_the_second(*given: Any) -> claims.Claim | None:
        calls[0] += 1
        if calls[0] == 2:
            raise OperationalError("a claim", {}, Exception("the server is gone"))
        return real(*given)

    monkeypatch.setattr(claims, "claim", fails_at_the_second)
    with pytest.raises(OperationalError):
        delivery(database, Taker()).run(edition)
    # On SQLite the one process is gone with it; who goes on settles what it left.
    answered = {"uncertain": 2} if database.sqlite else {"sent": 2}
    assert counted(database, edition) == {"total": 5, "waiting": 3} | answered


def test_who_was_handed_over_though_the_batch_was_refused_is_handed_over_to_nobody_again(
    database: Database, edition: Edition
) -> None:
    class FullDisk(Taker):
        """Takes the first of its first batch."""

        def send(self, message: Message, batch: Batch) -> BatchResult:
            self.taken.append(batch)
            return BatchResult(Result.REFUSED if len(self.taken) == 1 else Result.ACCEPTED)

        def settle(self, message: Message, batch: Batch) -> frozenset[int]:  # type: ignore[override]
            return frozenset({1})

    taker = FullDisk()
    with time_machine.travel(AT, tick=False) as traveller:
        delivery(database, taker, stop=Sleepless(traveller)).run(edition)
    handed = [[one.subscriber for one in batch.recipients] for batch in taker.taken]
    assert handed[:2] == [[1, 2], [2]]
    assert counted(database, edition) == {"total": 5, "sent": 5}


@pytest.mark.databases("sqlite", "postgresql")
def test_a_refusal_of_us_is_written_down_though_the_database_is_lost_while_its_meaning_is_looked_up(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = outcomes.refused_us, [0]

    def fails_at_first(*given: Any) -> frozenset[int]:
        calls[0] += 1
        if calls[0] == 1:
            raise OperationalError("a look", {}, Exception("the server is gone"))
        return real(*given)

    monkeypatch.setattr(outcomes, "refused_us", fails_at_first)
    no = BatchResult(Result.STOP, "relay not permitted", denied={1: "relay not permitted"})
    with pytest.raises(OperationalError):
        delivery(database, Taker(answer=no)).run(edition)
    if database.sqlite:  # the one process is gone with it; who goes on settles what it left
        assert counted(database, edition) == {"total": 5, "waiting": 3, "uncertain": 2}
        return
    assert counted(database, edition) == {"total": 5, "waiting": 5}
    assert reread(database, edition).status == "paused"
    with database.read() as connection:
        assert outcomes.refused_us(connection, edition.id) == {1}


def sender(
    database: Database, provider: Taker, left: list[int] | None = None, **delivery: Any
) -> BatchSender:
    """One that keeps in ``left`` how many people were in each batch that left."""
    config = CONFIG.model_copy(update={"delivery": CONFIG.delivery.model_copy(update=delivery)})
    links = Links(config, Tokens([b"a secret of a test"]), "weekly")
    return BatchSender(database, config, provider, links, Stop(), (left if left is not None else []).append)


MESSAGE = Message("weekly-1", "weekly", "x", "a@x.example", "A", "a@x.example", "<p>Hello</p>", "Hello")


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (BatchResult(Result.ACCEPTED), [2, 2, 1]),
        (BatchResult(Result.UNCERTAIN, "no answer"), [2, 2, 1]),
        (BatchResult(Result.REJECTED, "no", rejected=dict.fromkeys(range(1, 6), "no")), []),
    ],
    ids=["accepted", "in doubt", "rejected"],
)
def test_of_each_batch_that_left_it_is_told_how_many_were_in_it(
    database: Database, edition: Edition, answer: BatchResult, left: list[int]
) -> None:
    taken(database, edition)
    told: list[int] = []
    with database.write() as connection:
        course.begin_sending(connection, edition.id)
    sender(database, Taker(answer=answer), told).run(reread(database, edition), MESSAGE)
    assert [people for people in told if people] == left


def test_what_is_in_doubt_keeps_its_reason(database: Database, edition: Edition) -> None:
    answer = BatchResult(Result.UNCERTAIN, "no answer")
    assert delivery(database, Taker(answer=answer)).run(edition).status == "sent"
    assert told_of(database, edition, "uncertain") == dict.fromkeys(range(1, 6), "no answer")


def test_who_was_refused_because_of_us_where_everything_stops_is_known_as_that(
    database: Database, edition: Edition
) -> None:
    no = BatchResult(Result.STOP, "relay not permitted", denied={1: "relay not permitted"})
    with pytest.raises(ProviderError, match="relay not permitted"):
        delivery(database, Taker(answer=no)).run(edition)
    assert reread(database, edition).status == "paused"
    with database.read() as connection:
        assert outcomes.refused_us(connection, edition.id) == {1}


def test_what_is_stopped_with_some_handed_over_is_paused_and_who_was_not_tried_is_next_at_once(
    database: Database, edition: Edition
) -> None:
    no = "relay not permitted"
    answer = BatchResult(Result.ACCEPTED, denied={1: no}, untried={2: "its turn did not come"}, stopped=no)
    with time_machine.travel(AT, tick=False), pytest.raises(ProviderError, match=no):
        delivery(database, Taker(answer=answer)).run(edition)
    paused = reread(database, edition)
    assert (paused.status, paused.reason) == ("paused", no)
    with database.read() as connection:
        assert outcomes.refused_us(connection, edition.id) == {1}
        due = connection.scalars(
            select(batches.c.next_try).where(batches.c.reason == "its turn did not come")
        )
        assert due.all() == [AT]


def test_a_wait_that_the_provider_asked_for_is_a_line_in_the_log(
    database: Database, edition: Edition, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pipeline.delivery")
    with time_machine.travel(AT, tick=False), database.write() as connection:
        rate.hold(connection, 300.0, AT)
        assert sender(database, Taker())._claims(connection, edition, 1) == ([], 300.0)
    assert [line.getMessage() for line in caplog.records] == [
        "weekly-1: waiting for 300 s, as the provider asked"
    ]


def test_the_breaker_hears_of_each_batch_how_many_were_rejected(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "pipeline.delivery.breaker.RunningTally.add",
        lambda self, connection, people, rejected, at: heard.append((people, rejected)),
    )
    provider = Answering(BatchResult(Result.ACCEPTED, rejected={1: "550 no"}))
    delivery(database, provider).run(edition)
    assert heard == [(2, 1), (2, 0), (1, 0)]


@pytest.mark.parametrize(
    ("due", "wait"),
    [(0.25, 0.25), (-3.0, 0.0), (60.0, 60.0), (60.001, None), (None, None)],
)
def test_a_batch_that_may_be_tried_within_a_minute_is_waited_for(
    database: Database,
    edition: Edition,
    monkeypatch: pytest.MonkeyPatch,
    due: float | None,
    wait: float | None,
) -> None:
    at = AT + timedelta(seconds=due) if due is not None else None
    monkeypatch.setattr(claims, "claim", lambda *given: None)
    monkeypatch.setattr(claims, "next_try", lambda *given: at)
    with time_machine.travel(AT, tick=False), database.write() as connection:
        assert sender(database, Taker())._claims(connection, edition, 1) == ([], wait)


FINE, BUSY = BatchResult(Result.ACCEPTED), BatchResult(Result.REFUSED, "busy")
LATER, ENDS = BatchResult(Result.REFUSED, "busy still"), BatchResult(Result.STOP, "no key")
STOPPED = BatchResult(Result.ACCEPTED, stopped="no more")


@pytest.mark.parametrize(
    ("before", "answers", "then"),
    [
        (None, [], None),
        (None, [FINE], None),
        (None, [FINE, BUSY, LATER], BUSY),
        (None, [BUSY, ENDS], ENDS),
        (None, [BUSY, STOPPED], STOPPED),
        (BUSY, [], BUSY),
        (BUSY, [FINE], BUSY),
        (BUSY, [LATER], LATER),
        (BUSY, [ENDS], ENDS),
        (ENDS, [BUSY], ENDS),
        (ENDS, [STOPPED], ENDS),
        (STOPPED, [ENDS], STOPPED),
    ],
)
def test_for_which_outcome_no_further_batch_is_claimed(
    before: BatchResult | None, answers: list[BatchResult], then: BatchResult | None
) -> None:
    assert batch_sender._halting(before, answers) is then
