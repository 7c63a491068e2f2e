"""What somebody probably meant by a word that is not known. It is imported only when an error is told."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


SLIP = 0.83
"""How alike two words are of which one is the other with a letter wrong: where many words are known, less
than that is another word."""


def nearest(written: str, known: Iterable[str], least: float = 0.6) -> str:
    """The known word that is most like the written one; empty where none is."""
    from difflib import get_close_matches

    by_folded = {folded(word): word for word in known}
    close = get_close_matches(folded(written), by_folded, 1, least)
    return by_folded[close[0]] if close else ""


def did_you_mean(written: str, known: Iterable[str], otherwise: str = "") -> str:
    """A question that names the nearest known word; ``otherwise`` where none is near."""
    close = nearest(written, known)
    return f"Did you mean {close}?" if close else otherwise


def folded(text: str, keep: str = "") -> str:
    """A word as it is compared: without case, accents, hyphens and underscores (unless one is to be kept);
    single spaces."""
    plain = unicodedata.normalize("NFD", text.casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    for sign in "_-":
        letters = letters if sign == keep else letters.replace(sign, " ")
    return " ".join(letters.split())
