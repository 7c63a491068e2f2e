"""A round of welcomes step by step: what a provider answers, and what is written down of it, as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select, update

from pipeline.core.errors import RapportError
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions import find
from pipeline.editions.ledger import rate, readers
from pipeline.editions.ledger import welcome as ledger
from pipeline.letter.personal import Links
from pipeline.providers import Batch, BatchResult, Message, Result
from pipeline.subscriptions import welcome
from pipeline.subscriptions.prepare_welcome import NoWelcome, PreparedWelcome
from pipeline.subscriptions.welcome import is_coming, send_welcomes
from subscribers import clock, directory, suppression, welcomes
from subscribers.suppression import Reason
from subscribers.tables import merged, subscribers
from subscribers.tables import welcomes as table
from tests.installations import installation
from tests.ledgers import AT, Left, handed_over
from tests.subscriptions.joining import ADA, confirm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

NOW = datetime(2026, 11, 27, 14, tzinfo=UTC)
BEA = "bea@example.org"
BODY = "<html><body><p>Hello</p></body></html>"
MESSAGE = Message("weekly-1", "weekly", "x", "a@x.example", "A", "a@x.example", BODY, "Hello")
NO = BatchResult(Result.REFUSED, "busy")


@dataclass
class Scripted:
    """A provider that gives these answers, and takes everything after them."""

    answers: list[BatchResult] = field(default_factory=list)
    known: frozenset[int] | None = None
    batches: list[Batch] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    settled: list[tuple[Message, Batch]] = field(default_factory=list)
    closed: int = 0

    def send(self, message: Message, batch: Batch) -> BatchResult:
        self.messages.append(message)
        self.batches.append(batch)
        return self.answers.pop(0) if self.answers else BatchResult(Result.ACCEPTED)

    def settle(self, message: Message, batch: Batch) -> frozenset[int] | None:
        self.settled.append((message, batch))
        return self.known

    def close(self) -> None:
        self.closed += 1

    @property
    def people(self) -> list[str]:
        return [batch.recipients[0].address for batch in self.batches]


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def installed(sqlite_database: Database, tmp_path: Path, moment: time_machine.Traveller) -> Installation:
    """weekly-1 went to two readers a day ago."""
    digests = [{"name": "weekly"}, {"name": "quiet", "welcome": "none"}]
    made = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", digests=digests)
    with sqlite_database.write() as connection:
        handed_over(connection, 1, html=BODY, text="Hello")
    return made


@pytest.fixture
def provider(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()
    with installed.database.read() as connection:
        edition = find.by_id(connection, 1)
    links = Links(installed.config, installed.tokens, "weekly")
    ready = PreparedWelcome(edition, MESSAGE, {"%%welcome%%": "Welcome!"}, links)
    monkeypatch.setattr(welcome, "provider", lambda config, folder: made)
    none = NoWelcome('welcome = "none"')
    monkeypatch.setattr(welcome, "prepare", lambda installed, digest: ready if digest == "weekly" else none)
    return made


def queue(installed: Installation, person: int, digest: str = "weekly") -> tuple[str, str | None]:
    with installed.database.read() as connection:
        row = connection.execute(
            select(table).where(table.c.subscriber_id == person, table.c.digest == digest)
        ).one()
    return row.state, row.reason


def standing(installed: Installation, person: int) -> list[tuple[str, str | None]]:
    """In the ledger: the person's state in an edition, and why."""
    with installed.database.read() as connection:
        held = readers.of_subscriber(connection, person)
        rows = connection.execute(
            select(recipients.c.reason, batches.c.reason)
            .join(
                batches,
                (batches.c.edition_id == recipients.c.edition_id) & (batches.c.number == recipients.c.batch),
            )
            .where(recipients.c.subscriber_id == person)
        )
        reasons = [own or of_batch for own, of_batch in rows]
    return [(one["state"], reason) for one, reason in zip(held, reasons, strict=True)]


def of(ada: int, **kind: str) -> BatchResult:
    ((name, reason),) = kind.items()
    return BatchResult(Result.ACCEPTED, **{name: {ada: reason}})


