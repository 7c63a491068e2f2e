"""POST /webhooks/sendgrid/inbound: mails as SendGrid's Inbound Parse posts them, over real HTTP."""

from __future__ import annotations

import itertools
import json
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from starlette.exceptions import HTTPException
from starlette.requests import Request

from pipeline.core.environment import INBOUND_KEY
from pipeline.core.schema import open_database
from pipeline.web.app import make_app
from pipeline.web.inbound import LARGEST
from pipeline.web.multipart import beginnings
from subscribers import directory
from subscribers.mail import SIZE
from subscribers.people import Status
from subscribers.tokens import Purpose
from tests.installations import installation
from tests.serving import serving
from tests.subscriptions.mailbox.mails import mail
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from pipeline.core.app import Installation

ROUTE = "/webhooks/sendgrid/inbound?key=made-up-by-the-practice"
NEWSLETTER = {
    "name": "The Weekly Letter",
    "from_email": "letter@example.org",
    "postal_address": "1 Willow Street, Springfield",
    "public_url": "https://letter.example.org",
    "unsubscribe_mailto": "leave@letter.example.org",
}


class Inbound:
    """The receiver, with one reader on the list, and somebody who posts to it."""

    def __init__(self, installed: Installation, client: httpx.Client, reader: str) -> None:
        self.installed = installed
        self.reader = reader
        self._client = client
        with installed.database.write() as connection:
            person = directory.add(connection, reader, digests=["weekly"], wording="Yes", source="test")
        assert person.id is not None
        self.token = installed.tokens.sign(Purpose.LETTER, person.id, 1)

    def post(self, fields: dict[str, str | bytes], **files: bytes) -> httpx.Response:
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields.items()]
        parts += [(name, (f"{name}.bin", value)) for name, value in files.items()]
        return self._client.post(ROUTE, files=parts)

    def request(self, **arguments: Any) -> httpx.Response:
        return self._client.request(arguments.pop("method", "POST"), ROUTE, **arguments)

    def parsed(self, sender: str = "", subject: str = "unsubscribe", **more: str) -> dict[str, str | bytes]:
        """A mail as SendGrid takes it apart, with the results that an honest one of the reader has."""
        sender = sender or self.reader
        return {
            "headers": f"Received: by mx.example.org\nFrom: {sender}\nSubject: {subject}\n",
            "dkim": "{@example.org : pass}",
            "to": "leave@letter.example.org",
            "from": sender,
            "subject": subject,
            "text": "\n",
            "envelope": json.dumps({"to": ["leave@letter.example.org"], "from": sender}),
            "charsets": json.dumps({"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8", "text": "utf-8"}),
            "attachments": "0",
            "SPF": "pass",
        } | more

    @property
    def gone(self) -> bool:
        with self.installed.database.read() as connection:
            person = directory.person(connection, self.reader)
        assert person is not None
        return person.subscriptions[0].status is Status.UNSUBSCRIBED


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("inbound")
    database = open_database(f"sqlite:///{folder / 'rapport.db'}")
    made = installation(database, folder, "https://example.org/feed", newsletter=NEWSLETTER)
    made.environment = {**os.environ, INBOUND_KEY: "made-up-by-the-practice"}
    yield made
    database.close()


@pytest.fixture(scope="module")
def client(installed: Installation) -> Iterator[httpx.Client]:
    with serving(make_app(installed)) as url, httpx.Client(base_url=url, timeout=LONGEST) as made:
        yield made


_numbers = itertools.count(1)


@pytest.fixture
def inbound(installed: Installation, client: httpx.Client) -> Inbound:
    return Inbound(installed, client, f"reader{next(_numbers)}@example.org")


FORGED = {"dkim": "none", "SPF": "softfail"}


def test_a_token_unsubscribes_whoever_sent_it_and_whatever_dkim_says(inbound: Inbound) -> None:
    answer = inbound.post(inbound.parsed("bob@work.example", f"unsubscribe {inbound.token}", **FORGED))
    assert answer.status_code == 200
    assert inbound.gone


def test_a_mail_posted_raw_is_read_as_it_came(inbound: Inbound) -> None:
    raw = mail("bob@work.example", f"unsubscribe {inbound.token}")
    assert inbound.post({"email": raw, "dkim": "none", "SPF": "none"}).status_code == 200
    assert inbound.gone


