"""Sign-ups and their mails, the forgotten, what providers report, who took the list out."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEVER_CHANGED = "subscriber_id, at, action, digest, wording, source"


def upgrade() -> None:
    with op.batch_alter_table("suppressions") as suppressions:
        suppressions.drop_constraint("pk_suppressions", type_="primary")
        suppressions.create_primary_key("pk_suppressions", ["email", "reason"])
    op.create_table(
        "forgotten",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", "reason", name=op.f("pk_forgotten")),
        sqlite_with_rowid=False,
    )
    keys = op.create_table(
        "keys",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(keys, [{"name": "forgotten", "value": secrets.token_hex(32)}])
    op.create_table(
        "confirmations",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("subscriber_id", _ID, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("network_address", sa.String(length=64), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_confirmations_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_confirmations_subscriber_id"), "confirmations", ["subscriber_id"])
    op.create_index("ix_confirmations_state", "confirmations", ["state", "next_try"])
    op.create_table(
        "asked",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("mailbox", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked")),
    )
    op.create_index(op.f("ix_asked_at"), "asked", ["at"])
    op.create_index("ix_asked_mailbox", "asked", ["mailbox", "at"])
    op.create_table(
        "merged",
        sa.Column("old_id", _ID, autoincrement=False, nullable=False),
        sa.Column("new_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["new_id"], ["subscribers.id"], name=op.f("fk_merged_new_id")),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_merged")),
    )
    op.create_index(op.f("ix_merged_new_id"), "merged", ["new_id"])
    op.create_table(
        "exports",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subscriber_id", _ID, nullable=True),
        sa.Column("edition", sa.String(length=80), nullable=True),
        sa.Column("batch", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_subscriber_id"), "events", ["subscriber_id"])
    op.create_index(op.f("ix_events_batch"), "events", ["batch"])
    kept = sa.text("network_address IS NOT NULL")
    op.create_index("ix_consents_network", "consents", ["at"], sqlite_where=kept, postgresql_where=kept)
    _protect_consents()


def _protect_consents() -> None:
    """A record of consent can be added and not changed, whatever program tries to.

    Its network address may be blanked, when it was kept long enough.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER consents_are_final BEFORE UPDATE OF id, {_NEVER_CHANGED} ON consents "
            "BEGIN SELECT RAISE(ABORT, 'a record of consent is never changed'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a record of consent is never changed'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER consents_are_final BEFORE UPDATE OF id, {_NEVER_CHANGED} ON consents "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
