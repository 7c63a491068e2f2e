"""The tables of who may sign in. Of links and sessions only a hash is kept: whoever reads the database cannot
use them. Neither they nor the tries travel in backups (`NOT_COPIED`)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from subscribers.tables import Id, Moment, metadata

accounts = Table(
    "staff_accounts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    # Normalised, as a subscriber's.
    Column("email", String(320), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("invited_at", Moment, nullable=False),
    # When the invitation was accepted; until then nobody can sign in.
    Column("joined_at", Moment),
    Column("signed_in_at", Moment),
    # Argon2id, with its salt and parameters.
    Column("password", Text),
    sqlite_autoincrement=True,  # the log names accounts by id
)

links = Table(
    "staff_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", Id, ForeignKey("staff_accounts.id"), nullable=False, index=True),
    Column("purpose", String(16), nullable=False),
    # The hash of the cookie of the browser that asked; an invitation has none.
    Column("browser", String(64)),
    Column("until", Moment, nullable=False),
    # The page to go on to.
    Column("onward", Text, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "staff_sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account_id", Id, ForeignKey("staff_accounts.id"), nullable=False, index=True),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

passkeys = Table(
    "staff_passkeys",
    metadata,
    # The credential's id and public key, in base64url.
    Column("id", Text, primary_key=True),
    Column("account_id", Id, ForeignKey("staff_accounts.id"), nullable=False, index=True),
    Column("public_key", Text, nullable=False),
    Column("sign_count", Id, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("used_at", Moment),
    sqlite_with_rowid=False,
)

challenges = Table(
    "staff_challenges",
    metadata,
    # What a passkey is to sign, for a few minutes; for the bearer of one cookie, of which this is the hash.
    Column("hash", String(64), primary_key=True),
    Column("bearer", String(64), nullable=False),
    Column("until", Moment, nullable=False),
    sqlite_with_rowid=False,
)

attempts = Table(
    "staff_attempts",
    metadata,
    # A try to sign in, for an hour. Account and network are keyed hashes, also of who has no account.
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("account", String(64), nullable=False),
    Column("network", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_staff_attempts_kind", "kind", "at"),
)

NOT_COPIED = (links, sessions, challenges, attempts)
"""What stays behind in a backup and a move: whoever was signed in there signs in anew."""
