"""The mail that tells staff something: plain words, no link but to the documentation, nothing of a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.theme import look
from pipeline.letter.direction import of_language
from pipeline.letter.mjml import html_of
from pipeline.letter.templates import environment, render
from pipeline.letter.text import finished
from pipeline.mail.phrases import words
from pipeline.providers import NOTICE, Message

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.config import Config


def notice_mail(config: Config, number: int, *, subject: str, text: str, own: Path | None) -> Message:
    """The mail of one notice. ``text``: paragraphs with an empty line between them. Raises LetterError."""
    newsletter = config.newsletter
    said = words("mail", newsletter.language, own)["notice"]
    context = {
        "words": {key: phrase.format(newsletter=newsletter.name) for key, phrase in said.items()},
        "subject": subject,
        "paragraphs": [" ".join(part.split()) for part in text.split("\n\n")],
        "newsletter": newsletter,
        "theme": look(config.theme),
        "lang": newsletter.language,
        "dir": of_language(newsletter.language),
    }
    mjml = render(environment(own, markup=True), "mail/notice.mjml", context)
    plain = render(environment(own, markup=False), "mail/notice.txt", context)
    return Message(
        edition=f"{NOTICE}-{number}",
        digest=NOTICE,
        subject=" ".join(f"{newsletter.name}: {subject}".split()),
        from_email=newsletter.from_email,
        from_name=newsletter.sender,
        reply_to=newsletter.reply_to or newsletter.from_email,
        html=html_of(mjml, "mail/notice.mjml", own),
        text=finished(plain),
    )