ANSWERS: dict[str, tuple[BatchResult, int, tuple[str, str | None], list[tuple[str, str | None]]]] = {
    # (the answer, how many were handed over, the queue, the ledger); the person is number 3
    "accepted": (BatchResult(Result.ACCEPTED), 1, ("handed", None), [("sent", None)]),
    "in doubt": (BatchResult(Result.UNCERTAIN, "cut off"), 1, ("handed", None), [("uncertain", "cut off")]),
    "in doubt for that one": (of(3, doubtful="no answer"), 1, ("handed", None), [("uncertain", "no answer")]),
    "rejected": (of(3, rejected="no mailbox"), 0, ("handed", None), [("failed", "no mailbox")]),
    "refused": (NO, 0, ("queued", "busy"), []),
    "stopped": (BatchResult(Result.STOP, "no key"), 0, ("queued", "no key"), []),
    "denied": (of(3, denied="relaying"), 0, ("queued", "relaying"), []),
    "later": (of(3, later="greylisted"), 0, ("queued", "greylisted"), []),
    "not tried": (of(3, untried="too late"), 0, ("queued", "too late"), []),
    "too large": (BatchResult(Result.TOO_LARGE, "too large"), 0, ("queued", "too large"), []),
}


@pytest.mark.parametrize(("answer", "handed", "waits", "stands"), ANSWERS.values(), ids=ANSWERS)
def test_what_becomes_of_a_hand_over(
    installed: Installation,
    provider: Scripted,
    answer: BatchResult,
    handed: int,
    waits: tuple[str, str | None],
    stands: list[tuple[str, str | None]],
) -> None:
    ada = confirm(installed)
    assert ada == 3
    provider.answers = [answer]
    assert send_welcomes(installed) == handed
    assert (queue(installed, ada), standing(installed, ada)) == (waits, stands)
    assert provider.closed == 1
    assert send_welcomes(installed) == 0, "what waits rests first"
    assert len(provider.batches) == 1


