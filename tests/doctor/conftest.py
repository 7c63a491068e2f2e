"""A practice to be examined, and a name server of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.doctor.context import Context
from tests.doubles.names import NameServer
from tests.doubles.sendgrid import StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.finding import Finding
    from pipeline.doctor.runner import Check

    Make = Callable[..., Context]

SECRET = "the secret that signs this practice's links"


def found(check: Check, context: Context) -> list[Finding]:
    return list(check(context))


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def only(check: Check, context: Context) -> Finding:
    (finding,) = check(context)
    assert bool(finding.remedy) == (finding.level != "ok")
    return finding


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


@pytest.fixture
def sendgrid(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        monkeypatch.setenv("SENDGRID_API_KEY", server.key)
        yield server


@pytest.fixture
def make(tmp_path: Path, names: NameServer) -> Iterator[Make]:
    """A practice that mails through SendGrid, unless ``sections`` say otherwise."""
    made: list[Context] = []

    def context_for(environment: dict[str, str] | None = None, **sections: Any) -> Context:
        newsletter = {
            "name": "Letter",
            "from_email": "letter@example.org",
            "postal_address": "1 Main Street",
            "public_url": "https://letter.example.org",
        }
        settings: dict[str, Any] = {
            "newsletter": newsletter | sections.pop("newsletter", {}),
            "feeds": [{"url": "http://127.0.0.1:1/feed"}],
            "match": {"url": "https://example.org/get-matched"},
            "delivery": {"provider": "sendgrid"},
            "doctor": {"resolver": names.address},
        }
        given = {"RAPPORT_SECRET": SECRET} if environment is None else environment
        context = Context.open(Config.model_validate(settings | sections), tmp_path, os.environ | given)
        made.append(context)
        return context

    yield context_for
    for context in made:
        context.close()
