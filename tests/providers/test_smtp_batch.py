"""One batch by SMTP, step by step and without a server: who waits, and what became of whom."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.providers import Batch, BatchResult, Recipient, Result
from pipeline.providers.eml import UnmailableError
from pipeline.providers.smtp.batch import MANY, BatchProgress, EncodedLetter, Halt, Streak, limited
from pipeline.providers.smtp.protocol import Reply
from pipeline.providers.smtp.refusals import RATE_REMEDY, US_REMEDY
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.providers.eml import Prepared

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)
ODD = "550 5.6.9 odd"
"""It does not say whom it concerns."""


class Content:
    """Makes a letter of its reader's address; of "none" none can be made, of "bad" none of anybody."""

    def of(self, reader: Recipient, at: datetime) -> bytes:
        assert at == AT
        if reader.address.startswith("none"):
            raise UnmailableError("no header")
        if reader.address.startswith("bad"):
            raise ValueError("no message")
        return reader.address.encode()


def reader(number: int, name: str = "reader") -> Recipient:
    return Recipient(number, f"{name}{number}@example.net", {}, {})


def progress(*numbers: int, streak: Streak | None = None, **batch: Any) -> BatchProgress:
    people = [reader(number) for number in numbers]
    return BatchProgress(
        Batch("attempt", people, **batch), cast("Prepared", Content()), AT, streak or Streak()
    )


def of(*readers: Recipient) -> BatchProgress:
    return BatchProgress(Batch("attempt", readers), cast("Prepared", Content()), AT, Streak())


def take(at: BatchProgress) -> EncodedLetter:
    letter = at.take()
    assert letter is not None
    return letter


def rest(at: BatchProgress) -> list[int]:
    """Who waits, in order."""
    return [one.subscriber for one in at._waiting]


def refuse(at: BatchProgress, said: str, **more: bool) -> int:
    """The next letter is refused in these words; whose it was."""
    letter = take(at)
    at.refused(letter, Reply(int(said[:3]), said.encode()), "the letter", **more)
    return letter.reader.subscriber


def refusing(at: BatchProgress, said: str) -> Halt:
    with pytest.raises(Halt) as halted:
        refuse(at, said)
    return halted.value


def test_each_reader_is_taken_once_in_order_with_address_and_content() -> None:
    at = progress(1, 2)
    assert at.waiting
    assert take(at) == EncodedLetter(reader(1), b"reader1@example.net", b"reader1@example.net")
    assert take(at).reader == reader(2)
    assert at.take() is None
    assert not at.waiting
    for _ in range(2):
        at.taken()
    assert at.result() == BatchResult(Result.ACCEPTED)


def test_of_whom_no_letter_can_be_made_that_one_is_rejected_and_the_next_taken() -> None:
    at = of(reader(1, "none"), reader(2, "lär"), reader(3))
    assert take(at).reader == reader(3)
    at.taken()
    why = "no valid header can be made of the address"
    assert at.result() == BatchResult(Result.ACCEPTED, rejected={1: why, 2: why})


def test_where_no_letter_can_be_made_at_all_everything_stops_and_nobody_is_lost() -> None:
    at = of(reader(1, "bad"), reader(2))
    with pytest.raises(Halt) as told:
        at.take()
    assert (told.value.result, told.value.reason) == (
        Result.STOP,
        "no valid message can be made (ValueError)",
    )
    assert rest(at) == [1, 2]
    at.halt(told.value)
    assert at.result() == BatchResult(Result.STOP, "no valid message can be made (ValueError)")


@pytest.mark.parametrize(("start_by", "late"), [(10.0, False), (9.0, True), (math.inf, False)])
def test_no_letter_is_begun_too_late(monkeypatch: pytest.MonkeyPatch, start_by: float, late: bool) -> None:
    monkeypatch.setattr(clock, "uptime", lambda: 10.0)
    at = progress(1, start_by=start_by)
    if not late:
        at.check_time()
        return
    with pytest.raises(Halt) as told:
        at.check_time()
    at.halt(told.value)
    assert at.result() == BatchResult(
        Result.REFUSED, "too much time went by before it was this reader's turn"
    )


def test_a_letter_that_was_not_begun_is_the_next_again() -> None:
    at = progress(1, 2, 3)
    at.put_back(take(at))
    assert rest(at) == [1, 2, 3]


def test_a_letter_that_ends_three_connections_waits_for_another_day() -> None:
    at = progress(1, 2)
    for waits in ([2, 1], [1, 2], [2, 1]):
        at.failed_with(take(at), "closed")
        assert rest(at) == waits
    at.failed_with(take(at), "closed")  # the second of the other one
    at.failed_with(take(at), "closed again")
    assert rest(at) == [2]
    take(at)
    at.taken()
    assert at.result() == BatchResult(Result.ACCEPTED, later={1: "closed again"})


def test_what_is_abandoned_is_begun_by_nobody() -> None:
    at = progress(1, 2)
    take(at)
    at.abandon()
    assert (at.waiting, at.take()) == (False, None)


