"""The SMTP provider against a strict server: each once, and an honest word of everyone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.providers import Batch, BatchResult, Result
from pipeline.providers.smtp import Smtp
from pipeline.providers.smtp.connection import Server
from pipeline.providers.smtp.protocol import ConnectionEnded, Transport
from pipeline.providers.smtp.refusals import RATE_REMEDY, US_REMEDY
from subscribers import clock
from tests.doubles.nobody import nobody
from tests.doubles.smtp import Act, Fault, StrictSmtp
from tests.providers.test_outbox import MESSAGE, batch, reader

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[True, False], ids=["pipelining", "plain"])
def server(request: pytest.FixtureRequest) -> Iterator[StrictSmtp]:
    with StrictSmtp(pipelining=request.param) as strict:
        yield strict
    assert strict.violations == []


@pytest.fixture
def provider(server: StrictSmtp) -> Iterator[Smtp]:
    with_patience = Smtp(Server("127.0.0.1", server.port), 2)
    yield with_patience
    with_patience.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds, of twenty for everything else, for the answer to a letter."""
    monkeypatch.setattr("pipeline.providers.smtp.transaction.PATIENCE", 0.1)


@pytest.fixture
def half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection breaks while a letter is being written."""
    real = Transport.write

    def half(line: Transport, data: bytes) -> None:
        if b"\r\n.\r\n" not in data:
            return real(line, data)
        real(line, data[:200])
        raise ConnectionEnded("the connection broke while writing", 200)

    monkeypatch.setattr(Transport, "write", half)
    monkeypatch.setattr("pipeline.providers.smtp.protocol._MOMENT", 60)  # a slow server is heard, too


def send(server: StrictSmtp, *numbers: int, **how: Any) -> BatchResult:
    return send_batch(server, batch(*numbers), **how)


def send_batch(
    server: StrictSmtp, people: Batch, *, connections: int = 1, timeout: float = 30
) -> BatchResult:
    provider = Smtp(Server("127.0.0.1", server.port, timeout=timeout), connections)
    try:
        return provider.send(MESSAGE, people)
    finally:
        provider.close()


def addresses(*numbers: int) -> list[str]:
    return sorted(f"reader{number}@example.net" for number in numbers)


def test_each_reader_gets_a_letter_of_their_own(server: StrictSmtp, provider: Smtp) -> None:
    outcome = provider.send(MESSAGE, batch(*range(1, 41)))
    assert outcome == BatchResult(Result.ACCEPTED)
    assert server.addresses == addresses(*range(1, 41))
    assert {delivery.sender for delivery in server.deliveries} == {"letter@example.org"}
    for delivery in server.deliveries:
        number = int(delivery.address.partition("@")[0].removeprefix("reader"))
        assert delivery.mail["To"] == delivery.address
        assert delivery.mail["List-Unsubscribe"] == reader(number).headers["List-Unsubscribe"]
        text, html = (part.get_content() for part in delivery.mail.iter_parts())
        assert (text.strip(), html.strip()) == (f"Hello – t{number}", f"<p>Hello &#8211; h{number}</p>")
    assert len({delivery.mail["Message-ID"] for delivery in server.deliveries}) == 40


def test_connections_are_kept_from_batch_to_batch(server: StrictSmtp, provider: Smtp) -> None:
    assert provider.max_batch == 40
    for first in (1, 41, 81):
        provider.send(MESSAGE, batch(*range(first, first + 40)))
    assert len(server.deliveries) == 120
    assert server.connections == 2


def test_each_reader_has_the_fields_that_are_theirs(server: StrictSmtp, provider: Smtp) -> None:
    without = replace(reader(1), fields={})
    provider.send(MESSAGE, Batch("attempt", [without, reader(2)]))
    texts = [next(delivery.mail.iter_parts()).get_content().strip() for delivery in server.deliveries]
    assert texts == ["Hello – %%tag-text%%", "Hello – t2"]


def test_a_few_readers_take_one_connection(server: StrictSmtp, provider: Smtp) -> None:
    provider.send(MESSAGE, batch(*range(1, 21)))
    assert server.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(
    server: StrictSmtp, provider: Smtp
) -> None:
    provider.send(MESSAGE, batch(1))
    server.hang_up()
    assert provider.send(MESSAGE, batch(2)) == BatchResult(Result.ACCEPTED)
    assert (server.addresses, server.connections) == (addresses(1, 2), 2)


def test_a_connection_long_unused_is_not_trusted(
    server: StrictSmtp, provider: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.send(MESSAGE, batch(1))
    monkeypatch.setattr("pipeline.providers.smtp.connection.IDLE_SECONDS", 0.0)
    provider.send(MESSAGE, batch(2))
    assert server.connections == 2


def test_with_pipelining_each_envelope_goes_along_with_the_letter_before() -> None:
    with StrictSmtp() as server:
        send(server, *range(1, 11))
    assert server.along == 9
    assert server.violations == []


@pytest.mark.parametrize("lenient", [False, True], ids=["DATA refused too", "DATA allowed all the same"])
@pytest.mark.parametrize(
    ("stage", "reply", "kept"),
    [
        ("rcpt", "550 5.1.1 <reader2@example.net>: no such user reader2", "rejected"),
        ("rcpt", "450 4.2.0 reader2@example.net is greylisted", "later"),
        ("data", "554 5.6.0 not this one", "rejected"),
        ("data", "451 4.3.0 try again", "later"),
        ("message", "554 5.6.0 too odd for reader2", "rejected"),
        ("message", "554 5.7.1 spam for reader2", "denied"),
        ("rcpt", "550 relay not permitted", "denied"),
        ("rcpt", "553 sorry, reader2 is not in my list of allowed rcpthosts (#5.7.1)", "denied"),
        ("message", "452 4.3.1 no space", "later"),
    ],
)
def test_what_is_said_of_one_reader_is_true_of_that_one_alone(
    server: StrictSmtp, stage: str, reply: str, kept: str, lenient: bool
) -> None:
    server.lenient = lenient
    server.faults.append(Fault(stage, reply, to="reader2@"))
    outcome = send(server, 1, 2, 3)
    assert outcome.result is Result.ACCEPTED
    named = {name: dict(getattr(outcome, name)) for name in ("rejected", "later", "denied", "doubtful")}
    (reason,) = named.pop(kept).values()
    assert reply[:3] in reason
    assert "reader2" not in reason
    assert list(named.values()) == [{}] * 3
    assert (outcome.ends, reason in outcome.stopped) == ((kept == "denied"),) * 2
    assert server.addresses == addresses(1, 3)
    assert server.connections == 1


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("act", [Act.DROP, "421 4.3.2 shutting down"])
def test_who_was_not_begun_when_the_server_closes_goes_over_a_new_connection(
    server: StrictSmtp, stage: str, act: Act | str
) -> None:
    provider = Smtp(Server("127.0.0.1", server.port), 1)
    provider.send(MESSAGE, batch(9))
    server.faults.append(Fault(stage, act, to="" if stage == "mail" else "reader2@"))
    assert provider.send(MESSAGE, batch(1, 2, 3)) == BatchResult(Result.ACCEPTED)
    provider.close()
    assert server.addresses == addresses(1, 2, 3, 9)
    assert server.connections == 2


def test_a_letter_without_its_dot_was_surely_not_taken(server: StrictSmtp) -> None:
    server.faults.append(Fault("body", Act.DROP, to="reader2@", times=99))
    # Longer than what the system writes ahead for us, so that its end never leaves.
    long = replace(reader(2), fields=reader(2).fields | {"%%tag-text%%": "t" * 6_000_000})
    provider = Smtp(Server("127.0.0.1", server.port), 1)
    outcome = provider.send(MESSAGE, Batch("attempt", [reader(1), long, reader(3), reader(4)]))
    provider.close()
    assert outcome.doubtful == {}
    assert set(outcome.later) == {2}
    assert server.addresses == addresses(1, 3, 4)


def test_what_a_server_says_before_it_has_the_whole_letter_is_its_answer(server: StrictSmtp) -> None:
    server.faults.append(Fault("body", "552 5.3.4 too big", to="reader2@", times=99))
    long = replace(reader(2), fields=reader(2).fields | {"%%tag-text%%": "t" * 6_000_000})
    provider = Smtp(Server("127.0.0.1", server.port), 1)
    outcome = provider.send(MESSAGE, Batch("attempt", [reader(1), long, reader(3)]))
    provider.close()
    assert outcome.doubtful == {}
    assert {2} == set(outcome.rejected) | set(outcome.later)
    assert server.addresses == addresses(1, 3)


@pytest.mark.parametrize(
    ("said", "became", "kept"),
    [
        ("552 5.3.4 too big", Result.REJECTED, "rejected"),
        ("400 4.3.0 not now", Result.REFUSED, "later"),
        ("250 2.0.0 taken", Result.UNCERTAIN, "doubtful"),
        (Act.DROP, Result.REFUSED, "untried"),
    ],
)
def test_what_a_server_says_over_half_a_letter_is_heard(
    server: StrictSmtp, half_written: None, said: Act | str, became: Result, kept: str
) -> None:
    server.faults.append(Fault("body", said))
    outcome = send(server, 1)
    assert outcome.of(1) is became
    told = {name: set(getattr(outcome, name)) for name in ("rejected", "later", "doubtful")}
    assert told == {name: {1} if name == kept else set() for name in told}
    assert server.connections == 1


def test_half_a_letter_refused_for_both_of_two_concerns_all(server: StrictSmtp, half_written: None) -> None:
    server.faults.append(Fault("body", "554 5.6.0 no", times=99))
    assert send(server, 1, 2).result is Result.STOP


@pytest.mark.parametrize("act", [Act.DROP, Act.SILENCE])
@pytest.mark.usefixtures("impatient")
def test_a_letter_written_whole_and_not_answered_is_doubtful(server: StrictSmtp, act: Act) -> None:
    server.faults.append(Fault("message", act, to="reader2@"))
    outcome = send(server, 1, 2, 3, 4, timeout=20)
    assert outcome.result is Result.ACCEPTED
    assert set(outcome.doubtful) == {2}
    assert set(outcome.untried) == {3, 4}  # who answers nothing is not given another to doubt
    assert server.addresses == addresses(1, 2)


def test_a_doubt_of_one_connection_keeps_no_other_from_going_on(server: StrictSmtp) -> None:
    server.faults.append(Fault("message", Act.DROP, to="reader2@"))
    outcome = send(server, *range(1, 41), connections=2)
    assert set(outcome.doubtful) == {2}
    assert len(server.deliveries) + len(outcome.untried) == 40
    assert len(outcome.untried) <= 1  # its envelope may have gone along


def test_who_is_in_doubt_stays_so_though_another_connection_is_told_to_stop(server: StrictSmtp) -> None:
    server.faults.append(Fault("message", Act.DROP))
    server.faults += [Fault("mail", "250 2.1.0 Ok"), Fault("mail", "550 5.7.1 you may not send", times=99)]
    outcome = send(server, *range(1, 41), connections=2)
    (doubtful,) = outcome.doubtful
    assert server.addresses == addresses(doubtful), "it was taken, though nobody was told"
    assert outcome.result is Result.ACCEPTED, "refused as a whole, the reader in doubt would wait again"
    assert len(outcome.untried) == 39
    assert {words.partition(")")[0] for words in outcome.untried.values()} == {
        "the server refused the sender (550"
    }


@pytest.mark.parametrize(
    ("short", "says", "became"),
    [
        (0, Act.DROP, Result.UNCERTAIN),
        (0, "250 2.0.0 taken", Result.UNCERTAIN),  # of a broken connection nothing is believed
        (1, Act.DROP, Result.REFUSED),
    ],
)
def test_a_connection_that_breaks_at_the_dot_leaves_doubt_only_where_all_of_the_dot_had_left(
    server: StrictSmtp, monkeypatch: pytest.MonkeyPatch, short: int, says: Act | str, became: Result
) -> None:
    real = Transport.write

    def breaks(line: Transport, data: bytes) -> None:
        end = data.find(b"\r\n.\r\n") + len(b"\r\n.\r\n") - short
        if b"\r\n.\r\n" not in data:
            return real(line, data)
        real(line, data[:end])
        raise ConnectionEnded("the connection broke while writing", end)

    monkeypatch.setattr(Transport, "write", breaks)
    monkeypatch.setattr("pipeline.providers.smtp.protocol._MOMENT", 0.05)
    server.faults.append(Fault("message", says))  # it may have taken it
    outcome = send(server, 1, 2)
    assert outcome.of(1) is became
    assert set(outcome.doubtful) == ({1} if became is Result.UNCERTAIN else set())
    assert outcome.of(2) is Result.REFUSED, "nobody else was begun"


def test_a_letter_that_the_server_closes_over_takes_nobody_with_it(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", Act.DROP, to="reader2@", times=99))
    outcome = send(server, *range(1, 41), connections=2)
    assert set(outcome.later) == {2}
    assert server.addresses == addresses(1, *range(3, 41))


def test_421_in_answer_to_a_letter_means_not_taken(server: StrictSmtp) -> None:
    server.faults.append(Fault("message", "421 4.3.0 shutting down", to="reader2@"))
    outcome = send(server, 1, 2, 3)
    assert (set(outcome.later), outcome.doubtful) == ({2}, {})
    assert server.addresses == addresses(1, 3)


def test_nobody_there_refuses_the_batch() -> None:
    with nobody() as address:
        port = int(address.rpartition(":")[2])
        outcome = Smtp(Server("127.0.0.1", port), 2).send(MESSAGE, batch(*range(1, 41)))
    assert outcome.result is Result.REFUSED
    assert "refused" in outcome.reason


@pytest.mark.parametrize("act", [Act.DROP, "421 4.7.0 too many connections", "554 5.0.0 not you"])
def test_connections_that_work_do_for_those_that_do_not(server: StrictSmtp, act: Act | str) -> None:
    server.faults.append(Fault("connect", act))
    assert send(server, *range(1, 41), connections=2) == BatchResult(Result.ACCEPTED)
    assert len(server.deliveries) == 40
    server.faults.append(Fault("connect", act, times=2))
    assert send(server, *range(1, 41), connections=2).result is Result.REFUSED


@pytest.mark.parametrize(
    ("reply", "result", "remedy"),
    [
        ("550 5.7.1 letter@example.org may not send", Result.STOP, US_REMEDY),
        ("530 5.7.0 Authentication required", Result.STOP, US_REMEDY),
        ("450 4.7.1 Relay access denied", Result.STOP, US_REMEDY),
        ("550 5.4.5 Daily user sending limit exceeded", Result.STOP, RATE_REMEDY),
        ("554 5.6.0 no", Result.STOP, US_REMEDY),
        ("451 4.7.1 too many from you", Result.REFUSED, ""),
    ],
)
def test_what_is_said_of_the_sender_concerns_everyone(
    server: StrictSmtp, reply: str, result: Result, remedy: str
) -> None:
    server.faults.append(Fault("mail", reply, times=99))
    for numbers in ((1,), (1, 2), range(1, 41)):
        outcome = send(server, *numbers, connections=2)
        assert outcome.result is result
        assert reply[:3] in outcome.reason
        assert "letter@" not in outcome.reason
        assert outcome.reason.endswith(remedy)
        assert not outcome.rejected
    assert server.deliveries == []


def test_a_sender_refused_midway_leaves_the_rest_for_later(server: StrictSmtp) -> None:
    server.faults += [Fault("mail", "250 2.1.0 Ok", times=2), Fault("mail", "550 5.4.5 daily limit", times=9)]
    outcome = send(server, 1, 2, 3, 4)
    assert (set(outcome.untried), outcome.later, outcome.rejected) == ({3, 4}, {}, {})
    assert "daily limit" in outcome.untried[3]
    assert server.addresses == addresses(1, 2)


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("message", "554 5.7.1 this is spam"),
        ("data", "554 5.6.0 no"),
        ("rcpt", "554 5.7.1 <a@example.net>: Relay access denied"),
    ],
)
def test_what_is_said_of_all_of_many_is_not_the_readers(server: StrictSmtp, stage: str, reply: str) -> None:
    server.faults.append(Fault(stage, reply, times=99))
    outcome = send(server, 1, 2, 3)
    assert outcome.result is Result.STOP
    assert reply[:3] in outcome.reason
    assert outcome.rejected == {}
    alone = send(server, 1)
    own = "5.7.1" not in reply
    assert alone.of(1) is (Result.REJECTED if own else Result.STOP)
    assert (set(alone.rejected), set(alone.denied)) == (({1}, set()) if own else (set(), {1}))


def test_content_refused_for_most_stops_though_others_have_reasons_of_their_own(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", "550 5.1.1 unknown", to="reader2@"))
    server.faults.append(Fault("rcpt", "450 4.2.0 greylisted", to="reader3@"))
    server.faults.append(Fault("message", "554 5.7.1 this is spam", times=99))
    outcome = send(server, *range(1, 8))
    assert (outcome.result, "spam" in outcome.reason) == (Result.STOP, True)
    assert (send(server, 2, 3, 4, 5).result, len(server.deliveries)) == (Result.STOP, 0)


@pytest.mark.parametrize(("readers", "result"), [((1, 2), Result.STOP), ((1,), Result.ACCEPTED)])
def test_content_refused_for_both_of_two_concerns_all_and_for_one_alone_may_be_theirs(
    server: StrictSmtp, readers: tuple[int, ...], result: Result
) -> None:
    server.faults.append(Fault("message", "554 5.6.0 no", times=99))
    outcome = send(server, *readers)
    assert outcome.result is result
    assert set(outcome.rejected) == (set() if result is Result.STOP else {1})


def test_unknown_readers_stop_nothing_however_many(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", "550 5.1.1 unknown", times=99))
    outcome = send(server, 1, 2, 3)
    assert (outcome.result, set(outcome.rejected)) == (Result.ACCEPTED, {1, 2, 3})


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        ("550 relay not permitted", Result.STOP),
        ("550 5.1.8 <letter@example.org>: Sender address rejected: Domain not found", Result.STOP),
        ("550 5.4.5 daily sending limit exceeded", Result.STOP),
        ("550 Unrouteable address", Result.STOP),
        ("451 temporary local problem", Result.REFUSED),
    ],
)
@pytest.mark.parametrize("stage", ["rcpt", "data", "message"])
def test_ten_refused_alike_in_a_row_are_refused_for_what_concerns_everyone(
    server: StrictSmtp, stage: str, reply: str, result: Result
) -> None:
    server.faults.append(Fault(stage, reply, times=99))
    outcome = send(server, *range(1, 41), connections=2)
    denied = dict(outcome.denied)
    assert outcome == BatchResult(result, outcome.reason, denied=denied)
    assert len(denied) >= (10 if result is Result.STOP else 0), "they wait behind the others"
    assert reply[-9:] in outcome.reason
    assert server.faults[0].times > 60, "the others are not even asked for"


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("mail", "450 4.7.1 Error: too much mail from 127.0.0.1"),
        ("rcpt", "450 4.7.1 Error: too many recipients from 127.0.0.1"),
        ("rcpt", "421 4.7.28 an unusual rate of mail"),
        ("data", "454 Throttling failure: Maximum sending rate exceeded."),
        ("message", "450 4.7.1 hourly quota exceeded"),
    ],
)
def test_a_server_that_limits_the_rate_is_told_as_that_and_asked_no_more(
    server: StrictSmtp, stage: str, reply: str
) -> None:
    server.faults += [Fault(stage, "250 2.0.0 Ok" if stage != "data" else "354 Go on", times=3)]
    if stage == "message":
        server.faults.clear()
    server.faults.append(Fault(stage, reply, times=99))
    outcome = send(server, *range(1, 21))
    taken = len(server.deliveries)
    assert outcome.result is (Result.ACCEPTED if taken else Result.REFUSED)
    assert (outcome.later, outcome.rejected, outcome.denied) == ({}, {}, {})
    assert len(outcome.untried) == (20 - taken if taken else 0)
    assert reply[10:20] in outcome.limited
    assert "Set delivery.rate" in outcome.limited
    assert server.faults[-1].times >= 97, "one refusal is enough"


def test_refusals_that_differ_in_their_numbers_only_are_alike(server: StrictSmtp) -> None:
    server.faults += [Fault("rcpt", f"550 example.org sent {100 + n}/100 mails (id {n}x)") for n in range(20)]
    assert send(server, *range(1, 21)).result is Result.STOP


def test_refused_alike_in_batches_of_one_it_stops_at_the_tenth(server: StrictSmtp, provider: Smtp) -> None:
    server.faults.append(Fault("rcpt", "550 Unrouteable address", times=99))
    results = [provider.send(MESSAGE, batch(number)).of(number) for number in range(1, 13)]
    assert results == [Result.REJECTED] * 9 + [Result.STOP] * 3
    assert provider.send(replace(MESSAGE), batch(1)).of(1) is Result.REJECTED, "another message, another word"


def test_a_server_that_refuses_us_does_so_for_a_single_reader_too(server: StrictSmtp, provider: Smtp) -> None:
    server.faults.append(Fault("rcpt", "550 relay not permitted", times=99))
    outcome = provider.send(MESSAGE, batch(1))
    assert (outcome.result, set(outcome.denied), outcome.rejected) == (Result.STOP, {1}, {})
    assert outcome.reason.startswith("the server refused the address (550): relay not permitted. Have ")


def test_who_is_local_gets_the_letter_though_the_server_relays_for_nobody_else(server: StrictSmtp) -> None:
    local = {8, 16, 24, 32, 40}
    server.faults += [Fault("rcpt", "250 2.1.5 Ok", to=f"reader{n}@") for n in sorted(local)]
    server.faults.append(Fault("rcpt", "550 relay not permitted", times=99))
    outcome = send(server, *range(1, 41))
    assert server.addresses == addresses(*local)
    assert (set(outcome.denied), outcome.rejected) == (set(range(1, 41)) - local, {})
    assert "relay not permitted" in outcome.stopped


def test_a_letter_taken_in_between_makes_refusals_the_readers_own(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", "550 no such user", times=9))
    server.faults.append(Fault("rcpt", "250 2.1.5 Ok"))
    server.faults.append(Fault("rcpt", "550 no such user", times=9))
    outcome = send(server, *range(1, 21))
    assert outcome.result is Result.ACCEPTED
    assert len(outcome.rejected) == 18
    assert server.addresses == addresses(10, 20)


@pytest.mark.parametrize(
    ("reply", "kept", "tries"),
    [
        ("550 5.1.1 unknown", "rejected", 0),
        ("452 4.2.2 mailbox full", "later", 0),
        ("450 4.1.2 domain not found", "later", 0),
        ("451 4.7.1 Greylisting in action", "later", 0),
        ("452 mailbox full", "later", 1),
    ],
)
def test_what_is_said_of_one_mailbox_stops_nothing_however_often(
    server: StrictSmtp, reply: str, kept: str, tries: int
) -> None:
    server.faults.append(Fault("rcpt", reply, times=99))
    outcome = send_batch(server, replace(batch(*range(1, 21)), tries=tries))
    assert outcome.result is Result.ACCEPTED
    assert len(getattr(outcome, kept)) == 20


def test_a_quota_used_up_midway_costs_nobody_a_try(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", "250 2.1.5 Ok", times=5))
    server.faults.append(Fault("rcpt", "450 4.7.1 hourly quota exceeded", times=99))
    outcome = send(server, *range(1, 21))
    assert outcome.result is Result.ACCEPTED
    assert (set(outcome.untried), outcome.later) == (set(range(6, 21)), {})
    assert server.addresses == addresses(*range(1, 6))


def test_a_server_that_wants_a_login_stops_everything(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", "530 5.7.0 Must issue STARTTLS or log in first"))
    outcome = send(server, 1, 2)
    assert outcome.result is Result.STOP
    assert "login" in outcome.reason


def test_a_letter_too_large_for_the_server_stops_before_it_is_written(server: StrictSmtp) -> None:
    server.size = 400
    outcome = send(server, 1, 2)
    assert outcome.result is Result.STOP
    assert "400" in outcome.reason
    server.size = 4000
    assert send(server, 1, 2) == BatchResult(Result.ACCEPTED)


def test_a_letter_of_just_the_size_that_the_server_takes_is_taken(server: StrictSmtp) -> None:
    send(server, 1)
    size = len(server.deliveries[0].content)
    server.size = size
    assert send(server, 2) == BatchResult(Result.ACCEPTED)
    server.size = size - 1
    assert send(server, 3).result is Result.STOP
    assert server.addresses == addresses(1, 2)


def test_a_server_that_ends_every_connection_before_a_word_of_anybody_is_not_tried_again_and_again(
    server: StrictSmtp,
) -> None:
    server.faults.append(Fault("mail", Act.DROP, times=99))
    outcome = send(server, 1, 2)
    assert (outcome.result, server.connections) == (Result.REFUSED, 1)


def test_a_letter_that_ends_two_connections_goes_over_the_third(server: StrictSmtp) -> None:
    server.faults.append(Fault("rcpt", Act.DROP, to="reader2@", times=2))
    assert send(server, 1, 2, 3) == BatchResult(Result.ACCEPTED)
    assert server.addresses == addresses(1, 2, 3)


def test_a_letter_that_cannot_be_made_stops_the_rest_and_its_reader_is_not_lost(server: StrictSmtp) -> None:
    bad = replace(reader(2), headers={"List-Id": "<weekly>\r\nBcc: other@example.net"})
    outcome = send_batch(server, Batch("attempt", [reader(1), reader(3), bad, reader(4)]))
    assert server.addresses == addresses(1)
    assert (outcome.result, set(outcome.untried)) == (Result.ACCEPTED, {2, 3, 4})
    assert "no valid message" in outcome.untried[2]


def test_what_is_said_of_both_of_two_is_not_theirs(server: StrictSmtp) -> None:
    server.faults.append(Fault("message", "554 5.7.1 this is spam", times=99))
    assert send(server, 1, 2).result is Result.STOP


@pytest.mark.parametrize("code", [400, 499])
def test_any_answer_of_four_hundred_means_later(server: StrictSmtp, code: int) -> None:
    server.faults.append(Fault("message", f"{code} not now"))
    assert set(send(server, 1, 2).later) == {1}


def test_nothing_is_begun_too_late(server: StrictSmtp, provider: Smtp) -> None:
    late = replace(batch(1, 2), start_by=clock.uptime() - 1)
    assert provider.send(MESSAGE, late).result is Result.REFUSED
    assert (server.connections, server.deliveries) == (0, [])


def test_who_is_late_midway_waits_though_the_server_would_take_the_letter(
    server: StrictSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = iter(range(100))
    monkeypatch.setattr(clock, "uptime", lambda: next(hours) * 3600.0)
    provider = Smtp(Server("127.0.0.1", server.port), 1)
    outcome = provider.send(MESSAGE, replace(batch(1, 2, 3, 4), start_by=2 * 3600.0))
    provider.close()
    assert (set(outcome.untried), outcome.later) == ({3, 4}, {})
    assert "time" in outcome.untried[3]
    assert server.addresses == addresses(1, 2)


def test_addresses_no_server_could_be_told_concern_themselves_only(
    server: StrictSmtp, provider: Smtp
) -> None:
    others = [replace(reader(2), address="lär@example.net"), replace(reader(3), address="a>\r\nDATA")]
    outcome = provider.send(MESSAGE, Batch("attempt", [*others, reader(1)]))
    assert (outcome.result, set(outcome.rejected)) == (Result.ACCEPTED, {2, 3})
    assert "lär" not in str(outcome)
    assert server.addresses == addresses(1)


def test_a_header_with_a_line_break_stops_everything(server: StrictSmtp, provider: Smtp) -> None:
    bad = replace(reader(1), headers={"List-Id": "<weekly>\r\nBcc: other@example.net"})
    assert provider.send(MESSAGE, Batch("attempt", [bad, reader(2)])).result is Result.STOP
    assert provider.send(replace(MESSAGE, subject="a\r\nBcc: b@example.net"), batch(1)).result is Result.STOP
    assert server.deliveries == []


@pytest.mark.parametrize(
    ("fault", "became"),
    [
        (None, Result.ACCEPTED),
        (Fault("rcpt", "550 5.1.1 unknown"), Result.REJECTED),
        (Fault("rcpt", "450 4.2.0 greylisted"), Result.REFUSED),
        (Fault("mail", "451 4.3.0 not now"), Result.REFUSED),
        (Fault("message", Act.DROP), Result.UNCERTAIN),
    ],
)
def test_of_a_mail_to_one_the_outcome_says_what_became_of_it(
    server: StrictSmtp, fault: Fault | None, became: Result
) -> None:
    server.faults += [replace(fault)] if fault else []
    outcome = send(server, 7)
    assert outcome.of(7) is became
    assert bool(outcome.reason) is (became is not Result.ACCEPTED)


def test_it_cannot_be_asked_what_became_of_a_batch(provider: Smtp) -> None:
    assert provider.settle(MESSAGE, batch(1)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("greeting", ["hello", "250", "9" * 40000])
def test_a_server_that_speaks_something_else_is_no_server(greeting: str) -> None:
    with StrictSmtp(faults=[Fault("connect", greeting, times=9)]) as server:
        assert send(server, 1).result is Result.REFUSED


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_is_none_is_no_answer(server: StrictSmtp) -> None:
    for nonsense in ("what?", "250-yes\r\n550 no", "354 go on"):
        server.faults.append(Fault("message", nonsense))
        outcome = send(server, 1, timeout=20)
        assert set(outcome.doubtful) == {1}, nonsense


ACTS = st.sampled_from(
    [Act.DROP, "421 4.3.2 closing", "450 4.2.0 later", "550 5.1.1 never", "554 5.7.1 policy", "552 5.3.4 big"]
)
FAULTS = st.lists(
    st.builds(
        Fault,
        st.sampled_from(["connect", "mail", "rcpt", "data", "body", "message"]),
        ACTS,
        st.sampled_from(["", "reader2", "reader3@", "reader1"]),
        st.integers(1, 6),
    ),
    max_size=6,
)


@settings(max_examples=40)
@given(faults=FAULTS, pipelining=st.booleans(), lenient=st.booleans(), number=st.integers(1, 45))
def test_whatever_fails_nobody_is_lost_doubled_or_told_of_wrongly(
    faults: list[Fault], pipelining: bool, lenient: bool, number: int
) -> None:
    everyone = set(range(1, number + 1))
    with StrictSmtp(pipelining=pipelining, lenient=lenient, faults=faults) as server:
        outcome = send(server, *everyone, connections=3)
        taken = [int(delivery.address[6:].partition("@")[0]) for delivery in server.deliveries]
    assert server.violations == []
    assert len(taken) == len(set(taken))
    if outcome.result is not Result.ACCEPTED:
        assert outcome.result in (Result.STOP, Result.REFUSED)
        assert taken == []
        return
    named: list[Any] = [*outcome.rejected, *outcome.later, *outcome.untried, *outcome.doubtful]
    named += outcome.denied
    assert len(named) == len(set(named))
    assert everyone - set(named) <= set(taken)
    assert set(taken) <= (everyone - set(named)) | set(outcome.doubtful)
    said = [*outcome.rejected.values(), *outcome.later.values(), *outcome.untried.values()]
    assert not [words for words in said if "reader" in words]
