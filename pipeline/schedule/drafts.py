"""Mailing staff the drafts that were put up for their decision, each version once.

Drafts are found in the database. So any process may have put a draft up, composed it again or edited it: the
next maintenance, of any process, mails it. A draft that keeps changing is mailed once an hour at most.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from pipeline.core.tables import notices
from pipeline.editions.approval import VERBS
from pipeline.editions.plan import by_itself
from pipeline.letter.check import check_letter
from pipeline.letter.personal import sample
from pipeline.mail import staff
from pipeline.mail.draft import Draft, draft_mail
from subscribers import clock
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Digest
    from pipeline.editions.edition import Edition
    from pipeline.providers import Message

LINKS_VALID_FOR = timedelta(days=14)
"""Longer than staff put an approval off, shorter than they keep the mail."""


def mail_drafts(installation: Installation, drafts: list[Edition]) -> None:
    """Mail drafts that were put up, unless this version was mailed to staff already.

    A draft of a digest without approval and hold window goes out at once: there is nothing to decide.
    """
    digests = {d.name: d for d in installation.config.digests if d.approval == "required" or d.hold_window}
    for edition in drafts:
        if edition.digest in digests:
            _mail(installation, digests[edition.digest], edition)


def decision_links(installation: Installation, edition: Edition, until: datetime) -> dict[str, str]:
    """For each verb the path by which staff decide on this version of the edition; valid until then."""
    seen = edition.fingerprint()
    sign = installation.tokens.sign_seen
    return {verb: f"staff/{verb}/{sign(Purpose(verb), edition.id, until, seen)}" for verb in VERBS}


def _mail(installation: Installation, digest: Digest, edition: Edition) -> None:
    kind = f"draft-{edition.id}"

    def made(number: int) -> Message:
        draft = _draft(installation, digest, edition, kind)
        return draft_mail(installation.config, installation.templates, number, draft)

    version = edition.fingerprint().hex()
    what = f"{edition.slug} is put up as a draft"
    # Since: an edition that was changed back is mailed again, because the last mail shows the other version.
    staff.mail(installation, kind, version, what, made, edition.announced_at)


def _draft(installation: Installation, digest: Digest, edition: Edition, kind: str) -> Draft:
    config, now = installation.config, clock.now()
    nobody = sample(config, edition.digest, config.newsletter.from_email)
    until = now + LINKS_VALID_FOR
    public = config.newsletter.public_url
    paths = decision_links(installation, edition, until) if public else {}
    with installation.database.read() as connection:
        changed = _mailed_before(connection, kind)
    return Draft(
        slug=edition.slug,
        subject=edition.subject,
        preheader=edition.preheader,
        html=nobody.fill(edition.html),
        text=nobody.fill(edition.text),
        due=edition.due_at,
        goes=by_itself(digest, edition),
        late=edition.due_at <= now,
        findings=check_letter(config, installation.templates, edition),
        left_out=edition.left_out,
        links={verb: f"{public}/{path}" for verb, path in paths.items()},
        until=until,
        changed=changed,
    )


def _mailed_before(connection: Connection, kind: str) -> bool:
    earlier = exists().where(notices.c.kind == kind, notices.c.about != staff.ATTEMPT)
    return connection.execute(select(earlier)).scalar_one()
