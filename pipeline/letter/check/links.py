"""Links: whole addresses, https, and words that say where they lead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.core.finding import Finding, warning
from pipeline.core.private_networks import is_loopback
from pipeline.letter.check.images import named, source
from pipeline.letter.check.reading import CheckedLetter, cut, folded
from pipeline.letter.personal import TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

_OPENED = ("http", "https", "mailto", "tel", "sms")
_SCRIPTED = ("javascript", "vbscript", "data")
"""Schemes that the rule `script` reports as errors."""


def addresses(letter: CheckedLetter) -> Iterator[Finding]:
    # A letter has no address of its own that a relative one could start from.
    for node, address, noun in _distinct(letter):
        if said := _wrong(address, noun):
            yield warning("link", said[0], said[1], letter.where(node, address and f'"{address}"'))


def unencrypted(letter: CheckedLetter) -> Iterator[Finding]:
    # Plain http can be read and changed on its way, and what somebody reads at a therapist's is private. A
    # site has https on all its pages or on none, so one finding a site is enough.
    sites: dict[str, list[tuple[LexborNode, str, str]]] = {}
    for node, address, noun in _distinct(letter):
        scheme, host = _read(address)
        if scheme == "http" and host and not is_loopback(host):
            sites.setdefault(host, []).append((node, address, noun))
    for host, ((node, address, noun), *others) in sites.items():
        more = f", and so it is with {len(others)} more on {host}" if others else ""
        yield warning(
            "link",
            f"The {noun} {cut(address, 80)} is not https{more}.",
            "Write https:// in the post or the template, once the site answers there.",
            letter.where(node, f'"{address}"'),
        )


def _distinct(letter: CheckedLetter) -> Iterator[tuple[LexborNode, str, str]]:
    """Each address once, with the first element that has it and what to call it."""
    told: set[tuple[str, str]] = set()
    found = [(link, link.attributes.get("href") or "", "link") for link in letter.links]
    found += [(image, source(image), "image") for image in letter.images]
    for node, written, noun in found:
        address = written.strip()
        within = noun == "link" and address.startswith("#")  # the rule in clients.py reports these
        if (noun, address) not in told and not within and not TAG.fullmatch(address):
            told.add((noun, address))
            yield node, address, noun


def _wrong(address: str, noun: str) -> tuple[str, str] | None:
    scheme, host = _read(address)
    shown = cut(address, 80)
    if scheme is None or (scheme in ("http", "https") and not host):
        return (
            f"The {noun} {shown} cannot be read as an address.",
            "Correct it in the post on the blog (then `rapport pull`), or in the template.",
        )
    if not scheme:
        said = f"The {noun} {shown} is relative." if address else f"There is a {noun} whose address is empty."
        return said, "Write the whole address, beginning with https://."
    if scheme in _SCRIPTED:
        return None
    if scheme not in _OPENED:
        return f"The {noun} {shown} opens in no mail client.", "Write an https:// address."
    return None


def _read(address: str) -> tuple[str | None, str]:
    try:
        parts = urlsplit(address)
        return parts.scheme.lower(), parts.hostname or ""
    except ValueError:
        return None, ""


_EMPTY = frozenset(
    """click here|click|here|click this|click this link|this link|link|this|read more|more|learn more|
    see more|details|more details|more info|more information|find out more|continue|continue reading|
    go|tap here|
    hier|hier klicken|mehr|mehr lesen|weiterlesen|mehr erfahren|
    aquí|haz clic aquí|leer más|más|ver más|
    ici|cliquez ici|lire la suite|en savoir plus|
    qui|clicca qui|leggi|leggi di più|
    klik hier|lees meer|meer|aqui|clique aqui|leia mais|saiba mais""".replace("\n    ", "").split("|")
)


def names(letter: CheckedLetter) -> Iterator[Finding]:
    # WCAG 2.2, 2.4.4: screen readers list the links of a letter by their text alone.
    told: set[tuple[str, str]] = set()
    for link in letter.links:
        if not letter.seen(link) or link.attributes.get("aria-hidden") == "true":
            continue
        name, address = _name(link), link.attributes.get("href") or ""
        plain = re.sub(r"[^\w\s]+", "", name).strip().casefold()
        if not plain and not any(character.isalnum() for character in name):
            if ("", address) in told:
                continue
            told.add(("", address))
            pictured = link.css_first("img")
            said = f" but the image {named(pictured)}, which has no alt text" if pictured else ""
            yield warning(
                "link-text",
                f"The link to {cut(address, 60) or 'nowhere'} has no words{said}.",
                "Say in words, or in the image's alt text, where it leads.",
                letter.where(link, f'"{address}"'),
            )
        elif plain in _EMPTY and (plain, address) not in told:
            told.add((plain, address))
            yield warning(
                "link-text",
                f"The link “{cut(name, 40)}” does not say where it leads ({cut(address, 60)}).",
                "Name what is there: “Read ‘A calm morning’”.",
                letter.where(link, f">{name}<"),
            )


def _name(link: LexborNode) -> str:
    """The accessible name of a link (W3C accname, as far as letters need it)."""
    if label := link.attributes.get("aria-label"):
        return folded(label)
    pieces = [link.text(separator=" ")]
    pieces += [image.attributes.get("alt") or "" for image in link.css("img")]
    return folded(" ".join(pieces)) or folded(link.attributes.get("title") or "")
