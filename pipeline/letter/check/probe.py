"""Whether a letter's links and images answer: a dead link in a letter stays dead in every inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, warning
from pipeline.letter.ask import Answer, Place, ask, places
from pipeline.letter.check.images import HEAVY, named, source, too_heavy
from pipeline.letter.check.reading import CheckedLetter, cut
from pipeline.letter.personal import TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode


def answers(letter: CheckedLetter) -> Iterator[Finding]:
    links, images = _asked(letter)
    found = ask((*links, *images), _trusted(letter))
    for address, link in links.items():
        if trouble := found.get(address, Answer()).trouble:
            yield warning(
                "link-dead",
                f"The link {cut(address, 80)} {trouble}.",
                "Open it in a browser; correct it in the post (then `rapport pull`), or in the template.",
                letter.where(link, f'"{address}"'),
            )
    for address, image in images.items():
        yield from _image(letter, image, found.get(address, Answer()))


def _image(letter: CheckedLetter, image: LexborNode, answer: Answer) -> Iterator[Finding]:
    place = letter.where(image, source(image))
    trouble = answer.trouble
    if not trouble and answer.media_type and not answer.media_type.startswith("image/"):
        trouble = f"is not an image but {cut(answer.media_type, 40)}"
    if trouble:
        remedy = "Open it in a browser; put another picture into the post."
        yield warning("image-dead", f"The image {cut(source(image), 80)} {trouble}.", remedy, place)
    weighed = any(p.get("src") == source(image) and p.get("weight") for p in letter.pictures)
    if not trouble and not weighed and answer.weight is not None and answer.weight > HEAVY:
        yield too_heavy(named(image), answer.weight, place)


def _asked(letter: CheckedLetter) -> tuple[dict[str, LexborNode], dict[str, LexborNode]]:
    """The addresses to ask, each with the first element that has it."""
    links: dict[str, LexborNode] = {}
    images: dict[str, LexborNode] = {}
    for link in letter.links:
        links.setdefault((link.attributes.get("href") or "").strip(), link)
    for image in letter.images:
        images.setdefault(source(image), image)
    return _askable(letter, links), _askable(letter, images)


def _askable(letter: CheckedLetter, found: dict[str, LexborNode]) -> dict[str, LexborNode]:
    newsletter = letter.config.newsletter
    # The archive has no page of an edition that has not gone out, and the copies of images are surely there:
    # whether public_url leads to them is asked before an edition is sent. Without it nothing is served yet.
    pages: tuple[str, ...] = (newsletter.pages,)
    if newsletter.public_url:
        pages = (f"{newsletter.pages}/archive/{letter.edition.slug}", f"{newsletter.pages}/images/")
    return {
        address: node
        for address, node in found.items()
        if address.lower().startswith(("http://", "https://"))
        and not TAG.search(address)
        and not address.startswith(pages)
    }


def _trusted(letter: CheckedLetter) -> set[Place]:
    """Hosts and ports that the operator named; they may stand in a private network."""
    config = letter.config
    named = [feed.url for feed in config.feeds]
    named += [config.newsletter.public_url, *letter.offers]
    named += [value for value in config.theme.model_dump().values() if isinstance(value, str)]
    return places(named)
