"""The direction of a text, left to right or right to left: by its language, or by its first letter."""

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
    """The direction of a language tag (BCP 47): `he`, `ar-EG`, `az-Arab`; `ur-Latn` runs left to right."""
    language, *rest = tag.casefold().replace("_", "-").split("-")
    if _SCRIPTS & set(rest):
        return "rtl"
    return "rtl" if language in _LANGUAGES and not _LEFT_TO_RIGHT & set(rest) else "ltr"


def of_text(text: str, otherwise: Direction) -> Direction:
    """The direction of the first letter that has one. This is HTML's dir="auto", which too few mail clients
    know."""
    return next(_strong(text), otherwise)


def closed(text: str, around: Direction) -> str:
    """The text for use within a line of the direction ``around``.

    After a name of the other direction, numbers would move to the wrong side of it. A mark after the name
    prevents that.
    """
    return text + MARKS[around] if any(found != around for found in _strong(text)) else text


def _strong(text: str) -> Iterator[Direction]:
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            yield "ltr"
        elif kind in ("R", "AL"):
            yield "rtl"
