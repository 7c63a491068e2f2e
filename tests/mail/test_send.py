"""A mail to one person: from the newsletter, without list headers, by a provider that is closed again."""

from __future__ import annotations

from email import message_from_bytes
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.core.config import Config
from pipeline.core.templates import Templates
from pipeline.mail.notice import notice_mail
from pipeline.mail.send import addressee, mailing
from pipeline.providers import BatchResult, Result

if TYPE_CHECKING:
    from email.message import Message as Mail
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.providers import Batch, Message


def config(**newsletter: str) -> Config:
    values: dict[str, Any] = {
        "newsletter": {"name": "The Letter", "from_email": "letter@example.org"} | newsletter,
        "feeds": [{"url": "https://example.org/feed"}],
    }
    return Config.model_validate(values)


def notice(settings: Config, number: int = 1) -> Message:
    return notice_mail(settings, Templates(), number, subject="Two\nlines", text="It broke.\n\nMend it.")


def practice(folder: Path, settings: Config) -> Installation:
    return cast("Installation", SimpleNamespace(config=settings, folder=folder))


def mails(folder: Path) -> list[Mail]:
    return [message_from_bytes(file.read_bytes()) for file in sorted((folder / "outbox").glob("*.eml"))]


def test_each_mail_goes_to_its_one_addressee_and_bears_no_list_headers(tmp_path: Path) -> None:
    with mailing(practice(tmp_path, config())) as send:
        for number, address in enumerate(("ann@example.net", "ben@example.net")):
            outcome = send(notice(config(), number), addressee(address))
            assert outcome.result is Result.ACCEPTED
    found = mails(tmp_path)
    assert [mail["To"] for mail in found] == ["ann@example.net", "ben@example.net"]
    assert not [name for mail in found for name in mail if name.lower().startswith("list-")]


def test_each_says_that_no_person_wrote_it(tmp_path: Path) -> None:
    with mailing(practice(tmp_path, config())) as send:
        send(notice(config()), addressee("ann@example.net", 7))
    assert mails(tmp_path)[0].get_all("Auto-Submitted") == ["auto-generated"]  # RFC 3834, 5


def test_a_subject_is_one_line(tmp_path: Path) -> None:
    assert notice(config()).subject == "The Letter: Two lines"


@pytest.mark.parametrize(
    ("newsletter", "answers"),
    [({}, "letter@example.org"), ({"reply_to": "hello@example.org"}, "hello@example.org")],
)
def test_answers_go_to_reply_to_or_else_to_the_sender(newsletter: dict[str, str], answers: str) -> None:
    assert notice(config(**newsletter)).reply_to == answers


class Provider:
    """Counts what is handed to it, until it is closed."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.closed = False

    def send(self, message: Message, batch: Batch) -> BatchResult:
        self.batches.append(batch)
        return BatchResult(Result.ACCEPTED)

    def close(self) -> None:
        self.closed = True


def test_the_provider_is_closed_whatever_happens_and_every_batch_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Provider()
    monkeypatch.setattr("pipeline.mail.send.provider", lambda config, folder: opened)

    def work() -> None:
        with mailing(practice(tmp_path, config())) as send:
            send(notice(config()), addressee("ann@example.net"))
            send(notice(config()), addressee("ann@example.net", 7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert opened.closed
    assert [len(batch.recipients) for batch in opened.batches] == [1, 1]
    assert [batch.recipients[0].subscriber for batch in opened.batches] == [0, 7]
    assert len({batch.id for batch in opened.batches}) == 2
