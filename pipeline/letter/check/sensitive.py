"""Words that would show on a locked screen what a reader suffers from."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, warning
from pipeline.core.templates import PACKAGED, Templates
from pipeline.letter.check.calmer import instead
from pipeline.letter.check.listed import NAME, entry_of, plain, sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.letter.check.reading import CheckedLetter


def locked_screen(letter: CheckedLetter) -> Iterator[Finding]:
    # FTC v. BetterHelp (2023): that a person seeks help is health data in itself. A phone on a table shows
    # sender, subject and preheader to everybody who passes.
    language = letter.config.newsletter.language
    for where, text in (("subject", letter.edition.subject), ("preheader", letter.edition.preheader)):
        found = list(dict.fromkeys(sensitive(text, letter.templates, language)))
        if found:
            said = ", ".join(f"“{word}”" for word in found[:5])
            yield warning(
                "sensitive",
                f"The {where} says {said}: on a locked screen that tells what its reader lives with.",
                f"{instead(letter, where)}\n{_allowing(found[0], letter.templates, language)}",
                _place(letter, where, found[0]),
            )


_NAMED = ', and set templates = "templates" under [theme] in rapport.toml'


def _allowing(word: str, templates: Templates, language: str) -> str:
    """How an operator lets a word pass for good: their list goes before ours."""
    entry = entry_of(word, templates, language)
    line = entry.words if entry else word.lower()
    if entry and not entry.file.is_relative_to(PACKAGED):
        return f"To allow “{word}” for good, take “{line}” out of {entry.file}:{entry.line}."
    copy = f"copies the list to {templates.own or 'templates'}/letter/{NAME}.txt"
    if templates.own:
        command, then = f"rapport init --templates {shlex.quote(str(templates.own))}", ""
    else:
        command, then = "rapport init --templates", _NAMED
    return f"To allow “{word}” for good: `{command}` {copy}; take “{line}” out of it{then}."


def _place(letter: CheckedLetter, where: str, word: str) -> str:
    wanted = plain(word)
    holding = (p for p in letter.posts if wanted in plain(str(p.get("title") or "")))
    post = next(holding, None)
    return f"post: {post['title']}" if post else where
