"""The letter as it will arrive, for staff to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.delivery.handover import message_of
from pipeline.letter.personal import sample
from pipeline.providers.eml import compose
from subscribers import clock

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Row

    from pipeline.installation import Installation


def write_preview(installation: Installation, edition: Row[Any], folder: Path) -> list[Path]:
    """Write edition.html, .txt and .eml: the bytes that go out, with sample links in the personal fields."""
    newsletter = installation.config.newsletter
    reader = sample(installation.config, edition.digest, newsletter.reply_to or newsletter.from_email)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        "edition.html": reader.fill(edition.html).encode(),
        "edition.txt": reader.fill(edition.text).encode(),
        "edition.eml": compose(message_of(installation.config, edition), reader, clock.now()),
    }
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in parts]
