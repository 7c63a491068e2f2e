"""The mail that asks somebody to confirm: the same provider and look as the letter, and no advertising.

It has no list headers: one that does nothing would be worse than none, and its reader is on no list yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.phrases import Phrases
from pipeline.letter.shown import day
from pipeline.mail.message import render_mail, single_message
from pipeline.providers import CONFIRMATION, Message

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.core.config import Config
    from pipeline.core.templates import Templates


def confirmation_mail(
    config: Config,
    templates: Templates,
    number: int,
    *,
    purpose: str,
    link: str,
    until: datetime,
    address: str = "",
) -> Message:
    """The mail of one confirmation. ``purpose``: the table of its phrases; ``address``: what they may tell of
    the other address of a move. Raises LetterError."""
    phrases = Phrases(templates, "mail", config.newsletter, mails=config.mails)
    date = day(until, config)
    words = phrases.table(purpose, date=date, address=address) | phrases.table("both", date=date)
    bodies = render_mail(config, templates, "confirmation", words=words, link=link)
    return single_message(config.newsletter, CONFIRMATION, number, subject=words["subject"], **bodies)
