"""What the blog's software may have left in a post's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, warning
from pipeline.feeds.cleaning.shortcodes import doubtful
from pipeline.letter.check.reading import CheckedLetter, cut, folded

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEDY = (
    "If the blog shows something else in its place, it is a shortcode of WordPress: take it out of the post. "
    "A word in brackets may stay."
)


def shortcode(letter: CheckedLetter) -> Iterator[Finding]:
    # feeds/shortcodes.py takes out what is surely one; what may be a person's own brackets is left to people.
    for part in ("subject", "preheader"):
        if found := doubtful(folded(str(getattr(letter.edition, part)))):
            yield _finding(part, found, part)
    told: set[str] = set()
    for node in letter.tree.body.traverse() if letter.tree.body else ():
        found = doubtful(folded(node.text(deep=False) or ""))
        if found and found not in told:
            told.add(found)
            yield _finding("html", found, letter.where(node, found))


def _finding(part: str, found: str, where: str) -> Finding:
    return warning(
        "shortcode", f"The {part} holds {cut(found, 60)}, which may be a shortcode.", _REMEDY, where
    )
