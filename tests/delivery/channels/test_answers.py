"""What a service is asked, and what each of its answers means: as a table, without any server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import ProviderError
from pipeline.core.templates import Templates
from pipeline.delivery.channels import bluesky, mastodon
from pipeline.delivery.channels.bluesky import Bluesky
from pipeline.delivery.channels.calling import Reply
from pipeline.delivery.channels.mastodon import Mastodon
from pipeline.delivery.channels.said import Said
from pipeline.delivery.channels.service import Answer, Ending, Look, Post, Ready, Sight
from pipeline.delivery.channels.text import length
from pipeline.delivery.channels.webhook import Webhook
from tests.delivery.channels.test_keys import channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import time_machine

LINK = "https://letter.example.org/archive/weekly-1"
MADE = datetime(2026, 11, 26, 15, tzinfo=UTC)
POST = Post("key", LINK, MADE, None)
CARD = b"\x89PNG card"


class Shown(Said):
    """Its card is not drawn."""

    def card(self) -> bytes:
        return CARD


SAID = Shown(
    slug="weekly-1", digest="weekly", title="A calm morning", summary="Three posts", link=LINK,
    newsletter="The Weekly Letter", date="November 26", at=datetime(2026, 11, 26, 14, tzinfo=UTC),
    language="de-AT", posts=(("A post", "https://willow.example/a"),), delicate=False,
    on_card=None, palette=None,  # type: ignore[arg-type]
)  # fmt: skip


@dataclass
class Asked:
    """A server that gives these answers, one a request, and keeps what it was asked."""

    answers: list[Reply]
    requests: list[tuple[str, str]] = field(default_factory=list)
    more: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False

    def ask(self, method: str, path: str, **more: Any) -> Reply:
        self.requests.append((method, path))
        self.more.append(more)
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True


def reply(status: int = 200, value: Any = None, **headers: str) -> Reply:
    return Reply(status, value, {name.replace("_", "-"): said for name, said in headers.items()})


def on_mastodon(*answers: Reply, warning: str = "Mental health") -> tuple[Mastodon, Asked]:
    made, asked = Mastodon(channel(), "a-token", Templates(), warning), Asked([*answers])
    made._server = asked  # type: ignore[assignment]
    return made, asked


ME = reply(200, {"id": "7", "acct": "practice"})


def status(number: int = 1, link: str = "", after: timedelta = timedelta(0), **values: Any) -> dict[str, Any]:
    content = f'<p><a href="{link}">x</a></p>' if link else "<p>x</p>"
    made = (MADE + after).isoformat()
    usual = {"id": str(number), "url": f"https://social.example/{number}", "created_at": made}
    return usual | {"content": content} | values


THERE = Look(Sight.THERE, "https://social.example/1")
TEN_MINUTES, MOMENT = timedelta(minutes=10), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([ME, reply(200, [status(2), status(1, LINK)])], THERE),
        ([ME, reply(200, [status(1, card={"url": LINK})])], THERE),
        ([ME, reply(200, ["no post", status(1, LINK)])], THERE),
        (
            [ME, reply(200, [status(1, content=7), status(1, card={"url": 7})]), reply(200, [])],
            Look(Sight.NOT_THERE),
        ),
        ([ME, reply(200, [])], Look(Sight.NOT_THERE)),
        ([ME, reply(200, [status(2), status(1, after=-TEN_MINUTES - MOMENT)])], Look(Sight.NOT_THERE)),
        ([ME, reply(200, [status(2, after=-TEN_MINUTES)]), reply(200, [status(1, LINK)])], THERE),
        ([ME, reply(200, [status(2, created_at="noon")])], Look(Sight.NOT_THERE)),
        (
            [ME, reply(200, [status(2, created_at="2026-11-26T15:00:00")]), reply(200, [status(1, LINK)])],
            THERE,
        ),
        ([ME, *[reply(200, [status()])] * 10], Look(Sight.BLIND, "there are too many posts to look through")),
        *(([reply(code)], Look(Sight.BLIND, f"answered {code}")) for code in (401, 403, 404)),
        *(([ME, reply(code)], Look(Sight.BLIND, f"answered {code}")) for code in (401, 403, 404)),
        ([reply(500)], Look(Sight.UNREACHABLE, "answered 500")),
        ([reply(200, {"acct": "practice"})], Look(Sight.UNREACHABLE, "answered 200")),
        ([ME, reply(500, [])], Look(Sight.UNREACHABLE, "answered 500")),
        ([ME, reply(200, {"error": "odd"})], Look(Sight.UNREACHABLE, "answered 200: odd")),
    ],
)
def test_what_a_look_through_an_accounts_posts_finds(answers: list[Reply], found: Look) -> None:
    at, asked = on_mastodon(*answers)
    assert at.look(POST) == found
    assert asked.answers == []
    assert asked.requests[0] == ("GET", "/api/v1/accounts/verify_credentials")
    assert {more["token"] for more in asked.more} == {"a-token"}


def test_older_posts_are_asked_for_page_by_page() -> None:
    at, asked = on_mastodon(ME, reply(200, [status(9), status(8)]), reply(200, []))
    at.look(POST)
    pages = "/api/v1/accounts/7/statuses?limit=40&exclude_reblogs=true"
    assert asked.requests[1:] == [("GET", pages), ("GET", f"{pages}&max_id=8")]


def test_posts_are_looked_through_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([100.0, 130.0, 130.1])
    monkeypatch.setattr(mastodon.clock, "uptime", lambda: next(moments))
    at, asked = on_mastodon(ME, reply(200, [status()]))
    assert at.look(POST) == Look(Sight.UNREACHABLE, "its posts could not be seen within 30 seconds")
    assert asked.answers == []


def test_a_key_is_good_for_a_little_less_than_the_hour_that_mastodon_keeps_it() -> None:
    at, _ = on_mastodon()
    end = MADE + timedelta(minutes=55)
    assert (at.may_repeat(MADE, end - MOMENT), at.may_repeat(MADE, end)) == (True, False)


INSTANCE = {"statuses": {"max_characters": 60, "characters_reserved_per_url": 20}}
CONTENT = {"status": f"A calm morning\n\n{LINK}", "language": "de", "visibility": "public"}


def test_a_post_is_made_ready_with_its_picture_within_what_the_server_takes() -> None:
    at, asked = on_mastodon(reply(200, {"configuration": INSTANCE}), reply(200, {"id": "100"}))
    ready = at.prepare(POST, SAID)
    assert isinstance(ready, Ready)
    assert ready.picture == "100"
    assert {name: ready.content[name] for name in ("language", "visibility", "alt")} == {
        "language": "de", "visibility": "public", "alt": "A calm morning · The Weekly Letter, November 26",
    }  # fmt: skip
    assert ready.content["status"].startswith("A calm morning")
    assert ready.content["status"].endswith(LINK)
    assert len(ready.content["status"]) - len(LINK) + 20 <= 60
    assert set(ready.content) == {"status", "language", "visibility", "alt"}
    assert asked.requests == [("GET", "/api/v2/instance"), ("POST", "/api/v2/media")]
    form = asked.more[1]
    assert form["token"] == "a-token"
    assert form["kind"].startswith("multipart/form-data; boundary=")
    card = b'name="file"; filename="card.png"\r\nContent-Type: image/png\r\n\r\n' + CARD
    for part in (b'name="description"', "A calm morning ·".encode(), card):
        assert part in form["body"]


def test_what_was_frozen_at_the_first_attempt_is_not_worded_again() -> None:
    frozen = CONTENT | {"alt": "as it was"}
    at, asked = on_mastodon(reply(200, {"id": "100"}))
    assert at.prepare(POST._replace(content=frozen), SAID) == Ready(frozen, "100")
    assert b"as it was" in asked.more[0]["body"]


@pytest.mark.parametrize(
    ("told", "text", "link", "alt"),
    [
        (None, 500, 23, 1500),
        ([], 500, 23, 1500),
        ({"statuses": [], "media_attachments": 7}, 500, 23, 1500),
        ({"statuses": {"max_characters": 0, "characters_reserved_per_url": -1}}, 500, 23, 1500),
        (
            {"statuses": {"max_characters": "9"}, "media_attachments": {"description_limit": 10**6}},
            500,
            23,
            1500,
        ),
        (
            {"statuses": {"max_characters": 1}, "media_attachments": {"description_limit": 10**6 - 1}},
            1,
            23,
            10**6 - 1,
        ),
        (INSTANCE | {"media_attachments": {"description_limit": 9}}, 60, 20, 9),
    ],
)
def test_limits_that_make_no_sense_are_the_usual_ones(told: Any, text: int, link: int, alt: int) -> None:
    at, _ = on_mastodon(reply(200, {"configuration": told}))
    assert at._limits() == mastodon.Limits(text, link, alt)
    at, _ = on_mastodon(reply(500, {"configuration": told}))
    assert at._limits() == mastodon.Limits(500, 23, 1500)


def test_a_delicate_one_stands_behind_a_warning_that_counts_and_the_picture_is_told_of_in_full() -> None:
    delicate = SAID._replace(delicate=True, title="Calm " * 120)
    at, _ = on_mastodon(reply(200), reply(200, {"id": "1"}))
    plain, _ = on_mastodon(reply(200), reply(200, {"id": "1"}), warning="")
    warned, usual = at.prepare(POST, delicate), plain.prepare(POST, delicate)
    assert isinstance(warned, Ready)
    assert isinstance(usual, Ready)
    assert (warned.content["spoiler_text"], warned.content["sensitive"]) == ("Mental health", True)
    assert "spoiler_text" not in usual.content
    for ready, most in ((warned, 500 - len("Mental health")), (usual, 500)):
        shown = len(ready.content["status"]) - len(LINK) + 23
        assert most - len("Calm ") <= shown <= most
    at, _ = on_mastodon(
        reply(200, {"configuration": {"media_attachments": {"description_limit": 9}}}), reply(200)
    )
    short = at.prepare(POST, SAID)
    assert isinstance(short, Ready)
    assert short.content["alt"] == "A calm mo"


def test_a_language_is_named_by_its_two_letters() -> None:
    at, _ = on_mastodon(reply(200), reply(200))
    ready = at.prepare(POST, SAID._replace(language="FR-CH"))
    assert isinstance(ready, Ready)
    assert ready.content["language"] == "fr"


REFUSED_UPLOADS: dict[str, tuple[Reply, Any]] = {
    "no such picture": (reply(422), ""),
    "nobody may": (reply(401), Answer(Ending.REFUSED, "answered 401")),
    "not this token": (reply(403), Answer(Ending.REFUSED, "answered 403")),
    "busy": (reply(429, retry_after="7"), Answer(Ending.NOT_NOW, "answered 429", 7.0)),
    "broken": (reply(500), Answer(Ending.NOT_NOW, "answered 500")),
}


@pytest.mark.parametrize(("answer", "then"), REFUSED_UPLOADS.values(), ids=REFUSED_UPLOADS)
def test_a_post_goes_without_a_picture_that_is_refused_but_not_without_a_right(
    answer: Reply, then: Any
) -> None:
    frozen = CONTENT | {"alt": "x"}
    at, _ = on_mastodon(answer)
    found = at.prepare(POST._replace(content=frozen), SAID)
    assert found == (Ready(frozen, "") if then == "" else then)


PUBLISHED: dict[str, tuple[Reply, Answer]] = {
    "posted": (reply(200, {"url": "https://social.example/1"}), Answer(Ending.POSTED, "https://social.example/1")),
    "no address": (reply(200, {}), Answer(Ending.IN_DOUBT, "answered without the post's address")),
    "refused": (reply(422), Answer(Ending.REFUSED, "answered 422")),
    "busy": (reply(429, retry_after="7"), Answer(Ending.NOT_NOW, "answered 429", 7.0)),
    "late": (reply(408), Answer(Ending.IN_DOUBT, "answered 408")),
    "broken": (reply(500), Answer(Ending.IN_DOUBT, "answered 500")),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "ended"), PUBLISHED.values(), ids=PUBLISHED)
def test_how_the_one_request_that_posts_can_end(answer: Reply, ended: Answer) -> None:
    at, asked = on_mastodon(answer)
    assert at.publish(POST, Ready(CONTENT | {"alt": "x"}, "100")) == ended
    assert asked.requests == [("POST", "/api/v1/statuses")]
    assert asked.more == [
        {
            "token": "a-token",
            "document": CONTENT | {"media_ids": ["100"]},
            "headers": {"Idempotency-Key": "key"},
        }
    ]


def test_a_post_without_a_picture_names_none() -> None:
    at, asked = on_mastodon(reply(200))
    at.publish(POST, Ready(CONTENT, ""))
    assert asked.more[0]["document"] == CONTENT


def test_trying_an_account_out_posts_nothing_and_says_whose_it_is() -> None:
    at, asked = on_mastodon(ME, reply(200, {"configuration": INSTANCE}))
    assert at.test() == "The token is good for @practice, who may write 60 characters. Nothing was posted."
    at.close()
    assert asked.closed
    assert asked.requests == [("GET", "/api/v1/accounts/verify_credentials"), ("GET", "/api/v2/instance")]
    assert asked.more[0] == {"token": "a-token"}
    at, _ = on_mastodon(reply(401))
    with pytest.raises(ProviderError, match=r"social\.example answered 401\.") as told:
        at.test()
    assert told.value.remedy == "Check url and secret."


# Bluesky

SESSION = {"did": "did:plc:p", "handle": "p.bsky.social", "accessJwt": "access-1", "refreshJwt": "refresh-1"}
SIGNED_IN = reply(200, SESSION)
RECORD = {"embed": {"$type": "app.bsky.embed.external", "external": {"uri": LINK}}, "text": "x"}
ADDRESS = "https://bsky.app/profile/p.bsky.social/post/key"
RUN_OUT = reply(400, {"error": "ExpiredToken"})
CREATE, RENEW = "/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.server.refreshSession"
PUT, UPLOAD, GET = (f"/xrpc/com.atproto.repo.{name}" for name in ("putRecord", "uploadBlob", "getRecord"))


@pytest.fixture
def _nobody_signed_in() -> Iterator[None]:
    bluesky._sessions.clear()
    yield
    bluesky._sessions.clear()


def on_bluesky(*answers: Reply) -> tuple[Bluesky, Asked]:
    made = Bluesky(channel(kind="bluesky", account="p.bsky.social"), "a-password", Templates())
    asked = Asked([*answers])
    made._server = asked  # type: ignore[assignment]
    return made, asked


def paths(asked: Asked) -> list[str]:
    return [path.partition("?")[0] for _, path in asked.requests]


pytestmark = pytest.mark.usefixtures("_nobody_signed_in")

RECORDS: dict[str, tuple[list[Reply], Look]] = {
    "there": ([SIGNED_IN, reply(200)], Look(Sight.THERE, ADDRESS)),
    "not there": ([SIGNED_IN, reply(400, {"error": "RecordNotFound"})], Look(Sight.NOT_THERE)),
    "another 400": ([SIGNED_IN, reply(400, {"error": "x"})], Look(Sight.UNREACHABLE, "answered 400: x")),
    "not that status": (
        [SIGNED_IN, reply(404, {"error": "RecordNotFound"})],
        Look(Sight.UNREACHABLE, "answered 404: RecordNotFound"),
    ),
    "a wrong password": ([reply(401)], Look(Sight.BLIND, "answered 401")),
    "busy": ([reply(429)], Look(Sight.UNREACHABLE, "answered 429")),
    "no session": ([reply(200, {})], Look(Sight.UNREACHABLE, "answered a sign-in without a session")),
}


@pytest.mark.parametrize(("answers", "found"), RECORDS.values(), ids=RECORDS)
def test_what_a_look_for_the_record_finds(answers: list[Reply], found: Look) -> None:
    at, asked = on_bluesky(*answers)
    assert at.look(POST) == found
    assert asked.requests[0] == ("POST", CREATE)
    assert asked.more[0] == {"document": {"identifier": "p.bsky.social", "password": "a-password"}}
    for way, path in asked.requests[1:]:
        assert (way, path) == ("GET", f"{GET}?repo=did%3Aplc%3Ap&collection=app.bsky.feed.post&rkey=key")
        assert asked.more[1] == {"token": "access-1"}


@pytest.mark.parametrize("missing", SESSION)
def test_a_session_without_one_of_its_parts_is_none(missing: str) -> None:
    at, _ = on_bluesky(reply(200, SESSION | {missing: ""}))
    assert at.prepare(POST, SAID) == Answer(Ending.NOT_NOW, "answered a sign-in without a session")
    assert bluesky._sessions == {}


def test_a_session_is_kept_for_its_account_and_password() -> None:
    at, _ = on_bluesky(SIGNED_IN, reply(200))
    at.look(POST)
    same, asked = on_bluesky(reply(200))
    assert same.look(POST).sight is Sight.THERE
    assert len(asked.requests) == 1
    other = Bluesky(channel(kind="bluesky", account="p.bsky.social"), "another", Templates())
    other._server = refused = Asked([reply(401)])  # type: ignore[assignment]
    assert other.look(POST).sight is Sight.BLIND
    assert paths(refused) == [CREATE]
    assert len(bluesky._sessions) == 1


@pytest.mark.parametrize("code", [400, 401])
@pytest.mark.parametrize("error", ["ExpiredToken", "InvalidToken"])
def test_a_token_that_ran_out_is_renewed_and_the_request_made_once_more(code: int, error: str) -> None:
    new = reply(200, SESSION | {"accessJwt": "access-2", "refreshJwt": "refresh-2"})
    at, asked = on_bluesky(SIGNED_IN, reply(code, {"error": error}), new, reply(200))
    assert at.look(POST).sight is Sight.THERE
    assert paths(asked) == [CREATE, GET, RENEW, GET]
    assert asked.requests[2][0] == "POST"
    assert asked.requests[1] == asked.requests[3]
    assert [more.get("token") for more in asked.more] == [None, "access-1", "refresh-1", "access-2"]
    assert [kept.access for kept in bluesky._sessions.values()] == ["access-2"]


@pytest.mark.parametrize(
    ("answers", "asked_for"),
    [
        ([RUN_OUT, reply(401), SIGNED_IN, reply(200)], [GET, RENEW, CREATE, GET]),
        ([RUN_OUT, reply(401), reply(401)], [GET, RENEW, CREATE]),
        ([reply(400, {"error": "x"})], [GET]),
        ([reply(403, {"error": "ExpiredToken"})], [GET]),
    ],
    ids=["signed in anew", "not even that", "another 400", "another status"],
)
def test_where_it_cannot_be_renewed_one_signs_in_anew(answers: list[Reply], asked_for: list[str]) -> None:
    at, asked = on_bluesky(SIGNED_IN, *answers)
    at.look(POST)
    assert paths(asked)[1:] == asked_for
    assert asked.answers == []
    assert len(bluesky._sessions) == int(CREATE not in asked_for or asked_for[-1] == GET)


def test_a_record_holds_the_words_the_link_and_the_card() -> None:
    at, asked = on_bluesky(SIGNED_IN, reply(200, {"blob": {"ref": "r"}}))
    ready = at.prepare(POST, SAID._replace(title="Über Ruhe"))
    assert isinstance(ready, Ready)
    text = ready.content["text"]
    (facet,) = ready.content["facets"]
    place = facet["index"]
    assert text.encode()[place["byteStart"] : place["byteEnd"]].decode() == LINK
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#link", "uri": LINK}]
    shown = {"uri": LINK, "title": "Über Ruhe", "description": "Three posts"}
    assert {name: value for name, value in ready.content.items() if name not in ("text", "facets")} == {
        "$type": "app.bsky.feed.post",
        "langs": ["de-AT"],
        "createdAt": "2026-11-26T15:00:00.000Z",
        "embed": {"$type": "app.bsky.embed.external", "external": shown},
    }
    assert ready.picture == {"ref": "r"}
    assert asked.requests[1] == ("POST", UPLOAD)
    assert asked.more[1] == {"token": "access-1", "body": CARD, "kind": "image/png"}


def test_what_was_frozen_of_a_record_is_not_made_again() -> None:
    at, _ = on_bluesky(SIGNED_IN, reply(200, {"blob": {"ref": "r"}}))
    assert at.prepare(POST._replace(content=RECORD), SAID) == Ready(RECORD, {"ref": "r"})


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (reply(200, {"blob": "odd"}), None),
        (reply(400), None),
        *((reply(code), Answer(Ending.REFUSED, f"answered {code}")) for code in (401, 403)),
        (reply(429), Answer(Ending.NOT_NOW, "answered 429")),
        (reply(500), Answer(Ending.NOT_NOW, "answered 500")),
    ],
)
def test_a_record_goes_without_a_picture_that_is_refused_but_not_without_a_right(
    answer: Reply, then: Any
) -> None:
    at, _ = on_bluesky(SIGNED_IN, answer)
    assert at.prepare(POST._replace(content=RECORD), SAID) == (then or Ready(RECORD, None))


@pytest.mark.parametrize(("size", "asked_for"), [(1_000_000, [CREATE, UPLOAD]), (1_000_001, [CREATE])])
def test_a_picture_that_is_too_large_is_not_offered(
    monkeypatch: pytest.MonkeyPatch, size: int, asked_for: list[str]
) -> None:
    monkeypatch.setattr(Shown, "card", lambda said: b"x" * size)
    at, asked = on_bluesky(SIGNED_IN, reply(400))
    at.prepare(POST._replace(content=RECORD), SAID)
    assert paths(asked) == asked_for


PUTS: dict[str, tuple[list[Reply], Answer]] = {
    "posted": ([reply(200, {"uri": "at://x"})], Answer(Ending.POSTED, ADDRESS)),
    "no address": ([reply(200)], Answer(Ending.IN_DOUBT, "answered without the post's address")),
    "there already": ([reply(400, {"error": "InvalidSwap"}), reply(200)], Answer(Ending.POSTED, ADDRESS)),
    "there, and not to be seen": (
        [reply(400, {"error": "InvalidSwap"}), reply(500)],
        Answer(Ending.IN_DOUBT, "answered 400: InvalidSwap"),
    ),
    "that word with another status": (
        [reply(409, {"error": "InvalidSwap"})],
        Answer(Ending.REFUSED, "answered 409: InvalidSwap"),
    ),
    "refused": ([reply(400)], Answer(Ending.REFUSED, "answered 400")),
    "busy": ([reply(429, retry_after="7")], Answer(Ending.NOT_NOW, "answered 429", 7.0)),
    "broken": ([reply(500)], Answer(Ending.IN_DOUBT, "answered 500")),
}


@pytest.mark.parametrize(("answers", "ended"), PUTS.values(), ids=PUTS)
def test_how_putting_the_record_can_end(answers: list[Reply], ended: Answer) -> None:
    at, asked = on_bluesky(SIGNED_IN, *answers)
    assert at.publish(POST, Ready(RECORD, {"ref": "r"})) == ended
    assert asked.answers == []
    assert asked.requests[1] == ("POST", PUT)
    shown = {"$type": "app.bsky.embed.external", "external": {"uri": LINK, "thumb": {"ref": "r"}}}
    assert asked.more[1] == {
        "token": "access-1",
        "document": {
            "repo": "did:plc:p",
            "collection": "app.bsky.feed.post",
            "rkey": "key",
            "record": {"embed": shown, "text": "x"},
            "swapRecord": None,
        },
    }


def test_a_record_without_a_picture_names_none_and_without_a_session_there_is_none() -> None:
    at, asked = on_bluesky(SIGNED_IN, reply(200))
    at.publish(POST, Ready(RECORD, None))
    assert asked.more[1]["document"]["record"] == RECORD
    bluesky._sessions.clear()
    at, _ = on_bluesky(reply(401))
    assert at.publish(POST, Ready(RECORD, None)) == Answer(Ending.REFUSED, "answered 401")
    assert at.may_repeat(MADE, MADE + timedelta(days=99)) is True


def test_trying_a_password_out_signs_in_anew() -> None:
    at, asked = on_bluesky(SIGNED_IN, SIGNED_IN)
    for _ in range(2):
        assert at.test() == "The app password is good for p.bsky.social. Nothing was posted."
    at.close()
    assert asked.closed
    assert paths(asked) == [CREATE, CREATE]
    at, _ = on_bluesky(reply(401))
    with pytest.raises(ProviderError, match=r"social\.example answered 401\.") as told:
        at.test()
    assert "RAPPORT_CHANNEL_ONE" in told.value.remedy


def test_a_post_holds_as_much_as_the_lexicon_says() -> None:
    """app.bsky.feed.post: maxGraphemes 300, maxLength 3000."""
    for title, whole in (("x" * 298, True), ("x" * 299, False)):
        short = SAID._replace(title=f"{title}", summary="", link="y")
        text = bluesky.worded(
            channel(kind="bluesky", account="a.b", text="{{ title }} {{ link }}"),
            Templates(),
            short,
            bluesky.LIMIT,
        )
        assert (text == f"{title} y") is whole
    assert bluesky.LIMIT.size == 3000


def test_a_script_without_spaces_is_not_cut_back_to_the_last_one() -> None:
    said = SAID._replace(
        title="\u3053\u308c\u306f \u9577\u3044\u6587\u7ae0\u3067\u3059\u3002" + "\u9577" * 400,
        summary="",
        link="y",
    )
    text = bluesky.worded(channel(kind="bluesky", account="a.b"), Templates(), said, bluesky.LIMIT)
    assert length(text) == 300


# A webhook

KEY = b"a key of at least 24 bytes"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def on_webhook(
    *answers: Reply, secret: str = SECRET, url: str = "https://hook.example/a?b=c"
) -> tuple[Webhook, Asked]:
    made, asked = Webhook(channel(kind="webhook", url=url), secret), Asked([*answers])
    made._server = asked  # type: ignore[assignment]
    return made, asked


WEBHOOK = {
    "type": "edition.sent",
    "timestamp": "2026-11-26T15:00:00+00:00",
    "data": {
        "edition": "weekly-1",
        "digest": "weekly",
        "subject": "A calm morning",
        "preheader": "Three posts",
        "url": LINK,
        "language": "de-AT",
        "sent_at": "2026-11-26T14:00:00+00:00",
        "posts": [{"title": "A post", "url": "https://willow.example/a"}],
    },
}


def test_no_part_of_a_receivers_address_that_may_be_secret_is_told() -> None:
    made = Webhook(channel(kind="webhook", url="https://hook.example/~a/b~/?c=d"), SECRET)
    assert made._server._secrets == ["/~a/b~/?c=d", "~a/b~", "c=d", SECRET]


def test_what_a_receiver_gets_is_frozen_and_signed(moment: time_machine.Traveller) -> None:
    at, asked = on_webhook(reply(204))
    ready = at.prepare(POST, SAID)
    assert ready == Ready(WEBHOOK)
    assert at.prepare(POST._replace(content={"type": "as it was"}), SAID) == Ready({"type": "as it was"})
    assert at.publish(POST, Ready(WEBHOOK | {"é": 1})) == Answer(Ending.POSTED, "")
    assert asked.requests == [("POST", "/a?b=c")]
    (sent,) = asked.more
    body = json.dumps(WEBHOOK | {"é": 1}, ensure_ascii=False, separators=(",", ":")).encode()
    now = str(int(MADE.timestamp()))
    signed = base64.b64encode(hmac.new(KEY, f"key.{now}.".encode() + body, hashlib.sha256).digest()).decode()
    assert sent == {
        "body": body,
        "kind": "application/json",
        "headers": {"webhook-id": "key", "webhook-timestamp": now, "webhook-signature": f"v1,{signed}"},
    }


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (reply(410), Answer(Ending.REFUSED, "answered 410")),
        (reply(404), Answer(Ending.NOT_NOW, "answered 404")),
        (reply(500), Answer(Ending.NOT_NOW, "answered 500")),
        (reply(429, retry_after="7"), Answer(Ending.NOT_NOW, "answered 429", 7.0)),
    ],
)
def test_how_a_delivery_can_end(answer: Reply, ended: Answer) -> None:
    at, _ = on_webhook(answer)
    assert at.publish(POST, Ready(WEBHOOK)) == ended
    assert at.look(POST) == Look(Sight.BLIND)
    assert at.may_repeat(MADE, MADE + timedelta(days=99)) is True


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://hook.example", "/"),
        ("https://hook.example/a/b", "/a/b"),
        ("https://hook.example?x=1", "/?x=1"),
    ],
)
def test_trying_a_receiver_out_delivers_a_test(url: str, path: str, moment: time_machine.Traveller) -> None:
    at, asked = on_webhook(reply(200), reply(500), url=url)
    assert at.test() == "A signed delivery of the type “channel.test” was sent, and the receiver took it."
    assert asked.requests == [("POST", path)]
    (sent,) = asked.more
    assert json.loads(sent["body"]) == {
        "type": "channel.test",
        "timestamp": "2026-11-26T15:00:00+00:00",
        "data": {},
    }
    assert sent["headers"]["webhook-id"] == f"msg_test_{int(MADE.timestamp())}"
    with pytest.raises(ProviderError, match=r"The receiver answered 500\.") as told:
        at.test()
    assert told.value.remedy == "Look at its log; check its url and key."
    at.close()
    assert asked.closed


@pytest.mark.parametrize(
    ("secret", "key"),
    [(SECRET, KEY), ("x" * 24, b"x" * 24), ("whsec_" + base64.b64encode(b"y" * 24).decode(), b"y" * 24)],
    ids=["base64", "any text", "just long enough"],
)
def test_a_key_is_base64_behind_its_prefix_or_any_long_text(secret: str, key: bytes) -> None:
    at, _ = on_webhook(secret=secret)
    assert at._key == key


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("whsec_" + SECRET.removeprefix("whsec_") + "!", "is not base64"),
        ("whsec_" + base64.b64encode(b"y" * 23).decode(), "shorter than 24 bytes"),
        ("x" * 23, "shorter than 24 bytes"),
    ],
)
def test_a_key_that_is_none_or_can_be_guessed_is_refused(secret: str, said: str) -> None:
    with pytest.raises(ProviderError, match=f"RAPPORT_CHANNEL_ONE .*{said}"):
        on_webhook(secret=secret)
