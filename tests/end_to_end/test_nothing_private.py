"""A whole run with everything going wrong: what processes print, log and measure holds nothing private.

Real processes, a strict SendGrid that is in a bad mood and says too much, strangers at the pages. Then all
that was written is looked through for addresses, tokens and keys, and for what must be in it instead.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pipeline.core.logs import FIELDS
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import Answer, EventWebhook, StrictSendGrid, body_of
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.doubles.sendgrid import Delivery

READERS = 7
SECRET = "the-secret-that-signs-the-links-of-this-practice"
WRONG_KEY = "SG.of-another-account.0123456789abcdefghijklmnopqrstuvwxyz"
LINK = re.compile(r"https://letter\.example\.org/(\w+(?:/\w+)?)/([\w-]{40,})")
ANY_ADDRESS = re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+\.\w+")
ANY_TOKEN = re.compile(r"(?<![\w-])[\w-]{44}(?:[\w-]{16})?(?![\w-])", re.ASCII)


@dataclass
class Everything:
    """One practice, and all that its processes ever wrote."""

    project: Project
    sendgrid: StrictSendGrid
    webhook: EventWebhook
    written: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Of the logs in JSON."""

    def rapport(self, *arguments: str, status: int = 0) -> str:
        """Run a command, and keep what it prints; gives its stdout."""
        process = self.project.start(*arguments)
        out, error = process.communicate(timeout=LONGEST)
        assert process.returncode == status, (arguments, out, error)
        self.keep(out, error, as_json="--json" in arguments)
        return out

    def keep(self, out: str, error: str, *, as_json: bool) -> None:
        self.written += [out, error]
        if as_json:
            self.lines += [json.loads(line) for line in error.splitlines()]

    @contextmanager
    def running(self, *arguments: str) -> Iterator[dict[str, Any]]:
        """A command that goes on, and the document it prints first."""
        process = self.project.start(*arguments, "--verbose", "--json")
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            yield json.loads(first)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                out, error = process.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        self.keep(first + out, error, as_json=True)

    def links(self) -> list[tuple[str, str]]:
        """Every page that a mail leads to, as it stands in it, and its token."""
        bodies = (one.text + str(one.headers) for one in self.sendgrid.deliveries)
        return sorted({match.groups() for body in bodies for match in LINK.finditer(body)})  # type: ignore[arg-type]

    def wait_for_more_letters_than(self, before: int) -> None:
        until(lambda: len(self.letters()) > before)

    def letters(self, edition: str = "weekly-1") -> list[Delivery]:
        return [one for one in self.sendgrid.deliveries if one.edition == edition]


@pytest.fixture
def everything(new_postgresql_database: Callable[[], str], tmp_path: Path) -> Iterator[Everything]:
    """A practice with a feed that works and one that does not, whose drafts must be approved; its processes
    share a PostgreSQL database."""
    published = datetime.now(UTC) - timedelta(days=1)
    webhook = EventWebhook()
    with Blog([Item("A calm morning", published)]) as blog, StrictSendGrid() as sendgrid:
        project = Project(tmp_path, installed=False)
        project.configure(
            blog.url,
            digest='approval = "required"',
            more=(
                f'[[feeds]]\nurl = "http://127.0.0.1:1/another"\n'
                f'[delivery]\nprovider = "sendgrid"\nbatch_size = 2\nprobe_public_url = false\n'
                f'[delivery.sendgrid]\napi_url = "{sendgrid.url}"\n'
                f'webhook_public_key = "{webhook.public_key}"\n'
                f'[staff]\nemails = ["editor@example.org"]\nheartbeat_url = "http://127.0.0.1:1/{SECRET}"\n'
            ),
        )
        project.environment |= {
            "SENDGRID_API_KEY": sendgrid.key,
            "RAPPORT_SECRET": SECRET,
            "RAPPORT_DATABASE__URL": new_postgresql_database(),
        }
        yield Everything(project, sendgrid, webhook)


def talkative(status: int) -> Answer:
    """An error in whose words SendGrid gives away whom and what it was about."""
    said = f"the key {StrictSendGrid().key} may not mail reader1@example.net (see reader2%40example.net)"
    return Answer(
        status, {"Retry-After": "0"}, body=json.dumps({"errors": [{"message": said, "field": None}]}).encode()
    )


