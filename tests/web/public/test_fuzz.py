"""Anything at all at every public address: no failure of ours, nothing reflected, nobody told apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.web.public import network
from subscribers import mail_limits
from tests.installations import installation, subscribe
from tests.web.public.visitor import Addresses, Shape, Visitor, edition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

Tag = tuple[str, tuple[tuple[str, str | None], ...]]

MARK = "zq\"'<q>&"
"""Stands in what is sent; must never come back as it is."""

METHODS = ["GET", "HEAD", "POST", "POST", "POST", "PUT", "OPTIONS"]
KINDS = [
    "",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=x; charset=utf-7",
    "multipart/form-data; boundary=x; charset=unicode_escape",
    "application/json",
    "é",
]
FIELDS = ["email", "name", "digest", "website", "stamp", "do", "reason", "undo", "of", "pause", "else"]
BUTTONS = ["", "leave", "leave-all", "reason", "undo", "save", "move", "pause", "erase", "List-Unsubscribe"]

words = st.text(max_size=40).map(lambda text: f"{MARK}{text}") | st.text(max_size=40)
addresses_typed = st.sampled_from(["a@example.org", f"{MARK}@example.org", "reader1@example.net", "a@b@c"])
values = words | addresses_typed | st.sampled_from(BUTTONS)
fields = st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=6)


@pytest.fixture
def fuzzed(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    monkeypatch.setattr(mail_limits, "ASKS", 10**6)
    monkeypatch.setattr(mail_limits, "WAITING", 10**6)
    digests = [{"name": "weekly"}, {"name": "groups"}]
    practice = installation(database, tmp_path, "http://127.0.0.1:1/feed", digests=digests)
    subscribe(database, 2)
    visitor = Visitor(practice)
    yield visitor
    visitor.close()


def reflected(page: str) -> bool:
    return MARK in page or "<q>" in page or "zq\"'" in page


def body(kind: str, sent: list[tuple[str, str]], raw: bytes) -> dict[str, Any]:
    """What to post: a form as its kind says, or any bytes."""
    if raw:
        return {"content": raw, "headers": {"Content-Type": kind.encode()} if kind else {}}
    form: dict[str, Any] = {}
    for name, value in sent:
        form.setdefault(name, []).append(value.encode("utf-8", "surrogatepass"))
    if kind.startswith("multipart"):
        parts = [(name, (None, value)) for name, some in form.items() for value in some]
        return {"files": parts} if parts else {}
    return {"data": form}


def form_of(page: str) -> list[Tag]:
    """The form on a page, without what its fields hold and what is said of them."""
    more = {"value", "aria-describedby", "aria-invalid", "autofocus", "class"}
    tags = Shape(page[page.index("<form") : page.index("</form>")]).tags
    bare = [(tag, tuple(pair for pair in pairs if pair[0] not in more)) for tag, pairs in tags]
    said = [("p", (("id", f"{field}-error"),)) for field in ("email", "digest")]
    return [tag for tag in bare if tag not in [*said, ("div", ())]]


tricky = st.sampled_from(["/subscribe", "unsubscribe", "preferences", "confirm", "/subscribe/embed", "/x"])


@pytest.mark.databases("sqlite", "postgresql")
@settings(max_examples=150)
@given(
    method=st.sampled_from(METHODS),
    place=tricky,
    token=st.sampled_from([None, 1, 2, 99]) | st.text("ABab01_-%/", max_size=50),
    kind=st.sampled_from(KINDS),
    sent=fields,
    raw=st.binary(max_size=60),
    query=words,
)
def test_nothing_fails_and_nothing_is_reflected(
    fuzzed: Visitor,
    method: str,
    place: str,
    token: int | str | None,
    kind: str,
    sent: list[tuple[str, str]],
    raw: bytes,
    query: str,
) -> None:
    path = place
    if not place.startswith("/"):
        pages = Addresses(fuzzed.installation, 1)
        known = {"unsubscribe": pages.unsubscribe, "preferences": pages.preferences}
        path = known[place](token) if isinstance(token, int) and place in known else f"/{place}/{token}"
    more = body(kind, sent, raw) if method == "POST" else {}
    answer = fuzzed.ask(method, path, params={"q": query.encode("utf-8", "replace")}, **more)
    assert answer.status_code in (200, 400, 404, 405, 410, 413, 422)
    assert not reflected(answer.text)
    assert not any(reflected(value) for value in answer.headers.values())
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@settings(max_examples=40)
@given(name=words, email=words | addresses_typed, reason=words)
def test_only_the_fields_of_a_form_come_back_and_escaped(
    fuzzed: Visitor, name: str, email: str, reason: str
) -> None:
    page = fuzzed.post("/subscribe", {"name": utf8(name), "email": utf8(email)}).text
    # The same form, but for what says that something is wrong.
    assert form_of(page) == form_of(fuzzed.get("/subscribe").text)
    left = fuzzed.post(
        Addresses(fuzzed.installation, 1).unsubscribe(2), {"do": "reason", "reason": utf8(reason)}
    )
    assert left.status_code == 200
    assert not reflected(left.text)


@settings(max_examples=10)
@given(local=st.from_regex(re.compile(r"[a-z]{1,12}"), fullmatch=True))
def test_a_known_address_is_answered_like_an_unknown_one(fuzzed: Visitor, local: str) -> None:
    form = {"digest": "weekly"}
    known = fuzzed.post("/subscribe", form | {"email": "reader1@example.net"})
    unknown = fuzzed.post("/subscribe", form | {"email": f"{local}@example.org"})
    assert (known.status_code, known.content, known.headers) == (200, unknown.content, unknown.headers)


def test_the_fuzzing_would_see_a_reflection() -> None:
    assert reflected(f"<p>{MARK}</p>")


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network.REQUESTS, "amount", 10**6)


@pytest.fixture(autouse=True)
def _an_edition(fuzzed: Visitor) -> None:
    assert edition(fuzzed.installation) == 1


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
