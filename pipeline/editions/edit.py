"""What staff change in an edition before it goes: subject, preheader, intro, posts and their order, offer.

What they changed stays when the draft is composed anew. An approved edition that says something else after it
is a draft again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import RapportError
from pipeline.core.words import sentence
from pipeline.editions import find, store
from pipeline.editions.compose import not_edited_here, written
from pipeline.editions.edition import BEFORE_SENDING, Edition
from pipeline.editions.selection import choose
from pipeline.editions.trial import trial_of
from pipeline.feeds.first_seen import first_seen
from pipeline.letter.cta import offer_named
from pipeline.letter.edits import UNTOUCHED, Edits
from pipeline.letter.images.pictures import refresh
from subscribers import clock, staff_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config, Digest
    from pipeline.editions.selection import Choice

MOST_POSTS = 25
"""As many as max_posts may be: more would be clipped by Gmail."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff ask for; None leaves a thing as it is, and an empty text gives it back to composing.

    Posts are named by their numbers in `rapport editions show`: those of the edition from 1 on, then those
    left out. ``posts`` are all that it is to have, in their order (none named: as composing chooses);
    ``drop`` those that it is not to have.
    ``offer`` names one of the configuration's, ``words`` are some of heading, text, button and url.
    ``reset`` forgets every earlier change first.
    """

    subject: str | None = None
    preheader: str | None = None
    intro: str | None = None
    posts: list[int] | None = None
    drop: Sequence[int] = ()
    offer: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    reset: bool = False


def edit(installation: Installation, digest: Digest, slug: str, wish: Wish) -> Edition:
    """The edition as staff want it. The caller holds the digest's lock.

    Raises RapportError when it is past being edited, or for what there is not in it; LetterError when no
    letter comes of it. Then nothing has changed.
    """
    database = installation.database
    with database.read() as connection:
        edition = _editable(connection, slug)
        edits = _wished(installation.config, edition, wish)
        posts = _choice(connection, installation, digest, edition, edits, wish).posts
    refresh(installation, posts)  # ahead of the transaction: their hosts take what time they like
    with database.write() as connection:
        edition = _editable(connection, slug, for_update=True)
        edits = _wished(installation.config, edition, wish)
        choice = _choice(connection, installation, digest, edition, edits, wish)
        if not choice.posts:
            raise RapportError(
                sentence(f"{slug} would have no posts: {choice.reason}"), "Name some with --posts."
            )
        values: dict[str, Any] = {"edits": edits.kept()}
        if wish.intro is not None or wish.reset:
            values["intro"] = wish.intro or ""
        edition = store.change(connection, edition.id, **values)
        staff_log.record(connection, "edit", slug)
        return written(connection, installation, digest, edition, choice)


def _editable(connection: Connection, slug: str, *, for_update: bool = False) -> Edition:
    edition = find.by_slug(connection, slug, for_update=for_update)
    if edition.status not in BEFORE_SENDING:
        raise RapportError(
            f"{slug} is {edition.status}: its text is fixed.",
            "One can edit an edition that is a draft, approved or held.",
        )
    if edition.is_note:
        raise not_edited_here(edition)
    return edition


def _wished(config: Config, edition: Edition, wish: Wish) -> Edits:
    edits = UNTOUCHED if wish.reset else Edits.of(edition.edits)
    if wish.subject is not None:
        edits = replace(edits, subject=_line(wish.subject))
    if wish.preheader is not None:
        edits = replace(edits, preheader=_line(wish.preheader))
    if wish.posts is not None or wish.drop:
        edits = replace(edits, posts=() if wish.posts == [] else tuple(_posts(edition, wish)))
    if wish.offer is not None:
        edits = replace(edits, cta=offer_named(config, wish.offer) if wish.offer.strip() else {})
    if wish.words:
        words = {key: _line(said) for key, said in wish.words.items()}
        _must_lead_somewhere(words.get("url", ""))
        said = {**edits.cta, **words}
        edits = replace(edits, cta={key: value for key, value in said.items() if value})
    return edits


def _line(text: str) -> str:
    return " ".join(text.split())


def _must_lead_somewhere(url: str) -> None:
    from pipeline.core.config import Variant

    try:
        Variant(categories=[], url=url)
    except ValueError:
        raise RapportError(
            f"The offer's address {url[:80]!r} leads nowhere from an inbox.",
            "Write a whole address, beginning with https:// (or mailto:).",
        ) from None


def _posts(edition: Edition, wish: Wish) -> list[int]:
    """The ids of the posts that staff name."""
    numbered = [*edition.posts, *edition.left_out]
    inside = range(1, len(edition.posts) + 1)
    named = list(inside if wish.posts is None else wish.posts)
    for number in (*named, *wish.drop):
        if not 1 <= number <= len(numbered) or "id" not in numbered[number - 1]:
            raise RapportError(
                f"{edition.slug} has no post {number}.",
                f"Take the numbers from `rapport editions show {edition.slug}`.",
            )
    for number in wish.drop:
        if number not in named:
            raise RapportError(f"Post {number} is not in {edition.slug}.", "Leave it out of --drop.")
    if len(set(named)) < len(named):
        raise RapportError("A post can be in a letter once.", "Name each number once.")
    chosen = [number for number in named if number not in wish.drop]
    if not chosen:
        remedy = f"To send none this time: `rapport editions skip {edition.slug}`."
        raise RapportError("A letter needs a post.", remedy)
    if len(chosen) > MOST_POSTS:
        raise RapportError(f"{MOST_POSTS} posts are the most.", "Choose fewer.")
    return [numbered[number - 1]["id"] for number in chosen]


def _choice(
    connection: Connection,
    installation: Installation,
    digest: Digest,
    edition: Edition,
    edits: Edits,
    wish: Wish,
) -> Choice:
    """Staff's choice; else what is in it, unless they give up theirs: no edit brings in another post."""
    at = clock.now()
    seen = first_seen(connection, digest.name, at)
    given_up = wish.reset or wish.posts == []
    picked = edits.posts or (() if given_up else tuple(post["id"] for post in edition.posts))
    config = installation.config
    tried = trial_of(connection, config, digest.name, at)
    return choose(connection, digest, config.newsletter.zone, seen, at, edition.id, picked, tried)
