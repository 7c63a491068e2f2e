"""Images: with alt text, light enough, and in a format that clients show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.core.finding import Finding, warning
from pipeline.core.words import sentence
from pipeline.letter.check.clients import lacking
from pipeline.letter.check.reading import CheckedLetter, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

HEAVY = 300_000
"""Bytes. Six images of this size are 1.8 MB: more than ten seconds on a slow connection."""

_FORMATS = {
    "webp": "image-webp",
    "avif": "image-avif",
    "svg": "image-svg",
    "heic": "image-heif",
    "heif": "image-heif",
    "tif": "image-tiff",
    "tiff": "image-tiff",
    "ico": "image-ico",
    "mp4": "image-mp4",
    "apng": "image-apng",
}
_FILE_NAME = re.compile(r"(?i)[\w %().-]+\.(?:jpe?g|png|gif|webp|avif|svg|heic)|(?:IMG|DSC|PXL)[_-]?\d+")


def alternative(letter: CheckedLetter) -> Iterator[Finding]:
    # WCAG 2.2, 1.1.1; and many inboxes show no image before the reader asks for it.
    for image in letter.images:
        alt = image.attributes.get("alt")
        if image.attributes.get("role") in ("presentation", "none"):
            continue
        if "alt" not in image.attributes:
            said = f"The image {named(image)} has no alt text."
        elif _FILE_NAME.fullmatch((alt or "").strip()):
            said = f"The image {named(image)} has a file's name for alt text: {cut(alt or '', 40)}."
        else:
            continue
        yield warning(
            "alt",
            said,
            'Say in the post what the picture shows; write alt="" for one that only decorates.',
            letter.where(image, source(image)),
        )


def weight(letter: CheckedLetter) -> Iterator[Finding]:
    # Readers on a phone pay for the bytes, and a letter whose pictures come late is read without them.
    for picture in letter.pictures:
        size = picture.get("weight")
        if isinstance(size, int | float) and size > HEAVY:
            yield too_heavy(_named(picture), size, picture_place(letter, picture))


def too_heavy(name: str, size: float, where: str) -> Finding:
    return warning(
        "image-weight",
        f"The image {name} weighs {size / 1000:,.0f} KB; {HEAVY // 1000} KB is plenty at 1200 px.",
        'Set images = "host" under [theme] in rapport.toml, or put a smaller picture into the post.',
        where,
    )


def kind(letter: CheckedLetter) -> Iterator[Finding]:
    # Outlook for Windows shows a cross for WebP, AVIF and HEIF; Gmail shows no SVG and no data:
    # (caniemail.com).
    told: set[str] = set()
    for picture in letter.pictures:
        media = str(picture.get("media_type") or "").lower()
        feature = _FORMATS.get(media.removeprefix("image/").partition("+")[0])
        if feature:
            told.add(str(picture.get("src")))
            yield from _unshown(feature, _named(picture), picture_place(letter, picture))
    for image in letter.images:
        address = source(image)
        known = {str(p.get("src")) for p in letter.pictures if p.get("media_type")}
        if address not in told | known and (feature := _feature(address)):
            told.add(address)
            yield from _unshown(feature, named(image), letter.where(image, address))


def _unshown(feature: str, name: str, where: str) -> Iterator[Finding]:
    found = lacking(feature)
    if found:
        yield warning(
            "image-format",
            f"The image {name} does not show in {found.clients}: {found.title}.",
            'Set images = "host" under [theme] in rapport.toml, or use a JPEG or PNG.',
            where,
        )


def _feature(address: str) -> str | None:
    if address[:5].lower() == "data:":
        return "image-base64"
    try:
        path = urlsplit(address).path
    except ValueError:
        return None
    return _FORMATS.get(path.rpartition(".")[2].lower())


def unfetched(letter: CheckedLetter) -> Iterator[Finding]:
    # What went wrong when the picture was fetched. Format and weight have their own rules.
    for picture in letter.pictures:
        media = str(picture.get("media_type") or "").lower().removeprefix("image/").partition("+")[0]
        size = picture.get("weight")
        heavy = isinstance(size, int | float) and size > HEAVY
        if (problem := picture.get("problem")) and media not in _FORMATS and not heavy:
            yield warning(
                "image",
                sentence(cut(str(problem), 300)),
                "Put another picture into the post; until then readers see none, or see it badly.",
                picture_place(letter, picture),
            )


def picture_place(letter: CheckedLetter, picture: dict[str, Any]) -> str:
    """The post that a picture belongs to: found by its id, else by where the letter shows it."""
    post = picture.get("post")
    for known in letter.posts:
        if post is not None and post == known.get("id"):
            return f"post: {known.get('title')}"
    for image in letter.images:
        if source(image) and source(image) == picture.get("src"):
            return letter.where(image)
    return "posts"


def source(image: LexborNode) -> str:
    return (image.attributes.get("src") or "").strip()


def named(image: LexborNode) -> str:
    """An image as a message names it: by the name of its file."""
    return _file(source(image)) or "without an address"


def _named(picture: dict[str, Any]) -> str:
    return _file(str(picture.get("src") or "")) or cut(str(picture.get("alt") or "of the post"), 40)


def _file(address: str) -> str:
    if address[:5].lower() == "data:":
        return cut(address, 24)
    return cut(address.partition("?")[0].rstrip("/").rpartition("/")[2], 50)
