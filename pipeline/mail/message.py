"""What all mail of the newsletter has in common: who it is from, who gets the answers, how it looks.

List headers are not part of it: a mail to one person has none. Who reads an edition as a subscriber has them
among their own headers (letter/personal.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.theme import look
from pipeline.letter.direction import of_language
from pipeline.letter.jinja import environment, render
from pipeline.letter.mjml import render_html
from pipeline.letter.text import finished
from pipeline.providers import Message

if TYPE_CHECKING:
    from pipeline.core.config import Config
    from pipeline.core.sections.newsletter import Newsletter
    from pipeline.core.templates import Templates


def message_from(
    newsletter: Newsletter,
    *,
    edition: str,
    digest: str,
    subject: str,
    html: str,
    text: str,
    hosted_tag: str = "",
) -> Message:
    """A message from the newsletter, such as a provider is handed."""
    return Message(
        edition=edition,
        digest=digest,
        subject=subject,
        from_email=newsletter.from_email,
        from_name=newsletter.sender,
        reply_to=newsletter.reply_address,
        html=html,
        text=text,
        hosted_tag=hosted_tag,
    )


def single_message(
    newsletter: Newsletter, kind: str, number: int, *, subject: str, html: str, text: str
) -> Message:
    """A mail to one person. ``kind`` (CONFIRMATION, NOTICE) and ``number`` name it where an edition's slug
    would stand; the subject becomes one line."""
    return message_from(
        newsletter,
        edition=f"{kind}-{number}",
        digest=kind,
        subject=" ".join(subject.split()),
        html=html,
        text=text,
    )


def mail_context(config: Config) -> dict[str, Any]:
    """The names that the template of every mail to one person knows."""
    language = config.newsletter.language
    return {
        "newsletter": config.newsletter,
        "theme": look(config.theme),
        "lang": language,
        "dir": of_language(language),
    }


def render_mail(config: Config, templates: Templates, name: str, **known: Any) -> dict[str, str]:
    """Both bodies, ``html`` and ``text``, of the mail whose templates are mail/NAME.mjml and mail/NAME.txt.

    Raises LetterError that names file and line.
    """
    context = mail_context(config) | known
    plain = environment(templates, markup=False)
    return {
        "html": render_html(templates, f"mail/{name}.mjml", context),
        "text": finished(render(plain, f"mail/{name}.txt", context)),
    }
