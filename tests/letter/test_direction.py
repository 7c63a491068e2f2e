"""Which way texts run."""

from __future__ import annotations

import pytest

from pipeline.letter.direction import closed, of_language, of_text
from tests.letter.cases import ARABIC, CHINESE, HEBREW


@pytest.mark.parametrize("tag", ["he", "ar", "ar-EG", "fa", "ur_PK", "az-Arab", "en-Hebr", "YI"])
def test_these_languages_run_from_right_to_left(tag: str) -> None:
    assert of_language(tag) == "rtl"


@pytest.mark.parametrize("tag", ["en", "de-AT", "ja", "ur-Latn", "ar-Latn", "arn", ""])
def test_these_run_from_left_to_right(tag: str) -> None:
    assert of_language(tag) == "ltr"


@pytest.mark.parametrize(
    ("text", "way"),
    [
        (HEBREW, "rtl"),
        (f"“{ARABIC}” in English", "rtl"),
        (f"Why {HEBREW}?", "ltr"),
        (CHINESE, "ltr"),
        ("2025: 10 % 🙂", "rtl"),
        ("", "rtl"),
    ],
)
def test_a_text_runs_as_its_first_letter_does_else_as_what_is_around_it(text: str, way: str) -> None:
    assert of_text(text, "rtl") == way


def test_a_name_that_runs_the_other_way_is_closed_with_a_mark() -> None:
    assert closed("Ines", "ltr") == "Ines"
    assert closed("דנה", "ltr") == "דנה\u200e"
    assert closed("Ines", "rtl") == "Ines\u200f"
