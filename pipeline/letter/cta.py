"""The call to action: the matching service's offer that fits the week's posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.config import Config
    from pipeline.posts import Post


@dataclass(frozen=True, slots=True)
class CTA:
    heading: str
    text: str
    button: str
    url: str


def call_to_action(config: Config, posts: Sequence[Post]) -> CTA:
    """The first variant that shares a category with the posts, else the usual offer.

    Without ``match.url`` the button writes to the practice: an offer that leads nowhere is worse.
    """
    match = config.match
    categories = {category.casefold() for post in posts for category in post.categories}
    fitting = (v for v in match.variants if categories & {category.casefold() for category in v.categories})
    variant = next(fitting, None)
    newsletter = config.newsletter
    usual = {
        "heading": match.heading,
        "text": match.text,
        "button": match.button,
        "url": match.url or f"mailto:{newsletter.reply_to or newsletter.from_email}",
    }
    if variant:
        usual |= variant.model_dump(exclude={"categories"}, exclude_none=True)
    return CTA(**usual)
