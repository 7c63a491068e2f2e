"""Who writes the letter: the name under it, and how it opens in their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.feeds.cleaning.excerpt import opening
from pipeline.letter.check.listed import sensitive
from pipeline.letter.personal import inert

if TYPE_CHECKING:
    from pipeline.core.config import Config
    from pipeline.core.templates import Templates
    from pipeline.feeds.posts import Post

_LEAST, _LONGEST = 50, 160
"""Characters of an opening: two lines of the letter."""

_GREETING = 50
"""Characters of the longest line that is taken for a greeting."""


class Signer(NamedTuple):
    """``name`` and ``role`` are the parts of newsletter.signed_by before and after its first comma;
    ``portrait`` is the address of the picture, or empty."""

    name: str
    role: str
    portrait: str


class Opening(NamedTuple):
    """The first words of the lead, and what of its excerpt follows them: nothing is said twice."""

    text: str
    rest: str


def signer(config: Config, portrait: str) -> Signer | None:
    """Who signs, with the address of their picture; None where newsletter.signed_by is empty."""
    name, _, role = config.newsletter.signed_by.partition(",")
    return Signer(name.strip(), role.strip(), portrait) if name.strip() else None


def is_greeting(text: str) -> bool:
    """Whether what staff wrote begins with a greeting, on a line of its own: then nobody is greeted twice.

    Greetings end in a comma, a colon (in Spanish) or an exclamation mark.
    """
    first, _, rest = text.strip().partition("\n\n")
    return bool(rest) and len(first) <= _GREETING and first.endswith((",", ":", "!"))


def opening_of(lead: Post, by: Signer | None, templates: Templates, language: str) -> Opening | None:
    """How the letter opens where staff say nothing themselves: as the author opens the lead.

    Only if the author signs the letter: else another's words, with "I" among them, would be put into the
    mouth of who does. And only if the words are sentences, with no heading that runs into them, and quiet: a
    locked screen shows them first.
    """
    if by is None or not _same(lead.author or "", by.name):
        return None
    text, rest = (inert(part) for part in opening(lead.excerpt, _LEAST, _LONGEST))
    if not text or _heads(text) or any(sensitive(text, templates, language)):
        return None
    return Opening(text, rest)


def byline(author: str | None, by: Signer | None, sender: str) -> str:
    """What the date line of a post says of its author: nobody who signs the letter, or sends it, is named
    again."""
    known = {sender.casefold(), by.name.casefold() if by else ""}
    return "" if not author or author.casefold() in known else author


def _heads(text: str) -> bool:
    """Whether it is written as headings are: in capitals, or with most words beginning in one."""
    words = [word for word in text.split() if word[0].isalpha()]
    shouted = any(len(word) > 3 and word.isupper() for word in words)
    return shouted or 2 * sum(word[0].isupper() for word in words) > len(words)


def _same(author: str, name: str) -> bool:
    """Whether a post's author is who signs: all that the blog says of the name is in it ("Ines")."""
    said = set(author.casefold().split())
    return bool(said) and said <= set(name.casefold().split())
