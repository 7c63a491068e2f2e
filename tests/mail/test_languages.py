"""Mails in each language, with no word of another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.finding import warning
from pipeline.core.phrases import Phrases, name_of, read
from pipeline.core.templates import PACKAGED, Templates
from pipeline.mail import welcome
from pipeline.mail.confirmation import confirmation_mail
from pipeline.mail.draft import Draft, draft_mail
from pipeline.mail.notice import notice_mail
from subscribers.confirmations import Purpose
from tests.languages import MARKED, marked, shown, unmarked
from tests.letter.samples import NOW, config, letter, post

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.providers import Message

NOTICES = sorted(
    {key.split(".")[1] for key in read(PACKAGED / name_of("en")) if key.startswith("mail.notice_")}
)
TOLD = dict.fromkeys(
    (
        "edition",
        "digest",
        "reason",
        "status",
        "url",
        "feed",
        "since",
        "due",
        "posts",
        "editions",
        "made",
        "channel",
        "sent",
        "bounced",
        "doubtful",
        "complained",
        "left",
        "joined",
    ),
    "百",
)
LINK, VERBS = "https://example.org/x", ("approve", "hold", "skip")
COUNTED = dict.fromkeys(("number", "total", "people", "lost", "most", "waiting"), 1200)


def practice(language: str = MARKED, **delivery: Any) -> Config:
    newsletter = {
        "name": "海港來信",
        "from_name": "海港診所",
        "postal_address": "海港路",
        "notice": "",
        "signed_by": "",
    }
    return config(newsletter=newsletter | {"language": language}, delivery=delivery)


def all_of(mail: Message) -> str:
    return "\n".join((mail.subject, shown(mail.html), mail.text))


@pytest.mark.parametrize("provider", ["outbox", "smtp"])
def test_whatever_a_mail_says_is_a_phrase(tmp_path: Path, provider: str) -> None:
    settings, templates = practice(provider=provider), Templates(marked(tmp_path))
    phrases = Phrases(templates, "mail", settings.newsletter, mails=settings.mails)
    for purpose in Purpose:
        mail = confirmation_mail(
            settings, templates, 1, purpose=purpose.value, link=LINK, until=NOW, address="a...@x.org"
        )
        assert unmarked(all_of(mail)) == [], purpose
    alone = welcome.alone(settings, templates)
    beside = (
        welcome.words_above(settings, templates, NOW),
        welcome.words_alone(settings, templates, NOW, first=True),
    )
    said = [alone["subject"], shown(alone["html"]), alone["text"]]
    said += [shown(text) if "html" in tag else text for one in beside for tag, text in one.items()]
    assert unmarked("\n".join(said)) == []
    for notice in NOTICES:
        told = phrases.table(notice, **TOLD, **COUNTED)
        mail = notice_mail(settings, templates, 1, subject=told["subject"], text=told["text"])
        assert unmarked(all_of(mail)) == [], notice


@pytest.mark.parametrize("provider", ["outbox", "smtp"])
@pytest.mark.parametrize("by_itself", [True, False])
@pytest.mark.parametrize("links", [{}, dict.fromkeys(VERBS, LINK)], ids=["commands", "links"])
def test_whatever_the_mail_of_a_draft_says_is_a_phrase(
    tmp_path: Path, provider: str, by_itself: bool, links: dict[str, str]
) -> None:
    settings, own = practice(provider=provider), marked(tmp_path)
    made = letter([post(1, "第一篇", "人們常常告訴我們。")], settings, own=own)
    draft = Draft(
        slug="weekly-1",
        subject=made.subject,
        preheader=made.preheader,
        html=made.html,
        text=made.text,
        due=NOW,
        goes=NOW if by_itself else None,
        late=not links,
        findings=[warning("alt", "百", "千")],
        left_out=[{"title": "百", "reason": "千"}] * 12,
        links=links,
        until=NOW + timedelta(days=14),
        changed=bool(links),
    )
    mail = draft_mail(settings, Templates(own), 1, draft)
    offer = [one for one in settings.match.model_dump().values() if isinstance(one, str)]
    commands = [f"rapport editions {verb} weekly-1" for verb in VERBS]
    assert unmarked(all_of(mail), (*offer, *commands, "Ines Calloway", "weekly-1", "WEEKLY-1")) == []


BUTTONS = {
    "en": "Yes, send it to me", "de": "Ja, bitte schicken", "es": "Sí, quiero recibirla",
    "fr": "Oui, je souhaite la recevoir",
}  # fmt: skip


@pytest.mark.parametrize("language", BUTTONS)
def test_the_mail_that_asks_to_confirm_speaks_its_language(language: str) -> None:
    mail = confirmation_mail(practice(language), Templates(), 1, purpose="subscribe", link=LINK, until=NOW)
    for part in (shown(mail.html), mail.text):
        assert BUTTONS[language] in part
        assert not any(BUTTONS[other] in part for other in BUTTONS.keys() - {language})
