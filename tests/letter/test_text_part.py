"""The text part: as a person would type it, for readers of every script."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.letter.personal import TEXT_TAGS
from pipeline.letter.text import finished, underline, width, wrap
from tests.letter.cases import CHINESE_WORDS, HEBREW_WORDS, WORDS, cases
from tests.letter.samples import INTRO, config, letter, post


@pytest.fixture(scope="module", params=list(cases()))
def text(request: pytest.FixtureRequest) -> str:
    posts, pictures = cases()[request.param]
    return letter(posts, intro=INTRO, images=pictures).text


def test_lines_are_at_most_72_columns_but_for_addresses_and_endless_words(text: str) -> None:
    assert [line for line in text.splitlines() if width(line) > 72 and " " in line.strip()] == []


def test_there_is_no_debris(text: str) -> None:
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\n\n\n\n" not in text
    assert text[0] != "\n"
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_every_address_stands_on_a_line_of_its_own(text: str) -> None:
    with_address = [line for line in text.splitlines() if "https://" in line]
    assert with_address
    assert [line for line in with_address if not re.fullmatch(r"\s*https://\S+", line)] == []


def test_no_provider_takes_it_for_latin_1(text: str) -> None:
    assert text.isascii() or max(text) > "\xff"


def test_it_says_the_same_as_the_html_in_the_same_order() -> None:
    posts, pictures = cases()["sample"]
    made = letter(posts, intro=INTRO, images=pictures)
    said = [
        made.text.find(words) for words in ("The clocks", *(p.title for p in posts), "This letter is not")
    ]
    assert -1 not in said
    assert said == sorted(said)
    for address in (
        *(p.url or "" for p in posts),
        "https://harbourlane.example/contact",
        "https://harbourlane.example/hours",
        TEXT_TAGS.unsubscribe,
        TEXT_TAGS.preferences,
    ):
        assert f"\n{address}\n" in made.text


def test_a_post_without_a_link_offers_none() -> None:
    text = letter([post(1, "A title", "Words.", url=None)]).text
    assert "Read on" not in text


def test_chinese_wraps_by_what_it_takes_on_the_screen() -> None:
    lines = wrap(CHINESE_WORDS * 4).split("\n")
    assert len(lines) > 1
    assert all(60 < width(line) <= 72 for line in lines[:-1])
    assert "".join(lines) == CHINESE_WORDS * 4


def test_no_line_of_chinese_begins_with_a_full_stop() -> None:
    for before in range(20, 40):
        lines = wrap("心" * before + "。" + "心" * 40).split("\n")
        assert not any(line.startswith("。") for line in lines)


def test_hebrew_wraps_at_words() -> None:
    wrapped = wrap(f"{HEBREW_WORDS} {HEBREW_WORDS}")
    assert wrapped.replace("\n", " ") == f"{HEBREW_WORDS} {HEBREW_WORDS}"


def test_an_underline_is_as_long_as_what_it_underlines() -> None:
    assert underline("Hello there", "=") == "=" * 11
    assert underline("心が静か", "-") == "-" * 8
    assert underline("e\u0301te\u0301", "-") == "-" * 3


@pytest.mark.parametrize(
    ("written", "goes_out"),
    [
        ("Plain words  \n\n\n\n\nand more", "Plain words\n\n\nand more\n"),
        ("Café", "Café\u200c\n"),
        ("Café — 心", "Café — 心\n"),
        ("\n\nWords\n\n", "Words\n"),
    ],
)
def test_what_a_template_leaves_behind_is_tidied(written: str, goes_out: str) -> None:
    assert finished(written) == goes_out


@given(st.text(max_size=400))
def test_wrapping_loses_nothing_but_white_space(text: str) -> None:
    assert "".join(wrap(text).split()) == "".join(text.split())


@given(st.text(alphabet=st.sampled_from("ab 心。「」é\u0301🙂"), max_size=300))
def test_no_wrapped_line_is_wider_than_the_page_unless_one_piece_is(text: str) -> None:
    assert all(width(line) <= 72 or " " not in line for line in wrap(text).split("\n"))


def test_an_english_letter_of_ascii_words_reads_as_written() -> None:
    text = letter([post(1, "A title", WORDS)], config(newsletter={"notice": "", "signed_by": ""})).text
    assert "A title\n=======\nInes Calloway, 19 November 2025 · 3 min read\n\nPeople often tell us," in text
