"""Sending: what must hold before a letter leaves, whichever door it leaves by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from pipeline.core.errors import ProviderError, RapportError
from pipeline.core.signals import Stop
from pipeline.core.tables.editions import editions
from pipeline.delivery import send as module
from pipeline.delivery.send import deliver, send, send_test
from pipeline.editions import find
from pipeline.editions.ledger import outcomes, signing_keys
from pipeline.letter.personal import HOSTED_TAGS
from tests.installations import installation, subscribe
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

FEED = "https://example.org/feed"


@pytest.fixture
def installed(sqlite_database: Database, tmp_path: Path) -> Installation:
    """Mails to its outbox."""
    return installation(sqlite_database, tmp_path, FEED)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked at before a letter left. Each look is passed."""
    names: list[str] = []
    monkeypatch.setattr(module, "must_pass", lambda *_: names.append("check"))
    monkeypatch.setattr(module.probe, "must_answer", lambda *_: names.append("probe"))
    monkeypatch.setattr(module, "sync_leavers", lambda *_: names.append("sync"))
    return names


def standing(installed: Installation, status: str, *, approved: bool = True, **values: Any) -> Edition:
    """The edition weekly-1 for two readers who wait; ``approved``: as it stands now."""
    letter = {"html": "<p>Hello</p>", "text": "Hello", "snapshot_at": None, "finished_at": None}
    with installed.database.write() as connection:
        handed_over(connection, 1, [Left("waiting")], status=status, **letter | values)
        edition = find.by_id(connection, 1)
        said = edition.fingerprint().hex() if approved else "another letter"
        connection.execute(update(editions).values(approved=said))
        return find.by_id(connection, 1)


def given(installed: Installation, **how: Any) -> Edition:
    return send(installed, "weekly-1", lambda done, total: None, **how)


def waiting(installed: Installation) -> int:
    with installed.database.read() as connection:
        return outcomes.counts(connection, 1)["waiting"]


def test_one_that_is_sent_is_given_back_as_it_is(installed: Installation, asked: list[str]) -> None:
    edition = standing(installed, "sent", approved=False)
    assert given(installed) == edition
    assert (waiting(installed), asked) == (2, [])


@pytest.mark.parametrize("status", ["draft", "held", "paused", "skipped", "cancelled"])
def test_one_that_is_neither_approved_nor_on_its_way_is_not_sent(
    installed: Installation, asked: list[str], status: str
) -> None:
    standing(installed, status)
    with pytest.raises(RapportError, match=f"weekly-1 is {status}, not approved") as refused:
        given(installed)
    assert "rapport editions approve weekly-1" in refused.value.remedy
    assert (waiting(installed), asked) == (2, [])


@pytest.mark.parametrize(
    ("status", "how", "looks"),
    [
        ("approved", {}, ["check", "probe", "sync"]),
        ("approved", {"synced": True}, ["check"]),
        ("sending", {}, []),
    ],
)
def test_before_its_first_letter_leaves_it_is_checked_and_the_way_out_is_tried(
    installed: Installation, asked: list[str], status: str, how: dict[str, Any], looks: list[str]
) -> None:
    subscribe(installed.database, 2)
    standing(installed, status)
    assert given(installed, **how).status == "sent"
    assert asked == looks


@pytest.mark.parametrize("status", ["approved", "sending"])
def test_what_says_something_else_than_was_approved_goes_out_by_no_door(
    installed: Installation, asked: list[str], status: str
) -> None:
    standing(installed, status, approved=False)
    with pytest.raises(RapportError, match="is not what was approved"):
        given(installed)
    if status == "sending":
        with pytest.raises(RapportError, match="is not what was approved"):
            deliver(installed, 1, lambda done, total: None, stop=Stop())
    assert (waiting(installed), asked) == (2, [])


