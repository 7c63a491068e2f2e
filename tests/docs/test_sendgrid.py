"""docs/sendgrid.md: every command of it, against a strict SendGrid, a name server and a web server."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import blocks
from tests.docs.conftest import SENDGRID, lead_to_section_4, needs_web_servers, trusted
from tests.doctor.authenticated import publish
from tests.doubles.names import NameServer
from tests.doubles.sendgrid import EventWebhook, StrictSendGrid, body_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.docs.machine import Machine

KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyour-key=="
"""What stands in the guide for SendGrid's verification key."""


@pytest.fixture
def names() -> Iterator[NameServer]:
    """With what the guide has its reader enter."""
    with NameServer() as server:
        publish(server, reports="answers@example.org")
        server.add("in.example.org", "MX", "10 mx.sendgrid.net.")
        yield server


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    """Whose key has the scopes of section 2."""
    scopes = [
        "mail.send", "suppression.read",
        "tracking_settings.read", "whitelabel.read", "user.webhooks.event.settings.read",
    ]  # fmt: skip
    with StrictSendGrid(scopes=scopes) as server:
        yield server


@needs_web_servers
@pytest.mark.installed
def test_every_command_of_the_guide_does_what_it_says(
    make_machine: Callable[..., Machine], names: NameServer, sendgrid: StrictSendGrid
) -> None:
    webhook = EventWebhook()
    machine = make_machine(**{KEY: webhook.public_key, "SG.your-key": sendgrid.key})
    machine.environment |= {
        "RAPPORT_DELIVERY__SENDGRID__API_URL": sendgrid.url,
        "RAPPORT_DOCTOR__RESOLVER": names.address,
    }
    lead_to_section_4(machine)
    machine.systemctl("reload", "caddy")
    machine.systemctl("start", "rapport-serve")
    for block in blocks(SENDGRID):
        if block.section == 3 and not sendgrid.account.domains:
            sendgrid.account.authenticate("example.org")
        if block.section == 4 and not sendgrid.account.webhooks:
            url = machine.here("https://letter.example.org/webhooks/sendgrid")
            sendgrid.account.post_events(url, public_key=webhook.public_key)
        machine.do(block)
    # What SendGrid signs arrives through the web server, byte for byte.
    body = body_of([{"event": "open", "email": "you@example.org", "timestamp": 1, "sg_event_id": "1"}])
    url = machine.here("https://letter.example.org/webhooks/sendgrid")
    post = urllib.request.Request(url, body, webhook.signed(body))
    with urllib.request.urlopen(post, context=trusted(machine)) as answer:
        assert answer.status == 204
    assert [delivery.subject for delivery in sendgrid.deliveries] == [
        "[Test] What happens in a first session",
        "What happens in a first session",
    ]
    assert sendgrid.problems == []
