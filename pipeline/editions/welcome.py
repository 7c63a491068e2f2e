"""Which letter a digest's new readers are welcomed with: the newest that was sent, or none yet.

Not every letter will do. One of which a post was taken back, that tripped the breaker, or that was corrected
is not for new readers; nor is one that the readers of before only had in the outbox, or a note. Where none
is left, the welcome is a mail of its own. It is kept as edition 0 of the digest, so that the ledger, events
and links know it as they know any other; no list of editions shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from pipeline.core.destination import OUTBOX, is_mail
from pipeline.core.tables.editions import editions
from pipeline.editions import find, store
from pipeline.editions.edition import Edition, EditionKind, EditionStatus
from pipeline.editions.taken_back import taken_back
from pipeline.feeds.first_seen import register
from pipeline.letter.ask import GONE, ask, places
from pipeline.letter.personal import is_of
from pipeline.mail.welcome import alone
from subscribers import clock

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest

MOST = 5
"""The newest letters that are looked at. What is older than these is no news."""

SECONDS = 10.0
"""To ask whether a letter's pages are still there."""


def newest(installation: Installation, digest: Digest) -> Edition | None:
    """The letter that a digest's new readers get; None while there is none. It asks the pages of the posts:
    call it in no transaction."""
    config = installation.config
    with installation.database.read() as connection:
        found = find.newest(connection, MOST, *_went(config, digest), *_SOUND)
        usable = [one for one in found if _is_usable(connection, config, one)]
    return next((one for one in usable if not _pages_gone(config, one)), None)


def any_went(connection: Connection, config: Config, digest: Digest) -> bool:
    """Whether readers had any letter of the digest."""
    query = select(editions.c.id).where(*_went(config, digest))
    return connection.execute(query.limit(1)).first() is not None


def _went(config: Config, digest: Digest) -> list[ColumnElement[bool]]:
    which = [
        editions.c.digest == digest.name,
        editions.c.kind == EditionKind.POSTS,
        editions.c.status == EditionStatus.SENT,
    ]
    if config.mails:
        # Of one from before providers were kept nobody knows; it is taken for one that readers had.
        which.append(func.coalesce(editions.c.provider, "") != OUTBOX)
    return which


_corrections = editions.alias()
_SOUND = (
    editions.c.tripped_at.is_(None),
    ~exists().where(
        _corrections.c.readers_of == editions.c.id,
        _corrections.c.status.not_in((EditionStatus.SKIPPED, EditionStatus.CANCELLED)),
    ),
)


def _is_usable(connection: Connection, config: Config, edition: Edition) -> bool:
    same_way = edition.provider is None or is_mail(edition.provider) == config.mails
    return (
        same_way
        and edition.is_approved
        and not edition.gone
        and is_of(config, edition.text)
        and not taken_back(connection, config, edition)
    )


def _pages_gone(config: Config, edition: Edition) -> bool:
    pages = [post["url"] for post in edition.posts if post["url"]]
    answers = ask(pages, places(feed.url for feed in config.feeds), seconds=SECONDS)
    return any(answer is not None and answer.status in GONE for answer in answers.values())


def by_itself(installation: Installation, digest: Digest) -> Edition:
    """The welcome of a digest without a letter for it, as templates and configuration make it now. The caller
    sees to it that none is being handed over. Raises LetterError."""
    letter = alone(installation.config, installation.templates)
    with installation.database.write() as connection:
        register(connection, installation.config, clock.now())  # somebody may confirm before the first run
        kept = find.one(connection, editions.c.digest == digest.name, editions.c.kind == EditionKind.WELCOME)
        edition = kept if kept is not None else store.create_welcome(connection, installation.config, digest)
        if (edition.subject, edition.html, edition.text) == (*letter.values(),):
            return edition
        edition = store.change(connection, edition.id, **letter)
        return store.change(connection, edition.id, approved=edition.fingerprint().hex())
