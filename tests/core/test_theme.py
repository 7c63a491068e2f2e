"""Themes: every text can be read on everything behind it, whatever an operator chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core.colour import AA, contrast, hex_colour, mix
from pipeline.core.errors import ConfigError
from pipeline.core.settings import load
from pipeline.core.theme import THEMES, Palette, Theme, look
from tests.letter.samples import config, letter, post

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def unreadable(palette: Palette) -> list[str]:
    """Every pair of text and ground, as the templates put them together, that is below AA."""
    pairs = {
        f"{ink} on {ground}": contrast(getattr(palette, ink), getattr(palette, ground))
        for ink in ("text", "quiet", "link")
        for ground in ("paper", "background", "panel")
    }
    pairs["button_text on button"] = contrast(palette.button_text, palette.button)
    return [f"{pair}: {found:.2f}" for pair, found in pairs.items() if found < AA]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", list(THEMES))
def test_every_theme_is_aa_in_both_schemes(name: str, scheme: str) -> None:
    assert unreadable(getattr(look(Theme(name=name)), scheme)) == []  # type: ignore[arg-type]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.01)


@given(colour=COLOURS, name=st.sampled_from(list(THEMES)))
def test_any_brand_colour_makes_a_readable_letter_in_both_schemes(colour: str, name: str) -> None:
    made = look(Theme(name=name, colour=colour))  # type: ignore[arg-type]
    assert unreadable(made.light) == []
    assert unreadable(made.dark) == []


@given(paper=COLOURS, background=COLOURS, text=COLOURS, colour=COLOURS)
@example(paper="#ffffff", background="#f5f5f0", text="#222222", colour="#2f5d62")
def test_whatever_the_configuration_accepts_can_be_read(
    paper: str, background: str, text: str, colour: str
) -> None:
    chosen = {"paper": paper, "background": background, "text": text, "colour": colour}
    try:
        unread = unreadable(look(Theme(**chosen)).light)  # type: ignore[arg-type]
    except ValueError:
        assert text != "#222222", "what can be read is refused"
        return
    assert unread == []


def test_a_brand_colour_stays_as_it_is_on_the_button() -> None:
    made = look(Theme(colour="#c2410c"))
    assert made.light.button == "#c2410c"
    assert made.light.button_text == "#ffffff"


def test_a_dark_colour_of_ones_own_is_taken_as_given() -> None:
    assert look(Theme(colour="#2f5d62", colour_dark="#88bbcc")).dark.button == "#88bbcc"


def test_the_default_is_the_look_that_was_there_before() -> None:
    made = look(Theme())
    assert (made.light.button, made.light.background, made.light.paper) == ("#2f5d62", "#f4f1ec", "#ffffff")
    assert made.font == "Georgia, 'Times New Roman', serif"


def test_keys_go_over_the_named_theme_in_the_letter() -> None:
    settings = config(
        theme={"name": "dusk", "colour": "#1d4ed8", "rounding": 3, "font": "Verdana, sans-serif"}
    )
    html = letter([post(1, "A title", "Words.")], settings).html
    assert "#1d4ed8" in html
    assert "border-radius:3px" in html
    assert "font-family:Verdana, sans-serif" in html
    assert THEMES["dusk"].light.background in html
    assert THEMES["dusk"].light.colour not in html


def test_logos_stand_for_the_name_and_change_with_the_scheme() -> None:
    logos = {"logo": "https://x.example/logo.png", "logo_dark": "https://x.example/dark.png"}
    html = letter([post(1, "A title")], config(theme=logos)).html
    assert html.count('alt="Harbour Lane Letter"') == 2
    assert ".in-light { display: none !important; }" in html
    one = letter([post(1, "A title")], config(theme={"logo": logos["logo"]})).html
    assert 'class="in-dark"' not in one
    assert 'class="in-light"' not in one


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('colour = "teal"', 'theme.colour: write a colour as a hash and six digits, like "#2f5d62"'),
        ('paper_dark = "#12345"', "theme.paper_dark: write a colour"),
        ('text = "#999999"', "text on paper has a contrast of 2.8 to 1"),
        ('text_dark = "#333333"', "text_dark on paper_dark has a contrast of"),
        ('name = "harbor"', 'did you mean "harbour"?'),
        ('font = "Georgia; color: red"', "theme.font: write names of fonts"),
        ("rounding = 400", "theme.rounding: "),
        ('color = "#2f5d62"', "Did you mean colour?"),
    ],
)
def test_what_makes_no_look_is_an_error_of_the_configuration(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "rapport.toml"
    file.write_text(
        '[newsletter]\nname = "N"\nfrom_email = "a@example.org"\n[[feeds]]\nurl = "https://example.org/f"\n'
        f"[theme]\n{line}\n"
    )
    with pytest.raises(ConfigError) as raised:
        load(file, {})
    assert says in raised.value.message
    assert f"{file}:" in raised.value.message


def test_short_and_capital_colours_are_taken_for_what_they_are() -> None:
    assert hex_colour("#ABC") == "#aabbcc"
    assert Theme(colour="#2F5D62").colour == "#2f5d62"
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
