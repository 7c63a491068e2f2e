"""Who of staff decided what; and the last decision about an edition, which ends the links from before it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SAID = "the log of staff is never changed"


def upgrade() -> None:
    op.create_table(
        "staff_log",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_log")),
    )
    op.add_column("editions", sa.Column("decision", sa.String(length=16)))
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER staff_log_refuses_{verb.lower()} BEFORE {verb} ON staff_log "
                f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER staff_log_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change()"
    )
