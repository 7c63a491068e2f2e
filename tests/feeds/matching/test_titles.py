"""Titles that are one though their characters differ, and those that only look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.matching.titles import alike, folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's late", "It’s late"),
        ("“Quoted”", '"Quoted"'),
        ("Love — and loss", "Love - and loss"),
        ("2020–2026", "2020-2026"),
        ("Couples & chores", "Couples and Chores"),
        ("Couples &amp; chores", "Couples & chores"),
        ("Couples &amp;amp; chores", "Couples & chores"),
        ("Don&#8217;t", "Don't"),
        ("A  calm\u00a0morning ", "a calm morning"),
        ("Café", "Cafe\u0301"),
        ("Résumé", "Resume"),
        ("Straße", "STRASSE"),
        ("🌿 A calm morning ✨", "A calm morning"),
        ("A calm morning?!", "A calm morning"),
        ("un\u00adhappy", "unhappy"),
        ("ﬁnd", "find"),
        ("Ｆｕｌｌ", "Full"),
    ],
)
def test_the_same_title_typed_otherwise(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Part 1", "Part 2"), ("が", "か"), ("हिन्दी", "हनद"), ("🌿", "✨"), ("心", "静")],
)
def test_other_titles_stay_other_titles(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Saying no without a speech", "Saying no without speeches"),
        ("A Teusday evening group", "A Tuesday evening group"),
        ("When worry keeps you awake", "When worry keeps you awake | Harbour Lane"),
        ("Grief has no timetable", "Harbour Lane: Grief has no timetable"),
    ],
)
def test_a_correction_is_alike(one: str, other: str) -> None:
    assert alike(folded(one), folded(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Grief, part 1", "Grief, part 2"),
        ("Five ways to rest", "Why we rest"),
        ("A calm morning", "Whose turn is it?"),
        ("News", "New"),
    ],
)
def test_another_title_is_not(one: str, other: str) -> None:
    assert not alike(folded(one), folded(other))


@given(st.text(max_size=300))
def test_whatever_is_folded_stays_so_and_is_never_empty_for_words(title: str) -> None:
    once = folded(title)
    assert alike(once, once)
    assert len(once) <= 20 * len(title) + 20
    if any(character.isascii() and character.isalpha() for character in title):
        assert once
