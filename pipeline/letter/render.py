"""Posts in, letter out: subject, preheader, HTML and text, composed once an edition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import LetterError
from pipeline.letter.cta import call_to_action
from pipeline.letter.personal import HTML_TAGS, TEXT_TAGS, inert
from pipeline.letter.templates import PACKAGED, environment, render, render_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from pipeline.config import Config, Digest
    from pipeline.posts import Post

WORDS_A_MINUTE = 220
"""An adult's silent reading of English (Brysbaert 2019, 238 for non-fiction), rounded down for comfort."""

LAYOUT = "letter/digest"


@dataclass(frozen=True, slots=True)
class Letter:
    """What an edition says. The bodies hold the tags of letter/personal.py; ``html`` is pure ASCII."""

    subject: str
    preheader: str
    html: str
    text: str


def render_letter(
    config: Config, digest: Digest, posts: Sequence[Post], *, slug: str, due: datetime, own: Path | None
) -> Letter:
    """The letter of an edition. ``posts`` newest first and not empty; ``due`` in the newsletter's zone.

    Raises LetterError that names file and line when a template does not make a letter.
    """
    shown = [_shown(post, config) for post in posts]
    context: dict[str, Any] = {
        "newsletter": config.newsletter,
        "theme": config.theme,
        "edition": {"slug": slug, "date": _day(due, config)},
        "posts": shown,
        "lead": shown[0],
        "others": shown[1:],
        "cta": call_to_action(config, posts),
    }
    browser = f"{config.newsletter.pages}/archive/{slug}"
    plain = environment(own, markup=False)
    context["subject"] = subject = render_line(
        plain, digest.subject, context, f"digests ({digest.name}): subject"
    )
    context["preheader"] = preheader = " ".join(render(plain, "letter/preheader.txt", context).split())
    in_html = {"unsubscribe": HTML_TAGS.unsubscribe, "preferences": HTML_TAGS.preferences, "browser": browser}
    mjml = render(environment(own, markup=True), f"{LAYOUT}.mjml", context | {"links": in_html})
    in_text = {"unsubscribe": TEXT_TAGS.unsubscribe, "preferences": TEXT_TAGS.preferences, "browser": browser}
    text = render(plain, f"{LAYOUT}.txt", context | {"links": in_text})
    return Letter(subject, preheader, _html(mjml, own), re.sub(r"\n{4,}", "\n\n\n", text))


def _shown(post: Post, config: Config) -> dict[str, Any]:
    return {
        "title": inert(post.title),
        "url": post.url,
        "date": _day(post.published, config),
        "minutes": max(1, round(post.words / WORDS_A_MINUTE)) if post.words else None,
        "excerpt": inert(post.excerpt),
        "author": inert(post.author or ""),
        "categories": post.categories,
        "image_url": post.image_url,
        "image_alt": inert(post.image_alt or ""),
    }


def _day(moment: datetime, config: Config) -> str:
    from babel.core import UnknownLocaleError
    from babel.dates import format_date

    local = moment.astimezone(config.newsletter.zone).date()
    try:
        return format_date(local, "long", locale=config.newsletter.language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return local.isoformat()


def _html(mjml: str, own: Path | None) -> str:
    from mjml import mjml2html

    refuse_unknown_elements(mjml, own)
    try:
        # No fonts: MJML's defaults would fetch from a third party whenever a letter is opened.
        html = mjml2html(mjml, fonts={}, disable_comments=False)
    except ValueError as error:
        raise LetterError(
            f"{_template(own)}: MJML says: {error}.", "Check that every tag is closed."
        ) from None
    # A provider picks the charset from the bytes; pure ASCII leaves it no choice to get wrong.
    return html.encode("ascii", "xmlcharrefreplace").decode("ascii")


KNOWN_ELEMENTS = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-breakpoint",
        "mj-font",
        "mj-html-attributes",
        "mj-selector",
        "mj-html-attribute",
        "mj-preview",
        "mj-style",
        "mj-title",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-button",
        "mj-carousel",
        "mj-carousel-image",
        "mj-column",
        "mj-divider",
        "mj-group",
        "mj-hero",
        "mj-image",
        "mj-include",
        "mj-navbar",
        "mj-navbar-link",
        "mj-raw",
        "mj-section",
        "mj-social",
        "mj-social-element",
        "mj-spacer",
        "mj-table",
        "mj-text",
        "mj-wrapper",
    ]
)


def refuse_unknown_elements(mjml: str, own: Path | None) -> None:
    """Raise LetterError for an element MJML does not know: mjml-python would pass it through as it is."""
    for match in re.finditer(r"<(mj[\w-]*)", mjml):
        if match[1] not in KNOWN_ELEMENTS:
            from difflib import get_close_matches

            close = get_close_matches(match[1], KNOWN_ELEMENTS, 1)
            template = _template(own)
            source = template.read_text(encoding="utf-8")
            line = source[: source.find(match[0])].count("\n") + 1 if match[0] in source else 0
            place = f"{template}:{line}" if line else str(template)
            raise LetterError(
                f"{place}: <{match[1]}> is no MJML element.",
                f"Did you mean <{close[0]}>?"
                if close
                else "See the list of elements at documentation.mjml.io.",
            )


def _template(own: Path | None) -> Path:
    name = f"{LAYOUT}.mjml"
    return own / name if own and (own / name).exists() else PACKAGED / name
