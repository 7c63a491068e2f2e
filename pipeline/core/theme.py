"""How the letter looks: three themes, and what `[theme]` changes in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from pipeline.core.colour import AA, contrast, mix, readable
from pipeline.core.fields import Colour, Fonts, Section, WebAddress


class Theme(Section):
    """A key that is empty takes the value of the named theme; `look` puts the two together."""

    templates: str = ""
    images: Literal["host", "link"] = "host"
    name: Literal["harbour", "meadow", "dusk"] = "harbour"
    colour: Colour = ""
    colour_dark: Colour = ""
    background: Colour = ""
    background_dark: Colour = ""
    paper: Colour = ""
    paper_dark: Colour = ""
    text: Colour = ""
    text_dark: Colour = ""
    logo: WebAddress = ""
    logo_dark: WebAddress = ""
    font: Fonts = ""
    rounding: int | None = Field(default=None, ge=0, le=40)

    @model_validator(mode="after")
    def _readable(self) -> Theme:
        if problem := unreadable(self):
            raise ValueError(problem)
        return self


class Base(NamedTuple):
    """The four colours that a person chooses for one scheme; all others are derived from them."""

    colour: str
    background: str
    paper: str
    text: str


class Preset(NamedTuple):
    light: Base
    dark: Base
    font: str
    rounding: int


# Every font stack begins with a font that Windows has: if Outlook does not know the first, it takes Times.
THEMES = {
    "harbour": Preset(
        light=Base("#2f5d62", "#f4f1ec", "#ffffff", "#2b2b2b"),
        dark=Base("#8fc4c2", "#14181a", "#1e2427", "#e6e3dc"),
        font="Georgia, 'Times New Roman', serif",
        rounding=6,
    ),
    "meadow": Preset(
        light=Base("#46693f", "#eef1e8", "#fdfdf9", "#2a302a"),
        dark=Base("#a9c79b", "#141812", "#1d231c", "#e3e6dc"),
        font="'Segoe UI', -apple-system, 'Helvetica Neue', Helvetica, Arial, sans-serif",
        rounding=14,
    ),
    "dusk": Preset(
        light=Base("#6d4a63", "#f3eeee", "#fffcfa", "#322b31"),
        dark=Base("#d6aec8", "#191519", "#241f24", "#e9e1e4"),
        font="'Palatino Linotype', Palatino, 'Book Antiqua', Georgia, serif",
        rounding=0,
    ),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Every colour of the letter in one scheme. Each text colour is WCAG AA on whatever may lie behind it."""

    background: str
    """Around the letter."""
    paper: str
    """Behind the posts."""
    panel: str
    """Behind the offer, and in the place of a picture that is not loaded."""
    line: str
    text: str
    quiet: str
    """Dates, reading times, the footer."""
    link: str
    button: str
    button_text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What templates get as ``theme``."""

    name: str
    light: Palette
    dark: Palette
    font: str
    rounding: int
    logo: str
    logo_dark: str


def look(theme: Theme) -> Look:
    """The theme that the configuration names, overridden by the keys that it sets."""
    preset = THEMES[theme.name]
    light, dark = bases(theme)
    rounding = preset.rounding if theme.rounding is None else theme.rounding
    return Look(
        name=theme.name,
        light=_palette(light),
        dark=_palette(dark),
        font=theme.font or preset.font,
        rounding=rounding,
        logo=theme.logo,
        logo_dark=theme.logo_dark,
    )


def bases(theme: Theme) -> tuple[Base, Base]:
    """The chosen colours, light and dark. If the brand's colour is set for light only, dark takes it, too."""
    preset = THEMES[theme.name]
    light = Base(*(getattr(theme, key) or getattr(preset.light, key) for key in Base._fields))
    lifted = {"colour": theme.colour} if theme.colour and not theme.colour_dark else {}
    dark = Base(*(getattr(theme, f"{key}_dark") or getattr(preset.dark, key) for key in Base._fields))
    return light, dark._replace(**lifted)


def unreadable(theme: Theme) -> str:
    """Which chosen colour cannot be read on which; empty when all can."""
    for base, ending in zip(bases(theme), ("", "_dark"), strict=True):
        for surface in ("paper", "background"):
            found = contrast(base.text, getattr(base, surface))
            # The derived colours (quiet text, links on the panel) must fit in between.
            if found < LEAST:
                return (
                    f"text{ending} on {surface}{ending} has a contrast of {found:.1f} to 1, "
                    f"and a letter needs {LEAST:g}: choose colours further apart"
                )
    return ""


LEAST = 7.0
"""The least contrast of the text (WCAG AAA), so that the quieter text can still be AA."""


class Replaced(NamedTuple):
    """A colour of the brand that links are not shown in: they could not be read."""

    key: str
    """Of `[theme]`: which one to set."""
    own: bool
    """Whether that key is set; where it is not, the dark scheme takes the colour of the light one."""
    chosen: str
    shown: str
    behind: str
    contrast: float
    """Of the chosen colour on what is behind it."""
    nearest: str
    """The nearest colour that would be shown as it is."""


def replaced(theme: Theme) -> list[Replaced]:
    """The chosen colours that are not readable as links, one at most for each scheme."""
    found = []
    for base, key in zip(bases(theme), ("colour", "colour_dark"), strict=True):
        shown = _palette(base).link
        if not theme.colour and not getattr(theme, key):
            continue  # the named theme's
        if shown != base.colour:
            behind = min(_surfaces(base), key=lambda surface: contrast(base.colour, surface))
            nearest = base
            for _ in range(9):  # a darker colour makes a darker panel
                nearest = nearest._replace(colour=_palette(nearest).link)
            own = bool(getattr(theme, key))
            ratio = contrast(base.colour, behind)
            found.append(Replaced(key, own, base.colour, shown, behind, ratio, nearest.colour))
    return found


LINK = AA + 0.1
"""The least contrast of links, with room for what rounding takes."""


def _surfaces(base: Base) -> tuple[str, str, str]:
    """What may lie behind a link: the paper, the background, the panel of the offer."""
    return base.paper, base.background, mix(base.paper, base.colour, 0.08)


def _palette(base: Base) -> Palette:
    surfaces = _surfaces(base)
    panel = surfaces[2]
    link = readable(base.colour, base.text, *surfaces, least=LINK)
    button = base.colour if contrast(base.colour, panel) >= 3 else link
    ink = max(("#ffffff", base.paper, base.background, "#000000"), key=lambda on: contrast(on, button))
    white = contrast("#ffffff", button) >= AA
    return Palette(
        background=base.background,
        paper=base.paper,
        panel=panel,
        line=mix(base.paper, base.text, 0.14),
        text=base.text,
        quiet=readable(mix(base.text, base.paper, 0.4), base.text, *surfaces, least=5),
        link=link,
        button=button,
        button_text="#ffffff" if white else ink,
    )
