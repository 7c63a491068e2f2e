"""The strict SendGrid's suppression lists, and its own unsubscribe page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.sendgrid import StrictSendGrid
from tests.doubles.test_strict_sendgrid import post, request
from tests.waiting import get

if TYPE_CHECKING:
    import httpx

TAG = "%%leave%%"


def ask(server: StrictSendGrid, path: str, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {server.key}", "Accept": "application/json", **headers}
    return get(f"{server.url}/v3/suppression/{path}", headers=given)


def test_a_list_is_given_in_pages_of_500_at_most() -> None:
    with StrictSendGrid() as server:
        for n in range(501):
            server.lists.add("bounces", f"reader{n}@example.org", created=n)
        assert len(ask(server, "bounces").json()) == 500
        (last,) = ask(server, "bounces?limit=500&offset=500").json()
        assert last == {"created": 500, "email": "reader500@example.org"}
        assert ask(server, "unsubscribes").json() == []


@pytest.mark.parametrize("query", ["limit=501", "limit=0", "limit=many", "offset=-1", "page=2"])
def test_a_question_it_does_not_know_is_refused(query: str) -> None:
    with StrictSendGrid() as server:
        assert ask(server, f"bounces?{query}").status_code == 400


def test_a_key_without_the_scope_and_a_wrong_key_are_refused() -> None:
    with StrictSendGrid(scopes=["mail.send"]) as server:
        assert ask(server, "bounces").status_code == 403
        assert ask(server, "bounces", Authorization="Bearer SG.other").status_code == 401


def hosted() -> dict[str, Any]:
    body = request(1)
    body["tracking_settings"] = {"subscription_tracking": {"enable": True, "substitution_tag": TAG}}
    body["content"] = [{"type": kind, "value": f"Leave: {TAG}"} for kind in ("text/plain", "text/html")]
    body["personalizations"][0]["headers"] = {"List-Id": "<weekly.example.org>"}
    return body


def test_its_own_page_stands_in_both_parts_and_in_headers_that_it_adds() -> None:
    with StrictSendGrid() as server:
        assert post(server, hosted())[0] == 202
        (delivery,) = server.deliveries
    assert delivery.html == delivery.text
    link = delivery.html.removeprefix("Leave: ")
    assert link.startswith("https://u1.sendgrid.example/")
    assert delivery.headers == {
        "List-Id": "<weekly.example.org>",
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@pytest.mark.parametrize("slip", ["no tag", "tag not in the text", "tag substituted", "two headers"])
def test_a_page_of_its_own_that_nobody_would_find_is_refused(slip: str) -> None:
    body = hosted()
    match slip:
        case "no tag":
            del body["tracking_settings"]["subscription_tracking"]["substitution_tag"]
        case "tag not in the text":
            body["content"][0]["value"] = "Goodbye"
        case "tag substituted":
            body["personalizations"][0]["substitutions"][TAG] = "https://example.org"
        case "two headers":
            body["personalizations"][0]["headers"]["List-Unsubscribe"] = "<https://example.org>"
    with StrictSendGrid() as server:
        status, _, answered = post(server, body)
    assert status == 400
    assert json.loads(answered)["errors"]
