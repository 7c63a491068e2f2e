"""Signing up: nothing happens to an address before its owner has confirmed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import func, select

from subscribers import clock, directory, erasing, leaving, mail_limits, questions, signup, suppression
from subscribers.errors import SubscriberError
from subscribers.people import Status
from subscribers.reports import Report, apply_reports
from subscribers.suppression import Reason
from subscribers.tables import confirmations, consents, subscribers, subscriptions
from tests.subscribers import moves

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from subscribers.confirmations import Confirmation

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = "ann@example.org"
WORDING = "I ask for the weekly letter."


def ask(connection: Connection, email: str = ANN, *, name: str = "", digest: str = "weekly") -> int:
    number = signup.ask(
        connection, email, name=name, digests=[digest], wording=WORDING, source="form",
        network_address="192.0.2.7",
    )  # fmt: skip
    assert number is not None
    return number


def confirm(connection: Connection, number: int) -> Confirmation | None:
    return signup.confirm(connection, number, source="confirmation page", network_address="192.0.2.8")


def status(connection: Connection, email: str = ANN) -> dict[str, str]:
    person = directory.person(connection, email)
    return {one.digest: one.status for one in person.subscriptions} if person else {}


@pytest.mark.databases("sqlite", "postgresql")
def test_who_asked_is_pending_and_who_confirmed_active_with_the_proof_of_both(database: Database) -> None:
    with database.write() as connection:
        number = ask(connection, name="Ann")
        assert status(connection) == {"weekly": Status.PENDING}
        assert confirm(connection, number) is not None
        person = directory.person(connection, ANN)
        assert person is not None
        assert (person.name, status(connection)) == ("Ann", {"weekly": Status.ACTIVE})
        proof = [(c.action, c.wording, c.network_address) for c in person.consent]
        assert proof == [("requested", WORDING, "192.0.2.7"), ("confirmed", WORDING, "192.0.2.8")]
        assert person.consent[0].version == person.consent[1].version != ""


def test_confirming_again_adds_nothing(database: Database) -> None:
    with database.write() as connection:
        number = ask(connection)
        assert confirm(connection, number) is not None
        before = directory.person(connection, ANN)
        assert confirm(connection, number) is not None
        assert directory.person(connection, ANN) == before


@pytest.mark.databases("sqlite", "postgresql")
def test_an_old_confirmation_mail_brings_nobody_back_who_left_since(database: Database) -> None:
    with database.write() as connection:
        number = ask(connection)
        assert confirm(connection, number) is not None
        leaving.leave(connection, 1, digest="weekly", source="link")
        assert confirm(connection, number) is None
        assert status(connection) == {"weekly": Status.UNSUBSCRIBED}


def test_a_strangers_request_changes_nothing_for_who_is_on_the_list(database: Database) -> None:
    with database.write() as connection:
        directory.add(connection, ANN, name="Ann", digests=["weekly"], wording="On paper", source="staff")
        leaving.leave(connection, 1, digest="weekly", source="link")
        ask(connection, name="Buy pills")
        person = directory.person(connection, ANN)
        assert person is not None
        assert (person.name, status(connection)) == ("Ann", {"weekly": Status.UNSUBSCRIBED})


def test_who_confirms_a_strangers_request_keeps_the_name_they_have(database: Database) -> None:
    with database.write() as connection:
        directory.add(connection, ANN, name="Ann", digests=["weekly"], wording="On paper", source="staff")
        assert confirm(connection, ask(connection, name="Buy pills", digest="monthly")) is not None
        person = directory.person(connection, ANN)
        assert person is not None
        assert (person.name, set(status(connection))) == ("Ann", {"weekly", "monthly"})


def test_who_had_no_name_gets_the_one_they_confirm(database: Database) -> None:
    with database.write() as connection:
        directory.add(connection, ANN, digests=["weekly"], wording="On paper", source="staff")
        assert confirm(connection, ask(connection, name="Ann")) is not None
        person = directory.person(connection, ANN)
        assert person is not None
        assert person.name == "Ann"


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("reason", [Reason.UNSUBSCRIBED, Reason.FORGOTTEN])
def test_what_was_a_persons_own_no_ends_with_their_confirmed_yes(database: Database, reason: Reason) -> None:
    with database.write() as connection:
        if reason is Reason.FORGOTTEN:
            suppression.forget(connection, ANN)
        else:
            suppression.suppress(connection, ANN, reason, "link")
        number = ask(connection)
        assert suppression.reason_for(connection, ANN) == reason
        assert confirm(connection, number) is not None
        assert suppression.reason_for(connection, ANN) is None


@pytest.mark.parametrize("against", [{Reason.COMPLAINED}, {Reason.MANUAL}, {Reason.BOUNCED, Reason.MANUAL}])
@pytest.mark.parametrize("before", [True, False])
def test_what_only_staff_may_lift_stands_though_somebody_confirms(
    database: Database, against: set[Reason], before: bool
) -> None:
    with database.write() as connection:
        number = 0 if before else ask(connection)
        for reason in against:
            suppression.suppress(connection, ANN, reason, "event")
        number = number or ask(connection)
        assert confirm(connection, number) is None
        assert status(connection) == {"weekly": Status.PENDING}
        assert suppression.reasons(connection, ANN) == against
        (asked,) = questions.next_ones(connection, datetime.now(UTC))
        assert not questions.still_to_be_mailed(connection, asked)
        assert questions.next_ones(connection, datetime.now(UTC)) == []


def test_a_bounce_is_disproved_by_a_mail_that_arrived_after_it_with_a_record(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        now.shift(timedelta(days=1))
        number = ask(connection)
        (asked,) = questions.next_ones(connection, clock.now())
        assert questions.still_to_be_mailed(connection, asked)
        assert confirm(connection, number) is not None
        assert (status(connection), suppression.reasons(connection, ANN)) == (
            {"weekly": Status.ACTIVE},
            set(),
        )
        person = directory.person(connection, ANN)
        assert person is not None
        assert [(c.action, c.source) for c in person.consent] == [
            ("requested", "form"), ("lifted", "confirmation page"), ("confirmed", "confirmation page"),
        ]  # fmt: skip
        # Heard of late: the bounce is disproved, a complaint is not.
        for reason, left in ((Reason.BOUNCED, set()), (Reason.COMPLAINED, {Reason.COMPLAINED})):
            apply_reports(connection, [Report(ANN, person.id, reason, NOON)], "SendGrid")
            assert suppression.reasons(connection, ANN) == left


def test_a_mail_from_before_a_bounce_disproves_nothing(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        number = ask(connection)
        now.shift(timedelta(days=1))
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        assert confirm(connection, number) is None
        assert suppression.reasons(connection, ANN) == {Reason.BOUNCED}


@pytest.mark.databases("sqlite", "postgresql")
def test_an_address_that_bounced_is_mailed_once_a_day_and_staff_can_be_told(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        mailed = []
        for hours in (1, 22, 3):
            now.shift(timedelta(hours=hours))
            ask(connection)
            (asked,) = questions.next_ones(connection, clock.now())
            if questions.still_to_be_mailed(connection, asked):
                questions.mailed(connection, asked)
                mailed.append(asked.asked_at)
        assert mailed == [NOON + timedelta(hours=1), NOON + timedelta(hours=26)]
        told = questions.blocked(connection, NOON)
        assert [(one.subscriber, one.reason) for one in told] == [(1, "bounced")] * 3


@pytest.mark.databases("sqlite", "postgresql")
def test_one_mailbox_is_asked_three_times_a_day_and_six_a_month_whatever_the_spelling(
    database: Database,
) -> None:
    def tries(connection: Connection, number: int) -> int:
        spellings = (f"ann+{n}@example.org" for n in range(number))
        asked = (
            signup.ask(connection, one, digests=["weekly"], wording=WORDING, source="form")
            for one in spellings
        )
        return sum(one is not None for one in asked)

    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        assert tries(connection, 10) == 3
        now.shift(timedelta(days=1))
        assert tries(connection, 10) == 3
        now.shift(timedelta(days=5))
        assert tries(connection, 10) == 0
        assert ask(connection, "ben@example.org")
        now.shift(timedelta(days=26))
        assert tries(connection, 10) == 3


@pytest.mark.databases("sqlite", "postgresql")
def test_what_nobody_confirmed_is_erased_without_a_trace(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        directory.add(connection, "ben@example.org", digests=["weekly"], wording="On paper", source="staff")
        ask(connection, "ben@example.org", digest="monthly")
        ask(connection)
        ann = connection.scalar(select(subscribers.c.id).where(subscribers.c.email == ANN))
        now.shift(timedelta(days=20))
        ask(connection, "cat@example.org")
        now.shift(timedelta(days=11))
        assert erasing.erase_unconfirmed(connection, datetime.now(UTC) - timedelta(days=30)).people == [ann]
        kept = connection.scalars(select(subscribers.c.email).order_by(subscribers.c.email)).all()
        assert kept == ["ben@example.org", "cat@example.org"]
        assert status(connection, "ben@example.org") == {"weekly": Status.ACTIVE}
        assert status(connection, "cat@example.org") == {"weekly": Status.PENDING}
        assert connection.scalar(select(func.count()).select_from(confirmations)) == 1


def test_who_asked_again_in_time_stays_pending(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ask(connection)
        now.shift(timedelta(days=20))
        number = ask(connection)
        now.shift(timedelta(days=11))
        assert erasing.erase_unconfirmed(connection, datetime.now(UTC) - timedelta(days=30)).people == []
        assert confirm(connection, number) is not None
        assert status(connection) == {"weekly": Status.ACTIVE}


@pytest.mark.databases("sqlite", "postgresql")
def test_network_addresses_are_blanked_and_nothing_else_of_the_proof_can_change(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ask(connection)
        now.shift(timedelta(days=31))
        ask(connection, "ben@example.org")
        erasing.blank_networks(connection, datetime.now(UTC) - timedelta(days=30))
        kept = connection.execute(select(consents).order_by(consents.c.id)).all()
        assert [row.network_address for row in kept] == [None, "192.0.2.7"]
        assert [row.wording for row in kept] == [WORDING, WORDING]


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("column", ["wording", "at", "action", "digest", "source", "subscriber_id"])
def test_the_database_itself_refuses_to_change_a_record(database: Database, column: str) -> None:
    with database.write() as connection:
        ask(connection)
    with (
        pytest.raises(Exception, match="a record of consent is never changed"),
        database.write() as connection,
    ):
        connection.execute(consents.update().values({column: consents.c[column]}))


def test_an_address_no_mail_reaches_is_told_kindly_and_not_repeated(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection, pytest.raises(SubscriberError) as refused:
        ask(connection, "jürgen@example.org")
    assert refused.value.code == "address"
    assert "jürgen" not in refused.value.message


def test_an_international_domain_is_kept_as_punycode(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        ask(connection, "Jurgen@BÜCHER.example")
        assert connection.scalars(select(subscribers.c.email)).all() == ["jurgen@xn--bcher-kva.example"]


class TestMoving:
    def moved(self, connection: Connection, new: str) -> Confirmation | None:
        return moves.moved(connection, 1, new)

    def start(self, connection: Connection) -> None:
        directory.add(connection, ANN, name="Ann", digests=["weekly"], wording="On paper", source="staff")

    def test_nothing_changes_before_the_new_address_confirms(self, database: Database) -> None:
        with database.write() as connection:
            self.start(connection)
            assert moves.asked(connection, 1, "new@example.org") is not None
            assert status(connection) == {"weekly": Status.ACTIVE}
            assert directory.person(connection, "new@example.org") is None

    def test_the_person_keeps_id_and_history_and_the_old_address_gets_nothing_more(
        self, database: Database
    ) -> None:
        with database.write() as connection:
            self.start(connection)
            assert self.moved(connection, "new@example.org") is not None
            person = directory.person(connection, "new@example.org")
            assert person is not None
            assert (person.id, person.name, status(connection, "new@example.org")) == (
                1, "Ann", {"weekly": Status.ACTIVE},
            )  # fmt: skip
            assert [c.action for c in person.consent] == ["added", "moved"]
            with pytest.raises(SubscriberError):  # an old list brings it back otherwise
                self.start(connection)

    @pytest.mark.databases("sqlite", "postgresql")
    def test_an_address_that_was_on_the_list_gets_both_and_old_links_mean_both(
        self, database: Database
    ) -> None:
        with database.write() as connection:
            self.start(connection)
            directory.add(
                connection, "new@example.org", digests=["monthly"], wording="On paper", source="staff"
            )
            assert self.moved(connection, "new@example.org") is not None
            both = {"weekly": Status.ACTIVE, "monthly": Status.ACTIVE}
            assert status(connection, "new@example.org") == both
            assert status(connection) == {"weekly": Status.UNSUBSCRIBED}
            assert leaving.leave(connection, 1, digest="weekly", source="link")
            assert status(connection, "new@example.org") == both | {"weekly": Status.UNSUBSCRIBED}

    @pytest.mark.databases("sqlite", "postgresql")
    def test_there_and_back_again(self, database: Database) -> None:
        with database.write() as connection:
            self.start(connection)
            self.moved(connection, "new@example.org")
            assert self.moved(connection, ANN) is not None
            person = directory.person(connection, ANN)
            assert person is not None
            assert (person.id, [c.action for c in person.consent]) == (1, ["added", "moved", "moved"])
            assert status(connection) == {"weekly": Status.ACTIVE}
            assert suppression.reason_for(connection, ANN) is None
            assert suppression.reason_for(connection, "new@example.org") == Reason.UNSUBSCRIBED

    def test_who_asked_at_one_address_moved_and_confirms_from_the_first_reads_there(
        self, database: Database
    ) -> None:
        with database.write() as connection:
            self.start(connection)
            asked = ask(connection, digest="monthly")
            assert self.moved(connection, "new@example.org") is not None
            answered = confirm(connection, asked)
            assert answered is not None
            # The yes is that mailbox's own, and no longer the person's who has left it behind.
            assert status(connection) == {"monthly": Status.ACTIVE}
            assert suppression.reason_for(connection, ANN) is None
            at_new = status(connection, "new@example.org")
            assert at_new == {"weekly": Status.ACTIVE, "monthly": Status.PENDING}
            again = directory.person(connection, ANN)
            assert again is not None
            assert again.id == answered.subscriber != 1
            # A link in the first one's letters means this reader alone from now on.
            assert leaving.leave(connection, again.id, digest=None, source="link")
            assert status(connection, "new@example.org") == at_new

    @pytest.mark.parametrize("reason", [Reason.COMPLAINED, Reason.MANUAL])
    def test_nobody_moves_past_a_complaint_or_staffs_decision(
        self, database: Database, reason: Reason
    ) -> None:
        with database.write() as connection:
            self.start(connection)
            suppression.suppress(connection, ANN, reason, "event")
            assert self.moved(connection, "new@example.org") is None
            assert directory.person(connection, "new@example.org") is None

    @pytest.mark.databases("sqlite", "postgresql")
    def test_of_two_addresses_named_one_after_the_other_the_last_counts(self, database: Database) -> None:
        with database.write() as connection:
            self.start(connection)
            slip = moves.asked(connection, 1, "typo@example.org")
            assert slip is not None
            assert self.moved(connection, "new@example.org") is not None
            assert confirm(connection, slip) is None
            assert status(connection, "new@example.org") == {"weekly": Status.ACTIVE}

    def test_a_pause_moves_along(self, database: Database) -> None:
        with database.write() as connection:
            self.start(connection)
            connection.execute(subscriptions.update().values(paused_until=date(2030, 1, 1)))
            directory.add(
                connection, "new@example.org", digests=["monthly"], wording="On paper", source="staff"
            )
            self.moved(connection, "new@example.org")
            person = directory.person(connection, "new@example.org")
            assert person is not None
            pauses = {one.digest: one.paused_until for one in person.subscriptions}
            assert pauses == {"weekly": date(2030, 1, 1), "monthly": None}

    def test_undoing_after_a_move_brings_nothing_back_at_the_old_address(self, database: Database) -> None:
        with database.write() as connection, time_machine.travel(NOON, tick=False):
            self.start(connection)
            directory.add(
                connection, "new@example.org", digests=["monthly"], wording="On paper", source="staff"
            )
            self.moved(connection, "new@example.org")
            leaving.undo(connection, 1, presses=[NOON], source="page")
            assert status(connection) == {"weekly": Status.UNSUBSCRIBED}
            assert suppression.reason_for(connection, ANN) == Reason.UNSUBSCRIBED


def test_a_suppressed_mailbox_runs_out_of_patience_like_any_other(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.COMPLAINED, "event")
        for _ in range(3):
            number = ask(connection)
            (asked,) = questions.next_ones(connection, datetime.now(UTC))
            assert not questions.still_to_be_mailed(connection, asked)
            assert confirm(connection, number) is None
        assert signup.ask(connection, ANN, digests=["weekly"], wording=WORDING, source="form") is None


def test_patience_is_not_forgotten_with_the_questions(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        for _ in range(2):
            for _ in range(3):
                ask(connection)
            now.shift(timedelta(days=1, minutes=1))
            erasing.erase_unconfirmed(connection, datetime.now(UTC) - timedelta(days=1))
            mail_limits.forget_networks(connection, datetime.now(UTC))
        assert directory.person(connection, ANN) is None
        assert signup.ask(connection, ANN, digests=["weekly"], wording=WORDING, source="form") is None


def test_a_yes_to_one_digest_is_no_yes_to_what_lay_hidden_under_their_no(database: Database) -> None:
    with database.write() as connection:
        directory.add(connection, ANN, digests=["monthly"], wording="On paper", source="staff")
        suppression.suppress(connection, ANN, Reason.UNSUBSCRIBED, "an old list")
        assert confirm(connection, ask(connection)) is not None
        assert status(connection) == {"monthly": Status.UNSUBSCRIBED, "weekly": Status.ACTIVE}
