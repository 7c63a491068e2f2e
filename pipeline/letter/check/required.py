"""What every edition needs before it goes out: unsubscribe link, postal address, offer; no leftover tag, no
script."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, error
from pipeline.letter.check.calmer import at_least
from pipeline.letter.check.reading import CheckedLetter, folded
from pipeline.letter.personal import TAG, tags
from pipeline.providers import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode


def unsubscribe(letter: CheckedLetter) -> Iterator[Finding]:
    # CAN-SPAM, 15 U.S.C. 7704(a)(3). Gmail and Yahoo want it in the body too, beside the one-click header.
    remedy = "Put {{{{ links.unsubscribe }}}} into {}."
    wanted = tags(letter.config)
    if wanted.html.unsubscribe not in letter.hrefs():
        said = "The HTML has no unsubscribe link."
        yield error(
            "unsubscribe", said, remedy.format(letter.layout.markup), f"template: {letter.layout.markup}"
        )
    if wanted.text.unsubscribe not in letter.text:
        said = "The text part has no unsubscribe link."
        yield error("unsubscribe", said, remedy.format(letter.layout.text), f"template: {letter.layout.text}")


def postal_address(letter: CheckedLetter) -> Iterator[Finding]:
    # CAN-SPAM, 15 U.S.C. 7704(a)(5)(A)(iii): a valid physical postal address in every message.
    address = folded(letter.config.newsletter.postal_address)
    if not address:
        yield error(
            "postal-address",
            "There is no postal address.",
            "Set postal_address under [newsletter] in rapport.toml: the law wants it in every letter.",
            "configuration: newsletter.postal_address",
        )
        return
    remedy = "Put {{{{ newsletter.postal_address }}}} into {}."
    for part, content, template in (
        ("html", letter.words, letter.layout.markup),
        ("text", folded(letter.text), letter.layout.text),
    ):
        if address not in content:
            said = f"The postal address is not in the {part} part."
            yield error("postal-address", said, remedy.format(template), f"template: {template}")


def cta(letter: CheckedLetter) -> Iterator[Finding]:
    # The letter exists for it; a note may do without.
    if not letter.edition.has_offer:
        return
    if not letter.offers & set(letter.hrefs()):
        said, place = "The HTML has no call to action.", f"template: {letter.layout.markup}"
        yield error("cta", said, f"Put {{{{ cta.url }}}} into a link of {letter.layout.markup}.", place)
    if not any(address in letter.text for address in letter.offers):
        said, place = "The text part has no call to action.", f"template: {letter.layout.text}"
        yield error("cta", said, f"Put {{{{ cta.url }}}} into {letter.layout.text}.", place)


_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def placeholder(letter: CheckedLetter) -> Iterator[Finding]:
    # Everybody would see it in the letter.
    wanted = tags(letter.config)
    ours = dict.fromkeys(filter(None, (*wanted.html, *wanted.text)), "")
    parts = {
        "subject": str(letter.edition.subject),
        "preheader": str(letter.edition.preheader),
        "html": fill(letter.html, ours),
        "text": fill(letter.text, ours),
    }
    for part, content in parts.items():
        # Braces in a post are no finding: personal.inert has made them harmless.
        left = TAG.findall(content) + _BRACES.findall(html.unescape(content))
        for tag in dict.fromkeys(left):
            place = letter.where(_holding(letter, tag), tag, otherwise=part) if part == "html" else part
            yield error(
                "placeholder",
                f"The {part} still holds {tag[:60]}.",
                _left(letter, part),
                place,
            )


def _left(letter: CheckedLetter, part: str) -> str:
    if part in ("subject", "preheader"):
        return at_least(letter, part)
    return "Take it out of the post on the blog (then `rapport pull`), or out of the template."


def _holding(letter: CheckedLetter, tag: str) -> LexborNode | None:
    """The innermost element that holds a tag in its text."""
    found: LexborNode | None = None
    for node in letter.tree.body.traverse() if letter.tree.body else ():
        if tag in (node.text(deep=False) or ""):
            found = node
    return found


_FRAMES = "script, iframe, object, embed, applet"


def script(letter: CheckedLetter) -> Iterator[Finding]:
    # No mail client runs it, and filters take it for an attack.
    if node := _scripted(letter):
        yield error(
            "script",
            "The HTML holds script or a frame.",
            "Take it out of the template: no mail client runs it, and filters take it for an attack.",
            letter.where(node, f"<{node.tag}", node.attributes.get("href") or ""),
        )


def _scripted(letter: CheckedLetter) -> LexborNode | None:
    if found := letter.tree.css(_FRAMES):
        return found[0]
    for node in letter.tree.css("*"):
        if any(name.lower().startswith("on") for name in node.attributes):
            return node
        address = (node.attributes.get("href") or "") if node.tag in ("a", "area") else ""
        if address.strip().lower().startswith(("javascript:", "vbscript:", "data:")):
            return node
    return None
