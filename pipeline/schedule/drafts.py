"""Mailing staff the drafts that they can still act on, each version once.

It looks at the database alone, as watch.py does: whoever put a draft up, composed it anew or edited it,
whoever asks next mails it. A draft that keeps changing is mailed once an hour at the most.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from pipeline.core.tables import notices
from pipeline.editions import find
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

GOOD_FOR = timedelta(days=14)
"""How long the links of a draft work: longer than an approval is put off, shorter than a mailbox is kept."""


def announce(installation: Installation) -> None:
    """Mail the drafts that were put up, unless staff were mailed them as they stand. Cheap without any.

    A digest that goes out as soon as it is put up has nothing to decide about.
    """
    digests = {d.name: d for d in installation.config.digests if d.approval == "required" or d.hold_window}
    with installation.database.read() as connection:
        put_up = find.put_up(connection, digests)
    for edition in put_up:
        _mail(installation, digests[edition.digest], edition)


def links(installation: Installation, edition: Edition, until: datetime) -> dict[str, str]:
    """By verb the path under which the edition as it stands can be decided on, until then."""
    seen = edition.fingerprint()
    sign = installation.tokens.sign_seen
    return {verb: f"staff/{verb}/{sign(Purpose(verb), edition.id, until, seen)}" for verb in VERBS}


def _mail(installation: Installation, digest: Digest, edition: Edition) -> None:
    kind = f"draft-{edition.id}"

    def made(number: int) -> Message:
        draft = _draft(installation, digest, edition, kind)
        return draft_mail(installation.config, number, draft, own=installation.templates)

    version = edition.fingerprint().hex()
    what = f"{edition.slug} is put up as a draft"
    # Since: one that went back to what it was is put up again, and the last mail shows something else.
    staff.mail(installation, kind, version, what, made, edition.announced_at)


def _draft(installation: Installation, digest: Digest, edition: Edition, kind: str) -> Draft:
    config, now = installation.config, clock.now()
    nobody = sample(config, edition.digest, config.newsletter.from_email)
    until = now + GOOD_FOR
    public = config.newsletter.public_url
    paths = links(installation, edition, until) if public else {}
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
        findings=check_letter(config, edition, own=installation.templates),
        left_out=edition.left_out,
        links={verb: f"{public}/{path}" for verb, path in paths.items()},
        until=until,
        changed=changed,
    )


def _mailed_before(connection: Connection, kind: str) -> bool:
    earlier = exists().where(notices.c.kind == kind, notices.c.about != staff.ATTEMPT)
    return connection.execute(select(earlier)).scalar_one()
