"""What letters need of `rapport.toml`, beyond the keys and values that were checked when it was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.core.destination import Destination, trial
from pipeline.core.errors import RapportError
from pipeline.core.example import left
from pipeline.core.finding import error, ok, warning
from pipeline.core.templates import PACKAGED, Templates
from pipeline.core.theme import replaced
from pipeline.doctor.words import words
from pipeline.feeds.posts import Post
from pipeline.letter.check.contrast import told
from pipeline.letter.crisis.confirmation import unconfirmed
from pipeline.letter.jinja import compiled, environment
from pipeline.letter.render import render_letter
from pipeline.mail.confirmation import confirmation_mail
from pipeline.mail.notice import notice_mail
from pipeline.providers.choice import must_tell_of_events
from subscribers.confirmations import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

_DAY = datetime(2026, 1, 8, 9, tzinfo=UTC)
_POST = Post(
    id=1,
    url="https://example.org/a-post",
    title="A post",
    published=_DAY,
    author="Somebody",
    categories=("couples",),
    excerpt="A few sentences. They say nothing.",
    words=400,
    image_url=None,
    image_alt=None,
)


def required(context: Context) -> Iterator[Finding]:
    newsletter, match = context.config.newsletter, context.config.match
    level = error if context.mails else warning
    whole = True
    if not newsletter.postal_address.strip():
        whole = False
        yield level(
            "configuration.postal_address",
            "newsletter.postal_address is empty, and no letter goes without: the law wants it in each.",
            "Set postal_address under [newsletter] in rapport.toml.",
        )
    if not match.url:
        whole = False
        yield level(
            "configuration.match",
            "match.url is empty, and no letter goes without its offer.",
            "Set url under [match] in rapport.toml: the page that the offer's button opens.",
        )
    if whole:
        yield ok("configuration.required", "What every letter must hold is there.")


def examples(context: Context) -> Iterator[Finding]:
    still = left(context.config)
    for one in still:
        level = error if one.refused else warning
        yield level("configuration.example", one.message, one.remedy)
    if not still:
        yield ok("configuration.example", "No value is still the example's.")


def destination(context: Context) -> Iterator[Finding]:
    """Where letters go. That nobody is mailed is never left out."""
    goes = Destination.of(context.config.delivery)
    if found := trial(context.config.delivery, context.config.newsletter.public_url):
        yield warning("configuration.provider", *found)
    elif goes.mails:
        yield ok("configuration.provider", f"Letters go out by {context.config.delivery.provider}.")
    else:
        yield ok("configuration.provider", f"Letters are only written to {goes.folder}: nobody is mailed.")


def crisis(context: Context) -> Iterator[Finding]:
    if not context.config.newsletter.country:
        yield ok("configuration.crisis", "No country is named: letters show the notice as it is written.")
    elif finding := unconfirmed(context.config, Templates.of(context.config, context.folder)):
        yield replace(finding, name="configuration.crisis", where="")
    else:
        yield ok("configuration.crisis", "The numbers for help in a crisis are confirmed.")


def doubt(context: Context) -> Iterator[Finding]:
    if context.config.delivery.on_uncertain == "resend":
        must_tell_of_events(context.config.delivery)
        yield ok("configuration.doubt", "What is in doubt is sent again once events prove that it may.")


def staff(context: Context) -> Iterator[Finding]:
    number = len(context.config.staff.emails)
    if number and not context.mails:
        folder = Destination.of(context.config.delivery).folder
        yield ok("configuration.staff", f"What {number} of staff are told of is written to {folder}, too.")
    elif number:
        yield ok("configuration.staff", f"{number} of staff are told of trouble.")
    else:
        yield warning(
            "configuration.staff",
            "staff.emails is empty: nobody is told when a letter stops.",
            "Set emails under [staff] in rapport.toml: who looks after the letter.",
        )


def templates(context: Context) -> Iterator[Finding]:
    try:
        found = Templates.of(context.config, context.folder)
        for digest in context.config.digests:
            render_letter(context.config, found, digest, [_POST], slug=f"{digest.name}-1", due=_DAY)
        notice_mail(context.config, found, 1, subject="A subject", text="A text.")
        for purpose in Purpose:
            confirmation_mail(
                context.config, found, 1, purpose=purpose.value, link="https://example.org", until=_DAY
            )
        _compile_pages(found)
    except RapportError as fault:
        yield error("configuration.templates", fault.message, fault.remedy)
    else:
        yield ok(
            "configuration.templates", f"The templates make letters, mails and pages{_named(found.own)}."
        )


def colours(context: Context) -> Iterator[Finding]:
    found = replaced(context.config.theme)
    for one in found:
        if one.own:
            yield warning("configuration.colours", *told(context.config, one))
        else:
            said = f"In the dark scheme theme.colour {one.chosen} is shown as {one.shown}"
            yield ok("configuration.colours", f"{said}; theme.colour_dark sets another.")
    if not found:
        yield ok("configuration.colours", "The colours are shown as they were chosen.")


def _compile_pages(templates: Templates) -> None:
    made = environment(templates, markup=True)
    for file in sorted((PACKAGED / "pages").glob("*.*ml")):
        compiled(made, f"pages/{file.name}")


def _named(own: Path | None) -> str:
    return f", those in {own} first" if own else ""


CHECKS = (required, examples, crisis, destination, doubt, staff, colours, words, templates)
