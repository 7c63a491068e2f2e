"""The ledger against a model of it, through any sequence of claims, answers, deaths and states.

The model knows what the provider truly took; the ledger knows what it was told. Owners die as steps of the
sequence: their answers are then never written, or long after somebody has judged them gone.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert

from pipeline.core.database import Database, Session
from pipeline.core.tables.editions import digests, editions
from pipeline.core.tables.ledger import events
from pipeline.delivery.batch_sender import Answered, BatchSender
from pipeline.delivery.edition import LOST
from pipeline.editions import course, find, states
from pipeline.editions.edition import Edition
from pipeline.editions.ledger import claims, outcomes, recipients
from pipeline.providers import BatchResult, Result
from subscribers import directory
from tests.delivery.test_batch_sender import CONFIG
from tests.installations import subscribe

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.torture.practice import Place

pytest_plugins = ["tests.torture.fixture"]

START = datetime(2026, 11, 26, 14, tzinfo=UTC)
TODAY = date(2026, 11, 26)
SLUG = "weekly-1"
OWNERS = ("one", "two", "three")

ANSWERS = (
    "accepted",
    "accepted in part",
    "refused",
    "rejected in part",
    "too large",
    "content refused",
    "no answer, taken",
    "no answer, not taken",
)


class Died(Exception):
    """A process that ends in the middle of a transaction."""


@dataclass
class Flight:
    """A batch on its way. ``answer``: what the provider did, once it has; ``told``: it was written down."""

    claim: claims.Claim
    owner: str
    answer: str = ""
    taken: bool = False
    orphan: bool = False
    judged: bool = False
    proven: bool = False
    told: bool = False

    @property
    def people(self) -> list[int]:
        return [person for person, _ in self.claim.members]


@dataclass
class Owner:
    """A process that hands over: its lock lives as long as ``life`` is open."""

    name: str
    session: Session
    life: ExitStack = field(default_factory=ExitStack)


class Ledger(RuleBasedStateMachine):
    """``states``: what the ledger must say of each person of the snapshot."""

    flights = Bundle("flights")

    def __init__(self, url: str) -> None:
        super().__init__()
        self.database = Database(url)
        self.owners: dict[str, Owner] = {}
        self.born = 0
        self.at = START
        self.accepted: Counter[str] = Counter()
        self.states: dict[int, str] = {}
        self.left: set[int] = set()
        self.under_way: list[Flight] = []
        nothing = cast("Any", None)
        self.sender = BatchSender(self.database, CONFIG, nothing, nothing, nothing, nothing)

    def teardown(self) -> None:
        for name in list(self.owners):
            self._dies(name)
        self.database.close()

    @initialize(
        readers=st.integers(1, 9), size=st.integers(1, 5), dies_in=st.integers(0, 3), late=st.booleans()
    )
    def snapshot(self, readers: int, size: int, dies_in: int, late: bool) -> None:
        """It is taken by somebody who may die over it, and then by another."""
        subscribe(self.database, readers)
        values = {"digest": "weekly", "number": 1, "slug": SLUG, "status": "approved", "posts": []}
        values |= {"left_out": [], "due": "2026-11-26T09:00", "due_at": START}
        with self.database.write() as connection:
            connection.execute(insert(digests).values(name="weekly", first_seen=START))
            made = connection.execute(insert(editions).values(values).returning(editions))
            self.edition = Edition.of(made.one())
        if dies_in:
            self._dies_over_the_snapshot(size, dies_in)
            assert self._claim(self._owner("one")) is None
        if late:
            with self.database.write() as connection:
                directory.add(connection, "late@example.net", digests=["weekly"], wording="L", source="test")
        self.at += timedelta(seconds=1)
        assert recipients.take(self.database, self.edition, TODAY, size, self.at, course.begin_sending)
        assert not recipients.take(self.database, self.edition, TODAY, size, self.at, course.begin_sending)
        self.states = dict.fromkeys(range(1, readers + late + 1), "waiting")

    def _dies_over_the_snapshot(self, size: int, dies_in: int) -> None:
        left, real = iter(range(dies_in)), Session.write

        def dying(session: Session) -> Any:
            if next(left, None) is None:
                raise Died
            return real(session)

        def dies(connection: Connection, edition: int) -> None:
            course.begin_sending(connection, edition)
            raise Died

        try:
            with patch.object(Session, "write", dying):
                recipients.take(self.database, self.edition, TODAY, size, self.at, dies)
        except Died:
            return
        raise AssertionError("it did not die")

    @rule(target=flights, name=st.sampled_from(OWNERS))
    def claim(self, name: str) -> Any:
        going = self._status() in ("sending", "sent")
        claim = self._claim(self._owner(name))
        if claim is None:
            return multiple()
        assert going
        people = [person for person, _ in claim.members]
        assert all(self.states[person] == "waiting" for person in people)
        assert not self.left & set(people)
        for person, state in self._told().items():
            if state == "withheld" and self.states[person] != "withheld":
                assert self.states[person] == "waiting"
                assert person in self.left
                self.states[person] = "withheld"
        self._become(people, "uncertain")
        flight = Flight(claim, self.owners[name].name)
        if not people:  # everyone in it has left: nothing is handed over
            flight.answer = "accepted"
        self.under_way.append(flight)
        return flight

    @rule(flight=flights, answer=st.sampled_from(ANSWERS))
    def answer(self, flight: Flight, answer: str) -> None:
        """The provider gets the request and does something with it; a dead owner's may arrive yet."""
        if flight.answer or flight.told:
            return
        if len(flight.people) < 2 and answer.endswith("in part"):
            answer = "accepted"
        flight.answer = answer
        flight.taken = answer in ("accepted", "accepted in part", "no answer, taken")
        if flight.taken:
            kept = flight.claim.members[:1] if answer == "accepted in part" else flight.claim.members
            self.accepted.update(email for _, email in kept)

    @rule(flight=consumes(flights))
    def record(self, flight: Flight) -> None:
        """By an owner who lives; or by one who was held for dead and is not."""
        if not flight.answer or flight.told:
            return
        flight.told = True
        answered = Answered(flight.claim, self._outcome(flight))
        alive = next((one for one in self.owners.values() if one.name == flight.owner), None)
        with (alive.session if alive else self.database).write() as connection:
            self.sender._record(connection, self.edition, answered)
        self._expect(flight)

    def _outcome(self, flight: Flight) -> BatchResult:
        behind = dict.fromkeys(flight.people[1:], "why")
        match flight.answer:
            case "accepted":
                return BatchResult(Result.ACCEPTED)
            case "accepted in part":
                kinds: list[dict[int, str]] = [{}, {}, {}, {}]
                for number, person in enumerate(behind):
                    kinds[number % 4][person] = "why"
                later, rejected, doubtful, untried = kinds
                return BatchResult(
                    Result.ACCEPTED, later=later, rejected=rejected, doubtful=doubtful, untried=untried
                )
            case "refused":
                return BatchResult(Result.REFUSED, "busy")
            case "rejected in part":
                return BatchResult(Result.REJECTED, "some", rejected=behind)
            case "too large":
                return BatchResult(Result.TOO_LARGE, "too large")
            case "content refused":
                return BatchResult(Result.STOP, "content")
        return BatchResult(Result.UNCERTAIN, "no answer")

    def _expect(self, flight: Flight) -> None:
        """What the model makes of an outcome that was written down."""
        people, behind = flight.people, flight.people[1:]
        if flight.answer in ("accepted", "accepted in part"):
            if flight.proven:
                return
            self._become(people, "sent")
            if flight.answer == "accepted in part":
                given_up = flight.claim.tries >= len(claims.LATER)
                self._become(behind[0::4], "failed" if given_up else "waiting")
                self._become(behind[1::4], "failed")
                self._become(behind[2::4], "uncertain")
                self._become(behind[3::4], "waiting")
        elif flight.answer.startswith("no answer") or flight.judged or flight.proven:
            return  # doubt stays doubt, whatever is said later
        else:
            self._become(people, "waiting")
            if flight.answer == "rejected in part":
                self._become(behind, "failed")
            if flight.answer == "too large" and len(people) == 1:
                self._become(people, "failed")

    @rule(flight=flights)
    def an_event_proves_it(self, flight: Flight) -> None:
        """Before the answer, after it, or when nobody asks any more. (By SMTP, in part, there are none.)"""
        if not flight.taken or flight.answer == "accepted in part" or not flight.people:
            return
        name = f"event-{flight.claim.attempt}"
        with self.database.write() as connection:
            if not flight.proven:
                said = {"id": name, "at": self.at, "kind": "delivered", "batch": flight.claim.attempt}
                connection.execute(insert(events).values(said))
            claims.sent(connection, flight.claim, self.at)
        flight.proven = True
        self._become(flight.people, "sent")

    @rule(name=st.sampled_from(OWNERS))
    def crash(self, name: str) -> None:
        self._dies(name)

    @rule()
    def adopt_orphans(self) -> None:
        for left in self._under_way():
            (flight,) = [one for one in self.under_way if one.claim.attempt == left.attempt]
            if not self.database.sqlite:
                assert self.database.is_held(left.owner) != flight.orphan
            if flight.orphan:
                with self.database.write() as connection:
                    claims.uncertain(connection, left, self.at, LOST)
                flight.judged = True

    @rule(verb=st.sampled_from(["pause", "resume"]))
    def staff_decides(self, verb: str) -> None:
        if self._status() == {"pause": "sending", "resume": "paused"}[verb]:
            with self.database.write() as connection:
                states.BY_STAFF[verb](connection, SLUG)

    @precondition(lambda self: len(self.under_way) > 4)
    @rule()
    def staff_cancels(self) -> None:
        if self._status() in ("sending", "paused"):
            with self.database.write() as connection:
                states.cancel(connection, SLUG)

    @rule(person=st.integers(1, 9))
    def unsubscribe(self, person: int) -> None:
        if person in self.states and person not in self.left and person <= 9:
            with self.database.write() as connection:
                directory.unsubscribe(connection, person, source="test")
            self.left.add(person)

    @rule()
    def time_passes(self) -> None:
        self.at += timedelta(hours=5)

    @rule()
    def finish(self) -> None:
        with self.database.write() as connection:
            status = course.finish(connection, self.edition.id).status
        if status == "sent":
            assert "waiting" not in self.states.values()
            assert all(one.told or one.judged or one.proven for one in self.under_way)

    @invariant()
    def nobody_is_mailed_twice(self) -> None:
        assert max(self.accepted.values(), default=1) == 1, self.accepted

    @invariant()
    def the_ledger_says_what_is_true(self) -> None:
        if not self.states:
            return
        with self.database.read() as connection:
            counted = outcomes.counts(connection, self.edition.id)
            people = list(outcomes.people(connection, self.edition.id))
        told = {one["subscriber"]: one["state"] for one in people}
        emails = {one["subscriber"]: one["email"] for one in people}
        assert told == self.states
        assert {state: n for state, n in counted.items() if n and state != "total"} == Counter(told.values())
        mailed = {person for person, email in emails.items() if self.accepted[email]}
        assert all(told[person] in ("sent", "uncertain") for person in mailed)
        assert all(person in mailed for person, state in told.items() if state == "sent")

    def _owner(self, name: str) -> Owner:
        if name not in self.owners:
            self.born += 1
            life = ExitStack()
            called = f"{name}-{self.born}"
            self.owners[name] = Owner(called, life.enter_context(self.database.alive(called)), life)
        return self.owners[name]

    def _dies(self, name: str) -> None:
        owner = self.owners.pop(name, None)
        if owner is not None:
            owner.life.close()
            for flight in self.under_way:
                flight.orphan = flight.orphan or flight.owner == owner.name

    def _claim(self, owner: Owner) -> claims.Claim | None:
        with owner.session.write() as connection:
            return claims.claim(connection, self.edition, TODAY, self.at, owner.name)

    def _under_way(self) -> list[claims.Claim]:
        with self.database.read() as connection:
            return claims.under_way(connection, self.edition.id)

    def _status(self) -> str:
        with self.database.read() as connection:
            return str(find.by_id(connection, self.edition.id).status)

    def _told(self) -> dict[int, str]:
        with self.database.read() as connection:
            return {one["subscriber"]: one["state"] for one in outcomes.people(connection, self.edition.id)}

    def _become(self, people: list[int], state: str) -> None:
        self.states.update(dict.fromkeys(people, state))


def test_the_ledger_keeps_its_promises_through_any_sequence(place: Place, folder: Path) -> None:
    base = place.base()
    made: list[str] = []

    def machine() -> Ledger:
        for url in made:
            place.drop(url)
        own = folder / f"machine-{len(made)}"
        own.mkdir(exist_ok=True)
        made[:] = [place.copy(base, own)]
        return Ledger(made[0])

    few = settings(
        max_examples=25,
        stateful_step_count=40,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=few)
