"""Indexes by which staff find people: by the beginning of an address, of a name, or of what follows a first
name. Read by subscribers/searching.py, which must spell them in the same way."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_AFTER_FIRST = {"sqlite": "instr", "postgresql": "strpos"}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    # PostgreSQL compares by the rules of a language otherwise, in which nothing has a beginning.
    bytewise = ' COLLATE "C"' if dialect == "postgresql" else ""
    rest = f"lower(substr(name, {_AFTER_FIRST[dialect]}(name, ' ') + 1)){bytewise}"
    if bytewise:  # SQLite has the index of the unique column
        op.execute(f"CREATE INDEX ix_subscribers_search_email ON subscribers (email{bytewise})")
    named = "WHERE name <> ''"
    op.execute(f"CREATE INDEX ix_subscribers_search_name ON subscribers (lower(name){bytewise}) {named}")
    op.execute(f"CREATE INDEX ix_subscribers_search_rest ON subscribers ({rest}) {named}")