def test_who_is_in_doubt_is_so_whatever_became_of_others() -> None:
    at = progress(1, 2, 3)
    at.doubt(take(at), "no answer")
    at.halt(Halt(Result.STOP, "you may not send", US_REMEDY))
    assert at.result() == BatchResult(
        Result.ACCEPTED,
        "you may not send",
        untried=dict.fromkeys((2, 3), "you may not send"),
        doubtful={1: "no answer"},
        stopped=f"you may not send. {US_REMEDY}",
    )
    alone = progress(1)
    alone.doubt(take(alone), "no answer")
    assert alone.result() == BatchResult(Result.ACCEPTED, "no answer", doubtful={1: "no answer"})


@pytest.mark.parametrize(
    ("said", "kept", "tells"),
    [
        ("550 5.1.1 reader1: no such user", "rejected", "the letter (550): 5.1.1 [...]: no such user"),
        ("452 4.2.2 mailbox full", "later", "the letter (452): 4.2.2 mailbox full"),
        ("451 4.3.0 odd", "later", "the letter (451): 4.3.0 odd"),
        (ODD, "rejected", "the letter (550): 5.6.9 odd"),
        ("550 relay not permitted", "denied", "the letter (550): relay not permitted"),
    ],
)
def test_a_refusal_is_the_readers_own_or_ours(said: str, kept: str, tells: str) -> None:
    at = progress(1, 2)
    refuse(at, said)
    take(at)
    at.taken()
    reason = f"the server refused {tells}"
    stopped = f"{reason}. {US_REMEDY}" if kept == "denied" else ""
    assert at.result() == BatchResult(Result.ACCEPTED, **{kept: {1: reason}}, stopped=stopped)


def test_a_limit_of_the_rate_concerns_nobody_and_the_letter_is_the_next_again() -> None:
    at = progress(1, 2)
    halt = refusing(at, "450 4.7.1 too much mail")
    reason = "the server refused the letter (450): 4.7.1 too much mail"
    assert (halt.result, halt.reason, halt.remedy, halt.limited) == (
        Result.REFUSED,
        reason,
        RATE_REMEDY,
        True,
    )
    assert halt.told == f"{reason}. {RATE_REMEDY}"
    assert rest(at) == [1, 2]
    at.halt(halt)
    assert at.result() == BatchResult(Result.REFUSED, reason, limited=halt.told)
    take(at)
    at.taken()
    assert at.result() == BatchResult(Result.ACCEPTED, untried={2: reason}, limited=halt.told)
    take(at)
    at.taken()
    assert at.result() == BatchResult(Result.ACCEPTED), "nobody is left whom it could concern"


def test_a_limit_for_good_is_a_refusal_of_us() -> None:
    at = progress(1, 2)
    refuse(at, "550 5.4.5 daily sending limit exceeded")
    result = at.result()
    reason = "the server refused the letter (550): 5.4.5 daily sending limit exceeded"
    assert result == BatchResult(Result.STOP, f"{reason}. {RATE_REMEDY}", denied={1: reason})


def test_where_nobody_was_taken_the_first_refusal_of_us_stops_everything() -> None:
    at = progress(1, 2, 3)
    refuse(at, "550 relay not permitted")
    refuse(at, "550 authentication required")
    assert at.result().reason == f"the server refused the letter (550): relay not permitted. {US_REMEDY}"
    at.halt(Halt(Result.STOP, "gone"))
    assert at.result().reason == "gone", "what ended a connection says more"
    assert set(at.result().denied) == {1, 2}


def test_of_several_ends_that_stop_nothing_the_last_is_told() -> None:
    at = progress(1)
    at.halt(Halt(Result.REFUSED, "first"))
    at.halt(Halt(Result.REFUSED, "second"))
    assert at.result() == BatchResult(Result.REFUSED, "second")
    assert Halt(Result.REFUSED, "second").told == "second"
    assert (limited("slow").told, limited("slow").result) == (f"slow. {RATE_REMEDY}", Result.REFUSED)
    assert not Halt(Result.REFUSED, "second").limited


def test_what_stopped_one_connection_is_no_matter_where_others_handed_everything_over() -> None:
    at = progress(1)
    take(at)
    at.taken()
    at.halt(Halt(Result.STOP, "you may not send"))
    assert at.result() == BatchResult(Result.ACCEPTED)


@pytest.mark.parametrize(
    ("people", "refused", "result"),
    [
        (1, 1, Result.ACCEPTED),
        (2, 1, Result.ACCEPTED),
        (2, 2, Result.STOP),
        (3, 2, Result.STOP),
        (4, 2, Result.ACCEPTED),
    ],
)
def test_content_that_is_refused_for_more_than_half_is_no_fault_of_theirs(
    people: int, refused: int, result: Result
) -> None:
    at = progress(*range(1, people + 1))
    for number in range(people):
        if number < refused:
            refuse(at, f"554 5.6.{number} no", of_all=True)
        else:
            refuse(at, "550 5.1.1 no such user")
    reason = "the server refused the letter (554): 5.6.0 no"
    found = at.result()
    assert (found.result, found.reason) == (result, reason)
    assert (found.rejected == {}) is (result is Result.STOP)


