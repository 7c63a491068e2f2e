"""An installation whose blog is a gallery, and posts with images in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from pipeline.core.config import Config
from pipeline.core.tables.feeds import feeds
from pipeline.core.tables.feeds import posts as posts_table
from pipeline.feeds import Entry, PostImage, posts
from pipeline.feeds.posts import Post
from pipeline.letter.images.pictures import pictures

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.letter.images import Picture

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_minutes = itertools.count()


def config(
    feed: str, images: str = "host", public_url: str = "https://letter.example.org", **theme: str
) -> Config:
    return Config.model_validate(
        {
            "newsletter": {"name": "Letter", "from_email": "letter@example.org", "public_url": public_url},
            "feeds": [{"url": feed}],
            "theme": {"images": images} | theme,
        }
    )


@dataclass
class Publisher:
    """An installation whose posts have images, and what the tests do with it."""

    installation: Installation
    feed: str

    def post(self, *image_urls: str | None, alt: str | None = None, title: str = "A walk") -> Post:
        """A post with these pictures, the best first, as a pull would have stored it."""
        first, *further = image_urls
        with self.installation.database.write() as connection:
            feed = connection.execute(select(feeds.c.id).where(feeds.c.url == self.feed)).scalar()
            if feed is None:
                feed = connection.execute(
                    insert(feeds).values(url=self.feed, first_seen=SEEN).returning(feeds.c.id)
                ).scalar_one()
            # Dates of their own: two posts with one title and one date are the same post.
            moment = SEEN + timedelta(minutes=next(_minutes))
            entry = Entry(f"{moment}", None, title, moment, None, (), "An excerpt.", 2, first, alt)
            entry = replace(entry, further_images=tuple(PostImage(url) for url in further if url))
            posts.store(connection, feed, [entry], at=SEEN, initial=False)
            newest = select(posts_table).order_by(posts_table.c.id.desc()).limit(1)
            return Post.of(connection.execute(newest).one())

    def picture(self, post: Post) -> Picture:
        return pictures(self.installation, [post])[post.id]

    def use(self, images: str = "host", public_url: str = "https://letter.example.org", **theme: str) -> None:
        self.installation.config = config(self.feed, images, public_url, **theme)
