"""Mailing staff the drafts that were put up for their decision, each version once.

Drafts are found in the database. So any process may have put a draft up, composed it again or edited it: the
next maintenance, of any process, mails it. A draft that keeps changing is mailed once an hour at most.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from pipeline.core.tables.installation import notices
from pipeline.editions.approval import VERBS
from pipeline.editions.message import uncounted
from pipeline.editions.send_time import by_itself
from pipeline.letter.check import check_letter
from pipeline.letter.personal import sample
from pipeline.mail import staff
from pipeline.mail.draft import Draft, draft_mail
from subscribers import clock
from subscribers.tokens import Purpose, Seen, holder_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition
    from pipeline.providers import Message

LINKS_VALID_FOR = timedelta(days=14)
"""Longer than staff put an approval off, shorter than they keep the mail."""


_TAGS = {verb: f"%%rapport-{verb}%%" for verb in VERBS}
"""Where each of staff finds their own link: what is decided by it is put on record as theirs."""


def mail_drafts(installation: Installation, drafts: list[Edition]) -> None:
    """Mail drafts that were put up, unless this version was mailed to staff already.

    A draft of a digest without approval and hold window goes out at once: there is nothing to decide.
    """
    digests = {d.name: d for d in installation.config.digests if d.approval == "required" or d.hold_window}
    for edition in drafts:
        if edition.digest in digests:
            _mail(installation, digests[edition.digest], edition)


def decision_links(
    installation: Installation, edition: Edition, until: datetime, holder: bytes
) -> dict[str, str]:
    """For each verb the path by which one of staff decides on this version of the edition; valid until then,
    or until anybody decides. ``holder``: who that is (`tokens.holder_of`)."""
    tokens = _tokens(installation, edition, until, holder)
    return {verb: _path(verb, token) for verb, token in tokens.items()}


def _tokens(installation: Installation, edition: Edition, until: datetime, holder: bytes) -> dict[str, str]:
    seen = Seen(edition.id, until, edition.fingerprint(), edition.mark, holder)
    return {verb: installation.tokens.sign_deciding(Purpose(verb), seen) for verb in VERBS}


def _path(verb: str, token: str) -> str:
    return f"staff/{verb}/{token}"


def _mail(installation: Installation, digest: Digest, edition: Edition) -> None:
    # A kind for each decision: staff who let a letter go on wait for no hour until they get its new links.
    kind = f"{_kind(edition)}-{edition.decision}" if edition.decision else _kind(edition)

    until = clock.now() + LINKS_VALID_FOR

    def made(number: int) -> Message:
        draft = _draft(installation, digest, edition, until)
        return draft_mail(installation.config, installation.templates, number, draft)

    def own_links(address: str) -> dict[str, str]:
        tokens = _tokens(installation, edition, until, holder_of(address))
        return {_TAGS[verb]: token for verb, token in tokens.items()}

    # After a decision that made it a draft again its links are dead: it is mailed anew.
    version = edition.fingerprint().hex() + (edition.decision or "")
    what = f"{edition.slug} is put up as a draft"
    # Since: an edition that was changed back is mailed again, because the last mail shows the other version.
    staff.mail(installation, kind, version, what, made, edition.announced_at, own_fields=own_links)


def _draft(installation: Installation, digest: Digest, edition: Edition, until: datetime) -> Draft:
    config, now, letter = installation.config, clock.now(), uncounted(edition)
    nobody = sample(config, edition.digest, config.newsletter.from_email)
    public = config.newsletter.public_url
    with installation.database.read() as connection:
        changed = _another_was_mailed(connection, edition)
    return Draft(
        slug=edition.slug,
        subject=edition.subject,
        preheader=edition.preheader,
        html=nobody.fill(letter.html),
        text=nobody.fill(letter.text),
        due=edition.due_at,
        goes=by_itself(digest, edition),
        late=edition.due_at <= now,
        findings=check_letter(config, installation.templates, edition),
        left_out=edition.left_out,
        links={verb: f"{public}/{_path(verb, _TAGS[verb])}" for verb in VERBS} if public else {},
        until=until,
        changed=changed,
    )


def _kind(edition: Edition) -> str:
    return f"draft-{edition.id}"


def _another_was_mailed(connection: Connection, edition: Edition) -> bool:
    """Whether staff were mailed another version of the letter."""
    kind = _kind(edition)
    mailed = exists().where(
        or_(notices.c.kind == kind, notices.c.kind.startswith(f"{kind}-", autoescape=True)),
        ~notices.c.about.startswith(edition.fingerprint().hex()),
        notices.c.about != staff.ATTEMPT,
    )
    return connection.execute(select(mailed)).scalar_one()
