"""Every route below /staff, as the application has them: what each role may ask, and forms of other sites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from starlette.routing import Mount, Route

from subscribers.staff import secret_values
from tests.web.public.visitor import everything
from tests.web.signing_in.browser import SESSION, StaffBrowser, signed_in
from tests.web.signing_in.conftest import ADMIN, EDITOR, VIEWER

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from starlette.routing import BaseRoute

    from pipeline.core.app import Installation
    from tests.web.public.visitor import Visitor

OPEN = {
    "/staff/sign-in", "/staff/link/x", "/staff/invitation/x", "/staff/passkey", "/staff/passkey/options",
    "/staff/sign-out",
}  # fmt: skip
"""Where nobody need be signed in. Each has a form token of its own."""

OWN = {"/staff/account", "/staff/account/passkey", "/staff/account/passkey/options"}
"""Everybody's own account."""

BY_LINK = re.compile(r"/staff/(approve|hold|skip)/")


class Asked(NamedTuple):
    method: str
    path: str


def routes(visitor: Visitor) -> Iterator[Asked]:
    def walk(found: list[BaseRoute], above: str) -> Iterator[Asked]:
        for route in found:
            if isinstance(route, Mount):
                yield from walk(list(route.routes), above + route.path)
            elif isinstance(route, Route):
                path = re.sub(r"\{[^}]*\}", "x", re.sub(r"\{[^}]*:number\}", "1", above + route.path))
                for method in sorted((route.methods or set()) - {"HEAD"}):
                    yield Asked(method, path)

    return (one for one in walk(visitor.app.router.routes, "") if one.path.startswith("/staff/"))


def posts(visitor: Visitor) -> list[str]:
    found = [one.path for one in routes(visitor) if one.method == "POST"]
    assert len(found) > 15
    return found


def form(browser: StaffBrowser) -> dict[str, str]:
    return {"csrf": secret_values.form_token(browser.cookies[SESSION])}


def test_who_is_not_signed_in_gets_no_page_but_those_to_sign_in_at(
    visitor: Visitor, practice: Installation
) -> None:
    browser, before = StaffBrowser(visitor), everything(practice.database)
    for method, path in routes(visitor):
        answer = browser.ask(method, path, {"csrf": "x"} if method == "POST" else None)
        browser.cookies.clear()
        if path in OPEN:
            assert answer.status_code in ((403,) if method == "POST" else (200, 410)), (method, path)
        elif BY_LINK.match(path):
            assert answer.status_code == 404, path
        elif path in OWN and method == "POST" and path != "/staff/account":
            assert answer.status_code == 403, path
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/staff/sign-in"), path
    assert everything(practice.database) == before


@pytest.mark.parametrize(
    ("address", "closed"),
    [(VIEWER, ("/staff/",)), (EDITOR, ("/staff/people", "/staff/accounts")), (ADMIN, ())],
)
def test_a_viewer_posts_nothing_and_an_editor_nothing_about_readers_and_staff(
    visitor: Visitor, practice: Installation, address: str, closed: tuple[str, ...]
) -> None:
    refused = []
    for path in posts(visitor):
        if path in OPEN | OWN or BY_LINK.match(path):
            continue
        browser = signed_in(visitor, address)
        before = everything(practice.database)
        answer = browser.post(path, form(browser))
        if answer.status_code == 403:
            refused.append(path)
            assert everything(practice.database) == before
    rest = [path for path in posts(visitor) if path not in OPEN | OWN and not BY_LINK.match(path)]
    assert refused == [path for path in rest if path.startswith(closed)]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "https://letter.example.org.evil.example"},
        {"origin": "https://letter.example.org@evil.example"},
        {"origin": "http://letter.example.org"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"host": "evil.example"},
        {"host": "127.0.0.1", "origin": "http://127.0.0.1:9"},
    ],
    ids=str,
)
def test_no_form_of_another_site_does_anything(
    visitor: Visitor, practice: Installation, headers: dict[str, str]
) -> None:
    browser = signed_in(visitor, ADMIN)
    before = everything(practice.database)
    for path in posts(visitor):
        if BY_LINK.match(path):
            continue  # those have a token of their own in their address
        answer = browser.post(path, form(browser), **headers)
        assert answer.status_code == 403, path
        assert not answer.headers.get_list("set-cookie"), path
    assert everything(practice.database) == before


def test_no_form_without_its_token_does_anything(visitor: Visitor, practice: Installation) -> None:
    browser, other = signed_in(visitor, ADMIN), signed_in(visitor, EDITOR)
    before = everything(practice.database)
    for path in posts(visitor):
        if BY_LINK.match(path):
            continue
        for data in ({}, {"csrf": ""}, {"csrf": "\udcff\u00e9"}, form(other)):
            body = data if data.get("csrf", "").isascii() else {"csrf": "é\ufffd"}
            assert browser.post(path, body).status_code in (400, 403), (
                path
            )  # an import: no form without a file
    assert everything(practice.database) == before


def must_not_be_framed(answer: httpx.Response, path: str) -> None:
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy or "frame-ancestors 'self'" in policy, path
    assert "script-src 'unsafe" not in policy, path
    assert "'unsafe-eval'" not in policy, path
    assert answer.headers["x-content-type-options"] == "nosniff", path
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer"), path
    assert answer.headers["cross-origin-opener-policy"] == "same-origin", path


def test_no_answer_is_framed_by_another_site(visitor: Visitor, practice: Installation) -> None:
    browser = signed_in(visitor, ADMIN)
    for method, path in routes(visitor):
        if path == "/staff/events":
            continue  # it has no end
        if path != "/staff/sign-out":
            must_not_be_framed(browser.ask(method, path, form(browser) if method == "POST" else None), path)
        must_not_be_framed(browser.ask("PUT", path), path)
        must_not_be_framed(browser.ask(method, path, host="evil.example"), path)
        browser = signed_in(visitor, ADMIN)
    for path in (
        "/staff",
        "/staff/nothing",
        "/staff/static/nothing.css",
        "/staff/static/../../../rapport.toml",
    ):
        must_not_be_framed(browser.get(path), path)
