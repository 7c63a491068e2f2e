"""Pictures of posts: what is known of them by address, and the copies that are served."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text, false

from subscribers.tables import Moment, metadata

images = Table(
    "images",
    metadata,
    # Copies that are served under their hash. Never deleted: letters show them for years.
    Column("hash", String(64), primary_key=True),
    Column("media_type", String(32), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

image_sources = Table(
    "image_sources",
    metadata,
    # What is known of an image, by the address that the blog names.
    Column("url", Text, primary_key=True),
    # The address that answered: of a smaller copy at the same host, or the same as url.
    Column("address", Text, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    # Null until the image was fetched once and can be shown.
    Column("width", Integer),
    Column("height", Integer),
    Column("weight", Integer),
    Column("media_type", String(32), nullable=False, server_default=""),
    # Why some mail programs would not show it as it is; why it could not be fetched the last time.
    Column("flaw", Text, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    # The copy that was made because of the flaw.
    Column("hash", String(64), ForeignKey("images.hash")),
    # A part of it, of the shape that all thumbnails have: the hash of a copy.
    Column("thumbnail", String(64)),
    # Whether the ground shows through it.
    Column("transparent", Boolean, nullable=False, server_default=false()),
    sqlite_with_rowid=False,
)
