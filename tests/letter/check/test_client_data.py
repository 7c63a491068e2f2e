"""caniemail's data as it is shipped: what is called graceful is there, and the rest is worth a finding."""

from __future__ import annotations

import json

import pytest

from pipeline.letter.check.clients import lacking
from pipeline.letter.check.graceful import ADVICE, GRACEFUL
from tests.letter.reduce_caniemail import KEPT, reduced, written

SHIPPED = json.loads(KEPT.read_text("utf-8"))


def test_every_feature_that_is_judged_is_in_the_data() -> None:
    assert set(GRACEFUL) <= set(SHIPPED["features"])
    assert set(ADVICE) <= set(SHIPPED["features"])


def test_no_feature_is_both_harmless_and_advised_against() -> None:
    assert not set(GRACEFUL) & set(ADVICE)


@pytest.mark.parametrize(
    ("feature", "clients"),
    [
        ("css-position", "Gmail, Outlook for Windows and Outlook (iOS)"),
        ("css-display-flex", "Outlook for Windows"),
        ("image-webp", "Outlook for Windows"),
        ("image-svg", "Gmail (web)"),
        ("css-variables", "Gmail, Outlook and Yahoo"),
    ],
)
def test_the_clients_that_lack_a_feature_are_named(feature: str, clients: str) -> None:
    found = lacking(feature)
    assert found is not None
    assert found.clients == clients


def test_a_feature_that_all_know_is_lacking_nowhere() -> None:
    assert lacking("css-padding") is None


def test_the_licence_is_shipped_with_the_data() -> None:
    licence = KEPT.with_name("caniemail.LICENSE").read_text("utf-8")
    assert "MIT License" in licence
    assert "Rémi Parmentier" in licence


def test_the_newest_answer_of_a_client_counts() -> None:
    stats = {
        "gmail": {p: {"2019-01": "y", "2024-01": "n #1"} for p in ("desktop-webmail", "ios", "android")},
        "outlook": {"windows": {"2007": "n", "2019": "a #2"}, "macos": {"16.80": "n"}},
    }
    data = {
        "last_update_date": "2026-05-13 14:45:41 +0000",
        "data": [
            {"slug": "css-x", "title": " x ", "stats": stats},
            {"slug": "css-known", "title": "known", "stats": {"gmail": {"ios": {"2024": "y"}}}},
        ],
    }
    small = reduced(data)
    assert small["updated"] == "2026-05-13"
    assert small["features"] == {"css-x": ["x", ["Gmail", "Outlook for Mac"]]}
    assert json.loads(written(data)) == small
