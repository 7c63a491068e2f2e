"""Plain text to an excerpt of whole sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.feeds.cleaning.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCERPT_CHARS = 320
"""Characters kept of a post, and shown of the lead: about three sentences, four lines of a phone."""
SHORT_CHARS = 200
"""Characters that a letter shows of its other posts: three lines on a wide screen."""
_TOO_LITTLE = 60
"""Characters. A first sentence of "Hello!" says nothing of the post: then the next one is cut instead."""

# From the first of several marks on: a run of them that ends no sentence is looked at once.
_END = re.compile(
    r"(?:(?<![.!?…؟۔।॥])[.!?…؟۔।॥]++[\"'”’»›)\]]*+(?=\s|$)|[。！？｡]++[」』”’）〉》】\"')\]]*+)\s*+"
)
_SHORT = """
    mr mrs ms mx dr prof rev sr jr st sen rep gov gen lt capt sgt pres mme mlle hr fr frl dipl vs etc e.g i.e
    eg ie al cf approx appt dept est fig vol vols eds inc ltd co corp bros jan feb apr jun jul
    aug sep sept
    oct nov dec ave blvd rd hwy mt ft u.s u.k u.n e.u d.c a.m p.m b.c a.d
    z.b d.h u.a bzw usw nr vgl evtl ggf inkl
    ph.d m.d b.a m.a m.s psy.d lcsw lmft n.b p.s viz
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
# These may end a sentence too: then a capital letter, or nothing, follows.
_ALSO_LAST = "etc a.m p.m b.c a.d inc ltd co corp jr sr ph.d m.d b.a m.a m.s psy.d lcsw lmft usw al"
_MAY_END = frozenset(_ALSO_LAST.split())
_BEFORE_NUMBERS = ("no", "nos", "p", "pp", "ch", "fig", "vol")
_CLAUSE = re.compile(r"[,;:–—、，；：](?=\s|$)|[、，；：]|\s[–—-](?=\s)")


def excerpt(text: str, longest: int = EXCERPT_CHARS) -> str:
    """The first whole sentences of plain text (paragraphs parted by blank lines), at most ``longest``
    characters.

    Never cut inside a word. A first sentence that alone is too long is cut at a clause, else a word, and ends
    in "…". A paragraph without a full stop ends the excerpt once there is something before it: put beside the
    next sentence it would read as one with it.
    """
    taken = before = ""
    for sentence, ends_well in _sentences(text[: longest * 20]):
        joined = _joined(taken, sentence)
        if len(joined) > longest - 1:
            return taken if len(taken) >= _TOO_LITTLE else _cut(joined, longest, len(taken))
        if not ends_well and len(taken) >= _TOO_LITTLE:
            return taken
        before, taken = taken, joined
    # What the colon announces (a list, a picture) does not follow.
    if taken.endswith((":", "：")):
        return before or taken.rstrip(" :：") + "…"
    return taken


def opening(text: str, least: int, longest: int) -> tuple[str, str]:
    """The first whole sentences of an excerpt, as few as have ``least`` characters, and what follows them.

    Both are empty where these are longer than ``longest``, or where too little follows."""
    taken = ""
    for sentence, ends_well in _sentences(text):
        taken = _joined(taken, sentence)
        if not ends_well or len(taken) > longest:
            break
        if len(taken) >= least:
            rest = text[len(taken) :].strip()
            return (taken, rest) if text.startswith(taken) and len(rest) >= _TOO_LITTLE else ("", "")
    return "", ""


def without_title(text: str, title: str) -> str:
    """Without leading paragraphs or a first sentence that only say the title again."""
    wanted = _bare(title)
    paragraphs = [one for one in text.split("\n\n") if one.strip()]
    for _ in range(3):
        if not paragraphs or not wanted:
            break
        if _bare(paragraphs[0]) == wanted:
            del paragraphs[0]
            continue
        first = next(_of_paragraph(paragraphs[0]), "")
        if _bare(first) != wanted:
            break
        paragraphs[0] = paragraphs[0][len(first) :].strip()
    return "\n\n".join(paragraphs)


def first_words(text: str, longest: int) -> str:
    """A heading made of text: its first sentence if that is short enough, else its first words with "…"."""
    first = next((sentence for sentence, _ in _sentences(text[: longest * 20])), "")
    return first.rstrip("。.") if len(first) <= longest else cut(first, longest)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _joined(before: str, sentence: str) -> str:
    if not before:
        return sentence
    # Chinese and Japanese put no space between sentences.
    return before + ("" if re.search(r"[。！？｡][」』”’）]{0,9}$", before[-10:]) else " ") + sentence


def _sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Each sentence, and whether it ends as one: not with the paragraph alone, nor with a colon."""
    for paragraph in text.split("\n\n"):
        for sentence in _of_paragraph(" ".join(paragraph.split())):
            yield sentence, _END.search(sentence[-12:]) is not None


def _of_paragraph(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        if _ends_here(paragraph, start, match):
            yield paragraph[start : match.end()].strip()
            start = match.end()
    if rest := paragraph[start:].strip():
        yield rest


def _ends_here(paragraph: str, start: int, match: re.Match[str]) -> bool:
    mark = match[0].strip()
    following = paragraph[match.end() : match.end() + 20].lstrip("\"'“‘«‹([¿¡")
    if mark[0] in "。！？｡।॥" or not following:
        return True
    if following[0].islower():
        return False
    if mark != ".":
        return True
    before = (
        paragraph[max(start, match.start() - 60) : match.start()]
        .rpartition(" ")[2]
        .lstrip("\"'“‘«([")
        .rpartition("—")[2]
    )
    word = before.lower()
    if len(before) == 1 and before.isalpha() and before != "I":
        return False  # an initial
    if re.fullmatch(r"(?:[a-z]\.)+[a-z]", word) or word in _ABBREVIATIONS:
        return word in _MAY_END and following[0].isupper()
    if word in _BEFORE_NUMBERS and following[0].isdecimal():
        return False
    # German ordinals and dates ("am 3. Oktober") and numbered points ("1. Breathe").
    return not (before.isdecimal() and len(before) <= 2)


def _cut(text: str, longest: int, least: int) -> str:
    head = text[: longest - 1]
    clause = max((match.start() for match in _CLAUSE.finditer(head)), default=0)
    if clause > max(longest * 6 // 10, least):
        return head[:clause].rstrip(" ,;:–—-") + "…"
    return cut(text, longest)
