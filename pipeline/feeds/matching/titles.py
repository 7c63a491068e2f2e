"""When two titles are one: an editor's program may write the same title in other characters."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import pairwise

_APOSTROPHES = re.compile("['`\u00b4\u2018\u2019\u02bc\u2032]")
_ACCENTS = re.compile("[\u0300-\u036f\ufe00-\ufe0f]")
"""Of Latin, Greek and Cyrillic letters, and the variation selectors of emoji. Other scripts tell words apart
by their marks, so those stay."""

SHORTEST_MISTYPED = 10
"""Characters. A letter more or less makes another word of a shorter title."""

LONGEST_COMPARED = 200
"""Characters of a title."""


@lru_cache(maxsize=4096)
def folded(title: str) -> str:
    """The words of a title alone: no case, accents, quotes, dashes, entities, emoji or doubled spaces.

    A title without any word, such as one emoji, stays what it is but for case.
    """
    text = _APOSTROPHES.sub("", html.unescape(html.unescape(title)))
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold().replace("&", " and ")
    words = " ".join("".join(map(_letter, unicodedata.normalize("NFC", text))).split())
    return words or " ".join(title.casefold().split())


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # a soft hyphen stands inside a word
        return ""
    return character if category[0] in "LN" or category in ("Mn", "Mc") else " "


def alike(a: str, b: str) -> bool:
    """Whether one folded title reads like a correction of the other; equal ones are alike too.

    Other numbers make other posts: "part 1" is never "part 2".
    """
    if a == b:
        return True
    one, other = a[:LONGEST_COMPARED].split(), b[:LONGEST_COMPARED].split()
    if {word for word in one if word.isdigit()} != {word for word in other if word.isdigit()}:
        return False
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 3 and shorter in (longer[: len(shorter)], longer[-len(shorter) :]):
        return True  # the blog's name stands before or after it, or a subtitle was added
    common = len({*one} & {*other})
    if common >= 2 and common >= 0.6 * len({*one, *other}):
        return True
    a, b = " ".join(one), " ".join(other)
    return min(len(a), len(b)) >= SHORTEST_MISTYPED and _common_pairs(a, b) >= 0.8


def _common_pairs(a: str, b: str) -> float:
    """How much of two texts' pairs of letters they have in common, from 0 to 1. To align the texts instead
    would take quadratic time, and a stranger's feed can bring 500 titles to compare with many others."""
    one, other = _pairs(a), _pairs(b)
    return 2 * (one & other).total() / (one.total() + other.total())


@lru_cache(maxsize=4096)
def _pairs(text: str) -> Counter[str]:
    return Counter(map("".join, pairwise(text)))
