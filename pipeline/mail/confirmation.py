"""The mail that asks somebody to confirm: the same provider and look as the letter, and no advertising.

It bears no list headers: one that did nothing would be worse than none, and its reader is on no list yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.theme import look
from pipeline.letter.direction import of_language
from pipeline.letter.mjml import html_of
from pipeline.letter.shown import day
from pipeline.letter.templates import environment, render
from pipeline.letter.text import finished
from pipeline.mail.phrases import words
from pipeline.providers import CONFIRMATION, Message

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pipeline.core.config import Config


def confirmation_mail(
    config: Config, number: int, *, purpose: str, link: str, until: datetime, own: Path | None
) -> Message:
    """The mail of one confirmation. ``purpose``: the table of its phrases. Raises LetterError."""
    newsletter = config.newsletter
    said = words("mail", newsletter.language, own)
    names = {"newsletter": newsletter.name, "sender": newsletter.sender, "date": day(until, config)}
    phrases = {key: phrase.format(**names) for key, phrase in (said[purpose] | said["both"]).items()}
    context = {
        "words": phrases,
        "link": link,
        "newsletter": newsletter,
        "theme": look(config.theme),
        "lang": newsletter.language,
        "dir": of_language(newsletter.language),
    }
    mjml = render(environment(own, markup=True), "mail/confirmation.mjml", context)
    text = render(environment(own, markup=False), "mail/confirmation.txt", context)
    return Message(
        edition=f"{CONFIRMATION}-{number}",
        digest=CONFIRMATION,
        subject=" ".join(phrases["subject"].split()),
        from_email=newsletter.from_email,
        from_name=newsletter.sender,
        reply_to=newsletter.reply_to or newsletter.from_email,
        html=html_of(mjml, "mail/confirmation.mjml", own),
        text=finished(text),
    )
