"""What a service may answer, and who else may be at it: no answer stops a channel, is tried without a rest,
tells a secret or reaches a terminal raw; and what another process posted meanwhile is not posted again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import ProviderError, RapportError
from pipeline.core.tables.installation import marks
from pipeline.core.unfinished import is_unfinished
from pipeline.delivery.channels import announce
from pipeline.delivery.channels.by_hand import post_by_hand
from pipeline.delivery.channels.services import service, try_out
from subscribers import clock
from tests.doubles import services
from tests.doubles.mastodon import TOKEN, StrictMastodon
from tests.doubles.services import Cut, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

    from pipeline.delivery.channels.announcement import Announcement
    from pipeline.delivery.channels.service import Ready
    from tests.delivery.channels.conftest import Practice

ME, POST = "GET /api/v1/accounts/verify_credentials", "POST /api/v1/statuses"
INSTANCE, LIST = "GET /api/v2/instance", "GET /api/v1/accounts/7/statuses"


class Rogue(StrictMastodon):
    """``says``: what a path answers in place of what the real one would."""

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, Any] = {}
        self.unbroken: dict[str, bool] = {}
        """Whether the end of the process waited for the request."""

    def answer(self, method: str, path: str, headers: Message, body: bytes) -> Any:
        usual = super().answer(method, path, headers, body)
        asked = f"{method} {path.partition('?')[0]}"
        self.unbroken[asked] = is_unfinished()
        said = self.says.get(asked, usual)
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture
def rogue() -> Iterator[Rogue]:
    with Rogue() as running:
        yield running


@pytest.fixture
def sent(practice: Callable[..., Practice], rogue: Rogue) -> Practice:
    made = practice({"name": "fediverse", "kind": "mastodon", "url": rogue.url})
    made.send()
    return made


def by_hand(practice: Practice, *, anyway: bool = False) -> Announcement:
    (one,) = post_by_hand(practice.installed, "weekly-1", practice.installed.config.channels, anyway=anyway)
    return one


@pytest.mark.parametrize(
    "account", ["é", "\ud800", "7 HTTP/1.1\r\nX: y", "../../v1/apps", "x" * 300_000, 7, ["7"]], ids=range(7)
)
def test_an_account_of_any_name_is_asked_for_and_what_is_no_name_waits(
    sent: Practice, rogue: Rogue, account: Any
) -> None:
    rogue.says[ME] = {"id": account, "acct": "practice"}
    sent.announce()
    one = sent.one()
    # The server does not know the account that it named: so nothing can be seen there, and it is posted.
    assert one.state == "posted" or (one.next_try and one.next_try > clock.now())
    assert all(
        path.startswith(("/api/v1/accounts/", "/api/v2/")) for way, path in rogue.requests if way == "GET"
    )


@pytest.mark.parametrize(
    "address",
    [
        "\ud800",
        "https://x.example/\x00",
        "https://x.example/\x1b]0;owned\x07",
        "https://x.example/\u202egnp.exe",
        "https://x.example/" + "x" * 500_000,
        "javascript:alert(1)",
        {"href": "https://x.example/"},
    ],
    ids=range(7),
)
def test_an_address_that_cannot_be_shown_is_none(sent: Practice, rogue: Rogue, address: Any) -> None:
    rogue.says[POST] = {"id": "1", "url": address}
    sent.announce()
    assert (sent.one().state, sent.one().doubt, sent.one().address) == ("waiting", True, "")
    status = rogue.statuses[0] | {"url": address}
    rogue.says[LIST] = [status]
    sent.pass_time(minutes=15)
    sent.announce()
    assert (sent.one().state, sent.one().address) == ("posted", "")
    assert len(rogue.statuses) == 1


@pytest.mark.parametrize("name", ["Retry_After", "RateLimit_Reset", "X_RateLimit_Reset"])
@pytest.mark.parametrize(
    "wait", ["9" * 5000, "Thu, 26 Nov 2026 15:00:00 +" + "9" * 20, "-1", "nan", "inf", "٣"], ids=range(6)
)
def test_a_service_asks_for_a_day_at_most(sent: Practice, rogue: Rogue, name: str, wait: str) -> None:
    rogue.says[POST] = Refusal(429, {"error": "slower"}, **{name: wait.encode().decode("latin-1")})
    sent.announce()
    one = sent.one()
    assert one.state == "waiting"
    assert one.next_try
    assert timedelta(0) < one.next_try - clock.now() <= timedelta(days=1)


def test_a_fault_that_nobody_has_foreseen_rests_and_lets_the_next_letter_through(
    sent: Practice, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: object, post: object, ready: Ready) -> None:
        if "weekly-1" in ready.content["status"]:
            raise ZeroDivisionError("a fault")
        raise AssertionError("the letter after it had its turn")

    monkeypatch.setattr("pipeline.delivery.channels.mastodon.Mastodon.publish", breaks)
    sent.send(2, subject="Another morning")
    sent.announce()
    for number in (1, 2):
        one = sent.one(number)
        # The request that can make it public may have gone.
        assert (one.state, one.doubt, one.attempts) == ("waiting", True, 1)
        assert one.next_try
        assert one.next_try > clock.now()
    assert "had its turn" in sent.one(2).reason


def test_trying_out_a_server_that_breaks_off_says_so(sent: Practice, rogue: Rogue) -> None:
    rogue.says[INSTANCE] = Cut()
    made = sent.installed
    with pytest.raises(ProviderError, match="ended without an answer"):
        try_out(service(made.config, made.templates, made.environment, made.config.channels[0]))


def test_a_secret_that_a_server_repeats_is_told_to_nobody(
    sent: Practice, rogue: Rogue, caplog: pytest.LogCaptureFixture
) -> None:
    rogue.says[POST] = Refusal(422, {"error": f"Bearer {TOKEN} may not do this"})
    sent.announce()
    assert sent.one().reason == "answered 422: Bearer *** may not do this"
    assert TOKEN not in caplog.text


def test_what_was_posted_since_somebody_looked_is_not_posted_again(sent: Practice, rogue: Rogue) -> None:
    rogue.scopes = frozenset({"write:statuses", "write:media"})  # it cannot be looked for
    rogue.faults.append(services.BUSY)
    sent.announce()
    seen = sent.one()
    sent.pass_time(minutes=15)
    sent.announce()
    assert sent.one().state == "posted"
    sent.pass_time(hours=2)  # and the key is forgotten
    after = announce.announce_one(sent.installed, sent.installed.config.channels[0], seen, "weekly-1")
    assert after.state == "posted"
    assert len(rogue.statuses) == 1


def test_of_two_who_post_anyway_at_once_one_does(sent: Practice, rogue: Rogue) -> None:
    rogue.scopes = frozenset({"write:statuses", "write:media"})
    rogue.faults.append(services.CUT_BEFORE)
    sent.announce()
    sent.pass_time(hours=2)
    seen = sent.until_settled()
    assert seen.state == "uncertain"
    assert by_hand(sent, anyway=True).state == "posted"
    again = announce.announce_one(sent.installed, sent.installed.config.channels[0], seen, "weekly-1")
    assert again.state == "posted"
    assert len(rogue.statuses) == 1


def test_what_waited_when_a_backup_was_made_is_in_doubt_for_who_posts_by_hand_too(
    sent: Practice, rogue: Rogue
) -> None:
    rogue.scopes = frozenset({"write:statuses", "write:media"})
    rogue.faults.append(services.BUSY)
    sent.announce()
    assert sent.one().state == "waiting"
    sent.pass_time(days=1)
    with sent.installed.database.write() as connection:
        connection.execute(marks.insert().values(name="restored", value="", at=clock.now()))
    with pytest.raises(RapportError, match="may be on fediverse already"):
        by_hand(sent)
    assert rogue.statuses == []
    assert by_hand(sent, anyway=True).state == "posted"


def test_a_letter_without_any_address_is_not_found_by_a_link_that_has_none(
    practice: Callable[..., Practice], rogue: Rogue
) -> None:
    made = practice({"name": "fediverse", "kind": "mastodon", "url": rogue.url}, archive={"public": False})
    made.send(posts=[])
    rogue.says[LIST] = [
        {"id": "1", "content": "<a>no link</a>", "created_at": clock.now().isoformat(), "url": "https://x/"}
    ]
    made.announce()
    assert made.one().state == "refused"
    with made.installed.database.write() as connection:
        announce.ledger.ended(connection, made.one(), "doubt", doubt=True)
    with pytest.raises(RapportError, match="may be on fediverse already"):
        by_hand(made)


def test_the_end_of_the_process_waits_for_what_is_public_alone(sent: Practice, rogue: Rogue) -> None:
    sent.announce()
    assert sent.one().state == "posted"
    assert [asked for asked, waited in rogue.unbroken.items() if waited] == [POST]
    assert not is_unfinished()


def test_a_server_that_shows_its_posts_slowly_is_not_looked_through_for_ever(
    sent: Practice, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = 0.0

    def uptime() -> float:
        nonlocal passed
        passed += 14.0
        return passed

    monkeypatch.setattr("pipeline.delivery.channels.mastodon.clock.uptime", uptime)
    newer = {"content": "", "created_at": (clock.now() + timedelta(days=1)).isoformat(), "url": "https://x/"}
    rogue.says[LIST] = [newer | {"id": "1"}]
    sent.announce()
    assert sent.one().reason == "its posts could not be seen within 30 seconds"
    assert sum(path.endswith("/statuses") for _, path in rogue.requests) <= 3
    assert rogue.statuses == []
