"""What is wrong with a letter: each rule a small function with its reason."""

from __future__ import annotations

import html
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from selectolax.lexbor import LexborHTMLParser

from pipeline.letter.cta import call_to_action
from pipeline.letter.personal import HTML_TAGS, TAG, TEXT_TAGS
from pipeline.providers import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Row

    from pipeline.config import Config

CLIPPED_AT = 102 * 1024
"""Bytes of HTML from which Gmail shows "[Message clipped]" and hides the footer with it."""


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["error", "warning"]
    rule: str
    message: str
    remedy: str
    where: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Letter:
    config: Config
    edition: Row[Any]
    tree: LexborHTMLParser

    @property
    def html(self) -> str:
        return str(self.edition.html)

    @property
    def text(self) -> str:
        return str(self.edition.text)

    def hrefs(self) -> list[str]:
        return [link.attributes.get("href") or "" for link in self.tree.css("a[href]")]

    def words(self) -> str:
        return _folded(self.tree.body.text(separator=" ")) if self.tree.body else ""


def check_letter(config: Config, edition: Row[Any]) -> list[Finding]:
    """Every finding in an edition as it stands in the database."""
    letter = _Letter(config, edition, LexborHTMLParser(edition.html))
    return [finding for rule in RULES for finding in rule(letter)]


def _error(rule: str, message: str, remedy: str, where: str) -> Finding:
    return Finding("error", rule, message, remedy, where)


def _unsubscribe(letter: _Letter) -> Iterator[Finding]:
    # CAN-SPAM, 15 U.S.C. 7704(a)(3); Gmail and Yahoo want it in the body beside the one-click header.
    if HTML_TAGS.unsubscribe not in letter.hrefs():
        yield _error(
            "unsubscribe",
            "The HTML has no unsubscribe link.",
            "Put links.unsubscribe into the template.",
            "html",
        )
    if TEXT_TAGS.unsubscribe not in letter.text:
        yield _error(
            "unsubscribe",
            "The text part has no unsubscribe link.",
            "Put links.unsubscribe into the template.",
            "text",
        )


def _postal_address(letter: _Letter) -> Iterator[Finding]:
    # CAN-SPAM, 15 U.S.C. 7704(a)(5)(A)(iii): a valid physical postal address in every message.
    address = _folded(letter.config.newsletter.postal_address)
    if not address:
        yield _error(
            "postal-address",
            "There is no postal address.",
            "Set newsletter.postal_address: the law wants it in every letter.",
            "configuration",
        )
        return
    for where, content in (("html", letter.words()), ("text", _folded(letter.text))):
        if address not in content:
            yield _error(
                "postal-address",
                f"The postal address is not in the {where} part.",
                "Put newsletter.postal_address into the template.",
                where,
            )


def _cta(letter: _Letter) -> Iterator[Finding]:
    offered = {letter.config.match.url, *(v.url for v in letter.config.match.variants)}
    offered.add(call_to_action(letter.config, []).url)
    addresses = {address for address in offered if address}
    if not addresses & set(letter.hrefs()):
        yield _error(
            "cta", "The HTML has no call to action.", "Put cta.url into a link of the template.", "html"
        )
    if not any(address in letter.text for address in addresses):
        yield _error("cta", "The text part has no call to action.", "Put cta.url into the template.", "text")


_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def _placeholder(letter: _Letter) -> Iterator[Finding]:
    ours = dict.fromkeys((*HTML_TAGS, *TEXT_TAGS), "")
    parts = {
        "subject": letter.edition.subject,
        "preheader": letter.edition.preheader,
        "html": fill(letter.html, ours),
        "text": fill(letter.text, ours),
    }
    for where, part in parts.items():
        # Braces out of a post are no finding: personal.inert has broken them.
        left = TAG.findall(part) + _BRACES.findall(html.unescape(part))
        for tag in dict.fromkeys(left):
            yield _error(
                "placeholder",
                f"The {where} still holds {tag[:60]}.",
                "Correct the template, or the text of the post.",
                where,
            )


def _script(letter: _Letter) -> Iterator[Finding]:
    handlers = [n for n in letter.tree.css("*") if any(a.lower().startswith("on") for a in n.attributes)]
    scripted = [
        h for h in letter.hrefs() if h.strip().lower().startswith(("javascript:", "vbscript:", "data:"))
    ]
    if letter.tree.css("script, iframe, object, embed") or handlers or scripted:
        yield _error(
            "script",
            "The HTML holds script or a frame.",
            "Take it out of the template: no mail client runs it, and filters take it for an attack.",
            "html",
        )


def _size(letter: _Letter) -> Iterator[Finding]:
    size = len(letter.html.encode())
    if size > CLIPPED_AT:
        yield _error(
            "size",
            f"The HTML has {size / 1024:.0f} KB; from 102 KB on Gmail clips it, unsubscribe link and all.",
            "Lower max_posts, or shorten the template.",
            "html",
        )


def _subject(letter: _Letter) -> Iterator[Finding]:
    if not letter.edition.subject.strip():
        yield _error(
            "subject",
            "The subject is empty.",
            "Correct the digest's subject in the configuration.",
            "subject",
        )


RULES: tuple[Callable[[_Letter], Iterator[Finding]], ...] = (
    _unsubscribe,
    _postal_address,
    _cta,
    _placeholder,
    _script,
    _size,
    _subject,
)


def _folded(text: str) -> str:
    return " ".join(text.split())
