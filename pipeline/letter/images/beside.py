"""A letter's pictures as files beside it, so that it looks right from the file system, without any server."""

from __future__ import annotations

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from pipeline.core.errors import ImageError
from pipeline.feeds.fetching.address import shown
from pipeline.letter.images import addresses, store
from pipeline.letter.images.fetch import fetch_bytes
from pipeline.letter.images.sandbox import look
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.core.app import Installation

FOLDER = "edition-pictures"
SIDE_BY_SIDE = 6
TOTAL_SECONDS = 30.0
"""For all pictures of a letter."""

log = logging.getLogger(__name__)

_OURS = re.compile(r"\d\d-[a-z0-9-]*\.(?:jpg|png|gif|webp|avif|bmp)")
_BEGINNINGS = {
    "jpg": rb"\xff\xd8\xff",
    "png": rb"\x89PNG\r\n",
    "gif": rb"GIF8",
    "webp": rb"RIFF....WEBP",
    "avif": rb"....ftypavi[fs]",
    "bmp": rb"BM",
}


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: bytes


def write_pictures(
    installation: Installation, html: str, folder: Path, homes: Mapping[str, str]
) -> tuple[str, list[Path]]:
    """Write the pictures of a letter into a folder of their own in ``folder``; the HTML that shows them from
    there, and the files.

    ``homes`` has the feed that names a picture, by the picture's address; the others are the operator's own.
    One that cannot be had is warned of, and stays where it is. Raises OSError.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    named = addresses.found(html)
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        had = list(pool.map(lambda address: _picture(installation, address, homes, deadline), named))
    beside = folder / FOLDER
    if beside.is_dir():
        for old in beside.iterdir():  # of the letter that was here before
            if _OURS.fullmatch(old.name):
                old.unlink()
    numbered = zip(named, had, strict=True)
    files = {
        address: _File(f"{number:02}-{picture.name}", picture.content)
        for number, (address, picture) in enumerate(numbered, 1)
        if picture is not None
    }
    if files:
        private.make_folder(beside)
    for file in files.values():
        with open(beside / file.name, "wb", opener=private.opener) as out:
            out.write(file.content)
    places = {address: f"{FOLDER}/{file.name}" for address, file in files.items()}
    return addresses.replaced(html, places.get), [beside / file.name for file in files.values()]


def own_picture(address: str, pages: str) -> str:
    """The name under which `rapport serve` serves a picture, by its address; empty for one elsewhere."""
    start = f"{pages}/images/"
    return address.removeprefix(start) if address.startswith(start) else ""


def _picture(
    installation: Installation, address: str, homes: Mapping[str, str], deadline: float
) -> _File | None:
    try:
        content, ending = _content(installation, address, homes, deadline)
    except ImageError as error:
        log.warning("%s The file shows it from there, if at all. %s", error.message, error.remedy)
        return None
    name = unquote(PurePosixPath(urlsplit(address).path).stem).lower()
    if own_picture(address, installation.config.newsletter.pages):
        name = "picture"  # its name is a hash
    return _File(f"{re.sub('[^a-z0-9]+', '-', name).strip('-')[:40]}.{ending}", content)


def _content(
    installation: Installation, address: str, homes: Mapping[str, str], deadline: float
) -> tuple[bytes, str]:
    """The bytes of a picture, and how the name of its file ends. Raises ImageError."""
    if name := own_picture(address, installation.config.newsletter.pages):
        with installation.database.read() as connection:
            copy = store.served(connection, name)
        if copy is not None:
            return copy.content, store.ENDINGS[copy.media_type]
    url = urljoin("https:", address)
    fetched = fetch_bytes(url, homes.get(address, url), deadline)
    content = fetched.body or b""
    for ending, beginning in _BEGINNINGS.items():
        if re.match(beginning, content, re.DOTALL):
            return content, ending
    # A drawing may hold a script, which runs when its file is opened.
    found = look(content, fetched.content_type, copying=True)
    if found.copy is None:
        raise ImageError(f"The image {shown(url)} {found.problem or 'is none that browsers show'}.")
    return found.copy.content, store.ENDINGS[found.copy.media_type]
