"""The list of words for locked screens: whole words, in any spelling, and the operator's to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.templates import Templates
from pipeline.letter.check.listed import sensitive

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Coping with ANXIETY", ["ANXIETY"]),
        ("When you feel depressed", ["depressed"]),
        ("Self-harm and how to help", ["Self-harm"]),
        ("Self harm and how to help", ["Self harm"]),
        ("Self\u2011harm and how to help", ["Self\u2011harm"]),
        ("Panic  attacks at night", ["Panic  attacks"]),
        ("Schizoaffective, and loved", ["Schizoaffective"]),
        ("Life after an affair", ["affair"]),
        ("Ádhd at work", ["Ádhd"]),
        ("Your PTSD, your pace", ["PTSD"]),
        ("Grapes and therapy", []),
        ("Add a walk to your day", []),
        ("Sleep, stress and the sea", []),
        ("A man in a Pandemic, Scraped", []),
        ("", []),
    ],
)
def test_a_word_is_found_whole_in_any_spelling(text: str, found: list[str]) -> None:
    assert list(sensitive(text, Templates(), "en")) == found


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("de", "Wenn die Trauer bleibt: über Verlust und Angststörungen", ["Trauer", "Angststörungen"]),
        ("de-AT", "Zwänge verstehen", ["Zwänge"]),
        ("de", "Ein Spaziergang nach der Therapie, und guter Schlaf", []),
        ("es", "Cómo hablar de la ansiedad y el duelo", ["ansiedad", "duelo"]),
        ("es", "Un paseo, buen sueño y la familia en terapia", []),
        ("fr", "L’anxiété au travail, le deuil", ["anxiété", "deuil"]),
        ("de", "Geburtstrauma, Brustkrebs, Sozialphobie", ["Geburtstrauma", "Brustkrebs", "Sozialphobie"]),
        ("de", "Tablettensucht und PTBS", ["Tablettensucht", "PTBS"]),
        ("de", "Er schl\u00e4gt mich, sagt sie", ["schl\u00e4gt mich"]),
        ("de", "Sehnsucht, Eifersucht und ein Besuch, den niemand gesucht hat", []),
        ("en", "Is my drinking a problem?", ["my drinking"]),
        ("en", "Anxious parents, codependent partners", ["Anxious", "codependent"]),
        ("en", "He hits me. Losing a baby. Miscarrying", ["hits me", "Losing a baby", "Miscarrying"]),
        ("es", "Se quit\u00f3 la vida. Dejar de beber", ["quit\u00f3 la vida", "Dejar de beber"]),
        (
            "fr",
            "Il me frappe. Arr\u00eater de boire. Avorter",
            ["me frappe", "Arr\u00eater de boire", "Avorter"],
        ),
        ("fr", "Une promenade, le sommeil et la famille en thérapie", []),
    ],
)
def test_the_other_languages_have_lists_of_their_own(language: str, text: str, found: list[str]) -> None:
    assert list(sensitive(text, Templates(), language)) == found


def test_the_operators_list_stands_in_for_ours(tmp_path: Path) -> None:
    (tmp_path / "sensitive-words.txt").write_text("# mine\nsandcastle*  # with a reason\n")
    assert list(sensitive("Sandcastles and depression", Templates(tmp_path), "en")) == ["Sandcastles"]
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "sensitive-words.txt").write_text("depression")
    assert list(sensitive("Sandcastles and depression", Templates(tmp_path), "en")) == ["depression"]


def test_a_list_of_the_newsletters_language_counts_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sensitive-words.de.txt").write_text("ängste\nfluss", encoding="utf-8")
    assert list(sensitive("A\u0308ngste, Fluß, Depression", Templates(tmp_path), "de-AT")) == [
        "A\u0308ngste",
        "Fluß",
        "Depression",
    ]
    assert list(sensitive("Ängste und Depression", Templates(tmp_path), "en")) == ["Depression"]


def test_an_empty_list_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "sensitive-words.txt").write_text("# nothing\n*\n")
    assert list(sensitive("Depression", Templates(tmp_path), "en")) == []
