"""What staff change in an edition before it goes: subject, preheader, intro, posts and their order, offer.

What they changed stays when the draft is composed anew. An approved edition that says something else after it
is a draft again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.core.words import sentence
from pipeline.editions import find, store, undo
from pipeline.editions.compose import not_edited_here, written
from pipeline.editions.edition import BEFORE_SENDING, Edition, EditionStatus
from pipeline.editions.order import Move, moved, numbered
from pipeline.editions.selection import choose
from pipeline.editions.trial import trial_of
from pipeline.feeds.first_seen import first_seen
from pipeline.letter.cta import offer_named
from pipeline.letter.edits import UNTOUCHED, Edits
from pipeline.letter.images.pictures import refresh
from subscribers import clock, staff_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.selection import Choice

SEVERAL = "several"
"""What a change is about that is about more than one part of the letter."""

APPROVAL_WITHDRAWN = "approval withdrawn"
"""In the log: an edition that was approved says something else now, and must be approved again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff ask for; None leaves a thing as it is, and an empty text gives it back to composing.

    Posts are named by their numbers in `rapport editions show`: those of the edition from 1 on, then those
    left out. ``posts`` are all that it is to have, in their order (none named: as composing chooses);
    ``drop`` those that it is not to have.
    ``offer`` names one of the configuration's, ``words`` are some of heading, text, button and url.
    ``reset`` forgets every earlier change first. ``move`` puts one post elsewhere, in or out.
    """

    subject: str | None = None
    preheader: str | None = None
    intro: str | None = None
    posts: list[int] | None = None
    drop: Sequence[int] = ()
    offer: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    reset: bool = False
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an edition is to say. ``posts`` are its posts where ``edits`` chooses none."""

    edits: Edits
    intro: str
    posts: tuple[int, ...]


def edit(installation: Installation, digest: Digest, slug: str, wish: Wish, actor: str = "") -> Edition:
    """The edition as staff want it; ``actor`` is who of them (default: the system's user). The caller holds
    the digest's lock.

    Raises RapportError when it is past being edited, or for what there is not in it; LetterError when no
    letter comes of it. Then nothing has changed.
    """
    actor = actor or staff_log.user()

    def wanted(connection: Connection, edition: Edition) -> Wanted:
        return _wanted(installation.config, edition, wish)

    def kept(connection: Connection, before: Edition, after: Wanted, choice: Choice) -> None:
        _must_be_in(before, after, choice)
        what = _what(before, after)
        if what and undo.keep(connection, before, what, actor):
            _record(connection, "edit", before, what, actor)

    return _changed(installation, digest, slug, wanted, kept)


def take_back(installation: Installation, digest: Digest, slug: str, actor: str = "") -> Edition:
    """The edition as it was before its last change by staff. The caller holds the digest's lock. Raises as
    ``edit`` does, and RapportError when there is nothing to take back."""
    actor = actor or staff_log.user()

    def wanted(connection: Connection, edition: Edition) -> Wanted:
        step = _step(connection, edition)
        return Wanted(Edits.of(step.edits), step.intro, tuple(step.posts))

    def kept(connection: Connection, before: Edition, after: Wanted, choice: Choice) -> None:
        # A post that may be in no letter any more stays out.
        step = _step(connection, before)
        undo.taken_back(connection, step)
        _record(connection, "undo", before, step.what, actor)

    return _changed(installation, digest, slug, wanted, kept)


def _changed(
    installation: Installation,
    digest: Digest,
    slug: str,
    wanted: Callable[[Connection, Edition], Wanted],
    kept: Callable[[Connection, Edition, Wanted, Choice], None],
) -> Edition:
    database = installation.database
    with database.read() as connection:
        edition = _editable(connection, slug)
        posts = _choice(connection, installation, digest, edition, wanted(connection, edition)).posts
    refresh(installation, posts)  # ahead of the transaction: their hosts take what time they like
    with database.write() as connection:
        edition = _editable(connection, slug, for_update=True)
        after = wanted(connection, edition)
        choice = _choice(connection, installation, digest, edition, after)
        if not choice.posts:
            raise RapportError(
                sentence(f"{slug} would have no posts: {choice.reason}"), "Name some with --posts."
            )
        kept(connection, edition, after, choice)
        edition = store.change(connection, edition.id, edits=after.edits.kept(), intro=after.intro)
        return written(connection, installation, digest, edition, choice)


