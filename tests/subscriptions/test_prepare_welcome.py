"""What a digest's new readers are handed, or why they get nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from pipeline.core.errors import LetterError
from pipeline.core.tables.editions import editions
from pipeline.editions import find, welcome
from pipeline.editions.ledger import signing_keys
from pipeline.editions.message import message_of
from pipeline.mail.welcome import above, words_above, words_alone
from pipeline.subscriptions import prepare_welcome
from pipeline.subscriptions.prepare_welcome import NoWelcome, PreparedWelcome, prepare
from tests.installations import installation
from tests.ledgers import handed_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

NOW = datetime(2026, 11, 27, 14, tzinfo=UTC)
NEXT, FIRST = datetime(2026, 12, 3, 14, tzinfo=UTC), "The first letter comes on Thursday, December 3, 2026"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made(sqlite_database: Database, tmp_path: Path) -> Callable[..., Installation]:
    def of(**sections: Any) -> Installation:
        digests = [{"name": "weekly"}, {"name": "quiet", "welcome": "none"}]
        usual = {"digests": digests} | sections
        return installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed", **usual)

    with sqlite_database.write() as connection:
        handed_over(connection, 1, html="<html><body><p>Hello</p></body></html>", text="Hello")
    return of


def letter(installed: Installation) -> Edition:
    with installed.database.read() as connection:
        return find.by_id(connection, 1)


def prepared(installed: Installation) -> PreparedWelcome:
    found = prepare(installed, "weekly")
    assert isinstance(found, PreparedWelcome)
    return found


def test_the_newest_letter_is_handed_over_with_words_above_it(
    made: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = made()
    edition = letter(installed)
    monkeypatch.setattr(welcome, "newest", lambda installed, digest: edition)
    found = prepared(installed)
    assert (found.edition, found.message) == (edition, above(message_of(installed.config, edition)))
    assert found.words == words_above(installed.config, installed.templates, NEXT)
    (reader,) = found.links.recipients([(7, "ada@example.org")], 1)
    assert "weekly" in reader.headers["List-Id"]
    assert reader.headers["List-Unsubscribe"].startswith("<https://letter.example.org/unsubscribe/")


@pytest.mark.parametrize("went", [True, False])
def test_without_one_it_is_a_mail_of_its_own_that_names_the_first_letter_or_the_next(
    made: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch, went: bool
) -> None:
    installed = made()
    edition = letter(installed)
    monkeypatch.setattr(welcome, "newest", lambda installed, digest: None)
    monkeypatch.setattr(welcome, "by_itself", lambda installed, digest: edition)
    monkeypatch.setattr(welcome, "any_went", lambda connection, config, digest: went)
    found = prepared(installed)
    assert (found.edition, found.message) == (edition, message_of(installed.config, edition))
    assert found.words == words_alone(installed.config, installed.templates, NEXT, first=not went)
    assert (FIRST in " ".join(found.words.values())) is not went


@pytest.mark.parametrize("hosted", [True, False])
def test_which_secret_signs_its_links_is_remembered_where_they_are_ours(
    made: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch, hosted: bool
) -> None:
    group = {"provider": "sendgrid", "sendgrid": {"unsubscribe": "sendgrid"}} if hosted else {}
    installed = made(delivery=group)
    assert installed.config.delivery.hosted_unsubscribe is hosted
    edition = letter(installed)
    monkeypatch.setattr(welcome, "newest", lambda installed, digest: edition)
    kept: list[Any] = []
    monkeypatch.setattr(signing_keys, "remember", lambda *given: kept.append(given))
    prepared(installed)
    assert kept == ([] if hosted else [(installed.database, 1, installed.tokens.fingerprints[0])])


def fails(installed: Installation, digest: Any) -> Edition:
    raise LetterError("welcome.html: a tag is open", "Close it.")


NOTHING: dict[str, tuple[str, dict[str, Any], NoWelcome]] = {
    "a digest that is gone": ("monthly", {}, NoWelcome("monthly is in the configuration no more")),
    "one that greets nobody": ("quiet", {}, NoWelcome('welcome = "none"')),
    "a template that is being changed": ("weekly", {}, NoWelcome("welcome.html: a tag is open", later=True)),
}


@pytest.mark.parametrize(("digest", "sections", "why"), NOTHING.values(), ids=NOTHING)
def test_why_there_is_nothing_to_hand_over(
    made: Callable[..., Installation],
    monkeypatch: pytest.MonkeyPatch,
    digest: str,
    sections: dict[str, Any],
    why: NoWelcome,
) -> None:
    monkeypatch.setattr(welcome, "newest", fails)
    assert prepare(made(**sections), digest) == why


def test_without_a_postal_address_it_waits(made: Callable[..., Installation]) -> None:
    installed = made()
    newsletter = installed.config.newsletter.model_copy(update={"postal_address": ""})
    object.__setattr__(installed, "config", installed.config.model_copy(update={"newsletter": newsletter}))
    assert prepare(installed, "weekly") == NoWelcome("newsletter.postal_address is missing", later=True)
    with installed.database.read() as connection:
        assert connection.scalars(select(editions.c.id)).all() == [1], "nothing was made"


def test_nothing_is_for_good_unless_it_is_said() -> None:
    assert prepare_welcome.NoWelcome("gone").later is False
