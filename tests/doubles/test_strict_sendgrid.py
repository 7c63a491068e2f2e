"""The strict SendGrid refuses what SendGrid refuses, and shows what a person would receive."""

from __future__ import annotations

import copy
import http.client
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.doubles.sendgrid import StrictSendGrid
from tests.doubles.sendgrid.rules import RESERVED_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


def request(people: int = 2) -> dict[str, Any]:
    return {
        "personalizations": [
            {
                "to": [{"email": f"reader{n}@example.org"}],
                "headers": {"List-Unsubscribe": f"<https://example.org/u/{n}>"},
                "substitutions": {"%n%": f"Reader {n}"},
                "custom_args": {"subscriber": str(n)},
            }
            for n in range(people)
        ],
        "from": {"email": "letter@example.org", "name": "Letter"},
        "reply_to": {"email": "hello@example.org"},
        "subject": "For %n%",
        "content": [
            {"type": "text/plain", "value": "Hello %n%"},
            {"type": "text/html", "value": "<p>Hello %n%</p>"},
        ],
        "categories": ["weekly"],
        "custom_args": {"edition": "weekly-1", "batch": "b-1"},
        "tracking_settings": {"click_tracking": {"enable": False, "enable_text": False}},
    }


@pytest.fixture(scope="module")
def server() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as running:
        yield running


@dataclass(frozen=True)
class Elsewhere:
    """A strict SendGrid in another process."""

    url: str
    key: str


