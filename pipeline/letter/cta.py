"""The call to action: the offer of the matching service that fits the week's posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipeline.core.errors import RapportError
from pipeline.core.words import sentence
from pipeline.feeds import categories
from pipeline.letter.edits import NO_WORDS
from pipeline.letter.personal import inert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.core.config import Config
    from pipeline.core.sections.match import Variant
    from pipeline.feeds.posts import Post


@dataclass(frozen=True, slots=True)
class CTA:
    """An offer as the letter shows it. ``reason`` tells staff why it is this one.

    ``promises`` is what the practice says of who reads a message, when they answer and what it costs; where
    it says nothing, neither do we. ``reply``: whether the letter itself can be answered. ``url_at_end`` is
    where the line at the end leads: to the same place, perhaps counted apart (letter/clicks.py).
    """

    heading: str
    text: str
    button: str
    url: str
    url_at_end: str
    place: Literal["end", "after_lead", "both"] = "both"
    promises: str = ""
    reply: bool = False
    reason: str = ""


def call_to_action(config: Config, posts: Sequence[Post], edited: Mapping[str, str] = NO_WORDS) -> CTA:
    """The first variant that shares a category with the posts, else the usual offer; what staff said of this
    edition's (``edited``: heading, text, button, url) goes over it.
    """
    variant, reason = _fitting(config.match.variants, posts)
    own = {key: inert(said) for key, said in edited.items()}
    if own:
        reason = "because staff chose it" if own.keys() >= _PARTS else f"{reason}, with words by staff"
    match, said = config.match, _worded(config, variant) | own
    promises = " ".join(sentence(one) for one in (match.read_by, match.answered, match.costs) if one)
    reply = config.newsletter.takes_replies
    return CTA(
        **said, url_at_end=said["url"], place=match.place, promises=promises, reply=reply, reason=reason
    )


def offers(config: Config) -> list[tuple[str, dict[str, str]]]:
    """Every offer of the configuration, the usual one first: what it is for, with its words and address."""
    variants = [(", ".join(v.categories), _worded(config, v)) for v in config.match.variants]
    return [("usual", _worded(config, None)), *variants]


def offer_named(config: Config, name: str) -> dict[str, str]:
    """The offer that staff mean: by its number (0 is the usual one, then [[match.variants]] in their order),
    "usual", or a category it is for. Raises RapportError, which lists them, for anything else."""
    every = offers(config)
    wanted = categories.folded(name)
    for number, (of, offer) in enumerate(every):
        if wanted in (str(number), *map(categories.folded, of.split(","))):
            return offer
    listed = "; ".join(f"{n} ({of}): {offer['heading']}" for n, (of, offer) in enumerate(every))
    raise RapportError(f"There is no offer {name!r}.", f"Name one of these: {listed}.")


_PARTS = frozenset(("heading", "text", "button", "url"))


def _worded(config: Config, variant: Variant | None) -> dict[str, str]:
    """Without ``match.url`` the button writes a mail to the practice: a button that leads nowhere is
    worse."""
    match, newsletter = config.match, config.newsletter
    usual = {
        "heading": match.heading,
        "text": match.text,
        "button": match.button,
        "url": match.url or f"mailto:{newsletter.reply_address}",
    }
    return usual | variant.model_dump(exclude={"categories"}, exclude_none=True) if variant else usual


def _fitting(variants: Sequence[Variant], posts: Sequence[Post]) -> tuple[Variant | None, str]:
    for variant in variants:
        for post in posts:
            if category := categories.shared(variant.categories, post.categories):
                return variant, f"because “{post.title}” is filed under {category}"
    if not variants:
        return None, "because it is the only offer ([[match.variants]] adds others)"
    named = ", ".join(dict.fromkeys(c for variant in variants for c in variant.categories))
    return None, f"because no post is filed under {named}"
