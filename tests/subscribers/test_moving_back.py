"""A move is told to the former address, and can be taken back from there for a week, whatever came since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import select

from subscribers import clock, directory, erasing, leaving, own_mailbox, preferences, signup, suppression
from subscribers.audience import mailable
from subscribers.confirmations import WEEK, Purpose, State, put, waiting
from subscribers.consent import BY_MAIL
from subscribers.suppression import Reason
from subscribers.tables import subscribers
from tests.subscribers import moves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, NEW, FAR = "ann@example.org", "new@example.org", "far@example.org"
WEEKLY, MONTHLY = "weekly", "monthly"


class Town:
    """A list with Ann, number 1, who reads the weekly letter. An hour passes with each step."""

    def __init__(self, connection: Connection, time: time_machine.Coordinates) -> None:
        self.connection = connection
        self.time = time
        self.add(ANN, WEEKLY)

    def add(self, email: str, *digests: str) -> None:
        directory.add(
            self.connection,
            email,
            name=email[:3].title(),
            digests=digests,
            wording="On paper",
            source="staff",
        )
        self.passes()

    def passes(self, **span: int) -> None:
        self.time.shift(timedelta(**span) if span else timedelta(hours=1))

    def moves(self, new: str, subscriber: int = 1) -> int:
        """They move; the number of the mail that tells the address before."""
        assert moves.moved(self.connection, subscriber, new) is not None
        self.passes()
        return moves.newest(self.connection, Purpose.MOVED)

    def takes_back(self, number: int) -> bool:
        self.passes()
        return signup.confirm(self.connection, number, source=BY_MAIL) is not None

    def signs_up(self, email: str, digest: str = WEEKLY, *, confirms: bool = True, name: str = "") -> None:
        number = signup.ask(
            self.connection, email, name=name, digests=[digest], wording="I ask", source="sign-up form"
        )
        assert number is not None
        if confirms:
            assert signup.confirm(self.connection, number, source=BY_MAIL) is not None
        self.passes()

    def mailed(self) -> dict[str, list[str]]:
        """By digest who gets it."""
        today = clock.now().date()
        found = {
            digest: sorted(row.email for row in self.connection.execute(mailable(digest, today)))
            for digest in (WEEKLY, MONTHLY)
        }
        return {digest: people for digest, people in found.items() if people}

    def addresses(self) -> set[str]:
        return set(self.connection.scalars(select(subscribers.c.email)))


@pytest.fixture
def town(database: Database) -> Iterator[Town]:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as time:
        yield Town(connection, time)


def test_the_present_mailbox_allows_it_the_new_one_agrees_and_the_former_one_is_told(town: Town) -> None:
    allow = own_mailbox.ask_to_move(town.connection, 1, NEW, source="page")
    assert allow is not None
    asked = waiting(town.connection, allow)
    assert asked is not None
    assert (asked.purpose, asked.email, asked.other) == (Purpose.ALLOW_MOVE, ANN, NEW)
    assert moves.newest(town.connection, Purpose.MOVE) == 0  # nobody is asked there before
    assert signup.confirm(town.connection, allow, source=BY_MAIL)
    assert signup.confirm(town.connection, allow, source=BY_MAIL)  # pressed twice: one mail
    question = waiting(town.connection, moves.newest(town.connection, Purpose.MOVE))
    assert question is not None
    assert (question.email, town.mailed()) == (NEW, {WEEKLY: [ANN]})
    assert signup.confirm(town.connection, question.id, source=BY_MAIL)
    told = waiting(town.connection, moves.newest(town.connection, Purpose.MOVED))
    assert told is not None
    assert (told.email, told.other, told.state, told.digests) == (ANN, NEW, State.QUEUED, (WEEKLY,))
    assert told.good_until(timedelta(days=1)) == told.asked_at + WEEK
    assert town.mailed() == {WEEKLY: [NEW]}


@pytest.mark.databases("sqlite", "postgresql")
def test_taken_back_the_address_is_theirs_again_and_nothing_is_left_of_the_other(town: Town) -> None:
    number = town.moves(NEW)
    assert town.takes_back(number)
    assert (town.mailed(), town.addresses()) == ({WEEKLY: [ANN]}, {ANN})
    assert suppression.reasons(town.connection, ANN) == set()
    assert not town.takes_back(number)  # it works once
    person = directory.person(town.connection, ANN)
    assert person is not None
    assert (person.id, person.name) == (1, "Ann")


@pytest.mark.databases("sqlite", "postgresql")
def test_of_two_moves_in_a_row_the_first_address_counts_most(town: Town) -> None:
    first = town.moves(NEW)
    second = town.moves(FAR)
    assert town.takes_back(first)
    assert (town.mailed(), town.addresses()) == ({WEEKLY: [ANN]}, {ANN})
    # Whoever has the other mailboxes gets nothing by the links that they were sent.
    assert not town.takes_back(second)
    assert town.mailed() == {WEEKLY: [ANN]}


def test_each_of_two_moves_can_be_taken_back_the_last_first(town: Town) -> None:
    first, second = town.moves(NEW), town.moves(FAR)
    assert town.takes_back(second)
    assert town.mailed() == {WEEKLY: [NEW]}
    assert town.takes_back(first)
    assert town.mailed() == {WEEKLY: [ANN]}


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("purpose", [Purpose.ALLOW_MOVE, Purpose.MOVE, Purpose.ERASE])
def test_what_the_new_mailbox_was_sent_is_good_no_longer(town: Town, purpose: Purpose) -> None:
    number = town.moves(NEW)
    if purpose is Purpose.ERASE:
        own_mailbox.ask_to_erase(town.connection, 1, source="page")
    elif purpose is Purpose.MOVE:
        assert moves.asked(town.connection, 1, FAR)
    else:
        own_mailbox.ask_to_move(town.connection, 1, FAR, source="page")
    asked = moves.newest(town.connection, purpose)
    assert town.takes_back(number)
    assert signup.confirm(town.connection, asked, source=BY_MAIL) is None
    assert own_mailbox.proven(town.connection, waiting(town.connection, asked)) is None
    assert town.mailed() == {WEEKLY: [ANN]}


def test_what_was_asked_at_an_address_they_have_left_is_good_no_longer(town: Town) -> None:
    slip = own_mailbox.ask_to_move(town.connection, 1, FAR, source="page")
    erase = own_mailbox.ask_to_erase(town.connection, 1, source="page")
    assert slip
    assert erase
    town.moves(NEW)
    assert signup.confirm(town.connection, slip, source=BY_MAIL) is None
    assert own_mailbox.proven(town.connection, waiting(town.connection, erase)) is None


def test_a_question_that_no_present_mailbox_allowed_moves_nobody(town: Town) -> None:
    """Such as one from before the present mailbox was asked."""
    number = put(town.connection, Purpose.MOVE, 1, NEW, source="page")
    assert signup.confirm(town.connection, number, source=BY_MAIL) is None
    assert town.mailed() == {WEEKLY: [ANN]}


@pytest.mark.databases("sqlite", "postgresql")
def test_whoever_signed_up_at_the_new_address_by_themselves_stays_a_reader_there(town: Town) -> None:
    number = town.moves(NEW)
    town.signs_up(NEW, MONTHLY, name="Mallory")
    assert town.takes_back(number)
    assert town.mailed() == {WEEKLY: [ANN], MONTHLY: [NEW]}
    ann, other = directory.person(town.connection, ANN), directory.person(town.connection, NEW)
    assert ann
    assert other
    assert (ann.id, ann.name, other.name) == (1, "Ann", "Mallory")
    assert ("confirmed", MONTHLY) in [(c.action, c.digest) for c in other.consent]
    # Their links are their own.
    assert leaving.lives_of(town.connection, other.id or 0) == [other.id]
    leaving.leave(town.connection, other.id or 0, digest=None, source="link")
    assert town.mailed() == {WEEKLY: [ANN]}


def test_a_link_in_a_letter_is_no_sign_up_at_the_new_address(town: Town) -> None:
    number = town.moves(NEW)
    said = {"digests": [WEEKLY, MONTHLY], "source": "preferences page"}
    preferences.change(town.connection, 1, offered=[WEEKLY, MONTHLY], paused_until=None, **said)
    preferences.ask_to_join(town.connection, 1, wording="Ticked", **said)
    assert town.takes_back(number)
    assert town.mailed() == {WEEKLY: [ANN]}


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("confirms", [True, False])
def test_who_signed_up_anew_at_the_former_address_gets_both_there(town: Town, confirms: bool) -> None:
    """Also where a stranger typed it in, so that the link should do nothing."""
    number = town.moves(NEW)
    town.signs_up(ANN, MONTHLY, confirms=confirms)
    assert town.takes_back(number)
    assert town.mailed() == {WEEKLY: [ANN]} | ({MONTHLY: [ANN]} if confirms else {})


def test_where_both_have_signed_up_by_themselves_nothing_is_taken_from_anybody(town: Town) -> None:
    number = town.moves(NEW)
    town.signs_up(NEW)
    town.signs_up(ANN)
    before = town.mailed()
    assert before == {WEEKLY: [ANN, NEW]}
    assert not town.takes_back(number)
    assert town.mailed() == before


class TestAnAddressThatWasOnTheListAlready:
    @pytest.mark.databases("sqlite", "postgresql")
    def test_each_gets_again_what_was_their_own(self, town: Town) -> None:
        town.add(NEW, MONTHLY)
        number = town.moves(NEW)
        assert town.mailed() == {WEEKLY: [NEW], MONTHLY: [NEW]}
        assert town.takes_back(number)
        assert town.mailed() == {WEEKLY: [ANN], MONTHLY: [NEW]}
        assert leaving.lives_of(town.connection, 1) == [1]

    def test_what_they_had_themselves_or_asked_for_since_stays(self, town: Town) -> None:
        town.add(NEW, MONTHLY)
        number = town.moves(NEW)
        town.signs_up(NEW, WEEKLY)
        assert town.takes_back(number)
        assert town.mailed() == {WEEKLY: [ANN, NEW], MONTHLY: [NEW]}

    def test_through_a_third_address(self, town: Town) -> None:
        town.add(FAR, MONTHLY)
        first = town.moves(NEW)
        second = town.moves(FAR)
        assert town.mailed() == {WEEKLY: [FAR], MONTHLY: [FAR]}
        assert town.takes_back(first)
        assert town.mailed() == {WEEKLY: [ANN], MONTHLY: [FAR]}
        assert not town.takes_back(second)


@pytest.mark.parametrize("digest", [WEEKLY, None])
@pytest.mark.parametrize("known", [True, False])
def test_who_left_meanwhile_has_left(town: Town, digest: str | None, known: bool) -> None:
    if known:
        town.add(NEW, MONTHLY)
    number = town.moves(NEW)
    leaving.leave(town.connection, 1, digest=digest, source="link")
    assert town.takes_back(number)
    assert town.mailed() == ({MONTHLY: [NEW]} if known and digest else {})


@pytest.mark.parametrize("digest", [WEEKLY, None])
def test_who_leaves_while_a_move_waits_stays_away(town: Town, digest: str | None) -> None:
    question = moves.asked(town.connection, 1, NEW)
    assert question
    leaving.leave(town.connection, 1, digest=digest, source="link")
    signup.confirm(town.connection, question, source=BY_MAIL)
    assert town.mailed() == {}


def test_nothing_comes_back_of_who_was_erased(town: Town) -> None:
    number = town.moves(NEW)
    erasing.erase(town.connection, NEW)
    assert waiting(town.connection, number) is None
    assert not town.takes_back(number)
    assert (town.mailed(), town.addresses()) == ({}, set())


def test_it_is_good_for_a_week_however_short_sign_ups_are_kept(town: Town) -> None:
    number = town.moves(NEW)
    town.passes(days=6)
    erasing.erase_unconfirmed(town.connection, clock.now() - timedelta(days=1))
    assert town.takes_back(number)
    again = town.moves(NEW)
    town.passes(days=7)
    erasing.erase_unconfirmed(town.connection, clock.now() - timedelta(days=1))
    assert not town.takes_back(again)
    assert town.mailed() == {WEEKLY: [NEW]}


def test_a_no_to_all_mail_from_before_the_move_stays(town: Town) -> None:
    suppression.suppress(town.connection, ANN, Reason.UNSUBSCRIBED, "link")
    town.passes()
    number = town.moves(NEW)
    assert town.takes_back(number)
    assert suppression.reasons(town.connection, ANN) == {Reason.UNSUBSCRIBED}


def test_strangers_who_type_the_address_in_do_not_keep_its_owner_from_moving(town: Town) -> None:
    for _ in range(4):
        signup.ask(town.connection, ANN, digests=[WEEKLY], wording="I ask", source="sign-up form")
    assert own_mailbox.ask_to_move(town.connection, 1, NEW, source="page") is not None
    assert own_mailbox.ask_to_erase(town.connection, 1, source="page") is not None
    assert own_mailbox.ask_to_erase(town.connection, 1, source="page") is not None
    assert own_mailbox.ask_to_erase(town.connection, 1, source="page") is None
