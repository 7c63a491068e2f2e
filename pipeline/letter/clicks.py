"""The links of the offer whose clicks are counted: they lead through /go/EDITION/LINK.

Such a link is the same for every reader and names nobody. It stands only in what readers get. Whatever else
shows a letter (previews, test copies, drafts for staff, the archive, the checks) shows where the offer really
leads, so that nobody but readers is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from pipeline.core.fields import address_in_ascii

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.core.config import Config
    from pipeline.letter.cta import CTA

    Links = Sequence[Mapping[str, Any]]
    """CountedLinks as the column `editions.links` keeps them."""

OFFER, END = "offer", "end"
"""The names of the links: the offer, and the line at the end that says it once more."""


@dataclass(frozen=True, slots=True)
class CountedLink:
    """``name`` is the last part of its ``address``; ``target`` is where the offer leads."""

    name: str
    address: str
    target: str


def through(config: Config, slug: str, offer: CTA) -> tuple[CTA, tuple[CountedLink, ...]]:
    """The offer of the edition ``slug`` with links that are counted, and these; as it is where none are."""
    if not config.match.count_clicks or not can_be_counted(config, offer.url):
        return offer, ()
    at = f"{_go(config)}{slug}"
    links = tuple(CountedLink(name, f"{at}/{name}", offer.url) for name in (OFFER, END))
    by_name = {link.name: link.address for link in links}
    return replace(offer, url=by_name[OFFER], url_at_end=by_name[END]), links


def can_be_counted(config: Config, target: str) -> bool:
    """Whether a redirect can lead there: not to a mail that is to be written, and never back to itself."""
    if not target.startswith(("http://", "https://")) or target.startswith(_go(config)):
        return False
    try:
        address_in_ascii(target)
    except ValueError:
        return False
    return True


def direct_html(letter: str, links: Links) -> str:
    """The HTML part with the offer's own address in place of links that are counted."""
    for link in links:
        for written in _spellings(link["address"]):
            letter = letter.replace(written, _in_html(link["target"]))
    return letter


def direct_text(letter: str, links: Links) -> str:
    """The same of the text part."""
    for link in links:
        letter = letter.replace(link["address"], link["target"])
    return letter


def _go(config: Config) -> str:
    return f"{config.newsletter.pages}/go/"


def _spellings(address: str) -> Iterator[str]:
    yield address
    if (escaped := _in_html(address)) != address:
        yield escaped


def _in_html(value: str) -> str:
    """As letters hold it: Jinja escapes it, and all of a letter is ASCII."""
    return escape(value).encode("ascii", "xmlcharrefreplace").decode()
