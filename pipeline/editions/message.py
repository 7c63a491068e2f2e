"""An edition as a message: what the provider is handed, and what staff are shown of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.editions import public_names
from pipeline.letter.personal import HOSTED_TAGS, sample
from pipeline.mail.message import message_from
from pipeline.providers.eml import compose
from subscribers import clock, private

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.editions.edition import Edition
    from pipeline.providers import Message


KINDS = ("html", "txt", "eml")


def message_of(config: Config, edition: Edition) -> Message:
    """An edition as the provider is handed it: the bytes that were approved."""
    return message_from(
        config.newsletter,
        edition=edition.slug,
        digest=edition.digest,
        subject=edition.subject,
        html=edition.html,
        text=edition.text,
        hosted_tag=HOSTED_TAGS.unsubscribe if config.delivery.hosted_unsubscribe else "",
    )


def preview_part(config: Config, edition: Edition, kind: str, list_id: str = "") -> bytes:
    """One of KINDS of an edition: the bytes that go out, with sample links in the personal fields.

    ``list_id`` is the digest's, if it has one already.
    """
    reader = sample(config, edition.digest, config.newsletter.reply_address, list_id)
    if kind == "eml":
        return compose(message_of(config, edition), reader, clock.now())
    return reader.fill(edition.html if kind == "html" else edition.text).encode()


def write_preview(installation: Installation, edition: Edition, folder: Path) -> list[Path]:
    """Write the parts as edition.html, .txt and .eml."""
    private.make_folder(folder)
    files = [folder / f"edition.{kind}" for kind in KINDS]
    with installation.database.read() as connection:
        list_id = public_names.list_id(connection, installation.config, edition.digest)
    for kind, file in zip(KINDS, files, strict=True):
        with open(file, "wb", opener=private.opener) as out:
            out.write(preview_part(installation.config, edition, kind, list_id))
    return files
