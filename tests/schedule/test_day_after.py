"""The mail on the day after: figures of a letter, once, to staff who want it, about nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.schedule.alerts import alert_staff
from tests.installations import installation
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database


def mails(folder: Path) -> list[str]:
    found = sorted((folder / "outbox").glob("*.eml"))
    return [file.read_text() for file in found if "one day later" in file.read_text()]


def left_behind(database: Database, provider: str) -> None:
    with database.write() as connection:
        handed_over(
            connection, 1, [Left(people=4, apart={0: ("failed", "no such mailbox")})], provider=provider
        )


@pytest.mark.parametrize(
    ("wanted", "provider", "told"), [(True, "smtp", 1), (False, "smtp", 0), (True, "outbox", 0)]
)
def test_staff_who_want_it_are_told_once_on_the_day_after(
    sqlite_database: Database, tmp_path: Path, wanted: bool, provider: str, told: int
) -> None:
    staff = {"emails": ["editor@willow.example"], "day_after": wanted}
    installed = installation(sqlite_database, tmp_path, "https://willow.example/feed", staff=staff)
    left_behind(sqlite_database, provider)
    with time_machine.travel(AT + timedelta(hours=23), tick=False):
        alert_staff(installed)
        assert mails(tmp_path) == []
    for hours in (25, 27, 60):
        with time_machine.travel(AT + timedelta(hours=hours), tick=False):
            alert_staff(installed)
    found = mails(tmp_path)
    assert len(found) == told
    for mail in found:
        assert "weekly-1 was handed over to 3 readers" in " ".join(mail.split())
        assert "Bounced or refused: 1" in " ".join(mail.split())
        assert "example.net" not in mail
