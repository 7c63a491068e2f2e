"""The words of welcome: above a letter that went out already, or in a mail of their own before the first.

What they say is a reader's own field, as the links are: the letter around them is the one that was approved.
HTML and text have different tags, as in letter/personal.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.core.phrases import Phrases
from pipeline.letter.jinja import environment, render
from pipeline.letter.personal import tags
from pipeline.letter.shown import day
from pipeline.letter.text import finished
from pipeline.mail.message import mail_context, render_mail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipeline.core.config import Config
    from pipeline.core.templates import Templates
    from pipeline.providers import Message

HTML_TAG, TEXT_TAG = "%%rapport-welcome-html%%", "%%rapport-welcome-text%%"

# The body of a letter, and the preheader at its beginning, which inboxes show: that stays the letter's own.
_BODY = re.compile(r"<body\b[^>]*>")
_PREHEADER = re.compile(r'\s*<div style="display:none[^>]*>[^<]*</div>')


def above(message: Message) -> Message:
    """A letter with the place for the words of welcome above it. Raises LetterError where it has no body."""
    body = _BODY.search(message.html)
    if body is None:
        raise LetterError(f"{message.edition} has no <body>.", "No welcome can stand above it.")
    preheader = _PREHEADER.match(message.html, body.end())
    place = preheader.end() if preheader else body.end()
    html = f"{message.html[:place]}{HTML_TAG}{message.html[place:]}"
    return replace(message, html=html, text=f"{TEXT_TAG}\n{message.text}")


def words_above(config: Config, templates: Templates, next_letter: datetime) -> Mapping[str, str]:
    """What stands above a letter, by tag. Raises LetterError."""
    words = _phrases(config, templates).table("welcome", date=day(next_letter, config, "full"))
    context = mail_context(config) | {"words": words}
    html = render(environment(templates, markup=True), "mail/welcome-above.html", context)
    text = render(environment(templates, markup=False), "mail/welcome-above.txt", context)
    return {HTML_TAG: _ascii(html), TEXT_TAG: finished(text)}


def alone(config: Config, templates: Templates) -> dict[str, str]:
    """``subject``, ``html`` and ``text`` of the mail that there is before a digest's first letter. Raises
    LetterError."""
    words = _phrases(config, templates).table("welcome", date="")
    parts = tags(config)
    both = {"links": {"html": parts.html, "text": parts.text}, "when": {"html": HTML_TAG, "text": TEXT_TAG}}
    bodies = render_mail(config, templates, "welcome", words=words, **both)
    return {"subject": " ".join(words["subject"].split()), **bodies}


def words_alone(
    config: Config, templates: Templates, next_letter: datetime, *, first: bool
) -> Mapping[str, str]:
    """When the next letter comes, or the ``first``, by tag. Raises LetterError."""
    date = day(next_letter, config, "full")
    said = _phrases(config, templates).say("welcome.first" if first else "welcome.next", date=date)
    html = environment(templates, markup=True).from_string("{{ said }}").render(said=said)
    return {HTML_TAG: _ascii(html), TEXT_TAG: finished(said).strip("\n")}


def _phrases(config: Config, templates: Templates) -> Phrases:
    return Phrases(templates, "mail", config.newsletter, mails=config.mails)


def _ascii(html: str) -> str:
    return html.strip().encode("ascii", "xmlcharrefreplace").decode("ascii")
