"""A post's title as the letter shows it."""

from __future__ import annotations

from pipeline.feeds.cleaning.text import cut
from pipeline.letter.personal import inert

# Characters. A title stands three times in the letter, in character references
# of up to nine bytes each; six such titles must not make the letter so large that Gmail clips it.
_LONGEST = 160


def title_of(title: str) -> str:
    """The title, cut where it is very long; nothing in it can be taken for a tag of ours."""
    return inert(cut(title, _LONGEST))
