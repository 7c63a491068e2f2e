"""The two bodies: their size, their charset, and whether the text says what the HTML says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, error, warning
from pipeline.letter.check.cascade import texts
from pipeline.letter.check.matching import Scheme
from pipeline.letter.check.reading import CheckedLetter, cut, folded
from pipeline.letter.personal import TAG, tags
from pipeline.letter.title import title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIPPED_AT = 102 * 1024
"""Bytes of HTML. From here on Gmail shows "[Message clipped]" and hides the rest, the footer included."""

NEARLY_CLIPPED_AT = 90 * 1024
"""Bytes of HTML that come too near: a provider adds some, and personal links are longer than their tags."""

DROPPED_AT = 16 * 1024
"""Bytes of one style element. Gmail drops a longer one (caniemail: html-style, note 6)."""


def size(letter: CheckedLetter) -> Iterator[Finding]:
    # Google publishes no number. Senders have measured about 102 KB.
    kilobytes = len(letter.html.encode(errors="replace")) / 1024
    edition = letter.edition.slug
    remedy = (
        f"`rapport editions edit {edition} --drop N` takes a post out; max_posts under [[digests]] "
        "in rapport.toml takes fewer each time."
    )
    if kilobytes * 1024 > CLIPPED_AT:
        said = f"The HTML has {kilobytes:.0f} KB; from 102 KB on Gmail clips it, unsubscribe link and all."
        yield error("size", said, remedy, "html")
    elif kilobytes * 1024 > NEARLY_CLIPPED_AT:
        said = f"The HTML has {kilobytes:.0f} KB; Gmail clips at 102 KB, and a provider may add some."
        yield warning("size", said, remedy, "html")


def style_block(letter: CheckedLetter) -> Iterator[Finding]:
    # Dark mode is lost with it, and the rules that fit columns to a phone.
    for node in letter.tree.css("style"):
        kilobytes = len(node.text().encode(errors="replace")) / 1024
        if kilobytes * 1024 > DROPPED_AT:
            yield warning(
                "style-block",
                f"A style block has {kilobytes:.0f} KB; Gmail drops one of more than 16 KB whole.",
                "Shorten it, or part it into two <mj-style>.",
                letter.where(node, "<mj-style"),
            )


def html_bytes(letter: CheckedLetter) -> Iterator[Finding]:
    # SendGrid picks the charset from the bytes: what fits Latin-1 goes out as iso-8859-1, which Gmail clips
    # at any size (github.com/sendgrid/sendgrid-nodejs/issues/1231). With ASCII it has no choice.
    if not letter.html.isascii():
        strange = next(character for character in letter.html if not character.isascii())
        yield warning(
            "charset",
            f"The HTML is not pure ASCII: it holds “{_printed(strange)}” (U+{ord(strange):04X}).",
            "Write it as a character reference: &#…;",
            letter.where(None, *_lines_with(letter.html, strange)),
        )


def text_bytes(letter: CheckedLetter) -> Iterator[Finding]:
    # For the same reason: a text with é but nothing beyond Latin-1 goes out as iso-8859-1.
    beyond = [character for character in letter.edition.text if not character.isascii()]
    if beyond and max(beyond) <= "\xff":
        yield warning(
            "charset",
            f"The text part has nothing beyond Latin-1 (“{_printed(beyond[0])}” for one), so that a provider "
            "may send it as iso-8859-1.",
            f"Put one long dash (—) into {letter.layout.text}, as ours has.",
            f"template: {letter.layout.text}",
        )


def thin_text(letter: CheckedLetter) -> Iterator[Finding]:
    # Readers without HTML, watches and voice assistants get the text part, and filters compare the two.
    place = f"template: {letter.layout.text}"
    text = folded(letter.text).casefold()
    titles = [title_of(str(post.get("title") or "")) for post in letter.posts]
    lost = [title for title in titles if folded(title).casefold() not in text]
    for title in lost:
        said = f"The text part lacks the post “{cut(title)}”."
        yield warning("text", said, f"Put {{{{ post.title }}}} into {letter.layout.text}.", place)
    gone = [address for address in _linked(letter) if not _is_written(address, letter.text)]
    if gone:
        yield warning(
            "text",
            f"The text part lacks {'a link' if len(gone) == 1 else f'{len(gone)} links'} of the HTML: "
            f"{', '.join(cut(address, 80) for address in gone[:3])}.",
            f"Put them into {letter.layout.text} too.",
            place,
        )
    shown, written = len(_shown_words(letter)), len(re.findall(r"\w+", text))
    if not lost and shown > 40 and written < shown / 2:
        yield warning(
            "text",
            f"The text part has {written} words, the HTML {shown}.",
            f"Let {letter.layout.text} say what the HTML says.",
            place,
        )


def _is_written(address: str, text: str) -> bool:
    """Whether a text says an address, as people write it: a number has spaces, a site no scheme."""
    if address.startswith("tel:"):
        digits = r"[\s()/.-]*".join(map(re.escape, re.findall(r"[+\d]", address)))
        return re.search(rf"(?<!\d){digits}(?!\d)", text) is not None
    return re.sub(r"^mailto:|^https://(?=[^/?#]+$)", "", address) in text


def _linked(letter: CheckedLetter) -> list[str]:
    """The addresses of the letter's visible links, as the text part should write them."""
    held = tags(letter.config)
    as_text = dict(zip(held.html, held.text, strict=True))
    found = (link.attributes.get("href") or "" for link in letter.links if letter.seen(link))
    wanted = (as_text.get(address, address).strip() for address in found)
    wanted = (a for a in wanted if TAG.fullmatch(a) or re.match(r"(?i)(https?|mailto|tel):", a))
    # Other rules report a missing unsubscribe link or offer, as errors.
    ours = {held.text.unsubscribe, *letter.offers}
    return [address for address in dict.fromkeys(wanted) if address not in ours]


def _shown_words(letter: CheckedLetter) -> list[str]:
    if letter.tree.body is None:
        return []
    styles = letter.styles(Scheme.LIGHT)
    seen = (n for n in letter.tree.body.traverse() if n.mem_id in styles and not styles[n.mem_id].hidden)
    return [word for node in seen for text in texts(node) for word in re.findall(r"\w+", text)]


def _lines_with(text: str, character: str) -> list[str]:
    found = re.search(rf"[^<>\n]{{0,12}}{re.escape(character)}[^<>\n]{{0,12}}", text)
    return [found[0].strip(), character * 4] if found else []


def _printed(character: str) -> str:
    return character if character.isprintable() else "\ufffd"
