"""Posts in, letter out: subject, preheader, HTML and text. It is rendered once an edition."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipeline.core.phrases import Phrases
from pipeline.core.settings import dotted
from pipeline.core.theme import look
from pipeline.feeds.cleaning.text import cut
from pipeline.letter.clicks import through
from pipeline.letter.crisis.sentences import crisis_help
from pipeline.letter.cta import call_to_action
from pipeline.letter.direction import of_language
from pipeline.letter.edits import UNTOUCHED
from pipeline.letter.intro import intro as both_forms
from pipeline.letter.jinja import environment, render, render_line
from pipeline.letter.mjml import render_html
from pipeline.letter.note import body, note_layout
from pipeline.letter.personal import inert, tags
from pipeline.letter.shown import day, shown
from pipeline.letter.signature import is_greeting, opening_of, signer
from pipeline.letter.text import finished

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest
    from pipeline.core.templates import Templates
    from pipeline.feeds.posts import Post
    from pipeline.letter.clicks import CountedLink
    from pipeline.letter.cta import CTA
    from pipeline.letter.edits import Edits
    from pipeline.letter.intro import Intro
    from pipeline.letter.note import Body, Note
    from pipeline.letter.personal import Tags
    from pipeline.letter.shown import ShownPicture
    from pipeline.letter.signature import Signer

PREHEADER = 140
"""Characters: no inbox shows more beside the subject (Apple Mail on a tablet shows this many)."""

IN_FULL = 4
"""Posts. Of more than these a letter shows the titles: a reader sees how much there is, and scrolls less."""

NO_IMAGES: Mapping[int, ShownPicture] = MappingProxyType({})
NO_PICTURES: Mapping[str, ShownPicture] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Letter:
    """What an edition says. The bodies hold the tags of letter/personal.py; ``html`` is pure ASCII.

    ``cta_reason`` tells staff why the letter makes this offer and no other. ``links`` are those in it whose
    clicks are counted.
    """

    subject: str
    preheader: str
    html: str
    text: str
    cta_reason: str = ""
    links: tuple[CountedLink, ...] = ()


def render_letter(
    config: Config,
    templates: Templates,
    digest: Digest,
    posts: Sequence[Post],
    *,
    slug: str,
    due: datetime,
    intro: str = "",
    edits: Edits = UNTOUCHED,
    images: Mapping[int, ShownPicture] = NO_IMAGES,
    key: str = "",
    portrait: str = "",
) -> Letter:
    """The letter of an edition. ``posts``: the lead first, at least one. ``due``: in the newsletter's zone.

    ``intro`` is what staff wrote in Markdown, ``edits`` what else they changed (but for the posts, which the
    caller has chosen), ``images`` each post's picture by the post's id (a post without an entry shows the
    blog's own), ``key`` what opens the edition's page where the archive is not public, ``portrait`` the
    address of the picture of who signs. Raises LetterError that names file and line when a template does not
    make a letter.
    """
    offer, links = through(config, slug, call_to_action(config, posts, edits.cta))
    context = _context(config, templates, slug, due, offer, portrait)
    by: Signer | None = context["signer"]
    context |= _shown(posts, config, images, by)
    by_staff = both_forms(intro, context["dir"])
    if not by_staff.text:
        opening = opening_of(posts[0], by, templates, config.newsletter.language)
        context["opening"] = opening
        context["lead"]["continued"] = opening.rest if opening else context["lead"]["excerpt"]
    plain = environment(templates, markup=False)
    where = _subject_key(config, digest)
    context["subject"] = inert(edits.subject) or render_line(plain, digest.subject, context, where)
    composed = " ".join(render(plain, "letter/preheader.txt", context).split())
    context["preheader"] = inert(edits.preheader) or cut(composed, PREHEADER)
    html, text = _parts(config, templates, digest.layout, context, by_staff, _browser(config, slug, key))
    return Letter(context["subject"], context["preheader"], html, text, offer.reason, links)


def render_note(
    config: Config,
    templates: Templates,
    digest: Digest,
    note: Note,
    *,
    slug: str,
    due: datetime,
    pictures: Mapping[str, ShownPicture] = NO_PICTURES,
    key: str = "",
    portrait: str = "",
    for_all: bool = True,
) -> Letter:
    """The letter of an edition that staff wrote, in the digest's layout. ``pictures``: by its address what is
    known of each; the rest as for `render_letter`. Of a note that is not ``for_all`` no click is counted:
    whoever guessed its link would learn that there is one."""
    offer = call_to_action(config, []) if note.offer else None
    links: tuple[CountedLink, ...] = ()
    if offer and for_all:
        offer, links = through(config, slug, offer)
    context = _context(config, templates, slug, due, offer, portrait)
    context["subject"] = inert(note.subject)
    said = body(note.markdown, digest.layout, context["dir"], context["theme"].light.link, pictures)
    context["preheader"] = inert(note.preheader) or cut(said.opening, PREHEADER)
    layout = note_layout(digest.layout)
    html, text = _parts(config, templates, layout, context, said, _browser(config, slug, key))
    reason = "because a note has the usual offer" if offer else ""
    return Letter(context["subject"], context["preheader"], html, text, reason, links)


def _parts(
    config: Config,
    templates: Templates,
    layout: str,
    context: dict[str, Any],
    by_staff: Intro | Body,
    browser: str,
) -> tuple[str, str]:
    """Both parts of a letter."""
    in_html = {
        "intro": Markup(by_staff.html),  # noqa: S704 (rendered by letter/markdown.py, which escapes)
        "links": _links(tags(config).html, browser),
    }
    in_text = {"intro": by_staff.text, "links": _links(tags(config).text, browser)}
    context = context | {"greets": context["signer"] is not None and not is_greeting(by_staff.text)}
    html = render_html(templates, f"letter/{layout}.mjml", context | in_html)
    plain = environment(templates, markup=False)
    return html, finished(render(plain, f"letter/{layout}.txt", context | in_text))


def _subject_key(config: Config, digest: Digest) -> str:
    """The key of the digest's subject, with file and line."""
    number = next((n for n, one in enumerate(config.digests) if one.name == digest.name), 0)
    keys = ("digests", number, "subject")
    return f"{config.place(keys)}: {dotted(keys)}"


def _shown(
    posts: Sequence[Post], config: Config, images: Mapping[int, ShownPicture], by: Signer | None
) -> dict[str, Any]:
    all_shown = [shown(post, config, images, lead=post is posts[0], by=by) for post in posts]
    return {
        "posts": all_shown,
        "lead": all_shown[0],
        "others": all_shown[1:],
        "in_full": all_shown[:IN_FULL],
        "in_short": all_shown[IN_FULL:],
    }


def _context(
    config: Config, templates: Templates, slug: str, due: datetime, offer: CTA | None, portrait: str
) -> dict[str, Any]:
    """The names that every template knows; templates/letter/variables.txt explains them to operators."""
    newsletter, crisis = config.newsletter, crisis_help(config.newsletter, templates)
    if crisis is not None:
        newsletter = newsletter.model_copy(update={"notice": crisis.notice})
    return {
        "newsletter": newsletter,
        "theme": look(config.theme),
        "dir": of_language(config.newsletter.language),
        "edition": {"slug": slug, "date": day(due, config)},
        "cta": offer,
        "opening": None,
        "signer": signer(config, portrait),
        "crisis": crisis,
        "say": Phrases(templates, "letter", config.newsletter).say,
    }


def _links(personal: Tags, browser: str) -> dict[str, str]:
    return {"unsubscribe": personal.unsubscribe, "preferences": personal.preferences, "browser": browser}


def _browser(config: Config, slug: str, key: str) -> str:
    """Where the letter can be read as a page; empty for who runs no web server."""
    if config.delivery.hosted_unsubscribe and not config.newsletter.public_url:
        return ""
    return f"{config.newsletter.pages}/archive/{slug}" + (f"?key={key}" if key else "")
