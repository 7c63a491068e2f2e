"""Whether the words can be read on their background, in the light and in the dark scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.colour import AA, contrast, readable
from pipeline.core.finding import Finding, warning
from pipeline.core.theme import LINK, Replaced, replaced
from pipeline.letter.check.cascade import texts
from pipeline.letter.check.matching import Scheme
from pipeline.letter.check.place import theme_key
from pipeline.letter.check.reading import CheckedLetter, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from pipeline.core.config import Config
    from pipeline.letter.check.cascade import Style

AA_LARGE = 3.0
"""WCAG 2.2, 1.4.3, for large text: from 24 px, or from 18.66 px (14 pt) in bold."""

_SEEN = {
    Scheme.LIGHT: "",
    Scheme.DARK: " in the dark scheme",
    # Gmail's apps drop every style block for accounts that are not Google's (caniemail: html-style).
    Scheme.INLINE: " where the client drops style blocks, as Gmail's apps do",
}


def colours(letter: CheckedLetter) -> Iterator[Finding]:
    # WCAG 2.2, 1.4.3: 4.5 to 1. One in twelve men sees colours less well, and in the sun everybody does.
    told: set[tuple[str | None, str | None]] = set()
    for scheme in (Scheme.LIGHT, Scheme.DARK, Scheme.INLINE):
        if scheme is Scheme.DARK and not _has_dark(letter):
            continue
        for node, text, style in _read(letter, scheme):
            pair = (style.colour, style.background)
            least = AA_LARGE if style.size >= 24 or (style.bold and style.size >= 18.66) else AA
            if style.colour is None or style.background is None or pair in told:
                continue
            found = contrast(style.colour, style.background)
            if found < least:
                told.add(pair)
                yield _finding(letter, node, text, style, found, least, scheme)


def brand(letter: CheckedLetter) -> Iterator[Finding]:
    # WCAG 2.2, 1.4.3 again: what cannot be read is not shown, and who chose it must learn why.
    for one in replaced(letter.config.theme):
        if one.own:
            yield warning("colour", *told(letter.config, one), f"configuration: theme.{one.key}")


def told(config: Config, one: Replaced) -> tuple[str, str]:
    """What is said of a colour that was replaced, and the remedy."""
    where = config.place(("theme", one.key))
    return (
        f"{where}: theme.{one.key} {one.chosen} has a contrast of {int(one.contrast * 10) / 10} to 1 on "
        f"{one.behind}, and links need {LINK:g}: they are shown in {one.shown} instead.",
        f'Set {one.key} = "{one.nearest}" under [theme], the nearest that can be read, or another one as far '
        f"from {one.behind}.",
    )


def _has_dark(letter: CheckedLetter) -> bool:
    conditions = (c for sheet in letter.sheets for rule in sheet.rules for c in rule.conditions)
    return any("prefers-color-scheme" in c for c in conditions)


def _read(letter: CheckedLetter, scheme: Scheme) -> Iterator[tuple[LexborNode, str, Style]]:
    if letter.tree.body is None:
        return
    styles = letter.styles(scheme)
    shown = letter.styles(Scheme.LIGHT)
    for node in letter.tree.body.traverse():
        style = styles.get(node.mem_id)
        if style is None or style.hidden or style.size < 2:
            continue
        if scheme is Scheme.INLINE and shown[node.mem_id].hidden:
            continue
        for text in texts(node):
            yield node, text, style
            break


def _finding(
    letter: CheckedLetter,
    node: LexborNode,
    text: str,
    style: Style,
    found: float,
    least: float,
    scheme: Scheme,
) -> Finding:
    own, behind = style.colour or "", style.background or ""
    ends = max(("#000000", "#ffffff"), key=lambda end: contrast(end, behind))
    better = readable(own, ends, behind, least=least)
    place = theme_key(letter.config, style.written) or letter.where(node, text, style.written)
    return warning(
        "contrast",
        # Rounded down: 4.497 to 1 is not 4.5 to 1.
        f"“{cut(text, 40)}” is {own} on {behind}{_SEEN[scheme]}: a contrast of {int(found * 10) / 10} to 1, "
        f"and text of its size needs {least:g}.",
        f"Write {better} for the text there, or another colour behind it.",
        place,
    )
