"""How paragraphs end that software cut: in "read more", "[…]", or a link behind an ellipsis."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.feeds.cleaning.boilerplate import LINK_END, LINK_START, MARKS, either, unmarked
from pipeline.feeds.cleaning.phrases import READ_MORE

_TAIL = 240
_OPENERS = " \xa0\n([{<«‹-–—→»›|•·\"'“‘"
_GAP = f"[\\s{LINK_START}{LINK_END}]{{0,3}}"
_CUT = re.compile(rf"(?i)[\[(]{_GAP}(?:read )?(?:more)?{_GAP}(?:…|\.{{3}}){_GAP}[\])]$")
_MORE = re.compile(rf"(?i)(?<!\w)(?:{either(READ_MORE)})(?!\w)")
_ABOUT = re.compile(
    r"(?i)\s?(?:about|on|at|in|over|über|sobre|su|sur|à propos|here|hier|ici|aquí|qui)\b|\s?[:“\"'‘«(]"
)


class Tail(NamedTuple):
    text: str
    breaks_off: bool
    """Software cut it here: at "[…]", or within a sentence before "read more"."""
    goes_on: bool
    """It ended in "read more"."""


def without_tail(one: str) -> Tail:
    """The paragraph without "read more" and "[…]"; one that ends within a sentence then ends in "…"."""
    text, goes_on, breaks_off = one, False, False
    for _ in range(4):
        before = text
        text = _without_arrows(text)
        if cut := _CUT.search(text, max(0, len(text) - 40)):
            text, breaks_off = text[: cut.start()], True
        elif (at := _read_more(text)) is not None or (at := _link_behind_ellipsis(text)) is not None:
            text, goes_on = text[:at], True
        if text == before:
            break
    if not (goes_on or breaks_off):
        return Tail(text, False, False)
    rest = unmarked(text).rstrip(f"{_OPENERS}")
    if not rest or ends_well(rest):
        return Tail(rest, breaks_off, goes_on)
    return Tail(rest.rstrip(" ,;:.…") + "…", True, goes_on)


def ends_well(text: str) -> bool:
    """Whether it ends as a sentence does: with a full stop, not with an ellipsis."""
    bare = text.rstrip(" \xa0\n\"'”’»“‘«)]*_")[-3:]
    return bare.endswith((".", "!", "?", "。", "！", "？", "؟", "।", ":", "：")) and not bare.endswith("...")


def _without_arrows(text: str) -> str:
    """Without white space, and arrows that point to the rest. What closes a French quotation is none."""
    bare = text.rstrip(f" \xa0\n{LINK_START}{LINK_END}")
    pointed = bare.rstrip("→»›")
    if len(pointed) == len(bare) or any(quote in bare[-300:] for quote in "«‹"):
        return bare
    return pointed.rstrip(" \xa0\n") if pointed[-1:].isspace() or not pointed else bare


def _read_more(text: str) -> int | None:
    """Where "read more" begins at the end of a paragraph: as a link, in brackets, or behind a sentence."""
    start = max(0, len(text) - _TAIL)
    for match in _MORE.finditer(text, start):
        before = text[start : match.start()].rstrip(" \xa0\n")
        after = unmarked(text[match.end() :])
        if re.search(r"[.!?] [A-Z]", after):
            continue
        is_all = not after.strip(MARKS)
        is_link = before[-1:] == LINK_START
        sentence = before.rstrip(_OPENERS + LINK_START + LINK_END)
        behind = not sentence or sentence[-1] in ".!?…:。！？"
        if is_link or before[-1:] == "[" or (before[-1:] in ("(", "→", "»", "|", "•") and is_all):
            return start + len(sentence)
        if behind and (is_all or _ABOUT.match(after) or sentence.endswith(("…", "..."))):
            return start + len(sentence)
    return None


_SHORT_LINK = 40
"""Characters of a link that may be "read more" in a language of no table."""


def is_short_link(one: str) -> bool:
    """Whether a paragraph is one short link and no more."""
    bare = one.strip(MARKS)
    inside = bare[1:-1] if bare[:1] == LINK_START and bare[-1:] == LINK_END else ""
    return 0 < len(inside) <= _SHORT_LINK and LINK_START not in inside


def _link_behind_ellipsis(text: str) -> int | None:
    """Where an ellipsis ends at which software cut a paragraph, if a short link is all that follows."""
    start = text.rfind(LINK_START, max(0, len(text) - _SHORT_LINK - 10))
    said = text[start + 1 :].rstrip(" \xa0\n→»›])" + LINK_END)
    # "I stopped… and wept." goes on in its link.
    if start < 0 or not said or LINK_END in said or said[0].islower() or said[-1] in ".!?":
        return None
    before = text[:start].rstrip(" \xa0\n[(")
    return len(before) if before.endswith(("…", "...", "…]", "...]")) else None
