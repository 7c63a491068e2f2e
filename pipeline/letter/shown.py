"""What a letter shows of a post, under the names that templates know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pipeline.core.locales import date_in_words, time_in_words
from pipeline.feeds import dating
from pipeline.feeds.cleaning.excerpt import EXCERPT_CHARS, SHORT_CHARS, excerpt
from pipeline.feeds.cleaning.text import cut
from pipeline.letter.direction import closed, of_language, of_text
from pipeline.letter.images import BANNER, LONGEST
from pipeline.letter.personal import inert
from pipeline.letter.signature import byline
from pipeline.letter.title import title_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from pipeline.core.config import Config
    from pipeline.feeds.posts import Post
    from pipeline.letter.signature import Signer

WORDS_A_MINUTE = 220
"""How fast an adult reads English silently (Brysbaert 2019: 238 for non-fiction), rounded down."""

# Characters.
_AUTHOR = 80
_ALT = 250


class ShownPicture(Protocol):
    """A post's image as the letter may show it; ``src`` is None when it should not be shown."""

    @property
    def src(self) -> str | None: ...
    @property
    def width(self) -> int | None: ...
    @property
    def height(self) -> int | None: ...
    @property
    def alt(self) -> str: ...
    @property
    def transparent(self) -> bool: ...
    @property
    def thumbnail(self) -> ShownThumbnail | None: ...


class ShownThumbnail(Protocol):
    """A part of an image, of the shape that all thumbnails have."""

    @property
    def src(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def shown(
    post: Post, config: Config, images: Mapping[int, ShownPicture], *, lead: bool, by: Signer | None = None
) -> dict[str, Any]:
    """A post as templates see it, the lead with more of its text than the others, in a letter that is signed
    ``by`` somebody.

    The text is the blog's: nothing in it can be taken for a tag of ours.
    """
    around = of_language(config.newsletter.language)
    shown_text = inert(excerpt(post.excerpt, EXCERPT_CHARS if lead else SHORT_CHARS))
    return {
        "title": title_of(post.title),
        "url": post.url,
        "date": day(post.published, config, date_only=post.date_only),
        "minutes": _minutes(post.words),
        "excerpt": shown_text,
        "continued": shown_text,
        "author": closed(inert(cut(post.author or "", _AUTHOR)), around),
        "byline": closed(inert(cut(byline(post.author, by, config.newsletter.sender), _AUTHOR)), around),
        "categories": [inert(category) for category in post.categories],
        "dir": of_text(f"{post.title} {post.excerpt}", around),
        "image": _image(post, images, lead=lead),
    }


def _minutes(words: int) -> int | None:
    """How long a post takes to read. Of one minute nothing is said: every short post takes that."""
    minutes = round(words / WORDS_A_MINUTE)
    return minutes if minutes > 1 else None


def _image(post: Post, images: Mapping[int, ShownPicture], *, lead: bool) -> dict[str, Any] | None:
    picture = images.get(post.id)
    if picture is None:
        if not post.image_url:
            return None
        alt = _alt(post.image_alt or "", post)
        unknown: dict[str, Any] = {"width": None, "height": None, "transparent": False}
        return {"src": post.image_url, "alt": alt, "banner": lead, **unknown}
    if not picture.src:
        return None
    width, height = picture.width, picture.height
    banner = lead and (width is None or width >= BANNER)
    shown: ShownPicture | ShownThumbnail = picture
    if not banner and picture.thumbnail is not None:
        shown = picture.thumbnail
    elif not banner and width and height and max(width, height) > LONGEST * min(width, height):
        return None  # a strip, and no part of it can be cut out: nobody would see what it shows
    return {
        "src": shown.src,
        "width": shown.width,
        "height": shown.height,
        "alt": _alt(picture.alt, post),
        "transparent": picture.transparent,
        "banner": banner,
    }


def _alt(said: str, post: Post) -> str:
    """What the blog says of the picture. Where that is nothing, or the post's title again, the picture only
    decorates (WCAG 2.2, technique H67): with images blocked, the title would stand there twice."""
    return "" if _folded(said) == _folded(post.title) else inert(cut(said, _ALT))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def fit(image: dict[str, Any], width: int, height: int) -> int:
    """How wide to show an image in a place of that size: never enlarged, and never taller than the place, as
    far as its own size is known."""
    known, tall = image["width"], image["height"]
    shown_width = min(width, known) if known else width
    if known and tall:
        shown_width = min(shown_width, max(1, height * known // tall))
    return int(shown_width)


def day(moment: datetime, config: Config, form: str = "long", *, date_only: bool = False) -> str:
    """A date in words, in the newsletter's language and time zone. The ``full`` form names the weekday.

    One that is a day without a time (``date_only``) is that day in every zone.
    """
    return day_in_words(dating.day(moment, config.newsletter.zone, date_only=date_only), config, form)


def day_in_words(of: date, config: Config, form: str = "long") -> str:
    """The same of a day."""
    return date_in_words(of, config.newsletter.language, form)


def time_of_day(moment: datetime, config: Config) -> str:
    """Hour and minute, in the newsletter's language and time zone."""
    return time_in_words(moment.astimezone(config.newsletter.zone), config.newsletter.language)
