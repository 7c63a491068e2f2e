"""Which secrets are listed, which signed what, and what is dead or would be. On both databases."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import signers
from pipeline.doctor import signing
from pipeline.editions.ledger.signing_keys import history, remember
from subscribers import clock, times
from subscribers.tokens import Tokens
from tests.doctor.conftest import SECRET, found, levels, only
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe
from tests.ledgers import handed_over

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database
    from tests.doctor.conftest import Make

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

OLD, NEW = "an old secret that signs links", "a new secret that signs links"


def fingerprint(secret: str) -> str:
    return Tokens([secret.encode()]).fingerprints[0]


def signed(database: Database, number: int, secret: str, days_ago: int) -> None:
    with database.write() as connection:
        handed_over(connection, number)
        at = clock.now() - timedelta(days=days_ago)
        connection.execute(insert(signers).values(edition_id=number, fingerprint=fingerprint(secret), at=at))


@pytest.fixture
def url(database: Database) -> dict[str, Any]:
    return {"database": {"url": database.url.render_as_string(hide_password=False)}}


def test_a_retired_secret_names_the_editions_whose_links_are_dead(
    make: Make, database: Database, url: dict[str, Any]
) -> None:
    for number, days in ((1, 30), (2, 23), (3, 16)):
        signed(database, number, OLD, days)
    signed(database, 4, NEW, 2)
    finding = only(signing.retired, make({"RAPPORT_SECRET": NEW}, **url))
    assert finding.level == "error"
    assert "weekly-1 to weekly-3 (3 editions)" in finding.message
    assert times.day(clock.now() - timedelta(days=16), UTC) in finding.message
    assert OLD not in str(finding)


def test_after_sixty_days_it_is_a_warning(make: Make, database: Database, url: dict[str, Any]) -> None:
    signed(database, 1, OLD, 61)
    finding = only(signing.retired, make({"RAPPORT_SECRET": NEW}, **url))
    assert (finding.level, "weekly-1 are dead" in finding.message) == ("warning", True)


def test_what_would_die_with_an_older_secret_is_said(
    make: Make, database: Database, url: dict[str, Any]
) -> None:
    signed(database, 1, OLD, 10)
    findings = found(signing.retired, make({"RAPPORT_SECRET": f"{NEW},{OLD}"}, **url))
    assert levels(findings) == ["ok", "ok"]
    assert "Secret number 2 signed the links in weekly-1" in findings[0].message
    assert f"until {times.day(clock.now() + timedelta(days=50), UTC)}" in findings[0].message


@pytest.mark.databases("sqlite", "postgresql")
def test_sending_keeps_what_signed_once_for_each_edition(database: Database, tmp_path: Path) -> None:
    with time_machine.travel("2026-11-24T12:00Z", tick=True) as traveller, Blog() as blog:
        made = installation(database, tmp_path, blog.url)
        subscribe(database, 2)
        for number, secret in enumerate((OLD, f"{NEW},{OLD}"), 1):
            blog.items.append(Item(f"Post {number}", clock.now() - timedelta(hours=1)))
            made = installation(database, tmp_path, blog.url)
            made.environment = {"RAPPORT_SECRET": secret}
            assert run_one(made, at_once=True).outcome == "sent"
            traveller.shift(timedelta(days=8))
    with database.read() as connection:
        last = connection.scalars(select(editions.c.id).order_by(editions.c.id.desc()).limit(1)).one()
        kept = [(one.fingerprint, one.first, one.last, one.editions) for one in history(connection)]
    assert kept == [
        (fingerprint(NEW), "weekly-2", "weekly-2", 1),
        (fingerprint(OLD), "weekly-1", "weekly-1", 1),
    ]
    remember(database, last, fingerprint(NEW))
    with database.read() as connection:
        assert len(connection.execute(select(signers)).all()) == 2


def test_a_fingerprint_tells_secrets_apart_and_holds_none() -> None:
    assert fingerprint(OLD) == fingerprint(OLD) != fingerprint(NEW)
    assert len(fingerprint(OLD)) == 16


@pytest.mark.parametrize(
    ("secret", "level", "said"),
    [
        (SECRET, "ok", "One secret"),
        (f"{NEW},{OLD}", "ok", "2 secrets"),
        ("too short", "error", "shorter than 16"),
        ("16 characters ok", "warning", "number 1"),
        (f"{NEW},{'a' * 40}", "warning", "number 2"),
    ],
)
def test_secrets_are_counted_and_weak_ones_told(make: Make, secret: str, level: str, said: str) -> None:
    finding = only(signing.secrets, make({"RAPPORT_SECRET": secret}))
    assert finding.level == level
    assert said in finding.message
    assert secret not in str(finding)


def test_the_file_beside_the_database_must_be_private_and_is_not_made(make: Make, tmp_path: Path) -> None:
    none = {"RAPPORT_SECRET": ""}
    assert "no secret yet" in only(signing.secrets, make(none)).message
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "rapport.secret"
    file.write_text(SECRET)
    file.chmod(0o640)
    context = make(none)
    assert only(signing.secrets, context).level == "ok"
    assert "mode 640" in only(signing.private, context).message
    assert only(signing.private, make(none)).level == "ok"
    file.write_text("")
    assert "is empty" in only(signing.secrets, make(none)).message
