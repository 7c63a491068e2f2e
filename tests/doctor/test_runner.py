"""All checks at once: in order, in bounded time, and whatever happens in one of them."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import RapportError
from pipeline.core.finding import ok, quoted
from pipeline.doctor import runner
from pipeline.doctor.dns import Unanswered
from pipeline.doctor.runner import run_checks
from tests.doctor.conftest import SECRET, levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context
    from tests.doctor.conftest import Make


def well(context: Context) -> Iterator[Finding]:
    yield ok("well", "All is well.")


def slow(context: Context) -> Iterator[Finding]:
    time.sleep(0.1)
    yield ok("slow", "In the end.")


def breaks(context: Context) -> Iterator[Finding]:
    yield ok("breaks", "So far.")
    raise ValueError(f"with {SECRET} and https://letter.example.org/unsubscribe/token")


def told(context: Context) -> Iterator[Finding]:
    raise RapportError(f"It said {SECRET}.", "Do this.")
    yield


def unknown(context: Context) -> Iterator[Finding]:
    raise Unanswered("example.org", "nobody knows")
    yield


def test_what_breaks_is_a_finding_and_shows_no_secret(make: Make) -> None:
    findings = run_checks((slow, well, breaks, told, unknown), make(), lambda done, total: None)
    assert levels(findings) == ["ok", "ok", "ok", "error", "error", "warning"]
    assert findings[3].name == "test_runner.breaks"
    assert "ValueError" in findings[3].message
    assert (findings[4].message, findings[4].remedy) == ("It said ***.", "Do this.")
    assert "example.org could not be looked up" in findings[5].message
    for finding in findings:
        assert SECRET not in str(finding)
        assert "token" not in finding.message


def test_what_hangs_is_not_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, free = [0.0], threading.Event()
    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: moment[0]))

    def hangs(context: Context) -> Iterator[Finding]:
        free.wait()
        yield ok("hangs", "At last.")

    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        moment[0] = done * runner.SECONDS  # the time is up once one check is done

    findings = run_checks((hangs, well), make(), progress)
    free.set()
    assert levels(findings) == ["error", "ok"]
    assert seen[0] == (0, 2)
    assert seen[-1] == (2, 2)


@pytest.mark.parametrize("stranger", ["\x1b[31mred\x07", "a\nb", "\x9b", "\u202e"])
def test_a_stranger_controls_no_terminal(stranger: str) -> None:
    assert quoted(stranger).isprintable()