def _must_be_in(before: Edition, after: Wanted, choice: Choice) -> None:
    """Raise RapportError when a post that staff bring in is not among those that may be in a letter."""
    there = {post.id for post in choice.posts}
    new = set(after.edits.posts) - {post["id"] for post in before.posts} - there
    for post in choice.left_out:
        if post.id in new:
            raise RapportError(
                sentence(f"“{post.title}” cannot be in {before.slug}: {post.reason}"), "See `rapport posts`."
            )


def _what(before: Edition, after: Wanted) -> str:
    """Which part a change is about; empty when there is none."""
    edits, now = Edits.of(before.edits), after.edits
    changed = {
        "subject": edits.subject != now.subject,
        "preheader": edits.preheader != now.preheader,
        "intro": before.intro != after.intro,
        "posts": edits.posts != now.posts,
        "offer": dict(edits.cta) != dict(now.cta),
    }
    parts = [part for part, is_other in changed.items() if is_other]
    return parts[0] if len(parts) == 1 else SEVERAL if parts else ""


def _record(connection: Connection, action: str, before: Edition, what: str, actor: str) -> None:
    withdrawn = before.status == EditionStatus.APPROVED
    detail = ", ".join(filter(None, (what, APPROVAL_WITHDRAWN if withdrawn else "")))
    staff_log.record(connection, action, before.slug, detail=detail, actor=actor)


def _step(connection: Connection, edition: Edition) -> undo.Step:
    step = undo.last(connection, edition.id)
    if step is None:
        raise RapportError(
            f"There is no change of {edition.slug} to take back.", "It is as Rapport composed it."
        )
    return step


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


def _wanted(config: Config, edition: Edition, wish: Wish) -> Wanted:
    edits = UNTOUCHED if wish.reset else Edits.of(edition.edits)
    if wish.subject is not None:
        edits = replace(edits, subject=_line(wish.subject))
    if wish.preheader is not None:
        edits = replace(edits, preheader=_line(wish.preheader))
    if wish.posts is not None or wish.drop:
        edits = replace(
            edits, posts=() if wish.posts == [] else tuple(numbered(edition, wish.posts, wish.drop))
        )
    if wish.move is not None:
        edits = replace(edits, posts=tuple(moved(edition, wish.move)))
    if wish.offer is not None:
        edits = replace(edits, cta=offer_named(config, wish.offer) if wish.offer.strip() else {})
    if wish.words:
        words = {key: _line(said) for key, said in wish.words.items()}
        _must_lead_somewhere(words.get("url", ""))
        said = {**edits.cta, **words}
        edits = replace(edits, cta={key: value for key, value in said.items() if value})
    intro = edition.intro
    if wish.intro is not None or wish.reset:
        intro = wish.intro or ""
    # Staff's choice; else what is in it, unless they give up theirs: no edit brings in another post.
    given_up = wish.reset or wish.posts == []
    posts = () if given_up else tuple(post["id"] for post in edition.posts)
    return Wanted(edits, intro, posts)


def _line(text: str) -> str:
    return " ".join(text.split())


def _must_lead_somewhere(url: str) -> None:
    from pipeline.core.sections.match import Variant

    try:
        Variant(categories=[], url=url)
    except ValueError:
        raise RapportError(
            f"The offer's address {url[:80]!r} leads nowhere from an inbox.",
            "Write a whole address, beginning with https:// (or mailto:).",
        ) from None


def _choice(
    connection: Connection, installation: Installation, digest: Digest, edition: Edition, wanted: Wanted
) -> Choice:
    at = clock.now()
    seen = first_seen(connection, digest.name, at)
    picked = wanted.edits.posts or wanted.posts
    config = installation.config
    tried = trial_of(connection, config, digest.name, at)
    return choose(connection, digest, config.newsletter.zone, seen, at, edition.id, picked, tried)
