"""The picture of who writes: the file that newsletter.portrait names, and the square that letters show."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from pipeline.core.errors import ConfigError
from pipeline.letter.images import store
from pipeline.letter.images.sandbox import look
from subscribers import clock

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.sections.newsletter import Newsletter

log = logging.getLogger(__name__)

_KEY = "portrait:"
"""Stands for the file among the addresses of the blog's pictures, none of which is like this."""

LARGEST = 1_000_000
"""Bytes: it is shown 64 pixels wide."""

_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
"""How a file begins, by what it is: its name may say anything."""


def portrait_file(newsletter: Newsletter, folder: Path) -> tuple[bytes, str] | None:
    """Its bytes, and what they are; None where no file is named. ``folder`` is that of the configuration.

    Raises ConfigError when it is no picture.
    """
    named = newsletter.portrait
    if not named or named.startswith(("http://", "https://")):
        return None
    try:
        with (folder / named).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        raise ConfigError(
            f"newsletter.portrait: {folder / named} cannot be read.",
            "Put a picture there, or take the key out of the file.",
        ) from None
    media_type = next((kind for start, kind in _KINDS if content.startswith(start)), "")
    if not media_type or len(content) > LARGEST:
        raise ConfigError(
            f"newsletter.portrait: {named} is no JPEG or PNG below {LARGEST // 1_000_000} MB.",
            "Save the picture as one, 128 pixels wide or more.",
        )
    return content, media_type


def refresh_portrait(installation: Installation) -> None:
    """Keep the square of the file as it is now, for letters to show. Call it in no transaction."""
    config = installation.config
    try:
        found = portrait_file(config.newsletter, installation.folder) if _is_served(config) else None
    except ConfigError as error:
        log.warning("%s The letter goes without.", error.message)
        return
    if found is None:
        return
    content, media_type = found
    now = hashlib.sha256(content).hexdigest()
    with installation.database.read() as connection:
        before = store.remembered(connection, [_KEY]).get(_KEY)
    if before is not None and before.etag == now:
        return
    square = look(content, media_type, copying=False, portrait=True).thumbnail
    seen = store.Seen(_KEY, "", etag=now, media_type=media_type, copy=square)
    with installation.database.write() as connection:
        store.keep(connection, seen, clock.now())


def portrait(connection: Connection, config: Config) -> str:
    """The address of the picture as a letter shows it; empty where there is none that mail programs can
    reach."""
    named = config.newsletter.portrait
    if not named or named.startswith(("http://", "https://")):
        return named
    row = store.remembered(connection, [_KEY]).get(_KEY) if _is_served(config) else None
    if row is None or not row.hash:
        return ""
    return f"{config.newsletter.pages}/images/{store.file_name(row.hash, row.copy_media_type)}"


def _is_served(config: Config) -> bool:
    return bool(config.newsletter.public_url) and not config.delivery.hosted_unsubscribe
