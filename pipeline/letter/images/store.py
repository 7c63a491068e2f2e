"""What is remembered of images: by the blog's address what it was, by its hash the copy that is served."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.core.tables.images import image_sources, images
from pipeline.letter.images.sandbox import Copy
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}
_NAME = re.compile(r"([0-9a-f]{64})\.(jpg|png)")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a fetch found out about the image at ``url``. Without a width it cannot be shown."""

    url: str
    address: str
    etag: str | None = None
    last_modified: str | None = None
    width: int | None = None
    height: int | None = None
    weight: int | None = None
    media_type: str = ""
    flaw: str = ""
    problem: str = ""
    copy: Copy | None = None
    thumbnail: Copy | None = None
    transparent: bool = False


def remembered(connection: Connection, urls: Iterable[str]) -> dict[str, Row[Any]]:
    """By address: the row of image_sources, beside it the types and sizes of the copy and of the thumbnail
    (``copy_…``, ``thumbnail_…``)."""
    small = images.alias("small")
    query = (
        select(
            image_sources,
            images.c.media_type.label("copy_media_type"),
            images.c.width.label("copy_width"),
            images.c.height.label("copy_height"),
            images.c.weight.label("copy_weight"),
            small.c.media_type.label("thumbnail_media_type"),
            small.c.width.label("thumbnail_width"),
            small.c.height.label("thumbnail_height"),
        )
        .outerjoin(images, images.c.hash == image_sources.c.hash)
        .outerjoin(small, small.c.hash == image_sources.c.thumbnail)
    )
    wanted = query.where(image_sources.c.url.in_(sorted(set(urls))))
    return {row.url: row for row in connection.execute(wanted)}


def keep(connection: Connection, seen: Seen, at: datetime) -> None:
    """Remember what was found, in place of what was known before."""
    values = {
        "address": seen.address,
        "checked_at": at,
        "etag": seen.etag,
        "last_modified": seen.last_modified,
        "width": seen.width,
        "height": seen.height,
        "weight": seen.weight,
        "media_type": seen.media_type,
        "flaw": seen.flaw,
        "problem": seen.problem,
        "hash": _keep_copy(connection, seen.copy) if seen.copy else None,
        "thumbnail": _keep_copy(connection, seen.thumbnail) if seen.thumbnail else None,
        "transparent": seen.transparent,
    }
    statement = insert(connection, image_sources).values(url=seen.url, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["url"], set_=values))


def still_the_same(connection: Connection, url: str, at: datetime, problem: str = "") -> None:
    """Keep what is known: the image has not changed, or (``problem``) could not be had this time."""
    values = {"checked_at": at, "problem": problem}
    connection.execute(image_sources.update().where(image_sources.c.url == url).values(values))


def _keep_copy(connection: Connection, copy: Copy) -> str:
    name = hashlib.sha256(copy.content).hexdigest()
    statement = insert(connection, images).values(
        hash=name,
        media_type=copy.media_type,
        width=copy.width,
        height=copy.height,
        weight=len(copy.content),
        content=copy.content,
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=["hash"]))
    return name


def file_name(digest: str, media_type: str) -> str:
    """A copy's name under /images/."""
    return f"{digest}.{ENDINGS[media_type]}"


def size_of(connection: Connection, name: str) -> tuple[int, int] | None:
    """Width and height of the copy that is served under a name; None for every other name."""
    match = _NAME.fullmatch(name)
    if not match:
        return None
    row = connection.execute(_SIZE.where(images.c.hash == match[1])).one_or_none()
    return None if row is None else (row.width, row.height)


_SIZE = select(images.c.width, images.c.height)


def served(connection: Connection, name: str) -> Copy | None:
    """The copy that is served under a name under /images/; None for every other name."""
    match = _NAME.fullmatch(name)
    if not match:
        return None
    row = connection.execute(select(images).where(images.c.hash == match[1])).one_or_none()
    if row is None or ENDINGS.get(row.media_type) != match[2]:
        return None
    return Copy(row.media_type, row.width, row.height, row.content)