def test_each_is_handed_over_alone_with_words_of_welcome_and_within_half_a_minute_of_its_claim(
    installed: Installation, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bea = confirm(installed), confirm(installed, BEA)
    monkeypatch.setattr(clock, "uptime", lambda: 1000.0)
    prepared: list[str] = []
    ready = welcome.prepare(installed, "weekly")
    monkeypatch.setattr(welcome, "prepare", lambda installed, digest: prepared.append(digest) or ready)
    assert send_welcomes(installed) == 2
    assert prepared == ["weekly"], "once a round"
    assert [batch.start_by for batch in provider.batches] == [1030.0] * 2
    assert provider.messages == [MESSAGE] * 2
    assert [[one.subscriber for one in batch.recipients] for batch in provider.batches] == [[ada], [bea]]
    for batch in provider.batches:
        (reader,) = batch.recipients
        assert reader.fields["%%welcome%%"] == "Welcome!"
        assert len(reader.fields) > 1
    with installed.database.read() as connection:
        rows = connection.execute(select(batches).where(batches.c.welcome)).all()
    assert [row.attempt for row in rows] == [batch.id for batch in provider.batches]
    assert {row.owner.partition("-")[0] for row in rows} == {"welcomes"}


def test_a_provider_that_is_down_is_asked_three_times_a_round(
    installed: Installation, provider: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    people = [confirm(installed, f"new{n}@example.org") for n in range(6)]
    provider.answers = [NO, BatchResult(Result.ACCEPTED), NO, of(people[3], rejected="no mailbox"), NO]
    assert send_welcomes(installed) == 1
    assert len(provider.batches) == 5
    assert queue(installed, people[5]) == ("queued", None)
    assert caplog.text.count("a welcome waits: busy") == 3


def test_while_the_provider_asks_to_wait_nobody_is_handed_over(
    installed: Installation, provider: Scripted
) -> None:
    ada, bea = confirm(installed), confirm(installed, BEA)
    provider.answers = [BatchResult(Result.REFUSED, "slower", retry_after=300.0)]
    for _ in range(2):
        send_welcomes(installed)
    with installed.database.read() as connection:
        assert rate.told(connection, NOW) == 300.0
    assert provider.people == [ADA, BEA], "the round had begun"
    assert (queue(installed, ada)[0], queue(installed, bea)[0]) == ("queued", "handed")


def test_with_made_up_values_nobody_is_welcomed(
    installed: Installation, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(config: object) -> None:
        raise RapportError("an example", "Write your own.")

    ada = confirm(installed)
    monkeypatch.setattr(welcome, "must_be_own", refuse)
    with pytest.raises(RapportError, match="an example"):
        send_welcomes(installed)
    assert (provider.batches, queue(installed, ada)) == ([], ("queued", None))


def test_told_to_stop_it_ends_after_the_one_under_way(installed: Installation, provider: Scripted) -> None:
    confirm(installed)
    confirm(installed, BEA)
    assert send_welcomes(installed, lambda: True) == 0
    assert send_welcomes(installed, lambda: bool(provider.batches)) == 1
    assert provider.people == [ADA]
    assert send_welcomes(installed) == 1


def test_where_nothing_is_due_no_provider_is_opened_and_one_process_is_at_it(
    installed: Installation, provider: Scripted, moment: time_machine.Traveller
) -> None:
    assert send_welcomes(installed) == 0
    assert provider.closed == 0
    confirm(installed)
    with installed.database.lock("welcomes"):
        assert send_welcomes(installed) == 0
    assert provider.closed == 0
    assert send_welcomes(installed) == 1


@pytest.mark.parametrize(
    ("nothing", "state"),
    [(NoWelcome("no address", later=True), "queued"), (NoWelcome("it is gone"), "dropped")],
    ids=["for now", "for good"],
)
def test_where_there_is_nothing_to_hand_over_it_waits_or_is_dropped(
    installed: Installation, provider: Scripted, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, nothing: NoWelcome, state: str,
) -> None:  # fmt: skip
    people = [confirm(installed, f"new{n}@example.org") for n in range(5)]
    monkeypatch.setattr(welcome, "prepare", lambda installed, digest: nothing)
    assert send_welcomes(installed) == 0
    assert queue(installed, people[0]) == (state, nothing.reason)
    assert queue(installed, people[4])[0] == state
    assert queue(installed, people[4])[1] == (nothing.reason if state == "dropped" else None)
    assert ("a welcome waits: no address" in caplog.text) is (state == "queued")
    assert provider.batches == []


def left(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        directory.unsubscribe(connection, ada, source="test")


def suppressed(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        suppression.suppress(connection, ADA, Reason.MANUAL, "test")


def had_it_at_the_address(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        connection.execute(update(recipients).where(recipients.c.subscriber_id == 1).values(email=ADA))


def had_a_letter_before(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        people = handed_over(connection, 2, [Left(people=3)])
        assert people[-1] == ada


def had_a_letter_before_moving(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        connection.execute(insert(merged).values(old_id=1, new_id=ada))
        handed_over(connection, 2, [Left(people=1)])
        connection.execute(recipients.delete().where(recipients.c.edition_id == 1))


def was_welcomed_before_moving(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        connection.execute(insert(subscribers).values(id=77, email="old@example.org", name="", created_at=AT))
        connection.execute(insert(merged).values(old_id=77, new_id=ada))
        row = {"subscriber_id": 77, "digest": "weekly", "at": AT, "state": "handed", "tries": 0}
        connection.execute(insert(table).values(row))


def was_withheld_in_it(installed: Installation, ada: int) -> None:
    with installed.database.write() as connection:
        row = {"edition_id": 1, "subscriber_id": ada, "email": ADA, "batch": 0, "state": "withheld"}
        connection.execute(insert(recipients).values(row | {"reason": "left"}))


WHY_NOT = {
    "unsubscribed": left,
    "suppressed: manual": suppressed,
    "has had a letter already": (had_it_at_the_address, had_a_letter_before, had_a_letter_before_moving),
    "welcomed at a former address": was_welcomed_before_moving,
    "stands in weekly-1 already": was_withheld_in_it,
}


@pytest.mark.parametrize(
    ("reason", "before"),
    [(why, how) for why, each in WHY_NOT.items() for how in (each if isinstance(each, tuple) else (each,))],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_who_is_not_new_or_must_get_no_mail_is_not_welcomed(
    installed: Installation, provider: Scripted, reason: str, before: Any
) -> None:
    ada = confirm(installed)
    before(installed, ada)
    assert send_welcomes(installed) == 0
    assert (queue(installed, ada), provider.batches) == (("dropped", reason), [])


@pytest.mark.parametrize(
    ("late", "state"), [(timedelta(0), "handed"), (timedelta(microseconds=1), "dropped")]
)
def test_after_seven_days_nobody_is_welcomed_any_more(
    installed: Installation, provider: Scripted, moment: time_machine.Traveller, late: timedelta, state: str
) -> None:
    ada = confirm(installed)
    moment.shift(timedelta(days=7) + late)
    send_welcomes(installed)
    reason = "it waited for more than 7 days" if state == "dropped" else None
    assert queue(installed, ada) == (state, reason)


@pytest.mark.parametrize("what", ["moved", "handed over by another"])
def test_what_happened_since_it_was_looked_at_is_looked_at_again(
    installed: Installation, provider: Scripted, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    ada, real = confirm(installed), welcome.had_elsewhere

    def meanwhile(*given: Any) -> set[int]:
        monkeypatch.setattr(welcome, "had_elsewhere", real)
        with installed.database.write() as connection:
            if what == "moved":
                connection.execute(update(subscribers).where(subscribers.c.id == ada).values(email=BEA))
            else:
                welcomes.handed(connection, ada, "weekly", 1)
        return real(*given)

    monkeypatch.setattr(welcome, "had_elsewhere", meanwhile)
    assert send_welcomes(installed) == (1 if what == "moved" else 0)
    assert provider.people == ([BEA] if what == "moved" else [])


KNOWN: dict[str, tuple[frozenset[int] | None, tuple[str, str | None], list[tuple[str, str | None]]]] = {
    "it cannot be known": (None, ("handed", None), [("uncertain", welcome.LOST)]),
    "it was taken": (frozenset({3}), ("handed", None), [("sent", None)]),
    "it was not taken": (frozenset(), ("queued", welcome.LOST), []),
}


@pytest.mark.parametrize(("known", "waits", "stands"), KNOWN.values(), ids=KNOWN)
def test_what_became_of_one_whose_process_died_is_asked_of_the_provider(
    installed: Installation,
    provider: Scripted,
    known: frozenset[int] | None,
    waits: tuple[str, str | None],
    stands: list[tuple[str, str | None]],
) -> None:
    ada = confirm(installed)
    with installed.database.write() as connection:
        claim = ledger.claim(connection, 1, ada, ADA, NOW, "gone")
        welcomes.handed(connection, ada, "weekly", 1)
    provider.known = known
    assert send_welcomes(installed) == 0
    ((message, batch),) = provider.settled
    assert (message.edition, "%%" in message.html) == ("weekly-1", True), "with the place for the words"
    assert (batch.id, [one.address for one in batch.recipients], batch.start_by) == (claim.attempt, [ADA], 0)
    assert (queue(installed, ada), standing(installed, ada)) == (waits, stands)
    with installed.database.read() as connection:
        if waits[0] == "queued":
            (row,) = welcomes.of_person(connection, ada)
            assert (row.at, row.tries, row.next_try) == (NOW, 1, NOW + welcomes.FIRST_WAIT)


def test_an_answer_that_an_event_has_overtaken_changes_nothing(
    installed: Installation, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = confirm(installed)

    def told(message: Message, batch: Batch) -> BatchResult:
        with installed.database.write() as connection:
            connection.execute(update(batches).where(batches.c.welcome).values(state="sent"))
        return NO

    monkeypatch.setattr(provider, "send", told)
    assert send_welcomes(installed) == 1
    assert (queue(installed, ada)[0], standing(installed, ada)) == ("handed", [("sent", None)])


def test_a_first_mail_is_coming_to_who_has_just_confirmed(
    installed: Installation, provider: Scripted, moment: time_machine.Traveller
) -> None:
    ada = confirm(installed, ADA, "weekly", "quiet")
    other = confirm(installed, BEA)

    def coming(person: int, *digests: str) -> bool:
        with installed.database.read() as connection:
            return is_coming(connection, installed.config, person, digests)

    assert coming(ada, "quiet", "weekly")
    assert not coming(ada, "quiet"), "which greets nobody"
    assert not coming(ada)
    assert not coming(1, "weekly"), "who has not just confirmed"
    had_a_letter_before_moving(installed, other)
    assert not coming(other, "weekly"), "who had letters at a former address"
    send_welcomes(installed)
    assert queue(installed, ada) == ("handed", None)
    moment.shift(timedelta(minutes=59))
    assert coming(ada, "weekly"), "also when it was handed over within the hour"
    moment.shift(timedelta(minutes=1))
    assert not coming(ada, "weekly")
