"""An edition as a message: what the provider is handed, and what staff are shown of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.tables.feeds import feeds, posts
from pipeline.editions import public_names
from pipeline.letter.clicks import direct_html, direct_text
from pipeline.letter.images.beside import write_pictures
from pipeline.letter.personal import HOSTED_TAGS, sample
from pipeline.mail.message import message_from
from pipeline.providers.eml import compose
from subscribers import clock, private

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

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


def uncounted(edition: Edition) -> Edition:
    """The letter as everybody but its readers is shown it: its links lead straight to the offer."""
    html, text = direct_html(edition.html, edition.links), direct_text(edition.text, edition.links)
    return replace(edition, html=html, text=text)


def preview_part(config: Config, edition: Edition, kind: str, list_id: str = "") -> bytes:
    """One of KINDS of an edition: the bytes that go out, with sample links in the personal fields, and with
    links that lead straight to the offer.

    ``list_id`` is the digest's, if it has one already.
    """
    edition = uncounted(edition)
    reader = sample(config, edition.digest, config.newsletter.reply_address, list_id)
    if kind == "eml":
        return compose(message_of(config, edition), reader, clock.now())
    return reader.fill(edition.html if kind == "html" else edition.text).encode()


def write_preview(installation: Installation, edition: Edition, folder: Path) -> list[Path]:
    """Write an edition to look at without any server; the files, those of KINDS first. Raises OSError.

    edition.html shows its pictures from files beside it. edition.eml is the message as it goes out, and names
    them where readers' programs fetch them.
    """
    private.make_folder(folder)
    with installation.database.read() as connection:
        list_id = public_names.list_id(connection, installation.config, edition.digest)
        homes = _homes(connection, edition)
    parts = {kind: preview_part(installation.config, edition, kind, list_id) for kind in KINDS}
    html, pictures = write_pictures(installation, parts["html"].decode(), folder, homes)
    parts["html"] = html.encode()
    files = {folder / f"edition.{kind}": content for kind, content in parts.items()}
    for file, content in files.items():
        with open(file, "wb", opener=private.opener) as out:
            out.write(content)
    return [*files, *pictures]


def _homes(connection: Connection, edition: Edition) -> dict[str, str]:
    """By the address of a picture the feed whose post it belongs to."""
    of = {picture["src"]: picture["post"] for picture in edition.pictures}
    query = (
        select(posts.c.id, feeds.c.url)
        .join(feeds, feeds.c.id == posts.c.feed_id)
        .where(posts.c.id.in_(of.values()))
    )
    homes = {row.id: row.url for row in connection.execute(query)}
    return {address: homes[post] for address, post in of.items() if post in homes}