@pytest.mark.parametrize(("said", "more"), [("554 5.6.0 no", {}), ("451 4.6.0 no", {"of_all": True})])
def test_what_is_said_of_addresses_or_for_now_is_not_the_contents(said: str, more: dict[str, bool]) -> None:
    at = progress(1, 2)
    for _ in range(2):
        refuse(at, said, **more)
    assert at.result().result is Result.ACCEPTED


def test_once_somebody_was_taken_the_content_is_not_to_blame() -> None:
    at = progress(1, 2, 3)
    take(at)
    at.taken()
    for _ in range(2):
        refuse(at, "554 5.6.0 no", of_all=True)
    assert (at.result().result, set(at.result().rejected)) == (Result.ACCEPTED, {2, 3})


@pytest.mark.parametrize(
    ("said", "result", "remedy"),
    [
        (ODD, Result.STOP, ""),
        ("550 relay not permitted", Result.STOP, US_REMEDY),
        ("451 4.3.0 odd", Result.REFUSED, ""),
        ("454 relay not permitted", Result.STOP, US_REMEDY),
    ],
)
def test_the_tenth_in_a_row_that_is_refused_alike_is_refused_for_all(
    said: str, result: Result, remedy: str
) -> None:
    assert MANY == 10
    at = progress(*range(1, 13))
    for number in range(1, 10):
        assert refuse(at, said) == number
    halt = refusing(at, said)
    reason = f"the server refused the letter ({said[:3]}): {said[4:]}"
    assert (halt.result, halt.remedy) == (result, remedy)
    assert halt.reason == f"refused alike 10 times in a row, the last: {reason}"
    at.halt(halt)
    found = at.result()
    if result is Result.STOP:
        assert found == BatchResult(Result.STOP, halt.told, denied=dict.fromkeys(range(1, 11), reason))
        assert rest(at) == [11, 12]
    else:
        assert found == BatchResult(Result.REFUSED, halt.reason)
        assert rest(at) == [*range(1, 13)], "in their order"
    assert refusing(at, said).reason == halt.reason, "so is one that another connection had begun"


def test_what_ends_a_row_of_refusals() -> None:
    def taken(at: BatchProgress) -> None:
        take(at)
        at.taken()

    ends: dict[str, Callable[[BatchProgress], object]] = {
        "somebody is taken": taken,
        "another refusal": lambda at: refuse(at, "554 5.6.0 another"),
    }
    for name, end in ends.items():
        at = progress(*range(1, 41))
        for _ in range(9):
            refuse(at, ODD)
        end(at)
        for _ in range(9):
            refuse(at, ODD)
        halt = refusing(at, ODD)
        at.halt(halt)
        assert set(at.result().denied) == set(range(11, 21)), name


@pytest.mark.parametrize(
    ("said", "tries"), [("550 5.1.1 no such user", 0), ("452 4.2.2 mailbox full", 0), ("451 4.3.0 odd", 1)]
)
def test_what_is_said_of_a_mailbox_or_of_who_was_put_off_before_makes_no_row(said: str, tries: int) -> None:
    at = progress(*range(1, 31), tries=tries)
    for _ in range(12):
        refuse(at, said)
    assert at.result().result is Result.ACCEPTED
    assert len(rest(at)) == 18


def test_who_was_put_off_before_and_is_refused_for_good_is_part_of_a_row() -> None:
    at = progress(*range(1, 31), tries=1)
    for _ in range(9):
        refuse(at, ODD)
    assert refusing(at, ODD).result is Result.STOP


def test_refusals_are_alike_but_for_numbers_and_names_and_differ_by_their_code() -> None:
    at = progress(*range(1, 31))
    for number in range(9):
        refuse(at, f"550 odd {number} at mx{number}.example.org id=x.y")
    assert refusing(at, "550 odd 77 at other.example.org id=z.w").result is Result.STOP
    other = progress(*range(1, 31))
    for number in range(20):
        refuse(other, f"55{number % 2} odd")
    assert len(rest(other)) == 10


def test_a_row_goes_on_over_batches_of_one_message() -> None:
    streak = Streak()
    for number in range(1, 10):
        refuse(progress(number, streak=streak), ODD)
    at = progress(10, streak=streak)
    at.halt(refusing(at, ODD))
    assert set(at.result().denied) == {10}
    assert streak.length == 10
    streak.end()
    assert (streak.length, streak.goes_on("no"), streak.length, streak.goes_on("no"), streak.length) == (
        0, False, 1, True, 2,
    )  # fmt: skip


def test_who_is_left_is_told_of_by_what_ended_it() -> None:
    at = progress(1, 2)
    take(at)
    at.taken()
    at.halt(Halt(Result.REFUSED, "closed"))
    assert at.result() == BatchResult(Result.ACCEPTED, untried={2: "closed"})