@pytest.mark.parametrize(
    "results",
    [
        {"dkim": "{@example.org : pass}", "SPF": "fail"},
        {"dkim": "{@elsewhere.example : fail, @mail.example.org : pass}", "SPF": "none"},
        {"dkim": "none", "SPF": "pass"},
        {"dkim": "none", "SPF": "Pass", "envelope": json.dumps({"from": "bounces@mail.example.org"})},
    ],
)
def test_an_address_leaves_when_its_own_domain_sent_the_mail(
    inbound: Inbound, results: dict[str, str]
) -> None:
    assert inbound.post(inbound.parsed(**results)).status_code == 200
    assert inbound.gone


@pytest.mark.parametrize(
    "results",
    [
        FORGED,
        {"dkim": "{@example.org : fail}", "SPF": "fail"},
        {"dkim": "{@attacker.example : pass}", "SPF": "fail"},
        {"dkim": "{@org : pass}", "SPF": "fail"},
        {"dkim": "{@badexample.org : pass}", "SPF": "fail"},
        {"dkim": "none", "SPF": "pass", "envelope": json.dumps({"from": "x@attacker.example"})},
        {"dkim": "", "SPF": ""},
    ],
)
def test_a_forged_sender_unsubscribes_nobody(inbound: Inbound, results: dict[str, str]) -> None:
    assert inbound.post(inbound.parsed(**results)).status_code == 200
    assert not inbound.gone


def keys(inbound: Inbound, monkeypatch: pytest.MonkeyPatch, known: str) -> None:
    monkeypatch.setattr(inbound.installed, "environment", {**os.environ, INBOUND_KEY: known})


@pytest.mark.parametrize("known", ["", " , "])
def test_where_no_key_is_set_only_a_token_counts_for_the_post_may_be_anybodys(
    inbound: Inbound, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    keys(inbound, monkeypatch, known)
    assert inbound.post(inbound.parsed()).status_code == 200
    assert not inbound.gone
    inbound.post(inbound.parsed(subject=f"unsubscribe {inbound.token}"))
    assert inbound.gone


def test_a_post_without_the_key_is_refused_before_anything_of_it_is_read(
    inbound: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(inbound, monkeypatch, "another-key")
    refused = inbound.post(inbound.parsed(subject=f"unsubscribe {inbound.token}"))
    assert (refused.status_code, refused.text) == (401, "no valid key\n")
    assert not inbound.gone
    # Were it looked at, it would be a 415.
    assert inbound.request(json={}).status_code == 401


def test_while_the_key_is_changed_the_old_and_the_new_one_are_good(
    inbound: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys(inbound, monkeypatch, "the-next-key, made-up-by-the-practice")
    assert inbound.post(inbound.parsed()).status_code == 200
    assert inbound.gone


@pytest.mark.parametrize(
    "fields",
    [
        {"envelope": json.dumps({"to": [], "from": ""})},
        {"headers": "From: reader@example.org\nAuto-Submitted: auto-replied\n"},
    ],
)
def test_bounces_and_automatic_replies_unsubscribe_nobody(inbound: Inbound, fields: dict[str, str]) -> None:
    assert inbound.post(inbound.parsed(subject=f"unsubscribe {inbound.token}", **fields)).status_code == 200
    assert not inbound.gone


def test_the_text_is_read_in_the_character_set_that_sendgrid_names(inbound: Inbound) -> None:
    fields = inbound.parsed(subject="Bonjour", charsets=json.dumps({"text": "iso-8859-1"}))
    inbound.post(fields | {"text": "Désabonner\n".encode("iso-8859-1")})
    assert inbound.gone


def test_mail_that_is_html_alone_is_read(inbound: Inbound) -> None:
    fields = inbound.parsed(subject="Hello", html="<p>Unsubscribe</p>")
    del fields["text"]
    inbound.post(fields)
    assert inbound.gone


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"subject": "When is the next letter?", "from": "ada@example.org"},
        {"email": b"\xff\x00" * 5000},
        {"headers": b"\xff\n\n", "envelope": "[" * 8000, "charsets": '{"text": 7}', "text": "x"},
    ],
)
def test_what_asks_for_nothing_is_answered_200_lest_it_come_again(
    inbound: Inbound, fields: dict[str, str | bytes]
) -> None:
    assert inbound.post(fields or {"attachments": "0"}).status_code == 200
    assert not inbound.gone