def post_events(everything: Everything, client: httpx.Client) -> None:
    stamp = int(datetime.now(UTC).timestamp())
    kinds = ("bounce", "spamreport", "dropped", "what_is_this")
    events = [
        {
            "event": kind, "email": one.address, "timestamp": stamp, "type": "bounce",
            "sg_event_id": f"{kind}-{one.subscriber}", "reason": f"550 no mailbox {one.address} here",
            "edition": one.edition, "batch": one.batch, "subscriber": one.subscriber,
        }
        for kind, one in zip(kinds, everything.letters(), strict=False)
    ]  # fmt: skip
    body = body_of(events)
    signed = everything.webhook.signed(body)
    assert client.post("/webhooks/sendgrid", content=body, headers=signed).status_code == 204
    assert client.post("/webhooks/sendgrid", content=body).status_code == 401
    junk = b'[{"email": "reader3@example.net", "event": '
    refused = client.post("/webhooks/sendgrid", content=junk, headers=everything.webhook.signed(junk))
    assert refused.status_code == 400
    mail = {"from": "reader4@example.net", "subject": "unsubscribe", "headers": "From: reader4@example.net"}
    client.post("/webhooks/sendgrid/inbound", params={"key": "a-guess"}, data=mail)


def visit(everything: Everything, client: httpx.Client) -> None:
    """Open every link, press what can be pressed, and do what strangers do."""
    for page, token in everything.links():
        client.get(f"/{page}/{token}")
        client.get(f"/{page}/{token[:-1]}A")
    pages = dict(everything.links())
    assert client.post(f"/unsubscribe/{pages['unsubscribe']}").status_code == 200
    own = f"/preferences/{pages['preferences']}"
    for sent in (
        {"do": "move", "email": "moved@example.net"},
        {"do": "move", "email": "no address@"},
        {"do": "?"},
    ):
        client.post(own, data=sent)
    for sent in ({"email": "newcomer@example.net"}, {"email": "no address@example"}, {"email": "x" * 9000}):
        client.post("/subscribe", data=sent)
    client.post("/subscribe", content=b"\x00%%%reader5@example.net", headers={"Content-Type": "text/plain"})
    client.get("/reader6@example.net", params={"email": "reader6@example.net"})


def test_nothing_private_is_in_what_a_whole_run_writes(
    everything: Everything,
) -> None:
    sendgrid, project = everything.sendgrid, everything.project
    project.subscribe(READERS)
    with ExitStack() as stack:
        address = stack.enter_context(everything.running("serve", "--no-scheduler", "--port", "0"))["address"]
        client = stack.enter_context(httpx.Client(base_url=address, timeout=LONGEST))

        everything.rapport("run", "--now", "--verbose")  # mails the draft
        (approve,) = [token for page, token in everything.links() if page == "staff/approve"]
        assert client.post(f"/staff/approve/{approve}").status_code == 200
        project.environment["SENDGRID_API_KEY"] = WRONG_KEY
        everything.rapport("run", "--now", "--verbose", status=1)
        project.environment["SENDGRID_API_KEY"] = sendgrid.key
        project.rapport("editions", "resume", "weekly-1")
        sendgrid.faults.extend([talkative(429), talkative(400), Answer(502, body=b"<html>", accept=True)])
        everything.rapport("run", "--verbose", "--json", status=1)
        sendgrid.refused_addresses = {"reader3@example.net"}
        before = len(everything.letters())  # the batch that was taken, whatever its answer said
        stack.enter_context(everything.running("worker"))
        project.rapport("editions", "resume", "weekly-1")
        everything.wait_for_more_letters_than(before)  # by the worker: a run would be quicker
        everything.rapport("run", "--verbose", "--json")

        post_events(everything, client)
        visit(everything, client)
        everything.rapport("run", "--verbose", "--json")  # mails what is to be confirmed, and tells staff
        visit(everything, client)
        everything.written += [client.get(path).text for path in ("/readyz", "/metrics")]
        if "postgresql" in project.environment.get("RAPPORT_DATABASE__URL", ""):
            everything.written.append("")
    project.environment["RAPPORT_DATABASE__URL"] = "postgresql://rapport:hunter2@127.0.0.1:1/letters"
    everything.rapport("run", "--verbose", "--json", status=1)

    text = "\n".join(everything.written)
    held_back = {token for _, token in everything.links()} | {sendgrid.key, WRONG_KEY, SECRET, "hunter2"}
    assert len(held_back) > 2 * READERS, "there was something to hide"
    assert [secret for secret in held_back if secret in text] == []
    assert ANY_ADDRESS.findall(text) == []
    assert ANY_TOKEN.findall(text) == []

    # And it was looked through where it could have been found.
    assert all(set(FIELDS) <= line.keys() for line in everything.lines)
    batches = {line["batch"] for line in everything.lines if line["edition"] == "weekly-1"}
    assert {one.batch for one in everything.letters()} <= batches
    assert {line["digest"] for line in everything.lines} >= {"weekly"}
    assert len({line["run"] for line in everything.lines}) > 4
    assert {line["logger"] for line in everything.lines} >= {
        "pipeline.schedule.run",
        "pipeline.delivery.workers.jobs",
    }
    for said in ("weekly-1", "[address]", 'rapport_recipients{edition="weekly-1"', "/unsubscribe/{token}"):
        assert said in text, said
