"""What stands in the log: whom it is for, what it is about, and what never gets into it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
import time_machine

from pipeline.core import logs
from subscribers.tokens import Purpose, Seen, Tokens
from tests.waiting import get

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)

log = logging.getLogger("pipeline.somewhere")


@pytest.fixture
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def test_people_read_what_is_worth_a_warning_and_with_verbose_each_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for verbose in (False, True):
        with logs.to_stderr(json=False, verbose=verbose), logs.about(run="a1", edition="weekly-1"):
            log.info("a step")
            log.warning("look")
    about = "[run a1 edition weekly-1]"
    assert capsys.readouterr().err == f"Warning: look\na step {about}\nWarning: look {about}\n"
    log.warning("later")
    assert "later" not in capsys.readouterr().err, "only while the command lasts"


@pytest.mark.usefixtures("noon")
def test_a_json_line_has_every_field_whatever_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.to_stderr(json=True, verbose=True), logs.about(run="a1", digest="weekly"):
        with logs.about(edition="weekly-1", batch="b2"):
            log.info("%d handed over", 2)
        log.error("it\nfailed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first == {
        "time": "2026-11-26T12:00:00.000+00:00", "level": "info", "logger": "pipeline.somewhere", "run": "a1",
        "digest": "weekly", "edition": "weekly-1", "batch": "b2", "message": "2 handed over",
    }  # fmt: skip
    assert (second["edition"], second["batch"], second["message"]) == (None, None, "it failed")


def test_threads_and_runs_side_by_side_do_not_mix_what_they_are_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import threading

    begun, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with logs.about(edition="weekly-2"):
            begun.set()
            go_on.wait(10)
            log.warning("of the other")

    with logs.to_stderr(json=True, verbose=False), logs.about(edition="weekly-1"):
        thread = threading.Thread(target=other)
        thread.start()
        begun.wait(10)
        log.warning("of this one")
        go_on.set()
        thread.join()
    said = {
        line["message"]: line["edition"] for line in map(json.loads, capsys.readouterr().err.splitlines())
    }
    assert said == {"of this one": "weekly-1", "of the other": "weekly-2"}


def test_no_token_of_any_purpose_and_no_address_stays_in_a_text() -> None:
    tokens = Tokens([b"a secret for the tests alone"])
    links = [tokens.sign(purpose, 7, 3) for purpose in Purpose]
    links += [tokens.sign_until(purpose, 7, NOON) for purpose in Purpose]
    seen = Seen(3, NOON, b"0123456789abcdef", b"a decide", b"the editor")
    links += [tokens.sign_deciding(purpose, seen) for purpose in Purpose]
    for token in links:
        for text in (f"GET /unsubscribe/{token} failed", f"({token})", f"x%2F{token}&", f"'{token}\\n'"):
            assert token not in logs.redacted(text)
    who = (("reader", "example.net"), ("o'neil+tag", "mail.example.org"), ("jörg", "bücher.example"))
    for name, host in who:
        for address in (f"{name}@{host}", f"{name}%40{host}"):
            for text in (
                f"to {address}",
                f"<{address}>",
                f"('{address}',)",
                f"mailto:{address}",
                f"e={address}&",
            ):
                assert host not in logs.redacted(text)
                assert name.rpartition("'")[2] not in logs.redacted(text)
    assert "hunter2" not in logs.redacted("postgresql://rapport:hunter2@db.example/letters")


def test_no_secret_of_the_environment_stays_in_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "an-odd-key")
    monkeypatch.setenv("RAPPORT_SMTP_PASSWORD", "correct horse")
    monkeypatch.setenv("RAPPORT_SECRET", "newer one,older one")
    said = logs.redacted("an-odd-key, correct horse, newer one, older one, SG.other.key-of-another")
    assert said == ", ".join(["[secret]"] * 5)


def test_what_the_log_is_for_stays_in_it() -> None:
    wanted = "weekly-12, batch 0f8fad5b-d9cb-469f-a165-70867728950e: https://example.org/blog?format=rss: 503"
    assert logs.redacted(wanted) == wanted


def test_a_stack_trace_is_redacted_too(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (False, True):
        with logs.to_stderr(json=as_json, verbose=False):
            try:
                raise ValueError("reader@example.net has no name")
            except ValueError:
                log.exception("it failed")
    said = capsys.readouterr().err
    assert said.count("ValueError: [address] has no name") == 2
    assert "reader@example.net" not in said


def test_libraries_say_only_what_is_worth_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    for name in ("httpx", "python_http_client.client", "uvicorn.access"):
        # Whatever a server in this process set up before.
        for attribute, value in (("level", logging.DEBUG), ("handlers", []), ("propagate", True)):
            monkeypatch.setattr(logging.getLogger(name), attribute, value)
    with logs.to_stderr(json=False, verbose=True):
        with pytest.raises(httpx.ConnectError):
            get("http://127.0.0.1:1/unsubscribe/a-token")
        logging.getLogger("python_http_client.client").debug("Authorization: Bearer SG.key")
        logging.getLogger("uvicorn.access").info("GET /unsubscribe/a-token")
    assert capsys.readouterr().err == ""
