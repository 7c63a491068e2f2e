"""The practice confirms the numbers once a year, and is shown what to confirm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.templates import Templates
from pipeline.letter.crisis.confirmation import unconfirmed
from subscribers import clock
from tests.letter.samples import config

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("days", "level"),
    [
        (None, "warning"),
        (0, ""),
        (179, ""),
        (180, "warning"),
        (364, "warning"),
        (365, "error"),
        (900, "error"),
    ],
)
def test_numbers_are_good_for_half_a_year_and_go_out_for_a_year(days: int | None, level: str) -> None:
    day = "" if days is None else (NOW - timedelta(days)).date().isoformat()
    found = unconfirmed(config(newsletter={"country": "US", "crisis_checked": day}), Templates())
    assert (found.level if found else "") == level


def test_what_is_to_be_confirmed_is_shown_with_its_source_and_how() -> None:
    found = unconfirmed(config(newsletter={"country": "US"}), Templates())
    assert found is not None
    for part in ("emergency: 911", "988 Suicide & Crisis Lifeline 988, 988lifeline.org", "2025-09",
                 "https://988lifeline.org/get-help/what-to-expect"):  # fmt: skip
        assert part in found.message
    for part in ("Call the line", "without dialling", 'crisis_checked = "2026-11-30"', "[newsletter]",
                 "rapport.toml", "letter/crisis.toml"):  # fmt: skip
        assert part in found.remedy
    assert found.where == "configuration: newsletter.crisis_checked"


def test_an_age_is_told_in_days_with_what_comes() -> None:
    found = unconfirmed(config(newsletter={"country": "DE", "crisis_checked": "2026-04-01"}), Templates())
    assert found is not None
    assert "confirmed 243 days ago, on 2026-04-01; no letter goes out with them after a year" in found.message


def test_a_country_without_an_entry_is_told() -> None:
    found = unconfirmed(config(newsletter={"country": "SE", "crisis_checked": "2026-11-01"}), Templates())
    assert found is not None
    assert (found.level, "No numbers for SE" in found.message) == ("warning", True)
    assert "countries.SE" in found.remedy


def test_without_a_country_there_is_nothing_to_confirm() -> None:
    assert unconfirmed(config(), Templates()) is None
