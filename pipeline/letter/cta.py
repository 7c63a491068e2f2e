"""The call to action: the matching service's offer that fits the week's posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.config import Config, Variant
    from pipeline.posts import Post


@dataclass(frozen=True, slots=True)
class CTA:
    """``reason`` says to staff why it is this one."""

    heading: str
    text: str
    button: str
    url: str
    place: Literal["end", "after_lead", "both"] = "end"
    reason: str = ""


def call_to_action(config: Config, posts: Sequence[Post]) -> CTA:
    """The first variant that shares a category with the posts, else the usual offer.

    Without ``match.url`` the button writes to the practice: an offer that leads nowhere is worse.
    """
    match = config.match
    newsletter = config.newsletter
    variant, reason = _fitting(match.variants, posts)
    usual = {
        "heading": match.heading,
        "text": match.text,
        "button": match.button,
        "url": match.url or f"mailto:{newsletter.reply_to or newsletter.from_email}",
    }
    if variant:
        usual |= variant.model_dump(exclude={"categories"}, exclude_none=True)
    return CTA(**usual, place=match.place, reason=reason)


def _fitting(variants: Sequence[Variant], posts: Sequence[Post]) -> tuple[Variant | None, str]:
    for variant in variants:
        wanted = {category.casefold() for category in variant.categories}
        for post in posts:
            shared = next((c for c in post.categories if c.casefold() in wanted), None)
            if shared:
                return variant, f"because “{post.title}” is filed under {shared}"
    if not variants:
        return None, "because it is the only offer ([[match.variants]] adds others)"
    categories = ", ".join(dict.fromkeys(c for variant in variants for c in variant.categories))
    return None, f"because no post is filed under {categories}"
