"""Where letters go, in words; and the warning where readers could sign up and nobody is mailed."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.destination import Destination, trial
from pipeline.core.sections.delivery import Delivery


def delivery(provider: str = "outbox", folder: str = "outbox") -> Delivery:
    given: dict[str, Any] = {"provider": provider, "outbox": folder}
    return Delivery.model_validate(given)


@pytest.mark.parametrize(
    ("configured", "kept", "begun", "done", "state"),
    [
        ("outbox", None, False, "written to outbox/: nobody was mailed", "written"),
        ("outbox", "outbox", True, "written to outbox/: nobody was mailed", "written"),
        ("sendgrid", "outbox", True, "written to outbox/: nobody was mailed", "written"),
        ("sendgrid", "sendgrid", True, "sent", "sent"),
        ("outbox", "smtp", True, "sent", "sent"),
        ("smtp", None, False, "sent", "sent"),
        ("outbox", None, True, "sent", "sent"),  # from before providers were kept: nobody can tell
    ],
)
def test_what_became_of_an_edition_is_said_by_the_provider_that_it_went_to(
    configured: str, kept: str | None, begun: bool, done: str, state: str
) -> None:
    found = Destination.of_edition(delivery(configured), kept, begun=begun)
    assert (found.done, found.state("sent"), found.state("waiting")) == (done, state, "waiting")


@pytest.mark.parametrize("written", ["letters", "letters/", "/srv/letters"])
def test_the_outbox_bears_its_own_name(written: str) -> None:
    assert f"written to {written.rstrip('/')}/:" in Destination.of(delivery(folder=written)).done


@pytest.mark.parametrize(
    ("provider", "address", "warns"),
    [
        ("outbox", "https://letter.example.org", True),
        ("outbox", "https://example.org/brief", True),
        ("outbox", "https://203.0.113.7", True),
        ("outbox", "", False),
        ("outbox", "http://127.0.0.1:8000", False),
        ("outbox", "https://127.0.0.1", False),
        ("outbox", "https://[::1]:8443", False),
        ("outbox", "https://localhost:8443", False),
        ("outbox", "https://letter.localhost", False),
        ("smtp", "https://letter.example.org", False),
        ("sendgrid", "https://letter.example.org", False),
    ],
)
def test_it_warns_where_readers_could_sign_up_and_nobody_is_mailed(
    provider: str, address: str, warns: bool
) -> None:
    found = trial(delivery(provider), address)
    assert (found is not None) is warns
    if found:
        assert address in found[0]
        assert "nobody is mailed" in found[0]
        assert "delivery.provider" in found[1]
