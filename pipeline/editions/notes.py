"""A note: an edition that staff wrote. It takes no due time and no posts; all else is as for any other.

A digest has one open edition. So while a note is open the letter that is due waits for it, and while such a
letter is decided on or on its way no note can be written. A draft that nobody was shown gives way: it is
composed again when it is due.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.core.destination import is_mail
from pipeline.core.errors import RapportError
from pipeline.editions import by_staff, course, find, store
from pipeline.editions.archive import key_of
from pipeline.editions.edition import BEFORE_SENDING, TYPED, EditionKind, EditionStatus
from pipeline.editions.ledger import outcomes
from pipeline.feeds.first_seen import refuse_former, register
from pipeline.letter.images.pictures import known, of_note, refresh
from pipeline.letter.images.portrait import portrait, refresh_portrait
from pipeline.letter.note import images_of
from pipeline.letter.render import render_note
from subscribers import clock, staff_log

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition
    from pipeline.letter.note import Note


def write(
    installation: Installation,
    digest: Digest,
    note: Note,
    file: str,
    *,
    readers_of: str | None = None,
    actor: str = "",
) -> Edition:
    """The draft of a note, or the one that the same ``file`` made, with what the file says now. The caller
    holds the digest's lock. One that was ``TYPED`` in the dashboard is held until it is approved: whoever
    saves what they have so far does not expect it to leave with the next run.

    ``readers_of`` names an edition: then the note is a correction, for who was handed that one and may still
    be mailed. Raises RapportError when another edition of the digest is open, or nobody has the one to be
    corrected; LetterError when no letter comes of it.
    """
    at = clock.now()
    pictures = of_note(images_of(note.markdown))
    refresh_portrait(installation)
    refresh(installation, pictures)  # ahead of the transaction: their hosts take what time they like
    with installation.database.write() as connection:
        register(connection, installation.config, at)
        refuse_former(connection, digest.name)
        corrected = _corrected(connection, installation, digest, readers_of) if readers_of else None
        edition = _draft(connection, digest, file, corrected, at, installation.config.newsletter.zone)
        kept = {"file": file, "offer": note.offer, "announce": note.announce}
        shown = known(connection, installation.config, pictures)
        letter = render_note(
            installation.config,
            installation.templates,
            digest,
            note,
            slug=edition.slug,
            due=edition.due_at.astimezone(installation.config.newsletter.zone),
            pictures={picture.image_url or "": shown[picture.id] for picture in pictures},
            key=key_of(installation, edition.slug, secret=corrected is not None),
            portrait=portrait(connection, installation.config),
            for_all=corrected is None,
        )
        after = store.change(
            connection,
            edition.id,
            intro=note.markdown,
            note=kept,
            pictures=[{"post": post, **asdict(picture)} for post, picture in shown.items()],
            composed_at=at,
            **asdict(letter),
        )
        staff_log.record(connection, "write", edition.slug, detail=file, actor=actor)
        after = course.rewritten(connection, edition, after)
        if file == TYPED and after.status == EditionStatus.DRAFT:
            # With the text and not after it: a process that dies in between would leave a draft that goes.
            return by_staff.decide(connection, "hold", after.slug, actor)
        return after


def _corrected(connection: Connection, installation: Installation, digest: Digest, slug: str) -> Edition:
    """The edition whose readers a correction is for."""
    edition = find.by_slug(connection, slug)
    if edition.digest != digest.name:
        raise RapportError(
            f"{slug} is an edition of {edition.digest}, not of {digest.name}.",
            f"Write the correction for that one: `rapport write {edition.digest} FILE --readers-of {slug}`.",
        )
    if not outcomes.touched(connection, edition.id):
        raise RapportError(
            f"{slug} is {edition.status}: nobody was handed it.",
            "A correction goes to who has what it corrects.",
        )
    config = installation.config
    if edition.provider is not None and is_mail(edition.provider) != is_mail(config.delivery.provider):
        raise RapportError(
            f'{slug} went out with delivery.provider = "{edition.provider}", and now it is '
            f'"{config.delivery.provider}".',
            "A correction goes the way that the edition went.",
        )
    return edition


def _draft(
    connection: Connection,
    digest: Digest,
    file: str,
    corrected: Edition | None,
    at: datetime,
    zone: ZoneInfo,
) -> Edition:
    """The open note of that file, to be written anew; else a new one, in place of a draft that may go."""
    wanted = corrected.id if corrected is not None else None
    draft = find.open_one(connection, digest.name)
    if draft is not None and draft.is_note:
        if draft.note.get("file") == file and draft.readers_of == wanted:
            _must_be_undecided(draft)
            return draft
        raise RapportError(
            f"{draft.slug}, the note {draft.note.get('file')}, is {draft.status}, and a digest has one open "
            "edition at a time.",
            f"Write this one once it is sent; or `rapport editions skip {draft.slug}` first.",
        )
    if draft is not None:
        if draft.status != EditionStatus.DRAFT or draft.announced_at or draft.edits or draft.intro:
            raise _in_the_way(draft)
        store.discard(connection, draft.id)
    due = find.free_moment(connection, digest.name, zone, at)
    return store.create(connection, digest, due, zone, kind=EditionKind.NOTE, readers_of=wanted)


def _must_be_undecided(draft: Edition) -> None:
    if draft.status in (EditionStatus.DRAFT, EditionStatus.HELD):
        return
    remedy = "Write another note once it is sent."
    if draft.status in BEFORE_SENDING:
        remedy = f"`rapport editions hold {draft.slug}` first; it must be approved again then."
    raise RapportError(f"{draft.slug}, the note of this file, is {draft.status}: its text is fixed.", remedy)


def _in_the_way(draft: Edition) -> RapportError:
    state = draft.status.value
    if draft.status == EditionStatus.DRAFT:
        state = "a draft that staff were shown" if draft.announced_at else "a draft that staff edited"
    end = "is sent" if draft.status in BEFORE_SENDING else "has ended"
    remedy = f"Write the note once {draft.slug} {end}"
    if draft.status in BEFORE_SENDING:
        remedy += f"; or `rapport editions skip {draft.slug}` first, and its posts wait for the next"
    return RapportError(
        f"{draft.slug} is {state}, and a digest has one open edition at a time.", f"{remedy}."
    )
