"""What the pages say of the letter to whoever does not know it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.editions import find
from pipeline.web.public.pages import Ahead
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from pipeline.editions.archive import Past
    from pipeline.web.public.site import Site

_SHOWN = 3


class About(NamedTuple):
    """``what`` it is, and ``facts``: how often it comes, how long it takes to read, a sentence each.
    ``latest``: the newest letters, as far as everybody may read them."""

    what: str
    facts: list[str]
    latest: list[Past]

    @property
    def said(self) -> str:
        """All in a few sentences."""
        return " ".join([self.what, *self.facts])


async def about(site: Site) -> About:
    def found(connection: Connection) -> About:
        latest = site.archive.newest(connection, _SHOWN) if site.archive.public else []
        return About(
            site.pages.say("about.what"),
            [*filter(None, [how_often(site)]), *_long(site, site.archive.minutes(connection))],
            latest,
        )

    return await site.read(found)


def how_often(site: Site) -> str:
    """A sentence; empty where it takes more than one."""
    pages = site.pages
    if pages.several:
        labels = [digest.label for digest in pages.offered]
        return pages.say("about.several", digests=pages.phrases.listed(labels))
    every = pages.offered[0].every
    return pages.say("about.every", every=every) if every else ""


def _long(site: Site, minutes: int | None) -> list[str]:
    if minutes is None:
        return []
    return [site.pages.say("about.minutes", minutes=minutes)]


async def ahead(site: Site, digests: Collection[str] = ()) -> Ahead:
    """The first letter of these digests; of none in particular by default."""
    config, pages = site.installation.config, site.pages
    meant = [digest for digest in config.digests if digest.name in digests] or config.digests

    def found(connection: Connection) -> Ahead:
        zone, now = config.newsletter.zone, clock.now()
        due = min(find.next_letter(connection, digest, zone, now) for digest in meant)
        newest = site.archive.newest(connection, 1) if site.archive.public else []
        links = {
            pages.link(f"archive/{past.slug}"): pages.say("about.newest", title=past.title) for past in newest
        }
        return Ahead(pages.say("about.next", date=pages.phrases.day(due, "full")), links)

    return await site.read(found)
