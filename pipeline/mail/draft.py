"""The mail that shows staff a draft: the letter itself, and above it a panel with what they can do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import LetterError
from pipeline.core.phrases import Phrases
from pipeline.letter.jinja import environment, render
from pipeline.letter.shown import day, time_of_day
from pipeline.letter.text import finished
from pipeline.mail.message import mail_context, single_message
from pipeline.providers import NOTICE, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pipeline.core.config import Config
    from pipeline.core.finding import Finding
    from pipeline.core.templates import Templates

MOST = 8
"""How many left-out posts are named: a list of fifty would hide the letter below it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is mailed. ``html`` and ``text`` are the letter's parts with nothing personal in them.

    ``goes``: when it goes out by itself, None when it waits to be approved. ``due``: its due time. ``links``:
    by verb the addresses of the pages that decide, good ``until`` then; where there are none, the mail names
    the commands. ``changed``: an earlier version was mailed before.
    """

    slug: str
    subject: str
    preheader: str
    html: str
    text: str
    due: datetime
    goes: datetime | None
    late: bool
    findings: Sequence[Finding]
    left_out: Sequence[Mapping[str, Any]]
    links: Mapping[str, str]
    until: datetime
    changed: bool


def draft_mail(config: Config, templates: Templates, number: int, draft: Draft) -> Message:
    """The mail of one version of a draft. Raises LetterError."""
    phrases = Phrases(templates, "mail", config.newsletter, mails=config.mails)
    words = phrases.table(
        "draft",
        edition=draft.slug,
        subject=draft.subject,
        number=max(0, len(draft.left_out) - MOST),
        **_dated(config, draft.until),
    )
    context = mail_context(config) | {
        "draft": draft,
        "words": words | phrases.table("notice"),
        "when": _when(config, draft, phrases),
        "errors": _told(draft.findings, "error"),
        "warnings": _told(draft.findings, "warning"),
        "left_out": _left_out(draft, words["more"]),
        "verbs": ("approve", "hold", "skip"),
    }
    panel = render(environment(templates, markup=True), "mail/draft.html", context)
    above = render(environment(templates, markup=False), "mail/draft.txt", context)
    return single_message(
        config.newsletter,
        NOTICE,
        number,
        subject=words["subject_changed" if draft.changed else "subject"],
        html=_above(panel, draft.html),
        text=finished(f"{above}\n\n{draft.text}"),
    )


def _dated(config: Config, moment: datetime, form: str = "long") -> dict[str, str]:
    return {"date": day(moment, config, form), "time": time_of_day(moment, config)}


def _when(config: Config, draft: Draft, phrases: Phrases) -> str:
    if draft.goes is not None:
        return phrases.say("draft.by_itself", **_dated(config, draft.goes, "full"))
    key = "draft.waits_late" if draft.late else "draft.waits"
    return phrases.say(key, **_dated(config, draft.due, "full"))


def _told(findings: Sequence[Finding], level: str) -> list[str]:
    return [f"{finding.message} {finding.remedy}" for finding in findings if finding.level == level]


def _left_out(draft: Draft, more: str) -> list[str]:
    named = [f"{post['title']}: {post['reason']}" for post in draft.left_out[:MOST]]
    return named if len(draft.left_out) <= MOST else [*named, more]


def _above(panel: str, letter: str) -> str:
    """The letter with the panel above it. The panel begins with its style sheet, which goes into the head."""
    style, end, shown = panel.encode("ascii", "xmlcharrefreplace").decode("ascii").partition("</style>")
    body = re.search(r"<body\b[^>]*>", letter)
    head = letter.find("</head>")
    if not end or not body or head < 0:
        raise LetterError(
            "mail/draft.html: it begins with a <style>, and goes into a letter that has a head and a body.",
            "Compare it with ours.",
        )
    return f"{letter[:head]}{style}{end}{letter[head : body.end()]}{shown}{letter[body.end() :]}"
