"""What staff may decide on the page, where it is offered: to approve the letter as they see it, to send it.

Whoever is at this machine may ask for the page without signing in. So it is offered for letters to the outbox
alone, by `rapport demo --serve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.editions import find
from pipeline.editions.approval import approve
from pipeline.editions.edition import EditionStatus
from pipeline.editions.lock import lock

if TYPE_CHECKING:
    from pipeline.core.config import Config
    from pipeline.editions.edition import Edition
    from pipeline.web.preview.session import PreviewSession

VERBS = ("approve", "send")

_NEXT = {
    EditionStatus.DRAFT: "approve",
    EditionStatus.HELD: "approve",
    EditionStatus.APPROVED: "send",
    EditionStatus.SENDING: "send",
}


def offered(session: PreviewSession, config: Config, edition: Edition) -> str:
    """Which of VERBS the page offers for an edition; empty for none."""
    return "" if config.mails or not session.deciding else _NEXT.get(EditionStatus(edition.status), "")


def decide(session: PreviewSession, slug: str, verb: str, seen: bytes) -> None:
    """Do one of VERBS to an edition that was seen with this fingerprint. Why it cannot be done, the page
    says."""
    try:
        _decide(session, slug, verb, seen)
        session.answer = ""
    except RapportError as error:
        session.answer = f"{error.message} {error.remedy}"
    session.editions_changed()


def _decide(session: PreviewSession, slug: str, verb: str, seen: bytes) -> None:
    installation = session.installation
    if installation is None:
        return
    with installation.database.read() as connection:
        edition = find.by_slug(connection, slug)
    if verb != offered(session, installation.config, edition):
        raise RapportError(f"{slug} is {edition.status}: the page cannot {verb} it.", "Look at it again.")
    if verb == "approve":
        approve(installation, slug, seen)
        return
    # Not above: the preview starts sooner without what sends.
    from pipeline.delivery.send import send

    with lock(installation.database, edition.digest):
        send(installation, slug, lambda done, total: None)
