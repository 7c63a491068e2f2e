"""What each edition said before staff changed it, so that they can take a change back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "edit_steps",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("edition_id", _ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("posts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_edit_steps_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit_steps")),
    )
    op.create_index(op.f("ix_edit_steps_edition_id"), "edit_steps", ["edition_id"])