def test_every_answer_to_a_mail_is_the_same(inbound: Inbound) -> None:
    stranger = inbound.parsed("nobody@example.net", dkim="{@example.net : pass}")
    mails = [inbound.parsed(), inbound.parsed(), stranger, inbound.parsed(subject="Hello")]
    answers = [inbound.post(fields) for fields in mails]
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert all("example" not in answer.text for answer in answers)


def test_a_mail_that_could_not_be_written_is_asked_for_again(inbound: Inbound) -> None:
    engine = inbound.installed.database.engine

    def refused(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT"):
            cursor.execute("SELECT no_such_column")  # SQLite itself refuses, through SQLAlchemy

    event.listen(engine, "before_cursor_execute", refused)
    try:
        assert inbound.post(inbound.parsed()).status_code == 503
    finally:
        event.remove(engine, "before_cursor_execute", refused)
    assert not inbound.gone
    assert inbound.post(inbound.parsed()).status_code == 200
    assert inbound.gone


def test_attachments_do_not_come_between_a_mail_and_what_it_asks(inbound: Inbound) -> None:
    fields = inbound.parsed(subject=f"unsubscribe {inbound.token}")
    assert inbound.post(fields, attachment1=b"x" * 3_000_000, headers=b"\n").status_code == 200
    assert inbound.gone


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"data": {"subject": "unsubscribe"}}, 415),
        ({"json": {}}, 415),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 415),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400),
        ({"files": [("f", (None, "x"))] * 1001}, 413),
        ({"method": "GET"}, 405),
    ],
)
def test_what_sendgrid_does_not_post_is_refused(
    inbound: Inbound, arguments: dict[str, Any], status: int
) -> None:
    assert inbound.request(**arguments).status_code == status


def posted(body: bytes, boundary: str = "b", step: int = 65536) -> Request:
    """A request whose body comes in pieces of ``step`` bytes."""
    pieces = [body[at : at + step] for at in range(0, len(body), step)] + [b""]

    async def receive() -> dict[str, Any]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    kind = f"multipart/form-data; boundary={boundary}".encode()
    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind)]}, receive)


def form(*fields: tuple[str, bytes]) -> bytes:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields
    ]
    return b"".join(parts) + b"--b--\r\n"


def _run(reading: Coroutine[Any, Any, dict[str, bytes]]) -> dict[str, bytes]:
    """Run to the end, without an event loop: nothing in it waits for anything."""
    try:
        reading.send(None)
    except StopIteration as ended:
        found: dict[str, bytes] = ended.value
        return found
    raise AssertionError("it waited")


def read(request: Request) -> dict[str, bytes]:
    return _run(beginnings(request, {"subject", "text"}, kept=100, largest=2000))


VALUES = st.binary(max_size=300).filter(lambda value: b"--b" not in value)


@given(VALUES, VALUES, st.integers(1, 50))
def test_the_beginning_of_each_wanted_field_is_kept_however_the_body_is_cut(
    subject: bytes, text: bytes, step: int
) -> None:
    body = form(("other", text), ("subject", subject), ("text", text), ("subject", b"again"))
    assert read(posted(body, step=step)) == {"subject": subject[:100], "text": text[:100]}


def _answered(request: Request) -> int:
    try:
        read(request)
    except HTTPException as error:
        return error.status_code
    return 200


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_posted_as_a_form_end_in_anything_but_a_refusal(body: bytes, step: int) -> None:
    assert _answered(posted(b"--b\r\n" + body, step=step)) in (200, 400, 413)


def test_a_mail_of_thirty_megabytes_is_taken_in_little_memory() -> None:
    begins = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    piece = b"x" * 65536
    pieces = [begins % b"text", *[piece] * 230, b"\r\n" + begins % b"attachment1", *[piece] * 230]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    scope = {"type": "http", "method": "POST", "headers": posted(b"").scope["headers"]}
    tracemalloc.start()
    try:
        found = _run(beginnings(Request(scope, receive), {"text"}, kept=SIZE, largest=LARGEST))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == {"text": b"x" * SIZE}
    assert peak < 1_000_000


def test_a_body_past_the_limit_is_refused_while_it_comes() -> None:
    with pytest.raises(HTTPException) as refused:
        read(posted(form(("text", b"x" * 3000)), step=100))
    assert refused.value.status_code == 413
