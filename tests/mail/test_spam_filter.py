"""Each kind of mail before SpamAssassin's local rules: none is nearer to the spam folder by its make."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.core.templates import Templates
from pipeline.letter.personal import sample
from pipeline.mail.confirmation import confirmation_mail
from pipeline.mail.draft import Draft, draft_mail
from pipeline.mail.message import message_from
from pipeline.mail.notice import notice_mail
from pipeline.mail.send import addressee
from pipeline.providers import fill
from pipeline.providers.eml import compose
from tests.letter.samples import INTRO, NOW, config, letter, sample_blog, sample_pictures

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.providers import Message, Recipient

SPAMASSASSIN = shutil.which("spamassassin")
ADDRESS = "ann@mill.example"


def mails(settings: Config) -> dict[str, tuple[Message, Recipient]]:
    """One mail of each kind, with who gets it."""
    made = letter(sample_blog(), settings, intro=INTRO, images=sample_pictures(sample_blog()))
    reader = sample(settings, "weekly", ADDRESS)
    edition = message_from(
        settings.newsletter, edition="weekly-1", digest="weekly", subject=made.subject, html=made.html,
        text=made.text,
    )  # fmt: skip
    shown = {part: fill(body, reader.fields) for part, body in (("html", made.html), ("text", made.text))}
    pages = f"{settings.newsletter.pages}/approve/"
    draft = Draft(
        slug="weekly-1", subject=made.subject, preheader=made.preheader, due=NOW, goes=None, late=False,
        findings=(), left_out=(), links={verb: f"{pages}{verb}" for verb in ("approve", "hold", "skip")},
        until=NOW + timedelta(days=7), changed=False, **shown,
    )  # fmt: skip
    link = f"{settings.newsletter.pages}/confirm/{'A' * 44}"
    confirm = confirmation_mail(
        settings, Templates(), 1, purpose="subscribe", link=link, until=NOW + timedelta(days=30)
    )
    notice = notice_mail(
        settings, Templates(), 1, subject="The feed could not be read", text="It answered 404.\n\nLook there."
    )
    return {
        "letter": (edition, reader),
        "confirmation": (confirm, addressee(ADDRESS, 1)),
        "notice": (notice, addressee(ADDRESS)),
        "draft": (draft_mail(settings, Templates(), 1, draft), addressee(ADDRESS)),
    }


@pytest.mark.skipif(SPAMASSASSIN is None, reason="no spamassassin on the path: apt-get install spamassassin")
def test_no_kind_of_mail_scores_above_nothing(tmp_path: Path) -> None:
    found = mails(config())
    box = tmp_path / "four.mbox"
    box.write_bytes(
        b"".join(
            b"From rapport Thu Nov 20 09:00:00 2025\n"
            + compose(message, to, NOW).replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
            + b"\n"
            for message, to in found.values()
        )
    )
    # One process for all: its rules take it longer than the mails do. -L: no network, -x: nobody's settings.
    judged = subprocess.run(
        [str(SPAMASSASSIN), "-L", "-x", "--mbox", str(box)],
        capture_output=True, check=True, text=True, timeout=300,
        env={"HOME": str(tmp_path), "PATH": os.defpath},
    ).stdout  # fmt: skip
    scores = re.findall(
        r"^X-Spam-Status: .*?score=(-?[\d.]+).*?tests=(.*?)autolearn.*?^Subject: (.*?)$", judged, _EACH
    )
    assert {subject for *_, subject in scores} == {message.subject for message, _ in found.values()}
    assert [(subject, score, why) for score, why, subject in scores if float(score) > 0] == []


_EACH = re.MULTILINE | re.DOTALL