@pytest.mark.parametrize("status", ["approved", "sending"])
def test_what_was_composed_for_another_way_out_goes_out_by_no_door(
    installed: Installation, asked: list[str], status: str
) -> None:
    standing(installed, status, text=f"Hello, leave: {HOSTED_TAGS.unsubscribe}")
    with pytest.raises(RapportError, match=r"before delivery\.sendgrid\.unsubscribe was changed"):
        given(installed)
    if status == "sending":
        with pytest.raises(RapportError, match=r"before delivery\.sendgrid\.unsubscribe was changed"):
            deliver(installed, 1, lambda done, total: None, stop=Stop())
    assert (waiting(installed), asked) == (2, [])


def test_which_secret_signed_its_links_is_remembered(installed: Installation, asked: list[str]) -> None:
    standing(installed, "approved")
    given(installed)
    with installed.database.read() as connection:
        (signed,) = signing_keys.history(connection)
    assert (signed.fingerprint, signed.first) == (installed.tokens.fingerprints[0], "weekly-1")


@pytest.mark.parametrize("status", ["draft", "approved", "held", "paused", "cancelled"])
def test_a_worker_leaves_alone_what_is_not_being_sent(installed: Installation, status: str) -> None:
    edition = standing(installed, status, approved=False)
    assert deliver(installed, 1, lambda done, total: None, stop=Stop()) == edition
    assert waiting(installed) == 2


@pytest.mark.parametrize("status", ["sending", "sent"])
def test_a_worker_hands_over_what_is_on_its_way_and_waits_for_nobody(
    installed: Installation, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    subscribe(installed.database, 2)
    standing(installed, status)
    made: list[Any] = []
    real = module.Delivery
    monkeypatch.setattr(module, "Delivery", lambda *given: made.append(real(*given)) or made[-1])
    assert deliver(installed, 1, lambda done, total: None, stop=Stop()).status == "sent"
    assert waiting(installed) == 0
    assert [delivery.patience for delivery in made] == [0]


# Where people leave on the provider's page


@pytest.mark.parametrize(("hosted", "synced"), [("sendgrid", [True]), ("ours", [])])
def test_who_left_on_the_providers_page_is_taken_off_first(
    sqlite_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hosted: str,
    synced: list[bool],
) -> None:
    done: list[bool] = []
    monkeypatch.setattr("pipeline.delivery.suppression_sync.sync", lambda installed: done.append(True))
    delivery = {"provider": "sendgrid", "sendgrid": {"unsubscribe": hosted}}
    module.sync_leavers(installation(sqlite_database, tmp_path, FEED, delivery=delivery))
    assert done == synced


# The copy for staff


def test_a_copy_for_staff_is_marked_and_stands_in_no_ledger(installed: Installation, tmp_path: Path) -> None:
    edition = standing(installed, "draft")
    send_test(installed, edition, "Editor@Example.org")
    (mail,) = (tmp_path / "outbox").glob("*.eml")
    assert "Subject: [Test] A calm morning" in mail.read_text()
    assert "To: editor@example.org" in mail.read_text()
    assert waiting(installed) == 2


def test_of_an_edition_without_a_letter_there_is_no_copy(installed: Installation, tmp_path: Path) -> None:
    edition = standing(installed, "skipped", html="", text="")
    with pytest.raises(RapportError, match="weekly-1 is skipped: it has no letter"):
        send_test(installed, edition, "editor@example.org")
    assert not (tmp_path / "outbox").exists()


def test_a_copy_that_is_not_taken_is_told(installed: Installation, tmp_path: Path) -> None:
    edition = standing(installed, "draft")
    (tmp_path / "outbox").write_text("a file where the folder would be")
    with pytest.raises(RapportError):
        send_test(installed, edition, "editor@example.org")


def test_a_copy_that_the_provider_refuses_is_told_with_its_reason(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext

    from pipeline.providers import BatchResult, Result

    edition = standing(installed, "draft")
    refused = BatchResult(Result.REFUSED, "busy")
    monkeypatch.setattr(module, "mailing", lambda _: nullcontext(lambda message, reader: refused))
    with pytest.raises(ProviderError, match=r"The copy was not taken \(refused\): busy"):
        send_test(installed, edition, "editor@example.org")
