"""Which way a text runs: from its language, or as its first letter says."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Direction = Literal["ltr", "rtl"]

# Languages and scripts written from right to left (CLDR, characterOrder).
_LANGUAGES = frozenset(["ar", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "syr", "ug", "ur", "yi", "ji"])
_SCRIPTS = frozenset(["arab", "hebr", "thaa", "syrc", "nkoo", "adlm"])
_LEFT_TO_RIGHT = frozenset(["latn", "cyrl", "deva"])

MARKS: dict[Direction, str] = {"ltr": "\u200e", "rtl": "\u200f"}


def of_language(tag: str) -> Direction:
    """The direction of a language tag (BCP 47): `he`, `ar-EG`, `az-Arab`; `ur-Latn` runs to the right."""
    language, *rest = tag.casefold().replace("_", "-").split("-")
    if _SCRIPTS & set(rest):
        return "rtl"
    return "rtl" if language in _LANGUAGES and not _LEFT_TO_RIGHT & set(rest) else "ltr"


def of_text(text: str, otherwise: Direction) -> Direction:
    """As HTML's dir="auto", which too few mail clients know: the first letter that has a direction."""
    return next(_strong(text), otherwise)


def closed(text: str, around: Direction) -> str:
    """The text for use within a line that runs ``around``.

    A name that runs the other way would draw the numbers after it to its own side; a mark ends it.
    """
    return text + MARKS[around] if any(found != around for found in _strong(text)) else text


def _strong(text: str) -> Iterator[Direction]:
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            yield "ltr"
        elif kind in ("R", "AL"):
            yield "rtl"
