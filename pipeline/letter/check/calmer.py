"""Other subjects and preheaders for a letter, from its own words, and the commands that set them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pipeline.letter.check.listed import sensitive
from pipeline.letter.check.reading import CheckedLetter, folded

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 70
"""Characters of a subject. Inboxes on a desktop show 60 to 75 of them, on a phone 30 to 45."""

HOW_MANY = 3


def instead(letter: CheckedLetter, part: str) -> str:
    """A remedy: the commands that give the letter another subject or preheader (``part``), each on a line."""
    lines = [f"    {command}" for command in _commands(letter, part)]
    return "\n".join([f"Give this letter another {part} with one of these, or with your own words:", *lines])


def at_least(letter: CheckedLetter, part: str) -> str:
    """The same on one line, with the first command."""
    return f"Give the letter one, such as `{_commands(letter, part)[0]}`."


def _commands(letter: CheckedLetter, part: str) -> list[str]:
    edit = f"rapport editions edit {letter.edition.slug} --{part}"
    return [f"{edit} {_in_quotes(text)}" for text in calmer(letter, part)]


def calmer(letter: CheckedLetter, part: str) -> list[str]:
    """Three texts from the letter's own titles and names: without a listed word, not long, and not there
    already. Where the subject is to change too, those for the preheader are not those for the subject."""
    taken = {_key(letter.edition.subject), _key(letter.edition.preheader)}
    if part == "preheader" and not _fits(letter.edition.subject, letter):
        taken.update(map(_key, calmer(letter, "subject")))
    found: dict[str, str] = {}
    for text in _candidates(letter):
        if len(found) == HOW_MANY:  # the dashboard shows them at each look at the letter
            break
        if _key(text) not in taken and _fits(text, letter):
            found.setdefault(_key(text), text)
    return list(found.values())


def _key(text: str) -> str:
    return folded(text).casefold()


def _fits(text: str, letter: CheckedLetter) -> bool:
    listed = sensitive(text, letter.templates, letter.config.newsletter.language)
    return 4 <= len(text) <= LONGEST and next(iter(listed), None) is None


_SEAM = re.compile(r"(?<=[.?!]) |[:;|\u2013\u2014]| - ")


def _candidates(letter: CheckedLetter) -> Iterator[str]:
    """Titles, their parts, then names and numbers: nothing that the letter does not say itself."""
    titles = [folded(str(post.get("title") or "")) for post in letter.posts]
    yield from titles
    for title in titles:
        for piece in map(str.strip, _SEAM.split(title)):
            if " " in piece:
                yield piece[:1].upper() + piece[1:]
    newsletter, number = letter.config.newsletter, letter.edition.slug.rpartition("-")[2]
    domain = newsletter.from_email.rpartition("@")[2]
    names = (newsletter.name, newsletter.sender, letter.edition.digest.title(), domain)
    yield from names
    yield from (f"{name}, no. {number}" for name in names)
    yield from (f"{name} ({number})" for name in names)
    yield f"No. {number}"


def _in_quotes(text: str) -> str:
    """The text as a shell reads it: in double quotes, which every shell knows, unless something in it would
    mean more within them."""
    return shlex.quote(text) if re.search(r'["$`\\!%]', text) else f'"{text}"'
