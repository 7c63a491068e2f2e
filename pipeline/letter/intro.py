"""The intro, a few lines by staff above the posts: Markdown in, HTML and text out.

Only paragraphs, emphasis, links and lists are Markdown here; everything else, HTML too, is plain text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import LetterError
from pipeline.letter.direction import of_text
from pipeline.letter.markdown import WHOLE, as_text, links, parser, style
from pipeline.letter.personal import inert

if TYPE_CHECKING:
    from pipeline.letter.direction import Direction

LONGEST = 4_000
"""Characters. A longer text should be a post; here it would push the posts out of sight."""

_ALLOWED = ["list", "emphasis", "link", "autolink", "newline", "escape", "entity"]


class Intro(NamedTuple):
    html: str
    text: str


def intro(markdown: str, around: Direction = "ltr") -> Intro:
    """HTML and text of what staff wrote, for a letter of the direction ``around``; empty where they wrote
    nothing.

    Raises LetterError for a link that leads nowhere from an inbox, and for an intro that is too long.
    """
    source = inert(markdown.strip())
    if len(source) > LONGEST:
        raise LetterError(
            f"The intro has {len(source):,} characters; {LONGEST:,} are the most.", "Make a post of it."
        )
    if not source:
        return Intro("", "")
    made = parser(_ALLOWED)
    tokens = made.parse(source)
    for link in links(tokens):
        if not WHOLE.match(link.address):
            raise LetterError(
                f"The intro links to {link.address[:80]!r}, which leads nowhere from an inbox.",
                "Write the whole address, beginning with https:// or mailto:.",
            )
    style(tokens, of_text(source, around))
    return Intro(made.renderer.render(tokens, made.options, {}).strip(), as_text(tokens))
