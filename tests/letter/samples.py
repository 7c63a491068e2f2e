"""Letters to look at and to test: the sample blog's on a fixed day, and posts made to be difficult."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline.cli.demo import CONFIG
from pipeline.cli.sample.blog import NAME
from pipeline.cli.sample.posts import read_posts
from pipeline.cli.sample.rss import render_feed
from pipeline.core.config import Config
from pipeline.core.templates import Templates
from pipeline.feeds.parsing.parse import parse
from pipeline.feeds.posts import Post
from pipeline.letter.render import render_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.feeds import Entry
    from pipeline.letter.images import Thumbnail
    from pipeline.letter.render import Letter

NOW = datetime(2025, 11, 20, 9, 0, tzinfo=UTC)
SITE = "https://harbourlane.example"
INTRO = """\
The clocks have gone back, and the waiting room has a new lamp. Thank you to everyone who wrote
about last week's letter.

We are *closed* on 26 December. The [winter hours](https://harbourlane.example/hours) say the rest.
"""


@dataclass(frozen=True)
class Picture:
    """A post's image, as the letter is given it."""

    src: str | None
    width: int | None = 1200
    height: int | None = 630
    alt: str = ""
    transparent: bool = False
    thumbnail: Thumbnail | None = None


def config(**sections: dict[str, Any]) -> Config:
    """The demo's configuration, with these keys over it: ``config(theme={"name": "dusk"})``."""
    data = tomllib.loads(CONFIG.format(feed=f"{SITE}/blog?format=rss", site=SITE))
    for section, keys in sections.items():
        if section == "digest":
            data["digests"][0] |= keys
        else:
            data[section] = data.get(section, {}) | keys
    return Config.model_validate(data)


def letter(
    posts: Iterable[Post],
    settings: Config | None = None,
    *,
    intro: str = "",
    images: Mapping[int, Any] | None = None,
    own: Path | None = None,
    portrait: str = "",
) -> Letter:
    """The first edition of the first digest, due on the fixed day."""
    settings = settings or config()
    return render_letter(
        settings,
        Templates(own),
        settings.digests[0],
        list(posts),
        slug="weekly-1",
        due=NOW.astimezone(settings.newsletter.zone),
        intro=intro,
        images=images or {},
        portrait=portrait,
    )


def sample_blog(most: int = 6) -> list[Post]:
    """The sample blog's posts of the week before the fixed day, as its feed brings them."""
    return as_posts(
        entry for entry in _entries() if entry.published and entry.published > NOW - timedelta(7)
    )[:most]


@cache
def _entries() -> tuple[Entry, ...]:
    feed = render_feed(NAME, read_posts(), NOW, SITE).encode()
    return tuple(parse(feed, url=f"{SITE}/blog?format=rss").entries)


def sample_pictures(posts: Iterable[Post]) -> dict[int, Picture]:
    """The pictures of the sample blog with the size that all of them have."""
    return {post.id: Picture(post.image_url, alt=post.image_alt or "") for post in posts if post.image_url}


def as_posts(entries: Iterable[Entry]) -> list[Post]:
    """A feed's entries as the database gives them back."""
    return [
        Post(
            id=number,
            url=entry.link,
            title=entry.title,
            published=entry.published or NOW,
            author=entry.author,
            categories=entry.categories,
            excerpt=entry.excerpt,
            words=entry.words,
            image_url=entry.image_url,
            image_alt=entry.image_alt,
            date_only=entry.date_only,
            further_images=entry.further_images,
        )
        for number, entry in enumerate(entries, 1)
    ]


def post(number: int, title: str, excerpt: str = "", **more: Any) -> Post:
    """One post by hand."""
    known: dict[str, Any] = {
        "id": number,
        "url": f"{SITE}/blog/post-{number}",
        "title": title,
        "published": NOW - timedelta(days=number),
        "author": "Ines Calloway",
        "categories": (),
        "excerpt": excerpt,
        "words": 700,
        "image_url": None,
        "image_alt": None,
    }
    return Post(**(known | more))
