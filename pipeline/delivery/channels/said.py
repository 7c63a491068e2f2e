"""What an edition is announced with: never a person, never a picture of the blog's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.core.theme import look
from pipeline.editions.archive import Archive
from pipeline.letter import card
from pipeline.letter.check.listed import sensitive
from pipeline.letter.shown import day

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.theme import Palette
    from pipeline.editions.edition import Edition
    from pipeline.letter.card import Words


class Said(NamedTuple):
    """``link`` leads to the letter's public page, or to its first post where it has none; empty: nothing
    public. ``delicate``: a subject that not everybody wants to meet unasked."""

    slug: str
    digest: str
    title: str
    summary: str
    link: str
    newsletter: str
    date: str
    at: datetime
    language: str
    posts: tuple[tuple[str, str], ...]
    delicate: bool
    on_card: Words
    palette: Palette

    @property
    def alt(self) -> str:
        """What the card says, for who cannot see it."""
        return f"{self.title} · {self.newsletter}, {self.date}"

    def card(self) -> bytes:
        """The letter's card, drawn when it is asked for: that takes longer than all else, and a webhook and a
        service that is down need none."""
        return card.drawn(self.on_card, self.palette)

    def variables(self) -> dict[str, Any]:
        """What a channel's template may use."""
        return {
            "title": self.title,
            "summary": self.summary,
            "link": self.link,
            "newsletter": self.newsletter,
            "date": self.date,
            "posts": [{"title": title, "url": url} for title, url in self.posts],
        }


def said_of(installation: Installation, connection: Connection, edition: Edition) -> Said:
    """What is said of a sent edition."""
    config = installation.config
    archive = Archive(installation)
    past = archive.past(connection, edition.slug, "") if archive.public else None
    posts = tuple((str(post.get("title") or ""), str(post.get("url") or "")) for post in edition.posts)
    page = (
        f"{config.newsletter.pages}/archive/{edition.slug}" if past and config.newsletter.public_url else ""
    )
    title = edition.subject or config.newsletter.name
    at = edition.snapshot_at or edition.due_at
    words = " ".join((title, edition.preheader, *(title for title, _ in posts)))
    return Said(
        slug=edition.slug,
        digest=edition.digest,
        title=title,
        summary=edition.preheader,
        link=page or next((url for _, url in posts if url), ""),
        newsletter=config.newsletter.name,
        date=day(at, config),
        at=at,
        language=config.newsletter.language,
        posts=posts,
        delicate=any(sensitive(words, installation.templates, config.newsletter.language)),
        on_card=card.of_letter(config, title, at),
        palette=look(config.theme).light,
    )
