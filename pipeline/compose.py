"""Making a digest's draft, or making it anew, from the posts that are not yet in the digest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from pipeline import editions
from pipeline.choose import choose
from pipeline.due import moment_of
from pipeline.letter.render import render_letter
from pipeline.register import first_seen, register
from pipeline.tables import edition_posts
from subscribers import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from pipeline.choose import Choice
    from pipeline.config import Digest
    from pipeline.installation import Installation
    from pipeline.letter.render import Letter


@dataclass(frozen=True, slots=True)
class Composed:
    """The digest's open edition, or why there is none."""

    edition: Row[Any] | None
    reason: str = ""


def compose(installation: Installation, digest: Digest, due: str | None = None) -> Composed:
    """Make or refresh the digest's draft. The caller holds the digest's lock.

    An edition that is past being a draft is given back as it is. ``due`` is the draft's due time; by
    default a draft keeps its own and a new one takes the next that is free. Raises LetterError.
    """
    config, database = installation.config, installation.database
    at = clock.now()
    with database.write() as connection:
        register(connection, config, at)
        draft = editions.open_one(connection, digest.name)
        if draft is not None and draft.status != "draft":
            return Composed(draft, f"{draft.slug} is {draft.status}: it stays as it is")
        choice = choose(
            connection,
            digest,
            first_seen(connection, digest.name, at),
            at,
            draft.id if draft is not None else None,
        )
        if not choice.posts:
            if draft is not None:
                editions.discard(connection, draft.id)
            return Composed(None, choice.reason)
        zone = config.newsletter.zone
        if draft is None:
            named = due or editions.next_free_due(connection, digest, zone, at)
            draft = editions.create(connection, digest, named, zone)
        elif due is not None:
            draft = editions.change(connection, draft.id, due=due, due_at=moment_of(due, zone))
        letter = render_letter(
            config,
            digest,
            choice.posts,
            slug=draft.slug,
            due=draft.due_at.astimezone(zone),
            own=installation.templates,
        )
        return Composed(_keep(connection, draft, choice, letter))


def _keep(connection: Connection, draft: Row[Any], choice: Choice, letter: Letter) -> Row[Any]:
    editions.free_posts(connection, draft.id)
    connection.execute(
        insert(edition_posts),
        [{"digest": draft.digest, "post_id": post.id, "edition_id": draft.id} for post in choice.posts],
    )
    shown = [
        {"title": post.title, "url": post.url, "published": post.published.isoformat()}
        for post in choice.posts
    ]
    left_out = [asdict(post) for post in choice.left_out]
    return editions.change(
        connection,
        draft.id,
        posts=shown,
        left_out=left_out,
        composed_at=clock.now(),
        **asdict(letter),
    )
