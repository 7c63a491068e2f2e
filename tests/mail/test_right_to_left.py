"""Mails to one person in Hebrew, in Chromium: they run and stand as their readers read."""

from __future__ import annotations

import pytest

from pipeline.core.templates import Templates
from pipeline.mail import welcome
from pipeline.mail.confirmation import confirmation_mail
from pipeline.mail.notice import notice_mail
from tests.browser import needs_chromium, show, window
from tests.languages import ASTRAY, HEBREW
from tests.letter.samples import NOW, config

pytestmark = needs_chromium

PRACTICE = {
    "language": "he",
    "name": "מכתב הנמל",
    "from_name": "מרפאת הנמל",
    "postal_address": "רחוב הנמל 12, חיפה",
    "notice": "",
}


@pytest.mark.parametrize("kind", ["question", "notice", "welcome"])
def test_all_of_a_mail_runs_from_right_to_left(kind: str) -> None:
    settings, templates = config(newsletter=PRACTICE), Templates(HEBREW)
    link = "https://x.example"
    mails = {
        "question": confirmation_mail(settings, templates, 1, purpose="subscribe", link=link, until=NOW).html,
        "notice": notice_mail(settings, templates, 1, subject="המכתב מחכה", text="שלום.\n\nועוד פסקה.").html,
        "welcome": welcome.alone(settings, templates)["html"],
    }
    with window(620, 600) as page:
        show(page, mails[kind])
        assert page.evaluate(ASTRAY) == []
        edge = page.locator(".paper").first.bounding_box()
        stands = page.locator("a" if kind == "question" else "h1").first
        box = stands.bounding_box()
        assert edge is not None
        assert box is not None
        assert edge["x"] + edge["width"] - (box["x"] + box["width"]) < 60
