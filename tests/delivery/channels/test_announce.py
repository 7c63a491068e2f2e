"""One attempt at a time, as a table: what a service answers at each step, and what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError

from pipeline.core.errors import BusyError, LetterError, ProviderError
from pipeline.core.tables.channels import announcements
from pipeline.delivery.channels import announce, attempt, ledger
from pipeline.delivery.channels.service import Answer, Ending, Look, Post, Ready, Sight
from pipeline.providers.http import NoAnswer, NotSent
from subscribers import clock, staff_log
from tests.delivery.channels.conftest import NOW
from tests.delivery.channels.test_answers import SAID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pipeline.delivery.channels.announcement import Announcement
    from pipeline.delivery.channels.said import Said
    from tests.delivery.channels.conftest import Practice

HOOK = {"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:1/"}
OTHER = HOOK | {"name": "other"}
BLIND, NOT_THERE = Look(Sight.BLIND, "no eyes"), Look(Sight.NOT_THERE)
THERE = Look(Sight.THERE, "https://x.example/1")
POSTED = Answer(Ending.POSTED, "https://x.example/2")
REFUSED, BUSY = Answer(Ending.REFUSED, "no"), Answer(Ending.NOT_NOW, "busy", 7200.0)
IN_DOUBT = Answer(Ending.IN_DOUBT, "no answer")
READY = Ready({"text": "x"})
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Scripted:
    """A service that gives these answers; an exception is raised. ``done`` says what was asked of it."""

    look_: Any = NOT_THERE
    prepare_: Any = READY
    publish_: Any = POSTED
    repeats: bool = False
    done: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def _next(self, name: str) -> Any:
        self.done.append(name)
        given = getattr(self, f"{name}_")
        answer = given.pop(0) if isinstance(given, list) else given
        if isinstance(answer, Exception):
            raise answer
        return answer

    def look(self, post: Post) -> Look:
        self.posts.append(post)
        return self._next("look")  # type: ignore[no-any-return]

    def prepare(self, post: Post, said: Said) -> Ready | Answer:
        return self._next("prepare")  # type: ignore[no-any-return]

    def publish(self, post: Post, ready: Ready) -> Answer:
        assert ready == READY
        return self._next("publish")  # type: ignore[no-any-return]

    def may_repeat(self, first_try: datetime, now: datetime) -> bool:
        assert now == clock.now()
        return self.repeats and first_try == NOW - HOUR

    def close(self) -> None:
        self.done.append("close")


@pytest.fixture
def made(practice: Callable[..., Practice], monkeypatch: pytest.MonkeyPatch) -> Practice:
    monkeypatch.setattr(attempt, "_said", lambda installed, one: SAID)
    found = practice(HOOK)
    found.send()
    found.pass_time(minutes=-1)  # back to NOW, that a table can name
    return found


def before(made: Practice, number: int = 1, channel: str = "hook", **values: Any) -> Announcement:
    usual = {"edition_id": number, "channel": channel, "state": "waiting", "made_at": NOW, "at": NOW}
    with made.installed.database.write() as connection:
        connection.execute(announcements.insert().values(usual | {"repeat_key": "key"} | values))
    return made.one(number, channel)


def attempted(made: Practice, at: Scripted, monkeypatch: pytest.MonkeyPatch, **values: Any) -> Announcement:
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: at)
    before(made, **values)
    announce.announce(made.installed)
    return made.one()


DOUBT = {"doubt": True, "first_try": NOW - HOUR, "attempts": 1, "reason": "cut off"}
DIED = {"state": "posting", "first_try": NOW - HOUR, "attempts": 1, "reason": ""}
OLD = {"made_at": NOW - 3 * DAY - timedelta(microseconds=1), "attempts": 9, "reason": "busy"}
LONG_AGO = {"made_at": OLD["made_at"]}
JUST = {"made_at": NOW - 3 * DAY, "attempts": 9, "reason": "busy"}
ALL = ["look", "prepare", "publish", "close"]
MINUTE = timedelta(minutes=1)

SEEN, PREPARED = ["look", "close"], ["look", "prepare", "close"]
PUBLIC = ("posted", False, "https://x.example/2", None)
FAULT = ZeroDivisionError("odd")

ATTEMPTS: dict[str, tuple[dict[str, Any], Scripted, tuple[Any, ...], list[str]]] = {
    # what is known before, the service, (state, doubt, address or reason, rest), what was asked
    "the first": ({}, Scripted(), PUBLIC, ALL),
    "blind": ({}, Scripted(BLIND), PUBLIC, ALL),
    "it is there": (DOUBT, Scripted(THERE), ("posted", False, "https://x.example/1", None), SEEN),
    "nothing can be seen": (
        DOUBT, Scripted(Look(Sight.UNREACHABLE, "down")), ("waiting", True, "down", 2 * MINUTE), SEEN,
    ),
    "not asked": ({}, Scripted(NotSent("off")), ("waiting", False, "off", MINUTE), SEEN),
    "no answer to the look": ({}, Scripted(NoAnswer("cut")), ("waiting", False, "cut", MINUTE), SEEN),
    "in doubt, and a repeat may be a second one": (
        DOUBT, Scripted(), ("uncertain", True, "cut off", None), SEEN,
    ),
    "in doubt, and the service knows a repeat": (
        DOUBT, Scripted(repeats=True), PUBLIC, ALL,
    ),
    "in doubt, and nobody knows since when": (
        DOUBT | {"first_try": None}, Scripted(repeats=True), ("uncertain", True, "cut off", None), SEEN,
    ),
    "its process died": (
        DIED, Scripted(), ("uncertain", True, "the process that was posting it died", None), SEEN,
    ),
    "its process died, and the service knows a repeat": (
        DIED, Scripted(repeats=True), PUBLIC, ALL,
    ),
    "for too long": (OLD, Scripted(), ("refused", False, "busy", None), SEEN),
    "for too long, and in doubt": (
        DOUBT | LONG_AGO, Scripted(repeats=True), ("uncertain", True, "cut off", None), SEEN,
    ),
    "for too long, and nothing can be seen": (
        OLD, Scripted(NotSent("off")), ("refused", False, "off", None), SEEN,
    ),
    "just not for too long": (JUST, Scripted(), PUBLIC, ALL),
    "not made ready": ({}, Scripted(prepare_=REFUSED), ("refused", False, "no", None), PREPARED),
    "not now": (
        {}, Scripted(prepare_=BUSY), ("waiting", False, "busy", 2 * HOUR), PREPARED,
    ),
    "no answer while it is made ready": (
        {}, Scripted(prepare_=NoAnswer("cut")), ("waiting", False, "cut", MINUTE), PREPARED,
    ),
    "not sent while it is made ready": (
        {}, Scripted(prepare_=NotSent("off")), ("waiting", False, "off", MINUTE), PREPARED,
    ),
    "refused": ({}, Scripted(publish_=REFUSED), ("refused", False, "no", None), ALL),
    "asked to wait": ({}, Scripted(publish_=BUSY), ("waiting", False, "busy", 2 * HOUR), ALL),
    "no clear answer": ({}, Scripted(publish_=IN_DOUBT), ("waiting", True, "no answer", 2 * MINUTE), ALL),
    "not sent": ({}, Scripted(publish_=NotSent("off")), ("waiting", False, "off", 2 * MINUTE), ALL),
    "no answer": ({}, Scripted(publish_=NoAnswer("cut")), ("waiting", True, "cut", 2 * MINUTE), ALL),
    "asked to wait, after doubt": (
        DOUBT, Scripted(publish_=BUSY, repeats=True), ("waiting", True, "busy", 2 * HOUR), ALL,
    ),
    "refused after doubt": (
        DOUBT, Scripted(publish_=REFUSED, repeats=True), ("uncertain", True, "no", None), [*ALL[:3], *SEEN],
    ),
    "refused after doubt, and it is there": (
        DOUBT, Scripted([NOT_THERE, THERE], publish_=REFUSED, repeats=True),
        ("posted", False, "https://x.example/1", None), [*ALL[:3], *SEEN],
    ),
    "a fault before the request": (
        {}, Scripted(prepare_=FAULT), ("waiting", False, None, MINUTE), PREPARED,
    ),
    "a fault in the request": ({}, Scripted(publish_=FAULT), ("waiting", True, None, 2 * MINUTE), ALL),
    "a fault after doubt": (
        DOUBT, Scripted(FAULT), ("waiting", True, None, 2 * MINUTE), SEEN,
    ),
    "a letter that cannot be worded": (
        {}, Scripted(prepare_=LetterError("too long", "Shorten.")), ("refused", False, "too long", None),
        PREPARED,
    ),
    "an error that can be mended": (
        {}, Scripted(prepare_=ProviderError("no secret", "Set it.")), ("waiting", False, "no secret", MINUTE),
        PREPARED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("known", "service", "then", "asked"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_what_becomes_of_an_attempt(
    made: Practice,
    monkeypatch: pytest.MonkeyPatch,
    known: dict[str, Any],
    service: Scripted,
    then: tuple[Any, ...],
    asked: list[str],
) -> None:
    at = replace(service, done=[], posts=[])
    one = attempted(made, at, monkeypatch, **known)
    state, doubt, told, rest = then
    assert (one.state, one.doubt, at.done) == (state, doubt, asked)
    if told is not None:
        assert (one.address if state == "posted" else one.reason) == told
    if rest is not None:
        assert one.next_try == NOW + rest
    assert one.attempts == known.get("attempts", 0) + ("publish" in asked)
    assert at.posts[0] == Post("key", SAID.link, known.get("made_at", NOW), None)


def test_without_an_address_it_is_not_posted_and_may_have_been(
    made: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "_said", lambda installed, one: SAID._replace(link=""))
    at = Scripted()
    one = attempted(made, at, monkeypatch)
    assert (one.state, one.doubt, at.done) == ("refused", False, [])
    assert one.reason == "it has no public page: the archive is private, and it has no post"
    made.send(2)
    before(made, 2, **DOUBT)
    announce.announce(made.installed)
    assert (made.one(2).state, made.one(2).doubt) == ("uncertain", True)


def test_a_secret_that_is_missing_can_be_set(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(installed: object, channel: object) -> None:
        raise ProviderError("no secret", "Set it.")

    monkeypatch.setattr(attempt, "_service", none)
    before(made)
    assert not announce.announce(made.installed)
    assert (made.one().state, made.one().reason, made.one().next_try) == (
        "waiting",
        "no secret",
        NOW + MINUTE,
    )


def test_a_database_that_fails_in_between_is_no_answer_of_the_service(
    made: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = attempted(made, Scripted(publish_=OperationalError("x", {}, Exception("gone"))), monkeypatch)
    assert (one.state, one.reason) == ("posting", ""), "so it is in doubt, once the database is back"
    assert "channel hook: " in caplog.text


def test_what_goes_wrong_on_one_channel_keeps_no_other_from_its_turn(
    practice: Callable[..., Practice], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made, real = practice(HOOK, OTHER), announce._turn
    turns: list[str] = []

    def turn(installed: Any, channel: Any, stop: Any) -> None:
        turns.append(channel.name)
        if channel.name == "hook":
            raise faults.pop()
        real(installed, channel, stop)

    faults: list[Exception] = [BusyError("busy", "Wait."), ZeroDivisionError("odd")]
    monkeypatch.setattr(announce, "_turn", turn)
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: Scripted())
    for number, logged in ((1, True), (2, False)):
        caplog.clear()
        made.send(number)
        assert not made.announce()
        assert (made.one(number, "hook").state, made.one(number, "other").state) == ("waiting", "posted")
        assert ("channel hook" in caplog.text) is logged
    assert turns == ["hook", "other"] * 2


@pytest.mark.parametrize("error", [ZeroDivisionError("odd"), ProviderError("no secret", "Set it.")])
@pytest.mark.parametrize("where", ["turn", "prepare"])
def test_a_fault_leaves_its_trace_in_the_log_and_an_error_of_the_users_none(
    made: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str, error: Any
) -> None:
    def breaks(*given: object) -> None:
        raise error

    caplog.set_level("INFO", "pipeline.delivery")
    if where == "turn":
        monkeypatch.setattr(announce, "_turn", breaks)
    attempted(made, Scripted(prepare_=error), monkeypatch)
    traces = [line for line in caplog.records if line.exc_info]
    assert len(traces) == isinstance(error, ZeroDivisionError)
    assert all(line.getMessage() == "channel hook failed" for line in traces)
    assert len(caplog.records) >= 1


def test_what_is_put_off_is_told_in_the_log(
    made: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pipeline.delivery")
    attempted(made, Scripted(prepare_=BUSY), monkeypatch)
    assert [line.getMessage() for line in caplog.records] == ["channel hook: busy"]


def test_the_channels_own_service_is_asked(made: Practice) -> None:
    before(made)
    announce.announce(made.installed)
    assert made.one().reason.startswith("could not connect to 127.0.0.1"), "where nobody listens"


def test_told_to_stop_nothing_more_is_begun(
    practice: Callable[..., Practice], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, at = practice(HOOK, OTHER), Scripted()
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: at)
    monkeypatch.setattr(attempt, "_said", lambda installed, one: SAID)
    for number in (1, 2):
        made.send(number)
    assert not announce.announce(made.installed, lambda: True)
    assert at.done == []
    assert not announce.announce(made.installed, lambda: at.done.count("publish") == 1)
    assert at.done.count("publish") == 1
    assert announce.announce(made.installed)
    assert at.done.count("publish") == 4


def test_who_is_at_a_channel_keeps_it_and_without_channels_nothing_waits(
    made: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Scripted()
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: at)
    before(made)
    (channel,) = made.installed.config.channels
    assert announce.lock_name(channel) == "channel-hook"
    with made.installed.database.lock("channel-hook"):
        assert not announce.announce(made.installed)
        with pytest.raises(BusyError):
            announce.announce_one(made.installed, channel, made.one(), "weekly-1")
        with pytest.raises(BusyError):
            announce.look_again(made.installed, channel, made.one())
    assert at.done == []
    none = replace(made.installed, config=made.installed.config.model_copy(update={"channels": []}))
    assert announce.announce(none)
    assert made.one().state == "waiting"


def test_one_that_rests_is_not_due(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    at = Scripted()
    one = attempted(made, at, monkeypatch, next_try=NOW + HOUR)
    assert (one.state, at.done) == ("waiting", [])


@pytest.mark.parametrize(
    ("known", "key_stays"),
    [
        ({}, True),
        (DIED, True),
        ({"state": "refused", "attempts": 1}, False),
        ({"state": "uncertain"} | DOUBT, False),
    ],
    ids=["waiting", "posting", "refused", "uncertain"],
)
def test_by_hand_one_attempt_is_made_now_and_is_on_record(
    made: Practice, monkeypatch: pytest.MonkeyPatch, known: dict[str, Any], key_stays: bool
) -> None:
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: Scripted(repeats=True))
    seen = before(made, **known | {"next_try": NOW + HOUR})
    (channel,) = made.installed.config.channels
    one = announce.announce_one(made.installed, channel, seen, "weekly-1")
    assert (one.state, one.address, one.attempts) == ("posted", "https://x.example/2", seen.attempts + 1)
    assert (one.repeat_key == "key") is key_stays
    with made.installed.database.read() as connection:
        (entry, *_) = staff_log.entries(connection)
    assert (entry.action, entry.about, entry.detail) == ("announce", "weekly-1", "hook")


@pytest.mark.parametrize(
    "values", [{"state": "posted"}, {"attempts": 2}], ids=["another state", "another try"]
)
def test_what_was_done_since_it_was_seen_is_left(
    made: Practice, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    at = Scripted()
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: at)
    seen = before(made, attempts=1)
    with made.installed.database.write() as connection:
        connection.execute(announcements.update().values(values))
    (channel,) = made.installed.config.channels
    assert announce.announce_one(made.installed, channel, seen, "weekly-1") == made.one()
    assert at.done == []
    with made.installed.database.read() as connection:
        assert staff_log.entries(connection) == []


@pytest.mark.parametrize(
    ("look", "state"),
    [(THERE, "posted"), (NOT_THERE, "uncertain"), (NoAnswer("cut"), "uncertain"), (BLIND, "uncertain")],
)
def test_one_in_doubt_is_looked_for_again_and_nothing_is_posted(
    made: Practice, monkeypatch: pytest.MonkeyPatch, look: Any, state: str
) -> None:
    at = Scripted(look)
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: at)
    one = before(made, state="uncertain", **DOUBT)
    (channel,) = made.installed.config.channels
    found = announce.look_again(made.installed, channel, one)
    assert (found, found.state, at.done) == (made.one(), state, ["look", "close"])
    assert (found.address == "https://x.example/1") is (state == "posted")


@pytest.mark.parametrize(
    ("known", "said"), [({}, "channel hook: no"), (DOUBT, "channel hook: no; it may have been posted")]
)
def test_what_ends_is_told_in_the_log(
    made: Practice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    known: dict[str, Any],
    said: str,
) -> None:
    attempted(made, Scripted(publish_=REFUSED, repeats=True), monkeypatch, **known)
    assert [line.getMessage() for line in caplog.records if line.levelname == "WARNING"] == [said]


def test_what_waits_is_frozen_as_it_was_when_it_was_first_tried(
    made: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = attempted(made, Scripted(publish_=IN_DOUBT), monkeypatch)
    assert (one.content, one.first_try) == ({"text": "x"}, NOW)
    at = Scripted(publish_=POSTED)
    monkeypatch.setattr(attempt, "_service", lambda installed, channel: at)
    with made.installed.database.write() as connection:
        ledger.begin(connection, one, READY.content, NOW - HOUR, doubt=False)
        ledger.put_off(connection, made.one(), "x", 0.0, doubt=True)
    made.pass_time(hours=2)
    at.repeats = True
    announce.announce(made.installed)
    assert at.posts[0].content == {"text": "x"}
