"""The card of a letter: its size, its words in any script, its colours."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from pipeline.core.theme import Theme, look
from pipeline.letter import card
from pipeline.letter.card import HEIGHT, WIDTH, Words, draw, wrapped
from pipeline.letter.card.fonts import DEJAVU, drawable, font_for

LIGHT = look(Theme()).light
LONG = "When worry keeps you awake at ten to four, what to do about it, and whom to ask " * 5
CHINESE = "第一次咨询会发生什么"


def drawn(title: str, newsletter: str = "Harbour Lane Letter", theme: str = "harbour") -> Image.Image:
    palette = look(Theme(name=theme)).light  # type: ignore[arg-type]
    return Image.open(io.BytesIO(draw(Words(newsletter, title, "20 November 2025"), palette))).convert("RGB")


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    """Where something is drawn between the lines of name and date."""
    title = image.crop((0, 150, WIDTH, 510))
    ground = Image.new("RGB", title.size, LIGHT.paper)
    from PIL import ImageChops

    found = ImageChops.difference(title, ground).getbbox()
    assert found is not None
    return found


@pytest.mark.parametrize("title", ["Yes", "What happens in a first session", LONG, "Ä" * 300, ""])
def test_every_card_has_the_size_that_is_shown_whole_and_nothing_runs_out_of_it(title: str) -> None:
    made = drawn(title)
    assert made.size == (WIDTH, HEIGHT) == (1200, 630)
    left, top, right, bottom = ink(made)
    assert left >= 60
    assert right <= WIDTH - 60
    assert 0 < top < bottom < 345


@pytest.mark.parametrize(
    "title",
    [
        "Ärger über Größe",
        "Élève, œuvre, ¿qué?",
        "Žluťoučký kůň",
        "Как начать",
        "Πώς",
        "מה קורה",
        "ما الذي",
        "Şişli",
    ],
)
def test_the_font_that_is_packaged_has_the_letters(title: str) -> None:
    found = font_for(title, 40)
    assert found is not None
    assert found.path == str(DEJAVU)


def test_what_runs_from_right_to_left_stands_on_the_right() -> None:
    left, _, right, _ = ink(drawn("מה קורה"))
    assert left > WIDTH / 2
    assert right == pytest.approx(WIDTH - 84, abs=8)


def test_where_no_font_has_the_script_the_name_stands_in_the_titles_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipeline.letter.card import fonts

    monkeypatch.setattr(fonts, "_names", lambda: iter([str(DEJAVU)]))
    fonts._name_for.cache_clear()
    assert drawn(CHINESE).tobytes() == drawn("Harbour Lane Letter").tobytes()
    assert drawn(CHINESE, CHINESE).size == (WIDTH, HEIGHT)
    fonts._name_for.cache_clear()


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Rest 🌿 well", "Rest well"),
        ("A\u200bb", "Ab"),
        ("👩‍👩‍👧", ""),
        ("\N{CLOUD WITH RAIN}\ufe0f Rain", "Rain"),
        ("50 % more, 3 + 4", "50 % more, 3 + 4"),
    ],
)
def test_emoji_are_left_out_for_no_font_for_text_has_them(title: str, kept: str) -> None:
    assert drawable(title) == kept


def test_a_word_is_broken_only_where_no_size_of_letters_has_room_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(card, "_write", lambda made, line, *more: lines.append(line))
    drawn("Of the Donaudampfschifffahrtsgesellschaft")
    assert "Donaudampfschifffahrtsgesellschaft" in lines
    lines.clear()
    drawn("Of the " + "x" * 90)
    assert "".join(lines).count("x") == 90


def test_lines_are_broken_between_words_and_within_one_only_where_it_alone_is_too_long() -> None:
    font = font_for("abc", 76)
    assert font is not None
    assert wrapped(font, "What happens in a first session") == ["What happens in a first", "session"]
    assert "".join(wrapped(font, "x" * 90)) == "x" * 90
    assert len(wrapped(font, "x" * 90)) > 2


def test_the_colours_are_the_practices() -> None:
    for theme in ("harbour", "meadow", "dusk"):
        palette = look(Theme(name=theme)).light
        made = drawn("Yes", theme=theme)
        assert "#{:02x}{:02x}{:02x}".format(*made.getpixel((5, 5))) == palette.button  # type: ignore[misc]
        assert "#{:02x}{:02x}{:02x}".format(*made.getpixel((5, 600))) == palette.paper  # type: ignore[misc]
