"""Who may sign in to look after the letter: accounts, links by mail, passkeys, sessions, tries."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "staff_accounts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("invited_at", _MOMENT, nullable=False),
        sa.Column("joined_at", _MOMENT),
        sa.Column("signed_in_at", _MOMENT),
        sa.Column("password", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_accounts_email")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff_links",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("browser", sa.String(length=64)),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("onward", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_accounts.id"], name=op.f("fk_staff_links_account_id")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_staff_links")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_staff_links_account_id"), "staff_links", ["account_id"])
    op.create_table(
        "staff_sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_accounts.id"], name=op.f("fk_staff_sessions_account_id")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_staff_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_staff_sessions_account_id"), "staff_sessions", ["account_id"])
    op.create_table(
        "staff_passkeys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", _ID, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_accounts.id"], name=op.f("fk_staff_passkeys_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_passkeys")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_staff_passkeys_account_id"), "staff_passkeys", ["account_id"])
    op.create_table(
        "staff_challenges",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("bearer", sa.String(length=64), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_staff_challenges")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff_attempts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_attempts")),
    )
    op.create_index("ix_staff_attempts_kind", "staff_attempts", ["kind", "at"])
