"""What is wrong with a letter. Each rule is a small function, with its reason and its source in a comment.

=================  ==========================================================================
``required``       errors: unsubscribe link, postal address, offer, placeholders, script
``example``        values that are still those of the packaged rapport.toml
``envelope``       sender, subject, preheader
``locked_screen``  what a passer-by would read; ``listed`` knows the words
``crisis``         whether its numbers were confirmed, and stand before the offer
``images``         alt text, weight, format
``links``          whole, https, named by where they lead; ``probe`` asks whether they answer
``contrast``       WCAG AA in both schemes, by ``cascade``, ``matching``, ``css`` and ``css_colour``
``clients``        what main mail clients lack (``caniemail.json``), except what is ``graceful``
``leftovers``      what the blog's software left in a post
``structure``      language, headings, layout tables
``parts``          size, charset, and a text part that says what the HTML says
``reading``        the letter as the rules get it; ``place`` finds template, line and post
=================  ==========================================================================
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, error
from pipeline.letter.check import (
    clients,
    contrast,
    crisis,
    envelope,
    example,
    images,
    leftovers,
    links,
    locked_screen,
    parts,
    required,
    structure,
)
from pipeline.letter.check.reading import CheckedLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.core.config import Config
    from pipeline.core.errors import LetterError
    from pipeline.core.templates import Templates
    from pipeline.letter.check.reading import Content

    Rule = Callable[[CheckedLetter], Iterator[Finding]]

__all__ = ["ERRORS", "RULES", "Finding", "broken_template", "check_letter", "check_online", "errors"]

ERRORS: tuple[Rule, ...] = (
    required.unsubscribe,
    required.postal_address,
    required.cta,
    required.placeholder,
    required.script,
    example.values,
    crisis.confirmed,
    crisis.before_offer,
    parts.size,
    envelope.empty,
)
"""The rules that can keep a letter from going out. All others only warn, and take ten times as long: a run
looks at a letter again and again before it goes."""

RULES: tuple[Rule, ...] = (
    *ERRORS,
    envelope.length,
    envelope.shouting,
    envelope.answer,
    locked_screen.quiet,
    envelope.preheader,
    envelope.sender,
    images.alternative,
    images.weight,
    images.kind,
    images.unfetched,
    links.addresses,
    links.unencrypted,
    links.names,
    contrast.colours,
    contrast.brand,
    clients.support,
    clients.background,
    leftovers.shortcode,
    structure.language,
    structure.headings,
    structure.tables,
    parts.style_block,
    parts.html_bytes,
    parts.text_bytes,
    parts.thin_text,
)

MOST = 8
"""How many findings of one rule are listed: whoever has mended eight knows the rule."""


def check_letter(config: Config, templates: Templates, edition: Content) -> list[Finding]:
    """Every finding in an edition as it is in the database. Asks no server and writes nothing."""
    return _found(RULES, CheckedLetter(config, templates, edition))


def errors(config: Config, templates: Templates, edition: Content) -> list[Finding]:
    """The errors that check_letter finds, and no more."""
    found = _found(ERRORS, CheckedLetter(config, templates, edition))
    return [finding for finding in found if finding.level == "error"]


def check_online(config: Config, templates: Templates, edition: Content) -> list[Finding]:
    """The findings for which servers must be asked: links and images of an edition that do not answer."""
    from pipeline.letter.check.probe import answers

    return list(_told(answers(CheckedLetter(config, templates, edition))))


def broken_template(fault: LetterError) -> Finding:
    """A template that makes no letter. Its error begins with the file, and the line where there is one."""
    place = re.match(r"(\S.*?\.(?:mjml|txt|toml)(?::\d+)?): ", fault.message)
    where = f"template: {place[1]}" if place else "template"
    return error("template", fault.message, fault.remedy, where)


def _found(rules: Iterable[Rule], letter: CheckedLetter) -> list[Finding]:
    return [finding for rule in rules for finding in _told(rule(letter))]


def _told(findings: Iterable[Finding]) -> Iterator[Finding]:
    found = list(findings)
    yield from found[:MOST]
    if more := found[MOST:]:
        message = f"And {len(more)} more of the rule {more[0].name}."
        yield replace(more[0], message=message, where="html")
