"""Sentences are put together in one place, so that none ends in two full stops."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.core.words import sentence

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no answer", "no answer."),
        ("No answer.", "No answer."),
        ("did you mean name?", "did you mean name?"),
        ("Stop!", "Stop!"),
        ("and so on…", "and so on…"),
        ("It was broken off. ", "It was broken off."),
        ("", ""),
    ],
)
def test_a_sentence_ends_once(said: str, told: str) -> None:
    assert sentence(said) == told


def test_no_message_puts_a_full_stop_behind_what_may_have_one() -> None:
    told = re.compile(r"\{(?:\w+\.)*(?:error|message|reason|remedy|why|fault|refusal)\}\.")
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in (ROOT / "pipeline").rglob("*.py")
        for match in told.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []
