"""When two categories are one: what a blog files posts under, beside what the configuration names."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def folded(category: str) -> str:
    """A category without case, doubled spaces, and the two ways in which Unicode writes an accent."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", category).casefold())
    return " ".join(text.split())


def shared(wanted: Iterable[str], filed_under: Iterable[str]) -> str | None:
    """The first category of a post that is among those wanted, as the post has it; None where none is."""
    names = {folded(category) for category in wanted}
    return next((category for category in filed_under if folded(category) in names), None)
