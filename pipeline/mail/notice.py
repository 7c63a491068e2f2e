"""The mail that tells staff something: plain words, no link but to the documentation, nothing of a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.phrases import Phrases
from pipeline.mail.message import render_mail, single_message
from pipeline.providers import NOTICE, Message

if TYPE_CHECKING:
    from pipeline.core.config import Config
    from pipeline.core.templates import Templates


def notice_mail(config: Config, templates: Templates, number: int, *, subject: str, text: str) -> Message:
    """The mail of one notice. ``text``: paragraphs with an empty line between them. Raises LetterError."""
    bodies = render_mail(
        config,
        templates,
        "notice",
        words=Phrases(templates, "mail", config.newsletter, mails=config.mails).table("notice"),
        subject=subject,
        paragraphs=[" ".join(part.split()) for part in text.split("\n\n")],
    )
    newsletter = config.newsletter
    return single_message(newsletter, NOTICE, number, subject=f"{newsletter.name}: {subject}", **bodies)
