"""Owners and tries of batches, the breaker, pace, what staff were told; on PostgreSQL the fleet's queue."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in ("tripped_at", "judged_from"):
        op.add_column("editions", sa.Column(column, _MOMENT))
    op.add_column("batches", sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("batches", sa.Column("owner", sa.String(length=64)))
    op.add_column("batches", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("batches", sa.Column("next_try", _MOMENT))
    op.execute(
        "UPDATE batches SET size = (SELECT count(*) FROM recipients WHERE "
        "recipients.edition_id = batches.edition_id AND recipients.batch = batches.number)"
    )
    with op.batch_alter_table("batches") as batches:
        batches.alter_column("size", server_default=None)
    op.create_index("ix_batches_state", "batches", ["edition_id", "state", "number"])
    # A snapshot is of one state of the list, where an address is one person's: no second index for it.
    with op.batch_alter_table("recipients") as recipients:
        recipients.drop_constraint("uq_recipients_email", type_="unique")
    apart = sa.text("state IS NOT NULL")
    op.create_index(
        "ix_recipients_apart",
        "recipients",
        ["edition_id", "batch"],
        sqlite_where=apart,
        postgresql_where=apart,
    )
    op.create_index("ix_events_edition", "events", ["edition", "kind"])
    op.create_table(
        "pace",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("free_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pace")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notices",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "about", name=op.f("pk_notices")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _queue()


def _queue() -> None:
    """The tables of the job engine by which workers share an edition, as its own package makes them."""
    from procrastinate.schema import SchemaManager

    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