def post(
    server: StrictSendGrid | Elsewhere,
    body: object,
    path: str = "/v3/mail/send",
    method: str = "POST",
    **headers: str | None,
) -> tuple[int, dict[str, str], bytes]:
    sent = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json", "Accept": "*/*"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})  # type: ignore[misc]
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {name: value for name, value in sent.items() if value is not None})
    answer = connection.getresponse()
    result = answer.status, dict(answer.headers), answer.read()
    connection.close()
    return result


def listed(body: bytes) -> list[tuple[str | None, str]]:
    errors = json.loads(body)["errors"]
    assert all(set(error) == {"message", "field", "help"} for error in errors)
    return [(error["field"], error["message"]) for error in errors]


def test_a_right_request_is_queued_and_nothing_more_is_said(server: StrictSendGrid) -> None:
    status, headers, body = post(server, request())
    assert (status, body) == (202, b"")
    assert headers["X-Message-Id"]


# One rule each: what is changed in a right request, and the field that the error names.


def first(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["personalizations"][0]
    return found


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], str | None]] = {
    "no personalizations": (lambda b: b.pop("personalizations"), "personalizations"),
    "empty personalizations": (lambda b: b.update(personalizations=[]), "personalizations"),
    "1001 personalizations": (lambda b: b.update(request(1001)), "personalizations"),
    "1001 recipients": (
        lambda b: first(b).update(cc=[{"email": f"cc{n}@example.org"} for n in range(999)]),
        "personalizations",
    ),
    "no to": (lambda b: first(b).pop("to"), "personalizations.0.to"),
    "empty to": (lambda b: first(b).update(to=[]), "personalizations.0.to"),
    "address as a string": (lambda b: first(b).update(to=["a@b.org"]), "personalizations.0.to.0"),
    "no address": (lambda b: first(b).update(to=[{"name": "x"}]), "personalizations.0.to.0.email"),
    "bad address": (lambda b: first(b).update(to=[{"email": "a b@c"}]), "personalizations.0.to.0.email"),
    "address beyond ASCII": (
        lambda b: first(b).update(to=[{"email": "ä@b.org"}]),
        "personalizations.0.to.0.email",
    ),
    "semicolon in a name": (
        lambda b: first(b)["to"][0].update(name="Doe; Jane"),
        "personalizations.0.to.0.name",
    ),
    "same address twice": (
        lambda b: first(b)["to"][0].update(email="READER1@example.org"),
        "personalizations",
    ),
    "no from": (lambda b: b.pop("from"), "from.email"),
    "from without address": (lambda b: b.update({"from": {"name": "x"}}), "from.email"),
    "from name beyond ASCII": (lambda b: b["from"].update(name="Müller"), "from.name"),
    "two reply_to": (lambda b: b.update(reply_to_list=[{"email": "a@b.org"}]), "reply_to"),
    "no subject": (lambda b: b.pop("subject"), "subject"),
    "empty subject": (lambda b: b.update(subject=""), "subject"),
    "no content": (lambda b: b.pop("content"), "content"),
    "empty content": (lambda b: b["content"][0].update(value=""), "content.0.value"),
    "html before plain": (lambda b: b["content"].reverse(), "content"),
    "int in custom_args": (lambda b: first(b).update(custom_args={"subscriber": 1}), None),
    "int in shared custom_args": (lambda b: b.update(custom_args={"edition": 1}), None),
    "int in substitutions": (lambda b: first(b).update(substitutions={"%n%": 1}), None),
    "int in a header": (lambda b: first(b).update(headers={"X-N": 1}), None),
    "custom_args of 10,000 bytes": (
        lambda b: first(b).update(custom_args={"a": "x" * 9_999}),
        "personalizations.0.custom_args",
    ),
    "custom_args of 10,000 bytes in both": (
        lambda b: (first(b).update(custom_args={"a": "x" * 5_000}), b.update(custom_args={"b": "x" * 5_000})),
        "personalizations.0.custom_args",
    ),
    "substitutions over 10,000 bytes": (
        lambda b: first(b).update(substitutions={"%n%": "é" * 5_000}),
        "personalizations.0.substitutions",
    ),
    "line break in a header": (
        lambda b: first(b).update(headers={"X-N": "a\r\nBcc: b@c.org"}),
        "personalizations.0.headers.X-N",
    ),
    "header beyond ASCII": (
        lambda b: first(b).update(headers={"X-N": "é"}),
        "personalizations.0.headers.X-N",
    ),
    "header name with a blank": (
        lambda b: first(b).update(headers={"X N": "a"}),
        "personalizations.0.headers",
    ),
    "11 categories": (lambda b: b.update(categories=[str(n) for n in range(11)]), "categories"),
    "category twice": (lambda b: b.update(categories=["a", "a"]), "categories"),
    "category of 256": (lambda b: b.update(categories=["x" * 256]), "categories"),
    "send_at too far": (lambda b: b.update(send_at=int(time.time()) + 73 * 3600), "send_at"),
    "send_at as text": (lambda b: b.update(send_at="1"), "send_at"),
    "tracking as text": (
        lambda b: b["tracking_settings"]["click_tracking"].update(enable="false"),
        "tracking_settings.click_tracking.enable",
    ),
    "sandbox as text": (
        lambda b: b.update(mail_settings={"sandbox_mode": {"enable": "true"}}),
        "mail_settings.sandbox_mode.enable",
    ),
    "two bypasses": (
        lambda b: b.update(
            mail_settings={
                "bypass_list_management": {"enable": True},
                "bypass_spam_management": {"enable": True},
            }
        ),
        "mail_settings",
    ),
    "asm without group": (lambda b: b.update(asm={"groups_to_display": [1] * 26}), "asm.groups_to_display"),
    "pool name": (lambda b: b.update(ip_pool_name="x"), "ip_pool_name"),
    "unknown key": (lambda b: b.update(idempotency_key="x"), "idempotency_key"),
    "unknown key of a person": (lambda b: first(b)["to"][0].update(id="1"), "personalizations.0.to.0"),
    "unknown key of a personalization": (lambda b: first(b).update(categories=["x"]), "personalizations.0"),
    "unknown tracking": (lambda b: b["tracking_settings"].update(pixel={}), "tracking_settings"),
    "unknown tracking key": (
        lambda b: b["tracking_settings"]["click_tracking"].update(on=True),
        "tracking_settings.click_tracking",
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_every_rule_of_the_request_is_kept(server: StrictSendGrid, rule: str) -> None:
    change, field = REFUSED[rule]
    body = copy.deepcopy(request())
    change(body)
    before = server.requests
    status, headers, answer = post(server, body)
    assert status == 400
    assert headers["Content-Type"] == "application/json"
    assert field in [named for named, _ in listed(answer)]
    assert server.requests == before


@pytest.mark.parametrize("name", sorted(RESERVED_HEADERS))
@pytest.mark.parametrize("shared", [True, False])
def test_a_reserved_header_is_refused_in_any_case(server: StrictSendGrid, name: str, shared: bool) -> None:
    body = request()
    (body if shared else first(body))["headers"] = {name.title(): "x"}
    assert post(server, body)[0] == 400


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(request(1000)),
        lambda b: first(b).update(custom_args={"a": "x" * 9_000}),
        lambda b: first(b).update(substitutions={"%n%": "x" * 9_997}),
        lambda b: b.update(categories=["x" * 255, *map(str, range(9))]),
        lambda b: first(b)["to"][0].update(name="Zoë Döe"),
        lambda b: b.update(subject="Für 心"),
        lambda b: b.update(send_at=int(time.time()) + 71 * 3600),
    ],
)
def test_what_is_just_within_the_limits_is_taken(
    server: StrictSendGrid, change: Callable[[dict[str, Any]], object]
) -> None:
    body = request()
    change(body)
    assert post(server, body)[0] == 202


def test_the_wrong_type_of_a_string_gets_the_useless_answer(server: StrictSendGrid) -> None:
    body = request()
    body["custom_args"] = {"edition": 12}
    assert json.loads(post(server, body)[2]) == {
        "errors": [{"message": "Bad Request", "field": None, "help": None}]
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 5_000, b'{"mail_settings":7,"asm":[],"content":{}}'],
)
def test_what_is_no_request_at_all_is_a_400_and_nothing_worse(server: StrictSendGrid, body: bytes) -> None:
    assert post(server, body)[0] == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer SG.other"}, 401),
        ({"Authorization": "Basic abc"}, 401),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": None}, 415),
        ({"Accept": None}, 406),
        ({"Content_Encoding": "gzip"}, 415),
    ],
)
def test_every_rule_of_the_headers_is_kept(
    server: StrictSendGrid, headers: dict[str, str | None], status: int
) -> None:
    answered, _, body = post(server, request(), **headers)
    assert answered == status
    assert listed(body)


def test_a_key_without_the_scope_is_forbidden() -> None:
    with StrictSendGrid(scopes=["stats.read"]) as server:
        assert post(server, request())[0] == 403


def test_other_places_and_methods_are_refused(server: StrictSendGrid) -> None:
    assert post(server, request(), path="/v3/mail/sent")[0] == 404
    assert post(server, b"", method="GET")[0] == 405


def test_thirty_megabytes_are_too_many(server: StrictSendGrid) -> None:
    status, _, body = post(server, b" " * (30 * 1024 * 1024))
    assert status == 413
    assert listed(body)


def test_what_a_person_receives_takes_nothing_undocumented_for_granted() -> None:
    body = request()
    body["headers"] = {"List-Id": "<weekly.example.org>"}
    first(body)["headers"] = {"X-For": "%n%"}
    del body["personalizations"][1]["headers"]
    first(body)["custom_args"]["batch"] = "b-of-their-own"
    with StrictSendGrid() as server:
        assert post(server, body)[0] == 202
        one, two = server.deliveries
    assert one.headers == {"X-For": "%n%"}, "neither merged nor substituted"
    assert two.headers == {"List-Id": "<weekly.example.org>"}
    assert (one.subject, one.text, one.html) == ("For Reader 0", "Hello Reader 0", "<p>Hello Reader 0</p>")
    assert (one.edition, one.batch, one.subscriber) == ("weekly-1", "b-of-their-own", "0")
    assert (two.batch, two.subscriber, two.categories) == ("b-1", "1", ("weekly",))


@pytest.mark.parametrize(("name", "charset"), [("Zoe", "us-ascii"), ("Zoë", "iso-8859-1"), ("Zoë—", "utf-8")])
def test_the_charset_of_a_part_comes_from_its_characters_alone(name: str, charset: str) -> None:
    body = request(1)
    first(body)["substitutions"] = {"%n%": name}
    body["content"][1]["value"] = '<meta charset="utf-8"><p>%n%'
    with StrictSendGrid() as server:
        post(server, body)
        assert server.deliveries[0].html_charset == server.deliveries[0].text_charset == charset


def test_three_full_requests_take_well_under_a_second(server: StrictSendGrid) -> None:
    bodies = [json.dumps(request(1000)).encode() for _ in range(3)]
    start = time.process_time()
    assert [post(server, body)[0] for body in bodies] == [202, 202, 202]
    assert time.process_time() - start < 1.0


def test_it_runs_as_a_process_of_its_own_and_tells_what_it_took() -> None:
    command = [sys.executable, "-m", "tests.doubles.sendgrid", "--port", "0", "--key", "SG.own"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        remote = Elsewhere(process.stdout.readline().strip(), "SG.own")
        assert post(remote, [{"kind": "Answer", "status": 503}], path="/__faults")[0] == 200
        assert [post(remote, request())[0] for _ in range(2)] == [503, 202]
        lines = post(remote, b"", path="/__accepted", method="GET")[2].splitlines()
        assert [json.loads(line)["subscriber"] for line in lines] == ["0", "1"]
        full = post(remote, b"", path="/__accepted?bodies=1", method="GET")[2].splitlines()
        assert json.loads(full[0])["html"] == "<p>Hello Reader 0</p>"
        counts = json.loads(post(remote, b"", path="/__counts", method="GET")[2])
        assert (counts["attempts"], counts["requests"]) == (2, 1)
    finally:
        process.kill()
        process.communicate()
