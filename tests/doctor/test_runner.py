"""All checks at once: in order, in bounded time, and whatever happens in one of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import RapportError
from pipeline.doctor import runner
from pipeline.doctor.dns import Unknown
from pipeline.doctor.finding import ok, quoted
from pipeline.doctor.runner import make_rounds
from tests.doctor.conftest import SECRET, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.doctor.context import Patient
    from pipeline.doctor.finding import Finding
    from tests.doctor.conftest import Make


def well(patient: Patient) -> Iterator[Finding]:
    yield ok("well", "All is well.")


def slow(patient: Patient) -> Iterator[Finding]:
    time.sleep(0.1)
    yield ok("slow", "In the end.")


def breaks(patient: Patient) -> Iterator[Finding]:
    yield ok("breaks", "So far.")
    raise ValueError(f"with {SECRET} and https://letter.example.org/unsubscribe/token")


def told(patient: Patient) -> Iterator[Finding]:
    raise RapportError(f"It said {SECRET}.", "Do this.")
    yield


def unknown(patient: Patient) -> Iterator[Finding]:
    raise Unknown("example.org", "nobody knows")
    yield


def test_what_breaks_is_a_finding_and_shows_no_secret(make: Make) -> None:
    findings = make_rounds((slow, well, breaks, told, unknown), make(), lambda done, total: None)
    assert levels(findings) == ["ok", "ok", "ok", "error", "error", "warning"]
    assert findings[3].name == "test_runner.breaks"
    assert "ValueError" in findings[3].message
    assert (findings[4].message, findings[4].remedy) == ("It said ***.", "Do this.")
    assert "example.org could not be looked up" in findings[5].message
    for finding in findings:
        assert SECRET not in str(finding)
        assert "token" not in finding.message


def test_what_hangs_is_not_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SECONDS", 0.2)
    free = threading.Event()

    def hangs(patient: Patient) -> Iterator[Finding]:
        free.wait()
        yield ok("hangs", "At last.")

    seen: list[tuple[int, int]] = []
    findings = make_rounds((hangs, well), make(), lambda done, total: seen.append((done, total)))
    free.set()
    assert levels(findings) == ["error", "ok"]
    assert seen[0] == (0, 2)
    assert seen[-1] == (2, 2)


@pytest.mark.parametrize("stranger", ["\x1b[31mred\x07", "a\nb", "\x9b", "\u202e"])
def test_a_stranger_controls_no_terminal(stranger: str) -> None:
    assert quoted(stranger).isprintable()
