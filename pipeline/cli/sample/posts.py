"""The sample posts, a file each in ``posts/``: a few header lines, a blank line, the HTML body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "posts"


@dataclass(frozen=True, slots=True)
class SamplePost:
    """One post of the sample blog; its date is relative, so that the demo always has a fresh week."""

    slug: str
    title: str
    author: str
    categories: tuple[str, ...]
    days_ago: int
    at: time
    image: str | None
    alt: str
    body: str
    """HTML as Squarespace writes it, with root-relative links and images."""

    def published(self, now: datetime) -> datetime:
        """The post's time on the calendar of ``now``'s time zone."""
        return datetime.combine(now.date() - timedelta(days=self.days_ago), self.at, tzinfo=now.tzinfo)


def read_posts(folder: Path = FOLDER) -> tuple[SamplePost, ...]:
    """Every post, newest first."""
    posts = [_read(path) for path in folder.glob("*.html")]
    return tuple(sorted(posts, key=lambda post: (post.days_ago, -post.at.hour, -post.at.minute)))


def _read(path: Path) -> SamplePost:
    header, body = path.read_text(encoding="utf-8").split("\n\n", 1)
    fields = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in header.splitlines())
    }
    return SamplePost(
        # The number only sorts the folder listing; it is no part of the address.
        slug=path.stem.partition("-")[2],
        title=fields["title"],
        author=fields["author"],
        categories=tuple(name.strip() for name in fields["categories"].split(",")),
        days_ago=int(fields["days_ago"]),
        at=time.fromisoformat(fields["time"]),
        image=fields.get("image"),
        alt=fields.get("alt", ""),
        body=body.strip(),
    )
