"""Making a digest's draft, or making it anew, from the posts that are not yet in the digest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert

from pipeline.core.cron import moment_of
from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import edition_posts
from pipeline.editions import course, find, store
from pipeline.editions.after_trial import end_trial
from pipeline.editions.archive import key_of
from pipeline.editions.edition import TYPED, Edition, EditionStatus
from pipeline.editions.selection import choose
from pipeline.editions.trial import take_over, trial_of
from pipeline.feeds.first_seen import first_seen, refuse_former, register
from pipeline.letter.edits import Edits
from pipeline.letter.images.pictures import known, refresh
from pipeline.letter.images.portrait import portrait, refresh_portrait
from pipeline.letter.render import render_letter
from subscribers import clock, times

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.selection import Choice
    from pipeline.letter.images import Picture
    from pipeline.letter.render import Letter


@dataclass(frozen=True, slots=True)
class Composed:
    """The digest's open edition, or why there is none."""

    edition: Edition | None
    reason: str = ""


def compose(
    installation: Installation,
    digest: Digest,
    due: str | None = None,
    *,
    intro: str | None = None,
    looking: bool = False,
) -> Composed:
    """Make or refresh the digest's draft. The caller holds the digest's lock.

    An edition that is past being a draft is given back as it is. ``due`` is the draft's due time; by
    default a draft keeps its own and a new one takes the next that is free. ``intro`` is what staff say
    above the posts, in Markdown; by default a draft keeps what it has. Who is only ``looking`` changes no
    draft that was put up: staff were mailed it, and their hold window runs. Raises LetterError, and
    RapportError when there is no draft to put an intro into.
    """
    config, database = installation.config, installation.database
    at = clock.now()
    _fetch_images(installation, digest, at, looking=looking)
    with database.write() as connection:
        draft = find.open_one(connection, digest.name)
        if draft is not None and draft.status != EditionStatus.DRAFT:
            if intro is not None:
                raise _fixed(draft)
            return Composed(draft, f"{draft.slug} is {draft.status}: it stays as it is")
        if draft is not None and draft.is_note:
            if intro is not None:
                raise _fixed(draft)
            return Composed(draft, f"{draft.slug} is a note that staff wrote: it stays as it is")
        if draft is not None and looking and draft.announced_at is not None:
            return Composed(draft, f"{draft.slug} was put up for staff: it stays as they were mailed it")
        choice = chosen(connection, config, digest, draft, at)
        if not choice.posts:
            if draft is not None:
                store.discard(connection, draft.id)
            lost = " (and the intro is kept nowhere: give it again with the next draft)" if intro else ""
            return Composed(None, choice.reason + lost)
        zone = config.newsletter.zone
        if draft is None:
            named = due or find.next_free_due(connection, digest, zone, at)
            draft = store.create(connection, digest, named, zone)
        elif due is not None:
            draft = store.change(connection, draft.id, due=due, due_at=moment_of(due, zone))
        if intro is not None:
            draft = store.change(connection, draft.id, intro=intro)
        return Composed(written(connection, installation, digest, draft, choice))


def chosen(
    connection: Connection, config: Config, digest: Digest, draft: Edition | None, at: datetime
) -> Choice:
    """The posts that a draft gets, or a new one: staff's choice, if they made one."""
    seen, zone = first_seen(connection, digest.name, at), config.newsletter.zone
    number, picked = (draft.id, Edits.of(draft.edits).posts) if draft is not None else (None, ())
    tried = trial_of(connection, config, digest.name, at)
    return choose(connection, digest, zone, seen, at, number, picked, tried)


def written(
    connection: Connection, installation: Installation, digest: Digest, edition: Edition, choice: Choice
) -> Edition:
    """The edition with its letter of these posts, and with what staff said in it. Raises LetterError."""
    config = installation.config
    images = known(connection, config, choice.posts)
    letter = render_letter(
        config,
        installation.templates,
        digest,
        choice.posts,
        slug=edition.slug,
        due=edition.due_at.astimezone(config.newsletter.zone),
        images=images,
        key=key_of(installation, edition.slug),
        portrait=portrait(connection, config),
        intro=edition.intro,
        edits=Edits.of(edition.edits),
    )
    tried = trial_of(connection, config, digest.name, clock.now())
    take_over(connection, tried, digest.name, (post.id for post in choice.posts))
    kept = _keep(connection, edition, choice, letter, images)
    return course.rewritten(connection, edition, kept)


def _fetch_images(installation: Installation, digest: Digest, at: datetime, *, looking: bool) -> None:
    """Ahead of the transaction that composes: images take as long as their hosts do, and meanwhile nobody
    else could write. A post that is chosen only after this shows its image as far as it is known."""
    with installation.database.write() as connection:
        register(connection, installation.config, at)
        end_trial(connection, installation.config, at)
        refuse_former(connection, digest.name)
        draft = find.open_one(connection, digest.name)
        if draft is not None and (
            draft.status != EditionStatus.DRAFT
            or draft.is_note
            or (looking and draft.announced_at is not None)
        ):
            return
        posts = chosen(connection, installation.config, digest, draft, at).posts
    refresh(installation, posts)
    refresh_portrait(installation)


def _fixed(edition: Edition) -> RapportError:
    if edition.is_note:
        return not_edited_here(edition)
    remedy = "An intro goes into a draft."
    if edition.status in (EditionStatus.APPROVED, EditionStatus.HELD):
        remedy = f"Change it with `rapport editions edit {edition.slug}`; it must be approved again then."
    return RapportError(f"{edition.slug} is {edition.status}: its text is fixed.", remedy)


def not_edited_here(note: Edition) -> RapportError:
    """What is said to who would edit a note as if it were composed from posts."""
    file = note.note.get("file")
    if file == TYPED:
        return RapportError(
            f"{note.slug} is a note that was typed in the dashboard.", "Change it there: `rapport preview`."
        )
    return RapportError(
        f"{note.slug} is a note: its text is that of {file}.",
        f"Change {file}, then `rapport write {note.digest} {file}` again.",
    )


def _keep(
    connection: Connection, draft: Edition, choice: Choice, letter: Letter, images: dict[int, Picture]
) -> Edition:
    store.free_posts(connection, draft.id)
    connection.execute(
        insert(edition_posts),
        [{"digest": draft.digest, "post_id": post.id, "edition_id": draft.id} for post in choice.posts],
    )
    shown = [
        {"id": post.id, "title": post.title, "url": post.url, "published": times.iso(post.published)}
        for post in choice.posts
    ]
    left_out = [asdict(post) for post in choice.left_out]
    return store.change(
        connection,
        draft.id,
        posts=shown,
        left_out=left_out,
        pictures=[{"post": post, **asdict(picture)} for post, picture in images.items()],
        composed_at=clock.now(),
        **asdict(letter),
    )
