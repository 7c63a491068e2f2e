"""When two categories are one: what a blog files posts under, beside what the configuration names."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_ALIKE = {**dict.fromkeys(map(ord, "‐‑‒–—−"), "-"), **dict.fromkeys(map(ord, "’‘‛′`´"), "'")}


def folded(category: str) -> str:
    """A category without case, doubled spaces, what nobody sees, and the ways in which programs write one
    accent, dash or apostrophe: an exclusion must not miss its category for these."""
    text = unicodedata.normalize("NFC", category.replace("İ", "i")).translate(_ALIKE)
    text = unicodedata.normalize("NFC", text.casefold())
    return " ".join("".join(sign for sign in text if unicodedata.category(sign) != "Cf").split())


def shared(wanted: Iterable[str], filed_under: Iterable[str]) -> str | None:
    """The first category of a post that is among those wanted, as the post has it; None where none is."""
    names = {folded(category) for category in wanted}
    return next((category for category in filed_under if folded(category) in names), None)
